//! What the audit log says: who did what, and from where. It holds ids and names of keys, and nothing that people
//! said or are called.

use std::net::IpAddr;

use ulid::Ulid;

use crate::clock::now;

/// What was done. The names are stored, so they do not change later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A transaction was read.
    TransactionRead,
    /// A transaction was handed in.
    TransactionCreated,
    /// A transaction was changed: its invoice, its status, its parties or what happens to redactions.
    TransactionChanged,
    /// A payment was handed in. Its id is the subject.
    PaymentAdded,
    /// A payment was taken back. Its id is the subject.
    PaymentTakenBack,
    /// The payments of a transaction were listed.
    PaymentsListed,
    /// The shop said something in the room. The id of the message is the subject.
    MessageWritten,
    /// The shop discarded what was not sent of a message. The id of the message is the subject.
    MessageDiscarded,
    /// The state of a message of the shop was read.
    MessageRead,
    /// A mail that was held back was said in the room. Its id is the subject.
    MailReleased,
    /// A mail that was held back was discarded. Its id is the subject.
    MailDiscarded,
    /// The mails that are held back were read.
    MailsRead,
    /// The shop added a note of one side. Its id is the subject.
    NoteWritten,
    /// The shop removed a note of one side. Its id is the subject.
    NoteRemoved,
    /// Notes were read.
    NotesRead,
    /// Transactions were listed.
    TransactionsListed,
    /// The entries of a record were read.
    RecordRead,
    /// Records were searched.
    RecordsSearched,
    /// A file of a transaction was read: one that somebody sent, or the invoice as a file.
    FileRead,
    /// The links of a transaction were listed.
    LinksListed,
    /// Events of the transactions were read.
    EventsRead,
    /// The audit log was read.
    AuditRead,
    /// A bundle of everything about a transaction was made.
    TransactionExported,
    /// A link to the invoice page was made. Its id is the subject.
    LinkMade,
    /// A link was revoked. Its id is the subject.
    LinkRevoked,
    /// An e-mail address is written to again that was not.
    AddressWrittenToAgain,
    /// Contacts were invited again.
    ContactsInvited,
    /// Something of a record was erased: because a person is to be forgotten, or because redactions are honoured
    /// from now on.
    EntriesErased,
    /// A key was made. Its name is the subject.
    KeyMade,
    /// A key was revoked. Its name is the subject.
    KeyRevoked,
    /// Webhooks or their deliveries were read.
    WebhooksRead,
    /// A webhook was made. Its id is the subject, as in the following ones.
    WebhookMade,
    /// A webhook was changed.
    WebhookChanged,
    /// A webhook was deleted.
    WebhookDeleted,
    /// A webhook got a new secret.
    WebhookSecretMade,
    /// Deliveries to a webhook are sent again.
    WebhookReplayed,
}

impl Action {
    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransactionRead => "transaction.read",
            Self::TransactionCreated => "transaction.created",
            Self::TransactionChanged => "transaction.changed",
            Self::PaymentAdded => "payment.added",
            Self::PaymentTakenBack => "payment.taken_back",
            Self::PaymentsListed => "payments.listed",
            Self::MessageWritten => "message.written",
            Self::MessageDiscarded => "message.discarded",
            Self::MessageRead => "message.read",
            Self::MailReleased => "mail.released",
            Self::MailDiscarded => "mail.discarded",
            Self::MailsRead => "mails.read",
            Self::NoteWritten => "note.written",
            Self::NoteRemoved => "note.removed",
            Self::NotesRead => "notes.read",
            Self::TransactionsListed => "transactions.listed",
            Self::RecordRead => "record.read",
            Self::RecordsSearched => "records.searched",
            Self::FileRead => "file.read",
            Self::LinksListed => "links.listed",
            Self::EventsRead => "events.read",
            Self::AuditRead => "audit.read",
            Self::TransactionExported => "transaction.exported",
            Self::LinkMade => "link.made",
            Self::LinkRevoked => "link.revoked",
            Self::AddressWrittenToAgain => "address.written_to_again",
            Self::ContactsInvited => "contacts.invited",
            Self::EntriesErased => "entries.erased",
            Self::KeyMade => "key.made",
            Self::KeyRevoked => "key.revoked",
            Self::WebhooksRead => "webhooks.read",
            Self::WebhookMade => "webhook.made",
            Self::WebhookChanged => "webhook.changed",
            Self::WebhookDeleted => "webhook.deleted",
            Self::WebhookSecretMade => "webhook.secret_made",
            Self::WebhookReplayed => "webhook.replayed",
        }
    }
}

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A call of the API.
    Call {
        /// The name of the key.
        key: String,
        /// The address that it came from, if it came by a connection.
        address: Option<IpAddr>,
        /// The id of the call, as in the log.
        request_id: String,
    },
    /// A command.
    Command {
        /// The user of the system who typed it.
        user: String,
    },
    /// A message to the bot in the room of a transaction.
    Room {
        /// The party for which its author speaks, `buyer` or `seller`: who it was is in the record. In the room of the
        /// admins, the Matrix user ID of the admin.
        actor: String,
    },
    /// A mail that Tallyroom sends.
    Mail {
        /// The party of its reader, `buyer` or `seller`.
        actor: String,
    },
}

impl Origin {
    /// Returns the name for the log: `api`, `command`, `room` or `mail`.
    pub fn way(&self) -> &'static str {
        match self {
            Self::Call { .. } => "api",
            Self::Command { .. } => "command",
            Self::Room { .. } => "room",
            Self::Mail { .. } => "mail",
        }
    }

    /// Returns the name of the key, or of the user of the system, or the author of a message.
    pub fn actor(&self) -> &str {
        match self {
            Self::Call { key, .. } => key,
            Self::Command { user } => user,
            Self::Room { actor } | Self::Mail { actor } => actor,
        }
    }

    /// Returns the address that a call came from.
    pub fn address(&self) -> Option<String> {
        match self {
            Self::Call { address, .. } => address.map(|it| it.to_string()),
            Self::Command { .. } | Self::Room { .. } | Self::Mail { .. } => None,
        }
    }

    /// Returns the id of a call.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Call { request_id, .. } => Some(request_id),
            Self::Command { .. } | Self::Room { .. } | Self::Mail { .. } => None,
        }
    }

    /// Returns the line of the log that says that this is done in a shop now.
    pub fn does(&self, action: Action, shop: &str) -> AuditLine {
        let (origin, shop) = (self.clone(), shop.to_owned());
        AuditLine { at: now(), origin, shop, action, transaction: None, subject: None }
    }
}

/// A new line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// When it was done, in milliseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub origin: Origin,
    /// The shop to which the transaction or the key belongs.
    pub shop: String,
    /// What was done.
    pub action: Action,
    /// The transaction, if it was done to one.
    pub transaction: Option<Ulid>,
    /// The id of a link, or the name of a key.
    pub subject: Option<String>,
}

impl AuditLine {
    /// Adds the transaction to which it was done.
    #[must_use]
    pub fn to(self, transaction: Ulid) -> Self {
        Self { transaction: Some(transaction), ..self }
    }

    /// Adds the id or name of what it was done with.
    #[must_use]
    pub fn with(self, subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }
}
