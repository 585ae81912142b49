//! The business terms of an invoice for which page and PDF have no place of their own. They list them.

use rust_decimal::Decimal;
use serde_json::Value;

use super::card;
use super::model::term::Kind;
use super::model::walk::{Leaf, walk};
use super::model::{Address, Invoice, InvoiceInput};
use super::money::{exact, plain};
use super::original::{OriginalKind, read_kept};
use super::xml::{AttachedContents, FromXml, LeftOvers};

/// The terms that have a place of their own, or that say nothing to a person: page and PDF show them
/// elsewhere.
const SHOWN: [&str; 44] = [
    "BT-1", "BT-2", "BT-3", "BT-5", "BT-9", "BT-10", "BT-13", "BT-20", "BT-23", "BT-24", "BT-27",
    "BT-31", "BT-44", "BT-48", "BT-81", "BT-83", "BT-84", "BT-86", "BT-92", "BT-95", "BT-96",
    "BT-97", "BT-99", "BT-102", "BT-103", "BT-104", "BT-106", "BT-107", "BT-108", "BT-109",
    "BT-110", "BT-112", "BT-113", "BT-114", "BT-115", "BT-116", "BT-117", "BT-118", "BT-119",
    "BT-126", "BT-129", "BT-130", "BT-131", "BT-146",
];
/// The same, of the items of a line.
const SHOWN_OF_ITEMS: [&str; 5] = ["BT-149", "BT-151", "BT-152", "BT-153", "BT-154"];
/// The addresses that have a place of their own: the seller's and the buyer's.
const SHOWN_ADDRESSES: [&str; 2] = ["BG-5", "BG-8"];
/// The other addresses, which are one term each.
const ADDRESSES: [&str; 2] = ["BG-12", "BG-15"];

/// The terms of which the list of what a revision changed has a sentence of its own, or which only tell others
/// apart: the id of a line, the reason of an allowance, the category and the rate of a VAT breakdown. It names all
/// other terms by their names.
const IN_SENTENCES: [&str; 37] = [
    "BT-1", "BT-2", "BT-3", "BT-5", "BT-9", "BT-10", "BT-13", "BT-20", "BT-27", "BT-31", "BT-44",
    "BT-48", "BT-81", "BT-83", "BT-84", "BT-86", "BT-92", "BT-95", "BT-96", "BT-97", "BT-99",
    "BT-102", "BT-103", "BT-104", "BT-109", "BT-110", "BT-112", "BT-113", "BT-114", "BT-115",
    "BT-118", "BT-119", "BT-126", "BT-129", "BT-130", "BT-131", "BT-146",
];
/// The same, of the items of a line.
const IN_SENTENCES_OF_ITEMS: [&str; 4] = ["BT-149", "BT-151", "BT-152", "BT-153"];

/// A business term that has no place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The business term or group of EN 16931, such as `BT-12`. Each has a text `bt-12` in every language.
    pub id: &'static str,
    /// The id of the line that it is about (BT-126); none if it is about the whole document.
    pub line: Option<String>,
    /// The value as the invoice states it.
    pub value: String,
}

/// What an invoice says for which page and PDF have no place of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Further {
    /// The business terms, in the order of the model.
    pub terms: Vec<Term>,
    /// What its file says beyond the model.
    pub left_over: LeftOvers,
}

impl Further {
    /// Of the current invoice of a transaction, which came in as `original`; with the contents of the files that the
    /// invoice carries. The original is parsed once for both. Of a JSON original, which is kept only for the files
    /// in it, and without an original, the invoice itself says everything.
    pub fn with_contents(invoice: &Invoice, original: Option<&[u8]>) -> (Self, AttachedContents) {
        match original {
            Some(file) if OriginalKind::of(file) != OriginalKind::Json => {
                let Ok(read) = read_kept(file) else { return Default::default() };
                let contents = AttachedContents::of_documents(&read.invoice.documents);
                (Self::of_read(read), contents)
            }
            _ => {
                let contents = AttachedContents::for_invoice(invoice, original);
                (Self::of_invoice(&invoice.clone().into()), contents)
            }
        }
    }

    /// Of a UBL or CII invoice, or of a PDF that carries one. Nothing if the file is not such an invoice.
    pub fn of_file(original: &[u8]) -> Self {
        read_kept(original).map(Self::of_read).unwrap_or_default()
    }

    fn of_read(read: FromXml) -> Self {
        Self { left_over: read.left_over, ..Self::of_invoice(&read.invoice) }
    }

