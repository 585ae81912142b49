//! The revisions of a transaction.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::from_json;
use super::transaction_row::{redactions, stored_invoice};
use super::transactions::original;
use super::{Store, StoreError};
use crate::language::LanguageTag;
use crate::transaction::Terms;

const SELECT_NEWEST_REVISIONS: &str = "\
     SELECT revision, status, invoice, buyer, seller, redactions, language, created_at \
     FROM revisions WHERE transaction_id = $1 ORDER BY revision DESC LIMIT $2";
const SELECT_REVISION: &str = "\
     SELECT revision, status, invoice, buyer, seller, redactions, language, created_at \
     FROM revisions WHERE transaction_id = $1 AND revision = $2";
/// Selects the newest original, unless a later revision has another invoice. A change of the status or of a
/// contact leaves the invoice and its original as they are.
const SELECT_CURRENT_ORIGINAL: &str = "SELECT r.original_type, r.original FROM revisions r \
     WHERE r.transaction_id = $1 AND r.original IS NOT NULL AND NOT EXISTS \
     (SELECT 1 FROM revisions s WHERE s.transaction_id = r.transaction_id \
      AND s.revision > r.revision AND s.invoice <> r.invoice) \
     ORDER BY r.revision DESC LIMIT 1";
/// Selects the first and the current revision, which a submission may repeat.
const SELECT_FIRST_AND_CURRENT: &str = "\
     SELECT r.revision, r.status, r.invoice, r.buyer, r.seller, r.redactions, r.language, r.created_at \
     FROM revisions r JOIN transactions t ON t.id = r.transaction_id \
     WHERE t.id = $1 AND (r.revision = 1 OR r.revision = t.revision) ORDER BY r.revision";

/// The terms of one revision.
#[derive(Clone, Debug)]
pub struct PastTerms {
    /// The number of the revision, from 1.
    pub revision: i64,
    /// The terms.
    pub terms: Terms,
    /// When the revision was submitted, in milliseconds since 1970.
    pub at: i64,
}

#[derive(FromRow)]
struct Row {
    revision: i64,
    status: String,
    invoice: String,
    buyer: String,
    seller: String,
    redactions: Option<String>,
    language: Option<String>,
    created_at: i64,
}

impl Store {
    /// Returns at most `limit` of the newest revisions of a transaction, newest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn past_terms(&self, id: Ulid, limit: i64) -> Result<Vec<PastTerms>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(SELECT_NEWEST_REVISIONS)
            .bind(id.to_string())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(PastTerms::try_from).collect()
    }

    /// Returns the terms of one revision.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn terms_at(&self, id: Ulid, revision: i64) -> Result<Option<Terms>, StoreError> {
        let row: Option<Row> = sqlx::query_as(SELECT_REVISION)
            .bind(id.to_string())
            .bind(revision)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(PastTerms::try_from).transpose()?.map(|past| past.terms))
    }

    /// Returns the file that the current invoice came in, with its media type. None: it came as
    /// JSON without files in it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn original(&self, id: Ulid) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let row: Option<(Option<String>, Vec<u8>)> = sqlx::query_as(SELECT_CURRENT_ORIGINAL)
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|(media_type, bytes)| (media_type.unwrap_or_default(), bytes)))
    }
}

impl Store {
    /// Returns the first revision of a transaction and the current one, if it is another.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub(super) async fn first_and_current(&self, id: Ulid) -> Result<Vec<PastTerms>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(SELECT_FIRST_AND_CURRENT)
            .bind(id.to_string())
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(PastTerms::try_from).collect()
    }

    /// Returns the file in which the invoice of the first or the current revision came, if it was kept.
    ///
    /// # Errors
    /// If the database does not answer.
    pub(super) async fn original_behind(
        &self,
        id: Ulid,
        revision: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if revision == 1 {
            return self.original_of(id, revision).await;
        }
        Ok(self.original(id).await?.map(|(_, bytes)| bytes))
    }

    /// Returns the file that a revision came in, if it was kept.
    pub async fn original_of(
        &self,
        id: Ulid,
        revision: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        original(&self.pool, id, revision).await
    }
}

impl TryFrom<Row> for PastTerms {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            revision: row.revision,
            terms: Terms {
                status: row.status,
                invoice: stored_invoice(&row.invoice)?,
                buyer: from_json("buyer", &row.buyer)?,
                seller: from_json("seller", &row.seller)?,
                redactions: redactions(row.redactions.as_deref()),
                language: row.language.as_deref().and_then(LanguageTag::of),
            },
            at: row.created_at,
        })
    }
}
