//! The invoice in a room: the room's name and topic, the headline, and the summary that is pinned.
//!
//! The layout follows from how clients show it: Element's pin banner is the text of the first
//! block, its pinned list clips all but two narrow columns, text clients print `body`.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::safe::{escape, keep_end, keep_start, one_line, visible_chars};
use super::{TotalKind, amount_with_code, kind, owed_label, payment, price, status, totals, vat};
use crate::invoice::{Adjustment, Invoice, Line, Owed, status_to_show};
use crate::language::Locale;

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
    /// The shop's status of the transaction.
    pub status: &'a str,
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
        Owed::of(self.invoice, self.status)
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
    if let Some(shown) = status_to_show(input.invoice, input.status) {
        // Writing to a String cannot fail.
        let _ = write!(topic, " · {}", short_status(shown, input.locale));
    } else if input.owed() == Owed::Nothing {
        let _ = write!(topic, " · {}", owed_label(Owed::Nothing, input.locale));
    }
    if let Some(due) = input.owed().payable().and(input.invoice.due_date) {
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
        let _ = writeln!(body, "{}: {}", row.text, input.with_code(row.amount));
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
        ("description", one_line(&line.description, MAX_TEXT_CHARS).into()),
        ("quantity", input.locale.quantity(line.quantity, &line.unit).into()),
        ("price", price(line, input.invoice.currency, input.locale).into()),
    ];
    Row::new(input.locale.text_with("summary-line", &arguments), line.net_amount)
}

