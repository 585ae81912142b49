//! Which files are refused, at which key and in which words.

use super::*;

#[test]
fn wrong_keys_types_and_values_are_refused_by_path_with_what_is_allowed() {
    let long = format!("bot: {{display_name: {}}}", "x".repeat(257));
    for (yaml, path, words) in [
        ("room: {}", "room", &["unknown key", "did you mean rooms?", "homeserver, log"][..]),
        ("rooms: {typ: a}", "rooms.typ", &["did you mean rooms.type?", "federate"]),
        ("rooms: {\"a.b\": 1}", "rooms.a.b", &["the keys federate", "take it out"]),
        ("parallel: 8", "parallel", &["did you mean rooms.parallel?", "the sections"]),
        ("rooms: {guest-access: x}", "rooms.guest-access", &["rooms.guest_access?"]),
        ("rooms: 12", "rooms", &["a number", "a section with the keys federate"]),
        ("rooms: [a]", "rooms", &["a list", "further in"]),
        ("- rooms", "", &["a list", "appservice"]),
        ("homeserver: {url: 'ftp://h'}", "homeserver.url", &["\"ftp://h\"", "http://"]),
        ("homeserver: {url: h}", "homeserver.url", &["\"h\"", "http:// or https://"]),
        ("homeserver: {url: 'http://h/_matrix'}", "homeserver.url", &["after host and port"]),
        ("homeserver: {url: 'http://h?a=b'}", "homeserver.url", &["`?`"]),
        ("homeserver: {url: 'http://u:p@h'}", "homeserver.url", &["user name and password"]),
        ("homeserver: {url: null}", "homeserver.url", &["null"]),
        (
            "appservice: {listen: 'localhost:1'}",
            "appservice.listen",
            &["\"localhost:1\"", "0.0.0.0"],
        ),
        ("appservice: {listen: 9330}", "appservice.listen", &["9330", "IP address and a port"]),
        ("appservice: {url: 'http://h/x'}", "appservice.url", &["after host and port"]),
        ("appservice: {registration: ''}", "appservice.registration", &["an empty text", "path"]),
        ("appservice: {registration: 1}", "appservice.registration", &["path of a file"]),
        ("bot: {display_name: ' '}", "bot.display_name", &["an empty text", "1 to 256"]),
        ("bot: {display_name: 7}", "bot.display_name", &["found:   7", "quotes"]),
        (&long, "bot.display_name", &["a longer text", "1 to 256"]),
        ("api: {listen: '127.0.0.1:9330'}", "api.listen", &["appservice.listen", "own port"]),
        ("api: {listen: here}", "api.listen", &["\"here\"", "IP address"]),
        ("database: {max_connections: 0}", "database.max_connections", &["found:   0", "1 to 100"]),
        ("database: {max_connections: -1}", "database.max_connections", &["-1", "1 to 100"]),
        ("database: {max_connections: many}", "database.max_connections", &["\"many\""]),
        ("database: {url: 'mysql://h'}", "database.url", &["sqlite:FILE or postgres://"]),
        ("rooms: {version: '99'}", "rooms.version", &["\"99\"", "\"12\"", "null"]),
        ("rooms: {version: 99}", "rooms.version", &["\"99\""]),
        ("rooms: {version: true}", "rooms.version", &["true", "null"]),
        ("rooms: {type: m.space}", "rooms.type", &["m.space", "no messages"]),
        ("rooms: {type: ''}", "rooms.type", &["an empty text"]),
        ("rooms: {type: 3}", "rooms.type", &["found:   3"]),
        ("rooms: {federate: no}", "rooms.federate", &["\"no\"", "true | false"]),
        (
            "rooms: {history_visibility: world_readable}",
            "rooms.history_visibility",
            &["\"world_readable\"", "shared | invited | joined", "anybody"],
        ),
        ("rooms: {guest_access: yes}", "rooms.guest_access", &["\"yes\"", "forbidden | can_join"]),
        ("rooms: {removed_contacts: kick}", "rooms.removed_contacts", &["remove | keep"]),
        ("rooms: {parallel: 0}", "rooms.parallel", &["found:   0", "1 to 64"]),
        ("rooms: {parallel: 65}", "rooms.parallel", &["65", "1 to 64"]),
        ("page: {url: pay.example}", "page.url", &["\"pay.example\"", "null, or"]),
        ("page: {url: 'https://h/#x'}", "page.url", &["`#`"]),
        ("record: {sync: 'true'}", "record.sync", &["\"true\"", "without quotes"]),
        ("log: {level: inof}", "log.level", &["inof", "debug"]),
        ("log: {level: 'info,tallyroom=inof'}", "log.level", &["info,tallyroom=inof"]),
        ("log: {level: ''}", "log.level", &["no level"]),
        ("log: {format: xml}", "log.format", &["\"xml\"", "text | json"]),
    ] {
        assert_refused(load(yaml), path, words);
    }
}

