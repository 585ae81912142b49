//! The invoice, complete and consistent. Names in comments are business terms of EN 16931-1.

use en16931::codes::contains;
use en16931::codes::generated::CREDIT_NOTE_TYPE_CODES;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::currency::Currency;
use super::money::{amount, fine, optional_fine};

/// An invoice or credit note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// BT-1.
    pub number: String,
    /// BT-3, a code of UNTDID 1001 such as `380` (invoice) or `381` (credit note).
    #[serde(rename = "type")]
    pub type_code: String,
    /// BT-2.
    pub issue_date: Date,
    /// BT-9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
    /// BT-5.
    pub currency: Currency,
    /// BG-25.
    pub lines: Vec<Line>,
    /// BG-20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowances: Vec<Adjustment>,
    /// BG-21.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Adjustment>,
    /// BG-23.
    pub vat_breakdown: Vec<VatSubtotal>,
    /// BG-22.
    pub totals: Totals,
    /// BG-16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// BG-1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// BT-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_reference: Option<String>,
    /// BT-13.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_reference: Option<String>,
}

impl Invoice {
    /// Whether it gives money back: its type is in the list of credit notes of EN 16931 (BR-CL-01).
    pub fn is_credit_note(&self) -> bool {
        contains(CREDIT_NOTE_TYPE_CODES, &self.type_code)
    }
}

/// BG-25.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// BT-126.
    pub id: String,
    /// BT-153, with BT-154 after it if there is one.
    pub description: String,
    /// BT-129.
    #[serde(with = "fine")]
    pub quantity: Decimal,
    /// BT-130, UN/ECE Recommendation 20 or 21.
    pub unit: String,
    /// BT-146.
    #[serde(with = "fine")]
    pub unit_price: Decimal,
    /// BT-149: the unit price is for this many units; one if left out.
    #[serde(default, with = "optional_fine", skip_serializing_if = "Option::is_none")]
    pub base_quantity: Option<Decimal>,
    /// BT-131, as stated: line allowances and charges are in it.
    #[serde(with = "amount")]
    pub net_amount: Decimal,
    /// BG-30.
    pub vat: LineVat,
}

/// BG-30: how a line, allowance or charge is taxed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineVat {
    /// BT-151, UNTDID 5305: S, Z, E, AE, K, G, O, L, M, B.
    pub category: String,
    /// BT-152, in per cent; none in category O.
    #[serde(default, with = "optional_fine", skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
}

/// BG-20 or BG-21: an allowance or a charge on the whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// BT-92 or BT-99.
    #[serde(with = "amount")]
    pub amount: Decimal,
    /// BT-97 or BT-104.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// BT-95 and BT-96, or BT-102 and BT-103.
    pub vat: LineVat,
}

/// BG-23: one VAT category and rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VatSubtotal {
    /// BT-118.
    pub category: String,
    /// BT-119, in per cent.
    #[serde(default, with = "optional_fine", skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
    /// BT-116.
    #[serde(with = "amount")]
    pub taxable: Decimal,
    /// BT-117.
    #[serde(with = "amount")]
    pub tax: Decimal,
}

/// BG-22.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// BT-106, sum of line nets.
    #[serde(with = "amount")]
    pub lines: Decimal,
    /// BT-107.
    #[serde(with = "amount")]
    pub allowances: Decimal,
    /// BT-108.
    #[serde(with = "amount")]
    pub charges: Decimal,
    /// BT-109.
    #[serde(with = "amount")]
    pub without_vat: Decimal,
    /// BT-110.
    #[serde(with = "amount")]
    pub vat: Decimal,
    /// BT-112.
    #[serde(with = "amount")]
    pub with_vat: Decimal,
    /// BT-113.
    #[serde(with = "amount")]
    pub paid: Decimal,
    /// BT-114.
    #[serde(with = "amount")]
    pub rounding: Decimal,
    /// BT-115.
    #[serde(with = "amount")]
    pub due: Decimal,
}

/// BG-16.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// BT-81, UNTDID 4461 (such as `58` for a SEPA transfer), or words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// BT-84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<String>,
    /// BT-86.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    /// BT-85.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// BT-83.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// BT-20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// Further accounts that may be paid to (BG-17 may repeat).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_accounts: Vec<Account>,
}

/// BG-17.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// BT-84.
    pub iban: String,
    /// BT-86.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
}
