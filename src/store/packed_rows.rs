//! Statements like those of [`ManyRows`] that select many rows, each with a few columns.
//!
//! sqlx runs SQLite in a thread of its own, hands over each row by itself, and wakes the receiver for
//! each. That takes longer than reading the row. So SQLite packs all rows into one, as a JSON array
//! of arrays. PostgreSQL sends many rows at once anyway.
//!
//! The rows have no particular order.

use serde::de::DeserializeOwned;
use sqlx::AnyPool;

use super::many_rows::{ManyRows, Row, Selected};
use super::{StoreError, Tx};
use crate::config::DatabaseKind;

/// A statement that takes a list of rows and selects others. It is made by [`packed_rows!`].
pub(super) struct PackedRows {
    /// The statement for SQLite. It selects one text.
    pub(super) packed: ManyRows,
    /// The statement for PostgreSQL.
    pub(super) rows: ManyRows,
}

/// Makes a statement from the columns that it selects, what stands between them and the list of
/// rows, the number of columns of the list, what stands after it, and what locks the selected rows
/// on PostgreSQL. (On SQLite, a tx that writes has locked everything.)
///
/// Columns without names are selected as tuples, and those with names as structs with these fields.
///
/// Or: from the columns, the number of columns of the list, a table, and the condition by which rows of the table
/// belong to a row of the list. Each row of the list is looked up by itself. PostgreSQL would join the list with the
/// whole of a table or of an index if it believes that nearly nothing is in it, and go on so while it fills.
macro_rules! packed_rows {
    (@packed [$($column:literal),+]) => {
        concat!("SELECT json_group_array(json_array(", packed_rows!(@list $($column),+), "))")
    };
    (@packed {$first:ident: $of_first:literal $(, $name:ident: $column:literal)* $(,)?}) => {
        concat!(
            "SELECT json_group_array(json_object('", stringify!($first), "', ", $of_first
            $(, ", '", stringify!($name), "', ", $column)*, "))"
        )
    };
    (@rows [$($column:literal),+]) => {
        concat!("SELECT ", packed_rows!(@list $($column),+))
    };
    (@rows {$first:ident: $of_first:literal $(, $name:ident: $column:literal)* $(,)?}) => {
        concat!(
            "SELECT ", $of_first, " AS ", stringify!($first)
            $(, ", ", $column, " AS ", stringify!($name))*
        )
    };
    (@list $first:literal $(, $column:literal)*) => {
        concat!($first $(, ", ", $column)*)
    };
    (
        $columns:tt, $from:literal, $count:literal, $after:literal $(, $lock:literal)? $(,)?
    ) => {
        $crate::store::packed_rows::PackedRows {
            packed: $crate::store::many_rows::ManyRows::new(
                concat!(packed_rows!(@packed $columns), $from),
                $count,
                $after,
            ),
            rows: $crate::store::many_rows::ManyRows::locking(
                concat!(packed_rows!(@rows $columns), $from),
                $count,
                $after,
                concat!("" $(, $lock)?),
            ),
        }
    };
    ($columns:tt, $count:literal, $table:ident as $alias:ident, $condition:literal $(,)?) => {
        $crate::store::packed_rows::PackedRows {
            packed: $crate::store::many_rows::ManyRows::new(
                concat!(packed_rows!(@packed $columns), " FROM (VALUES "),
                $count,
                concat!(
                    ") AS v CROSS JOIN ", stringify!($table), " ", stringify!($alias), " WHERE ",
                    $condition
                ),
            ),
            rows: $crate::store::many_rows::ManyRows::new(
                concat!(packed_rows!(@rows $columns), " FROM (VALUES "),
                $count,
                concat!(
                    ") AS v CROSS JOIN LATERAL (SELECT * FROM ", stringify!($table), " ",
                    stringify!($alias), " WHERE ", $condition, " OFFSET 0) ", stringify!($alias)
                ),
            ),
        }
    };
}
pub(super) use packed_rows;

impl PackedRows {
    /// Returns what the statement selects for these rows. It has to ignore rows with empty ids.
    pub(super) async fn select<R: Row, T: Selected + DeserializeOwned>(
        &'static self,
        tx: &mut Tx,
        rows: &[R],
    ) -> Result<Vec<T>, StoreError> {
        match tx.kind() {
            DatabaseKind::Sqlite => unpacked(self.packed.select(tx, rows).await?),
            DatabaseKind::Postgres => self.rows.select(tx, rows).await,
        }
    }

