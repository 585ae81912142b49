//! The invoice in a room: the room's name and topic, the headline, and the summary that is pinned.
//!
//! The layout follows from how clients show it: Element's pin banner is the text of the first
//! block, its pinned list clips all but two narrow columns, text clients print `body`.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::safe::{escape, keep_end, keep_start, one_line, visible_chars};
use super::{
    TotalKind, amount_with_code, kind, line_text, owed_label, payment, price, status, totals, vat,
};
use crate::invoice::{Adjustment, Invoice, Line};
use crate::language::Locale;
use crate::transaction::{Owed, Standing};

/// The greatest number of lines of the invoice that the summary shows: what nheko's pin can hold.
const MAX_LINES: usize = 6;
/// The greatest number of allowances, charges or VAT rates that are shown one by one.
const MAX_ROWS: usize = 4;
/// How much of a headline number and amount may take, in characters: Element's pin banner shows
/// no more of it on a telephone.
const MAX_NUMBER_AND_AMOUNT_CHARS: usize = 30 - 3;
/// What a headline shows at least of a long number, in characters.
const MIN_NUMBER_CHARS: usize = 8;
/// The longest number in the name of a room, in characters.
const MAX_NUMBER_CHARS: usize = 40;
/// The longest status, in characters.
const MAX_STATUS_CHARS: usize = 24;
/// The longest headline, in characters.
const MAX_HEADLINE_CHARS: usize = 79;
/// The longest name of a room, in characters.
const MAX_ROOM_NAME_CHARS: usize = 100;
/// The longest of any other text in a summary, in characters.
const MAX_TEXT_CHARS: usize = 120;
/// The longest payment terms or reference in a summary, in characters.
const MAX_PAYMENT_CHARS: usize = 300;

/// What a summary is made from.
#[derive(Clone, Copy, Debug)]
pub struct SummaryInput<'a> {
    /// The invoice.
    pub invoice: &'a Invoice,
    /// How the transaction stands today.
    pub standing: &'a Standing,
    /// The seller's name.
    pub seller: &'a str,
    /// The buyer's name.
    pub buyer: &'a str,
    /// The link to the invoice page.
    pub page_url: Option<&'a str>,
    /// The language and the formats of the texts.
    pub locale: &'a Locale,
}

impl SummaryInput<'_> {
    fn owed(&self) -> Owed {
        self.standing.owed
    }

    /// The amount that matters to the buyer: what is to be paid or what is given back. If nobody has to
    /// pay, it is the total, and the words after it say so.
    fn amount(&self) -> String {
        match self.owed() {
            Owed::Credited(amount) => {
                let amount = self.with_code(amount);
                self.locale.text_with("summary-credited", &[("amount", amount.as_str().into())])
            }
            Owed::Payable(amount) => self.with_code(amount),
            Owed::Nothing | Owed::Ended(_) => self.with_code(self.invoice.totals.with_vat),
        }
    }

    /// An amount with its currency.
    fn with_code(&self, amount: Decimal) -> String {
        amount_with_code(amount, self.invoice.currency, self.locale)
    }

    /// An amount without its currency.
    fn bare(&self, amount: Decimal) -> String {
        self.locale.bare_amount(amount, self.invoice.currency)
    }

    /// Seller and buyer.
    fn parties(&self) -> String {
        let [seller, buyer] = [self.seller, self.buyer].map(|name| one_line(name, MAX_TEXT_CHARS));
        let arguments = [("seller", seller.into()), ("buyer", buyer.into())];
        self.locale.text_with("room-parties", &arguments)
    }
}

/// The same message as text and as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// No tags, one fact a line.
    pub body: String,
    /// For `org.matrix.custom.html`; a newline stands between blocks and cells, because Element's
    /// pin banner drops the tags without putting a space in.
    pub formatted_body: String,
}

/// One row of the table: an amount and what it is for.
struct Row {
    amount: Decimal,
    text: String,
    is_strong: bool,
}

impl Row {
    fn new(text: String, amount: Decimal) -> Self {
        Self { amount, text, is_strong: false }
    }

    fn strong(text: String, amount: Decimal) -> Self {
        Self { is_strong: true, ..Self::new(text, amount) }
    }
}

