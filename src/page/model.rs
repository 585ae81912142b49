//! The data that the invoice page shows. The handlers make it, and `view` writes it as HTML.
//! Pure: no I/O.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use ulid::Ulid;
use url::Url;

use crate::config::{PayLink, ShopLook};
pub use crate::invoice::Term;
use crate::invoice::{Further, OriginalKind, Transfer, epc_payload, is_debited, qr_svg};
use crate::language::Locale;
use crate::record::Kind;
use crate::room::message_content::Addressee;
use crate::search::Piece;
use crate::transaction::{PartyRole, Standing, Status, Terms, Transaction, Visitor};

/// What a revision says for which the page has no place of its own.
#[derive(Debug, Default)]
pub struct ReadInvoice {
    /// The terms, and what the file says beyond the model.
    pub further: Further,
    /// The kind of the file in which the invoice came, which can be downloaded; `None` if it came as JSON.
    pub original: Option<OriginalKind>,
    /// The places of the supporting documents (BG-24, from 0) whose file is in the original and can be opened.
    pub files: BTreeSet<usize>,
}

/// Everything on the page.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The transaction, with its terms at the newest revision.
    pub transaction: &'a Transaction,
    /// How it stands today. Everything on the page about money follows from it.
    pub standing: Standing,
    /// The statuses that the visitor may set now.
    pub steps: Vec<Status>,
    /// The look of the shop, if it has one of its own.
    pub look: Option<&'a ShopLook>,
    /// The person who looks at the page.
    pub visitor: &'a Visitor,
    /// Their name, as lines and lists have it. The page inside a Matrix client names nobody, and has none.
    pub visitor_name: String,
    /// The address of the page for this visitor.
    pub address: Address,
    /// The Matrix ID of the visitor's guest. The script stores unsent texts under it, so that
    /// nobody else who uses this device sees them.
    pub speaker: &'a str,
    /// The language and the time zone of the visitor.
    pub reader: &'a Reader,
    /// The revisions of the transaction, newest first. The first one is shown.
    pub revisions: Vec<Revision>,
    /// What the invoice says for which the page has no place of its own.
    pub read: Arc<ReadInvoice>,
    /// How the visitor can pay now; `None` if they have nothing to pay, or cannot pay it here.
    pub paying: Option<Paying>,
    /// The conversation.
    pub chat: Chat,
    /// The notes of the visitor's side. Only the page itself has them, and no news of it.
    pub notes: Notes,
    /// The contacts of the other party, then those of the visitor's, each in the order in which the shop named them.
    /// Only the page itself has them, as with the notes.
    pub people: Vec<Person>,
    /// Those to whom the visitor can address a message.
    pub choices: Vec<Choice>,
    /// How long the other party usually takes to reply, in milliseconds; `None` if there are too
    /// few replies.
    pub replies_in: Option<i64>,
    /// The key with which the browser can ask to be told of answers; `None` if it cannot.
    pub web_push_key: Option<String>,
}

/// How a buyer can pay. At least one of transfer and link is there.
#[derive(Clone, Debug)]
pub struct Paying {
    /// The transfer that pays the invoice.
    pub transfer: Option<Transfer>,
    /// The EPC QR code of the transfer as SVG, if it is in euro and to an IBAN.
    pub qr: Option<String>,
    /// The address at the payment provider of the shop.
    pub link: Option<Url>,
}

impl Paying {
    /// Returns how `amount` of a transaction can be paid, with the link of its shop.
    pub fn of(transaction: &Transaction, amount: Decimal, links: &[PayLink]) -> Option<Self> {
        let Terms { invoice, seller, .. } = &transaction.terms;
        // Whoever pays what is debited pays twice.
        let link = links.iter().find(|it| it.shop == transaction.shop && !is_debited(invoice));
        let paying = Self {
            transfer: Transfer::of(invoice, amount, &seller.name),
            qr: epc_payload(invoice, amount, &seller.name).as_deref().and_then(qr_svg),
            link: link.and_then(|it| it.address(transaction, amount)),
        };
        Some(paying).filter(|it| it.transfer.is_some() || it.link.is_some())
    }
}

