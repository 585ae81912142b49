//! What a mail tells of one message.

use crate::record::{Kind, Line, plain_name, self_chosen_name};
use crate::transaction::{PartyRole, Terms};

/// The greatest length of the text of one message in a mail, in characters.
const MAX_TEXT_CHARS: usize = 4_000;

/// A message as a mail tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The name of its author.
    pub author: String,
    /// The party for which they spoke. None: for neither.
    pub role: Option<PartyRole>,
    /// The time of sending, in milliseconds since 1970.
    pub at: i64,
    /// The text as it is now. None: it has none, or it cannot be read.
    pub text: Option<String>,
    /// Whether the text is longer.
    pub is_cut: bool,
    /// The names of its files.
    pub files: Vec<String>,
}

/// Returns what is told of a message: nothing if it was removed.
pub fn said(line: &Line<'_>, terms: &Terms) -> Option<Said> {
    let (entry, current) = (line.entry, line.current());
    if line.redaction.is_some() || entry.redacted_by.is_some() || entry.erased.is_some() {
        return None;
    }
    let files: Vec<String> = current.attachments.iter().map(|it| it.name.clone()).collect();
    let text = current.text.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let text =
        text.filter(|it| entry.kind != Kind::Encrypted && !files.iter().any(|name| name == it));
    let is_cut = text.is_some_and(|it| it.chars().nth(MAX_TEXT_CHARS).is_some());
    let role = PartyRole::from_text(&entry.fixed.party);
    Some(Said {
        author: author(line, role, terms),
        role,
        at: entry.sort_at,
        text: text.map(|it| it.chars().take(MAX_TEXT_CHARS).collect()),
        is_cut,
        files,
    })
}

/// Returns the name of an author: the one that the shop gave to a contact, or else their own.
fn author(line: &Line<'_>, role: Option<PartyRole>, terms: &Terms) -> String {
    let sender = line.entry.fixed.sender.as_str();
    let contacts = PartyRole::BOTH.into_iter().flat_map(|role| &terms.party(role).contacts);
    let contact =
        contacts.filter(|it| it.matrix.as_ref().is_some_and(|user| user == sender)).last();
    let by_shop = contact.and_then(|it| plain_name(it.name.as_deref()?));
    let name = by_shop.or_else(|| self_chosen_name(line.entry.display_name.as_deref()?));
    match (name, role) {
        (Some(name), Some(_)) => name,
        // Nobody vouches for this name, so the Matrix ID is told with it.
        (Some(name), None) => format!("{name} · {sender}"),
        (None, _) => sender.to_owned(),
    }
}