/// `INV-2024-0042 · EUR 1,234.50 · Awaiting payment · Due 1 Jul 2024`, under 80 characters.
pub fn headline(input: &SummaryInput<'_>) -> String {
    let left = MAX_NUMBER_AND_AMOUNT_CHARS.saturating_sub(visible_chars(&input.amount()));
    let number = one_line(&input.invoice.number, MAX_TEXT_CHARS);
    let number = keep_end(&number, left.max(MIN_NUMBER_CHARS));
    keep_start(&format!("{number} · {}", topic(input)), MAX_HEADLINE_CHARS)
}

/// `EUR 1,234.50 · Awaiting payment · Due 1 Jul 2024`; the day only while somebody has to pay.
pub fn topic(input: &SummaryInput<'_>) -> String {
    let mut topic = input.amount();
    if let Some(shown) = &input.standing.word {
        // Writing to a String cannot fail.
        let _ = write!(topic, " · {}", short_status(shown, input.locale));
    } else if input.owed() == Owed::Nothing {
        let _ = write!(topic, " · {}", owed_label(Owed::Nothing, input.locale));
    }
    if let Some(due) = input.standing.due_date {
        let day = input.locale.short_date(due);
        let due = input.locale.text_with("summary-due", &[("date", day.into())]);
        let _ = write!(topic, " · {due}");
    }
    topic
}

/// `Invoice INV-2024-0042 · Acme Ltd → Birch GmbH`
pub fn room_name(input: &SummaryInput<'_>) -> String {
    let number = one_line(&input.invoice.number, MAX_TEXT_CHARS);
    let arguments = [
        ("kind", kind(input.invoice, input.locale).into()),
        ("number", keep_end(&number, MAX_NUMBER_CHARS).into()),
        ("parties", input.parties().into()),
    ];
    keep_start(&input.locale.text_with("room-name", &arguments), MAX_ROOM_NAME_CHARS)
}

/// The message that is pinned.
pub fn summarise(input: &SummaryInput<'_>) -> Summary {
    let (invoice, locale) = (input.invoice, input.locale);
    let headline = headline(input);
    let introduction = introduction(input);
    let lines = invoice.lines.iter().take(MAX_LINES).map(|line| line_row(line, input));
    let hidden = invoice.lines.len().saturating_sub(MAX_LINES);

    let mut body = format!("{headline}\n{introduction}\n\n");
    let mut html = format!(
        "<p><strong>{}</strong></p>\n<p>{}</p>\n<table><thead><tr><th>{}</th>\n<th></th></tr>\
         </thead><tbody>\n",
        escape(&headline),
        escape(&introduction),
        invoice.currency,
    );
    for row in lines {
        let _ = writeln!(body, "- {} = {}", row.text, input.bare(row.amount));
        html.push_str(&html_row(&row, input));
    }
    if hidden > 0 {
        let count = i64::try_from(hidden).unwrap_or(i64::MAX);
        let more = locale.text_with("summary-more-lines", &[("count", count.into())]);
        let _ = writeln!(body, "{more}");
        let _ = writeln!(html, "<tr><td></td>\n<td>{}</td></tr>", escape(&more));
    }
    for row in sums(input) {
        let _ = writeln!(body, "{}", locale.labelled(&row.text, &input.with_code(row.amount)));
        html.push_str(&html_row(&row, input));
    }
    html.push_str("</tbody></table>");
    let payment = payment_lines(input);
    if !payment.is_empty() {
        let _ = write!(body, "\n{}\n", payment.join("\n"));
        let lines: Vec<_> = payment.iter().map(|line| escape(line)).collect();
        let _ = write!(html, "\n<p>{}</p>", lines.join("<br>\n"));
    }
    if let Some(url) = input.page_url {
        let _ = write!(body, "\n{url}");
        let open = escape(&locale.text("entrance-open"));
        let _ = write!(html, "\n<p><a href=\"{}\">{open}</a></p>", escape(url));
    }
    Summary { body: body.trim_end().to_owned(), formatted_body: html }
}

/// A status, short enough for a headline.
pub(crate) fn short_status(word: &str, locale: &Locale) -> String {
    one_line(&status(word, locale), MAX_STATUS_CHARS)
}

