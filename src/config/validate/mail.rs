//! Checks the values of the `mail` section.

use lettre::Address;

use super::super::mail_text::{problem_of_opening, problem_of_subject};
use super::super::{ApiConfig, Config, MailServer, MailText, Reminders, draft::Draft};
use super::page::check_shop;

/// The greatest number of reminders before a due date, and after it.
const MAX_REMINDERS: usize = 5;
/// The greatest number of days between a due date and a reminder.
const MAX_REMINDER_DAYS: u8 = 60;

pub(super) fn check(config: &Config, draft: &mut Draft) {
    let mail = &config.mail;
    if let Some(from) = &mail.from
        && from.parse::<Address>().is_err()
    {
        draft.refuse("mail.from", "a text that is no e-mail address", None);
    }
    if let Some(listen) = mail.listen {
        if !listen.ip().is_loopback() {
            draft.refuse("mail.listen", &listen.to_string(), None);
        }
        if mail.replies.is_none() {
            let fix = "write the address to which answers come back, or remove mail.listen";
            draft.refuse("mail.replies", "nothing", Some(fix));
        }
    }
    check_reminders(&mail.reminders, &config.api, draft);
    check_texts(&mail.texts, &config.api, draft);
    let Some(smtp) = &mail.smtp else { return };
    if let Err(problem) = MailServer::parse(smtp.expose()) {
        draft.refuse("mail.smtp", problem, None);
    }
    if mail.from.is_none() {
        let fix = "write the address of the sender, or remove mail.smtp";
        draft.refuse("mail.from", "nothing", Some(fix));
    }
    if config.page.url.is_none() {
        let fix = "set page.url, or remove mail.smtp: mails lead to the invoice page";
        draft.refuse("mail.smtp", "a server without page.url", Some(fix));
    }
}

fn check_reminders(reminders: &[Reminders], api: &ApiConfig, draft: &mut Draft) {
    for (position, Reminders { shop, before_days, after_days }) in reminders.iter().enumerate() {
        let path = format!("mail.reminders[{position}]");
        let before = reminders.iter().take(position).map(|it| it.shop.as_str());
        check_shop(&path, shop, before, api, draft);
        for (name, days) in [("before_days", before_days), ("after_days", after_days)] {
            let odd = days.iter().find(|it| !(1..=MAX_REMINDER_DAYS).contains(it));
            let found = match odd {
                Some(odd) => odd.to_string(),
                None if days.len() > MAX_REMINDERS => format!("a list of {}", days.len()),
                None => continue,
            };
            draft.refuse(&format!("{path}.{name}"), &found, None);
        }
        if before_days.is_empty() && after_days.is_empty() {
            draft.refuse(&format!("{path}.before_days"), "nothing, and no after_days", None);
        }
    }
}

fn check_texts(texts: &[MailText], api: &ApiConfig, draft: &mut Draft) {
    for (position, MailText { shop, mail, subject, opening }) in texts.iter().enumerate() {
        let path = format!("mail.texts[{position}]");
        let before = texts.iter().take(position).filter(|it| it.mail == *mail);
        check_shop(&path, shop, before.map(|it| it.shop.as_str()), api, draft);
        for (name, problem) in [
            ("subject", subject.as_ref().and_then(problem_of_subject)),
            ("opening", opening.as_ref().and_then(problem_of_opening)),
        ] {
            if let Some(problem) = problem {
                draft.refuse(&format!("{path}.{name}"), &problem, None);
            }
        }
        if subject.is_none() && opening.is_none() {
            draft.refuse(&format!("{path}.subject"), "nothing, and no opening", None);
        }
    }
}
