//! Checks the values of the `mail` section.

use lettre::Address;

use super::super::{Config, MailServer, draft::Draft};

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
