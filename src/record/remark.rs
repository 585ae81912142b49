//! What the record says about something unusual in an event.
//!
//! It is kept as an English text, which shops read in the API. People read it in their language.

use std::fmt;

/// Stands between two remarks about one event.
const SEPARATOR: &str = "; ";

/// Lists the remarks that are always the same, each with the id of its translations and the text that is kept.
macro_rules! fixed_remarks {
    ($($(#[$comment:meta])* $name:ident $id:literal => $text:literal,)+) => {
        /// A remark about an event. Its text stays as it is, because it is kept in records.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Remark {
            $($(#[$comment])* $name,)+
            /// An edit has another text for apps that do not know edits: this one.
            OtherWordsWithoutEdits(String),
            /// A text that this version does not know.
            Unknown(String),
        }

        impl Remark {
            const FIXED: &[(Self, &str)] = &[$((Self::$name, $text),)+];

            /// The ids of all remarks.
            pub const IDS: &[&str] = &[$($id,)+ OTHER_WORDS];

            /// Returns the id of the remark, by which its translations are called. An unknown one has none.
            pub fn id(&self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($id),)+
                    Self::OtherWordsWithoutEdits(_) => Some(OTHER_WORDS),
                    Self::Unknown(_) => None,
                }
            }
        }

        impl fmt::Display for Remark {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($text),)+
                    Self::OtherWordsWithoutEdits(words) => {
                        write!(f, "{OTHER_WORDS_WITHOUT_EDITS}{words}")
                    }
                    Self::Unknown(text) => f.write_str(text),
                }
            }
        }
    };
}

fixed_remarks! {
    /// It is encrypted, and we have no key.
    Encrypted "encrypted" => "it is encrypted and cannot be read here",
    /// Its event type is not known.
    UnknownType "unknown-type" => "its type is not known here",
    /// It is a message of a kind that is not known.
    UnknownMessageType "unknown-message-type" => "its msgtype is not known here",
    /// Its text and its HTML have other words.
    TextDiffersFromHtml "text-differs-from-html" => "its text and its HTML say different things",
    /// Its HTML was left out.
    HtmlTooComplex "html-too-complex" => "its HTML is too deep or too long to be shown",
    /// It holds characters that make a text look like another one.
    ChangesDirection "changes-direction" => "it holds characters that change the direction of text",
    /// It held characters that cannot be decoded.
    HeldUnshowable "held-unshowable" => "it held characters that cannot be shown",
    /// The JSON has a key more than once.
    DuplicateKey "duplicate-key" => "a key stands twice in it; the last one was read",
    /// It was redacted before it arrived.
    RemovedBefore "removed-before" => "its content was removed before it reached this record",
    /// Its content is empty, without a reason.
    Empty "empty" => "it has no content, and nothing says that it was removed",
    /// The relation of an event names the event itself.
    RefersToItself "refers-to-itself" => "it refers to itself",
    /// What every event needs is missing.
    NoSenderOrType "no-sender-or-type" => "it has no sender or no type",
    /// It is no JSON object.
    NotReadable "not-readable" => "it is no JSON object that can be read",
    /// It has no content that can be read.
    NoContent "no-content" => "its content is missing, no object, or nested too deeply",
    /// A member event without a membership.
    NoMembership "no-membership" => "it names no membership",
    /// A reaction to nothing, or with nothing.
    ReactionToNothing "reaction-to-nothing" => "the reaction names no message or no key",
    /// An edit without the new text.
    EditWithoutContent "edit-without-content" => "the edit has no new content",
    /// A redaction of nothing.
    RedactionOfNothing "redaction-of-nothing" => "the redaction names no event",
    /// A poll that asks nothing.
    PollWithoutQuestion "poll-without-question" => "the poll has no question",
    /// A message that does not say of what kind it is.
    NoMessageType "no-message-type" => "the message has no msgtype",
    /// A message without its text.
    NoBody "no-body" => "the message has no body",
    /// A file that cannot be found.
    FileWithoutAddress "file-without-address" => "the file's address is missing or invalid",
    /// A file that cannot be decrypted.
    FileWithoutKey "file-without-key" => "the file is encrypted, and its key is missing or invalid",
}