/// Allowances, charges and VAT one by one if they are few, and the totals.
fn sums(input: &SummaryInput<'_>) -> Vec<Row> {
    let (invoice, locale) = (input.invoice, input.locale);
    let mut rows = Vec::new();
    for total in totals(invoice, locale) {
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
        Some(reason) => {
            let arguments = [("label", label.into()), ("text", reason.into())];
            locale.text_with("labelled", &arguments)
        }
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
    let mut further_accounts = 0;
    for detail in payment(invoice, owed, locale) {
        if detail.id == "payment-further-account" {
            further_accounts += 1;
            if further_accounts > MAX_ROWS {
                continue;
            }
        }
        let text = one_line(&detail.shown, MAX_PAYMENT_CHARS);
        let arguments = [("label", detail.label.into()), ("text", text.into())];
        lines.push(locale.text_with("labelled", &arguments));
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
mod tests {
    use std::sync::LazyLock;

    use serde_json::{Value, json};

    use super::*;
    use crate::invoice::{Form, InvoiceInput, settle};
    use crate::language::Language;

    static ENGLISH: LazyLock<Locale> = LazyLock::new(|| Locale::of(Language::English));

    fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
        let mut json = json!({
            "number": "INV-2024-0042", "issue_date": "2024-06-01", "due_date": "2024-07-01",
            "currency": "EUR",
            "lines": [{ "description": "Oak plank", "quantity": "10", "unit": "MTR",
                        "unit_price": "45.00", "vat": { "category": "S", "rate": "20" } }],
            "payment": { "iban": "DE02120300000000202051", "bic": "BYLADEM1001", "terms": "30 days" },
        });
        change(&mut json);
        settle(serde_json::from_value::<InvoiceInput>(json).unwrap(), Form::Json).unwrap().invoice
    }

    fn of(invoice: &Invoice) -> SummaryInput<'_> {
        SummaryInput {
            invoice,
            status: "awaiting_payment",
            seller: "Acme Ltd",
            buyer: "Birch GmbH",
            page_url: Some("https://pay.example.org/t/1?a=1&b=2"),
            locale: &ENGLISH,
        }
    }

    #[test]
    fn the_first_block_is_the_whole_summary_in_one_line() {
        let invoice = invoice(|_| ());
        let summary = summarise(&of(&invoice));
        let headline = "INV-2024-0042 · EUR 540.00 · Awaiting payment · Due 1 Jul 2024";
        assert_eq!(summary.body.lines().next(), Some(headline));
        let first = format!("<p><strong>{headline}</strong></p>");
        assert_eq!(summary.formatted_body.lines().next(), Some(first.as_str()));
    }

    #[test]
    fn every_language_has_the_same_facts() {
        let invoice = invoice(|json| {
            json["allowances"] = json!([{ "amount": "1.00",
            "reason": "Loyalty", "vat": { "category": "S", "rate": "20" } }])
        });
        for language in Language::ALL {
            let locale = Locale::of(language);
            let input = SummaryInput { locale: &locale, ..of(&invoice) };
            let body = summarise(&input).body;
            for fact in [
                "INV-2024-0042",
                "EUR",
                "Acme Ltd",
                "Birch GmbH",
                "Oak plank",
                "Loyalty",
                "DE02 1203 0000 0000 2020 51",
                "BYLADEM1001",
                "30 days",
                "https://",
            ] {
                assert!(body.contains(fact), "{fact} is missing in {body}");
            }
            assert!(!headline(&input).contains('…'), "{}", headline(&input));
            // The record would remark that clients with and without HTML show different words.
            let event = json!({ "type": "m.room.message", "event_id": "$e", "sender": "@bot:x.org",
                "content": { "msgtype": "m.text", "body": body,
                    "format": "org.matrix.custom.html",
                    "formatted_body": summarise(&input).formatted_body } });
            let remark = crate::record::derive(&event.to_string()).remark.unwrap_or_default();
            assert!(!remark.contains("say different things"), "{remark}: {body}");
            // A text that is missing would show its id.
            for id in ["summary-", "room-", "total-", "payment-", "amount-", "labelled"] {
                assert!(!body.contains(id), "{id} in {body}");
            }
        }
        let german = SummaryInput { locale: &Locale::of(Language::German), ..of(&invoice) };
        assert_eq!(topic(&german), "538,80\u{a0}EUR · Zahlung ausstehend · Fällig am 01.07.2024");
        assert_eq!(room_name(&german), "Rechnung INV-2024-0042 · Acme Ltd → Birch GmbH");
    }

    #[test]
    fn text_and_html_show_the_same() {
        let invoice = invoice(|_| ());
        let summary = summarise(&of(&invoice));
        assert_eq!(
            summary.body,
            "INV-2024-0042 · EUR 540.00 · Awaiting payment · Due 1 Jul 2024\n\
             Invoice of 1 June 2024, Acme Ltd → Birch GmbH\n\n\
             - Oak plank, 10 m × 45.00 = 450.00\n\
             Total without VAT: EUR 450.00\n\
             VAT (20%) on 450.00: EUR 90.00\n\
             Total: EUR 540.00\n\n\
             IBAN: DE02 1203 0000 0000 2020 51\n\
             BIC: BYLADEM1001\n\
             Terms: 30 days\n\n\
             https://pay.example.org/t/1?a=1&b=2"
        );
        let html = &summary.formatted_body;
        for row in [
            "<tr><th>EUR</th>\n<th></th></tr>",
            "<tr><td>450.00</td>\n<td>Oak plank, 10 m × 45.00</td></tr>",
            "<tr><td>90.00</td>\n<td>VAT (20%) on 450.00</td></tr>",
            "<tr><td><strong>540.00</strong></td>\n<td><strong>Total</strong></td></tr>",
            "<a href=\"https://pay.example.org/t/1?a=1&amp;b=2\">Open the invoice</a>",
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
        assert!(summarise(&input).body.contains("\nCredit note of 1 June 2024, "));
    }

    #[test]
    fn what_is_paid_is_not_due() {
        let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
        let body = summarise(&of(&invoice)).body;
        assert!(body.contains("Already paid: EUR -40.00\nAmount due: EUR 500.00"), "{body}");
    }

    #[test]
    fn headline_and_topic_tell_what_is_to_be_paid_and_not_the_total() {
        let invoice = invoice(|json| {
            json["totals"] = json!({ "paid": "40.00", "rounding": "0.01" });
        });
        let input = of(&invoice);
        assert_eq!(topic(&input), "EUR 500.01 · Awaiting payment · Due 1 Jul 2024");
        assert!(headline(&input).starts_with("INV-2024-0042 · EUR 500.01 · "));
        let body = summarise(&input).body;
        assert!(body.contains("\nTotal: EUR 540.00\n"), "{body}");
        // Once it is paid, nothing is to be paid, and the total is what the invoice is known by.
        assert_eq!(topic(&SummaryInput { status: "paid", ..input }), "EUR 540.00 · Paid");
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (currency, price, amount) in [
            ("JPY", "109.9", "JPY 1,319"),
            ("KWD", "1.2345", "KWD 14.814"),
            ("CLF", "1.00001", "CLF 12.0001"),
        ] {
            let invoice = invoice(|json| {
                json["currency"] = json!(currency);
                json["lines"][0]["unit_price"] = json!(price);
            });
            let input = of(&invoice);
            assert!(topic(&input).starts_with(&format!("{amount} · ")), "{}", topic(&input));
            let Summary { body, .. } = summarise(&input);
            assert!(body.contains(&format!("\nTotal: {amount}\n")), "{body}");
        }
    }

    #[test]
    fn nobody_is_asked_for_money_that_is_not_owed() {
        let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
        for status in ["paid", "Canceled", "refunded", "draft", "written-off"] {
            let input = SummaryInput { status, ..of(&invoice) };
            let Summary { body, formatted_body } = summarise(&input);
            for text in [body, formatted_body, topic(&input), headline(&input)] {
                for asks in ["due", "Due", "IBAN", "DE02", "Terms"] {
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
            assert!(!body.contains("ue ") && !body.contains("IBAN"), "{body}");
            assert!(body.contains("\n\nNothing to pay\n"), "{body}");
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
