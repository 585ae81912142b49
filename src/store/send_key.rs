//! The names of the messages that Tallyroom sends in the room of a transaction.

use std::fmt;

/// The key of a send. It is unique within the transaction, and the same for every try.
///
/// Its text is stored in `sends.send_key` and enters the Matrix transaction id of the send, so a
/// text that was used once must not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendKey<'a> {
    /// The summary of the invoice, after `gone` earlier summaries were removed.
    Summary {
        /// The number of summaries that were removed before.
        gone: i64,
    },
    /// An edit of that summary.
    SummaryEdit {
        /// The number of summaries that were removed before.
        gone: i64,
        /// The revision of the transaction that the edit shows.
        revision: i64,
        /// The digest of the new text.
        digest: &'a str,
    },
    /// The message about the changes up to a revision.
    Change {
        /// The revision.
        revision: i64,
        /// How often other people removed such a message in this room.
        retold: i64,
    },
    /// The message that a payment was handed in or taken back.
    Payment {
        /// The id of the payment.
        id: &'a str,
        /// Whether it was taken back.
        is_taken_back: bool,
    },
    /// The message that the room is encrypted and is not recorded.
    Encrypted,
    /// A message that was written on the invoice page, by its id.
    Outgoing(&'a str),
    /// The answer to a message to the bot, by the `seq` of its entry.
    Answer(i64),
    /// What is written to somebody directly because of such a message.
    Direct(i64),
    /// The link for which somebody asked on the page at this time, in milliseconds since 1970.
    AskedLink(i64),
}

const SUMMARY: &str = "summary";
const CHANGE: &str = "change ";
const PAYMENT: &str = "payment ";
const ENCRYPTED: &str = "unreadable";
const OUTGOING: &str = "say ";
const ANSWER: &str = "answer ";
const DIRECT: &str = "direct ";
const ASKED_LINK: &str = "link asked at ";

impl fmt::Display for SendKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Summary { gone: 0 } => f.write_str(SUMMARY),
            Self::Summary { gone } => write!(f, "{SUMMARY}-{}", gone + 1),
            Self::SummaryEdit { gone, revision, digest } => {
                write!(f, "{} {revision} {digest}", Self::Summary { gone })
            }
            Self::Change { revision, retold: 0 } => write!(f, "{CHANGE}{revision}"),
            Self::Change { revision, retold } => write!(f, "{CHANGE}{revision} again {retold}"),
            Self::Payment { id, is_taken_back: false } => write!(f, "{PAYMENT}{id}"),
            Self::Payment { id, is_taken_back: true } => write!(f, "{PAYMENT}{id} back"),
            Self::Encrypted => f.write_str(ENCRYPTED),
            Self::Outgoing(id) => write!(f, "{OUTGOING}{id}"),
            Self::Answer(seq) => write!(f, "{ANSWER}{seq}"),
            Self::Direct(seq) => write!(f, "{DIRECT}{seq}"),
            Self::AskedLink(at) => write!(f, "{ASKED_LINK}{at}"),
        }
    }
}

impl<'a> SendKey<'a> {
    /// Returns the id of the message on the invoice page that a stored key names.
    pub fn outgoing_id(stored: &'a str) -> Option<&'a str> {
        stored.strip_prefix(OUTGOING)
    }

    /// Returns true if a stored key names a summary or an edit of one.
    pub(super) fn is_summary(stored: &str) -> bool {
        stored.starts_with(SUMMARY)
    }

    /// Returns the revision whose changes the message with this stored key tells.
    pub(super) fn changed_revision(stored: &str) -> Option<i64> {
        stored.strip_prefix(CHANGE)?.split(' ').next()?.parse().ok()
    }

    /// The SQL `LIKE` pattern of all summaries and their edits.
    pub(super) fn summaries_pattern() -> String {
        format!("{SUMMARY}%")
    }

    /// The SQL `LIKE` pattern of all messages about changes.
    pub(super) fn changes_pattern() -> String {
        format!("{CHANGE}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_stored() {
        let written = |key: SendKey<'_>| key.to_string();
        assert_eq!(written(SendKey::Summary { gone: 0 }), "summary");
        assert_eq!(written(SendKey::Summary { gone: 2 }), "summary-3");
        let edit = SendKey::SummaryEdit { gone: 1, revision: 4, digest: "d1" };
        assert_eq!(written(edit), "summary-2 4 d1");
        assert_eq!(written(SendKey::Change { revision: 3, retold: 0 }), "change 3");
        assert_eq!(written(SendKey::Change { revision: 3, retold: 2 }), "change 3 again 2");
        let payment = |is_taken_back| SendKey::Payment { id: "01ABC", is_taken_back };
        assert_eq!(written(payment(false)), "payment 01ABC");
        assert_eq!(written(payment(true)), "payment 01ABC back");
        assert_eq!(written(SendKey::Encrypted), "unreadable");
        assert_eq!(written(SendKey::Outgoing("01ABC")), "say 01ABC");
    }

    #[test]
    fn stored_keys_are_read_back() {
        assert_eq!(SendKey::outgoing_id("say 01ABC"), Some("01ABC"));
        assert_eq!(SendKey::outgoing_id("summary"), None);
        assert_eq!(SendKey::changed_revision("change 3 again 2"), Some(3));
        assert_eq!(SendKey::changed_revision("summary"), None);
        assert!(SendKey::is_summary("summary-2 4 d1") && !SendKey::is_summary("unreadable"));
    }
}
