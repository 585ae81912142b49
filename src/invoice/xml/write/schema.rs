//! Which elements may stand in an element of UBL 2.1 and of CII D16B, and in which order: what their schemas
//! demand, as far as the rows of the model and the fixed parts of an invoice need it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::invoice::xml::XmlFormat;

/// Elements with the same content, and what may stand in them, in order. `*` is an element that may repeat, and
/// `!` one that has to be there.
type Rows = &'static [(&'static str, &'static str)];

/// UBL 2.1. Invoice and credit note differ in their first element and in their lines.
const UBL: Rows = &[
    (
        "ubl:Invoice",
        "cbc:CustomizationID cbc:ProfileID cbc:ID! cbc:IssueDate! cbc:DueDate cbc:InvoiceTypeCode cbc:Note* \
         cbc:TaxPointDate cbc:DocumentCurrencyCode cbc:TaxCurrencyCode cbc:AccountingCost cbc:BuyerReference \
         cac:InvoicePeriod cac:OrderReference cac:BillingReference* cac:DespatchDocumentReference \
         cac:ReceiptDocumentReference cac:OriginatorDocumentReference cac:ContractDocumentReference \
         cac:AdditionalDocumentReference* cac:ProjectReference cac:AccountingSupplierParty! \
         cac:AccountingCustomerParty! cac:PayeeParty cac:TaxRepresentativeParty cac:Delivery cac:PaymentMeans* \
         cac:PaymentTerms cac:PrepaidPayment* cac:AllowanceCharge* cac:TaxTotal* cac:LegalMonetaryTotal! \
         cac:InvoiceLine*",
    ),
    (
        "ubl:CreditNote",
        "cbc:CustomizationID cbc:ProfileID cbc:ID! cbc:IssueDate! cbc:TaxPointDate cbc:CreditNoteTypeCode \
         cbc:Note* cbc:DocumentCurrencyCode cbc:TaxCurrencyCode cbc:AccountingCost cbc:BuyerReference \
         cac:InvoicePeriod cac:OrderReference cac:BillingReference* cac:DespatchDocumentReference \
         cac:ReceiptDocumentReference cac:ContractDocumentReference cac:AdditionalDocumentReference* \
         cac:OriginatorDocumentReference cac:AccountingSupplierParty! cac:AccountingCustomerParty! \
         cac:PayeeParty cac:TaxRepresentativeParty cac:Delivery cac:PaymentMeans* cac:PaymentTerms \
         cac:AllowanceCharge* cac:TaxTotal* cac:LegalMonetaryTotal! cac:CreditNoteLine*",
    ),
    ("cac:InvoicePeriod", "cbc:StartDate cbc:EndDate cbc:DescriptionCode"),
    ("cac:OrderReference", "cbc:ID! cbc:SalesOrderID"),
    ("cac:BillingReference", "cac:InvoiceDocumentReference"),
    (
        "cac:DespatchDocumentReference cac:ReceiptDocumentReference cac:OriginatorDocumentReference \
         cac:ContractDocumentReference cac:AdditionalDocumentReference cac:DocumentReference \
         cac:InvoiceDocumentReference",
        "cbc:ID! cbc:IssueDate cbc:DocumentTypeCode cbc:DocumentDescription cac:Attachment",
    ),
    ("cac:ProjectReference", "cbc:ID!"),
    ("cac:Attachment", "cbc:EmbeddedDocumentBinaryObject cac:ExternalReference"),
    ("cac:ExternalReference", "cbc:URI"),
    ("cac:AccountingSupplierParty cac:AccountingCustomerParty", "cac:Party"),
    (
        "cac:PayeeParty cac:TaxRepresentativeParty cac:Party cac:DeliveryParty",
        "cbc:EndpointID cac:PartyIdentification* cac:PartyName cac:PostalAddress cac:PartyTaxScheme* \
         cac:PartyLegalEntity cac:Contact",
    ),
    (
        "cac:PartyIdentification cac:BuyersItemIdentification cac:SellersItemIdentification \
         cac:StandardItemIdentification",
        "cbc:ID!",
    ),
    ("cac:PartyName", "cbc:Name!"),
    (
        "cac:PostalAddress cac:Address",
        "cbc:StreetName cbc:AdditionalStreetName cbc:CityName cbc:PostalZone cbc:CountrySubentity \
         cac:AddressLine cac:Country",
    ),
    ("cac:AddressLine", "cbc:Line!"),
    ("cac:Country cac:OriginCountry", "cbc:IdentificationCode"),
    ("cac:PartyTaxScheme", "cbc:CompanyID cac:TaxScheme!"),
    ("cac:TaxScheme", "cbc:ID"),
    ("cac:PartyLegalEntity", "cbc:RegistrationName cbc:CompanyID cbc:CompanyLegalForm"),
    ("cac:Contact", "cbc:Name cbc:Telephone cbc:ElectronicMail"),
    ("cac:Delivery", "cbc:ActualDeliveryDate cac:DeliveryLocation cac:DeliveryParty"),
    ("cac:DeliveryLocation", "cbc:ID cac:Address"),
    (
        "cac:PaymentMeans",
        "cbc:PaymentMeansCode! cbc:PaymentDueDate cbc:PaymentID cac:CardAccount cac:PayeeFinancialAccount \
         cac:PaymentMandate",
    ),
    ("cac:CardAccount", "cbc:PrimaryAccountNumberID! cbc:NetworkID! cbc:HolderName"),
    (
        "cac:PayerFinancialAccount cac:PayeeFinancialAccount",
        "cbc:ID cbc:Name cac:FinancialInstitutionBranch",
    ),
    ("cac:FinancialInstitutionBranch", "cbc:ID"),
    ("cac:PaymentMandate", "cbc:ID cac:PayerFinancialAccount"),
    ("cac:PaymentTerms", "cbc:Note"),
    ("cac:PrepaidPayment", "cbc:ID cbc:PaidAmount cbc:InstructionID"),
    (
        "cac:AllowanceCharge",
        "cbc:ChargeIndicator! cbc:AllowanceChargeReasonCode cbc:AllowanceChargeReason \
         cbc:MultiplierFactorNumeric cbc:Amount! cbc:BaseAmount cac:TaxCategory",
    ),
    (
        "cac:TaxCategory cac:ClassifiedTaxCategory",
        "cbc:ID cbc:Percent cbc:TaxExemptionReasonCode cbc:TaxExemptionReason cac:TaxScheme!",
    ),
    ("cac:TaxTotal", "cbc:TaxAmount! cac:TaxSubtotal*"),
    ("cac:TaxSubtotal", "cbc:TaxableAmount cbc:TaxAmount! cac:TaxCategory!"),
    (
        "cac:LegalMonetaryTotal",
        "cbc:LineExtensionAmount cbc:TaxExclusiveAmount cbc:TaxInclusiveAmount cbc:AllowanceTotalAmount \
         cbc:ChargeTotalAmount cbc:PrepaidAmount cbc:PayableRoundingAmount cbc:PayableAmount!",
    ),
    (
        "cac:InvoiceLine cac:SubInvoiceLine",
        "cbc:ID! cbc:Note cbc:InvoicedQuantity cbc:LineExtensionAmount! cbc:AccountingCost cac:InvoicePeriod \
         cac:OrderLineReference cac:DocumentReference cac:AllowanceCharge* cac:Item! cac:Price \
         cac:SubInvoiceLine*",
    ),
    (
        "cac:CreditNoteLine cac:SubCreditNoteLine",
        "cbc:ID! cbc:Note cbc:CreditedQuantity cbc:LineExtensionAmount cbc:AccountingCost cac:InvoicePeriod \
         cac:OrderLineReference cac:DocumentReference cac:AllowanceCharge* cac:Item cac:Price \
         cac:SubCreditNoteLine*",
    ),
    ("cac:OrderLineReference", "cbc:LineID!"),
    (
        "cac:Item",
        "cbc:Description cbc:Name cac:BuyersItemIdentification cac:SellersItemIdentification \
         cac:StandardItemIdentification cac:OriginCountry cac:CommodityClassification* \
         cac:ClassifiedTaxCategory cac:AdditionalItemProperty*",
    ),
    ("cac:CommodityClassification", "cbc:ItemClassificationCode"),
    ("cac:AdditionalItemProperty", "cbc:Name! cbc:Value"),
    ("cac:Price", "cbc:PriceAmount! cbc:BaseQuantity cac:AllowanceCharge"),
];

