//! Tells mails of people from those of programs.

use mail_parser::{Message, MessagePart, MimeHeaders};

use crate::mail::enhanced_status::no_such_recipient;

/// Who sent a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person, as far as one can tell.
    Person,
    /// A person, or a program that does not say that it is one: its header has what lists and programs write.
    PerhapsProgram,
    /// A program, such as one that answers while somebody is away.
    Automatic,
    /// A mail server, about a mail of ours that it could not deliver.
    Bounce(Bounce),
}

/// What a mail server says about a mail of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounce {
    /// The status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
    /// To whom it could not be delivered, in lower case: the address to which we sent it, and the one at which it ended, as
    /// far as the report names them.
    pub recipients: Vec<String>,
}

impl Bounce {
    /// Whether another mail to this address would fail as well.
    pub fn is_permanent_for(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        self.status.as_deref().is_some_and(no_such_recipient) && self.recipients.contains(&address)
    }
}

/// Returns who sent a mail. `sender` is the address in its envelope, and is empty if nobody is to answer it.
pub(super) fn kind(message: &Message<'_>, sender: &str) -> Kind {
    let report = report_type(message);
    let status = message.parts.iter().find(|part| is_type(part, "message", "delivery-status"));
    if let Some(status) = status
        && report.is_some_and(|it| it.eq_ignore_ascii_case("delivery-status"))
    {
        return match failure(&String::from_utf8_lossy(status.contents())) {
            Some(bounce) => Kind::Bounce(bounce),
            // It was delivered, or is still tried.
            None => Kind::Automatic,
        };
    }
    if report.is_some() || sender.is_empty() || is_automatic(message) {
        return Kind::Automatic;
    }
    if has_marks_of_programs(message) { Kind::PerhapsProgram } else { Kind::Person }
}

/// Whether the header says that a program wrote the mail (RFC 3834).
fn is_automatic(message: &Message<'_>) -> bool {
    value(message, "Auto-Submitted").is_some_and(|it| !it.starts_with("no"))
}

/// Whether the header has what lists and programs write, and mails of people also have: those that came by a list, or from
/// a program that wants no automatic answers.
fn has_marks_of_programs(message: &Message<'_>) -> bool {
    let is_bulk = value(message, "Precedence")
        .is_some_and(|it| ["bulk", "junk", "list", "auto_reply"].contains(&it.as_str()));
    let marks = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Auto-Response-Suppress",
        "List-Id",
        "List-Unsubscribe",
    ];
    is_bulk || marks.into_iter().any(|name| value(message, name).is_some())
}

/// Returns the value of a field of the header, in lower case.
fn value(message: &Message<'_>, name: &'static str) -> Option<String> {
    let value = message.header_raw(name)?.trim().to_ascii_lowercase();
    (!value.is_empty()).then_some(value)
}

/// The `report-type` of a `multipart/report` (RFC 6522).
fn report_type<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    let content_type = message.root_part().content_type()?;
    let is_report = content_type.ctype().eq_ignore_ascii_case("multipart")
        && content_type.subtype().is_some_and(|it| it.eq_ignore_ascii_case("report"));
    is_report.then(|| content_type.attribute("report-type").unwrap_or_default())
}

pub(super) fn is_type(part: &MessagePart<'_>, main: &str, sub: &str) -> bool {
    part.content_type().is_some_and(|it| {
        it.ctype().eq_ignore_ascii_case(main)
            && it.subtype().is_some_and(|it| it.eq_ignore_ascii_case(sub))
    })
}

