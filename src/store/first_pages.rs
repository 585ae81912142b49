//! The first pages of PDFs as pictures. Each belongs to the bytes of a file, whichever messages name it.

use super::{Store, StoreError};
use crate::first_page::FirstPage;

const UPSERT_FIRST_PAGE: &str = "INSERT INTO first_pages (sha256, width, height, picture) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO UPDATE SET width = excluded.width, \
     height = excluded.height, picture = excluded.picture";
const DELETE_FIRST_PAGE: &str = "DELETE FROM first_pages WHERE sha256 = $1";
const SELECT_PICTURE: &str = "SELECT picture FROM first_pages WHERE sha256 = $1";

impl Store {
    /// Keeps the first page of the file with this digest.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn keep_first_page(&self, sha256: &str, page: &FirstPage) -> Result<(), StoreError> {
        let kept = sqlx::query(UPSERT_FIRST_PAGE)
            .bind(sha256)
            .bind(i64::from(page.width))
            .bind(i64::from(page.height));
        self.run(kept.bind(page.png.as_slice())).await
    }

    /// Deletes the first page of the file with this digest, if it has one. It goes before the bytes of the file.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn delete_first_page(&self, sha256: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_FIRST_PAGE).bind(sha256)).await
    }

    /// Returns the first page of the file with this digest, as PNG.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn first_page(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query_scalar(SELECT_PICTURE).bind(sha256).fetch_optional(&self.pool).await
    }
}
