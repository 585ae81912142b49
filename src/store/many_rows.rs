//! Statements for many rows at once: each has a list of rows after `VALUES`.
//!
//! A statement for each number of rows would fill the caches of prepared statements (sqlx keeps 100 for a connection).
//! So there are only statements for 1, 2, 4 … 128 rows, and where a list can be filled up, for 1, 8, 32 and 128.
//!
//! On SQLite, the parameters are `?`. It keeps those with a name such as `$900` in a list, and sqlx
//! asks for the name of each, so the time to bind them would grow with the square of their number.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::OnceLock;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::error::BoxDynError;
use sqlx::{AnyPool, Arguments, FromRow};

use super::{StoreError, Tx};
use crate::config::DatabaseKind;

/// The greatest number of rows in one statement. With 32 columns, it has 4,096 parameters
/// (SQLite allows 32,766 of them, PostgreSQL 65,535).
pub(super) const MAX_ROWS: usize = 128;
/// The lengths of lists that are filled up.
const PADDED_LENGTHS: [usize; 4] = [1, 8, 32, MAX_ROWS];
/// The number of powers of two up to [`MAX_ROWS`].
pub(super) const SIZES: usize = MAX_ROWS.ilog2() as usize + 1;

/// A statement that takes a list of rows. In the statement, the columns of
/// `(VALUES …) AS v` are called `v.column1`, `v.column2` and so on, on both databases.
pub(super) struct ManyRows {
    before: Cow<'static, str>,
    columns: usize,
    after: Cow<'static, str>,
    /// What follows on PostgreSQL only.
    lock: &'static str,
    sqlite: [OnceLock<String>; SIZES],
    postgres: [OnceLock<String>; SIZES],
}

impl ManyRows {
    /// Makes a statement from what stands before the list of rows, the number of columns of the
    /// list, and what stands after it.
    pub(super) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self {
            before: Cow::Borrowed(before),
            columns,
            after: Cow::Borrowed(after),
            lock: "",
            sqlite: [const { OnceLock::new() }; SIZES],
            postgres: [const { OnceLock::new() }; SIZES],
        }
    }

    /// Like [`Self::new`], for a statement that locks rows with `lock`. On SQLite, a tx that writes
    /// has locked everything.
    pub(super) const fn locking(
        before: &'static str,
        columns: usize,
        after: &'static str,
        lock: &'static str,
    ) -> Self {
        let mut statement = Self::new(before, columns, after);
        statement.lock = lock;
        statement
    }

    /// Like [`Self::new`], from texts that were built.
    pub(super) fn built(before: String, columns: usize, after: String) -> Self {
        let (before, after) = (Cow::Owned(before), Cow::Owned(after));
        Self { before, after, ..Self::new("", columns, "") }
    }

    /// Returns what the statement selects for these rows. It has to ignore rows with empty ids.
    pub(super) async fn select<R: Row, T: Selected>(
        &'static self,
        tx: &mut Tx,
        rows: &[R],
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for piece in in_padded_pieces(rows, R::default()) {
            let query = sqlx::query_as_with(self.in_tx(tx, piece.len()), arguments(&piece)?);
            found.extend(query.fetch_all(&mut **tx).await?);
        }
        Ok(found)
    }

    /// Like [`Self::select`], outside a tx.
    pub(super) async fn select_outside<R: Row, T: Selected>(
        &'static self,
        (pool, kind): (&AnyPool, DatabaseKind),
        rows: &[R],
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for piece in in_padded_pieces(rows, R::default()) {
            let query = sqlx::query_as_with(self.on(kind, piece.len()), arguments(&piece)?);
            found.extend(query.fetch_all(pool).await?);
        }
        Ok(found)
    }

    /// Executes a statement that changes or deletes rows. It has to ignore rows with empty ids.
    pub(super) async fn change<R: Row>(
        &'static self,
        tx: &mut Tx,
        rows: &[R],
    ) -> Result<(), StoreError> {
        for piece in in_padded_pieces(rows, R::default()) {
            let query = sqlx::query_with(self.in_tx(tx, piece.len()), arguments(&piece)?);
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Executes a statement that inserts rows, in their order.
    pub(super) async fn insert<R: Row>(
        &'static self,
        tx: &mut Tx,
        rows: &[R],
    ) -> Result<(), StoreError> {
        for piece in in_exact_pieces(rows) {
            let query = sqlx::query_with(self.in_tx(tx, piece.len()), arguments(piece)?);
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Like [`Self::insert`]. Returns what the statement returns of the rows, in no particular order.
    pub(super) async fn insert_returning<R: Row, T: Selected>(
        &'static self,
        tx: &mut Tx,
        rows: &[R],
    ) -> Result<Vec<T>, StoreError> {
        let mut returned = Vec::new();
        for piece in in_exact_pieces(rows) {
            let query = sqlx::query_as_with(self.in_tx(tx, piece.len()), arguments(piece)?);
            returned.extend(query.fetch_all(&mut **tx).await?);
        }
        Ok(returned)
    }

    /// Returns the statement for `rows` rows on the database of `tx`. The number of rows has to be the
    /// length of a piece of [`in_exact_pieces`] or [`in_padded_pieces`].
    pub(super) fn in_tx(&'static self, tx: &Tx, rows: usize) -> &'static str {
        self.on(tx.kind(), rows)
    }

    /// Like [`Self::in_tx`], on this kind of database.
    pub(super) fn on(&'static self, kind: DatabaseKind, rows: usize) -> &'static str {
        let texts = match kind {
            DatabaseKind::Sqlite => &self.sqlite,
            DatabaseKind::Postgres => &self.postgres,
        };
        texts[size_of(rows)].get_or_init(|| self.text(kind, rows))
    }

    fn text(&self, kind: DatabaseKind, rows: usize) -> String {
        let mut text = self.before.clone().into_owned();
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                if column > 0 {
                    text.push_str(", ");
                }
                match kind {
                    DatabaseKind::Sqlite => text.push('?'),
                    DatabaseKind::Postgres => {
                        // Writing to a String cannot fail.
                        let _ = write!(text, "${}", row * self.columns + column + 1);
                    }
                }
            }
            text.push(')');
        }
        text.push_str(&self.after);
        if kind == DatabaseKind::Postgres {
            text.push_str(self.lock);
        }
        text
    }
}

/// Returns the place of the statement for `rows` rows among those of all sizes. The number has to be the
/// length of a piece.
pub(super) fn size_of(rows: usize) -> usize {
    let size = rows.next_power_of_two().ilog2() as usize;
    debug_assert_eq!(1 << size, rows, "a piece has a power of two as its length");
    size.min(SIZES - 1)
}

/// A row of a list: texts and numbers. The default is empty.
pub(super) trait Row: Copy + Default + Send + Sync {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), BoxDynError>;
}

impl Row for &str {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), BoxDynError> {
        arguments.add(self)
    }
}

impl Row for i64 {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), BoxDynError> {
        arguments.add(self)
    }
}

