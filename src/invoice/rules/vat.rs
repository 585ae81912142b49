//! The rules of the VAT categories: the same ones for each, with what [`FAMILIES`] says.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::breakdown::{TOLERANCE, product, signed_product};
use super::figures::half_up;
use super::figures::taxable_by_vat;
use super::vat_families::{FAMILIES, Family, Ids, NOT_TAXED, PLACES, Rows};
use super::vat_words::{id, says};
use super::{Checker, Form, finding, lines_of, with_figures};
use crate::invoice::model::{AdjustmentInput, InvoiceInput, VatSubtotalInput};
use crate::invoice::money::{exact, plain};
use crate::invoice::problem::Problem;

/// The rows of the VAT breakdown in a category, with their places.
pub(super) fn rows_of<'a>(
    invoice: &'a InvoiceInput,
    category: &'a str,
) -> impl Iterator<Item = (usize, &'a VatSubtotalInput)> {
    let rows = invoice.vat_breakdown.iter().flatten().enumerate();
    rows.filter(move |(_, row)| row.category == category)
}

/// Whether anything in the invoice is in a category.
pub(super) fn uses(invoice: &InvoiceInput, category: &str) -> bool {
    rows_of(invoice, category).next().is_some()
        || PLACES.iter().any(|place| taxed(invoice, place).any(|it| it.category == category))
}

/// Something that has a VAT category: a line, an allowance or a charge.
struct Taxed<'a> {
    at: String,
    category: &'a str,
    rate: Option<Decimal>,
    amount: Decimal,
}

fn taxed<'a>(invoice: &'a InvoiceInput, place: &str) -> Box<dyn Iterator<Item = Taxed<'a>> + 'a> {
    let adjusted = |list: &'static str, all: &'a [AdjustmentInput]| {
        all.iter().enumerate().map(move |(index, it)| Taxed {
            at: format!("/{list}/{index}/vat"),
            category: &it.vat.category,
            rate: it.vat.rate,
            amount: it.amount.unwrap_or_default(),
        })
    };
    match place {
        "line" => Box::new(lines_of(invoice).map(|(index, line)| Taxed {
            at: format!("/lines/{index}/vat"),
            category: &line.vat.category,
            rate: line.vat.rate,
            amount: line.net_amount.unwrap_or_default(),
        })),
        "allowance" => Box::new(adjusted("allowances", &invoice.allowances)),
        _ => Box::new(adjusted("charges", &invoice.charges)),
    }
}

pub(super) fn check(checker: &mut Checker<'_>) {
    for family in &FAMILIES {
        if uses(checker.invoice, family.code) {
            let mut one = OneFamily::new(family, checker.invoice, checker.form);
            let found = one.check();
            checker.found.extend(found);
        }
    }
}

struct OneFamily<'a> {
    family: &'static Family,
    invoice: &'a InvoiceInput,
    form: Form,
    /// The sums for each row, by its rate; of a family that is not taxed, all are under no rate.
    sums: HashMap<Option<Decimal>, Sums>,
}

/// The sums of the amounts of lines, allowances and charges in one row of the VAT breakdown.
#[derive(Clone, Copy, Default)]
struct Sums {
    lines: Decimal,
    allowances: Decimal,
    charges: Decimal,
}

impl<'a> OneFamily<'a> {
    fn new(family: &'static Family, invoice: &'a InvoiceInput, form: Form) -> Self {
        let mut one = Self { family, invoice, form, sums: HashMap::new() };
        for place in PLACES {
            for it in one.in_it(place) {
                let sums = one.sums.entry(it.rate.filter(|_| family.is_taxed)).or_default();
                let sum = match place {
                    "line" => &mut sums.lines,
                    "allowance" => &mut sums.allowances,
                    _ => &mut sums.charges,
                };
                *sum += it.amount;
            }
        }
        one
    }

