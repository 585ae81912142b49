//! The invoice in a few words: headline, room name, topic, and the message that is pinned.
//!
//! The layout follows from how clients show it: Element's pin banner is the text of the first
//! block, its pinned list clips all but two narrow columns, text clients print `body`.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::model::{Adjustment, Invoice, Line};
use super::money::{grouped, plain};
use super::owed::{Owed, status_to_show};
use super::units;

/// Most lines of the invoice that the summary shows: what nheko's pin can hold.
const MAX_LINES: usize = 6;
/// Most rows of allowances, charges or VAT before they are shown as one sum.
const MAX_ROWS: usize = 4;
/// Longest number in a headline, so that number and total stand in its first 30 characters.
const HEADLINE_NUMBER: usize = 30 - 3;
/// Shortest number in a headline, however long the total is.
const SHORTEST_NUMBER: usize = 8;
/// Longest status in a headline.
const HEADLINE_STATUS: usize = 24;
/// Longest room name.
const MAX_NAME: usize = 100;
/// Longest of any other text in a summary.
const MAX_TEXT: usize = 120;
/// Longest payment terms or reference in a summary.
const MAX_TERMS: usize = 300;

/// What a summary is made from.
#[derive(Clone, Copy, Debug)]
pub struct SummaryInput<'a> {
    /// The invoice.
    pub invoice: &'a Invoice,
    /// The shop's word for where it stands.
    pub status: &'a str,
    /// The seller's name.
    pub seller: &'a str,
    /// The buyer's name.
    pub buyer: &'a str,
    /// Link to the invoice page.
    pub page_url: Option<&'a str>,
}

impl SummaryInput<'_> {
    fn owed(&self) -> Owed {
        Owed::of(self.invoice, self.status)
    }

    /// The figure that the document is known by: its total, or what it gives back.
    fn figure(&self) -> String {
        match self.owed() {
            Owed::Credited(amount) => format!("{} credited", money(self.invoice, amount)),
            _ => money(self.invoice, self.invoice.totals.with_vat),
        }
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
    amount: String,
    text: String,
    strong: bool,
}

/// `INV-2024-0042 · EUR 1,234.50 · awaiting payment · due 2024-07-01`, under 80 characters.
pub fn headline(input: &SummaryInput<'_>) -> String {
    let figure = input.figure();
    let room = HEADLINE_NUMBER.saturating_sub(figure.chars().count()).max(SHORTEST_NUMBER);
    let number = keep_end(&tidy(&input.invoice.number, MAX_TEXT), room);
    format!("{number} · {}", topic(input))
}

/// `EUR 1,234.50 · awaiting payment · due 2024-07-01`; the day only while somebody has to pay.
pub fn topic(input: &SummaryInput<'_>) -> String {
    let mut topic = input.figure();
    if let Some(shown) = status_to_show(input.invoice, input.status) {
        // Writing to a String cannot fail.
        let _ = write!(topic, " · {}", status(shown));
    } else if input.owed() == Owed::Nothing {
        topic.push_str(" · nothing due");
    }
    let due_date = input.owed().payable().and(input.invoice.due_date);
    if let Some(due) = due_date {
        let _ = write!(topic, " · due {due}");
    }
    topic
}

/// `Invoice INV-2024-0042 · Acme Ltd → Birch GmbH`
pub fn room_name(input: &SummaryInput<'_>) -> String {
    let number = keep_end(&tidy(&input.invoice.number, MAX_TEXT), 40);
    let parties = parties(input);
    tidy(&format!("{} {number} · {parties}", document(input.invoice)), MAX_NAME)
}

/// The message that is pinned.
pub fn summarise(input: &SummaryInput<'_>) -> Summary {
    let headline = headline(input);
    let invoice = input.invoice;
    let introduction =
        format!("{} of {}, {}", document(invoice), invoice.issue_date, parties(input));
    let lines: Vec<Row> = invoice.lines.iter().take(MAX_LINES).map(line_row).collect();
    let hidden = invoice.lines.len().saturating_sub(MAX_LINES);
    let figures = figures(invoice, input.owed());
    let payment = payment(invoice, input.owed());

    let mut body = format!("{headline}\n{introduction}\n\n");
    let mut html = format!(
        "<p><strong>{}</strong></p>\n<p>{}</p>\n<table><thead><tr><th>{}</th>\n<th>Item</th></tr>\
         </thead><tbody>\n",
        escape(&headline),
        escape(&introduction),
        invoice.currency,
    );
    for row in &lines {
        let _ = writeln!(body, "- {} = {}", row.text, row.amount);
        html.push_str(&html_row(row));
    }
    if hidden > 0 {
        let more = if hidden == 1 { "line" } else { "lines" };
        let _ = writeln!(body, "… and {hidden} more {more}");
        let _ = writeln!(html, "<tr><td></td>\n<td>… and {hidden} more {more}</td></tr>");
    }
    for row in &figures {
        let _ = writeln!(body, "{}: {} {}", row.text, invoice.currency, row.amount);
        html.push_str(&html_row(row));
    }
    html.push_str("</tbody></table>");
    if !payment.is_empty() {
        let _ = write!(body, "\n{}\n", payment.join("\n"));
        let lines: Vec<_> = payment.iter().map(|line| escape(line)).collect();
        let _ = write!(html, "\n<p>{}</p>", lines.join("<br>\n"));
    }
    if let Some(url) = input.page_url {
        let _ = write!(body, "\n{url}");
        let _ = write!(html, "\n<p><a href=\"{}\">Open invoice</a></p>", escape(url));
    }
    Summary { body: body.trim_end().to_owned(), formatted_body: html }
}