    /// Like [`Self::select`], outside a tx.
    pub(super) async fn select_outside<R: Row, T: Selected + DeserializeOwned>(
        &'static self,
        (pool, kind): (&AnyPool, DatabaseKind),
        rows: &[R],
    ) -> Result<Vec<T>, StoreError> {
        match kind {
            DatabaseKind::Sqlite => unpacked(self.packed.select_outside((pool, kind), rows).await?),
            DatabaseKind::Postgres => self.rows.select_outside((pool, kind), rows).await,
        }
    }
}

fn unpacked<T: DeserializeOwned>(packed: Vec<(String,)>) -> Result<Vec<T>, StoreError> {
    let mut rows = Vec::new();
    for (json,) in packed {
        let some: Vec<T> =
            serde_json::from_str(&json).map_err(|error| StoreError::Decode(error.into()))?;
        rows.extend(some);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;

    static TUPLES: PackedRows = packed_rows!(
        ["v.column1", "v.column2"],
        " FROM (VALUES ",
        2,
        ") AS v WHERE v.column1 <> ''"
    );
    static STRUCTS: PackedRows = packed_rows!(
        { text: "v.column1", number: "v.column2", not_b: "NULLIF(v.column1, 'b')" },
        " FROM (VALUES ",
        2,
        ") AS v WHERE v.column1 <> ''",
        " FOR UPDATE",
    );

    static LOOKED_UP: PackedRows =
        packed_rows!(["e.seq"], 1, entries as e, "e.transaction_id = v.column1");

    #[test]
    fn postgres_has_to_look_up_each_row() {
        assert_eq!(
            LOOKED_UP.packed.on(DatabaseKind::Sqlite, 1),
            "SELECT json_group_array(json_array(e.seq)) FROM (VALUES (?)) AS v \
             CROSS JOIN entries e WHERE e.transaction_id = v.column1"
        );
        assert_eq!(
            LOOKED_UP.rows.on(DatabaseKind::Postgres, 1),
            "SELECT e.seq FROM (VALUES ($1)) AS v CROSS JOIN LATERAL \
             (SELECT * FROM entries e WHERE e.transaction_id = v.column1 OFFSET 0) e"
        );
    }

    #[derive(Debug, PartialEq, serde::Deserialize, sqlx::FromRow)]
    struct Selected {
        text: String,
        number: i64,
        not_b: Option<String>,
    }

    #[test]
    fn only_sqlite_packs_and_only_postgres_locks() {
        let end = "AS v WHERE v.column1 <> ''";
        for (statement, packed, rows) in [
            (
                &TUPLES,
                format!(
                    "SELECT json_group_array(json_array(v.column1, v.column2)) \
                     FROM (VALUES (?, ?)) {end}"
                ),
                format!("SELECT v.column1, v.column2 FROM (VALUES ($1, $2)) {end}"),
            ),
            (
                &STRUCTS,
                format!(
                    "SELECT json_group_array(json_object('text', v.column1, 'number', v.column2, \
                     'not_b', NULLIF(v.column1, 'b'))) FROM (VALUES (?, ?)) {end}"
                ),
                format!(
                    "SELECT v.column1 AS text, v.column2 AS number, \
                     NULLIF(v.column1, 'b') AS not_b FROM (VALUES ($1, $2)) {end} FOR UPDATE"
                ),
            ),
        ] {
            assert_eq!(statement.packed.on(DatabaseKind::Sqlite, 1), packed);
            assert_eq!(statement.rows.on(DatabaseKind::Postgres, 1), rows);
        }
    }

    #[tokio::test]
    async fn what_is_packed_comes_out_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let place = (&store.pool, store.kind);
        let text = |n| format!("{{\"n\": {n}}} \"\\\u{1}\u{7f}\u{2028} ü 😀\n");
        let mut rows: Vec<(String, i64)> = (0..300).map(|n| (text(n), i64::MAX - n)).collect();
        rows.push(("b".to_owned(), i64::MIN));
        let given: Vec<_> = rows.iter().map(|(text, number)| (text.as_str(), *number)).collect();
        let tuples: Vec<(String, i64)> = TUPLES.select_outside(place, &given).await.unwrap();
        assert_eq!(tuples, rows);
        let structs: Vec<Selected> = STRUCTS.select_outside(place, &given).await.unwrap();
        let expected = rows.into_iter().map(|(text, number)| {
            let not_b = Some(text.clone()).filter(|text| text != "b");
            Selected { text, number, not_b }
        });
        assert_eq!(structs, expected.collect::<Vec<_>>());
        let nothing: Vec<(String, i64)> =
            TUPLES.select_outside::<(&str, i64), _>(place, &[]).await.unwrap();
        assert_eq!(nothing, []);
    }
}