    fn check(&mut self) -> Vec<Problem> {
        let mut found = Vec::new();
        if !self.has_its_rows() {
            let mut finding = self.broken(1, "/vat_breakdown".to_owned());
            finding.detail.push_str(&self.without_row());
            found.push(finding);
        }
        for (nth, place) in PLACES.iter().enumerate() {
            let all: Vec<Taxed<'_>> = self.in_it(place).collect();
            if !all.is_empty() && !self.has_ids() {
                let at =
                    if self.family.ids == Ids::SellerVat { "/seller/vat_id" } else { "/seller" };
                found.push(self.broken(2 + nth, at.to_owned()));
            }
            for it in all {
                let is_cii = self.form == Form::Cii;
                if !self.family.takes(it.rate, self.form != Form::Json, is_cii) {
                    found.push(self.broken(5 + nth, format!("{}/rate", it.at)));
                }
            }
        }
        for (index, row) in rows_of(self.invoice, self.family.code) {
            self.row(index, row, &mut found);
        }
        if self.family.code == NOT_TAXED {
            self.nothing_else(&mut found);
        }
        found
    }

    fn broken(&self, number: usize, at: String) -> Problem {
        finding(&id(self.family, number), &says(self.family, number), at)
    }

    /// What the breakdown has no row for, as a sentence.
    fn without_row(&self) -> String {
        if rows_of(self.invoice, self.family.code).next().is_some() {
            return String::new();
        }
        let code = self.family.code;
        let of_category =
            taxable_by_vat(self.invoice).into_iter().filter(|(vat, _)| vat.category == code);
        let written = |amount| match self.invoice.currency {
            Some(currency) => exact(amount, currency),
            None => plain(amount),
        };
        let sentences = of_category.map(|(vat, amount)| {
            let rate = vat.rate.map(|rate| format!(" at {} %", plain(rate))).unwrap_or_default();
            let amount = written(amount);
            format!(" There is none for {code}{rate}, in which they come to {amount}.")
        });
        sentences.collect()
    }

    fn in_it(&self, place: &str) -> impl Iterator<Item = Taxed<'a>> + use<'a> {
        let code = self.family.code;
        taxed(self.invoice, place).filter(move |it| it.category == code)
    }

    fn has_its_rows(&self) -> bool {
        let rows = rows_of(self.invoice, self.family.code).count();
        let lines = self.in_it("line").count();
        let others = self.in_it("allowance").count() + self.in_it("charge").count();
        let is_used = lines + others > 0;
        let is_cii = self.form == Form::Cii;
        match self.family.rows {
            // In CII, CEN does not miss the row of category O.
            Rows::One if is_cii => {
                (rows == 1 && is_used) || (rows == 0 && self.family.code == NOT_TAXED)
            }
            Rows::One => rows == 1,
            // In CII, CEN counts rows and lines together, so that two lines without a row pass.
            Rows::Several if is_cii => {
                (lines == 0 || lines + rows >= 2) && (others == 0 || others + rows >= 2)
            }
            Rows::Several => (rows > 0) == is_used,
        }
    }

    /// In JSON, a party that is left out stands in the transaction.
    fn has_ids(&self) -> bool {
        let seller = self.invoice.seller.as_ref();
        let buyer = self.invoice.buyer.as_ref();
        let seller_vat = seller.is_some_and(|it| it.vat_id.is_some());
        let representative =
            self.invoice.tax_representative.as_ref().is_some_and(|it| it.vat_id.is_some());
        let tax_number = seller.is_some_and(|it| it.tax_number.is_some());
        let buyer_vat = buyer.is_some_and(|it| it.vat_id.is_some());
        let is_unknown = |is_there: bool| self.form == Form::Json && !is_there;
        let of_seller = is_unknown(seller.is_some()) || seller_vat || representative;
        let of_buyer = is_unknown(buyer.is_some()) || buyer_vat;
        match self.family.ids {
            Ids::Seller => of_seller || tax_number,
            Ids::SellerAndBuyer => {
                let is_registered = buyer.is_some_and(|it| it.registration.is_some());
                (of_seller || tax_number) && (of_buyer || is_registered)
            }
            Ids::SellerVat => of_seller,
            Ids::BothVat => of_seller && of_buyer,
            Ids::None => !seller_vat && !representative && !buyer_vat,
        }
    }

