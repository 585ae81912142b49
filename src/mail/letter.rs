//! A mail with its headers. The library encodes their values, and refuses what is no address, so that nothing of what
//! people or shops wrote can become a header of its own.

use std::time::SystemTime;

use anyhow::Context;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};
use lettre::{Address, Message};
use thiserror::Error;
use ulid::Ulid;

use super::words::{Content, in_a_line};
use crate::config::ReplyAddress;

/// The longest Message-ID of somebody else that is referred to, in bytes.
const MAX_MESSAGE_ID_BYTES: usize = 250;

/// Why a mail cannot be written.
#[derive(Debug, Error)]
pub enum NoLetter {
    /// The recipient has no e-mail address.
    #[error("the shop gave no e-mail address, but another text")]
    NoRecipient,
    /// Something else, which says nothing about the recipient.
    #[error("the mail could not be written")]
    Other(#[from] anyhow::Error),
}

/// What the headers of a mail say.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The id of the mail.
    pub id: Ulid,
    /// The id of the contact for whom it is.
    pub contact: Ulid,
    /// The address of the sender.
    pub from: &'a str,
    /// The address of the contact.
    pub to: &'a str,
    /// The address for answers and bounces, with the name of the contact in it. None: there are no answers.
    pub reply_to: Option<&'a str>,
    /// Where the shop wants answers then.
    pub reply_to_shop: Option<&'a str>,
    /// The Message-ID of the last mail of the contact.
    pub answered: Option<&'a str>,
    /// The address that ends the mails, if it is called by POST (RFC 8058).
    pub unsubscribe: &'a str,
    /// What it says.
    pub content: &'a Content,
    /// The time of sending.
    pub at: SystemTime,
}

/// Returns a mail.
///
/// # Errors
/// If an address is none.
pub fn letter(letter: &Letter<'_>, replies: Option<&ReplyAddress>) -> Result<Message, NoLetter> {
    let to: Address = letter.to.parse().map_err(|_| NoLetter::NoRecipient)?;
    Ok(letter_to(to, letter, replies)?)
}

fn letter_to(
    to: Address,
    letter: &Letter<'_>,
    replies: Option<&ReplyAddress>,
) -> anyhow::Result<Message> {
    let Letter { content, .. } = letter;
    let from: Address = letter.from.parse().context("the address of the sender is none")?;
    let domain = replies.map_or(from.domain(), |it| it.domain.as_str()).to_owned();
    let thread = format!("<{}@{domain}>", letter.contact).to_ascii_lowercase();
    let id = format!("<{}.{}@{domain}>", letter.id, letter.contact).to_ascii_lowercase();
    let answered = letter.answered.filter(|it| is_message_id(it));
    let references = answered.map_or_else(|| thread.clone(), |it| format!("{thread} {it}"));
    // The library encodes everything else, but it panics at control characters in a name.
    let name = in_a_line(&content.sender);
    let header = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(name.clone()), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(content.subject.clone())
        .message_id(Some(id))
        .references(references)
        .in_reply_to(answered.unwrap_or(&thread).to_owned())
        .date(letter.at)
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", &content.language))
        .raw_header(header("List-Unsubscribe", &format!("<{}>", letter.unsubscribe)))
        .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    // What cannot be delivered comes back to the address that says for whom it was.
    let mut sender = from;
    if let Some(reply_to) = letter.reply_to {
        let address: Address = reply_to.parse().context("the address for answers is none")?;
        builder = builder.reply_to(Mailbox::new(Some(name), address.clone()));
        sender = address;
    } else if let Some(reply_to) = letter.reply_to_shop {
        let address = reply_to.parse().context("the address for answers to the shop is none")?;
        builder = builder.reply_to(Mailbox::new(Some(name), address));
    }
    let body = MultiPart::alternative_plain_html(content.text.clone(), content.html.clone());
    let envelope = Envelope::new(Some(sender), vec![to])?;
    Ok(MessageBuilder::multipart(builder.envelope(envelope), body)?)
}

