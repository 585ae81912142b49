//! The invoice as a shop sends it. What can be computed may be left out.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::currency::Currency;
use super::date;
use super::model::{Adjustment, Invoice, Line, LineVat, Payment, Totals, VatSubtotal};
use super::money::{amount, fine, optional_amount, optional_fine};

/// UNTDID 1001: commercial invoice.
const INVOICE: &str = "380";
/// UN/ECE Recommendation 20: one.
const ONE: &str = "C62";

/// An [`Invoice`] in which fields may be left out. Mandatory fields are optional here as well, so that
/// settling can report all missing fields at once, each with its place.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceInput {
    /// BT-1; must not be empty.
    #[serde(default)]
    pub number: String,
    /// BT-3; an invoice if left out.
    #[serde(rename = "type", default = "invoice")]
    pub type_code: String,
    /// BT-2; must be stated.
    #[serde(default, deserialize_with = "date::optional")]
    pub issue_date: Option<Date>,
    /// BT-9.
    #[serde(default, deserialize_with = "date::optional")]
    pub due_date: Option<Date>,
    /// BT-5; must be stated.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// BG-25; at least one, or else stated totals.
    #[serde(default)]
    pub lines: Vec<LineInput>,
    /// BG-20.
    #[serde(default)]
    pub allowances: Vec<AdjustmentInput>,
    /// BG-21.
    #[serde(default)]
    pub charges: Vec<AdjustmentInput>,
    /// BG-23; computed from lines, allowances and charges if left out.
    #[serde(default)]
    pub vat_breakdown: Option<Vec<VatSubtotal>>,
    /// BG-22; whatever is left out is computed.
    #[serde(default)]
    pub totals: TotalsInput,
    /// BG-16.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// BG-1.
    #[serde(default)]
    pub notes: Vec<String>,
    /// BT-10.
    #[serde(default)]
    pub buyer_reference: Option<String>,
    /// BT-13.
    #[serde(default)]
    pub order_reference: Option<String>,
}

/// A [`Line`] in which fields may be left out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineInput {
    /// BT-126; the line's place if left out.
    #[serde(default)]
    pub id: Option<String>,
    /// BT-153.
    pub description: String,
    /// BT-129.
    #[serde(with = "fine")]
    pub quantity: Decimal,
    /// BT-130; `C62` (one) if left out.
    #[serde(default = "one")]
    pub unit: String,
    /// BT-146.
    #[serde(with = "fine")]
    pub unit_price: Decimal,
    /// BT-149.
    #[serde(default, with = "optional_fine")]
    pub base_quantity: Option<Decimal>,
    /// BT-131; quantity times price if left out.
    #[serde(default, with = "optional_amount")]
    pub net_amount: Option<Decimal>,
    /// BG-30.
    pub vat: LineVat,
}

/// An [`Adjustment`] as it is sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentInput {
    /// BT-92 or BT-99.
    #[serde(with = "amount")]
    pub amount: Decimal,
    /// BT-97 or BT-104.
    #[serde(default)]
    pub reason: Option<String>,
    /// How it is taxed.
    pub vat: LineVat,
}

/// [`Totals`] of which some may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsInput {
    /// BT-106.
    #[serde(default, with = "optional_amount")]
    pub lines: Option<Decimal>,
    /// BT-107.
    #[serde(default, with = "optional_amount")]
    pub allowances: Option<Decimal>,
    /// BT-108.
    #[serde(default, with = "optional_amount")]
    pub charges: Option<Decimal>,
    /// BT-109.
    #[serde(default, with = "optional_amount")]
    pub without_vat: Option<Decimal>,
    /// BT-110.
    #[serde(default, with = "optional_amount")]
    pub vat: Option<Decimal>,
    /// BT-112.
    #[serde(default, with = "optional_amount")]
    pub with_vat: Option<Decimal>,
    /// BT-113; nothing if left out.
    #[serde(default, with = "optional_amount")]
    pub paid: Option<Decimal>,
    /// BT-114; nothing if left out.
    #[serde(default, with = "optional_amount")]
    pub rounding: Option<Decimal>,
    /// BT-115.
    #[serde(default, with = "optional_amount")]
    pub due: Option<Decimal>,
}

fn invoice() -> String {
    INVOICE.to_owned()
}

fn one() -> String {
    ONE.to_owned()
}

impl From<Invoice> for InvoiceInput {
    fn from(invoice: Invoice) -> Self {
        Self {
            number: invoice.number,
            type_code: invoice.type_code,
            issue_date: Some(invoice.issue_date),
            due_date: invoice.due_date,
            currency: Some(invoice.currency),
            lines: invoice.lines.into_iter().map(LineInput::from).collect(),
            allowances: invoice.allowances.into_iter().map(AdjustmentInput::from).collect(),
            charges: invoice.charges.into_iter().map(AdjustmentInput::from).collect(),
            vat_breakdown: Some(invoice.vat_breakdown),
            totals: invoice.totals.into(),
            payment: invoice.payment,
            notes: invoice.notes,
            buyer_reference: invoice.buyer_reference,
            order_reference: invoice.order_reference,
        }
    }
}

impl From<Line> for LineInput {
    fn from(line: Line) -> Self {
        Self {
            id: Some(line.id),
            description: line.description,
            quantity: line.quantity,
            unit: line.unit,
            unit_price: line.unit_price,
            base_quantity: line.base_quantity,
            net_amount: Some(line.net_amount),
            vat: line.vat,
        }
    }
}

impl From<AdjustmentInput> for Adjustment {
    fn from(AdjustmentInput { amount, reason, vat }: AdjustmentInput) -> Self {
        Self { amount, reason, vat }
    }
}

impl From<Adjustment> for AdjustmentInput {
    fn from(Adjustment { amount, reason, vat }: Adjustment) -> Self {
        Self { amount, reason, vat }
    }
}

impl From<Totals> for TotalsInput {
    fn from(totals: Totals) -> Self {
        Self {
            lines: Some(totals.lines),
            allowances: Some(totals.allowances),
            charges: Some(totals.charges),
            without_vat: Some(totals.without_vat),
            vat: Some(totals.vat),
            with_vat: Some(totals.with_vat),
            paid: Some(totals.paid),
            rounding: Some(totals.rounding),
            due: Some(totals.due),
        }
    }
}
