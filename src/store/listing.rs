//! Lists of a shop's transactions, with filters.
//!
//! A filter looks at a bounded number of transactions for one page, in the order of the list, for which there is an index.
//! So a page takes a bounded time, whatever is filtered by and however rare it is, and no filter needs an index.

use std::sync::LazyLock;

use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::chat::{NEWEST_FIRST, where_line};
use super::columns::{parse_id, to_json};
use super::transaction_row::{Row, select_transactions};
use super::{Store, StoreError};
use crate::clock::now;
use crate::transaction::{Contact, PartyRole, Transaction};

/// How many transactions are looked at for one page of a list with a filter.
const MAX_LOOKED_AT: i64 = 1_000;
/// How much older than the transaction its id may be, in milliseconds: a repeated call uses the id of its first attempt.
const MAX_AGE_OF_ID_MS: i64 = 24 * 60 * 60_000;

/// How long a change may take from the time that it notes to its commit, also by the clock of another process, in
/// milliseconds.
const SETTLING_MS: i64 = 5_000;

/// What a list contains. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListRequest<'a> {
    /// The shop.
    pub shop: &'a str,
    /// Where the page before ended.
    pub cursor: Option<ListCursor>,
    /// What the list is sorted by.
    pub order: ListOrder,
    /// Whether the oldest come first.
    pub oldest_first: bool,
    /// The greatest number of transactions.
    pub limit: i64,
    /// Their status.
    pub status: Option<&'a str>,
    /// One of their contacts.
    pub contact: Option<ListContact<'a>>,
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
    /// Changed at this time or later.
    pub updated_from: Option<i64>,
    /// Changed before this time.
    pub updated_until: Option<i64>,
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// When the transaction was handed in.
    #[default]
    Created,
    /// When it was changed last.
    Updated,
}

/// A contact that transactions are listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListContact<'a> {
    /// By the Matrix account.
    Matrix(&'a str),
    /// By exactly this e-mail address.
    Email(&'a str),
    /// By exactly this name.
    Name(&'a str),
}

impl ListContact<'_> {
    fn matrix(self) -> Option<String> {
        match self {
            Self::Matrix(user) => Some(user.to_owned()),
            Self::Email(_) | Self::Name(_) => None,
        }
    }

    /// A text that the JSON of a party has if this is one of its contacts. Others may have it, too.
    fn in_json(self) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Matrix(_) => None,
            Self::Email(email) => Some(format!("\"email\":{}", to_json(email)?)),
            Self::Name(name) => Some(format!("\"name\":{}", to_json(name)?)),
        })
    }

    fn is(self, contact: &Contact) -> bool {
        match self {
            Self::Matrix(user) => contact.matrix.as_ref().is_some_and(|it| it == user),
            Self::Email(email) => contact.email.as_deref() == Some(email),
            Self::Name(name) => contact.name.as_deref() == Some(name),
        }
    }
}

/// Where a page of a list ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListCursor {
    /// When the last transaction was changed. It does not count in a list by [`ListOrder::Created`].
    pub updated_at: i64,
    /// The id of the last transaction.
    pub id: Ulid,
}

impl ListRequest<'_> {
    /// Whether some transactions are left out.
    pub fn has_filter(&self) -> bool {
        let times = [self.created_from, self.created_until, self.updated_from, self.updated_until];
        self.status.is_some()
            || self.contact.is_some()
            || times.iter().any(Option::is_some)
            || self.has_dates()
            || self.unread.is_some()
            || self.problem.is_some()
    }

    fn has_dates(&self) -> bool {
        [self.issued.0, self.issued.1, self.due.0, self.due.1].iter().any(Option::is_some)
    }

    /// The part of the list that this page is from.
    fn bounds(&self) -> Bounds {
        let whole = match self.order {
            ListOrder::Created => {
                let at = |time: i64| Ulid::from_parts(u64::try_from(time).unwrap_or(0), 0);
                let first =
                    self.created_from.map_or(Ulid::nil(), |from| at(from - MAX_AGE_OF_ID_MS));
                let end = self.created_until.map(at);
                Bounds { first: (i64::MIN, first), end: (i64::MAX, end) }
            }
            ListOrder::Updated => Bounds {
                first: (self.updated_from.unwrap_or(i64::MIN), Ulid::nil()),
                end: (self.updated_until.unwrap_or(i64::MAX), Some(Ulid::nil())),
            },
        };
        match self.cursor {
            Some(cursor) if self.oldest_first => whole.after(self.order, cursor),
            Some(cursor) => whole.before(self.order, cursor),
            None => whole,
        }
    }
}

