//! Tests that the two sample files in the repository's root are complete and valid.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use super::*;

const EXAMPLE: &str = include_str!("../../../config.example.yaml");
const SAMPLE_REGISTRATION: &str = include_str!("../../../registration.yaml");

/// Returns all leaves of a tree with their values.
fn flat(tree: &Value) -> BTreeMap<String, Value> {
    let pointers = keys::leaves("", tree).into_iter();
    pointers
        .map(|path| (path.clone(), tree.pointer(&keys::pointer(&path)).unwrap().clone()))
        .collect()
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let example = yaml::parse(EXAMPLE).unwrap();
    let mut shown = flat(&example);
    let mut defaults = flat(&serde_json::to_value(Config::default()).unwrap());
    let missing: Vec<_> = defaults.keys().filter(|key| !shown.contains_key(*key)).collect();
    assert!(missing.is_empty(), "config.example.yaml does not have {missing:?}");
    let keys = shown.remove("api.keys").unwrap();
    defaults.remove("api.keys").unwrap();
    assert_eq!(shown, defaults);
    assert_eq!(keys, serde_json::json!([{"shop": "example", "key": "CHANGE_ME"}]));
}

#[test]
fn the_example_works_once_it_is_filled_in_and_not_before() {
    assert_refused(load_with(EXAMPLE, &[]), "api.keys[0].key", &["CHANGE_ME"]);
    let config = load_with(&EXAMPLE.replace("CHANGE_ME", KEY), &[]).unwrap();
    assert_eq!(config.api.entry_of(KEY.as_bytes()).map(|it| it.shop.as_str()), Some("example"));
}

#[test]
fn every_key_of_the_example_has_a_comment_above_it() {
    let mut above = "";
    for line in EXAMPLE.lines() {
        if line.trim_start().chars().next().is_some_and(|c| c != '#') {
            assert!(above.trim_start().starts_with('#'), "{line}");
        }
        above = line;
    }
}

/// Replaces both tokens by a fixed text.
fn without_tokens(mut tree: Value) -> Value {
    for name in ["as_token", "hs_token"] {
        tree[name] = Value::from("token");
    }
    tree
}

#[test]
fn the_sample_registration_is_what_generating_writes() {
    let generated = serde_yaml::to_string(&Registration::generate(&Config::default())).unwrap();
    assert_eq!(
        without_tokens(yaml::parse(SAMPLE_REGISTRATION).unwrap()),
        without_tokens(yaml::parse(&generated).unwrap())
    );
}

fn load_registration(text: &str) -> Result<Registration, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registration.yaml");
    fs::write(&file, text).unwrap();
    Registration::load(&file, &Config::default())
}

fn filled_in() -> String {
    let filled = SAMPLE_REGISTRATION.replacen("as_token: CHANGE_ME", "as_token: canary-a", 1);
    filled.replacen("hs_token: CHANGE_ME", "hs_token: canary-h", 1)
}

#[test]
fn the_sample_registration_works_once_it_is_filled_in_and_not_before() {
    let errors = load_registration(SAMPLE_REGISTRATION).unwrap_err();
    assert_eq!(paths(&errors), ["as_token", "hs_token"]);
    let registration = load_registration(&filled_in()).unwrap();
    assert!(registration.hs_token.matches(b"canary-h"));
    assert!(registration.msc4190 && registration.receive_ephemeral);
    assert!(registration.unstable_push_ephemeral);
}

#[test]
fn a_registration_that_is_not_ours_or_not_safe_is_refused_with_the_path() {
    for (from, to, path, words) in [
        ("id: tallyroom", "id: ''", "id", "write id: tallyroom"),
        ("url: http://127.0.0.1:9330", "url: null", "url", "write url: http://127.0.0.1:9330"),
        ("url: http://127.0.0.1:9330", "url: here", "url", "http:// or https://"),
        ("as_token: canary-a", "as_token: ''", "as_token", "nothing"),
        ("as_token: canary-a", "other: canary-a", "as_token", "nothing"),
        ("hs_token: canary-h", "hs_token: CHANGE_ME", "hs_token", "CHANGE_ME"),
        ("hs_token: canary-h", "hs_token: canary-a", "hs_token", "the same text"),
        ("hs_token: canary-h", "hs_token: canary h", "hs_token", "spaces"),
        ("hs_token: canary-h", "hs_token: 12345", "hs_token", "another type"),
        ("localpart: _tallyroom", "localpart: _tallyroom_bot", "sender_localpart", "not the bot"),
        ("- exclusive: true", "- exclusive: false", "namespaces.users[0].exclusive", "true"),
        ("'^@_tally", "'@_tally", "namespaces.users[0].regex", "begin the pattern with ^"),
        ("'^@_tallyroom_", "'^@", "namespaces.users[0].regex", r"'^@_tallyroom_.*:example\.org$'"),
        ("'^#_tallyroom_", "'^#", "namespaces.aliases[0].regex", r"'^#_tallyroom_.*:example"),
        (r"example\.org$'", "example.org$'", "namespaces.users[0].regex", "escape the dots"),
        ("rooms: []", "rooms: [{regex: '.*'}]", "namespaces.rooms", "rooms: []"),
    ] {
        let text = filled_in().replacen(&format!("{from}\n"), &format!("{to}\n"), 1);
        let text = if text == filled_in() { text.replacen(from, to, 1) } else { text };
        assert_ne!(text, filled_in(), "{from}");
        let errors = load_registration(&text).expect_err(to);
        assert_eq!(paths(&errors), [path], "{errors}");
        let told = errors.to_string();
        assert!(told.contains(words), "{words:?} is missing in: {told}");
        assert!(!told.contains("canary"), "{told}");
    }
    let errors = load_registration("id: tallyroom\n").unwrap_err();
    let expected = [
        "url",
        "as_token",
        "hs_token",
        "sender_localpart",
        "namespaces.users",
        "namespaces.aliases",
    ];
    assert_eq!(paths(&errors), expected);
}
