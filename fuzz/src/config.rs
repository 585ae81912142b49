//! Any text as `config.yaml`, with an environment behind the line `%env`, and as a registration:
//! loading it ends in a config or in words, and neither the words nor a config that is printed show
//! a secret. The sign § stands for one; where it is no secret, it may be shown.

use std::path::Path;

use serde_json::Value;
use tallyroom::config::{Config, Registration};

/// What must not be shown.
const SECRET: &str = "canary-0f7a93c2-of-more-than-thirty-two-letters";
/// What ends the file and begins the environment.
const ENVIRONMENT: &str = "\n%env\n";
/// What our variables begin with.
const PREFIX: &str = "TALLYROOM__";

/// Fails if something of that does not hold.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let text = text.replace('§', SECRET);
    let (file, environment) = text.split_once(ENVIRONMENT).unwrap_or((&text, ""));
    let environment: Vec<(String, String)> = environment
        .lines()
        .filter_map(|line| line.split_once('='))
        // Files of this machine are no business of a fuzzer.
        .filter(|(name, _)| name.starts_with(PREFIX) && !name.ends_with("_FILE"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let places = places_of_secret(file);
    let path = Path::new("config.yaml");

    let told = match Config::of_text(file, path, environment.iter().cloned()) {
        Ok(config) => {
            let mut printed = format!("{config:?}");
            printed.push_str(&serde_json::to_string(&config).expect("it can be written"));
            if places.iter().all(|place| is_key(place)) && environment.is_empty() {
                assert!(!printed.contains(SECRET), "{printed}");
            }
            String::new()
        }
        Err(errors) => format!("{errors} {errors:?}"),
    };
    let in_variables = |(name, value): &(String, String)| {
        !name.contains(SECRET) && (!value.contains(SECRET) || is_secret(&path_of(name)))
    };
    if places.iter().all(|place| is_secret(place)) && environment.iter().all(in_variables) {
        assert!(!told.contains(SECRET), "{told}");
    }

    let path = Path::new("registration.yaml");
    let registration = Registration::of_text(file, path)
        .and_then(|registration| registration.checked(path, &Config::default()));
    let told = match registration {
        Ok(registration) => format!("{registration:?}"),
        Err(errors) => format!("{errors} {errors:?}"),
    };
    if places.iter().all(|place| ["as_token", "hs_token"].contains(&place.as_str())) {
        assert!(!told.contains(SECRET), "{told}");
    }
}

/// The paths at which the secret stands, as a value or as a name; none if the file is no YAML, of
/// which nothing is shown.
fn places_of_secret(file: &str) -> Vec<String> {
    let options = serde_yaml::options! { strict_booleans: true };
    let mut places = Vec::new();
    if let Ok(tree) = serde_yaml::from_str_with_options(file, options) {
        find("", &tree, &mut places);
    }
    places
}

fn find(path: &str, tree: &Value, places: &mut Vec<String>) {
    match tree {
        Value::String(text) if text.contains(SECRET) => places.push(path.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| find(path, item, places)),
        Value::Object(keys) => {
            for (name, value) in keys {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if name.contains(SECRET) {
                    // Of a name that cannot be one, only the beginning may be shown.
                    let end = name.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c));
                    let is_shown = name.split_at(end.unwrap_or(name.len())).0.contains(SECRET);
                    let is_listed = ["api.keys", "page.sign_in"].contains(&path);
                    let place = if is_shown && !is_listed { &inner } else { "" };
                    places.push(place.to_owned());
                }
                find(&inner, value, places);
            }
        }
        _ => {}
    }
}

/// Of the key that a variable sets.
fn path_of(variable: &str) -> String {
    variable.trim_start_matches(PREFIX).to_lowercase().replace("__", ".")
}

/// Whether nothing is shown of what stands there: in lists of keys not even other names, and no
/// text where a section should be.
fn is_secret(path: &str) -> bool {
    let within = |outer: &str| {
        path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within("api.keys")
        || within("page.sign_in")
        || ["database.url", "files.s3.secret_access_key"].contains(&path)
        || ["", "api", "database", "files", "files.s3", "page"].contains(&path)
}

/// Whether a key stands there.
fn is_key(path: &str) -> bool {
    ["api.keys.key", "page.sign_in.key", "files.s3.secret_access_key"].contains(&path)
}
