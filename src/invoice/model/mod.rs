//! The invoice: all business groups and terms of EN 16931-1, each declared once.
//!
//! A row of a group says where its term stands in JSON, UBL and CII. The readers, the writers, the JSON
//! Schema and the table in the documentation follow from it.

mod address;
mod group;
pub(super) mod line;
mod parties;
mod payment;
mod references;
mod schema;
pub(super) mod term;
mod totals;
mod values;
pub(super) mod walk;

use en16931::codes::contains;
use en16931::codes::generated::CREDIT_NOTE_TYPE_CODES;
use jiff::civil::Date;

pub use address::Address;
pub(super) use group::Settled;
pub use line::{
    Item, ItemAttribute, Line, LineAdjustment, LineAdjustmentInput, LineInput, LineVat,
};
pub use parties::{Buyer, Contact, Delivery, Payee, Period, Seller, TaxRepresentative};
pub use payment::{Account, Card, DirectDebit, Discount, Payment};
pub use references::{Document, PrecedingInvoice};
pub use schema::{address_schema, schema};
pub use totals::{
    Adjustment, AdjustmentInput, ThirdPartyPayment, ThirdPartyPaymentInput, Totals, TotalsInput,
    VatSubtotal, VatSubtotalInput,
};
pub use values::{Attachment, Classification, Identifier, Note};

use super::currency::Currency;
use super::date;
use group::group;
use term::Kind;

