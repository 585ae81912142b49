//! Statements over many rows that are passed as one parameter: a JSON array of objects.
//!
//! So a statement has the same text for any number of rows, and is prepared once. (With a parameter
//! for each value, SQLite takes a time that grows with the square of their number, because it keeps
//! their names in a list.)

use serde::Serialize;

use super::columns::to_json;
use super::{StoreError, Tx};

/// A statement for each database.
#[derive(Clone, Copy)]
pub(super) struct OverRows {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// A statement over the rows in `$1`, an array of objects. The statement is `$before`, the rows,
/// `$after`, and on PostgreSQL also `$locking`.
///
/// The rows have one column, `value`. A field is `value ->> 'name'`, and a number among the fields
/// is `CAST(value ->> 'name' AS BIGINT)`.
macro_rules! over_rows {
    ($before:literal, $after:literal) => {
        over_rows!($before, $after, "")
    };
    ($before:literal, $after:literal, $locking:literal) => {
        OverRows {
            sqlite: concat!($before, "json_each($1)", $after),
            postgres: concat!($before, "jsonb_array_elements($1::jsonb)", $after, $locking),
        }
    };
}
pub(super) use over_rows;

impl OverRows {
    /// Returns the statement for the database of `tx`.
    pub(super) fn sql(self, tx: &Tx) -> &'static str {
        if is_postgres(tx) { self.postgres } else { self.sqlite }
    }
}

/// Returns whether `tx` is one of PostgreSQL.
pub(super) fn is_postgres(tx: &Tx) -> bool {
    tx.backend_name() == <sqlx::Postgres as sqlx::Database>::NAME
}

/// Returns the parameter for these rows.
pub(super) fn json_rows<T: Serialize>(rows: &[T]) -> Result<String, StoreError> {
    to_json(rows)
}
