//! Acts that tell which files a record keeps, and which expired.

use sqlx::FromRow;

use super::acts::{Deed, append};
use super::{Store, StoreError, Tx, adoption};
use crate::record::acts::{ActKind, FileContent};
use crate::record::digest::canonical;

const UNNOTED: &str = "SELECT mxc, namings FROM files \
     WHERE state = 'stored' AND noted < namings ORDER BY mxc LIMIT $1";
/// In one order, since their rows get locked.
const WITHOUT_ACT: &str = "SELECT DISTINCT n.transaction_id FROM entry_files n WHERE n.mxc = $1 \
     AND NOT EXISTS (SELECT 1 FROM acts a WHERE a.subject = n.mxc \
       AND a.transaction_id = n.transaction_id AND a.kind = 'file' AND a.salt IS NOT NULL) \
     ORDER BY n.transaction_id LIMIT $2";
const WITH_ACT: &str = "SELECT DISTINCT transaction_id FROM acts \
     WHERE subject = $1 AND kind = 'file' AND salt IS NOT NULL ORDER BY transaction_id";
const LOCK_STORED: &str = "UPDATE files SET noted = noted WHERE mxc = $1 AND state = 'stored' \
     RETURNING sha256, size, media_type";
const NOTED: &str = "UPDATE files SET noted = $2 WHERE mxc = $1";
const EXPIRED: &str =
    "UPDATE files SET state = 'expired', due_at = NULL WHERE mxc = $1 AND state = 'stored'";
/// What was kept stays unknown to whoever holds only the chain.
const FORGET_SALT: &str = "UPDATE acts SET salt = NULL WHERE subject = $2 \
     AND transaction_id = $1 AND kind = 'file' AND salt IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM entry_files n WHERE n.transaction_id = $1 AND n.mxc = $2)";

/// Records that get an act in one tx.
const AT_ONCE: i64 = 64;

#[derive(FromRow)]
struct Stored {
    sha256: Option<String>,
    size: Option<i64>,
    media_type: Option<String>,
}

impl Store {
    /// Has acts tell of files that are kept and of which none tells yet; of how many files.
    ///
    /// # Errors
    /// When the database does not answer; what was done until then stays done.
    pub async fn note_files(&self, limit: i64) -> Result<usize, StoreError> {
        let files: Vec<(String, i64)> =
            sqlx::query_as(UNNOTED).bind(limit).fetch_all(&self.pool).await?;
        for (mxc, namings) in &files {
            self.note_file(mxc, *namings).await?;
        }
        Ok(files.len())
    }

    async fn note_file(&self, mxc: &str, namings: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let due = self.sign_due();
        let records = without_act(&mut tx, mxc).await?;
        for id in &records {
            adoption::lock(&mut tx, id, due).await?;
        }
        let stored: Option<Stored> =
            sqlx::query_as(LOCK_STORED).bind(mxc).fetch_optional(&mut *tx).await?;
        let Some(Stored { sha256: Some(sha256), size, media_type }) = stored else {
            return Ok(());
        };
        let content = FileContent { sha256, size: size.unwrap_or_default(), media_type };
        // Until their rows were locked, they may have let go of it.
        let still = without_act(&mut tx, mxc).await?;
        for id in records.iter().filter(|id| still.contains(id)) {
            let deed = Deed {
                kind: ActKind::File,
                subject: mxc,
                actor: "",
                reason: "",
                adopted: false,
                content: Some(canonical(&content)),
            };
            append(&mut tx, id, deed, Some(due)).await?;
        }
        let all = i64::try_from(records.len()).is_ok_and(|count| count < AT_ONCE);
        if all {
            sqlx::query(NOTED).bind(mxc).bind(namings).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// Notes that a file was kept for as long as configured and is gone from the file store now.
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
            sqlx::query(EXPIRED).bind(mxc).execute(&mut *tx).await?;
            if with_act(&mut tx, mxc).await?.iter().any(|id| !records.contains(id)) {
                // Another record came to keep it while its row was waited for.
                continue;
            }
            for id in &records {
                let deed = Deed {
                    kind: ActKind::Expiry,
                    subject: mxc,
                    actor: "",
                    reason: "files.keep_days",
                    adopted: false,
                    content: None,
                };
                append(&mut tx, id, deed, Some(due)).await?;
            }
            return tx.commit().await;
        }
    }
}

/// A record does not name this file any more, or at least one entry less does.
pub(super) async fn released(
    tx: &mut Tx,
    transaction_id: &str,
    mxc: &str,
) -> Result<(), StoreError> {
    sqlx::query(FORGET_SALT).bind(transaction_id).bind(mxc).execute(&mut **tx).await.map(drop)
}

async fn without_act(tx: &mut Tx, mxc: &str) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(WITHOUT_ACT).bind(mxc).bind(AT_ONCE).fetch_all(&mut **tx).await
}

async fn with_act(tx: &mut Tx, mxc: &str) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(WITH_ACT).bind(mxc).fetch_all(&mut **tx).await
}