/// A part of a list, from its first place to the first one after it. In a list by [`ListOrder::Created`], the times
/// leave nothing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    first: (i64, Ulid),
    /// Without an id, nothing is after it.
    end: (i64, Option<Ulid>),
}

impl Bounds {
    /// The part after a place.
    fn after(self, order: ListOrder, place: ListCursor) -> Self {
        let next = Ulid(place.id.0.saturating_add(1));
        let first = match order {
            ListOrder::Created => (self.first.0, self.first.1.max(next)),
            ListOrder::Updated => self.first.max((place.updated_at, next)),
        };
        Self { first, ..self }
    }

    /// The part before a place.
    fn before(self, order: ListOrder, place: ListCursor) -> Self {
        let id = Some(place.id);
        let end = match order {
            ListOrder::Created => (self.end.0, self.end.1.map_or(id, |end| id.min(Some(end)))),
            ListOrder::Updated => self.end.min((place.updated_at, id)),
        };
        Self { end, ..self }
    }

    /// The part up to a place, in the order of the list, with it.
    fn up_to(self, order: ListOrder, oldest_first: bool, place: ListCursor) -> Self {
        if oldest_first {
            let next = Ulid(place.id.0.saturating_add(1));
            self.before(order, ListCursor { id: next, ..place })
        } else {
            let before = Ulid(place.id.0.saturating_sub(1));
            self.after(order, ListCursor { id: before, ..place })
        }
    }

    fn first_id(&self) -> String {
        self.first.1.to_string()
    }