/// CII D16B.
const CII: Rows = &[
    (
        "rsm:CrossIndustryInvoice",
        "rsm:ExchangedDocumentContext! rsm:ExchangedDocument! rsm:SupplyChainTradeTransaction!",
    ),
    (
        "rsm:ExchangedDocumentContext",
        "ram:BusinessProcessSpecifiedDocumentContextParameter ram:GuidelineSpecifiedDocumentContextParameter",
    ),
    (
        "ram:BusinessProcessSpecifiedDocumentContextParameter ram:GuidelineSpecifiedDocumentContextParameter",
        "ram:ID",
    ),
    ("rsm:ExchangedDocument", "ram:ID! ram:TypeCode ram:IssueDateTime! ram:IncludedNote*"),
    ("ram:IncludedNote", "ram:Content ram:SubjectCode"),
    (
        "rsm:SupplyChainTradeTransaction",
        "ram:IncludedSupplyChainTradeLineItem* ram:ApplicableHeaderTradeAgreement! \
         ram:ApplicableHeaderTradeDelivery! ram:ApplicableHeaderTradeSettlement!",
    ),
    (
        "ram:IncludedSupplyChainTradeLineItem",
        "ram:AssociatedDocumentLineDocument! ram:SpecifiedTradeProduct ram:SpecifiedLineTradeAgreement \
         ram:SpecifiedLineTradeDelivery ram:SpecifiedLineTradeSettlement!",
    ),
    (
        "ram:AssociatedDocumentLineDocument",
        "ram:LineID ram:ParentLineID ram:LineStatusReasonCode ram:IncludedNote",
    ),
    (
        "ram:SpecifiedTradeProduct",
        "ram:GlobalID ram:SellerAssignedID ram:BuyerAssignedID ram:Name ram:Description \
         ram:ApplicableProductCharacteristic* ram:DesignatedProductClassification* ram:OriginTradeCountry",
    ),
    ("ram:ApplicableProductCharacteristic", "ram:Description ram:Value"),
    ("ram:DesignatedProductClassification", "ram:ClassCode"),
    ("ram:OriginTradeCountry", "ram:ID"),
    (
        "ram:SpecifiedLineTradeAgreement",
        "ram:BuyerOrderReferencedDocument ram:GrossPriceProductTradePrice ram:NetPriceProductTradePrice",
    ),
    (
        "ram:GrossPriceProductTradePrice ram:NetPriceProductTradePrice",
        "ram:ChargeAmount! ram:BasisQuantity ram:AppliedTradeAllowanceCharge",
    ),
    ("ram:SpecifiedLineTradeDelivery", "ram:BilledQuantity"),
    (
        "ram:SpecifiedLineTradeSettlement",
        "ram:ApplicableTradeTax ram:BillingSpecifiedPeriod ram:SpecifiedTradeAllowanceCharge* \
         ram:SpecifiedTradeSettlementLineMonetarySummation ram:AdditionalReferencedDocument \
         ram:ReceivableSpecifiedTradeAccountingAccount",
    ),
    ("ram:SpecifiedTradeSettlementLineMonetarySummation", "ram:LineTotalAmount"),
    (
        "ram:ApplicableHeaderTradeAgreement",
        "ram:BuyerReference ram:SellerTradeParty ram:BuyerTradeParty ram:SellerTaxRepresentativeTradeParty \
         ram:SellerOrderReferencedDocument ram:BuyerOrderReferencedDocument ram:ContractReferencedDocument \
         ram:AdditionalReferencedDocument* ram:SpecifiedProcuringProject",
    ),
    (
        "ram:SellerTradeParty ram:BuyerTradeParty ram:SellerTaxRepresentativeTradeParty ram:ShipToTradeParty \
         ram:PayeeTradeParty",
        "ram:ID* ram:GlobalID* ram:Name ram:Description ram:SpecifiedLegalOrganization \
         ram:DefinedTradeContact ram:PostalTradeAddress ram:URIUniversalCommunication \
         ram:SpecifiedTaxRegistration*",
    ),
    ("ram:SpecifiedLegalOrganization", "ram:ID ram:TradingBusinessName"),
    (
        "ram:DefinedTradeContact",
        "ram:PersonName ram:DepartmentName ram:TelephoneUniversalCommunication \
         ram:EmailURIUniversalCommunication",
    ),
    (
        "ram:URIUniversalCommunication ram:TelephoneUniversalCommunication ram:EmailURIUniversalCommunication",
        "ram:URIID ram:CompleteNumber",
    ),
    (
        "ram:PostalTradeAddress",
        "ram:PostcodeCode ram:LineOne ram:LineTwo ram:LineThree ram:CityName ram:CountryID \
         ram:CountrySubDivisionName",
    ),
    ("ram:SpecifiedTaxRegistration", "ram:ID"),
    (
        "ram:SellerOrderReferencedDocument ram:BuyerOrderReferencedDocument ram:ContractReferencedDocument \
         ram:AdditionalReferencedDocument ram:DespatchAdviceReferencedDocument \
         ram:ReceivingAdviceReferencedDocument ram:InvoiceReferencedDocument",
        "ram:IssuerAssignedID ram:URIID ram:LineID ram:TypeCode ram:Name ram:AttachmentBinaryObject \
         ram:ReferenceTypeCode ram:FormattedIssueDateTime",
    ),
    ("ram:SpecifiedProcuringProject", "ram:ID! ram:Name!"),
    (
        "ram:ApplicableHeaderTradeDelivery",
        "ram:ShipToTradeParty ram:ActualDeliverySupplyChainEvent ram:DespatchAdviceReferencedDocument \
         ram:ReceivingAdviceReferencedDocument",
    ),
    ("ram:ActualDeliverySupplyChainEvent", "ram:OccurrenceDateTime"),
    (
        // More than one preceding invoice (BG-3) came with D22B; EN 16931 has as many as there are.
        "ram:ApplicableHeaderTradeSettlement",
        "ram:CreditorReferenceID ram:PaymentReference ram:TaxCurrencyCode ram:InvoiceCurrencyCode \
         ram:PayeeTradeParty ram:SpecifiedTradeSettlementPaymentMeans* ram:ApplicableTradeTax* \
         ram:BillingSpecifiedPeriod ram:SpecifiedTradeAllowanceCharge* ram:SpecifiedTradePaymentTerms \
         ram:SpecifiedTradeSettlementHeaderMonetarySummation ram:InvoiceReferencedDocument* \
         ram:ReceivableSpecifiedTradeAccountingAccount",
    ),
    (
        "ram:SpecifiedTradeSettlementPaymentMeans",
        "ram:TypeCode ram:Information ram:ApplicableTradeSettlementFinancialCard \
         ram:PayerPartyDebtorFinancialAccount ram:PayeePartyCreditorFinancialAccount \
         ram:PayeeSpecifiedCreditorFinancialInstitution",
    ),
    ("ram:ApplicableTradeSettlementFinancialCard", "ram:ID ram:CardholderName"),
    (
        "ram:PayerPartyDebtorFinancialAccount ram:PayeePartyCreditorFinancialAccount",
        "ram:IBANID ram:AccountName ram:ProprietaryID",
    ),
    ("ram:PayeeSpecifiedCreditorFinancialInstitution", "ram:BICID"),
    (
        "ram:ApplicableTradeTax ram:CategoryTradeTax",
        "ram:CalculatedAmount ram:TypeCode ram:ExemptionReason ram:BasisAmount ram:CategoryCode \
         ram:ExemptionReasonCode ram:TaxPointDate ram:DueDateTypeCode ram:RateApplicablePercent",
    ),
    ("ram:BillingSpecifiedPeriod", "ram:StartDateTime ram:EndDateTime"),
    (
        "ram:SpecifiedTradeAllowanceCharge ram:AppliedTradeAllowanceCharge",
        "ram:ChargeIndicator ram:CalculationPercent ram:BasisAmount ram:ActualAmount ram:ReasonCode \
         ram:Reason ram:CategoryTradeTax",
    ),
    ("ram:ChargeIndicator", "udt:Indicator"),
    (
        "ram:SpecifiedTradePaymentTerms",
        "ram:Description ram:DueDateDateTime ram:DirectDebitMandateID",
    ),
    (
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        "ram:LineTotalAmount ram:ChargeTotalAmount ram:AllowanceTotalAmount ram:TaxBasisTotalAmount \
         ram:TaxTotalAmount* ram:RoundingAmount ram:GrandTotalAmount ram:TotalPrepaidAmount \
         ram:DuePayableAmount",
    ),
    ("ram:ReceivableSpecifiedTradeAccountingAccount", "ram:ID!"),
];