/// The id of [`Remark::OtherWordsWithoutEdits`].
const OTHER_WORDS: &str = "other-words-without-edits";
/// The beginning of the text of [`Remark::OtherWordsWithoutEdits`]. The words follow.
pub(super) const OTHER_WORDS_WITHOUT_EDITS: &str = "apps that do not know edits show other words: ";

/// Adds a remark to the text of those that an event has.
pub(super) fn add(text: &mut Option<String>, remark: &Remark) {
    *text = Some(match text.take() {
        Some(before) => format!("{before}{SEPARATOR}{remark}"),
        None => remark.to_string(),
    });
}

/// Returns the remarks that a kept text consists of.
///
/// The words of an edit for other apps are written by people, and may look like a remark. They go up to the end of
/// the text, except for remarks that are made afterwards: those about characters.
pub fn remarks_in(text: &str) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(words) = rest.strip_prefix(OTHER_WORDS_WITHOUT_EDITS) {
            let (words, after) = without_remarks_at_end(words);
            remarks.push(Remark::OtherWordsWithoutEdits(words.to_owned()));
            remarks.extend(after);
            break;
        }
        let fixed = Remark::FIXED.iter().find_map(|(remark, text)| {
            let after = rest.strip_prefix(text)?;
            let next = after.strip_prefix(SEPARATOR);
            next.or(after.is_empty().then_some("")).map(|next| (remark, next))
        });
        let Some((remark, next)) = fixed else {
            remarks.push(Remark::Unknown(rest.to_owned()));
            break;
        };
        remarks.push(remark.clone());
        rest = next;
    }
    remarks
}

/// Splits the remarks about characters from the end of a text.
fn without_remarks_at_end(mut text: &str) -> (&str, Vec<Remark>) {
    let mut after = Vec::new();
    for remark in [Remark::HeldUnshowable, Remark::ChangesDirection, Remark::DuplicateKey] {
        if let Some(before) = text.strip_suffix(&format!("{SEPARATOR}{remark}")) {
            text = before;
            after.insert(0, remark);
        }
    }
    (text, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(remarks: &[Remark]) -> String {
        let mut text = None;
        remarks.iter().for_each(|remark| add(&mut text, remark));
        text.unwrap_or_default()
    }

    #[test]
    fn each_remark_is_found_again() {
        for (remark, text) in Remark::FIXED {
            assert_eq!(remark.to_string(), *text);
            assert_eq!(remarks_in(text), std::slice::from_ref(remark));
        }
        assert_eq!(remarks_in(""), []);
    }

    #[test]
    fn several_remarks_are_found_also_if_one_has_a_semicolon() {
        let all = [
            Remark::FileWithoutAddress,
            Remark::DuplicateKey,
            Remark::ChangesDirection,
            Remark::HeldUnshowable,
        ];
        assert_eq!(remarks_in(&kept(&all)), all);
    }

    #[test]
    fn the_words_of_an_edit_for_other_apps_stay_together() {
        let words = "no; it is encrypted and cannot be read here";
        let all = [
            Remark::TextDiffersFromHtml,
            Remark::OtherWordsWithoutEdits(words.to_owned()),
            Remark::DuplicateKey,
            Remark::HeldUnshowable,
        ];
        assert_eq!(remarks_in(&kept(&all)), all);
    }

    #[test]
    fn what_a_later_version_says_is_shown_as_it_is() {
        let text = "it is encrypted and cannot be read here; it sings; it dances";
        let unknown = Remark::Unknown("it sings; it dances".to_owned());
        assert_eq!(remarks_in(text), [Remark::Encrypted, unknown]);
    }
}