impl Page<'_> {
    /// Returns the terms of the invoice for which the page has no place of its own.
    pub fn further(&self) -> &[Term] {
        &self.read.further.terms
    }
}

/// The address of the page of a transaction for one visitor. Every address on the page names the
/// grant of the visitor, so that two pages in one browser are never confused.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// The id of the transaction.
    pub transaction: Ulid,
    /// The grant by which the visitor was let in.
    pub grant: Ulid,
}

impl Address {
    /// Returns the path of the transaction, without a slash at its end and without a grant.
    pub fn base(&self) -> String {
        format!("/t/{}", self.transaction)
    }

    /// Returns the address of the page. More parameters can be added with `&`.
    pub fn page(&self) -> String {
        format!("{}?grant={}", self.base(), self.grant)
    }

    /// Returns the address of a part of the page, such as `messages`. More parameters can be added
    /// with `&`.
    pub fn part(&self, part: &str) -> String {
        format!("{}/{part}?grant={}", self.base(), self.grant)
    }
}

/// The language, the time zone and the nonce for one reader.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The language, which also formats numbers and dates.
    pub locale: Locale,
    /// The time zone of times of day, until the script replaces them.
    pub time_zone: TimeZone,
    /// The current date in this time zone.
    pub today: Date,
    /// The `nonce` of the script and the style sheet.
    pub nonce: String,
}

/// A revision of the transaction.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The number of the revision, counted from 1.
    pub number: i64,
    /// When the revision was made, in milliseconds since 1970.
    pub at: i64,
    /// The status from the shop, such as `awaiting_payment`; `None` if the status asks for money
    /// that nobody owes.
    pub status: Option<String>,
    /// The differences from the revision before.
    pub changes: Vec<crate::transaction::Change>,
}

/// The conversation, or the newest part of it.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// The lines, in reading order.
    pub lines: Vec<ChatLine>,
    /// The cursor of the older lines (`?before=`), if there are any.
    pub older: Option<String>,
    /// The messages of the visitor that are not in the room yet.
    pub unsent: Vec<Unsent>,
    /// The seq of the newest entry of the record.
    pub seq: i64,
    /// The id of the message in the form. A form that is sent twice with one id is one message. If
    /// it is empty, the script makes an id for each message.
    pub client_id: String,
    /// What the text field is for, if the page is used without scripts (`?reply=`, `?edit=`,
    /// `?again=`).
    pub composing: Composing,
    /// The reason why nobody can write here now, in the language of the reader.
    pub closed: Option<String>,
    /// Up to which place in the reading order the visitor has read, in milliseconds since 1970. None: nothing yet.
    pub read_upto: Option<i64>,
    /// The newest line that the other party has read (its event id), and the person who read it.
    pub seen: Option<(String, Named)>,
    /// The people who are typing.
    pub typing: Vec<Named>,
    /// What the visitor may want to ask, as long as nobody has written anything.
    pub questions: Vec<String>,
    /// What was found, if the visitor searched for something.
    pub found: Option<Found>,
    /// Whether there are newer lines than these.
    pub is_past: bool,
}

/// What was found in the conversation.
#[derive(Clone, Debug)]
pub struct Found {
    /// The words that were searched for.
    pub words: String,
    /// The lines that say them, newest first.
    pub hits: Vec<Hit>,
}

/// A line that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The event id of the line.
    pub event: String,
    /// The time that determines its place in the reading order, in milliseconds since 1970.
    pub at: i64,
    /// Its sender.
    pub by: Named,
    /// The part of its text around the words.
    pub pieces: Vec<Piece>,
}

/// The notes of the visitor's side, or some of them.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The notes, oldest first.
    pub shown: Vec<PageNote>,
    /// The cursor of the older ones (`?notes=`), if there are any.
    pub older: Option<String>,
    /// The id of the form for a new note.
    pub form_id: String,
}

/// A note of the visitor's side.
#[derive(Clone, Debug)]
pub struct PageNote {
    /// Its id.
    pub id: String,
    /// The name of its author; `None` if they were forgotten.
    pub author: Option<String>,
    /// Its text; `None` if it was removed.
    pub text: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// Whether the visitor wrote it here, so that they may remove it.
    pub is_own: bool,
}

