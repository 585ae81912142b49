//! The contacts of a transaction: the Matrix users who speak for the buyer or the seller.

use ulid::Ulid;

use super::{Store, StoreError, Tx};
use crate::transaction::{PartyRole, Terms};

const RETIRE_CONTACTS: &str = "UPDATE contacts SET active = 0 WHERE transaction_id = $1";
const PUT_CONTACT: &str = "INSERT INTO contacts (transaction_id, user_id, party, active) \
     VALUES ($1, $2, $3, 1) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET party = excluded.party, active = 1";
const FORMER_CONTACTS: &str =
    "SELECT user_id FROM contacts WHERE transaction_id = $1 AND active = 0 ORDER BY user_id";
const PARTY_OF: &str = "SELECT party FROM contacts WHERE transaction_id = $1 AND user_id = $2 \
     UNION ALL SELECT party FROM guests WHERE transaction_id = $1 AND user_id = $2 LIMIT 1";

impl Store {
    /// Matrix users who were contacts once and are none now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn former_contacts(&self, id: Ulid) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(FORMER_CONTACTS).bind(id.to_string()).fetch_all(&self.pool).await
    }
}

/// Which party `user` speaks or spoke for.
pub(super) async fn party_of(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(PARTY_OF).bind(transaction_id).bind(user).fetch_optional(&mut **tx).await
}

pub(super) async fn put(tx: &mut Tx, id: Ulid, terms: &Terms) -> Result<(), StoreError> {
    sqlx::query(RETIRE_CONTACTS).bind(id.to_string()).execute(&mut **tx).await?;
    for (role, user) in terms.matrix_contacts() {
        sqlx::query(PUT_CONTACT)
            .bind(id.to_string())
            .bind(user.as_str())
            .bind(PartyRole::as_str(role))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