/// Returns what a `message/delivery-status` (RFC 3464) says failed. `None` if nothing did.
fn failure(status: &str) -> Option<Bounce> {
    let unified = status.replace("\r\n", "\n");
    unified.split("\n\n").find_map(|of_recipient| {
        let field = |name: &str| {
            of_recipient.lines().find_map(|line| {
                let (found, value) = line.split_once(':')?;
                found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        field("Action").filter(|it| it.eq_ignore_ascii_case("failed"))?;
        let code = field("Status").and_then(|it| it.split_whitespace().next());
        let status = code.filter(|it| is_code(it)).map(str::to_owned);
        let recipients = ["Original-Recipient", "Final-Recipient"].into_iter();
        let recipients = recipients.filter_map(|name| Some(address(field(name)?))).collect();
        Some(Bounce { status, recipients })
    })
}

/// Returns the address in a field such as `rfc822; jo@buyer.example`, in lower case.
fn address(field: &str) -> String {
    let address = field.split_once(';').map_or(field, |(_, address)| address);
    address.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase()
}

/// Whether a text is a status code and no words of the other server.
fn is_code(text: &str) -> bool {
    const MAX_CODE_BYTES: usize = 11;
    text.len() <= MAX_CODE_BYTES && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::super::ours::tests::ours;
    use super::super::read;
    use super::*;

    fn kind_of(header: &str, sender: &str) -> Kind {
        let raw = format!("From: jo@buyer.example\r\n{header}\r\n\r\nHello\r\n");
        read(raw.as_bytes(), sender, &ours()).unwrap().kind
    }

    #[test]
    fn programs_are_known_by_the_header() {
        let sender = "jo@buyer.example";
        for header in ["Subject: x", "Auto-Submitted: no", "Precedence: first-class"] {
            assert_eq!(kind_of(header, sender), Kind::Person, "{header}");
        }
        for header in [
            "Auto-Submitted: auto-replied",
            "auto-submitted: auto-generated (vacation)",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
        ] {
            assert_eq!(kind_of(header, sender), Kind::Automatic, "{header}");
        }
        for header in [
            "Precedence: list",
            "Precedence: Auto_Reply",
            "X-Autoreply: yes",
            "X-Auto-Response-Suppress: All",
            "List-Id: <all.buyer.example>",
            "List-Unsubscribe: <https://buyer.example/off>",
        ] {
            assert_eq!(kind_of(header, sender), Kind::PerhapsProgram, "{header}");
        }
        assert_eq!(kind_of("Subject: x", ""), Kind::Automatic, "nobody is to answer it");
    }

    fn bounce(fields: &str) -> Option<Bounce> {
        failure(&format!("Reporting-MTA: dns; mx.example\r\n\r\n{fields}\r\n"))
    }

    #[test]
    fn only_what_failed_for_good_at_this_address_is_permanent() {
        const JO: &str = "jo@buyer.example";
        let of = |action: &str, status: &str| {
            bounce(&format!(
                "Final-Recipient: rfc822; <Jo@Buyer.example>\r\nAction: {action}\r\nStatus: {status}"
            ))
        };
        let is_permanent =
            |action: &str, status: &str| of(action, status).unwrap().is_permanent_for(JO);
        let found = of("failed", "5.1.1").unwrap();
        let expected = Bounce { status: Some("5.1.1".to_owned()), recipients: vec![JO.to_owned()] };
        assert_eq!(found, expected);
        assert!(found.is_permanent_for("JO@buyer.example"));
        assert!(!found.is_permanent_for("ada@buyer.example"), "it is about somebody else");
        assert!(is_permanent("Failed", "5.1.10 (no such domain)"));
        assert!(!is_permanent("failed", "5.0.0 (no such user)"), "nothing is said of the mailbox");
        assert!(!is_permanent("failed", "5.7.1"), "it may be about the sender");
        assert!(!is_permanent("failed", "4.4.1"), "it was tried for days");
        assert!(!is_permanent("failed", "5.2.2"), "the mailbox is full");
        assert_eq!(of("delayed", "4.4.1"), None);
        assert_eq!(of("delivered", "2.0.0"), None);
        assert_eq!(of("failed", "5.1.1;secret").unwrap().status, None);
    }

    #[test]
    fn a_report_names_the_address_to_which_we_sent_and_the_one_where_it_ended() {
        let found = bounce(
            "Original-Recipient: rfc822;jo@buyer.example\r\n\
             Final-Recipient: utf-8; jo@home.example\r\nAction: failed\r\nStatus: 5.1.1",
        );
        assert_eq!(found.unwrap().recipients, ["jo@buyer.example", "jo@home.example"]);
        let nameless = bounce("Action: failed\r\nStatus: 5.1.1").unwrap();
        assert!(!nameless.is_permanent_for("jo@buyer.example"));
    }
}
