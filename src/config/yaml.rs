//! Reads YAML into an untyped tree; a syntax error shows line and caret, but no secret.

use serde_json::Value;
use serde_yaml::Error;

use super::errors::Problem;

/// Words at the beginning of a line that an error may show: the names of keys.
const KEY_NAMES: [&str; 66] = [
    "homeserver",
    "url",
    "domain",
    "appservice",
    "listen",
    "registration",
    "bot",
    "display_name",
    "api",
    "exports_at_once",
    "keys",
    "shop",
    "key",
    "database",
    "max_connections",
    "rooms",
    "version",
    "type",
    "federate",
    "history_visibility",
    "guest_access",
    "removed_contacts",
    "create",
    "parallel",
    "page",
    "proxies",
    "trusted",
    "language",
    "time_zone",
    "link_days",
    "open_pages",
    "messages_per_minute",
    "upload_megabytes_per_hour",
    "widget",
    "widget_clients",
    "openid",
    "sign_in",
    "record",
    "sync",
    "redactions",
    "signing_key",
    "sign_after_minutes",
    "witnesses",
    "files",
    "store",
    "max_megabytes",
    "keep_days",
    "s3",
    "endpoint",
    "region",
    "access_key_id",
    "secret_access_key",
    "log",
    "level",
    "format",
    "id",
    "as_token",
    "hs_token",
    "sender_localpart",
    "rate_limited",
    "namespaces",
    "users",
    "aliases",
    "exclusive",
    "regex",
    "receive_ephemeral",
];

/// The tree of a file. Only `true` and `false` are booleans: `no` may well be a name.
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    read(text).map_err(|error| {
        Problem::new(
            "",
            message(text, &error),
            "one YAML document of sections",
            "correct that line; a value with `: ` or ` #` or a special first letter wants quotes",
        )
    })
}

fn read(text: &str) -> Result<Value, Error> {
    let options = serde_yaml::options! { strict_booleans: true };
    serde_yaml::from_str_with_options(text, options)
}

/// The library's message with its excerpt. The excerpt could show a token or a password, so the
/// message is that of the same file with its values masked, if it is the same error.
fn message(text: &str, error: &Error) -> String {
    let line = |error: &Error| error.location().map(|place| (place.line(), place.column()));
    match (line(error), read(&masked(text))) {
        (place @ Some(_), Err(same)) if line(&same) == place => same.to_string(),
        (Some((line, column)), _) => format!("invalid YAML at line {line}, column {column}"),
        (None, _) => "invalid YAML".to_owned(),
    }
}

/// The text with every letter and digit hidden, except in names of keys at the start of a line.
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
    let word = if KEY_NAMES.contains(&word) { word.to_owned() } else { hide(word) };
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
    fn yes_and_no_stay_text() {
        let tree = parse("a: no\nb: yes\nc: true\nd: off\n").unwrap();
        assert_eq!(tree, serde_json::json!({"a": "no", "b": "yes", "c": true, "d": "off"}));
    }

    #[test]
    fn a_key_given_twice_and_a_second_document_are_refused() {
        assert!(parse("rooms: {}\nrooms: {}\n").is_err());
        assert!(parse("rooms: {}\n---\nrooms: {}\n").is_err());
    }

    #[test]
    fn the_names_of_all_keys_may_be_shown() {
        fn names(tree: &Value) -> Vec<&String> {
            let Value::Object(keys) = tree else { return Vec::new() };
            keys.iter().flat_map(|(name, value)| [vec![name], names(value)].concat()).collect()
        }
        for tree in [
            serde_json::to_value(Config::default()).unwrap(),
            serde_json::to_value(Registration::default()).unwrap(),
        ] {
            for name in names(&tree).iter().filter(|name| !name.contains('.')) {
                assert!(KEY_NAMES.contains(&name.as_str()), "{name}");
            }
        }
    }
}
