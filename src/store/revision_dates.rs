//! The dates of invoices in columns of their own, by which lists are filtered.

use serde::Deserialize;
use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::columns::{from_json, parse_id};
use super::{Snapshot, Store, StoreError, Tx};

/// How many invoices are read at a time. Some may be large.
const INVOICES_AT_A_TIME: i64 = 10;

const SET_DATES: &str = "UPDATE revisions SET issue_date = $3, due_date = $4 \
     WHERE transaction_id = $1 AND revision = $2 AND due_date IS NULL";
/// The next current revisions of a shop that have no dates.
const SELECT_UNDATED: &str = "SELECT r.transaction_id, r.revision, r.invoice, r.issue_date, r.due_date \
     FROM revisions r JOIN transactions t ON t.id = r.transaction_id AND t.revision = r.revision \
     WHERE r.due_date IS NULL AND r.transaction_id > $1 AND t.shop = $2 ORDER BY r.transaction_id LIMIT $3";
const SELECT_NOTED: &str = "SELECT transaction_id, revision, invoice, issue_date, due_date \
     FROM revisions WHERE transaction_id = $1 AND revision > $2 AND due_date IS NOT NULL \
     ORDER BY revision LIMIT $3";

/// The dates in the JSON of an invoice. In the columns, an empty text stands for a date that it does not have.
#[derive(Debug, Default, Deserialize)]
struct Dates {
    issue_date: Option<String>,
    due_date: Option<String>,
}

/// Reads the issue date and the due date, as they are noted.
fn dates_of(invoice: &str) -> Result<(String, String), StoreError> {
    let Dates { issue_date, due_date } = from_json("invoice", invoice)?;
    Ok((issue_date.unwrap_or_default(), due_date.unwrap_or_default()))
}

#[derive(FromRow)]
struct Row {
    transaction_id: String,
    revision: i64,
    invoice: String,
    issue_date: Option<String>,
    due_date: Option<String>,
}

impl Store {
    /// Notes the dates of the current revisions that `undated` selects, which has the parameters `$1` to `$7` and
    /// selects a [`Row`] of each revision without dates. There are at most `most` of them.
    pub(super) async fn note_dates(
        &self,
        undated: &str,
        (shop, first, end): (&str, &str, &str),
        (from, until): (i64, i64),
        most: i64,
    ) -> Result<(), StoreError> {
        for _ in 0..most {
            let query = sqlx::query_as(AssertSqlSafe(undated)).bind(shop).bind(first).bind(end);
            let query = query.bind(from).bind(until).bind(most).bind(INVOICES_AT_A_TIME);
            let rows: Vec<Row> = query.fetch_all(&self.pool).await?;
            if rows.is_empty() {
                break;
            }
            let mut tx = self.begin().await?;
            for row in rows {
                let dates = dates_of(&row.invoice)?;
                set_dates(&mut tx, &row, dates).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Notes the dates of the next few current revisions of a shop that have none, of transactions after this one.
    /// Returns the last of those that were looked at, or `None` if there are no more. What cannot be read is passed over.
    ///
    /// # Errors
    /// If the database does not answer. In this case none of these are noted.
    pub async fn note_next_dates(
        &self,
        shop: &str,
        after: Ulid,
    ) -> Result<Option<Ulid>, StoreError> {
        let select = sqlx::query_as(SELECT_UNDATED).bind(after.to_string()).bind(shop);
        let rows: Vec<Row> = select.bind(INVOICES_AT_A_TIME).fetch_all(&self.pool).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let last = parse_id(&last.transaction_id)?;
        let mut tx = self.begin().await?;
        for row in &rows {
            match dates_of(&row.invoice) {
                Ok(dates) => set_dates(&mut tx, row, dates).await?,
                Err(error) => {
                    let transaction = &row.transaction_id;
                    tracing::error!(%error, transaction, "the dates of an invoice cannot be read");
                }
            }
        }
        tx.commit().await?;
        Ok(Some(last))
    }
}

async fn set_dates(
    tx: &mut Tx,
    row: &Row,
    (issue_date, due_date): (String, String),
) -> Result<(), StoreError> {
    let set = sqlx::query(SET_DATES).bind(&row.transaction_id).bind(row.revision);
    set.bind(issue_date).bind(due_date).execute(&mut **tx).await.map(drop)
}

impl Snapshot {
    /// Returns the first revision whose noted dates are not those of its invoice.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn first_wrong_dates(&mut self, id: Ulid) -> Result<Option<i64>, StoreError> {
        let mut after = 0;
        loop {
            let query = sqlx::query_as(SELECT_NOTED).bind(id.to_string()).bind(after);
            let rows: Vec<Row> = query.bind(INVOICES_AT_A_TIME).fetch_all(&mut *self.tx).await?;
            let Some(last) = rows.last() else { return Ok(None) };
            after = last.revision;
            for row in rows {
                let noted = (row.issue_date.unwrap_or_default(), row.due_date.unwrap_or_default());
                if dates_of(&row.invoice)? != noted {
                    return Ok(Some(row.revision));
                }
            }
        }
    }
}