group! {
    /// An invoice or credit note.
    Invoice / InvoiceInput {
        number: must String,
            "BT-1", Kind::Text, "cbc:ID", "rsm:ExchangedDocument/ram:ID";
        type_code as "type": must String,
            "BT-3", Kind::Code, "cbc:InvoiceTypeCode|cbc:CreditNoteTypeCode",
            "rsm:ExchangedDocument/ram:TypeCode";
        #[serde(deserialize_with = "date::optional")]
        issue_date: must Date,
            "BT-2", Kind::Date, "cbc:IssueDate", "rsm:ExchangedDocument/ram:IssueDateTime";
        #[serde(deserialize_with = "date::optional")]
        due_date: may Option<Date>,
            "BT-9", Kind::Date,
            "cbc:DueDate|cac:PaymentMeans/cbc:PaymentDueDate|cac:PaymentTerms/cbc:PaymentDueDate",
            "Settlement/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime";
        currency: must Currency,
            "BT-5", Kind::Currency, "cbc:DocumentCurrencyCode", "Settlement/ram:InvoiceCurrencyCode";
        vat_currency: may Option<Currency>,
            "BT-6", Kind::Currency, "cbc:TaxCurrencyCode", "Settlement/ram:TaxCurrencyCode";
        #[serde(deserialize_with = "date::optional")]
        vat_point_date: may Option<Date>,
            "BT-7", Kind::Date, "cbc:TaxPointDate",
            "Settlement/ram:ApplicableTradeTax/ram:TaxPointDate";
        vat_point_code: may Option<String>,
            "BT-8", Kind::VatPointCode, "cac:InvoicePeriod/cbc:DescriptionCode",
            "Settlement/ram:ApplicableTradeTax/ram:DueDateTypeCode";
        buyer_reference: may Option<String>,
            "BT-10", Kind::Text, "cbc:BuyerReference", "Agreement/ram:BuyerReference";
        project_reference: may Option<String>,
            "BT-11", Kind::Text,
            "cac:ProjectReference/cbc:ID|cac:AdditionalDocumentReference[cbc:DocumentTypeCode=50]/cbc:ID",
            "Agreement/ram:SpecifiedProcuringProject/ram:ID";
        contract_reference: may Option<String>,
            "BT-12", Kind::Text, "cac:ContractDocumentReference/cbc:ID",
            "Agreement/ram:ContractReferencedDocument/ram:IssuerAssignedID";
        order_reference: may Option<String>,
            "BT-13", Kind::Text, "cac:OrderReference/cbc:ID",
            "Agreement/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID";
        sales_order_reference: may Option<String>,
            "BT-14", Kind::Text, "cac:OrderReference/cbc:SalesOrderID",
            "Agreement/ram:SellerOrderReferencedDocument/ram:IssuerAssignedID";
        receiving_advice_reference: may Option<String>,
            "BT-15", Kind::Text, "cac:ReceiptDocumentReference/cbc:ID",
            "Delivery/ram:ReceivingAdviceReferencedDocument/ram:IssuerAssignedID";
        despatch_advice_reference: may Option<String>,
            "BT-16", Kind::Text, "cac:DespatchDocumentReference/cbc:ID",
            "Delivery/ram:DespatchAdviceReferencedDocument/ram:IssuerAssignedID";
        tender_reference: may Option<String>,
            "BT-17", Kind::Text, "cac:OriginatorDocumentReference/cbc:ID",
            "Agreement/ram:AdditionalReferencedDocument[ram:TypeCode=50]/ram:IssuerAssignedID";
        object_identifier: may Option<Identifier>,
            "BT-18", Kind::Identifier,
            "cac:AdditionalDocumentReference[cbc:DocumentTypeCode=130]/cbc:ID",
            "Agreement/ram:AdditionalReferencedDocument[ram:TypeCode=130]/ram:IssuerAssignedID";
        accounting_reference: may Option<String>,
            "BT-19", Kind::Text, "cbc:AccountingCost",
            "Settlement/ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID";
        notes: may Vec<Note>,
            "BG-1", Kind::Notes, "cbc:Note", "rsm:ExchangedDocument/ram:IncludedNote";
        business_process: may Option<String>,
            "BT-23", Kind::Text, "cbc:ProfileID",
            "rsm:ExchangedDocumentContext/ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID";
        specification: may Option<String>,
            "BT-24", Kind::Text, "cbc:CustomizationID",
            "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID";
        preceding_invoices: may Vec<PrecedingInvoice>,
            "BG-3", Kind::Groups(PrecedingInvoice::TERMS, 0),
            "cac:BillingReference/cac:InvoiceDocumentReference",
            "Settlement/ram:InvoiceReferencedDocument";
        seller: may Option<Seller>,
            "BG-4", Kind::Group(Seller::TERMS, 0), "cac:AccountingSupplierParty/cac:Party",
            "Agreement/ram:SellerTradeParty";
        buyer: may Option<Buyer>,
            "BG-7", Kind::Group(Buyer::TERMS, 0), "cac:AccountingCustomerParty/cac:Party",
            "Agreement/ram:BuyerTradeParty";
        payee: may Option<Payee>,
            "BG-10", Kind::Group(Payee::TERMS, 0), "cac:PayeeParty", "Settlement/ram:PayeeTradeParty";
        tax_representative: may Option<TaxRepresentative>,
            "BG-11", Kind::Group(TaxRepresentative::TERMS, 0), "cac:TaxRepresentativeParty",
            "Agreement/ram:SellerTaxRepresentativeTradeParty";
        delivery: may Option<Delivery>,
            "BG-13", Kind::Group(Delivery::TERMS, 0), "cac:Delivery", "Delivery";
        period: may Option<Period>,
            "BG-14", Kind::Group(Period::TERMS, 0), "cac:InvoicePeriod",
            "Settlement/ram:BillingSpecifiedPeriod";
        payment: may Option<Payment>,
            "BG-16", Kind::Group(Payment::TERMS, 0), "", "";
        allowances: each Adjustment,
            "BG-20", Kind::Groups(AdjustmentInput::TERMS, 0),
            "cac:AllowanceCharge[cbc:ChargeIndicator=false]",
            "Settlement/ram:SpecifiedTradeAllowanceCharge[ram:ChargeIndicator/udt:Indicator=false]";
        charges: each Adjustment,
            "BG-21", Kind::Groups(AdjustmentInput::TERMS, 1),
            "cac:AllowanceCharge[cbc:ChargeIndicator=true]",
            "Settlement/ram:SpecifiedTradeAllowanceCharge[ram:ChargeIndicator/udt:Indicator=true]";
        third_party_payments: each ThirdPartyPayment,
            "BG-DEX-09", Kind::Groups(ThirdPartyPaymentInput::TERMS, 0), "cac:PrepaidPayment", "";
        totals: part Totals,
            "BG-22", Kind::Group(TotalsInput::TERMS, 0), "",
            "Settlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation";
        vat_breakdown: known VatSubtotal,
            "BG-23", Kind::Groups(VatSubtotalInput::TERMS, 0), "cac:TaxTotal/cac:TaxSubtotal",
            "Settlement/ram:ApplicableTradeTax";
        documents: may Vec<Document>,
            "BG-24", Kind::Groups(Document::TERMS, 0),
            "cac:AdditionalDocumentReference[cbc:DocumentTypeCode!=130,50]",
            "Agreement/ram:AdditionalReferencedDocument[ram:TypeCode!=130,50]";
        lines: each Line,
            "BG-25", Kind::Groups(LineInput::TERMS, 0), "cac:InvoiceLine|cac:CreditNoteLine",
            "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem";
    }
}

impl Invoice {
    /// Whether it gives money back: its type is in the list of credit notes of EN 16931 (BR-CL-01).
    pub fn is_credit_note(&self) -> bool {
        contains(CREDIT_NOTE_TYPE_CODES, &self.type_code)
    }

    /// Cuts the number of a card (BT-87) to the part that may be shown (BR-51). Settling does so; revisions
    /// that were stored before it did so have the whole number.
    pub fn cut_card_number(&mut self) {
        self.payment.iter_mut().for_each(Payment::cut_card_number);
    }
}