/// A person as the page names them, always together with their party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name that the shop uses, or else the name that the person has chosen, without characters
    /// that could mislead. The name of a person who speaks for neither party includes their Matrix
    /// ID.
    pub name: String,
    /// The party for which they speak, from our record and never from their profile; `None` if they
    /// speak for neither party.
    pub role: Option<PartyRole>,
    /// Whether they are the visitor.
    pub is_visitor: bool,
}

impl ChatLine {
    /// Returns the sender of the line.
    pub fn named(&self) -> Named {
        let is_visitor = self.side == Side::Mine;
        Named { name: self.name.clone(), role: self.role, is_visitor }
    }
}

/// The two times of an event, if they are so far apart that one of them alone would mislead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The time that the homeserver of the sender states, in milliseconds since 1970.
    pub sent_at: i64,
    /// The time of our receipt, in milliseconds since 1970.
    pub received_at: i64,
    /// Whether the event was read from the history of the room, where a late receipt is usual.
    pub from_history: bool,
}

/// What the text field is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Composing {
    /// A new message.
    #[default]
    New,
    /// A new message that begins with this question.
    Ask(String),
    /// A reply to this line.
    Reply(Quote),
    /// A new text for one of the visitor's own lines.
    Edit {
        /// The event id of the line.
        event: String,
        /// The current text of the line, in Markdown or plain.
        text: String,
    },
    /// A text that could not be sent, to be sent again.
    Resend {
        /// The text.
        text: String,
        /// The messages to which it relates.
        relation: UnsentRelation,
        /// The id of the outgoing message that it replaces.
        outgoing: String,
        /// The message that it answers.
        quote: Option<Quote>,
    },
}

/// Who sent a line, from the point of view of the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The visitor, on the page or with their Matrix account.
    Mine,
    /// Another person of the visitor's party.
    Ours,
    /// A person of the other party.
    Theirs,
    /// A person who speaks for neither party.
    Third,
}

/// One message of the conversation.
#[derive(Clone, Debug)]
pub struct ChatLine {
    /// The Matrix event id.
    pub event: String,
    /// The time that determines its place in the reading order, in milliseconds since 1970.
    pub at: i64,
    /// Who sent it.
    pub side: Side,
    /// The party of the sender, from our record and never from the profile.
    pub role: Option<PartyRole>,
    /// The name of the sender, as in [`Named`].
    pub name: String,
    /// The Matrix ID of the user who sent its event.
    pub sender: String,
    /// The Matrix ID by which the sender is known: that of their own account, or else of their guest.
    pub person: String,
    /// The kind of its entry.
    pub kind: Kind,
    /// The current text, without markup.
    pub text: Option<String>,
    /// The current text as sanitised HTML.
    pub html: Option<String>,
    /// Its files.
    pub files: Vec<ChatFile>,
    /// The message that it answers.
    pub reply_to: Option<Quote>,
    /// When its author last edited it, in milliseconds since 1970.
    pub edited_at: Option<i64>,
    /// Both times of the message, if they differ.
    pub times: Option<Times>,
    /// Both times of its last edit, if they differ.
    pub edit_times: Option<Times>,
    /// Whether it was redacted or erased.
    pub removed: bool,
    /// The reactions, one for each emoji.
    pub reactions: Vec<Reaction>,
    /// The poll, if it is one.
    pub poll: Option<Poll>,
    /// The ids of the outgoing messages of this line and its edits, if the visitor wrote them on
    /// the page. The line replaces what the page shows as being sent under these ids.
    pub outgoing: Vec<String>,
    /// Whether the visitor may change its text.
    pub can_edit: bool,
    /// Whether the visitor may redact it.
    pub can_remove: bool,
    /// A remark about something unusual in the event.
    pub remark: Option<String>,
}

/// A line as another line quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The event id of the quoted line.
    pub event: String,
    /// The sender of the quoted line.
    pub by: Named,
    /// The beginning of its text.
    pub excerpt: String,
}

