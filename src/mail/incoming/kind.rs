//! Tells mails of people from those of programs.

use mail_parser::{Message, MessagePart, MimeHeaders};

/// The states of a mailbox or a mail in which another mail may arrive (RFC 3463): mailbox full, mail too large, and too
/// large for the system.
const PASSING: [&str; 3] = ["5.2.2", "5.2.3", "5.3.4"];

/// Who sent a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person, as far as one can tell.
    Person,
    /// A program, such as one that answers while somebody is away.
    Automatic,
    /// A mail server, about a mail of ours that it could not deliver.
    Bounce(Bounce),
}

/// What a mail server says about a mail of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounce {
    /// Whether another mail would fail as well.
    pub is_permanent: bool,
    /// The status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
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
    Kind::Person
}

/// Whether the header says that a program wrote the mail: by RFC 3834, and as programs did before it.
fn is_automatic(message: &Message<'_>) -> bool {
    let value = |name: &'static str| {
        message
            .header_raw(name)
            .map(|it| it.trim().to_ascii_lowercase())
            .filter(|it| !it.is_empty())
    };
    let is_auto_submitted = value("Auto-Submitted").is_some_and(|it| !it.starts_with("no"));
    let is_bulk = value("Precedence")
        .is_some_and(|it| ["bulk", "junk", "list", "auto_reply"].contains(&it.as_str()));
    let marks = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Auto-Response-Suppress",
        "List-Id",
        "List-Unsubscribe",
    ];
    is_auto_submitted || is_bulk || marks.into_iter().any(|name| value(name).is_some())
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
        let is_permanent = code.is_some_and(|it| it.starts_with("5.") && !PASSING.contains(&it));
        Some(Bounce { is_permanent, status: code.filter(|it| is_code(it)).map(str::to_owned) })
    })
}

/// Whether a text is a status code and no words of the other server.
fn is_code(text: &str) -> bool {
    const MAX_CODE_BYTES: usize = 11;
    text.len() <= MAX_CODE_BYTES && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn kind_of(header: &str, sender: &str) -> Kind {
        let raw = format!("From: jo@buyer.example\r\n{header}\r\n\r\nHello\r\n");
        read(raw.as_bytes(), sender).unwrap().kind
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
            "Precedence: bulk",
            "Precedence: Auto_Reply",
            "X-Autoreply: yes",
            "X-Auto-Response-Suppress: All",
            "List-Id: <all.buyer.example>",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
        ] {
            assert_eq!(kind_of(header, sender), Kind::Automatic, "{header}");
        }
        assert_eq!(kind_of("Subject: x", ""), Kind::Automatic, "nobody is to answer it");
    }

    fn bounce(fields: &str) -> Option<Bounce> {
        failure(&format!("Reporting-MTA: dns; mx.example\r\n\r\n{fields}\r\n"))
    }

    #[test]
    fn only_what_failed_for_good_is_permanent() {
        let of = |action: &str, status: &str| {
            bounce(&format!(
                "Final-Recipient: rfc822; <Jo@Buyer.example>\r\nAction: {action}\r\nStatus: {status}"
            ))
        };
        let found = of("failed", "5.1.1").unwrap();
        let expected = Bounce { is_permanent: true, status: Some("5.1.1".to_owned()) };
        assert_eq!(found, expected);
        assert!(of("Failed", "5.0.0 (no such user)").unwrap().is_permanent);
        assert!(!of("failed", "4.4.1").unwrap().is_permanent, "it was tried for days");
        assert!(!of("failed", "5.2.2").unwrap().is_permanent, "the mailbox is full");
        assert_eq!(of("delayed", "4.4.1"), None);
        assert_eq!(of("delivered", "2.0.0"), None);
        assert_eq!(of("failed", "5.1.1;secret").unwrap().status, None);
    }
}
