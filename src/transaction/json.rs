//! Reads JSON that a shop sent, and says what does not fit in words that the shop knows.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::invoice::{Limits, Objects, Problem, check_json, in_a_line, pointer, without_mark};

/// Parses JSON with an invoice in it.
///
/// # Errors
/// The first limit that it exceeds, or the first error in the JSON, with its pointer.
pub(crate) fn json_within<T: DeserializeOwned>(
    bytes: &[u8],
    limits: &Limits,
) -> Result<T, Vec<Problem>> {
    let fits = limits.check_size(bytes.len()).and_then(|()| check_json(bytes, limits));
    fits.map_err(|problem| vec![problem])?;
    json(bytes)
}

/// Parses JSON. Where an object is expected, a list is refused.
///
/// # Errors
/// The first error in the JSON, with its pointer.
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Vec<Problem>> {
    let mut deserializer = serde_json::Deserializer::from_slice(without_mark(bytes));
    let objects = Objects(&mut deserializer);
    let value: T = serde_path_to_error::deserialize(objects).map_err(unfit)?;
    deserializer.end().map_err(|error| vec![Problem::at("", capitalised(&error.to_string()))])?;
    Ok(value)
}

/// Reads a value that is JSON already.
///
/// # Errors
/// The first place that does not fit, with its pointer.
pub(super) fn json_value<T: DeserializeOwned>(value: Value) -> Result<T, Vec<Problem>> {
    serde_path_to_error::deserialize(Objects(value)).map_err(unfit)
}

/// What does not fit, and where.
fn unfit(error: serde_path_to_error::Error<serde_json::Error>) -> Vec<Problem> {
    let pointer = pointer(error.path());
    let mut detail = error.inner().to_string();
    // With a pointer, the line and the column are not needed.
    if !pointer.is_empty()
        && let Some(end) = detail.rfind(" at line ")
    {
        detail.truncate(end);
    }
    vec![Problem::at(pointer, capitalised(&in_json_words(&in_a_line(&detail))))]
}

/// Replaces the Rust types in a message of serde by JSON types, which the sender knows.
fn in_json_words(detail: &str) -> String {
    let detail = &detail.replace("unknown variant", "unknown value");
    let Some((found, expected)) = detail.split_once(", expected ") else {
        return detail.to_owned();
    };
    let found = found
        .strip_prefix("invalid type: ")
        .map(|it| format!("invalid type: {}", json_word(it)))
        .unwrap_or_else(|| found.to_owned());
    format!("{found}, expected {}", json_word(expected))
}

/// The JSON name of a type of Rust or serde.
fn json_word(word: &str) -> &str {
    let first = word.strip_prefix("a ").unwrap_or(word).split(' ').next().unwrap_or_default();
    match first {
        "struct" | "map" | "internally" | "enum" | "adjacently" => "an object",
        "sequence" | "tuple" | "array" if word.contains("of length") => "a list of another length",
        "sequence" | "tuple" | "array" => "a list",
        "unit" | "option" => "null",
        "boolean" | "bool" => "true or false",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "newtype" => "another kind of value",
        _ => word,
    }
}

fn capitalised(sentence: &str) -> String {
    let mut rest = sentence.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_no_object() {
        #[derive(Debug, serde::Deserialize)]
        struct Named {
            name: String,
        }
        let read: Named = json(b" {\"name\": \"a\"}").unwrap();
        assert_eq!(read.name, "a");
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            inner: Option<Vec<Named>>,
        }
        let read: Outer = json(b"{\"inner\": [{\"name\": \"a\"}]}").unwrap();
        assert_eq!(read.inner.unwrap()[0].name, "a");
        let list = "Invalid type: a list, expected an object.";
        let problem = json::<Named>(b" [\"a\"]").unwrap_err().remove(0);
        assert!(problem.detail.starts_with(list.trim_end_matches('.')), "{problem:?}");
        // Serde reads an enum without tags out of its own copy.
        let address = serde_json::json!([["Oak street"], null, null, null, null]);
        assert!(json_value::<crate::invoice::Address>(address).is_err());
        let identifier = serde_json::json!(["1", "0088"]);
        assert!(json_value::<crate::invoice::Identifier>(identifier).is_err());
        for problem in [
            json::<Outer>(b"{\"inner\": [[\"a\"]]}").unwrap_err().remove(0),
            json_value::<Outer>(serde_json::json!({ "inner": [["a"]] })).unwrap_err().remove(0),
        ] {
            assert_eq!((problem.pointer.as_str(), problem.detail.as_str()), ("/inner/0", list));
        }
    }

    #[test]
    fn types_have_the_names_of_json() {
        assert_eq!(
            in_json_words("invalid type: map, expected a string"),
            "invalid type: an object, expected a string"
        );
        assert_eq!(in_json_words("missing field `number`"), "missing field `number`");
    }
}
