//! The lines.

use rust_decimal::Decimal;

use super::group::group;
use super::parties::Period;
use super::term::Kind;
use super::values::{Classification, Identifier};
use crate::invoice::money::figure;

/// The roles of lines that are not part of the sums.
const NOT_SUMMED: [&str; 2] = ["GROUP", INFORMATION];
/// The role of a line that only informs.
pub(in crate::invoice) const INFORMATION: &str = "INFORMATION";

group! {
    /// One thing that is invoiced (BG-25), with its price (BG-29) and its VAT (BG-30).
    Line / LineInput {
        id: must String,
            "BT-126", Kind::Text, "cbc:ID", "ram:AssociatedDocumentLineDocument/ram:LineID";
        description: must String,
            "BT-153", Kind::Prose, "cac:Item/cbc:Name", "ram:SpecifiedTradeProduct/ram:Name";
        details: may Option<String>,
            "BT-154", Kind::Prose, "cac:Item/cbc:Description",
            "ram:SpecifiedTradeProduct/ram:Description";
        note: may Option<String>,
            "BT-127", Kind::Prose, "cbc:Note",
            "ram:AssociatedDocumentLineDocument/ram:IncludedNote/ram:Content";
        object_identifier: may Option<Identifier>,
            "BT-128", Kind::Identifier,
            "cac:DocumentReference[cbc:DocumentTypeCode=130]/cbc:ID",
            "ram:SpecifiedLineTradeSettlement/ram:AdditionalReferencedDocument[ram:TypeCode=130]/ram:IssuerAssignedID";
        #[serde(with = "figure")]
        quantity: must Decimal,
            "BT-129", Kind::Figure, "cbc:InvoicedQuantity|cbc:CreditedQuantity",
            "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity";
        unit: must String,
            "BT-130", Kind::Code, "cbc:InvoicedQuantity/@unitCode|cbc:CreditedQuantity/@unitCode",
            "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity/@unitCode";
        #[serde(with = "figure")]
        unit_price: must Decimal,
            "BT-146", Kind::Figure, "cac:Price/cbc:PriceAmount",
            "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount";
        #[serde(with = "figure")]
        price_discount: may Option<Decimal>,
            "BT-147", Kind::Figure, "cac:Price/cac:AllowanceCharge/cbc:Amount",
            "ram:SpecifiedLineTradeAgreement/ram:GrossPriceProductTradePrice/ram:AppliedTradeAllowanceCharge/ram:ActualAmount";
        #[serde(with = "figure")]
        gross_price: may Option<Decimal>,
            "BT-148", Kind::Figure, "cac:Price/cac:AllowanceCharge/cbc:BaseAmount",
            "ram:SpecifiedLineTradeAgreement/ram:GrossPriceProductTradePrice/ram:ChargeAmount";
        #[serde(with = "figure")]
        base_quantity: may Option<Decimal>,
            "BT-149", Kind::Figure, "cac:Price/cbc:BaseQuantity",
            "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:BasisQuantity|ram:SpecifiedLineTradeAgreement/ram:GrossPriceProductTradePrice/ram:BasisQuantity";
        base_quantity_unit: may Option<String>,
            "BT-150", Kind::Code, "cac:Price/cbc:BaseQuantity/@unitCode",
            "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:BasisQuantity/@unitCode|ram:SpecifiedLineTradeAgreement/ram:GrossPriceProductTradePrice/ram:BasisQuantity/@unitCode";
        #[serde(with = "figure")]
        net_amount: must Decimal,
            "BT-131", Kind::Amount, "cbc:LineExtensionAmount",
            "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount";
        order_line_reference: may Option<String>,
            "BT-132", Kind::Text, "cac:OrderLineReference/cbc:LineID",
            "ram:SpecifiedLineTradeAgreement/ram:BuyerOrderReferencedDocument/ram:LineID";
        accounting_reference: may Option<String>,
            "BT-133", Kind::Text, "cbc:AccountingCost",
            "ram:SpecifiedLineTradeSettlement/ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID";
        period: may Option<Period>,
            "BG-26", Kind::Group(Period::TERMS, 1), "cac:InvoicePeriod",
            "ram:SpecifiedLineTradeSettlement/ram:BillingSpecifiedPeriod";
        allowances: each LineAdjustment,
            "BG-27", Kind::Groups(LineAdjustmentInput::TERMS, 0),
            "cac:AllowanceCharge[cbc:ChargeIndicator=false]",
            "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeAllowanceCharge[ram:ChargeIndicator/udt:Indicator=false]";
        charges: each LineAdjustment,
            "BG-28", Kind::Groups(LineAdjustmentInput::TERMS, 1),
            "cac:AllowanceCharge[cbc:ChargeIndicator=true]",
            "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeAllowanceCharge[ram:ChargeIndicator/udt:Indicator=true]";
        vat: may LineVat,
            "BG-30", Kind::Group(LineVat::TERMS, 0),
            "cac:Item/cac:ClassifiedTaxCategory",
            "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax";
        parent: may Option<String>,
            "BT-X-304", Kind::Text, "", "ram:AssociatedDocumentLineDocument/ram:ParentLineID";
        role: may Option<String>,
            "BT-X-8", Kind::Code, "", "ram:AssociatedDocumentLineDocument/ram:LineStatusReasonCode";
        item: may Option<Item>,
            "BG-31", Kind::Group(Item::TERMS, 0), "cac:Item", "ram:SpecifiedTradeProduct";
    }
}

