//! What the invoice page shows, as plain data: made by the handlers, written as HTML by `view`.
//! Pure: no I/O.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ulid::Ulid;

pub use crate::invoice::Term;
use crate::language::Locale;
use crate::record::Kind;
use crate::transaction::{PartyRole, Transaction, Visitor};

/// Everything on the page.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// With its terms at the newest revision.
    pub transaction: &'a Transaction,
    /// Who looks at it.
    pub visitor: &'a Visitor,
    /// Where it is, for them.
    pub address: Address,
    /// What names the visitor here, of whom only they may see unsent words on this device.
    pub speaker: &'a str,
    /// How they read.
    pub reader: &'a Reader,
    /// Of the transaction, newest first; the first is the one shown.
    pub revisions: Vec<Revision>,
    /// What the original invoice says beyond our model; none: it came as no file.
    pub further: Arc<Option<Vec<Term>>>,
    /// The EPC QR code as SVG, where IBAN, euro and an amount to pay allow; the buyer's only.
    pub qr: Option<String>,
    /// The conversation.
    pub chat: Chat,
    /// The other party's contacts, as the shop ordered them.
    pub people: Vec<Person>,
    /// How long they usually take to reply, in milliseconds, if the record tells.
    pub replies_in: Option<i64>,
}

impl Page<'_> {
    /// What the original invoice says beyond our model.
    pub fn further(&self) -> &[Term] {
        self.further.as_deref().unwrap_or_default()
    }
}

/// Where the page of a transaction is, for one speaker: every address on it names the grant on
/// whose behalf it is asked, so that two pages in one browser are never taken for each other.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// Of the transaction.
    pub transaction: Ulid,
    /// By which its reader came.
    pub grant: Ulid,
}

impl Address {
    /// Of the transaction, without a slash at its end and without a name.
    pub fn base(&self) -> String {
        format!("/t/{}", self.transaction)
    }

    /// Of the page; more parameters can be added with `&`.
    pub fn page(&self) -> String {
        format!("{}?grant={}", self.base(), self.grant)
    }

    /// Of a part of it, such as `messages`; more parameters can be added with `&`.
    pub fn part(&self, part: &str) -> String {
        format!("{}/{part}?grant={}", self.base(), self.grant)
    }
}

/// How somebody reads.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Language, numbers, dates.
    pub locale: Locale,
    /// For times of day, until a script knows better.
    pub time_zone: TimeZone,
    /// The day it is there.
    pub today: Date,
    /// For the `nonce` of script and style.
    pub nonce: String,
}

/// A revision of the transaction.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Counts up from 1.
    pub number: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The shop's word, such as `awaiting_payment`; none if it asks for money that nobody owes.
    pub status: Option<String>,
    /// What is different from the revision before.
    pub changes: Vec<crate::transaction::Change>,
}

/// The conversation, or the newest part of it.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// In reading order.
    pub lines: Vec<ChatLine>,
    /// Where to go on reading backwards (`?before=`), if there is more.
    pub older: Option<String>,
    /// What the visitor wrote and the room does not have.
    pub unsent: Vec<Unsent>,
    /// The record's newest entry.
    pub seq: i64,
    /// For the form: sent twice, it is one message. Empty: the script makes one for each.
    pub client_id: String,
    /// What the visitor is doing to a line without scripts (`?reply=`, `?edit=`).
    pub composing: Composing,
    /// Why nobody can write here now, in the reader's language.
    pub closed: Option<String>,
    /// The other party's newest sign of having read: the line's event id and who it was.
    pub seen: Option<(String, Named)>,
    /// Who is typing.
    pub typing: Vec<Named>,
}

/// Somebody as the page names them, never without their side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// As the shop calls them, or else as they call themselves, without what could deceive; with
    /// the Matrix ID of whoever speaks for neither party.
    pub name: String,
    /// For whom they speak, by our record and never by their profile; none: for neither party.
    pub role: Option<PartyRole>,
}

impl ChatLine {
    /// Its sender.
    pub fn named(&self) -> Named {
        Named { name: self.name.clone(), role: self.role }
    }
}

/// The two times of an event that are too far apart for one of them alone to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Stated by the sender's homeserver, milliseconds since 1970.
    pub sent_at: i64,
    /// Of our receipt, milliseconds since 1970.
    pub received_at: i64,
    /// Whether it was read from the room's history, where a late receipt is usual.
    pub from_history: bool,
}