fn introduction(input: &SummaryInput<'_>) -> String {
    let arguments = [
        ("kind", kind(input.invoice, input.locale).into()),
        ("date", input.locale.date(input.invoice.issue_date).into()),
        ("parties", input.parties().into()),
    ];
    input.locale.text_with("summary-introduction", &arguments)
}

fn line_row(line: &Line, input: &SummaryInput<'_>) -> Row {
    let arguments = [
        ("description", one_line(&line_text(line), MAX_TEXT_CHARS).into()),
        ("quantity", input.locale.quantity(line.quantity, &line.unit).into()),
        ("price", price(line, input.invoice.currency, input.locale).into()),
    ];
    Row::new(input.locale.text_with("summary-line", &arguments), line.net_amount)
}

/// Allowances, charges and VAT one by one if they are few, and the totals.
fn sums(input: &SummaryInput<'_>) -> Vec<Row> {
    let (invoice, locale) = (input.invoice, input.locale);
    let mut rows = Vec::new();
    for total in totals(invoice, input.standing, locale) {
        match total.kind {
            // The lines stand above.
            TotalKind::Lines => {}
            TotalKind::Allowances if invoice.allowances.len() <= MAX_ROWS => {
                let row = |it| adjustment_row(it, "allowance", locale);
                rows.extend(invoice.allowances.iter().map(row).map(negated));
            }
            TotalKind::Charges if invoice.charges.len() <= MAX_ROWS => {
                rows.extend(invoice.charges.iter().map(|it| adjustment_row(it, "charge", locale)));
            }
            TotalKind::Vat if (1..=MAX_ROWS).contains(&invoice.vat_breakdown.len()) => {
                rows.extend(invoice.vat_breakdown.iter().map(|it| {
                    let arguments = [
                        ("rate", vat(&it.category, it.rate, locale).into()),
                        ("taxable", input.bare(it.taxable).into()),
                    ];
                    Row::new(locale.text_with("summary-vat", &arguments), it.tax)
                }));
            }
            TotalKind::WithVat => rows.push(Row::strong(total.label, total.amount)),
            _ => rows.push(Row::new(total.label, total.amount)),
        }
    }
    let owed = input.owed();
    if let Owed::Payable(amount) | Owed::Credited(amount) = owed
        && amount != invoice.totals.with_vat
    {
        rows.push(Row::strong(owed_label(owed, locale), amount));
    }
    rows
}

fn adjustment_row(it: &Adjustment, label: &str, locale: &Locale) -> Row {
    let label = locale.text(label);
    let reason = it.reason.as_deref().map(|reason| one_line(reason, MAX_TEXT_CHARS));
    let text = match reason.filter(|reason| !reason.is_empty()) {
        Some(reason) => locale.labelled(&label, &reason),
        None => label,
    };
    Row::new(text, it.amount)
}

fn negated(row: Row) -> Row {
    Row { amount: -row.amount, ..row }
}

/// How to pay, one short line each; or that nobody has to.
fn payment_lines(input: &SummaryInput<'_>) -> Vec<String> {
    let (invoice, locale, owed) = (input.invoice, input.locale, input.owed());
    if owed.payable().is_none() {
        return vec![owed_label(Owed::Nothing, locale)];
    }
    let mut lines = Vec::new();
    let (mut further_accounts, mut discounts) = (0, 0);
    for detail in payment(invoice, input.standing, locale) {
        let count = match detail.id {
            "payment-further-account" => &mut further_accounts,
            "payment-discount" => &mut discounts,
            _ => &mut 0,
        };
        *count += 1;
        if *count > MAX_ROWS {
            continue;
        }
        let text = one_line(&detail.shown, MAX_PAYMENT_CHARS);
        lines.push(locale.labelled(&detail.label, &text));
    }
    lines
}

fn html_row(row: &Row, input: &SummaryInput<'_>) -> String {
    let (amount, text) = (escape(&input.bare(row.amount)), escape(&row.text));
    if row.is_strong {
        format!("<tr><td><strong>{amount}</strong></td>\n<td><strong>{text}</strong></td></tr>\n")
    } else {
        format!("<tr><td>{amount}</td>\n<td>{text}</td></tr>\n")
    }
}

#[cfg(test)]
mod tests;