    fn end_id(&self) -> String {
        self.end.1.map_or_else(|| AFTER_ALL_IDS.to_owned(), |end| end.to_string())
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
    pub next: Option<ListCursor>,
}

/// The condition of a filter for the line that was said last, and who has read it.
fn where_unread() -> String {
    let line = where_line().replace("$1", "t.id");
    format!(
        "EXISTS (SELECT 1 FROM (SELECT e.party, e.sort_at FROM entries e {line} {NEWEST_FIRST} \
         LIMIT 1) newest WHERE newest.party <> $11 AND newest.sort_at > COALESCE((SELECT \
         MAX(m.sort_at) FROM receipts v JOIN entries m ON m.transaction_id = v.transaction_id \
         AND m.event_id = v.event_id WHERE v.transaction_id = t.id \
         AND (v.user_id IN (SELECT user_id FROM contacts WHERE transaction_id = t.id AND party = $11) \
         OR v.user_id IN (SELECT user_id FROM guests WHERE transaction_id = t.id AND party = $11))), 0))"
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

/// The transactions of a part of the list: of the shop $1, from the id $2 and the time $4 to the id $3 and the time $5. In
/// the order of the ids, the times leave nothing out, and no column is compared with them: PostgreSQL would take the index
/// of the other order, and read all transactions of the shop.
fn part(order: ListOrder, oldest_first: bool) -> (String, String) {
    let way = if oldest_first { "ASC" } else { "DESC" };
    match order {
        ListOrder::Created => (
            "shop = $1 AND id >= $2 AND id < $3 AND CAST($4 AS BIGINT) <= CAST($5 AS BIGINT)"
                .to_owned(),
            format!("id {way}"),
        ),
        ListOrder::Updated => (
            "shop = $1 AND (updated_at, id) >= ($4, $2) AND (updated_at, id) < ($5, $3)".to_owned(),
            format!("updated_at {way}, id {way}"),
        ),
    }
}

/// A page. Each parameter that is null filters nothing.
fn select_page(order: ListOrder, oldest_first: bool) -> String {
    let unread = where_unread();
    let (part, sorted) = part(order, oldest_first);
    let sorted_page = sorted.replace("updated_at", "t.updated_at").replace("id ", "t.id ");
    let chosen = format!(
        "WHERE t.id IN (SELECT id FROM transactions WHERE {part} ORDER BY {sorted} LIMIT $7) \
         AND (CAST($8 AS TEXT) IS NULL OR r.status = $8) \
         AND (CAST($9 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM contacts c \
         WHERE c.transaction_id = t.id AND c.user_id = $9 AND c.active = 1 \
         AND (CAST($10 AS TEXT) IS NULL OR c.party = $10))) \
         AND (CAST($11 AS TEXT) IS NULL OR {unread}) \
         AND (CAST($12 AS BIGINT) IS NULL OR $12 = CASE WHEN {WHERE_PROBLEM} THEN 1 ELSE 0 END) \
         AND t.created_at >= $13 AND t.created_at < $14 \
         AND t.updated_at >= $15 AND t.updated_at < $16 \
         AND (CAST($17 AS TEXT) IS NULL OR r.issue_date >= $17) \
         AND (CAST($18 AS TEXT) IS NULL OR r.issue_date <= $18) \
         AND (CAST($19 AS TEXT) IS NULL OR r.due_date >= $19) \
         AND (CAST($20 AS TEXT) IS NULL OR (r.due_date <= $20 AND r.due_date <> '')) \
         AND (CAST($21 AS TEXT) IS NULL OR replace(r.buyer, $21, '') <> r.buyer \
         OR replace(r.seller, $21, '') <> r.seller) \
         ORDER BY {sorted_page} LIMIT $6"
    );
    [select_transactions!(""), &chosen].concat()
}

/// The last transaction that a page with a filter looks at.
fn select_last(order: ListOrder, oldest_first: bool) -> String {
    let (part, sorted) = part(order, oldest_first);
    format!(
        "SELECT updated_at, id FROM transactions WHERE {part} ORDER BY {sorted} LIMIT 1 OFFSET $6"
    )
}

/// The invoices among those that a page looks at whose dates are not noted yet.
fn select_undated(order: ListOrder, oldest_first: bool) -> String {
    let (part, sorted) = part(order, oldest_first);
    format!(
        "SELECT r.transaction_id, r.revision, r.invoice, r.issue_date, r.due_date \
         FROM transactions t JOIN revisions r ON r.transaction_id = t.id \
         AND r.revision = t.revision WHERE t.id IN (SELECT id FROM transactions WHERE {part} \
         ORDER BY {sorted} LIMIT $6) AND r.due_date IS NULL LIMIT $7"
    )
}

/// The statements of one order.
struct Statements {
    page: String,
    last: String,
    undated: String,
}

impl Statements {
    fn of(order: ListOrder, oldest_first: bool) -> Self {
        Self {
            page: select_page(order, oldest_first),
            last: select_last(order, oldest_first),
            undated: select_undated(order, oldest_first),
        }
    }
}

/// By the order, and by whether the oldest come first.
static STATEMENTS: LazyLock<[[Statements; 2]; 2]> = LazyLock::new(|| {
    [ListOrder::Created, ListOrder::Updated]
        .map(|order| [false, true].map(|oldest_first| Statements::of(order, oldest_first)))
});

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
        let (order, oldest_first) = (request.order, request.oldest_first);
        let statements = &STATEMENTS[order as usize][usize::from(oldest_first)];
        let bounds = request.bounds();
        // With a filter, the last transaction to look at is found first, and all that follows looks at those up to it.
        // So what comes in meanwhile neither moves where the next page begins, nor what this one looks at.
        let last = if request.has_filter() {
            let last = sqlx::query_as(AssertSqlSafe(statements.last.as_str()))
                .bind(request.shop)
                .bind(bounds.first_id())
                .bind(bounds.end_id())
                .bind(bounds.first.0)
                .bind(bounds.end.0)
                .bind(most - 1);
            let last: Option<(i64, String)> = last.fetch_optional(&self.pool).await?;
            let place = |(updated_at, id): (i64, String)| {
                Ok::<_, StoreError>(ListCursor { updated_at, id: parse_id(&id)? })
            };
            last.map(place).transpose()?
        } else {
            None
        };
        let bounds = last.map_or(bounds, |last| bounds.up_to(order, oldest_first, last));
        let looked_at = if request.has_filter() { i64::MAX } else { request.limit + 1 };
        if request.has_dates() {
            let (first, end) = (bounds.first_id(), bounds.end_id());
            let ids = (request.shop, first.as_str(), end.as_str());
            let times = (bounds.first.0, bounds.end.0);
            self.note_dates(&statements.undated, ids, times, looked_at).await?;
        }
        let day = |date: Option<Date>| date.map(|date| date.to_string());
        let query = sqlx::query_as(AssertSqlSafe(statements.page.as_str()))
            .bind(request.shop)
            .bind(bounds.first_id())
            .bind(bounds.end_id())
            .bind(bounds.first.0)
            .bind(bounds.end.0)
            .bind(request.limit + 1)
            .bind(looked_at)
            .bind(request.status)
            .bind(request.contact.and_then(ListContact::matrix))
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
            .bind(day(request.due.1))
            .bind(request.contact.map(ListContact::in_json).transpose()?.flatten());
        let rows: Vec<Row> = query.fetch_all(&self.pool).await?;
        let has_more = i64::try_from(rows.len()).is_ok_and(|count| count > request.limit);
        let mut transactions =
            rows.into_iter().map(Transaction::try_from).collect::<Result<Vec<_>, _>>()?;
        transactions.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
        if has_more && order == ListOrder::Updated && oldest_first {
            // A change that began before may be committed later, so no page ends behind what is quite new.
            let settled = now() - SETTLING_MS;
            let old = transactions.iter().take_while(|it| it.updated_at <= settled).count();
            transactions.truncate(if old == 0 { transactions.len() } else { old });
        }
        let place = |it: &Transaction| ListCursor { updated_at: it.updated_at, id: it.id };
        let next = if has_more { transactions.last().map(place) } else { last };
        if let Some(contact) = request.contact {
            transactions.retain(|it| {
                let roles = [PartyRole::Buyer, PartyRole::Seller].into_iter();
                let mut parties = roles.filter(|role| request.party.is_none_or(|it| it == *role));
                parties.any(|role| it.terms.party(role).contacts.iter().any(|it| contact.is(it)))
            });
        }
        Ok(Page { transactions, next })
    }
}

#[cfg(test)]
mod tests {
    use super::ListOrder::{Created, Updated};
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created as Made, NewRevision};

