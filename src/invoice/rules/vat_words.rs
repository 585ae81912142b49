//! What the rules of the VAT categories say.

use super::Rule;
use super::vat_families::{FAMILIES, Family, Ids, NOT_TAXED, PLACES, Rate, Rows};
use crate::invoice::problem::Severity;

/// Every rule of every category.
pub(super) fn all() -> Vec<Rule> {
    let mut all = Vec::new();
    for family in &FAMILIES {
        let last = if family.code == NOT_TAXED { 14 } else { 10 };
        for number in 1..=last {
            let id = id(family, number);
            let says = says(family, number);
            all.push(Rule { id, family: "VAT categories", severity: Severity::Fatal, says });
        }
    }
    all
}

pub(super) fn id(family: &Family, number: usize) -> String {
    format!("BR-{}-{number:02}", family.name)
}

/// What a rule of a category says.
pub(super) fn says(family: &Family, number: usize) -> String {
    let of = format!("category {} ({})", family.code, family.words);
    let place = |from: usize| PLACES.get(number - from).copied().unwrap_or_default();
    match number {
        1 => {
            let rows = match family.rows {
                Rows::One => "exactly one row",
                Rows::Several => "a row",
            };
            format!(
                "If a line, an allowance or a charge is in {of}, the VAT breakdown has {rows} in it, and the \
                 other way round."
            )
        }
        2..=4 => {
            let ids = match family.ids {
                Ids::Seller => {
                    "has the VAT identifier (BT-31) or the tax number (BT-32) of the seller, or the VAT \
                     identifier of its tax representative (BT-63)"
                }
                Ids::SellerAndBuyer => {
                    "has the VAT identifier or the tax number of the seller (BT-31, BT-32) or of its tax \
                     representative (BT-63), and the VAT identifier (BT-48) or the registration (BT-47) of the \
                     buyer"
                }
                Ids::SellerVat => {
                    "has the VAT identifier of the seller (BT-31) or of its tax representative (BT-63)"
                }
                Ids::BothVat => {
                    "has the VAT identifier of the seller (BT-31) or of its tax representative (BT-63), and \
                     that of the buyer (BT-48)"
                }
                Ids::None => "has no VAT identifier of seller, tax representative or buyer",
            };
            format!("An invoice with a {} in {of} {ids}.", place(2))
        }
        5..=7 => {
            let rate = match family.rate {
                Rate::Positive => "a rate of more than zero",
                Rate::Zero => "the rate 0",
                Rate::NotNegative | Rate::NotNegativeInUbl => "a rate of zero or more",
                Rate::None => "no rate",
            };
            format!("Each {} in {of} has {rate}.", place(5))
        }
        8 => {
            let rate = if family.is_taxed { " and rate" } else { "" };
            format!(
                "The taxable amount of {of} (BT-116) is the sum of its lines, less its allowances, plus its \
                 charges, for each category{rate}."
            )
        }
        9 if family.is_taxed => {
            format!(
                "The VAT of {of} (BT-117) is its taxable amount (BT-116) times its rate (BT-119)."
            )
        }
        9 => format!("The VAT of {of} (BT-117) is zero."),
        10 if family.has_reason => {
            format!(
                "The VAT breakdown says why there is no VAT in {of}: by a reason (BT-120) or a code (BT-121)."
            )
        }
        10 => format!("The VAT breakdown has no reason for an exemption (BT-120, BT-121) in {of}."),
        11 => format!("If the VAT breakdown has a row in {of}, it has no other row."),
        _ => {
            let place = place(11);
            format!("If the VAT breakdown has a row in {of}, every {place} is in that category.")
        }
    }
}
