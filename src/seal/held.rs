//! Signed heads that somebody holds: as statements, or as the events that carried them. Pure.

use serde_json::Value;

use crate::names::HEAD_STATE;

/// The signed heads in a text: statements as JSON, one or more of them, one after the other or in
/// an array; or events (from a room's source view, its state, or a witness) that carry one as their
/// content.
///
/// # Errors
/// Why the text cannot be read, in words.
pub fn heads_in(text: &str) -> Result<Vec<Value>, String> {
    let mut heads = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| format!("it is no JSON: {error}"))?;
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
    // Witnesses are told in a message.
    let statement = carrier.get(HEAD_STATE).unwrap_or(carrier);
    match statement.get("signatures") {
        Some(_) => Ok(statement.clone()),
        None => Err("it holds something that is no signed head".to_owned()),
    }
}

/// Whether a head is of this transaction. One that says nothing of it is nobody's.
pub fn is_of(head: &Value, transaction: &str) -> bool {
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
        assert!(is_of(&head, "01T") && !is_of(&head, "01U"));
        for text in ["", "{", "7", "[]", "{}", r#"{"content": {}}"#] {
            assert!(heads_in(text).is_err(), "{text}");
        }
    }
}