    fn row(&self, index: usize, row: &VatSubtotalInput, found: &mut Vec<Problem>) {
        let at = |field: &str| format!("/vat_breakdown/{index}/{field}");
        if let Some(computed) = self.other_taxable(row) {
            found.push(with_figures(
                self.broken(8, at("taxable")),
                (row.taxable, computed),
                self.invoice.currency,
            ));
        }
        if let Some(computed) = self.other_tax(row) {
            found.push(with_figures(
                self.broken(9, at("tax")),
                (row.tax, computed),
                self.invoice.currency,
            ));
        }
        let has_reason = row.exemption_reason.is_some() || row.exemption_reason_code.is_some();
        if has_reason != self.family.has_reason {
            found.push(self.broken(10, at("exemption_reason")));
        }
    }

    /// Returns what the taxable amount should be, if it is something else.
    fn other_taxable(&self, row: &VatSubtotalInput) -> Option<Decimal> {
        let is_cii = self.form == Form::Cii;
        if self.family.is_taxed {
            // CEN compares the amounts of each rate, so a row without one is not compared. In CII, it looks
            // for the rates of L and M in the wrong element, and never finds one.
            row.rate?;
            if is_cii && self.family.code != "S" {
                return None;
            }
        }
        let sums = self.sums.get(&row.rate.filter(|_| self.family.is_taxed)).copied();
        let Sums { lines, allowances, charges } = sums.unwrap_or_default();
        let computed = if is_cii {
            half_up(lines) + half_up(charges) - half_up(allowances)
        } else {
            lines + charges - allowances
        };
        let is_exact = match self.family.code {
            "S" | NOT_TAXED => is_cii || self.family.code == NOT_TAXED,
            "L" | "M" => false,
            // CEN tolerates a difference of less than one unit in CII.
            _ => !is_cii,
        };
        let is_used = match self.family.code {
            "S" if !is_cii => sums.is_some(),
            _ => is_cii || !self.invoice.lines.is_empty(),
        };
        let holds = row.taxable.is_some_and(|taxable| {
            let off = (taxable - computed).abs();
            if is_exact { off.is_zero() } else { off < TOLERANCE }
        });
        (!(holds && is_used)).then_some(computed)
    }

    /// Returns what the tax should be, if it is something else.
    fn other_tax(&self, row: &VatSubtotalInput) -> Option<Decimal> {
        if !self.family.is_taxed {
            return (row.tax != Some(Decimal::ZERO)).then_some(Decimal::ZERO);
        }
        if self.form == Form::Cii && self.family.code != "S" {
            // CEN leaves it to BR-CO-17, which it does not run on these rows.
            return None;
        }
        let computed = row.taxable.zip(row.rate).map(|(taxable, rate)| product(taxable, rate));
        let off = computed.zip(row.tax).map(|(computed, tax)| (tax.abs() - computed).abs());
        let holds = off.is_some_and(|off| off < TOLERANCE);
        (!holds).then_some(signed_product(row).unwrap_or_default())
    }

    /// The rules of category O about everything else.
    fn nothing_else(&self, found: &mut Vec<Problem>) {
        if rows_of(self.invoice, NOT_TAXED).next().is_none() {
            return;
        }
        // In CII, CEN does not see a category that is not there.
        let is_cii = self.form == Form::Cii;
        let is_other = |category: &str| category != NOT_TAXED && !(is_cii && category.is_empty());
        let mut others: Vec<bool> =
            vec![self.invoice.vat_breakdown.iter().flatten().any(|row| is_other(&row.category))];
        others.extend(
            PLACES.iter().map(|it| taxed(self.invoice, it).any(|it| is_other(it.category))),
        );
        if is_cii {
            // CEN looks at rows and lines together, and at allowances and charges together.
            let [rows, lines, allowances, charges] = others[..] else { return };
            let (first, second) = (rows || lines, allowances || charges);
            others = vec![first, first, second, second];
        }
        let places = ["/vat_breakdown", "/lines", "/allowances", "/charges"];
        for (nth, at) in
            places.iter().enumerate().filter(|(nth, _)| others.get(*nth) == Some(&true))
        {
            found.push(self.broken(11 + nth, (*at).to_owned()));
        }
    }
}