/// Whether a text can be a Message-ID, as far as a header can repeat it.
fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|it| it.strip_suffix('>'));
    let is_plain =
        |it: &str| it.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>');
    text.len() <= MAX_MESSAGE_ID_BYTES && inner.is_some_and(|it| it.contains('@') && is_plain(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREAD: &str = "01arz3ndektsv4rrffq69g5fav@mail.shop.example";

    fn content() -> Content {
        Content {
            subject: "Rechnung 42 · Größe".to_owned(),
            sender: "Acme".to_owned(),
            language: "de".to_owned(),
            text: "Grüße\n.\nBcc: x".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
        }
    }

    fn written(change: impl FnOnce(&mut Letter<'_>)) -> Result<String, NoLetter> {
        let content = content();
        let mut it = Letter {
            id: Ulid::from_string("01BX5ZZKBKACTAV9WEVGEMMVRZ").unwrap(),
            contact: Ulid::from_string("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            from: "invoices@shop.example",
            to: "ada@birch.example",
            reply_to: Some("replies+token@mail.shop.example"),
            reply_to_shop: Some("billing@shop.example"),
            answered: None,
            unsubscribe: "https://pay.example/u/token",
            content: &content,
            at: SystemTime::UNIX_EPOCH,
        };
        change(&mut it);
        let replies = "replies@mail.shop.example".to_owned().try_into().unwrap();
        let message = letter(&it, Some(&replies))?;
        assert_eq!(message.envelope().to().len(), 1);
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    /// The names of the headers, in their order.
    fn names(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split(':').next().unwrap()).collect()
    }

    #[test]
    fn a_mail_has_what_programs_and_people_need() {
        let mail = written(|_| {}).unwrap();
        for line in [
            "From: Acme <invoices@shop.example>",
            "To: ada@birch.example",
            "Reply-To: Acme <replies+token@mail.shop.example>",
            &format!("Message-ID: <01bx5zzkbkactav9wevgemmvrz.{THREAD}>"),
            &format!("References: <{THREAD}>"),
            &format!("In-Reply-To: <{THREAD}>"),
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://pay.example/u/token>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            assert!(mail.contains(&format!("{line}\r\n")), "{line}: {mail}");
        }
        assert!(mail.contains("multipart/alternative") && mail.is_ascii(), "{mail}");
        let answered = written(|it| it.answered = Some("<a.b@birch.example>")).unwrap();
        assert!(answered.contains("In-Reply-To: <a.b@birch.example>\r\n"), "{answered}");
        assert!(answered.contains("<a.b@birch.example>\r\n"), "{answered}");
        let to_shop = written(|it| it.reply_to = None).unwrap();
        assert!(to_shop.contains("Reply-To: Acme <billing@shop.example>\r\n"), "{to_shop}");
        let alone = written(|it| (it.reply_to, it.reply_to_shop) = (None, None)).unwrap();
        assert!(!alone.contains("\r\nReply-To"), "{alone}");
    }

    #[test]
    fn nothing_becomes_a_header_of_its_own() {
        let usual = names(&written(|_| {}).unwrap()).join(" ");
        for evil in [
            "x\r\nBcc: all@example.org",
            "x\nBcc: all@example.org",
            "x\r\n\r\n<script>",
            "x\rBcc: y",
            "x\u{2028}Bcc: y",
            "\"x\"; <a@b>, c@d",
            "=?utf-8?q?=0ABcc:_x?=",
        ] {
            let changed = Content {
                subject: evil.to_owned(),
                sender: evil.to_owned(),
                language: evil.to_owned(),
                ..content()
            };
            let mail = written(|it| {
                it.content = Box::leak(Box::new(changed));
                it.answered = Some(evil);
                it.unsubscribe = evil;
            });
            let mail = mail.unwrap();
            assert_eq!(names(&mail).join(" "), usual, "{mail}");
            assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "{mail}");
        }
        for evil in ["a@b\r\nRCPT TO:<c@d>", "a@b>\r\nDATA", "a b@c", "a@b, c@d", "", "a"] {
            let to = written(|it| it.to = evil);
            assert!(matches!(to, Err(NoLetter::NoRecipient)), "{evil}: {to:?}");
            let from = written(|it| it.from = evil);
            assert!(matches!(from, Err(NoLetter::Other(_))), "{evil}: {from:?}");
            let answers = written(|it| it.reply_to = Some(evil));
            assert!(matches!(answers, Err(NoLetter::Other(_))), "{evil}: {answers:?}");
        }
    }
}
