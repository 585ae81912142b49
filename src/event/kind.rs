//! The kinds of events: one table of their names.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What an event tells of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind { $($(#[$doc])* $name,)* }

        impl EventKind {
            /// All kinds, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the kind in JSON and in the database. It never changes.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the kind with this name.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

impl EventKind {
    /// Reads a list of names with commas between them.
    ///
    /// # Errors
    /// The first name that is none.
    pub fn list(text: &str) -> Result<Vec<Self>, &str> {
        Self::named(text.split(',').map(str::trim)).map_err(|(_, name)| name)
    }

    /// Reads names.
    ///
    /// # Errors
    /// The place of the first name that is none, and this name.
    pub fn named<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<Self>, (usize, &'a str)> {
        let read = |(place, name)| Self::from_text(name).ok_or((place, name));
        names.enumerate().map(read).collect()
    }

    /// The names of all kinds.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|it| it.as_str())
    }
}

kinds! {
    /// The shop handed in a transaction. The subject is its revision, 1.
    TransactionCreated = "transaction.created",
    /// The shop changed a transaction, or a person set its status. The subject is the new revision.
    TransactionUpdated = "transaction.updated",
    /// A change gave the transaction another status, or the end of its due date did so. The subject is the revision. In
    /// the second case, the detail has both words.
    TransactionStatusChanged = "transaction.status_changed",
    /// The shop handed in a payment. The subject is the number of the act that says so.
    PaymentAdded = "payment.added",
    /// The shop took a payment back. The subject is the number of the act that says so.
    PaymentTakenBack = "payment.taken_back",
    /// Somebody of a side added a note of that side. The detail names the note and the side.
    NoteCreated = "note.created",
    /// The words of a note were removed. The detail names the note and the side.
    NoteRemoved = "note.removed",
    /// An answer by e-mail is held back. The detail names the mail, the side and the reason.
    MailHeld = "mail.held",
    /// A mail to a contact could not be delivered. The detail names the mail that says so, the side and the status.
    MailUndelivered = "mail.undelivered",
    /// Somebody said something, or reacted or voted. The subject is the seq of the entry.
    EntryCreated = "entry.created",
    /// Somebody edited a message. The subject is the seq of the entry that holds the edit.
    EntryEdited = "entry.edited",
    /// Somebody redacted a message. The subject is the seq of the entry that holds the redaction.
    EntryRedacted = "entry.redacted",
    /// The content of an entry was erased. The subject is the seq of that entry.
    EntryErased = "entry.erased",
    /// A file that an entry names was stored. The subject is the number of the act that says so.
    FileStored = "file.stored",
    /// A person of a party came into the room. The subject is the seq of the entry of it.
    PartyJoined = "party.joined",
    /// A person of a party left the room or was removed. The subject is the seq of the entry of it.
    PartyLeft = "party.left",
    /// A person of a party read further than before. The detail names the Matrix event.
    PartyRead = "party.read",
    /// A visitor opened the page of the transaction in a new session.
    PartyOpenedPage = "party.opened_page",
    /// The room is made, and everything that belongs into it is there, for the first time.
    RoomReady = "room.ready",
    /// Something cannot be done in the room.
    RoomProblem = "room.problem",
    /// A problem of the room is gone.
    RoomHealed = "room.healed",
    /// The head of the record was signed. The subject is the seq of the last entry that it covers.
    HeadSigned = "head.signed",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_by_its_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_text(kind.as_str()), Some(*kind));
        }
        assert_eq!(EventKind::from_text("entry.sung"), None);
    }

    #[test]
    fn a_list_names_the_first_that_is_unknown() {
        let two = vec![EventKind::HeadSigned, EventKind::EntryCreated];
        assert_eq!(EventKind::list("head.signed, entry.created"), Ok(two));
        assert_eq!(EventKind::list("head.signed,entry.sung,x"), Err("entry.sung"));
        assert_eq!(EventKind::list("head.signed,"), Err(""));
        assert_eq!(EventKind::named(["head.signed", "x"].into_iter()), Err((1, "x")));
    }
}
