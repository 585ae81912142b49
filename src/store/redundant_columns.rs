//! Redundant data: columns that only make reading fast. `verify` compares them with their source.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use ulid::Ulid;

use super::columns::from_json;
use super::{Snapshot, StoreError};
use crate::record::Relation;

const SELECT_TARGETS: &str = "\
     SELECT seq, target, relates_to FROM entries WHERE transaction_id = $1 \
     AND (target IS NOT NULL OR relates_to IS NOT NULL) ORDER BY seq";
const SELECT_ACTIVE_CONTACTS: &str =
    "SELECT user_id, party FROM contacts WHERE transaction_id = $1 AND active = 1";
const SELECT_CREATIONS: &str = "SELECT event_id FROM entries WHERE transaction_id = $1 \
     AND event_type = 'm.room.create' ORDER BY seq DESC";

const SELECT_LOWEST_NUMBER: &str = "SELECT MIN(lowest) FROM (\
     SELECT MIN(seq) AS lowest FROM entries WHERE transaction_id = $1 \
     UNION ALL SELECT MIN(number) FROM acts WHERE transaction_id = $1 \
     UNION ALL SELECT MIN(revision) FROM revisions WHERE transaction_id = $1) AS numbers";

impl Snapshot {
    /// Returns the lowest number of an entry, an act or a revision of a record, if it has any. All of
    /// them are counted from 1, and whoever reads them in order starts there.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn lowest_number(&mut self, id: Ulid) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(SELECT_LOWEST_NUMBER).bind(id.to_string()).fetch_one(&mut *self.tx).await
    }

    /// Returns the `seq` of the first entry whose `target` is not the event to which it relates.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn first_wrong_target(&mut self, id: Ulid) -> Result<Option<i64>, StoreError> {
        let rows = sqlx::query_as(SELECT_TARGETS).bind(id.to_string());
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

    /// Returns the active contacts and their parties, by Matrix user id.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contacts(&mut self, id: Ulid) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(SELECT_ACTIVE_CONTACTS)
            .bind(id.to_string())
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Returns the ids of the `m.room.create` events in a record, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn creations(&mut self, id: Ulid) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(SELECT_CREATIONS).bind(id.to_string()).fetch_all(&mut *self.tx).await
    }
}
