//! The amounts of an invoice, and the decimals with which they are written.

use rust_decimal::Decimal;

use super::model::{Invoice, Totals};

impl Invoice {
    /// Writes each amount with the decimals of the currency. No amount has more of them that matter,
    /// because settling refuses it.
    pub(super) fn in_currency(mut self) -> Self {
        let decimals = self.currency.decimals();
        self.amounts_mut().for_each(|amount| set_decimals(amount, decimals));
        self
    }

    /// Returns the invoice with each amount in a form that depends on its value alone: with two decimals,
    /// or with more if it needs more. Content hashes are computed from this form, and those in the
    /// database were computed when each amount had two decimals in every currency.
    #[must_use]
    pub fn in_canonical_form(mut self) -> Self {
        self.amounts_mut().for_each(|amount| {
            let needed = amount.normalize().scale();
            set_decimals(amount, needed.max(2));
        });
        self
    }

    /// All amounts: everything that is money, except prices.
    fn amounts_mut(&mut self) -> impl Iterator<Item = &mut Decimal> {
        let Totals { lines, allowances, charges, without_vat, vat, with_vat, paid, rounding, due } =
            &mut self.totals;
        let totals = [lines, allowances, charges, without_vat, vat, with_vat, paid, rounding, due];
        let adjustments = self.allowances.iter_mut().chain(&mut self.charges);
        let breakdown = self.vat_breakdown.iter_mut();
        let nets = self.lines.iter_mut().map(|it| &mut it.net_amount);
        nets.chain(adjustments.map(|it| &mut it.amount))
            .chain(breakdown.flat_map(|it| [&mut it.taxable, &mut it.tax]))
            .chain(totals)
    }
}

/// Writes a figure with this number of decimals; zero without a sign.
fn set_decimals(amount: &mut Decimal, decimals: u32) {
    amount.rescale(decimals);
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
}