/// A file in a message.
#[derive(Clone, Debug)]
pub struct ChatFile {
    /// The name that its sender gave it.
    pub name: String,
    /// The size in bytes, if it is known.
    pub size: Option<u64>,
    /// The media type, detected from its first bytes.
    pub media_type: Option<String>,
    /// The address of the file; `None` if it is not stored (yet).
    pub href: Option<String>,
    /// The state of the file: `stored`, or the reason why there is no address: `wanted`, `refused`,
    /// `missing`, `expired` or `erased`.
    pub state: String,
    /// A description of the content, for people who cannot see it.
    pub description: Option<String>,
    /// Width and height in pixels, as its sender states them.
    pub pixels: Option<(u32, u32)>,
    /// The picture of its first page, if it has one.
    pub first_page: Option<ShownPage>,
}

/// The picture of a page of a file.
#[derive(Clone, Debug)]
pub struct ShownPage {
    /// The address of the picture.
    pub href: String,
    /// Width and height in pixels.
    pub pixels: (u32, u32),
}

/// An emoji, and the people who reacted with it.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// The emoji.
    pub key: String,
    /// The people who reacted.
    pub by: Vec<Named>,
    /// Whether the visitor is among them.
    pub mine: bool,
}

/// A poll and its votes.
#[derive(Clone, Debug)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// The answers, in their order.
    pub answers: Vec<PollAnswer>,
    /// The number of answers that one vote may choose.
    pub max_selections: usize,
    /// Whether the votes are shown. Those of some polls are shown only at their end.
    pub is_disclosed: bool,
    /// Whether the poll has ended.
    pub ended: bool,
}

/// An answer of a poll.
#[derive(Clone, Debug)]
pub struct PollAnswer {
    /// The id, which a vote names.
    pub id: String,
    /// The text.
    pub text: String,
    /// The number of people who chose it.
    pub votes: usize,
    /// Whether the visitor chose it.
    pub is_chosen: bool,
}

/// A message that the visitor wrote and that is not in the room (yet).
#[derive(Clone, Debug)]
pub struct Unsent {
    /// The id of the outgoing message, a ULID.
    pub id: String,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The text, without the name of those to whom it is addressed, or the name of the file.
    pub text: String,
    /// The messages to which the text relates, if it can be put back into the text field; `None`
    /// for a file.
    pub relation: Option<UnsentRelation>,
    /// The reason why it is not sent; `None` if it is being sent.
    pub problem: Option<String>,
    /// Whether sending was given up until the visitor retries it.
    pub gave_up: bool,
}

/// The messages to which an unsent text relates, and those to whom it is addressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnsentRelation {
    /// The event id of the message that it answers.
    pub reply: Option<String>,
    /// The event id of the message that it replaces.
    pub edit: Option<String>,
    /// The [`Choice`] of those to whom it is addressed. A change keeps its addressee without.
    pub to: Option<String>,
}

/// A contact of either party, or somebody else in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The Matrix ID of their guest on the page, or of somebody who is no contact.
    pub guest: String,
    /// The name of the contact.
    pub name: String,
    /// The party for which they speak. None: they are no contact.
    pub role: Option<PartyRole>,
    /// What they are responsible for.
    pub duty: Option<String>,
    /// Where a message reaches them.
    pub reach: Reach,
    /// Whether they are present.
    pub presence: Presence,
}

/// Somebody to whom the visitor can address a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends. It says nothing that the page does not show: it is the guest of a person, or a party and a duty.
    pub id: String,
    /// The party for which they speak.
    pub role: PartyRole,
    /// What a person is responsible for.
    pub duty: Option<String>,
    /// Their name, and the users.
    pub to: Addressee,
}

/// Where a message reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Their Matrix account is in the room.
    InRoom,
    /// Their Matrix account is invited to the room.
    Invited,
    /// Their Matrix account is neither in the room nor invited.
    NotInRoom,
    /// They have no Matrix account, but an e-mail address.
    Email,
    /// They have asked the shop for no mails.
    NoMails,
    /// Mails to their address cannot be delivered.
    Undeliverable,
    /// They have neither, and can only look at the page.
    Page,
}

/// The presence of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The person looks at this page.
    Here,
    /// The person is online in a Matrix client.
    Online,
    /// The person has a Matrix client open, and is away from it.
    Away,
    /// The person is offline. The value is the time of their last activity, in milliseconds since
    /// 1970, if it is known.
    Offline(Option<i64>),
    /// The presence is not known.
    Unknown,
}
