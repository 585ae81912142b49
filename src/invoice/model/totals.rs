//! Allowances and charges on the document, the VAT breakdown and the totals.

use rust_decimal::Decimal;

use super::group::group;
use super::line::LineVat;
use super::term::Kind;
use crate::invoice::money::figure;

group! {
    /// An allowance (BG-20) or a charge (BG-21) on the whole document.
    Adjustment / AdjustmentInput {
        #[serde(with = "figure")]
        amount: must Decimal,
            "BT-92 BT-99", Kind::Amount, "cbc:Amount", "ram:ActualAmount";
        #[serde(with = "figure")]
        base_amount: may Option<Decimal>,
            "BT-93 BT-100", Kind::Amount, "cbc:BaseAmount", "ram:BasisAmount";
        #[serde(with = "figure")]
        percent: may Option<Decimal>,
            "BT-94 BT-101", Kind::Figure, "cbc:MultiplierFactorNumeric", "ram:CalculationPercent";
        vat: may LineVat,
            "", Kind::Group(LineVat::TERMS, 1), "cac:TaxCategory", "ram:CategoryTradeTax";
        reason: may Option<String>,
            "BT-97 BT-104", Kind::Prose, "cbc:AllowanceChargeReason", "ram:Reason";
        reason_code: may Option<String>,
            "BT-98 BT-105", Kind::Code, "cbc:AllowanceChargeReasonCode", "ram:ReasonCode";
    }
}

group! {
    /// One VAT category and rate (BG-23).
    VatSubtotal / VatSubtotalInput {
        category: may String,
            "BT-118", Kind::Code, "cac:TaxCategory/cbc:ID", "ram:CategoryCode";
        #[serde(with = "figure")]
        rate: may Option<Decimal>,
            "BT-119", Kind::Figure, "cac:TaxCategory/cbc:Percent", "ram:RateApplicablePercent";
        #[serde(with = "figure")]
        taxable: must Decimal,
            "BT-116", Kind::Amount, "cbc:TaxableAmount", "ram:BasisAmount";
        #[serde(with = "figure")]
        tax: must Decimal,
            "BT-117", Kind::Amount, "cbc:TaxAmount", "ram:CalculatedAmount";
        exemption_reason: may Option<String>,
            "BT-120", Kind::Prose, "cac:TaxCategory/cbc:TaxExemptionReason", "ram:ExemptionReason";
        exemption_reason_code: may Option<String>,
            "BT-121", Kind::Code, "cac:TaxCategory/cbc:TaxExemptionReasonCode",
            "ram:ExemptionReasonCode";
    }
}

group! {
    /// An amount that is collected for somebody else, without VAT (BG-DEX-09 of the XRechnung extension).
    /// It is part of what is due.
    ThirdPartyPayment / ThirdPartyPaymentInput {
        type_name as "type": may Option<String>,
            "BT-DEX-001", Kind::Text, "cbc:ID", "";
        #[serde(with = "figure")]
        amount: must Decimal,
            "BT-DEX-002", Kind::Amount, "cbc:PaidAmount", "";
        description: may Option<String>,
            "BT-DEX-003", Kind::Prose, "cbc:InstructionID", "";
    }
}

group! {
    /// The totals of the document (BG-22).
    Totals / TotalsInput {
        #[serde(with = "figure")]
        lines: must Decimal,
            "BT-106", Kind::Amount, "cac:LegalMonetaryTotal/cbc:LineExtensionAmount",
            "ram:LineTotalAmount";
        #[serde(with = "figure")]
        allowances: must Decimal,
            "BT-107", Kind::Amount, "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount",
            "ram:AllowanceTotalAmount";
        #[serde(with = "figure")]
        charges: must Decimal,
            "BT-108", Kind::Amount, "cac:LegalMonetaryTotal/cbc:ChargeTotalAmount",
            "ram:ChargeTotalAmount";
        #[serde(with = "figure")]
        without_vat: must Decimal,
            "BT-109", Kind::Amount, "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
            "ram:TaxBasisTotalAmount";
        #[serde(with = "figure")]
        vat: must Decimal,
            "BT-110", Kind::Amount, "cac:TaxTotal/cbc:TaxAmount", "ram:TaxTotalAmount";
        #[serde(with = "figure")]
        vat_in_vat_currency: may Option<Decimal>,
            "BT-111", Kind::VatCurrencyAmount, "cac:TaxTotal/cbc:TaxAmount", "ram:TaxTotalAmount";
        #[serde(with = "figure")]
        with_vat: must Decimal,
            "BT-112", Kind::Amount, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
            "ram:GrandTotalAmount";
        #[serde(with = "figure")]
        paid: must Decimal,
            "BT-113", Kind::Amount, "cac:LegalMonetaryTotal/cbc:PrepaidAmount",
            "ram:TotalPrepaidAmount";
        #[serde(with = "figure")]
        rounding: must Decimal,
            "BT-114", Kind::Amount, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount",
            "ram:RoundingAmount";
        #[serde(with = "figure")]
        due: must Decimal,
            "BT-115", Kind::Amount, "cac:LegalMonetaryTotal/cbc:PayableAmount",
            "ram:DuePayableAmount";
    }
}
