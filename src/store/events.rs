//! The events of shops: written at the end of the tx that does what they tell of, and read in the order of their ids.

use std::collections::BTreeMap;

use sqlx::FromRow;
use ulid::Ulid;

use super::many_rows::ManyRows;
use super::stored_values::filter;
use super::{Store, StoreError, Tx};
use crate::clock::now;
use crate::config::DatabaseKind;
use crate::event::{EventKind, NewEvent};

/// The last column gives the order in which the ids are taken. Rows with empty ids are ignored.
static INSERT_EVENTS: ManyRows = ManyRows::new(
    "INSERT INTO events (shop, transaction_id, kind, subject, detail, at) \
     SELECT t.shop, t.id, v.column2, v.column3, v.column4, v.column5 FROM (VALUES ",
    6,
    ") AS v JOIN transactions t ON t.id = v.column1 ORDER BY v.column6",
);
/// Selects [`EventRow`]s. The inner part looks at a bounded number of rows ($4) in the order of an index, and the
/// outer one leaves out those of other kinds. `$6` is a list of kinds with a comma before and after each.
macro_rules! select {
    ($of:literal) => {
        concat!(
            "SELECT e.id, e.shop, e.transaction_id, (SELECT t.external_id FROM transactions t ",
            "WHERE t.id = e.transaction_id) AS external_id, e.kind, e.subject, e.detail, e.at ",
            "FROM (SELECT id, shop, transaction_id, kind, subject, detail, at FROM events WHERE ",
            $of,
            " LIMIT $4) e ",
            "WHERE ($6 = '' OR replace($6, ',' || e.kind || ',', '') <> $6) ORDER BY e.id LIMIT $7"
        )
    };
}
/// How far [`select!`] has looked, and how many rows were there.
macro_rules! select_looked_at {
    ($of:literal) => {
        concat!(
            "SELECT COALESCE(MAX(id), 0), COUNT(*) FROM (SELECT id FROM events WHERE ",
            $of,
            " LIMIT $4) e"
        )
    };
}
/// The two statements for the events of `$of`.
macro_rules! statements {
    ($of:literal) => {
        Statements { page: select!($of), looked_at: select_looked_at!($of) }
    };
}
const OF_SHOP_ON_SQLITE: Statements =
    statements!("shop = $1 AND id > $2 AND id <= $3 AND $5 = '' ORDER BY id");
/// PostgreSQL would read the events of all shops in the order of their ids, and leave out those of others, if there
/// were another index for this order. SQLite would not use the id within the index for this one.
const OF_SHOP_ON_POSTGRES: Statements =
    statements!("(shop, id) > ($1, $2) AND (shop, id) <= ($1, $3) AND $5 = '' ORDER BY shop, id");
const OF_TRANSACTION: Statements =
    statements!("transaction_id = $5 AND shop = $1 AND id > $2 AND id <= $3 ORDER BY id");
const SELECT_SHOPS: &str = "SELECT DISTINCT shop FROM events WHERE id > $1 AND id <= $2";
const SELECT_EXPIRED: &str = "SELECT id FROM expired_events WHERE shop = $1";
/// The newest events of each shop among the oldest $2 of all up to an id ($3), as far as they are from before a time.
const SELECT_OLD: &str = "SELECT shop, MAX(id) FROM \
     (SELECT id, shop, at FROM events WHERE id <= $3 ORDER BY id LIMIT $2) e WHERE at < $1 GROUP BY shop";
static NOTE_EXPIRED: ManyRows = ManyRows::new(
    "INSERT INTO expired_events (shop, id) VALUES ",
    2,
    " ON CONFLICT (shop) DO UPDATE SET id = excluded.id WHERE expired_events.id < excluded.id",
);
/// This must delete nothing but what is noted, whatever another process has deleted meanwhile.
const DELETE_NOTED: &str = "DELETE FROM events WHERE id <= $2 AND at < $1";

