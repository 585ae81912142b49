//! Overrides the config file with environment variables.
//!
//! `TALLYROOM__ROOMS__VERSION=12` sets a value, and `TALLYROOM__API__KEYS_FILE=/run/secrets/keys`
//! reads it from a file.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use super::{draft::Draft, errors::Problem, keys};

/// The prefix of our variables. `__` also separates section and key.
const PREFIX: &str = "TALLYROOM__";

/// Applies the environment variables to the draft.
pub(super) fn apply(draft: &mut Draft, env: impl Iterator<Item = (String, String)>) {
    // The map sorts them, so that the same environment always gives the same messages.
    let ours: BTreeMap<String, String> = env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    for (variable, value) in &ours {
        let name = variable.strip_prefix(PREFIX).unwrap_or(variable);
        let name = name.to_lowercase().replace("__", ".");
        let Some((path, from_file)) = find_leaf(draft.skeleton(), &name) else {
            refuse_unknown(draft, &name, variable);
            continue;
        };
        let direct = variable.strip_suffix("_FILE").filter(|direct| ours.contains_key(*direct));
        let text = match (from_file, direct) {
            (false, _) => Some(value.clone()),
            (true, None) => read_value_file(draft, path, variable, value),
            (true, Some(direct)) => {
                let found = format!("both {direct} and {variable}");
                let fix = "unset one of them";
                draft.add(Problem::new(path, found, "one of them", fix));
                None
            }
        };
        if let Some(text) = text {
            set(draft, path, variable, text);
        }
    }
}

/// Returns the leaf that a variable sets, and whether the variable names a file with the value.
fn find_leaf<'a>(skeleton: &Value, name: &'a str) -> Option<(&'a str, bool)> {
    let is_leaf = |path: &str| {
        let found = skeleton.pointer(&keys::pointer(path));
        found.is_some_and(|value| !value.is_object())
    };
    let file = name.strip_suffix("_file").filter(|path| is_leaf(path));
    if is_leaf(name) { Some((name, false)) } else { file.map(|path| (path, true)) }
}

fn refuse_unknown(draft: &mut Draft, name: &str, variable: &str) {
    let found = format!("the environment variable {variable}");
    let list = keys::LISTS.iter().find(|list| name.starts_with(&format!("{}.", list.path)));
    if let Some(list) = list {
        let whole = list.path.to_uppercase().replace('.', "__");
        let fix = format!("write the whole list as JSON: {PREFIX}{whole}={}", list.example);
        draft.add(Problem::new(name, found, "a list is set as a whole", fix));
    } else if draft.skeleton().pointer(&keys::pointer(name)).is_some() {
        let fix = format!("append the name of a key: {variable}__KEY");
        draft.add(Problem::new(name, found, "single keys, not whole sections", fix));
    } else {
        let (section, key) = match name.split_once('.') {
            Some((section, key)) if draft.skeleton().get(section).is_some() => (section, key),
            _ => ("", name.split('.').next().unwrap_or(name)),
        };
        draft.unknown_key(section, key, &found);
    }
}

fn read_value_file(draft: &mut Draft, path: &str, variable: &str, file: &str) -> Option<String> {
    match fs::read_to_string(file) {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => {
            draft.add(Problem::new(
                path,
                // The variable's value is not shown: it may be a secret that was put there by
                // mistake.
                format!("the environment variable {variable} names a file: {error}"),
                "the path of a readable text file that holds the value",
                "correct the path, or let the user that runs Tallyroom read the file",
            ));
            None
        }
    }
}

/// Converts the text to the type of the leaf's default and sets the leaf. A text that cannot be
/// converted stays a text, and gets the same error message as in the file.
fn set(draft: &mut Draft, path: &str, variable: &str, text: String) {
    let default = draft.skeleton().pointer(&keys::pointer(path));
    let value = match default {
        Some(Value::Null) if text.is_empty() || text == "null" => Value::Null,
        Some(Value::Bool(_)) => text.parse().map_or(Value::String(text), Value::Bool),
        Some(Value::Number(_)) => text.parse::<i64>().map_or(Value::String(text), Value::from),
        Some(Value::Array(_)) => match serde_json::from_str(&text) {
            Ok(list) => list,
            Err(error) => {
                // The text may contain secrets, so only the position of the error is shown.
                let place = format!("line {}, column {}", error.line(), error.column());
                let list = keys::LISTS.iter().find(|list| list.path == path);
                let example = list.map(|list| list.example).unwrap_or_default();
                draft.add(Problem::new(
                    path,
                    format!("invalid JSON at {place} (from the environment: {variable})"),
                    "a JSON list",
                    format!("write it as {example}"),
                ));
                return;
            }
        },
        _ => Value::String(text),
    };
    draft.set(path, value, variable);
}
