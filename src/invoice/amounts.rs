//! The figures of an invoice, and the decimals with which they are written.

use rust_decimal::Decimal;

use super::model::{InvoiceInput, TotalsInput};

impl InvoiceInput {
    /// Writes each amount with the decimals of the currency, and each other figure without zeros at its
    /// end. No amount has more decimals that matter, because settling refuses it.
    pub(super) fn in_currency(&mut self) {
        let Some(currency) = self.currency else { return };
        self.amounts_mut().for_each(|amount| set_decimals(amount, currency.decimals()));
        let of_vat = self.vat_currency.unwrap_or(currency).decimals();
        self.totals.vat_in_vat_currency.iter_mut().for_each(|it| set_decimals(it, of_vat));
        self.figures_mut().for_each(|figure| *figure = figure.normalize());
    }

    /// Returns the invoice with each amount in a form that depends on its value alone: with two decimals,
    /// or with more if it needs more. Content hashes are computed from this form, and those in the
    /// database were computed when each amount had two decimals in every currency.
    #[must_use]
    pub fn in_canonical_form(mut self) -> Self {
        let accounting = self.totals.vat_in_vat_currency.take();
        self.amounts_mut().for_each(|amount| {
            let needed = amount.normalize().scale();
            set_decimals(amount, needed.max(2));
        });
        self.totals.vat_in_vat_currency = accounting.map(|amount| amount.normalize());
        self
    }

    /// All amounts in the currency of the invoice: everything that is money, except prices.
    fn amounts_mut(&mut self) -> impl Iterator<Item = &mut Decimal> {
        let TotalsInput {
            lines,
            allowances,
            charges,
            without_vat,
            vat,
            vat_in_vat_currency: _,
            with_vat,
            paid,
            rounding,
            due,
        } = &mut self.totals;
        let totals = [lines, allowances, charges, without_vat, vat, with_vat, paid, rounding, due];
        let adjustments = self.allowances.iter_mut().chain(&mut self.charges);
        let breakdown = self.vat_breakdown.iter_mut().flatten();
        let of_lines = self.lines.iter_mut().flat_map(|line| {
            let adjustments = line.allowances.iter_mut().chain(&mut line.charges);
            let adjustments = adjustments.flat_map(|it| [&mut it.amount, &mut it.base_amount]);
            adjustments.chain([&mut line.net_amount])
        });
        of_lines
            .chain(adjustments.flat_map(|it| [&mut it.amount, &mut it.base_amount]))
            .chain(breakdown.flat_map(|it| [&mut it.taxable, &mut it.tax]))
            .chain(self.third_party_payments.iter_mut().map(|it| &mut it.amount))
            .chain(totals)
            .flatten()
    }

    /// All other figures: prices, quantities and percentages.
    fn figures_mut(&mut self) -> impl Iterator<Item = &mut Decimal> {
        let adjustments = self.allowances.iter_mut().chain(&mut self.charges);
        let breakdown = self.vat_breakdown.iter_mut().flatten();
        let of_lines = self.lines.iter_mut().flat_map(|line| {
            let adjustments = line.allowances.iter_mut().chain(&mut line.charges);
            adjustments.map(|it| &mut it.percent).chain([
                &mut line.quantity,
                &mut line.unit_price,
                &mut line.price_discount,
                &mut line.gross_price,
                &mut line.base_quantity,
                &mut line.vat.rate,
            ])
        });
        of_lines
            .chain(adjustments.flat_map(|it| [&mut it.percent, &mut it.vat.rate]))
            .chain(breakdown.map(|it| &mut it.rate))
            .flatten()
    }
}

/// Writes a figure with this number of decimals; zero without a sign.
fn set_decimals(amount: &mut Decimal, decimals: u32) {
    amount.rescale(decimals);
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
}