/// The statements that read some events.
struct Statements {
    page: &'static str,
    looked_at: &'static str,
}

/// The greatest number of events that a page with a filter looks at.
const MAX_LOOKED_AT: i64 = 2_000;

/// An event of a shop.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct EventRow {
    /// Its number in the feed. See [`EventId`](crate::event::EventId).
    pub id: i64,
    /// The shop.
    pub shop: String,
    /// The id of the transaction.
    pub transaction_id: String,
    /// The id of the transaction that the shop chose.
    pub external_id: String,
    /// The name of an [`EventKind`], or one of a later version.
    pub kind: String,
    /// The number of what it is about.
    pub subject: Option<i64>,
    /// JSON without any words of people.
    pub detail: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Events of these kinds. Empty: of all kinds.
    pub kinds: Vec<EventKind>,
    /// Events of this transaction. None: of all.
    pub transaction: Option<Ulid>,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<EventRow>,
    /// Where the next page begins: nothing that is wanted is missing up to this id. It may be greater than the id of
    /// the last event, and there may be no event although there are later ones, if a filter left many out.
    pub upto: i64,
    /// Whether there is nothing after `upto` yet.
    pub is_last: bool,
    /// Why the page may lack events that followed the cursor. If it is there, the page is empty.
    pub lost: Option<Lost>,
}

/// Why events that followed a cursor may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Events after the cursor were deleted because they were old. The oldest event that is kept follows this id.
    Expired(i64),
    /// The cursor stands after the newest event, so it is not from this database as it is now.
    Ahead,
}

impl Store {
    /// Returns at most `limit` events of a shop with an id above `after`, oldest first. 0 stands for all that are kept.
    ///
    /// A later call never returns an event with an id up to [`EventPage::upto`] that this one lacks: see
    /// [`Self::settled_end`].
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn events_after(
        &self,
        shop: &str,
        after: i64,
        wanted: &EventFilter,
        limit: i64,
    ) -> Result<EventPage, StoreError> {
        let ends = self.ends().await?;
        let without =
            |lost| EventPage { events: Vec::new(), upto: after, is_last: true, lost: Some(lost) };
        if after > ends.taken {
            return Ok(without(Lost::Ahead));
        }
        let kinds = match wanted.kinds.as_slice() {
            [] => String::new(),
            kinds => kinds.iter().map(|it| format!(",{},", it.as_str())).collect(),
        };
        let looked_at = if kinds.is_empty() { limit } else { MAX_LOOKED_AT.max(limit) };
        let settled = ends.settled;
        let transaction = filter(wanted.transaction);
        let statements = match self.kind {
            _ if wanted.transaction.is_some() => OF_TRANSACTION,
            DatabaseKind::Sqlite => OF_SHOP_ON_SQLITE,
            DatabaseKind::Postgres => OF_SHOP_ON_POSTGRES,
        };
        // This comes before the page. Otherwise a deletion in between would move it past events that nobody looked at.
        let looked_upto = if kinds.is_empty() {
            settled
        } else {
            let (last, count): (i64, i64) = sqlx::query_as(statements.looked_at)
                .bind(shop)
                .bind(after)
                .bind(settled)
                .bind(looked_at)
                .bind(&transaction)
                .fetch_one(&self.pool)
                .await?;
            if count < looked_at { settled } else { last }
        };
        let events: Vec<EventRow> = sqlx::query_as(statements.page)
            .bind(shop)
            .bind(after)
            .bind(looked_upto)
            .bind(looked_at)
            .bind(&transaction)
            .bind(&kinds)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let is_full = i64::try_from(events.len()).is_ok_and(|count| count >= limit);
        let (upto, is_last) = match events.last() {
            Some(last) if is_full => (last.id, false),
            _ => (looked_upto, looked_upto == settled),
        };
        // This is read last, so that nothing was deleted unnoticed while the page was read.
        if after > 0
            && let Some(expired) = self.expired_events(shop).await?
            && after < expired
        {
            return Ok(without(Lost::Expired(expired)));
        }
        Ok(EventPage { events, upto: upto.max(after), is_last, lost: None })
    }

