//! What changed between two revisions, as a message that people are notified of.

use ruma::OwnedUserId;

use super::Message;
use crate::language::Locale;
use crate::transaction::{Change, ChangeKind, Terms, changes};
use crate::wording::safe::{escape, one_line};
use crate::wording::summary::short_status;
use crate::wording::{amount_with_code, change_label, changed_value, kind};

/// The longest value that is repeated, in characters.
const MAX_TEXT_CHARS: usize = 120;
/// The greatest number of changes of accounts that are told one by one: all has to fit into one
/// event, with the ids of those who are notified.
const MAX_ACCOUNT_CHANGES: usize = 10;

/// The changes that are told. All others show in the summary and in the history of the invoice page.
const ANNOUNCED: [&str; 5] = ["status", "with_vat", "due", "due_date", "payment_reference"];
/// The account to pay to. A change of it is a common way to steal money.
const ACCOUNT: [&str; 4] = ["iban", "bic", "account_name", "account"];

/// The message that tells what `after` says differently from `before`; none if nothing of it needs
/// to be told.
pub fn announcement(before: &Terms, after: &Terms, locale: &Locale) -> Option<Message> {
    let changes = changes(before, after);
    let facts = lines(&changes, &ANNOUNCED, locale);
    let mut account = lines(&changes, &ACCOUNT, locale);
    let beyond = account.len().saturating_sub(MAX_ACCOUNT_CHANGES);
    if beyond > 0 {
        account.truncate(MAX_ACCOUNT_CHANGES);
        let count = i64::try_from(beyond).unwrap_or(i64::MAX);
        account.push(locale.text_with("announcement-more", &[("count", count.into())]));
    }
    if facts.is_empty() && account.is_empty() {
        return None;
    }
    let arguments = [
        ("kind", kind(&after.invoice, locale).into()),
        ("number", one_line(&after.invoice.number, MAX_TEXT_CHARS).into()),
    ];
    let head = locale.text_with("announcement", &arguments);
    let mut body = head.clone();
    let mut html = format!("<p><strong>{}</strong></p>", escape(&head));
    add(&facts, &mut body, &mut html);
    if !account.is_empty() {
        let warning = locale.text("account-warning");
        let seller = one_line(&after.seller.name, MAX_TEXT_CHARS);
        let advice = locale.text_with("account-advice", &[("seller", seller.into())]);
        body.push_str(&format!("\n\n{warning}"));
        html.push_str(&format!("\n<p><strong>⚠ {}</strong></p>", escape(&warning)));
        add(&account, &mut body, &mut html);
        body.push_str(&format!("\n{advice}"));
        html.push_str(&format!("\n<p>{}</p>", escape(&advice)));
    }
    Some(Message { body, formatted_body: html })
}

/// The content of an `m.room.message` that notifies `people` ("User and room mentions" in the
/// Client-Server API), marked as the send `send_id`.
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

/// `Total with VAT: EUR 10.00 → EUR 12.00`, one for each of `changes` whose name is in `announced`.
fn lines(changes: &[Change], announced: &[&str], locale: &Locale) -> Vec<String> {
    let of_name = |name| changes.iter().filter(move |change| change.what == name);
    let line = |change: &Change| {
        let value = |value: &Option<String>| match value {
            None => locale.text("no-value"),
            Some(value) if change.what == "status" => short_status(value, locale),
            Some(value) => match (&change.kind, value.parse()) {
                (ChangeKind::Amount(currency), Ok(amount)) => {
                    amount_with_code(amount, *currency, locale)
                }
                _ => one_line(&changed_value(change, value, locale), MAX_TEXT_CHARS),
            },
        };
        let arguments = [
            ("label", change_label(change, locale).into()),
            ("before", value(&change.before).into()),
            ("after", value(&change.after).into()),
        ];
        locale.text_with("announced-change", &arguments)
    };
    announced.iter().copied().flat_map(of_name).map(line).collect()
}

fn add(lines: &[String], body: &mut String, html: &mut String) {
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
    use crate::language::Language;
    use crate::transaction::sample;

    fn told(change: impl FnOnce(&mut Terms)) -> Option<Message> {
        let before = sample().terms;
        let mut after = before.clone();
        change(&mut after);
        announcement(&before, &after, &Locale::of(Language::English))
    }

    #[test]
    fn the_same_again_and_other_details_are_not_told() {
        assert_eq!(told(|_| ()), None);
        assert_eq!(told(|terms| terms.buyer.name = "Somebody".into()), None);
    }

    #[test]
    fn amount_status_and_due_date_are_told_from_what_to_what() {
        let message = told(|terms| {
            terms.status = "partly_paid".into();
            terms.invoice.totals.with_vat = "1234567.5".parse().unwrap();
            terms.invoice.due_date = Some("2027-02-03".parse().unwrap());
        });
        let body = message.unwrap().body;
        assert!(body.contains("→ Partly paid"), "{body}");
        assert!(body.contains("Total with VAT: ") && body.contains("1,234,567.50"), "{body}");
        assert!(body.contains("→ 3 February 2027"), "{body}");
        assert!(!body.contains("Warning"), "{body}");
    }

    #[test]
    fn another_account_is_told_with_a_warning() {
        let fields: [fn(&mut crate::invoice::Payment); 3] = [
            |it| it.iban = Some("NO9386011117947".into()),
            |it| it.bic = Some("DNBANOKK".into()),
            |it| it.account_name = Some("Another Ltd".into()),
        ];
        for field in fields {
            let message = told(|terms| field(terms.invoice.payment.get_or_insert_default()));
            let Message { body, formatted_body } = message.unwrap();
            for text in [&body, &formatted_body] {
                assert!(text.contains("Warning: the account to pay to has changed"), "{text}");
                assert!(text.contains("a phone number that you already know"), "{text}");
            }
        }
        let iban = |terms: &mut Terms| {
            terms.invoice.payment.get_or_insert_default().iban = Some("NO9386011117947".into());
        };
        assert!(told(iban).unwrap().body.contains("→ NO93 8601 1117 947"));
    }

    #[test]
    fn any_number_of_accounts_fits_into_one_event() {
        for c in ["\u{10348}", "\"", "x"] {
            let account = |number: usize| crate::invoice::Account {
                iban: format!("{number}{}", c.repeat(190)),
                account_name: None,
                bic: None,
            };
            let message = told(|terms| {
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
    fn an_amount_in_another_currency_is_told_with_both() {
        let message =
            told(|terms| terms.invoice.currency = crate::invoice::Currency::parse("NOK").unwrap());
        let body = message.unwrap().body;
        assert!(body.contains("EUR ") && body.contains("→ NOK "), "{body}");
    }

    #[test]
    fn what_a_shop_wrote_is_escaped() {
        let message = told(|terms| terms.status = "<b>paid</b>".into()).unwrap();
        assert!(message.formatted_body.contains("&lt;b&gt;paid"), "{}", message.formatted_body);
    }

    #[test]
    fn people_are_mentioned_and_nobody_is_if_there_is_nobody() {
        let message = told(|terms| terms.status = "paid".into()).unwrap();
        let ann = ruma::user_id!("@ann:x.org").to_owned();
        let content = content_with_mentions(&message, std::slice::from_ref(&ann), "1");
        assert_eq!(content["m.mentions"], serde_json::json!({ "user_ids": [ann] }));
        assert_eq!(content["msgtype"], "m.text");
        assert_eq!(content_with_mentions(&message, &[], "1")["m.mentions"], serde_json::json!({}));
    }
}
