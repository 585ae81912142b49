//! Reads signed heads that somebody keeps outside the database: as statements, or as the Matrix
//! events that carry them. Pure.

use serde_json::Value;

use crate::names::HEAD_STATE;

/// Returns the signed heads in a text. The text holds one or more JSON values, one after the other
/// or in an array. Each value is a signed statement, or an event (from a client's source view, the
/// room's state, or a witness) that carries a statement in its content.
///
/// # Errors
/// A message that says why the text cannot be read.
pub fn heads_in(text: &str) -> Result<Vec<Value>, String> {
    let mut heads = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| format!("it is not valid JSON: {error}"))?;
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            heads.push(statement_in(value)?);
        }
    }
    if heads.is_empty() {
        return Err("it holds no signed head".to_owned());
    }
    Ok(heads)
}

fn statement_in(value: Value) -> Result<Value, String> {
    let content = value.get("content").filter(|content| content.is_object());
    let carrier = content.unwrap_or(&value);
    // The message to a witness room carries the statement under a key of its content.
    let statement = carrier.get(HEAD_STATE).unwrap_or(carrier);
    match statement.get("signatures") {
        Some(_) => Ok(statement.clone()),
        None => Err("it holds a value that is not a signed head".to_owned()),
    }
}

/// Whether a head names this transaction. A head that names no transaction belongs to none.
pub fn is_head_of(head: &Value, transaction: &str) -> bool {
    head.get("transaction").and_then(Value::as_str) == Some(transaction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn heads_are_read_as_statements_and_as_events() {
        let head = json!({ "seq": 3, "transaction": "01T", "signatures": {} });
        let event = json!({ "type": "org.tallyroom.record.head", "content": head });
        for text in [
            head.to_string(),
            event.to_string(),
            format!("{head}\n{event}\n"),
            json!([head, event]).to_string(),
            serde_json::to_string_pretty(&event).unwrap(),
        ] {
            let heads = heads_in(&text).unwrap();
            assert!(!heads.is_empty() && heads.iter().all(|it| *it == head), "{text}");
        }
        assert!(is_head_of(&head, "01T") && !is_head_of(&head, "01U"));
        for text in ["", "{", "7", "[]", "{}", r#"{"content": {}}"#] {
            assert!(heads_in(text).is_err(), "{text}");
        }
    }
}
