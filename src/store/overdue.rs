//! Tells shops that an invoice became overdue by itself, once for each due date.

use serde_json::json;
use ulid::Ulid;

use super::{Store, StoreError};
use crate::event::{EventKind, NewEvent};

/// Whoever changes how the transaction stands wakes its room, so nothing changed since `wakes` was read.
const SET_TOLD_OVERDUE: &str = "UPDATE rooms SET told_overdue = $3 WHERE transaction_id = $1 \
     AND wakes = $2 AND (told_overdue IS NULL OR told_overdue < $3)";
const FORGET_TOLD_OVERDUE: &str =
    "UPDATE rooms SET told_overdue = NULL WHERE transaction_id = $1 AND wakes = $2";

/// An invoice that became overdue because a day ended.
#[derive(Clone, Copy, Debug)]
pub struct BecameOverdue<'a> {
    /// The due date, YYYY-MM-DD.
    pub due_date: &'a str,
    /// The revision of the transaction.
    pub revision: i64,
    /// The word for how it stood on that day.
    pub before: &'a str,
    /// The word for how it stands now.
    pub now: &'a str,
}

impl Store {
    /// Tells the shop that an invoice became overdue, unless it was told so of this due date or a later one, or unless
    /// the room was woken since `wakes` was read.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is told.
    pub async fn tell_overdue(
        &self,
        id: Ulid,
        wakes: i64,
        told: BecameOverdue<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let set = sqlx::query(SET_TOLD_OVERDUE).bind(id.to_string()).bind(wakes);
        if set.bind(told.due_date).execute(&mut *tx).await?.rows_affected() == 1 {
            let words = json!({ "status": told.now, "previous_status": told.before });
            let event = NewEvent::of(EventKind::TransactionStatusChanged, id).about(told.revision);
            tx.tells(event.with(&words));
        }
        tx.commit().await
    }

    /// Notes that an invoice is not overdue, so that the shop is told when it is so again. Nothing is noted if the room
    /// was woken since `wakes` was read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_told_overdue(&self, id: Ulid, wakes: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(FORGET_TOLD_OVERDUE).bind(id.to_string()).bind(wakes)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, EventFilter, NewRevision};

    #[tokio::test]
    async fn each_due_date_is_told_once_and_only_if_nothing_changed_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let terms = crate::transaction::sample().terms;
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        let wakes = store.room(id).await.unwrap().unwrap().wakes;
        let tell = async |wakes, due_date| {
            let told = BecameOverdue { due_date, revision: 1, before: "open", now: "overdue" };
            store.tell_overdue(id, wakes, told).await.unwrap();
            let wanted = EventFilter {
                kinds: vec![EventKind::TransactionStatusChanged],
                ..EventFilter::default()
            };
            store.events_after("shop", 0, &wanted, 10).await.unwrap().events.len()
        };
        assert_eq!(tell(wakes + 1, "2026-07-31").await, 0, "it was woken meanwhile");
        assert_eq!(tell(wakes, "2026-07-31").await, 1);
        assert_eq!(tell(wakes, "2026-07-31").await, 1);
        assert_eq!(tell(wakes, "2026-07-30").await, 1);
        assert_eq!(tell(wakes, "2026-08-31").await, 2);
        store.forget_told_overdue(id, wakes + 1).await.unwrap();
        assert_eq!(tell(wakes, "2026-07-31").await, 2, "it was woken meanwhile");
        store.forget_told_overdue(id, wakes).await.unwrap();
        assert_eq!(tell(wakes, "2026-07-31").await, 3);
    }
}
