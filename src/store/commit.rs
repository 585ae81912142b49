//! The commit of a tx, together with the events that it tells of.

use super::{StoreError, Tx, events};
use crate::notices::Work;

impl Tx {
    /// Commits everything. When the call returns, it is on disk.
    ///
    /// The events come last. So their ids are taken shortly before the commit, and after the first write: both matters
    /// for [`Store::settled_end`](super::Store::settled_end).
    ///
    /// # Errors
    /// If the database does not answer. Then it is unknown whether it committed.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let told = std::mem::take(&mut self.told);
        if !told.is_empty() {
            events::write(&mut self, &told).await?;
            self.makes(Work::Events);
        }
        self.end().await
    }
}
