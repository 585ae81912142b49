//! Lists of a shop's transactions, with filters.
//!
//! A filter looks at a bounded number of transactions for one page, in the order of their ids. So a page takes a bounded
//! time, whatever is filtered by and however rare it is, and no filter needs an index.

use std::sync::LazyLock;

use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::chat::{NEWEST_FIRST, where_line};
use super::columns::parse_id;
use super::transaction_row::{Row, select_transactions};
use super::{Store, StoreError};
use crate::transaction::{PartyRole, Transaction};

/// How many transactions are looked at for one page of a list with a filter.
const MAX_LOOKED_AT: i64 = 1_000;
/// How much older than the transaction its id may be, in milliseconds: a repeated call uses the id of its first attempt.
const MAX_AGE_OF_ID_MS: i64 = 24 * 60 * 60_000;

/// What a list contains. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListRequest<'a> {
    /// The shop.
    pub shop: &'a str,
    /// Where the page before ended.
    pub cursor: Option<Ulid>,
    /// Whether the oldest come first.
    pub oldest_first: bool,
    /// The greatest number of transactions.
    pub limit: i64,
    /// Their status.
    pub status: Option<&'a str>,
    /// The Matrix user who is a contact.
    pub contact: Option<&'a str>,
    /// The party of that contact.
    pub party: Option<PartyRole>,
    /// The party that has not read the last line of the other one.
    pub unread: Option<PartyRole>,
    /// Whether something stands in the way of the room, or a contact could not be reached.
    pub problem: Option<bool>,
    /// The first issue date of the invoice, and the last one.
    pub issued: (Option<Date>, Option<Date>),
    /// The first due date of the invoice, and the last one. Invoices without one are left out.
    pub due: (Option<Date>, Option<Date>),
    /// Created at this time or later.
    pub created_from: Option<i64>,
    /// Created before this time.
    pub created_until: Option<i64>,
    /// Changed by the shop at this time or later.
    pub updated_from: Option<i64>,
    /// Changed by the shop before this time.
    pub updated_until: Option<i64>,
}

impl ListRequest<'_> {
    /// Whether some transactions are left out.
    pub fn has_filter(&self) -> bool {
        let texts = [self.status, self.contact];
        let times = [self.created_from, self.created_until, self.updated_from, self.updated_until];
        texts.iter().any(Option::is_some)
            || times.iter().any(Option::is_some)
            || self.has_dates()
            || self.unread.is_some()
            || self.problem.is_some()
    }

    fn has_dates(&self) -> bool {
        [self.issued.0, self.issued.1, self.due.0, self.due.1].iter().any(Option::is_some)
    }

    /// The first id to look at, and the first one after those.
    fn ids(&self) -> (String, String) {
        let at = |milliseconds: i64| Ulid::from_parts(u64::try_from(milliseconds).unwrap_or(0), 0);
        let mut first = self.created_from.map_or(Ulid::nil(), |from| at(from - MAX_AGE_OF_ID_MS));
        let mut end = self.created_until.map(at);
        match self.cursor {
            Some(cursor) if self.oldest_first => {
                first = first.max(Ulid(cursor.0.saturating_add(1)));
            }
            Some(cursor) => end = Some(end.map_or(cursor, |end| end.min(cursor))),
            None => {}
        }
        (first.to_string(), end.map_or_else(|| AFTER_ALL_IDS.to_owned(), |end| end.to_string()))
    }
}

/// A text that sorts after every ULID, in every collation: a ULID begins with a digit, and letters come after digits. Signs
/// such as "~" do not in the collations of languages.
const AFTER_ALL_IDS: &str = "ZZZZZZZZZZZZZZZZZZZZZZZZZZ";

/// One page of transactions.
#[derive(Clone, Debug)]
pub struct Page {
    /// The transactions, at most as many as requested.
    pub transactions: Vec<Transaction>,
    /// Where the next page begins, if there may be more.
    pub next: Option<Ulid>,
}

/// The condition of a filter for the line that was said last, and who has read it.
fn where_unread() -> String {
    let line = where_line().replace("$1", "t.id");
    format!(
        "EXISTS (SELECT 1 FROM (SELECT e.party, e.sort_at FROM entries e {line} {NEWEST_FIRST} \
         LIMIT 1) newest WHERE newest.party <> $9 AND newest.sort_at > COALESCE((SELECT \
         MAX(m.sort_at) FROM receipts v JOIN entries m ON m.transaction_id = v.transaction_id \
         AND m.event_id = v.event_id WHERE v.transaction_id = t.id \
         AND (v.user_id IN (SELECT user_id FROM contacts WHERE transaction_id = t.id AND party = $9) \
         OR v.user_id IN (SELECT user_id FROM guests WHERE transaction_id = t.id AND party = $9))), 0))"
    )
}