/// What the document is called.
pub fn document(invoice: &Invoice) -> &'static str {
    if invoice.is_credit_note() { "Credit note" } else { "Invoice" }
}

fn parties(input: &SummaryInput<'_>) -> String {
    format!("{} → {}", tidy(input.seller, MAX_TEXT), tidy(input.buyer, MAX_TEXT))
}

/// The shop's word for where a transaction stands, as people read it.
pub(crate) fn status(status: &str) -> String {
    tidy(&status.replace('_', " "), HEADLINE_STATUS)
}

fn line_row(line: &Line) -> Row {
    let unit = units::name(&line.unit);
    let quantity = plain(line.quantity);
    let quantity = if unit.is_empty() { quantity } else { format!("{quantity} {unit}") };
    let per = line.base_quantity.map(|base| format!(" per {}", plain(base))).unwrap_or_default();
    Row {
        amount: grouped(line.net_amount),
        text: format!(
            "{}, {quantity} × {}{per}",
            tidy(&line.description, MAX_TEXT),
            grouped(line.unit_price)
        ),
        strong: false,
    }
}

fn figures(invoice: &Invoice, owed: Owed) -> Vec<Row> {
    let totals = &invoice.totals;
    let row = |text: String, amount: Decimal| Row { amount: grouped(amount), text, strong: false };
    let mut rows = Vec::new();
    rows.extend(adjustment_rows(&invoice.allowances, "Allowance", -totals.allowances, true));
    rows.extend(adjustment_rows(&invoice.charges, "Charge", totals.charges, false));
    rows.push(row("Net".to_owned(), totals.without_vat));
    if invoice.vat_breakdown.len() <= MAX_ROWS {
        rows.extend(invoice.vat_breakdown.iter().map(|it| {
            let rate = it.rate.map(|rate| format!(" {} %", plain(rate))).unwrap_or_default();
            row(format!("VAT{rate} on {}", grouped(it.taxable)), it.tax)
        }));
    } else {
        rows.push(row("VAT".to_owned(), totals.vat));
    }
    rows.push(Row { strong: true, ..row("Total".to_owned(), totals.with_vat) });
    if !totals.paid.is_zero() {
        rows.push(row("Paid".to_owned(), -totals.paid));
    }
    if !totals.rounding.is_zero() {
        rows.push(row("Rounding".to_owned(), totals.rounding));
    }
    match owed {
        Owed::Payable(amount) if amount != totals.with_vat => {
            rows.push(Row { strong: true, ..row("Amount due".to_owned(), amount) });
        }
        Owed::Credited(amount) if amount != totals.with_vat => {
            rows.push(Row { strong: true, ..row("Amount credited".to_owned(), amount) });
        }
        _ => {}
    }
    rows
}

fn adjustment_rows(all: &[Adjustment], word: &str, sum: Decimal, negative: bool) -> Vec<Row> {
    let row = |text: String, amount: Decimal| Row { amount: grouped(amount), text, strong: false };
    if all.len() > MAX_ROWS {
        return vec![row(format!("{word}s"), sum)];
    }
    all.iter()
        .map(|it| {
            let reason = it.reason.as_deref().map(|reason| tidy(reason, MAX_TEXT));
            let text = match reason {
                Some(reason) if !reason.is_empty() => format!("{word}, {reason}"),
                _ => word.to_owned(),
            };
            row(text, if negative { -it.amount } else { it.amount })
        })
        .collect()
}

