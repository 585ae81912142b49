//! Statements that answer several questions at once, for reads that would otherwise be a row of
//! small statements.
//!
//! Each question is a SELECT of its own, and a union puts them together. So all answers have the
//! same columns, and the first says which question they answer.

use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

use super::StoreError;

/// The number of columns of each type.
const TEXTS: usize = 5;
const NUMBERS: usize = 4;

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The name, which each answer repeats.
    pub(super) name: &'static str,
    /// The column with the id of the transaction that an answer is about.
    pub(super) of: &'static str,
    /// The columns of text, at most [`TEXTS`].
    pub(super) texts: &'a [&'a str],
    /// The columns of numbers, at most [`NUMBERS`].
    pub(super) numbers: &'a [&'a str],
    /// The tables and the condition.
    pub(super) from: &'a str,
}

/// One answer. Columns that the question does not name are empty.
#[derive(Debug)]
pub(super) struct Answer {
    /// The name of the question.
    pub(super) question: String,
    /// The id of the transaction.
    pub(super) transaction: String,
    pub(super) texts: [Option<String>; TEXTS],
    pub(super) numbers: [Option<i64>; NUMBERS],
}

/// Returns the statement that asks these questions. Its answers have no particular order.
pub(super) fn ask(questions: &[Question<'_>]) -> String {
    questions.iter().map(Question::select).collect::<Vec<_>>().join(" UNION ALL ")
}

impl Question<'_> {
    fn select(&self) -> String {
        let Self { name, of, texts, numbers, from } = self;
        let padded = |columns: &[&str], count: usize, kind: &str| {
            let columns: Vec<_> = (0..count)
                .map(|place| match columns.get(place) {
                    Some(column) => format!("{column} AS {kind}{place}"),
                    None => format!("CAST(NULL AS {kind}) AS {kind}{place}"),
                })
                .collect();
            columns.join(", ")
        };
        let (texts, numbers) = (padded(texts, TEXTS, "TEXT"), padded(numbers, NUMBERS, "BIGINT"));
        format!("SELECT '{name}' AS question, {of} AS about, {texts}, {numbers} FROM {from}")
    }
}

impl<'r> FromRow<'r, AnyRow> for Answer {
    fn from_row(row: &'r AnyRow) -> Result<Self, StoreError> {
        let mut answer = Self {
            question: row.try_get(0)?,
            transaction: row.try_get(1)?,
            texts: Default::default(),
            numbers: Default::default(),
        };
        for (place, text) in (2..).zip(&mut answer.texts) {
            *text = row.try_get(place)?;
        }
        for (place, number) in (2 + TEXTS..).zip(&mut answer.numbers) {
            *number = row.try_get(place)?;
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_questions_have_the_same_columns() {
        let one = Question { name: "one", of: "a", texts: &["b"], numbers: &[], from: "c" };
        let two = Question { name: "two", of: "d", texts: &[], numbers: &["e"], from: "f" };
        let asked = ask(&[one, two]);
        let (one, two) = asked.split_once(" UNION ALL ").unwrap();
        assert!(one.starts_with("SELECT 'one' AS question, a AS about, b AS TEXT0, "), "{one}");
        assert!(two.contains(" e AS BIGINT0, ") && two.ends_with(" AS BIGINT3 FROM f"), "{two}");
        for select in [one, two] {
            let columns = select.split(" FROM ").next().unwrap().split(", ").count();
            assert_eq!(columns, 2 + TEXTS + NUMBERS, "{select}");
        }
    }
}
