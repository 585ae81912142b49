//! Parses YAML into an untyped tree. A syntax error shows the line and a caret, but no secret.

use serde_json::Value;
use serde_yaml::Error;

use super::{errors::Problem, keys};

/// The keys of the registration file that an error message may show.
const REGISTRATION_KEYS: &[&str] = &[
    "id",
    "url",
    "as_token",
    "hs_token",
    "sender_localpart",
    "rate_limited",
    "namespaces",
    "users",
    "aliases",
    "rooms",
    "exclusive",
    "regex",
    "receive_ephemeral",
];

/// Parses the text of a file. Only `true` and `false` are booleans, since `no` can be a name.
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    read(text).map_err(|error| {
        Problem::new(
            "",
            message(text, &error),
            "one YAML document of sections",
            "correct that line; a value that contains `: ` or ` #`, or begins with a special \
             character, needs quotes",
        )
    })
}

fn read(text: &str) -> Result<Value, Error> {
    let options = serde_yaml::options! { strict_booleans: true };
    serde_yaml::from_str_with_options(text, options)
}

/// Returns the parser's message with its excerpt of the file. The excerpt could show a token or a
/// password. So the file is parsed again with its values masked, and the message of that error is
/// used if the error is at the same place.
fn message(text: &str, error: &Error) -> String {
    let position = |error: &Error| error.location().map(|place| (place.line(), place.column()));
    match (position(error), read(&masked(text))) {
        (place @ Some(_), Err(same)) if position(&same) == place => same.to_string(),
        (Some((line, column)), _) => format!("invalid YAML at line {line}, column {column}"),
        (None, _) => "invalid YAML".to_owned(),
    }
}

/// Returns the text with every letter and digit replaced by `x`, except in the names of keys at the
/// start of a line.
fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(masked_line).collect()
}

fn masked_line(line: &str) -> String {
    let start = line.find(|c: char| !" \t-#{".contains(c)).unwrap_or(line.len());
    let (indent, rest) = line.split_at(start);
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    let hide = |text: &str| -> String {
        text.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect()
    };
    let is_key = keys::is_name(word) || REGISTRATION_KEYS.contains(&word);
    let word = if is_key { word.to_owned() } else { hide(word) };
    format!("{indent}{word}{}", hide(rest))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Config, Registration},
        *,
    };

    #[test]
    fn a_syntax_error_shows_line_and_caret() {
        let found = parse("rooms:\n  parallel: 8\n  type: \"m.invoice\n").unwrap_err().found;
        assert!(found.contains("line 3") || found.contains(":3:"), "{found}");
        assert!(found.contains("^"), "{found}");
        assert!(found.contains("type: \"x.xxxxxxx"), "{found}");
    }

    #[test]
    fn a_syntax_error_next_to_a_secret_does_not_show_it() {
        for text in [
            "api:\n  keys:\n    - shop: a\n      key: \"canary1234567890\n",
            "api:\n  keys: [{shop: a, key: canary1234567890]\n",
            "api:\n  keys:\n    - key: canary1234567890\n   bad\n",
            "api:\n  keys:\n    - key: *canary1234567890\n",
            "api:\n  keys:\n    - key: !canary1234567890 [\n",
            "api:\n  keys:\n    - key: \"canary\\q1234567890\"\n",
            "api:\n  canary1234567890: 1\n  canary1234567890: 2\n",
            "database:\n  url: postgres://u:canary@h/d: x\n",
            "canary: @canary\n",
            "key: >\n\tcanary\n - canary\n",
        ] {
            let found = parse(text).unwrap_err().to_string();
            assert!(!found.contains("canary"), "{found}");
            assert!(!found.contains("1234567890"), "{found}");
        }
    }

    #[test]
    fn yes_and_no_are_texts() {
        let tree = parse("a: no\nb: yes\nc: true\nd: off\n").unwrap();
        assert_eq!(tree, serde_json::json!({"a": "no", "b": "yes", "c": true, "d": "off"}));
    }

    #[test]
    fn a_key_given_twice_and_a_second_document_are_refused() {
        assert!(parse("rooms: {}\nrooms: {}\n").is_err());
        assert!(parse("rooms: {}\n---\nrooms: {}\n").is_err());
    }

    #[test]
    fn every_key_is_shown() {
        fn names(tree: &Value) -> Vec<&String> {
            let Value::Object(keys) = tree else { return Vec::new() };
            keys.iter().flat_map(|(name, value)| [vec![name], names(value)].concat()).collect()
        }
        for name in names(&serde_json::to_value(Config::default()).unwrap()) {
            assert!(keys::is_name(name), "{name} is missing in KEYS of config/keys.rs");
        }
        let registration = serde_json::to_value(Registration::default()).unwrap();
        for name in names(&registration).into_iter().filter(|name| !name.contains('.')) {
            assert!(REGISTRATION_KEYS.contains(&name.as_str()), "{name}");
        }
    }
}