#[test]
fn a_wrong_list_of_api_keys_is_refused_by_position() {
    for (keys, path, words) in [
        ("yes", "api.keys", &["not shown", "a list of sections"][..]),
        ("{shop: a}", "api.keys", &["a section", "a list of sections"]),
        ("[canary-canary-canary]", "api.keys[0]", &["a text", "shop and key"]),
        ("[{shop: a}]", "api.keys[0].key", &["nothing", "16"]),
        ("[{shop: a, key: CHANGE_ME}]", "api.keys[0].key", &["CHANGE_ME", "openssl rand"]),
        ("[{shop: a, key: ''}]", "api.keys[0].key", &["an empty text"]),
        ("[{shop: a, key: canary}]", "api.keys[0].key", &["shorter than 16"]),
        ("[{shop: a, key: 'canary canary canary'}]", "api.keys[0].key", &["spaces"]),
        ("[{shop: a, key: 1234567890123456}]", "api.keys[0].key", &["not shown", "quotes"]),
        ("[{shop: 'a b', key: 0123456789abcdef}]", "api.keys[0].shop", &["letters, digits"]),
        ("[{shop: a, key: 0123456789abcdef, scope: r}]", "api.keys[0]", &["unknown key"]),
        (
            "[{shop: a, key: 0123456789abcdef}, {shop: b, key: 0123456789abcdef}]",
            "api.keys[1].key",
            &["the same key as in api.keys[0]"],
        ),
        (
            "[{shop: a, key: 0123456789abcdef, shops: b}]",
            "api.keys[0].shops",
            &["did you mean shop?"],
        ),
    ] {
        assert_refused(load(&format!("api: {{keys: {keys}}}")), path, words);
    }
}

#[test]
fn no_secret_stands_in_any_error() {
    for (yaml, env) in [
        ("database: {url: 'mysql://u:canary@h/d'}", None),
        ("database: 'postgres://u:canary@h/d'", None),
        ("homeserver: {url: 'http://u:canary@h'}", None),
        ("homeserver: {url: 'u:canary@h'}", None),
        ("page: {url: 'ftp://u:canary@h'}", None),
        ("api: {keys: [canary]}", None),
        ("api: {keys: canary}", None),
        ("api: {keys: [{shop: a, key: canary}]}", None),
        ("api: {keys: [{shop: 'canary canary', key: a}]}", None),
        ("api: {keys: [{canary: a}]}", None),
        ("api: canary", None),
        ("", Some(("TALLYROOM__API__KEYS", "[{\"shop\":\"a\",\"key\":\"canary}]"))),
        ("", Some(("TALLYROOM__API__KEYS", "canary"))),
        ("", Some(("TALLYROOM__DATABASE__URL_FILE", "postgres://u:canary@h/d"))),
        ("", Some(("TALLYROOM__DATABASE", "postgres://u:canary@h/d"))),
        ("", Some(("TALLYROOM__DATABASE__URI", "postgres://u:canary@h/d"))),
    ] {
        let domain = ("TALLYROOM__HOMESERVER__DOMAIN", "example.org");
        let errors = load_with(yaml, &[Some(domain), env].map(|pair| pair.unwrap_or(domain)));
        let text = errors.expect_err(yaml).to_string();
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let errors = load_with(
        "homeserver: {url: x}\nrooms: {parallel: 0, typo: 1, federate: 7, type: m.space}\n\
         api: {keys: [{shop: a}, 5]}\nlog: {format: xml}\n",
        &[("TALLYROOM__LOG__LEVEL", "loud")],
    )
    .unwrap_err();
    assert_eq!(
        paths(&errors),
        [
            "api.keys[0].key",
            "api.keys[1]",
            "homeserver.domain",
            "homeserver.url",
            "log.format",
            "log.level",
            "rooms.federate",
            "rooms.parallel",
            "rooms.type",
            "rooms.typo"
        ]
    );
    assert!(errors.to_string().contains("TALLYROOM__LOG__LEVEL"), "{errors}");
}

#[test]
fn a_missing_or_wrong_domain_is_refused() {
    let words: &[&str] = &["nothing", "server_name", "after the colon"];
    assert_refused(load_with("", &[]), "homeserver.domain", words);
    let long = "x".repeat(250);
    for domain in ["https://example.org", "example.org/", "", "a b", long.as_str()] {
        let result = load_with("", &[("TALLYROOM__HOMESERVER__DOMAIN", domain)]);
        assert_refused(result, "homeserver.domain", &["server_name"]);
    }
}
