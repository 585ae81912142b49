//! The faces of a record: what it looks like to one visitor in one language. Pages with the same face
//! show the same, whichever grants let them in.

use std::collections::BTreeMap;
use std::sync::Arc;

use ulid::Ulid;

use super::news::GRANT_PLACEHOLDER;
use crate::page::PageState;
use crate::page::model::Reader;
use crate::page::session::{Session, visitor_of};
use crate::transaction::{PartyRole, Transaction};

/// A visitor of a record, and the language in which they read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FaceKey {
    role: PartyRole,
    /// The key of the contact. `None`: the party itself.
    contact: Option<String>,
    locale: String,
}

/// A face that at least one open page shows.
#[derive(Debug)]
pub(super) struct Face {
    /// The number of the face within its record.
    pub(super) number: usize,
    /// The party for which the visitor speaks.
    pub(super) role: PartyRole,
    /// The key of the contact. `None`: the party itself.
    pub(super) contact: Option<String>,
    /// The language and the time zone. It has no nonce, because nothing that is told needs one.
    pub(super) reader: Reader,
}

/// The faces of a record.
#[derive(Debug, Default)]
pub(super) struct Faces {
    by_key: BTreeMap<FaceKey, Arc<Face>>,
    last_number: usize,
}

impl Faces {
    /// Returns the face that a session sees.
    pub(super) fn of(&mut self, session: &Session) -> Arc<Face> {
        let (role, reader) = (session.visitor.role, &session.reader);
        let contact = session.visitor.key().map(str::to_owned);
        let key = FaceKey { role, contact: contact.clone(), locale: reader.locale.tag() };
        if let Some(face) = self.by_key.get(&key) {
            return Arc::clone(face);
        }
        self.last_number += 1;
        let reader = Reader { nonce: String::new(), ..reader.clone() };
        let face = Arc::new(Face { number: self.last_number, role, contact, reader });
        self.by_key.insert(key, Arc::clone(&face));
        face
    }

    /// Returns all faces that are shown. Forgets those that no page shows any more.
    pub(super) fn shown(&mut self) -> Vec<Arc<Face>> {
        self.by_key.retain(|_, face| Arc::strong_count(face) > 1);
        self.by_key.values().cloned().collect()
    }
}

impl Face {
    /// Returns the session of the visitor, without a grant. Gives the transaction back if the shop
    /// does not name the visitor any more.
    pub(super) fn session(
        &self,
        state: &PageState,
        transaction: Transaction,
    ) -> Result<Session, Box<Transaction>> {
        let visitor = visitor_of(state, &transaction, self.role, self.contact.as_deref());
        let Some((visitor, guest)) = visitor else { return Err(Box::new(transaction)) };
        Ok(Session {
            transaction,
            visitor,
            guest,
            grant: *GRANT_PLACEHOLDER,
            // What is read is for all sessions.
            id: Ulid::nil(),
            is_named: true,
            reader: self.reader.clone().of_today(),
            correlation: String::new(),
        })
    }
}
