//! The contacts of a transaction: the Matrix users who speak for the buyer or the seller.

use ulid::Ulid;

use super::{Store, StoreError, Tx};
use crate::transaction::{PartyRole, Terms};

const DEACTIVATE_CONTACTS: &str = "UPDATE contacts SET active = 0 WHERE transaction_id = $1";
const UPSERT_CONTACT: &str = "INSERT INTO contacts (transaction_id, user_id, party, active) \
     VALUES ($1, $2, $3, 1) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET party = excluded.party, active = 1";
const SELECT_FORMER_CONTACTS: &str =
    "SELECT user_id FROM contacts WHERE transaction_id = $1 AND active = 0 ORDER BY user_id";

impl Store {
    /// Returns the Matrix users who were contacts earlier and no longer are.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn former_contacts(&self, id: Ulid) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(SELECT_FORMER_CONTACTS).bind(id.to_string()).fetch_all(&self.pool).await
    }
}

/// Replaces the contacts of a transaction by those in `terms`. Former contacts stay as inactive
/// rows, so that their messages still belong to their party.
pub(super) async fn put(tx: &mut Tx, id: Ulid, terms: &Terms) -> Result<(), StoreError> {
    sqlx::query(DEACTIVATE_CONTACTS).bind(id.to_string()).execute(&mut **tx).await?;
    for (role, user) in terms.matrix_contacts() {
        sqlx::query(UPSERT_CONTACT)
            .bind(id.to_string())
            .bind(user.as_str())
            .bind(PartyRole::as_str(role))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
