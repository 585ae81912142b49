//! Which original of a transaction carries which file (BT-125), by the digest of its content.
//!
//! The list only saves reading: what it says follows from the originals.

use ulid::Ulid;

use super::{Store, StoreError};

const SELECT_UNLISTED: &str = "SELECT revision, original FROM revisions \
     WHERE transaction_id = $1 AND files_listed = 0 AND original IS NOT NULL \
     ORDER BY revision LIMIT 1";
const INSERT_FILE: &str = "INSERT INTO attached_files (transaction_id, sha256, revision) \
     VALUES ($1, $2, $3) ON CONFLICT (transaction_id, sha256) DO NOTHING";
const SET_LISTED: &str =
    "UPDATE revisions SET files_listed = 1 WHERE transaction_id = $1 AND revision = $2";
const SELECT_FILES: &str = "SELECT sha256, revision FROM attached_files WHERE transaction_id = $1";

impl Store {
    /// Returns the oldest original of a transaction whose files are not listed, with the number of its revision.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unlisted_original(&self, id: Ulid) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        sqlx::query_as(SELECT_UNLISTED).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Lists the files in the original of a revision, by the SHA-256 of each in hexadecimal digits.
    ///
    /// # Errors
    /// If the database does not answer. In this case the original is still not listed.
    pub async fn list_attached_files(
        &self,
        id: Ulid,
        revision: i64,
        digests: impl Iterator<Item = &str>,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let mut tx = self.begin().await?;
        for sha256 in digests {
            let insert = sqlx::query(INSERT_FILE).bind(&id).bind(sha256).bind(revision);
            insert.execute(&mut *tx).await?;
        }
        sqlx::query(SET_LISTED).bind(&id).bind(revision).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Returns the SHA-256 of each file that the listed originals of a transaction carry, with the revision of an
    /// original that has it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn attached_files(&self, id: Ulid) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as(SELECT_FILES).bind(id.to_string()).fetch_all(&self.pool).await
    }
}