/// How to pay, one short line each; or that nobody has to.
fn payment(invoice: &Invoice, owed: Owed) -> Vec<String> {
    if owed.payable().is_none() {
        return vec!["Nothing to pay.".to_owned()];
    }
    let Some(payment) = &invoice.payment else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(iban) = &payment.iban {
        let mut line = format!("Pay to {}", in_fours(iban));
        if let Some(bic) = &payment.bic {
            let _ = write!(line, " (BIC {})", tidy(bic, MAX_TEXT));
        }
        if let Some(name) = &payment.account_name {
            let _ = write!(line, ", {}", tidy(name, MAX_TEXT));
        }
        lines.push(line);
    }
    lines.extend(
        payment
            .further_accounts
            .iter()
            .take(MAX_ROWS)
            .map(|account| format!("or to {}", in_fours(&account.iban))),
    );
    if let Some(reference) = &payment.reference {
        lines.push(format!("Reference {}", tidy(reference, MAX_TERMS)));
    }
    if let Some(terms) = &payment.terms {
        lines.push(format!("Terms: {}", tidy(terms, MAX_TERMS)));
    }
    lines
}

fn html_row(row: &Row) -> String {
    let (amount, text) = (escape(&row.amount), escape(&row.text));
    if row.strong {
        format!("<tr><td><strong>{amount}</strong></td>\n<td><strong>{text}</strong></td></tr>\n")
    } else {
        format!("<tr><td>{amount}</td>\n<td>{text}</td></tr>\n")
    }
}

fn money(invoice: &Invoice, amount: Decimal) -> String {
    format!("{} {}", invoice.currency, grouped(amount))
}

