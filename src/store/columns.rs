//! Ids, amounts and JSON in columns of text.

use rust_decimal::Decimal;
use ulid::Ulid;

use super::StoreError;

/// Reads an id that Tallyroom wrote.
pub(super) fn parse_id(text: &str) -> Result<Ulid, StoreError> {
    Ulid::from_string(text).map_err(|error| StoreError::ColumnDecode {
        index: "id".to_owned(),
        source: Box::new(error),
    })
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
    serde_json::from_str(text).map_err(|error| StoreError::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}

/// Reads an amount that Tallyroom wrote.
pub(super) fn decimal(column: &str, text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(|error: rust_decimal::Error| StoreError::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}
