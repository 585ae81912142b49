//! What the rules of each VAT category ask. The norm writes the same rules for each category; this is what
//! differs.

use rust_decimal::Decimal;

/// UNTDID 5305: not subject to VAT.
pub(super) const NOT_TAXED: &str = "O";

/// The places that have a VAT category, in the order in which the norm numbers its rules about them.
pub(super) const PLACES: [&str; 3] = ["line", "allowance", "charge"];

/// How often the VAT breakdown has a category that lines, allowances or charges have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Exactly once.
    One,
    /// At least once: for each rate.
    Several,
}

/// Which identifiers of the parties a category needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// The VAT identifier or the tax number of the seller, or the VAT identifier of its representative.
    Seller,
    /// As [`Ids::Seller`], and the VAT identifier or the registration of the buyer.
    SellerAndBuyer,
    /// The VAT identifier of the seller or its representative.
    SellerVat,
    /// As [`Ids::SellerVat`], and the VAT identifier of the buyer.
    BothVat,
    /// No VAT identifier at all.
    None,
}

/// Which rate lines, allowances and charges in a category have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// More than zero.
    Positive,
    /// Zero.
    Zero,
    /// Zero or more.
    NotNegative,
    /// Zero or more; in CII, CEN asks for more than zero, although the norm does not.
    NotNegativeInUbl,
    /// None is stated.
    None,
}

/// The rules of a VAT category.
#[derive(Debug)]
pub(super) struct Family {
    /// Its name in the ids of the rules, such as `IC` in `BR-IC-01`.
    pub(super) name: &'static str,
    /// Its code in UNTDID 5305.
    pub(super) code: &'static str,
    /// What it is, for people.
    pub(super) words: &'static str,
    pub(super) rows: Rows,
    pub(super) ids: Ids,
    pub(super) rate: Rate,
    /// Whether there is VAT in it, one row for each rate. Otherwise the VAT is zero.
    pub(super) is_taxed: bool,
    /// Whether the breakdown has a reason why there is no VAT; otherwise it must not have one.
    pub(super) has_reason: bool,
}

impl Family {
    /// Whether this rate is one of the category. A rate that is left out is zero in JSON only.
    pub(super) fn takes(&self, rate: Option<Decimal>, is_xml: bool, is_cii: bool) -> bool {
        let rate =
            if is_xml || self.rate == Rate::None { rate } else { rate.or(Some(Decimal::ZERO)) };
        match (self.rate, rate) {
            (Rate::None, rate) => rate.is_none() || (!is_xml && rate == Some(Decimal::ZERO)),
            (_, None) => false,
            (Rate::Positive, Some(rate)) => rate > Decimal::ZERO,
            (Rate::Zero, Some(rate)) => rate.is_zero(),
            (Rate::NotNegative, Some(rate)) => rate >= Decimal::ZERO,
            (Rate::NotNegativeInUbl, Some(rate)) => {
                if is_cii {
                    rate > Decimal::ZERO
                } else {
                    rate >= Decimal::ZERO
                }
            }
        }
    }
}

/// The categories that have rules of their own. Split payment (B) has two, see `conditions.rs`.
pub(super) const FAMILIES: [Family; 9] = [
    Family {
        name: "S",
        code: "S",
        words: "standard rate",
        rows: Rows::Several,
        ids: Ids::Seller,
        rate: Rate::Positive,
        is_taxed: true,
        has_reason: false,
    },
    Family {
        name: "Z",
        code: "Z",
        words: "zero rated",
        rows: Rows::One,
        ids: Ids::Seller,
        rate: Rate::Zero,
        is_taxed: false,
        has_reason: false,
    },
    Family {
        name: "E",
        code: "E",
        words: "exempt from VAT",
        rows: Rows::One,
        ids: Ids::Seller,
        rate: Rate::Zero,
        is_taxed: false,
        has_reason: true,
    },
    Family {
        name: "AE",
        code: "AE",
        words: "reverse charge",
        rows: Rows::One,
        ids: Ids::SellerAndBuyer,
        rate: Rate::Zero,
        is_taxed: false,
        has_reason: true,
    },
    Family {
        name: "IC",
        code: "K",
        words: "goods and services within the EU",
        rows: Rows::One,
        ids: Ids::BothVat,
        rate: Rate::Zero,
        is_taxed: false,
        has_reason: true,
    },
    Family {
        name: "G",
        code: "G",
        words: "export outside the EU",
        rows: Rows::One,
        ids: Ids::SellerVat,
        rate: Rate::Zero,
        is_taxed: false,
        has_reason: true,
    },
    Family {
        name: "O",
        code: "O",
        words: "not subject to VAT",
        rows: Rows::One,
        ids: Ids::None,
        rate: Rate::None,
        is_taxed: false,
        has_reason: true,
    },
    Family {
        name: "AF",
        code: "L",
        words: "IGIC of the Canary Islands",
        rows: Rows::Several,
        ids: Ids::Seller,
        rate: Rate::NotNegativeInUbl,
        is_taxed: true,
        has_reason: false,
    },
    Family {
        name: "AG",
        code: "M",
        words: "IPSI of Ceuta and Melilla",
        rows: Rows::Several,
        ids: Ids::Seller,
        rate: Rate::NotNegative,
        is_taxed: true,
        has_reason: false,
    },
];

/// Whether CEN runs the rules of this category on a row in CII instead of those for all rows.
pub(super) fn has_own_rule_in_cii(category: &str) -> bool {
    matches!(category, "L" | "M" | "O")
}
