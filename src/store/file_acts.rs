//! The acts that tell which files a record keeps, and which files expired.

use sqlx::FromRow;

use super::acts::{NewAct, append};
use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx, adoption};
use crate::event::{EventKind, NewEvent};
use crate::record::acts::{ActKind, FileContent};
use crate::record::digest::canonical;

const SELECT_FILES_WITHOUT_ACTS: &str = "SELECT mxc, namings FROM files \
     WHERE state = 'stored' AND noted < namings ORDER BY mxc LIMIT $1";
/// The order is fixed because the rows of the transactions are locked in it.
const SELECT_RECORDS_WITHOUT_ACT: &str = "\
     SELECT DISTINCT n.transaction_id FROM entry_files n WHERE n.mxc = $1 \
     AND NOT EXISTS (SELECT 1 FROM acts a WHERE a.subject = n.mxc \
       AND a.transaction_id = n.transaction_id AND a.kind = 'file' AND a.salt IS NOT NULL) \
     ORDER BY n.transaction_id LIMIT $2";
const SELECT_RECORDS_WITH_ACT: &str = "SELECT DISTINCT transaction_id FROM acts \
     WHERE subject = $1 AND kind = 'file' AND salt IS NOT NULL ORDER BY transaction_id";
const LOCK_STORED_FILE: &str = "UPDATE files SET noted = noted WHERE mxc = $1 AND state = 'stored' \
     RETURNING sha256, size, media_type";
const SET_NOTED: &str = "UPDATE files SET noted = $2 WHERE mxc = $1";
const SET_EXPIRED: &str =
    "UPDATE files SET state = 'expired', due_at = NULL WHERE mxc = $1 AND state = 'stored'";
/// Without the salt, the digest in the chain does not reveal what the file was.
static DELETE_SALTS: ManyRows = ManyRows::new(
    "UPDATE acts SET salt = NULL FROM (VALUES ",
    2,
    ") AS v WHERE acts.subject = v.column2 AND acts.transaction_id = v.column1 \
     AND acts.kind = 'file' AND acts.salt IS NOT NULL AND NOT EXISTS (SELECT 1 FROM entry_files n \
     WHERE n.transaction_id = v.column1 AND n.mxc = v.column2)",
);

/// The number of records that get an act in one tx.
const RECORDS_PER_TX: i64 = 64;

#[derive(FromRow)]
struct Stored {
    sha256: Option<String>,
    size: Option<i64>,
    media_type: Option<String>,
}

impl Store {
    /// Adds the missing acts of at most `limit` stored files. Returns the number of files.
    ///
    /// # Errors
    /// If the database does not answer. The acts that were added until then are kept.
    pub async fn add_missing_file_acts(&self, limit: i64) -> Result<usize, StoreError> {
        let files: Vec<(String, i64)> =
            sqlx::query_as(SELECT_FILES_WITHOUT_ACTS).bind(limit).fetch_all(&self.pool).await?;
        for (mxc, namings) in &files {
            self.note_file(mxc, *namings).await?;
        }
        Ok(files.len())
    }

    /// Adds the missing acts of one file.
    async fn note_file(&self, mxc: &str, namings: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let due = self.sign_due();
        let records = without_act(&mut tx, mxc).await?;
        for id in &records {
            adoption::lock(&mut tx, id, due).await?;
        }
        let stored: Option<Stored> =
            sqlx::query_as(LOCK_STORED_FILE).bind(mxc).fetch_optional(&mut *tx).await?;
        let Some(Stored { sha256: Some(sha256), size, media_type }) = stored else {
            return Ok(());
        };
        let content = FileContent { sha256, size: size.unwrap_or_default(), media_type };
        // Records may have released the file before their rows were locked.
        let still = without_act(&mut tx, mxc).await?;
        for id in records.iter().filter(|id| still.contains(id)) {
            let act = NewAct {
                kind: ActKind::File,
                subject: mxc,
                actor: "",
                reason: "",
                adopted: false,
                content: Some(canonical(&content)),
            };
            let number = append(&mut tx, id, act, Some(due)).await?;
            tx.tells(NewEvent::of(EventKind::FileStored, id).about(number));
        }
        let all = i64::try_from(records.len()).is_ok_and(|count| count < RECORDS_PER_TX);
        if all {
            sqlx::query(SET_NOTED).bind(mxc).bind(namings).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// Notes that a file was kept as long as configured and is deleted from the file store.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn file_expired(&self, mxc: &str) -> Result<(), StoreError> {
        loop {
            let mut tx = self.begin().await?;
            let due = self.sign_due();
            let records = with_act(&mut tx, mxc).await?;
            for id in &records {
                adoption::lock(&mut tx, id, due).await?;
            }
            sqlx::query(SET_EXPIRED).bind(mxc).execute(&mut *tx).await?;
            if with_act(&mut tx, mxc).await?.iter().any(|id| !records.contains(id)) {
                // Another record began to keep the file before its row was locked.
                continue;
            }
            for id in &records {
                let act = NewAct {
                    kind: ActKind::Expiry,
                    subject: mxc,
                    actor: "",
                    reason: "files.keep_days",
                    adopted: false,
                    content: None,
                };
                append(&mut tx, id, act, Some(due)).await?;
            }
            return tx.commit().await;
        }
    }
}

/// Notes that entries of some records no longer name these files (transaction and file). If no entry
/// of the record names the file, the salt of its act is deleted.
pub(super) async fn released(tx: &mut Tx, files: &[(&str, &str)]) -> Result<(), StoreError> {
    DELETE_SALTS.change(tx, files).await
}

/// Returns some records that name the file and have no act of it.
async fn without_act(tx: &mut Tx, mxc: &str) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(SELECT_RECORDS_WITHOUT_ACT)
        .bind(mxc)
        .bind(RECORDS_PER_TX)
        .fetch_all(&mut **tx)
        .await
}

/// Returns the records that have an act of the file.
async fn with_act(tx: &mut Tx, mxc: &str) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(SELECT_RECORDS_WITH_ACT).bind(mxc).fetch_all(&mut **tx).await
}
