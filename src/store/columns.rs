//! Ids, amounts and JSON in columns of text.

use std::error::Error;

use rust_decimal::Decimal;
use ulid::Ulid;

use super::StoreError;

/// Returns what was read from a column.
pub(super) fn readable<T, E: Into<Box<dyn Error + Send + Sync>>>(
    column: &str,
    read: Result<T, E>,
) -> Result<T, StoreError> {
    read.map_err(|error| StoreError::ColumnDecode {
        index: column.to_owned(),
        source: error.into(),
    })
}

/// Whether the database answered, but with a value that cannot be read.
pub fn is_unreadable(error: &StoreError) -> bool {
    matches!(error, StoreError::Decode(_) | StoreError::ColumnDecode { .. })
}

/// Reads an id that Tallyroom wrote.
pub(super) fn parse_id(text: &str) -> Result<Ulid, StoreError> {
    readable("id", Ulid::from_string(text))
}

/// Writes a value for a JSON column.
pub(super) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Encode(Box::new(error)))
}

/// Reads a value from a JSON column.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    column: &str,
    text: &str,
) -> Result<T, StoreError> {
    readable(column, serde_json::from_str(text))
}

/// Reads an amount that Tallyroom wrote.
pub(super) fn decimal(column: &str, text: &str) -> Result<Decimal, StoreError> {
    readable(column, text.parse::<Decimal>())
}
