//! What is kept a second time beside the record, so that it is found quickly: `verify` compares it
//! with what it was taken from.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use ulid::Ulid;

use super::columns::from_json;
use super::{Snapshot, StoreError};
use crate::record::Relation;

const TARGETS: &str = "SELECT seq, target, relates_to FROM entries WHERE transaction_id = $1 \
     AND (target IS NOT NULL OR relates_to IS NOT NULL) ORDER BY seq";
const CONTACTS: &str =
    "SELECT user_id, party FROM contacts WHERE transaction_id = $1 AND active = 1";
const CREATIONS: &str = "SELECT event_id FROM entries WHERE transaction_id = $1 \
     AND event_type = 'm.room.create' ORDER BY seq DESC";

impl Snapshot {
    /// The first entry that would be found by another event than the one to which it relates.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn first_wrong_target(&mut self, id: Ulid) -> Result<Option<i64>, StoreError> {
        let rows = sqlx::query_as(TARGETS).bind(id.to_string());
        let mut rows = rows.fetch(&mut *self.tx);
        while let Some(row) = rows.try_next().await? {
            let (seq, target, relation): (i64, Option<String>, Option<String>) = row;
            let relation: Option<Relation> =
                relation.map(|json| from_json("relates_to", &json)).transpose()?;
            if target != relation.map(|relation| relation.event_id) {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    /// Who is said to speak for which party now, by Matrix user ID.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contacts(&mut self, id: Ulid) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as(CONTACTS).bind(id.to_string()).fetch_all(&mut *self.tx).await?;
        Ok(rows.into_iter().collect())
    }

    /// The events by which the rooms of a record were made, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn creations(&mut self, id: Ulid) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(CREATIONS).bind(id.to_string()).fetch_all(&mut *self.tx).await
    }
}
