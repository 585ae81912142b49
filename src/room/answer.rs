//! What the bot answers to a command. An answer is a notice, so it makes no noise and no other bot answers to it.

use std::collections::BTreeMap;

use ruma::OwnedUserId;
use serde_json::{Value, json};

use super::command::{Command, Wish};
use super::{Member, Message};
use crate::language::Locale;
use crate::transaction::{Contact, Party, PartyRole, Standing, Status, Transaction};
use crate::wording::kind;
use crate::wording::safe::{escape, one_line};
use crate::wording::summary::{SummaryInput, headline, short_status, summarise};

/// The longest name or duty in an answer, in characters.
const MAX_TEXT_CHARS: usize = 120;

/// What answers are made from.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The transaction.
    pub transaction: &'a Transaction,
    /// How it stands today.
    pub standing: &'a Standing,
    /// The people of its room.
    pub members: &'a BTreeMap<OwnedUserId, Member>,
    /// The statuses that the party of the asker may set at all.
    pub settable: &'a [Status],
    /// The link to the invoice page that is good for nobody without a way in, if there is a page.
    pub page_link: Option<&'a str>,
    /// The language of the answer.
    pub locale: &'a Locale,
}

/// The answer to what is only asked. None for a command that has an effect, which is said when it is done.
pub fn answer(wish: &Wish, asked: &Asked<'_>) -> Option<Message> {
    Some(match wish {
        Wish::Command(Command::Help, _) => asked.help(),
        Wish::Command(Command::Status, _) => plain(&headline(&asked.summary())),
        Wish::Command(Command::Invoice, _) => {
            let summary = summarise(&asked.summary());
            Message { body: summary.body, formatted_body: summary.formatted_body }
        }
        Wish::Command(Command::Who, _) => asked.who(),
        Wish::Command(
            Command::Link
            | Command::Export
            | Command::Accept
            | Command::Dispute
            | Command::Paid
            | Command::Shipped,
            _,
        ) => return None,
        Wish::Unknown { nearest, .. } => unknown(*nearest, asked.locale),
    })
}

/// An answer of one sentence, the text with this id.
pub fn sentence(text_id: &str, locale: &Locale) -> Message {
    plain(&locale.text(text_id))
}

/// The answer to a command that sets a status, when it is set.
pub fn status_set(asked: &Asked<'_>) -> Message {
    plain(&asked.locale.text_with("answer-status", &[("status", asked.status().into())]))
}

/// The answer to a command that sets a status which cannot follow now. `possible` are those that the party may set.
pub fn status_refused(possible: &[Status], asked: &Asked<'_>) -> Message {
    let settable = |it: &Command| it.status().is_some_and(|status| possible.contains(&status));
    let commands: Vec<_> =
        Command::ALL.into_iter().filter(settable).map(|it| it.written(asked.locale)).collect();
    let mut arguments = vec![("status", asked.status().into())];
    if commands.is_empty() {
        return plain(&asked.locale.text_with("answer-nothing-now", &arguments));
    }
    arguments.push(("commands", asked.locale.list(&commands).into()));
    plain(&asked.locale.text_with("answer-not-now", &arguments))
}

/// The answer to a command that lacks a reason.
pub fn reason_missing(command: Command, locale: &Locale) -> Message {
    let written = command.written(locale);
    plain(&locale.text_with("answer-reason", &[("command", written.into())]))
}

/// What a personal link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFor {
    /// The invoice page.
    Page,
    /// The conversation as a file, and the page.
    Conversation,
}

/// The direct message with the link of one person. `until` is a date as it is written in the language.
pub fn with_link(
    url: &str,
    what: LinkFor,
    until: &str,
    transaction: &Transaction,
    locale: &Locale,
) -> Message {
    let terms = &transaction.terms;
    let arguments = [
        ("kind", kind(&terms.invoice, locale).into()),
        ("number", one_line(&terms.invoice.number, MAX_TEXT_CHARS).into()),
        ("seller", one_line(&terms.seller.name, MAX_TEXT_CHARS).into()),
        ("date", until.into()),
    ];
    let (text_id, open_id, query) = match what {
        LinkFor::Page => ("direct-link", "entrance-open", ""),
        LinkFor::Conversation => ("direct-export", "entrance-download", "?to=conversation"),
    };
    let (text, url) = (locale.text_with(text_id, &arguments), format!("{url}{query}"));
    let (safe_text, safe_url) = (escape(&text), escape(&url));
    let open = escape(&locale.text(open_id));
    Message {
        body: format!("{text}\n{url}"),
        formatted_body: format!("<p>{safe_text}</p>\n<p><a href=\"{safe_url}\">{open}</a></p>"),
    }
}

