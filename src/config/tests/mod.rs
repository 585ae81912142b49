//! The config file as its reader meets it: what is accepted, what is refused and in which words.

mod loading;
mod refusals;
mod samples;

use std::fs;

use super::*;

const KEY: &str = "0123456789abcdef";

/// Loads a file with this text, in a folder of its own.
fn load_with(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    fs::write(&file, text).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(&file, env.collect::<Vec<_>>().into_iter())
}

/// Loads this beside the one key that has no default.
fn load(text: &str) -> Result<Config, ConfigErrors> {
    load_with(text, &[("TALLYROOM__HOMESERVER__DOMAIN", "example.org")])
}

fn paths(errors: &ConfigErrors) -> Vec<&str> {
    errors.problems.iter().map(|problem| problem.path.as_str()).collect()
}

/// Asserts that this is the one problem, and that the message has the words.
fn assert_refused(result: Result<Config, ConfigErrors>, path: &str, words: &[&str]) {
    let errors = result.expect_err(path);
    assert_eq!(paths(&errors), [path], "{errors}");
    let text = errors.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}