/// An account number as banks print it.
pub(crate) fn in_fours(iban: &str) -> String {
    let letters: Vec<char> = tidy(iban, MAX_TEXT).chars().filter(|c| !c.is_whitespace()).collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// One line of at most `limit` characters, without anything that could change how its
/// surroundings read.
pub(crate) fn tidy(text: &str, limit: usize) -> String {
    let turns_direction = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let spaced: String = text
        .chars()
        .filter(|c| !turns_direction(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let mut cut: String = line.chars().take(limit - 1).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// The last `limit` characters: the end of a number tells it from its neighbours.
fn keep_end(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_owned();
    }
    format!("…{}", text.chars().skip(count - (limit - 1)).collect::<String>())
}

/// Safe as HTML text and inside a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{InvoiceInput, settle};
    use super::*;

    fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
        let mut json = json!({
            "number": "INV-2024-0042", "issue_date": "2024-06-01", "due_date": "2024-07-01",
            "currency": "EUR",
            "lines": [{ "description": "Oak plank", "quantity": "10", "unit": "MTR",
                        "unit_price": "45.00", "vat": { "category": "S", "rate": "20" } }],
            "payment": { "iban": "DE02120300000000202051", "bic": "BYLADEM1001", "terms": "30 days" },
        });
        change(&mut json);
        settle(serde_json::from_value::<InvoiceInput>(json).unwrap()).unwrap().invoice
    }

    fn of(invoice: &Invoice) -> SummaryInput<'_> {
        SummaryInput {
            invoice,
            status: "awaiting_payment",
            seller: "Acme Ltd",
            buyer: "Birch GmbH",
            page_url: Some("https://pay.example.org/t/1?a=1&b=2"),
        }
    }

    #[test]
    fn the_first_block_is_the_whole_summary_in_one_line() {
        let invoice = invoice(|_| ());
        let summary = summarise(&of(&invoice));
        let headline = "INV-2024-0042 · EUR 540.00 · awaiting payment · due 2024-07-01";
        assert_eq!(summary.body.lines().next(), Some(headline));
        let first = format!("<p><strong>{headline}</strong></p>");
        assert_eq!(summary.formatted_body.lines().next(), Some(first.as_str()));
    }

    #[test]
    fn text_and_html_show_the_same() {
        let invoice = invoice(|_| ());
        let summary = summarise(&of(&invoice));
        assert_eq!(
            summary.body,
            "INV-2024-0042 · EUR 540.00 · awaiting payment · due 2024-07-01\n\
             Invoice of 2024-06-01, Acme Ltd → Birch GmbH\n\n\
             - Oak plank, 10 m × 45.00 = 450.00\n\
             Net: EUR 450.00\n\
             VAT 20 % on 450.00: EUR 90.00\n\
             Total: EUR 540.00\n\n\
             Pay to DE02 1203 0000 0000 2020 51 (BIC BYLADEM1001)\n\
             Terms: 30 days\n\n\
             https://pay.example.org/t/1?a=1&b=2"
        );
        let html = &summary.formatted_body;
        for row in [
            "<tr><th>EUR</th>\n<th>Item</th></tr>",
            "<tr><td>450.00</td>\n<td>Oak plank, 10 m × 45.00</td></tr>",
            "<tr><td>90.00</td>\n<td>VAT 20 % on 450.00</td></tr>",
            "<tr><td><strong>540.00</strong></td>\n<td><strong>Total</strong></td></tr>",
            "<a href=\"https://pay.example.org/t/1?a=1&amp;b=2\">Open invoice</a>",
        ] {
            assert!(html.contains(row), "{row} is missing in {html}");
        }
        // What Element drops must not be needed.
        for dropped in ["colspan", "align", "style", "class", "<h"] {
            assert!(!html.contains(dropped));
        }
    }

    #[test]
    fn number_and_total_stand_in_the_first_thirty_characters() {
        for number in ["1", "INV-2024-0042", "A-VERY-LONG-NUMBER/OF/AN/INVOICE-2024-000042"] {
            let invoice = invoice(|json| json["number"] = json!(number));
            let headline = headline(&of(&invoice));
            let start: String = headline.chars().take(30).collect();
            assert!(start.contains("EUR 540.00"), "{headline}");
            assert!(headline.chars().count() < 80, "{headline}");
        }
        let long = invoice(|json| {
            json["lines"][0]["unit_price"] = json!("99999999.99");
            json["number"] = json!("A".repeat(100));
        });
        let input = SummaryInput { status: "a status of many many words", ..of(&long) };
        assert!(headline(&input).chars().count() < 80, "{}", headline(&input));
    }

    #[test]
    fn what_came_from_the_shop_is_text_and_nothing_else() {
        let invoice = invoice(|json| {
            json["lines"][0]["description"] = json!("<script>alert('x')</script>\n&\u{202e}evil");
        });
        let input = SummaryInput { seller: "A\u{2066}\"<b>", buyer: "B\nC", ..of(&invoice) };
        let summary = summarise(&input);
        assert!(!summary.formatted_body.contains("<script"));
        assert!(summary.formatted_body.contains("A&quot;&lt;b&gt; → B C"));
        for text in [&summary.body, &summary.formatted_body, &room_name(&input), &topic(&input)] {
            assert!(!text.contains(['\u{202e}', '\u{2066}']), "{text}");
        }
    }

    #[test]
    fn a_credit_note_says_so() {
        let invoice = invoice(|json| json["type"] = json!("381"));
        let input = of(&invoice);
        assert_eq!(room_name(&input), "Credit note INV-2024-0042 · Acme Ltd → Birch GmbH");
        assert!(summarise(&input).body.contains("\nCredit note of 2024-06-01, "));
    }

    #[test]
    fn what_is_paid_is_not_due() {
        let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
        let body = summarise(&of(&invoice)).body;
        assert!(body.contains("Paid: EUR -40.00\nAmount due: EUR 500.00"), "{body}");
    }

    #[test]
    fn nobody_is_asked_for_money_that_is_not_owed() {
        let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
        for status in ["paid", "Canceled", "refunded", "draft", "written-off"] {
            let input = SummaryInput { status, ..of(&invoice) };
            let Summary { body, formatted_body } = summarise(&input);
            for text in [body, formatted_body, topic(&input), headline(&input)] {
                for asks in ["due", "Pay to", "DE02", "Terms"] {
                    assert!(!text.contains(asks), "{asks:?} of {status} in {text}");
                }
                assert!(text.contains("EUR"), "{text}");
            }
        }
    }

    #[test]
    fn what_gives_money_back_says_how_much_and_asks_nobody() {
        for change in [(|json| json["type"] = json!("381")) as fn(&mut Value), |json| {
            json["lines"][0]["quantity"] = json!("-10")
        }] {
            let invoice = invoice(change);
            let input = of(&invoice);
            let topic = topic(&input);
            assert_eq!(topic, "EUR 540.00 credited");
            let body = summarise(&input).body;
            assert!(!body.contains("due") && !body.contains("Pay to"), "{body}");
            assert!(body.contains("\n\nNothing to pay.\n"), "{body}");
        }
    }

    #[test]
    fn the_largest_invoice_has_a_short_summary() {
        let invoice = invoice(|json| {
            let mut line = json["lines"][0].clone();
            line["description"] = json!("&".repeat(4_000));
            json["lines"] = json!(vec![line; 2_000]);
            json["notes"] = json!(["x".repeat(20_000)]);
            json["payment"]["terms"] = json!("'".repeat(4_000));
            let allowance = json!({ "amount": "1.00", "reason": "<".repeat(4_000),
                                    "vat": { "category": "S", "rate": "20" } });
            json["allowances"] = json!(vec![allowance; 50]);
        });
        let input =
            SummaryInput { seller: &"\"".repeat(200), buyer: &"<".repeat(200), ..of(&invoice) };
        let Summary { body, formatted_body } = summarise(&input);
        assert!(
            body.len() + formatted_body.len() < 16_384,
            "{}",
            body.len() + formatted_body.len()
        );
        assert!(body.contains("… and 1994 more lines"));
        assert!(room_name(&input).chars().count() <= 100);
    }
}