    #[test]
    fn a_part_of_the_list_ends_with_the_last_transaction_that_is_looked_at() {
        let request = |order, oldest_first| ListRequest {
            order,
            oldest_first,
            cursor: Some(ListCursor { updated_at: 50, id: Ulid(5) }),
            ..ListRequest::default()
        };
        let last = |updated_at, id| ListCursor { updated_at, id: Ulid(id) };
        let of = |order, oldest_first, last: ListCursor| {
            let bounds = request(order, oldest_first).bounds().up_to(order, oldest_first, last);
            let id = |id: Ulid| id.0;
            ((bounds.first.0, id(bounds.first.1)), (bounds.end.0, bounds.end.1.map(id)))
        };
        let (created, updated) = (ListOrder::Created, ListOrder::Updated);
        assert_eq!(of(created, true, last(7, 9)), ((i64::MIN, 6), (i64::MAX, Some(10))));
        assert_eq!(of(created, false, last(7, 2)), ((i64::MIN, 2), (i64::MAX, Some(5))));
        assert_eq!(of(updated, true, last(70, 2)), ((50, 6), (70, Some(3))));
        assert_eq!(of(updated, false, last(40, 9)), ((40, 9), (50, Some(5))));
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
            let Ok(Made::New(id)) = created else { panic!("{created:?}") };
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
            for (order, oldest_first) in
                [(Created, false), (Created, true), (Updated, false), (Updated, true)].repeat(10)
            {
                let (mut found, mut cursor) = (Vec::new(), None);
                loop {
                    let request = ListRequest {
                        shop: "shop",
                        limit: 100,
                        status: Some(&terms.status),
                        cursor,
                        order,
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

    /// With them, PostgreSQL took the index of the order by the last change, and read all transactions of the shop.
    #[test]
    fn the_order_of_the_ids_is_found_without_the_time_of_the_last_change() {
        for oldest_first in [false, true] {
            let (part, sorted) = part(Created, oldest_first);
            assert!(!part.contains("updated_at") && !sorted.contains("updated_at"), "{part}");
        }
    }
}