impl Message {
    /// Returns the content of a notice that answers the event `to`, with the send id `send_id`. It notifies nobody.
    pub fn answer_content(&self, to: &str, send_id: &str) -> Value {
        let mut content = self.content(send_id);
        content["msgtype"] = json!("m.notice");
        content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": to } });
        content
    }
}

impl Asked<'_> {
    fn status(&self) -> String {
        short_status(self.standing.status.as_str(), self.locale)
    }

    fn summary(&self) -> SummaryInput<'_> {
        let terms = &self.transaction.terms;
        SummaryInput {
            invoice: &terms.invoice,
            standing: self.standing,
            seller: &terms.seller.name,
            buyer: &terms.buyer.name,
            page_url: self.page_link,
            locale: self.locale,
        }
    }

    /// The commands that the asker can use.
    fn help(&self) -> Message {
        let locale = self.locale;
        let head = locale.text("answer-help");
        let mut body = head.clone();
        let mut html = format!("<p>{}</p>\n<ul>\n", escape(&head));
        let is_settable = |it: &Command| it.status().is_none_or(|it| self.settable.contains(&it));
        for command in Command::ALL.into_iter().filter(is_settable) {
            let (written, about) =
                (command.written(locale), locale.text(&format!("{}-about", command.text_id())));
            body.push_str(&format!("\n- {}", locale.labelled(&written, &about)));
            html.push_str(&format!(
                "<li><code>{}</code> {}</li>\n",
                escape(&written),
                escape(&about)
            ));
        }
        html.push_str("</ul>");
        Message { body, formatted_body: html }
    }

    /// The contacts of both parties, and where each of them is.
    fn who(&self) -> Message {
        let (mut body, mut html) = (String::new(), String::new());
        for role in PartyRole::BOTH {
            let party = self.transaction.terms.party(role);
            let label = self.locale.text(&format!("change-{}", role.as_str()));
            let head = self.locale.labelled(&label, &one_line(&party.name, MAX_TEXT_CHARS));
            body.push_str(&format!("{head}\n"));
            html.push_str(&format!("<p><strong>{}</strong></p>\n<ul>\n", escape(&head)));
            for contact in &party.contacts {
                let line = self.contact_line(contact, party);
                body.push_str(&format!("- {line}\n"));
                html.push_str(&format!("<li>{}</li>\n", escape(&line)));
            }
            html.push_str("</ul>\n");
        }
        Message { body: body.trim_end().to_owned(), formatted_body: html.trim_end().to_owned() }
    }

    /// The name of a contact, the duty, and where they are. No e-mail address is said, as the other party
    /// does not see those anywhere else.
    fn contact_line(&self, contact: &Contact, party: &Party) -> String {
        let name = match (&contact.name, &contact.matrix) {
            (Some(name), _) => name.clone(),
            (None, Some(user)) => user.to_string(),
            (None, None) => party.name.clone(),
        };
        let place = match &contact.matrix {
            None => "who-page",
            Some(user) => match self.members.get(user).and_then(|it| it.membership.as_deref()) {
                Some("join") => "who-here",
                Some("invite") => "who-invited",
                _ => "who-left",
            },
        };
        let duty = contact.duty.as_deref().map(|duty| one_line(duty, MAX_TEXT_CHARS));
        let parts = [Some(one_line(&name, MAX_TEXT_CHARS)), duty, Some(self.locale.text(place))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// The answer to a word that is no command. The word is not repeated: if its message is erased, it is gone.
fn unknown(nearest: Option<Command>, locale: &Locale) -> Message {
    plain(&match nearest {
        Some(command) => {
            let nearest = command.written(locale);
            locale.text_with("answer-nearest", &[("nearest", nearest.into())])
        }
        None => {
            let help = Command::Help.written(locale);
            locale.text_with("answer-unknown", &[("help", help.into())])
        }
    })
}

fn plain(text: &str) -> Message {
    Message { body: text.to_owned(), formatted_body: format!("<p>{}</p>", escape(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::room::command::request;
    use crate::transaction::{StatusRules, sample};

    fn answered(text: &str, language: Language) -> Option<Message> {
        let (transaction, members) = (people_of_sample(), memberships());
        let locale = Locale::of(language);
        let asked = Asked {
            transaction: &transaction,
            standing: &StatusRules::default().standing(&transaction, "2026-06-01".parse().unwrap()),
            members: &members,
            settable: &[Status::Accepted, Status::Disputed],
            page_link: Some("https://pay.example/t/1"),
            locale: &locale,
        };
        answer(&request(text, language).unwrap().wish, &asked)
    }

    fn people_of_sample() -> Transaction {
        let mut transaction = sample();
        let contact = |matrix: Option<&str>, name: Option<&str>, duty: Option<&str>| Contact {
            matrix: matrix.map(|it| it.try_into().unwrap()),
            name: name.map(str::to_owned),
            duty: duty.map(str::to_owned),
            email: Some("secret@example.org".to_owned()),
        };
        transaction.terms.buyer.contacts = vec![
            contact(Some("@ann:example.org"), Some("Ann <b>"), Some("accounts\npayable")),
            contact(None, Some("Ben"), None),
            contact(None, None, None),
        ];
        transaction.terms.seller.contacts = vec![
            contact(Some("@sam:example.org"), None, None),
            contact(Some("@x:a.b"), None, None),
        ];
        transaction
    }

    fn memberships() -> BTreeMap<OwnedUserId, Member> {
        let member = |user: &str, membership: &str| {
            let member = Member { membership: Some(membership.to_owned()), ..Member::default() };
            (user.try_into().unwrap(), member)
        };
        [member("@ann:example.org", "join"), member("@sam:example.org", "invite")].into()
    }

    #[test]
    fn who_says_where_each_contact_is_and_no_e_mail_address() {
        let Message { body, formatted_body } = answered("!tally who", Language::English).unwrap();
        let lines: Vec<&str> = body.lines().filter(|it| it.starts_with("- ")).collect();
        assert_eq!(
            lines,
            [
                "- Ann <b> · accounts payable · in the room",
                "- Ben · on the invoice page only",
                "- Birch GmbH · on the invoice page only",
                "- @sam:example.org · invited",
                "- @x:a.b · not in the room",
            ]
        );
        assert!(formatted_body.contains("Ann &lt;b&gt;") && !formatted_body.contains("<b>"));
        assert!(!body.contains("secret@example.org"));
    }

    #[test]
    fn the_help_names_the_commands_of_the_asker_in_the_language() {
        for language in Language::ALL {
            let Message { body, formatted_body } = answered("!tally", language).unwrap();
            // A buyer neither ships nor settles.
            let others = [Command::Shipped, Command::Paid];
            assert_eq!(body.lines().count(), Command::ALL.len() - others.len() + 1);
            let locale = Locale::of(language);
            for command in Command::ALL {
                let about = locale.text(&format!("{}-about", command.text_id()));
                let line = locale.labelled(&command.written(&locale), &about);
                let is_there = body.lines().any(|it| it == format!("- {line}"));
                assert_eq!(is_there, !others.contains(&command), "{body}");
            }
            assert_eq!(formatted_body.matches("<li>").count(), body.lines().count() - 1);
        }
    }

    #[test]
    fn status_and_invoice_say_what_the_pinned_summary_says() {
        let status = answered("!tally status", Language::English).unwrap().body;
        let invoice = answered("!tally invoice", Language::English).unwrap().body;
        assert!(invoice.starts_with(&status) && invoice.len() > status.len(), "{status} {invoice}");
        assert!(invoice.contains("https://pay.example/t/1"));
    }

    #[test]
    fn an_answer_is_a_silent_notice_to_the_question() {
        let message = answered("!tally <i>dance</i>", Language::English).unwrap();
        assert!(!message.body.contains("dance"), "{message:?}");
        let content = message.answer_content("$asked", "send");
        assert_eq!(content["msgtype"], "m.notice");
        assert_eq!(content["m.mentions"], json!({}));
        assert_eq!(content["m.relates_to"]["m.in_reply_to"]["event_id"], "$asked");
    }

    #[test]
    fn a_command_with_an_effect_has_no_answer_before_it_is_done() {
        assert_eq!(answered("!tally link", Language::English), None);
    }
}
