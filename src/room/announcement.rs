//! The message that notifies people of what changed between two revisions.

use ruma::OwnedUserId;
use rust_decimal::Decimal;

use super::Message;
use crate::invoice::money::grouped;
use crate::invoice::summary::{document, escape, in_fours, status, tidy};
use crate::transaction::{Change, ChangeKind, Terms, changes};

/// The greatest length of a value in the message, in characters.
const MAX_VALUE_CHARS: usize = 120;
/// The greatest number of account changes that are listed. The message has to fit into one event,
/// together with the user IDs of the people who are notified.
const MAX_LISTED_ACCOUNTS: usize = 10;

/// The fields whose changes are announced, each with its label. All other changes show in the
/// summary and in the history of the invoice page.
const ANNOUNCED_FIELDS: [(&str, &str); 5] = [
    ("status", "Status"),
    ("with_vat", "Total"),
    ("due", "Amount due"),
    ("due_date", "Due date"),
    ("payment_reference", "Payment reference"),
];
/// The fields of the account to pay to. A false account is a common way to steal money.
const ACCOUNT_FIELDS: [(&str, &str); 4] = [
    ("iban", "IBAN"),
    ("bic", "BIC"),
    ("account_name", "Account name"),
    ("account", "Further account"),
];

/// Returns the message about the changes from `before` to `after`, or `None` if none of them needs
/// to be announced.
pub fn announcement(before: &Terms, after: &Terms) -> Option<Message> {
    let changes = changes(before, after);
    let facts = change_lines(&changes, &ANNOUNCED_FIELDS);
    let mut account = change_lines(&changes, &ACCOUNT_FIELDS);
    let omitted = account.len().saturating_sub(MAX_LISTED_ACCOUNTS);
    if omitted > 0 {
        account.truncate(MAX_LISTED_ACCOUNTS);
        account.push(format!("… and {omitted} more"));
    }
    if facts.is_empty() && account.is_empty() {
        return None;
    }
    let number = tidy(&after.invoice.number, MAX_VALUE_CHARS);
    let head = format!("{} {number} has changed", document(&after.invoice));
    let mut body = head.clone();
    let mut html = format!("<p><strong>{}</strong></p>", escape(&head));
    append_list(&facts, &mut body, &mut html);
    if !account.is_empty() {
        let warning = "Warning: the account to pay to has changed.";
        let advice = format!(
            "Before you pay, call {} at a phone number that you already know, and have the new \
             account confirmed. Never use a phone number, an e-mail address or a link from a \
             message about this change: false accounts are a common fraud.",
            tidy(&after.seller.name, MAX_VALUE_CHARS)
        );
        body.push_str(&format!("\n\n{warning}"));
        html.push_str(&format!("\n<p><strong>⚠ {warning}</strong></p>"));
        append_list(&account, &mut body, &mut html);
        body.push_str(&format!("\n{advice}"));
        html.push_str(&format!("\n<p>{}</p>", escape(&advice)));
    }
    Some(Message { body, formatted_body: html })
}

/// Returns the content of an `m.room.message` that notifies `people` (Client-Server API, "User and
/// room mentions") and has the send id `send_id`.
pub fn content_with_mentions(
    message: &Message,
    people: &[OwnedUserId],
    send_id: &str,
) -> serde_json::Value {
    let mut content = message.content(send_id);
    if !people.is_empty() {
        content["m.mentions"] = serde_json::json!({ "user_ids": people });
    }
    content
}