/// An element that may stand in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) name: &'static str,
    /// Whether it may stand there more than once.
    pub(super) repeats: bool,
    /// Whether it has to be there.
    pub(super) must: bool,
}

/// The schema of a syntax.
#[derive(Debug)]
pub(super) struct Schema(HashMap<&'static str, Vec<Child>>);

static OF_UBL: LazyLock<Schema> = LazyLock::new(|| Schema::of(UBL));
static OF_CII: LazyLock<Schema> = LazyLock::new(|| Schema::of(CII));

impl Schema {
    /// The schema of this syntax.
    pub(super) fn for_format(format: XmlFormat) -> &'static Self {
        match format {
            XmlFormat::Ubl => &OF_UBL,
            XmlFormat::Cii => &OF_CII,
        }
    }

    fn of(rows: Rows) -> Self {
        let child = |written: &'static str| Child {
            name: written.trim_end_matches(['*', '!']),
            repeats: written.contains('*'),
            must: written.contains('!'),
        };
        let row = |(names, children): &(&'static str, &'static str)| {
            let children: Vec<Child> = children.split(' ').map(child).collect();
            names.split(' ').map(move |name| (name, children.clone())).collect::<Vec<_>>()
        };
        Self(rows.iter().flat_map(row).collect())
    }

    /// What may stand in an element, in order.
    pub(super) fn children(&self, of: &str) -> &[Child] {
        self.0.get(of).map_or(&[], Vec::as_slice)
    }

    /// The entry of an element in another one, with its place in the order.
    pub(super) fn child(&self, of: &str, name: &str) -> Option<(usize, Child)> {
        self.children(of).iter().copied().enumerate().find(|(_, it)| it.name == name)
    }
}