/// Whether a line with this role is part of the sums. A line that groups others, or that only informs, is not
/// (Factur-X EXTENDED, BT-X-8; a sub-line of the XRechnung extension is read as such a line).
pub(in crate::invoice) fn is_summed(role: Option<&str>) -> bool {
    role.is_none_or(|role| !NOT_SUMMED.contains(&role))
}

impl LineInput {
    /// Whether the line is part of the sums.
    pub fn is_summed(&self) -> bool {
        is_summed(self.role.as_deref())
    }
}

group! {
    /// What else is known of the thing that a line invoices (BG-31).
    Item {
        seller_id: (Option<String>),
            "BT-155", Kind::Text, "cac:SellersItemIdentification/cbc:ID", "ram:SellerAssignedID";
        buyer_id: (Option<String>),
            "BT-156", Kind::Text, "cac:BuyersItemIdentification/cbc:ID", "ram:BuyerAssignedID";
        standard_id: (Option<Identifier>),
            "BT-157", Kind::Identifier, "cac:StandardItemIdentification/cbc:ID", "ram:GlobalID";
        classifications: (Vec<Classification>),
            "BT-158", Kind::Classifications, "cac:CommodityClassification/cbc:ItemClassificationCode",
            "ram:DesignatedProductClassification/ram:ClassCode";
        origin_country: (Option<String>),
            "BT-159", Kind::Code, "cac:OriginCountry/cbc:IdentificationCode",
            "ram:OriginTradeCountry/ram:ID";
        attributes: (Vec<ItemAttribute>),
            "BG-32", Kind::Groups(ItemAttribute::TERMS, 0), "cac:AdditionalItemProperty",
            "ram:ApplicableProductCharacteristic";
    }
}

group! {
    /// A property of the thing that a line invoices (BG-32).
    ItemAttribute {
        name: (Option<String>), "BT-160", Kind::Text, "cbc:Name", "ram:Description";
        value: (Option<String>), "BT-161", Kind::Text, "cbc:Value", "ram:Value";
    }
}

group! {
    /// How a line (BG-30), an allowance (BG-20) or a charge (BG-21) is taxed.
    LineVat {
        category: (String),
            "BT-151 BT-95 BT-102", Kind::Code, "cbc:ID", "ram:CategoryCode";
        #[serde(with = "figure")]
        rate: (Option<Decimal>),
            "BT-152 BT-96 BT-103", Kind::Figure, "cbc:Percent", "ram:RateApplicablePercent";
    }
}

group! {
    /// An allowance (BG-27) or a charge (BG-28) on a line, without VAT.
    LineAdjustment / LineAdjustmentInput {
        #[serde(with = "figure")]
        amount: must Decimal,
            "BT-136 BT-141", Kind::Amount, "cbc:Amount", "ram:ActualAmount";
        #[serde(with = "figure")]
        base_amount: may Option<Decimal>,
            "BT-137 BT-142", Kind::Amount, "cbc:BaseAmount", "ram:BasisAmount";
        #[serde(with = "figure")]
        percent: may Option<Decimal>,
            "BT-138 BT-143", Kind::Figure, "cbc:MultiplierFactorNumeric", "ram:CalculationPercent";
        reason: may Option<String>,
            "BT-139 BT-144", Kind::Prose, "cbc:AllowanceChargeReason", "ram:Reason";
        reason_code: may Option<String>,
            "BT-140 BT-145", Kind::Code, "cbc:AllowanceChargeReasonCode", "ram:ReasonCode";
    }
}