impl Row for Option<i64> {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), BoxDynError> {
        arguments.add(self)
    }
}

impl Row for Option<&str> {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), BoxDynError> {
        arguments.add(self)
    }
}

/// Makes rows of several columns.
macro_rules! rows_of_several_columns {
    ($(($($name:ident: $column:ident),+))+) => { $(
        impl<$($column: Row),+> Row for ($($column,)+) {
            fn add_to(self, arguments: &mut AnyArguments) -> Result<(), BoxDynError> {
                let ($($name,)+) = self;
                $($name.add_to(arguments)?;)+
                Ok(())
            }
        }
    )+ };
}
rows_of_several_columns! {
    (a: A, b: B)
    (a: A, b: B, c: C)
    (a: A, b: B, c: C, d: D)
    (a: A, b: B, c: C, d: D, e: E)
    (a: A, b: B, c: C, d: D, e: E, f: F)
    (a: A, b: B, c: C, d: D, e: E, f: F, g: G)
    (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J)
    (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K)
}

/// What a statement selects.
pub(super) trait Selected: for<'r> FromRow<'r, AnyRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, AnyRow> + Send + Unpin> Selected for T {}

fn arguments<R: Row>(rows: &[R]) -> Result<AnyArguments, StoreError> {
    let mut arguments = AnyArguments::default();
    for row in rows {
        row.add_to(&mut arguments).map_err(StoreError::Encode)?;
    }
    Ok(arguments)
}

/// Cuts a list of rows into pieces for which there is a statement. Each row is in one piece.
pub(super) fn in_exact_pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1 << rows.len().min(MAX_ROWS).checked_ilog2()?;
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}

/// Cuts a list of rows into as few pieces as possible. The last one is filled up with `padding`, a
/// row that the statement ignores.
pub(super) fn in_padded_pieces<T: Clone>(rows: &[T], padding: T) -> impl Iterator<Item = Vec<T>> {
    rows.chunks(MAX_ROWS).map(move |piece| {
        let mut piece = piece.to_vec();
        let length = PADDED_LENGTHS.into_iter().find(|length| *length >= piece.len());
        piece.resize(length.unwrap_or(MAX_ROWS), padding.clone());
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    static INSERT: ManyRows = ManyRows::new("INSERT INTO t (a, b) VALUES ", 2, " RETURNING a");

    #[test]
    fn the_parameters_are_numbered_row_by_row_where_they_have_numbers() {
        let on_postgres = |rows| INSERT.on(DatabaseKind::Postgres, rows);
        assert_eq!(on_postgres(1), "INSERT INTO t (a, b) VALUES ($1, $2) RETURNING a");
        assert_eq!(on_postgres(2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) RETURNING a");
        assert!(on_postgres(MAX_ROWS).ends_with(", ($255, $256) RETURNING a"));
        let on_sqlite = INSERT.on(DatabaseKind::Sqlite, 2);
        assert_eq!(on_sqlite, "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) RETURNING a");
    }

    #[test]
    fn exact_pieces_hold_each_row_once() {
        for count in [0, 1, 2, 3, 100, 127, 128, 129, 300] {
            let rows: Vec<_> = (0..count).collect();
            let pieces: Vec<_> = in_exact_pieces(&rows).collect();
            assert!(pieces.iter().all(|it| it.len().is_power_of_two() && it.len() <= MAX_ROWS));
            assert_eq!(pieces.concat(), rows);
        }
        let lengths: Vec<_> = in_exact_pieces(&[(); 100]).map(<[_]>::len).collect();
        assert_eq!(lengths, [64, 32, 4]);
    }

    #[test]
    fn padded_pieces_are_few() {
        let rows: Vec<_> = (1..=100).collect();
        let pieces: Vec<_> = in_padded_pieces(&rows, 0).collect();
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].len(), 128);
        assert_eq!(pieces[0][..100], rows);
        assert!(pieces[0][100..].iter().all(|padding| *padding == 0));
        assert_eq!(in_padded_pieces::<i32>(&[], 0).count(), 0);
        let lengths = [1, 2, 8, 9, 33, 129].map(|count| {
            in_padded_pieces(&vec![0; count], 0).map(|piece| piece.len()).collect::<Vec<_>>()
        });
        assert_eq!(lengths, [vec![1], vec![8], vec![8], vec![32], vec![128], vec![128, 1]]);
    }
}