    /// Of an invoice that came as JSON.
    pub fn of_invoice(invoice: &InvoiceInput) -> Self {
        let terms = terms(invoice, For::Page);
        Self { terms, left_over: LeftOvers::default() }
    }
}

/// Returns every business term of an invoice that the list of what a revision changed names by its name, in the
/// order of the model.
pub fn terms_to_compare(invoice: &InvoiceInput) -> Vec<Term> {
    terms(invoice, For::Changes)
}

/// For what terms are listed.
#[derive(Clone, Copy, PartialEq)]
enum For {
    Page,
    Changes,
}

fn terms(invoice: &InvoiceInput, list: For) -> Vec<Term> {
    let Ok(value) = serde_json::to_value(invoice) else { return Vec::new() };
    let found = Vec::new();
    let mut terms = Terms { list, invoice, value: &value, found, told: String::new() };
    walk(&value, |leaf| terms.add(leaf));
    terms.found
}

struct Terms<'a> {
    list: For,
    invoice: &'a InvoiceInput,
    value: &'a Value,
    found: Vec<Term>,
    /// The group that was told as one term last.
    told: String,
}

impl Terms<'_> {
    fn add(&mut self, leaf: &Leaf<'_>) {
        let group = leaf.groups.last().map_or("", |(id, _)| *id);
        let is_elsewhere = match self.list {
            For::Page => SHOWN.contains(&leaf.id),
            For::Changes => IN_SENTENCES.contains(&leaf.id),
        };
        if SHOWN_ADDRESSES.contains(&group) || is_elsewhere {
            return;
        }
        if ADDRESSES.contains(&group) {
            self.whole(leaf, group, |value| {
                serde_json::from_value::<Address>(value.clone()).map(one_line).unwrap_or_default()
            });
        } else if group == "BG-32" {
            self.whole(leaf, group, |value| {
                let parts = ["name", "value"].iter().filter_map(|part| value.get(part)?.as_str());
                parts.collect::<Vec<_>>().join(": ")
            });
        } else if group == "BG-DEX-09" {
            let payments = &self.invoice.third_party_payments;
            let payment = leaf.groups.last().and_then(|(_, index)| payments.get((*index)?));
            let amount = payment.and_then(|it| it.amount).map(|it| self.money_of(it));
            let words = payment.map(|it| [it.type_name.clone(), it.description.clone()]);
            let words = words.into_iter().flatten().flatten();
            let text = amount.into_iter().chain(words).collect::<Vec<_>>().join(" · ");
            self.whole(leaf, group, |_| text);
        } else if leaf.id == "BG-1" {
            let subject = leaf.value.get("subject").and_then(Value::as_str).unwrap_or_default();
            self.say(leaf, "BT-21", subject);
        } else if let Some(value) = self.text(leaf, group) {
            self.say(leaf, leaf.id, &value);
        }
    }

    /// Tells a group as one term.
    fn whole(&mut self, leaf: &Leaf<'_>, id: &'static str, text: impl FnOnce(&Value) -> String) {
        let Some((parent, _)) = leaf.pointer.rsplit_once('/') else { return };
        if self.told == parent {
            return;
        }
        self.told = parent.to_owned();
        if let Some(group) = self.value.pointer(parent) {
            let text = text(group);
            self.say(leaf, id, &text);
        }
    }

    fn say(&mut self, leaf: &Leaf<'_>, id: &'static str, value: &str) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() {
            self.found.push(Term { id, line: self.line(leaf), value });
        }
    }

    /// The id of the line in which a term stands.
    fn line(&self, leaf: &Leaf<'_>) -> Option<String> {
        let index = leaf.groups.iter().find(|(id, _)| *id == "BG-25")?.1?;
        self.invoice.lines.get(index)?.id.clone()
    }

    /// The value of a term as a person reads it; none if it is shown elsewhere.
    fn text(&self, leaf: &Leaf<'_>, group: &str) -> Option<String> {
        let value = leaf.value;
        let plain_text = || value.as_str().map(str::to_owned);
        let payment = self.invoice.payment.as_ref();
        match leaf.id {
            id if self.list == For::Page && SHOWN_OF_ITEMS.contains(&id) => None,
            id if self.list == For::Changes && IN_SENTENCES_OF_ITEMS.contains(&id) => None,
            "BT-116" | "BT-117" => {
                let rows = self.invoice.vat_breakdown.as_deref().unwrap_or_default();
                let row = leaf.groups.last().and_then(|(_, index)| rows.get((*index)?))?;
                let rate = row.rate.map(|rate| format!(" {} %", plain(rate))).unwrap_or_default();
                let category = &row.category;
                Some(format!("{} ({category}{rate})", self.money(value)?))
            }
            // Without a code, the words stand in its place.
            "BT-82" => plain_text().filter(|_| payment.is_some_and(|it| it.means.is_some())),
            // The name of the first account has a place; further ones are told apart by their number.
            "BT-85" if group == "BG-17" => {
                let index = leaf.groups.last()?.1?;
                let account = payment?.further_accounts.get(index)?;
                Some(format!("{} ({})", account.account_name.as_ref()?, account.iban))
            }
            "BT-85" => None,
            // A line that is added like any other needs no word.
            "BT-X-8" => plain_text().filter(|role| role != "DETAIL"),
            "BT-87" => plain_text().map(|number| card::masked(&number)),
            "BT-93" | "BT-94" | "BT-98" | "BT-100" | "BT-101" | "BT-105" => {
                Some(format!("{}{}", self.figure_or_text(leaf)?, self.of_adjustment(leaf)))
            }
            "BT-120" | "BT-121" => Some(format!("{}{}", value.as_str()?, self.of_category(leaf))),
            "BT-111" => Some(format!("{} {}", self.invoice.vat_currency?, value.as_str()?)),
            // It is worth a word only if it is another unit than the one of the quantity.
            "BT-150" => {
                let index = leaf.groups.iter().find(|(id, _)| *id == "BG-25")?.1?;
                let unit = self.invoice.lines.get(index)?.unit.as_deref();
                plain_text().filter(|it| Some(it.as_str()) != unit)
            }
            _ => self.figure_or_text(leaf),
        }
    }

    /// An amount or a price, with the decimals of the currency or with more.
    fn money(&self, value: &Value) -> Option<String> {
        figure(value).map(|amount| self.money_of(amount))
    }

    fn money_of(&self, amount: Decimal) -> String {
        self.invoice.currency.map_or_else(|| amount.to_string(), |it| exact(amount, it))
    }

    fn figure_or_text(&self, leaf: &Leaf<'_>) -> Option<String> {
        let value = leaf.value;
        match leaf.term.kind {
            Kind::Amount => self.money(value),
            // Prices.
            Kind::Figure if matches!(leaf.id, "BT-147" | "BT-148") => self.money(value),
            Kind::Figure => Some(format!("{} %", plain(figure(value)?))),
            Kind::Identifier | Kind::Identifiers | Kind::Classifications => match value {
                Value::String(id) => Some(id.clone()),
                parts => {
                    let id = parts.get("id")?.as_str()?;
                    let scheme = parts.get("scheme").and_then(Value::as_str);
                    Some(scheme.map_or_else(|| id.to_owned(), |scheme| format!("{id} ({scheme})")))
                }
            },
            Kind::Attachment => value.get("filename")?.as_str().map(str::to_owned),
            _ => value.as_str().map(str::to_owned),
        }
    }

    /// Of several allowances or charges, each is told apart by its reason.
    fn of_adjustment(&self, leaf: &Leaf<'_>) -> String {
        let Some((id, Some(index))) = leaf.groups.last().copied() else { return String::new() };
        let all = if id == "BG-20" { &self.invoice.allowances } else { &self.invoice.charges };
        match all.get(index).and_then(|it| it.reason.as_ref()) {
            Some(reason) if all.len() > 1 => format!(" ({reason})"),
            _ => String::new(),
        }
    }

    /// Of several categories with a reason for exemption, each is named.
    fn of_category(&self, leaf: &Leaf<'_>) -> String {
        let Some((_, Some(index))) = leaf.groups.last().copied() else { return String::new() };
        let rows = self.invoice.vat_breakdown.as_deref().unwrap_or_default();
        let exempt = rows
            .iter()
            .filter(|it| it.exemption_reason.is_some() || it.exemption_reason_code.is_some());
        match rows.get(index) {
            Some(row) if exempt.count() > 1 => format!(" ({})", row.category),
            _ => String::new(),
        }
    }
}

fn figure(value: &Value) -> Option<Decimal> {
    value.as_str()?.parse().ok()
}

/// An address in one line.
fn one_line(it: Address) -> String {
    let city: Vec<String> = [it.postal_code, it.city].into_iter().flatten().collect();
    let place = [Some(city.join(" ")), it.region, it.country].into_iter().flatten();
    let parts: Vec<String> = it.lines.into_iter().chain(place).collect();
    let parts: Vec<&str> =
        parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