/// The condition of a filter for what the API shows as `room.problem` and `room.unreached` (`api/present.rs`): of the
/// contacts, and of former ones who could not be removed.
const WHERE_PROBLEM: &str = "\
    EXISTS (SELECT 1 FROM rooms WHERE transaction_id = t.id AND problem IS NOT NULL) \
    OR EXISTS (SELECT 1 FROM room_problems WHERE transaction_id = t.id) \
    OR EXISTS (SELECT 1 FROM contacts c LEFT JOIN members m \
    ON m.transaction_id = c.transaction_id AND m.user_id = c.user_id \
    LEFT JOIN far_invitations f \
    ON f.transaction_id = c.transaction_id AND f.user_id = c.user_id \
    WHERE c.transaction_id = t.id AND c.active = 1 AND CASE COALESCE(m.membership, '') \
    WHEN 'join' THEN FALSE WHEN 'leave' THEN FALSE WHEN 'ban' THEN TRUE \
    WHEN 'knock' THEN m.problem IS NOT NULL \
    WHEN 'invite' THEN m.missing_since IS NOT NULL \
    ELSE m.missing_since IS NOT NULL OR m.problem IS NOT NULL OR f.user_id IS NOT NULL END) \
    OR EXISTS (SELECT 1 FROM members m WHERE m.transaction_id = t.id AND m.problem IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.transaction_id = t.id \
    AND c.user_id = m.user_id AND c.active = 1))";

/// The pages in both orders. Each parameter that is null filters nothing.
fn select_page(order: &str) -> String {
    let unread = where_unread();
    let chosen = format!(
        "WHERE t.id IN (SELECT id FROM transactions WHERE shop = $1 AND id >= $2 AND id < $3 \
         ORDER BY id {order} LIMIT $5) \
         AND (CAST($6 AS TEXT) IS NULL OR r.status = $6) \
         AND (CAST($7 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM contacts c \
         WHERE c.transaction_id = t.id AND c.user_id = $7 AND c.active = 1 \
         AND (CAST($8 AS TEXT) IS NULL OR c.party = $8))) \
         AND (CAST($9 AS TEXT) IS NULL OR {unread}) \
         AND (CAST($10 AS BIGINT) IS NULL OR $10 = CASE WHEN {WHERE_PROBLEM} THEN 1 ELSE 0 END) \
         AND t.created_at >= $11 AND t.created_at < $12 \
         AND t.updated_at >= $13 AND t.updated_at < $14 \
         AND (CAST($15 AS TEXT) IS NULL OR r.issue_date >= $15) \
         AND (CAST($16 AS TEXT) IS NULL OR r.issue_date <= $16) \
         AND (CAST($17 AS TEXT) IS NULL OR r.due_date >= $17) \
         AND (CAST($18 AS TEXT) IS NULL OR (r.due_date <= $18 AND r.due_date <> '')) \
         ORDER BY t.id {order} LIMIT $4"
    );
    [select_transactions!(""), &chosen].concat()
}

/// The last transaction that a page with a filter looks at.
fn select_last(order: &str) -> String {
    format!(
        "SELECT id FROM transactions WHERE shop = $1 AND id >= $2 AND id < $3 \
         ORDER BY id {order} LIMIT 1 OFFSET $4"
    )
}

/// The invoices among those that a page looks at whose dates are not noted yet.
fn select_undated(order: &str) -> String {
    format!(
        "SELECT r.transaction_id, r.revision, r.invoice, r.issue_date, r.due_date \
         FROM transactions t JOIN revisions r ON r.transaction_id = t.id \
         AND r.revision = t.revision WHERE t.id IN (SELECT id FROM transactions WHERE shop = $1 \
         AND id >= $2 AND id < $3 ORDER BY id {order} LIMIT $4) AND r.due_date IS NULL LIMIT $5"
    )
}

static SELECT_UNDATED: [LazyLock<String>; 2] =
    [LazyLock::new(|| select_undated("DESC")), LazyLock::new(|| select_undated("ASC"))];
static SELECT_PAGE: [LazyLock<String>; 2] =
    [LazyLock::new(|| select_page("DESC")), LazyLock::new(|| select_page("ASC"))];
static SELECT_LAST: [LazyLock<String>; 2] =
    [LazyLock::new(|| select_last("DESC")), LazyLock::new(|| select_last("ASC"))];

