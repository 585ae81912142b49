//! Reads amounts, which have to be in the currency of the invoice, or in the one of VAT accounting.

use rust_decimal::Decimal;
use serde_json::Value;

use super::super::path::routes;
use super::super::text::shown;
use super::super::tree::Id;
use super::{Hit, Reader};
use crate::invoice::problem::Problem;

/// The paths of the totals of VAT, of which a file may have one in each of two currencies.
const TOTALS_OF_VAT: [&str; 2] = ["cac:TaxTotal/cbc:TaxAmount", "ram:TaxTotalAmount"];

/// The group of the totals of UBL.
const TOTALS_OF_UBL: &str = "cac:LegalMonetaryTotal";

impl Reader<'_> {
    /// An amount in the currency of the invoice, or in the one of VAT accounting. An amount that names no
    /// currency is in the one of the invoice.
    pub(super) fn amount(
        &mut self,
        path: &'static str,
        from: Id,
        in_vat_currency: bool,
    ) -> Option<Value> {
        let wanted = if in_vat_currency {
            self.vat_currency.clone()?
        } else {
            self.currency.clone().unwrap_or_default()
        };
        if in_vat_currency && self.currency.as_ref() == Some(&wanted) {
            return None;
        }
        let hits: Vec<Hit> =
            routes(path).iter().flat_map(|route| self.route_hits(route, from)).collect();
        let currency_of = |hit: &Hit| {
            let named =
                self.tree.element(hit.id).attributes.iter().find(|it| it.name == "currencyID");
            named.map(|it| it.value.trim().to_owned()).filter(|it| !it.is_empty())
        };
        let said: Vec<(Hit, Option<String>)> = hits
            .iter()
            .filter(|hit| !self.tree.element(hit.id).text.trim().is_empty())
            .map(|hit| (*hit, currency_of(hit)))
            .collect();
        let fits = |currency: &Option<String>| match currency {
            Some(currency) => *currency == wanted,
            None => !in_vat_currency,
        };
        let is_any = self.currency.is_none() && !in_vat_currency;
        let mut fitting = said.iter().filter(|(_, currency)| is_any || fits(currency));
        if let Some((hit, _)) = fitting.next() {
            let other = fitting.find(|(it, _)| self.contradicts(hit, it)).map(|(it, _)| *it);
            if let Some(other) = other.filter(|_| !TOTALS_OF_VAT.contains(&path)) {
                self.in_contradiction(*hit, other);
            }
            self.tree.read_attribute(hit.id, "currencyID");
            return self.figure(*hit);
        }
        let (hit, other) = said.into_iter().find_map(|(hit, it)| Some((hit, it?)))?;
        let is_for_vat = Some(&other) == self.vat_currency.as_ref();
        if !in_vat_currency && !is_for_vat && self.currency.is_some() {
            self.tree.read_text(hit.id);
            self.in_other_currency(hit, &other);
            // The rules go on with the figure, except with a total of VAT: the right one may be missing.
            if !TOTALS_OF_VAT.contains(&path) {
                return self.figure(hit);
            }
        }
        None
    }

    /// Whether two places of one group, or of the totals, state two different amounts. CII may have several
    /// discounts of a price, which are groups of their own.
    fn contradicts(&self, hit: &Hit, other: &Hit) -> bool {
        let [one, another] = [hit, other].map(|it| self.tree.element(it.id));
        let figure =
            |text: &'_ str| text.trim().parse::<Decimal>().map_err(|_| text.trim().to_owned());
        let is_total = &*self.tree.element(one.parent).name == TOTALS_OF_UBL;
        (one.parent == another.parent || is_total) && figure(&one.text) != figure(&another.text)
    }

    /// Nobody could know which of two amounts is meant.
    fn in_contradiction(&mut self, hit: Hit, other: Hit) {
        let [place, again] = [hit, other].map(|it| self.tree.xpath(it.id));
        let [figure, another] = [hit, other].map(|it| shown(self.tree.element(it.id).text.trim()));
        let detail = format!(
            "{place} states {figure}, and {again} states {another}. EN 16931 has this amount once; keep \
             the right one."
        );
        self.problems.push(Problem::at(self.pointer.clone(), detail));
    }

    /// Of several groups of totals in CII, nobody could know which one is meant.
    pub(super) fn in_totals_again(&mut self, hit: Hit) {
        let detail = format!(
            "{} states totals again. EN 16931 has them once; keep the right ones.",
            self.tree.xpath(hit.id)
        );
        self.problems.push(Problem::at(self.pointer.clone(), detail));
    }

    /// Every amount of an invoice is in its currency, and so is every price.
    pub(super) fn in_other_currency(&mut self, hit: Hit, other: &str) {
        self.tree.read_attribute(hit.id, "currencyID");
        let shown = shown(other);
        let detail = format!(
            "{} is in {shown}, but the invoice is in {} (BT-5). Every amount of an invoice is in its \
             currency; correct one of the two.",
            self.tree.xpath(hit.id),
            self.currency.as_deref().unwrap_or_default()
        );
        let problem = Problem::at(self.pointer.clone(), detail);
        self.problems.push(problem.breaking("PEPPOL-EN16931-R051"));
    }
}