/// Returns one line for each change of a field in `names`, such as `Total: EUR 10.00 → EUR 12.00`.
fn change_lines(changes: &[Change], names: &[(&str, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, name) in names {
        for change in changes.iter().filter(|change| change.what == *what) {
            let before = format_value(change, change.before.as_deref());
            let after = format_value(change, change.after.as_deref());
            lines.push(format!("{name}: {before} → {after}"));
        }
    }
    lines
}

/// Returns a value in the form that the summary uses.
fn format_value(change: &Change, value: Option<&str>) -> String {
    let Some(value) = value else { return "none".to_owned() };
    match (&change.kind, change.what) {
        (ChangeKind::Amount(currency), _) => format_amount(&format!("{currency} {value}")),
        (_, "with_vat" | "due") => format_amount(value),
        (_, "iban" | "account") => in_fours(value),
        (_, "status") => status(value),
        _ => tidy(value, MAX_VALUE_CHARS),
    }
}

/// Returns an amount with thousands separators: `EUR 1,234.50` for `EUR 1234.50`.
fn format_amount(text: &str) -> String {
    let parts = text.split_once(' ').and_then(|(currency, figure)| {
        Some(format!("{currency} {}", grouped(figure.parse::<Decimal>().ok()?)))
    });
    parts.unwrap_or_else(|| tidy(text, MAX_VALUE_CHARS))
}

fn append_list(lines: &[String], body: &mut String, html: &mut String) {
    if lines.is_empty() {
        return;
    }
    let safe: Vec<_> = lines.iter().map(|line| escape(line)).collect();
    body.push_str(&format!("\n{}", lines.join("\n")));
    html.push_str(&format!("\n<ul><li>{}</li></ul>", safe.join("</li>\n<li>")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::sample;

    fn announced(change: impl FnOnce(&mut Terms)) -> Option<Message> {
        let before = sample().terms;
        let mut after = before.clone();
        change(&mut after);
        announcement(&before, &after)
    }

    #[test]
    fn unchanged_terms_and_other_fields_are_not_announced() {
        assert_eq!(announced(|_| ()), None);
        assert_eq!(announced(|terms| terms.buyer.name = "Somebody".into()), None);
    }

    #[test]
    fn changes_of_amount_status_and_due_date_name_both_values() {
        let message = announced(|terms| {
            terms.status = "partly_paid".into();
            terms.invoice.totals.with_vat = "1234567.5".parse().unwrap();
            terms.invoice.due_date = Some("2027-02-03".parse().unwrap());
        });
        let body = message.unwrap().body;
        assert!(body.contains("→ partly paid"), "{body}");
        assert!(body.contains("Total: ") && body.contains("1,234,567.50"), "{body}");
        assert!(body.contains("→ 2027-02-03"), "{body}");
        assert!(!body.contains("Warning"), "{body}");
    }

    #[test]
    fn another_account_is_announced_with_a_warning() {
        let fields: [fn(&mut crate::invoice::Payment); 3] = [
            |it| it.iban = Some("NO9386011117947".into()),
            |it| it.bic = Some("DNBANOKK".into()),
            |it| it.account_name = Some("Another Ltd".into()),
        ];
        for field in fields {
            let message = announced(|terms| field(terms.invoice.payment.get_or_insert_default()));
            let Message { body, formatted_body } = message.unwrap();
            for text in [&body, &formatted_body] {
                assert!(text.contains("Warning: the account to pay to has changed"), "{text}");
                assert!(text.contains("a phone number that you already know"), "{text}");
            }
        }
        let iban = |terms: &mut Terms| {
            terms.invoice.payment.get_or_insert_default().iban = Some("NO9386011117947".into());
        };
        assert!(announced(iban).unwrap().body.contains("→ NO93 8601 1117 947"));
    }

    #[test]
    fn any_number_of_accounts_fits_into_one_event() {
        for c in ["\u{10348}", "\"", "x"] {
            let account = |number: usize| crate::invoice::Account {
                iban: format!("{number}{}", c.repeat(190)),
                bic: None,
            };
            let message = announced(|terms| {
                let payment = terms.invoice.payment.get_or_insert_default();
                payment.iban = Some(c.repeat(200));
                payment.further_accounts = (0..100).map(account).collect();
            });
            let message = message.unwrap();
            assert!(message.body.contains("IBAN: none → ") && message.body.contains(" more\n"));
            let people: Vec<OwnedUserId> = (100..200)
                .map(|it| OwnedUserId::try_from(format!("@{it}{}:x.org", "a".repeat(245))).unwrap())
                .collect();
            let length = content_with_mentions(&message, &people, "1").to_string().len();
            assert!(length < 60 * 1024, "{length}");
        }
    }

    #[test]
    fn a_change_of_currency_names_both_currencies() {
        let message = announced(|terms| {
            terms.invoice.currency = crate::invoice::Currency::parse("NOK").unwrap()
        });
        let body = message.unwrap().body;
        assert!(body.contains("EUR ") && body.contains("→ NOK "), "{body}");
    }

    #[test]
    fn what_a_shop_wrote_is_escaped() {
        let message = announced(|terms| terms.status = "<b>paid</b>".into()).unwrap();
        assert!(message.formatted_body.contains("&lt;b&gt;paid"), "{}", message.formatted_body);
    }

    #[test]
    fn people_are_mentioned_if_there_are_any() {
        let message = announced(|terms| terms.status = "paid".into()).unwrap();
        let ann = ruma::user_id!("@ann:x.org").to_owned();
        let content = content_with_mentions(&message, std::slice::from_ref(&ann), "1");
        assert_eq!(content["m.mentions"], serde_json::json!({ "user_ids": [ann] }));
        assert_eq!(content["msgtype"], "m.text");
        assert_eq!(content_with_mentions(&message, &[], "1")["m.mentions"], serde_json::json!({}));
    }
}