    /// Returns the shops that have events with an id above `after` and up to `upto`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn shops_with_events(
        &self,
        after: i64,
        upto: i64,
    ) -> Result<Vec<String>, StoreError> {
        let select = sqlx::query_scalar(SELECT_SHOPS).bind(after).bind(upto);
        select.fetch_all(&self.pool).await
    }

    /// Returns the id of the newest event of a shop that was deleted because it was old.
    async fn expired_events(&self, shop: &str) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(SELECT_EXPIRED).bind(shop).fetch_optional(&self.pool).await
    }

    /// Deletes those of the oldest `limit` events that are from before a time, except those that have still to be handed
    /// out to webhooks or followed for mails. Returns how many.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is deleted.
    pub async fn delete_old_events(&self, before: i64, limit: i64) -> Result<u64, StoreError> {
        let needed = [self.handed_out_to_webhooks().await?, self.followed_for_mails().await?];
        let upto = needed.into_iter().flatten().min().unwrap_or(i64::MAX);
        let mut tx = self.begin().await?;
        let Some(noted) = note_old(&mut tx, before, limit, upto).await? else { return Ok(0) };
        let deleted = delete_noted(&mut tx, before, noted).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

/// Notes which of the oldest `limit` events up to an id are from before a time. Returns the newest of them, if any.
async fn note_old(
    tx: &mut Tx,
    before: i64,
    limit: i64,
    upto: i64,
) -> Result<Option<i64>, StoreError> {
    let old = sqlx::query_as(SELECT_OLD).bind(before).bind(limit).bind(upto);
    let old: Vec<(String, i64)> = old.fetch_all(&mut **tx).await?;
    // In the order of the shops, so that two txs never wait for each other.
    let newest: BTreeMap<&str, i64> = old.iter().map(|(shop, id)| (shop.as_str(), *id)).collect();
    let newest: Vec<_> = newest.into_iter().collect();
    NOTE_EXPIRED.insert(tx, &newest).await?;
    Ok(newest.iter().map(|(_, id)| *id).max())
}

/// Deletes what [`note_old`] has noted. Returns how many events.
async fn delete_noted(tx: &mut Tx, before: i64, noted: i64) -> Result<u64, StoreError> {
    let delete = sqlx::query(DELETE_NOTED).bind(before).bind(noted);
    Ok(delete.execute(&mut **tx).await?.rows_affected())
}

/// Writes the events of a tx, in their order. The tx must have written something before.
pub(super) async fn write(tx: &mut Tx, events: &[NewEvent]) -> Result<(), StoreError> {
    let at = now();
    let rows: Vec<_> = events
        .iter()
        .zip(0_i64..)
        .map(|(NewEvent { transaction, kind, subject, detail }, place)| {
            (transaction.as_str(), kind.as_str(), *subject, detail.as_deref(), at, place)
        })
        .collect();
    INSERT_EVENTS.change(tx, &rows).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventId;
    use crate::feed;
    use crate::store::tests::{opened, root};
    use crate::store::{Change, Created, InviteAgain, NewRevision, NewWebhook};
    use crate::transaction::{Terms, Transaction, sample_submission};

    const ALL: EventFilter = EventFilter { kinds: Vec::new(), transaction: None };

    async fn made(store: &Store, shop: &str, external_id: &str) -> Ulid {
        let accepted = sample_submission().accept().unwrap();
        let new = NewRevision { terms: &accepted.terms, warnings: &[], original: None };
        let created = store.create_transaction(shop, external_id, new, "test", &root()).await;
        let Created::New(id) = created.unwrap() else { panic!("it is there already") };
        id
    }

    async fn set_status(store: &Store, shop: &str, id: Ulid, status: &str) {
        let decide = |transaction: &Transaction| {
            let terms = Terms { status: status.to_owned(), ..transaction.terms.clone() };
            Ok::<_, ()>(Some(Change {
                terms,
                warnings: Vec::new(),
                invite_again: InviteAgain::Nobody,
            }))
        };
        store.change_transaction(shop, id, None, "test", &root(), decide).await.unwrap();
    }

    fn told(page: &EventPage) -> Vec<(i64, &str)> {
        page.events.iter().map(|it| (it.id, it.kind.as_str())).collect()
    }

    #[tokio::test]
    async fn a_shop_reads_its_own_events_once_each_in_pages() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        assert_eq!(store.settled_end().await.unwrap(), 0);
        let one = made(&store, "shop", "order-1").await;
        made(&store, "other", "order-1").await;
        set_status(&store, "shop", one, "paid").await;
        let two = made(&store, "shop", "order-2").await;
        let page = store.events_after("shop", 0, &ALL, 3).await.unwrap();
        assert_eq!(
            told(&page),
            [
                (1, "transaction.created"),
                (3, "transaction.updated"),
                (4, "transaction.status_changed")
            ]
        );
        assert_eq!((page.upto, page.is_last, page.lost), (4, false, None));
        let page = store.events_after("shop", page.upto, &ALL, 3).await.unwrap();
        assert_eq!(told(&page), [(5, "transaction.created")]);
        assert_eq!((page.upto, page.is_last), (5, true));
        let rest = store.events_after("shop", page.upto, &ALL, 3).await.unwrap();
        assert_eq!((rest.events.len(), rest.upto), (0, 5));
        let other = store.events_after("other", 0, &ALL, 3).await.unwrap();
        assert_eq!((told(&other), other.upto), (vec![(2, "transaction.created")], 5));

        let of_two = EventFilter { transaction: Some(two), ..ALL };
        let page = store.events_after("shop", 0, &of_two, 3).await.unwrap();
        assert_eq!(told(&page), [(5, "transaction.created")]);
        assert!(store.events_after("other", 0, &of_two, 3).await.unwrap().events.is_empty());
        let changed = EventFilter { kinds: vec![EventKind::TransactionStatusChanged], ..ALL };
        let page = store.events_after("shop", 0, &changed, 3).await.unwrap();
        assert_eq!(told(&page), [(4, "transaction.status_changed")]);
        assert_eq!((page.upto, page.is_last), (5, true));

        let bodies = feed::bodies(&store, &page.events).await.unwrap();
        assert_eq!(
            bodies,
            [serde_json::json!({
                "id": EventId(4).to_string(),
                "type": "transaction.status_changed",
                "timestamp": crate::clock::iso(page.events[0].at),
                "transaction": { "id": one.to_string(), "external_id": "order-1" },
                "data": { "revision": 2, "status": "paid", "previous_status": "open" },
            })]
        );
    }

    #[tokio::test]
    async fn a_page_with_a_filter_looks_at_a_bounded_number_of_events() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = made(&store, "shop", "order-1").await;
        let mut tx = store.begin().await.unwrap();
        for seq in 1..MAX_LOOKED_AT {
            tx.tells(NewEvent::of(EventKind::EntryCreated, id).about(seq));
        }
        tx.tells(NewEvent::of(EventKind::HeadSigned, id).about(1));
        tx.commit().await.unwrap();
        for transaction in [None, Some(id)] {
            let wanted = EventFilter { kinds: vec![EventKind::HeadSigned], transaction };
            let page = store.events_after("shop", 0, &wanted, 10).await.unwrap();
            assert_eq!((told(&page), page.upto, page.is_last), (vec![], MAX_LOOKED_AT, false));
            let page = store.events_after("shop", page.upto, &wanted, 10).await.unwrap();
            let head = vec![(MAX_LOOKED_AT + 1, "head.signed")];
            assert_eq!((told(&page), page.is_last), (head, true));
        }
    }

    #[tokio::test]
    async fn old_events_are_deleted_in_pieces_and_who_has_not_read_them_learns_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        for number in 0..4 {
            made(&store, "shop", &format!("order-{number}")).await;
        }
        made(&store, "other", "order-1").await;
        assert_eq!(store.delete_old_events(0, 3).await.unwrap(), 0);
        assert_eq!(store.delete_old_events(now() + 1, 3).await.unwrap(), 3);
        let page = async |shop, after| store.events_after(shop, after, &ALL, 10).await.unwrap();
        for after in [1, 2] {
            let lost = page("shop", after).await;
            assert_eq!((lost.lost, lost.events.len()), (Some(Lost::Expired(3)), 0));
        }
        for after in [0, 3] {
            assert_eq!(told(&page("shop", after).await), [(4, "transaction.created")]);
        }
        // Nothing that this shop has not read was deleted.
        assert_eq!(told(&page("other", 1).await), [(5, "transaction.created")]);
        assert_eq!(store.delete_old_events(now() + 1, 3).await.unwrap(), 2);
        assert_eq!(page("shop", 4).await.lost, None);
        assert_eq!(page("shop", 3).await.lost, Some(Lost::Expired(4)));
        // Ids are never given twice, and no cursor is after the end.
        assert_eq!(store.settled_end().await.unwrap(), 5);
        assert_eq!(page("shop", 6).await.lost, Some(Lost::Ahead));
        made(&store, "shop", "order-9").await;
        assert_eq!(told(&page("shop", 0).await), [(6, "transaction.created")]);
    }

    #[tokio::test]
    async fn of_two_who_delete_old_events_at_once_none_deletes_what_nobody_noted() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        for number in 0..5 {
            made(&store, "shop", &format!("order-{number}")).await;
        }
        let before = now() + 1;
        let mut tx = store.begin().await.unwrap();
        let noted = note_old(&mut tx, before, 3, i64::MAX).await.unwrap().unwrap();
        assert_eq!(noted, 3);
        // Another process, which had noted the same, deletes it first. PostgreSQL shows that to the next statement.
        assert_eq!(delete_noted(&mut tx, before, noted).await.unwrap(), 3);
        assert_eq!(delete_noted(&mut tx, before, noted).await.unwrap(), 0);
        tx.commit().await.unwrap();
        let page = store.events_after("shop", 3, &ALL, 10).await.unwrap();
        assert_eq!((page.events.len(), page.lost), (2, None));
    }

    #[tokio::test]
    async fn no_event_is_deleted_before_it_is_handed_out_to_the_webhooks() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = Ulid::new();
        let new = NewWebhook { id, shop: "shop", url: "https://h/", types: "", is_on: true };
        made(&store, "shop", "order-1").await;
        store.add_webhook(&new, &root()).await.unwrap();
        for number in 2..4 {
            made(&store, "shop", &format!("order-{number}")).await;
        }
        // It gets only what comes after its making.
        assert_eq!(store.delete_old_events(now() + 1, 10).await.unwrap(), 1);
        store.hand_out_events().await.unwrap();
        assert_eq!(store.delete_old_events(now() + 1, 10).await.unwrap(), 2);
        let waiting = store.deliveries(id, None, i64::MAX, 10).await.unwrap();
        assert_eq!(waiting.len(), 2);
    }

    #[tokio::test]
    async fn events_are_hinted_once_they_are_committed_and_none_is_written_without_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let heard = store.hints().events.watch();
        let mut tx = store.begin().await.unwrap();
        tx.tells(NewEvent::of(EventKind::RoomReady, Ulid::new()));
        drop(tx);
        assert!(!heard.has_changed().unwrap());
        made(&store, "shop", "order-1").await;
        assert!(heard.has_changed().unwrap());
        assert_eq!(store.settled_end().await.unwrap(), 1);
    }
}