impl Store {
    /// Returns one page of a list. With a filter, a page may have fewer transactions than requested, or none, and
    /// still have a next one.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn list(&self, request: ListRequest<'_>) -> Result<Page, StoreError> {
        self.list_looking_at(request, MAX_LOOKED_AT).await
    }

    /// Looks at so many transactions at most, if there is a filter.
    async fn list_looking_at(
        &self,
        request: ListRequest<'_>,
        most: i64,
    ) -> Result<Page, StoreError> {
        let order = usize::from(request.oldest_first);
        let (first, end) = request.ids();
        // With a filter, the last transaction to look at is found first, and all that follows looks at those up to it.
        // So what comes in meanwhile neither moves where the next page begins, nor what this one looks at.
        let last = if request.has_filter() {
            let last = sqlx::query_scalar(AssertSqlSafe(SELECT_LAST[order].as_str()))
                .bind(request.shop)
                .bind(&first)
                .bind(&end)
                .bind(most - 1);
            let last: Option<String> = last.fetch_optional(&self.pool).await?;
            last.map(|id| parse_id(&id)).transpose()?
        } else {
            None
        };
        let (first, end) = up_to(last, request.oldest_first, (first, end));
        let looked_at = if request.has_filter() { i64::MAX } else { request.limit + 1 };
        if request.has_dates() {
            let undated = SELECT_UNDATED[order].as_str();
            self.note_dates(undated, (request.shop, &first, &end), looked_at).await?;
        }
        let day = |date: Option<Date>| date.map(|date| date.to_string());
        let query = sqlx::query_as(AssertSqlSafe(SELECT_PAGE[order].as_str()))
            .bind(request.shop)
            .bind(&first)
            .bind(&end)
            .bind(request.limit + 1)
            .bind(looked_at)
            .bind(request.status)
            .bind(request.contact)
            .bind(request.party.map(PartyRole::as_str))
            .bind(request.unread.map(PartyRole::as_str))
            .bind(request.problem.map(i64::from))
            .bind(request.created_from.unwrap_or(i64::MIN))
            .bind(request.created_until.unwrap_or(i64::MAX))
            .bind(request.updated_from.unwrap_or(i64::MIN))
            .bind(request.updated_until.unwrap_or(i64::MAX))
            .bind(day(request.issued.0))
            .bind(day(request.issued.1))
            .bind(day(request.due.0))
            .bind(day(request.due.1));
        let mut rows: Vec<Row> = query.fetch_all(&self.pool).await?;
        let has_more = i64::try_from(rows.len()).is_ok_and(|count| count > request.limit);
        rows.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
        let transactions =
            rows.into_iter().map(Transaction::try_from).collect::<Result<Vec<_>, _>>()?;
        let next = if has_more { transactions.last().map(|last| last.id) } else { last };
        Ok(Page { transactions, next })
    }
}

/// Narrows the first id and the one after the last to those up to `last`, in the order of the list.
fn up_to(
    last: Option<Ulid>,
    oldest_first: bool,
    (first, end): (String, String),
) -> (String, String) {
    match last {
        None => (first, end),
        Some(last) if oldest_first => (first, Ulid(last.0.saturating_add(1)).to_string()),
        Some(last) => (last.to_string(), end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};

    #[test]
    fn the_last_transaction_of_a_page_is_looked_at_in_both_orders() {
        let all = || (Ulid(1).to_string(), Ulid(9).to_string());
        let narrowed = |last, oldest_first| up_to(last, oldest_first, all());
        assert_eq!(narrowed(None, true), all());
        assert_eq!(narrowed(Some(Ulid(4)), true), (Ulid(1).to_string(), Ulid(5).to_string()));
        assert_eq!(narrowed(Some(Ulid(4)), false), (Ulid(4).to_string(), Ulid(9).to_string()));
    }

    #[tokio::test]
    async fn each_transaction_is_listed_once_while_others_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let terms = crate::transaction::sample().terms;
        let create = async |number: usize| {
            let new = NewRevision { terms: &terms, warnings: &[], original: None };
            let name = number.to_string();
            let created = store.create_transaction("shop", &name, new, "test", &root()).await;
            let Ok(Created::New(id)) = created else { panic!("{created:?}") };
            id
        };
        let mut before = Vec::new();
        for number in 0..10 {
            before.push(create(number).await);
        }
        let coming = async {
            for number in 10..200 {
                create(number).await;
            }
        };
        let listing = async {
            for oldest_first in [false, true].repeat(20) {
                let (mut found, mut cursor) = (Vec::new(), None);
                loop {
                    let request = ListRequest {
                        shop: "shop",
                        limit: 100,
                        status: Some(&terms.status),
                        cursor,
                        oldest_first,
                        ..ListRequest::default()
                    };
                    let page = store.list_looking_at(request, 3).await.unwrap();
                    found.extend(page.transactions.iter().map(|it| it.id));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                let count = found.len();
                found.sort_unstable();
                found.dedup();
                assert_eq!(found.len(), count, "one is listed twice");
                assert!(before.iter().all(|id| found.contains(id)), "one is left out");
            }
        };
        tokio::join!(coming, listing);
    }
}
