//! Tests of loading a config: what is accepted, what is refused, and with which messages.

mod loading;
mod refusals;
mod samples;

use std::fs;

use super::*;

const KEY: &str = "0123456789abcdef";

/// Loads a config file with this text from a temporary folder.
fn load_with(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    fs::write(&file, text).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(&file, env.collect::<Vec<_>>().into_iter())
}

/// Loads a config file with this text. The environment sets the one required key.
fn load(text: &str) -> Result<Config, ConfigErrors> {
    load_with(text, &[("TALLYROOM__HOMESERVER__DOMAIN", "example.org")])
}

fn paths(errors: &ConfigErrors) -> Vec<&str> {
    errors.problems.iter().map(|problem| problem.path.as_str()).collect()
}

/// Asserts that the only problem is at this path, and that the message contains the words.
fn assert_refused(result: Result<Config, ConfigErrors>, path: &str, words: &[&str]) {
    let errors = result.expect_err(path);
    assert_eq!(paths(&errors), [path], "{errors}");
    let text = errors.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}