/// What the text field is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Composing {
    /// A new message.
    #[default]
    New,
    /// A reply to this line.
    Reply(Quote),
    /// Another text for this line of the visitor's own.
    Edit {
        /// Of the line.
        event: String,
        /// As it reads now, in Markdown or plain.
        text: String,
    },
    /// Words that were not sent, once more.
    Again {
        /// The words.
        text: String,
        /// What they belong to.
        again: Again,
        /// What could not be said, whose place they take.
        outgoing: String,
        /// What they answer.
        quote: Option<Quote>,
    },
}

/// Whose line it is, as the visitor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The visitor's own, from the page or from their Matrix account.
    Mine,
    /// Somebody else of the visitor's party.
    Ours,
    /// The other party's.
    Theirs,
    /// A third person's.
    Third,
}

/// One message.
#[derive(Clone, Debug)]
pub struct ChatLine {
    /// Matrix event id.
    pub event: String,
    /// Milliseconds since 1970, its place in the reading order.
    pub at: i64,
    /// Whose it is.
    pub side: Side,
    /// By our record, never by the profile.
    pub role: Option<PartyRole>,
    /// The sender's name, as in [`Named`].
    pub name: String,
    /// The sender's Matrix ID.
    pub sender: String,
    /// What it is.
    pub kind: Kind,
    /// What it reads now, without markup.
    pub text: Option<String>,
    /// The same with markup, safe to show.
    pub html: Option<String>,
    /// Its files.
    pub files: Vec<ChatFile>,
    /// What it answers.
    pub reply_to: Option<Quote>,
    /// When its author last changed it, milliseconds since 1970.
    pub edited_at: Option<i64>,
    /// Both times of the message, if they differ.
    pub times: Option<Times>,
    /// Both times of its last change, if they differ.
    pub edit_times: Option<Times>,
    /// Whether its author took it back.
    pub removed: bool,
    /// By emoji.
    pub reactions: Vec<Reaction>,
    /// If it is a poll.
    pub poll: Option<Poll>,
    /// Our ids of it and of the changes to it, as far as this visitor wrote them on this page: it
    /// takes the place of what the page showed as being sent.
    pub outgoing: Vec<String>,
    /// Whether the visitor may change its text.
    pub can_edit: bool,
    /// Whether the visitor may take it back.
    pub can_remove: bool,
    /// What is odd about it.
    pub remark: Option<String>,
}

/// A line as another one quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Of the quoted line.
    pub event: String,
    /// Its sender.
    pub by: Named,
    /// The beginning of its text.
    pub excerpt: String,
}

/// A file in a message.
#[derive(Clone, Debug)]
pub struct ChatFile {
    /// As its sender named it.
    pub name: String,
    /// Bytes, if known.
    pub size: Option<u64>,
    /// As its first bytes say.
    pub media_type: Option<String>,
    /// Where it can be fetched; none: not here (yet).
    pub href: Option<String>,
    /// Why not, as one of `wanted`, `refused`, `missing`, `expired`, `erased`.
    pub state: String,
    /// What it shows, for those who cannot see it.
    pub description: Option<String>,
}

/// An emoji and who reacted with it.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// The emoji.
    pub key: String,
    /// Who they are.
    pub by: Vec<Named>,
    /// Whether the visitor is among them.
    pub mine: bool,
}

/// A poll and its votes.
#[derive(Clone, Debug)]
pub struct Poll {
    /// Answer and number of votes.
    pub answers: Vec<(String, usize)>,
    /// Whether it was ended.
    pub ended: bool,
}

/// What the visitor wrote and the room does not have (yet).
#[derive(Clone, Debug)]
pub struct Unsent {
    /// ULID.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// What it says, or the file's name.
    pub text: String,
    /// What can be put back into the text field; none: a file.
    pub again: Option<Again>,
    /// Why it is not there; none: it is on its way.
    pub problem: Option<String>,
    /// Whether nothing more is tried unless the visitor wants it.
    pub gave_up: bool,
}

/// Words that were not sent, for the text field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// The message that they answer.
    pub reply: Option<String>,
    /// The message that they replace.
    pub edit: Option<String>,
}

/// A contact of the other party.
#[derive(Clone, Debug)]
pub struct Person {
    /// How they are called.
    pub name: String,
    /// For whom they speak.
    pub role: PartyRole,
    /// What to ask them about.
    pub duty: Option<String>,
    /// Where they are.
    pub presence: Presence,
}

/// Whether somebody can be expected to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Looks at this page.
    Here,
    /// In a Matrix client.
    Online,
    /// In a Matrix client, idle.
    Idle,
    /// Was last active at that time, milliseconds since 1970, if known.
    Away(Option<i64>),
    /// Nobody knows.
    Unknown,
}
