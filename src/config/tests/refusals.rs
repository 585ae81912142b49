//! Tests which files are refused, at which key and with which message.

use super::*;

#[test]
fn wrong_keys_types_and_values_are_refused_with_path_and_allowed_values() {
    let long = format!("bot: {{display_name: {}}}", "x".repeat(257));
    for (yaml, path, words) in [
        (
            "room: {}",
            "room",
            &["unknown key", "did you mean rooms?", "homeserver, invoice, log"][..],
        ),
        ("rooms: {typ: a}", "rooms.typ", &["did you mean rooms.type?", "federate"]),
        ("rooms: {\"a.b\": 1}", "rooms.a.b", &["the keys create", "remove it"]),
        (
            "parallel: 8",
            "parallel",
            &["did you mean rooms.parallel or webhooks.parallel?", "the sections"],
        ),
        ("rooms: {guest-access: x}", "rooms.guest-access", &["rooms.guest_access?"]),
        (
            "status: {names: [{name: Written-off, means: paid}]}",
            "status.names[0].name",
            &["which is the status written_off", "a word of the shop's own"],
        ),
        ("rooms: 12", "rooms", &["a number", "a section with the keys create"]),
        ("rooms: [a]", "rooms", &["a list", "indented"]),
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
        (
            "{mail: {smtp: 'https://u:canary@h', from: a@b.example}, page: {url: 'https://p.example'}}",
            "mail.smtp",
            &["another scheme", "smtps://"],
        ),
        (
            "{mail: {smtp: 'smtp://h'}, page: {url: 'https://p.example'}}",
            "mail.from",
            &["nothing", "address of the sender"],
        ),
        ("mail: {smtp: 'smtp://h', from: a@b.example}", "mail.smtp", &["page.url"]),
        ("mail: {from: 'Shop <a@b.example>'}", "mail.from", &["e-mail address"]),
        ("mail: {quiet_hours: night}", "mail.quiet_hours", &["\"night\"", "\"21:00-07:00\""]),
        ("webhooks: {timeout_seconds: 61}", "webhooks.timeout_seconds", &["61", "1 to 60"]),
        (
            "webhooks: {allow_networks: [localhost]}",
            "webhooks.allow_networks[0]",
            &["\"localhost\"", "instead of its name"],
        ),
        (
            "webhooks: {endpoints: [{shop: a, url: 'http://h/canary', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}]}",
            "webhooks.endpoints[0].url",
            &["another text", "begin with https://"],
        ),
        (
            "webhooks: {endpoints: [{shop: a, url: 'https://h/canary', secret: whsec_canary}]}",
            "webhooks.endpoints[0].secret",
            &["no such secret", "openssl rand -base64 32"],
        ),
        (
            "webhooks: {endpoints: [{shop: a, url: 'https://h', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, types: 'file.stored, x'}]}",
            "webhooks.endpoints[0].types",
            &["\"x\", which is no type", "entry.created"],
        ),
        ("api: {listen: '127.0.0.1:9330'}", "api.listen", &["appservice.listen", "own port"]),
        ("api: {listen: here}", "api.listen", &["\"here\"", "IP address"]),
        (
            "invoice: {limits: {code_chars: 0}}",
            "invoice.limits.code_chars",
            &["found:   0", "1 to 50000"],
        ),
        (
            "{invoice: {limits: {file_megabytes: 501}}, api: {bodies_megabytes: 600}}",
            "invoice.limits.file_megabytes",
            &["501", "1 to 500"],
        ),
        (
            "invoice: {limits: {code_char: 5}}",
            "invoice.limits.code_char",
            &["did you mean invoice.limits.code_chars?"],
        ),
        (
            "invoice: {limits: {text_chars: 199}}",
            "invoice.limits.text_chars",
            &["199, which is less than invoice.limits.code_chars", "at least 200"],
        ),
        (
            "invoice: {limits: {xml_text_bytes: 79999}}",
            "invoice.limits.xml_text_bytes",
            &["79999", "at least 80000"],
        ),
        (
            "invoice: {limits: {pdf_streams: 20000}}",
            "invoice.limits.pdf_structure_bytes",
            &["1000000", "4000000000 bytes together"],
        ),
        ("api: {bodies_megabytes: 49}", "api.bodies_megabytes", &["at least 50", "file_megabytes"]),
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
            &["\"world_readable\"", "shared | invited | joined", "anyone"],
        ),
        ("rooms: {guest_access: yes}", "rooms.guest_access", &["\"yes\"", "forbidden | can_join"]),
        ("rooms: {removed_contacts: kick}", "rooms.removed_contacts", &["remove | keep"]),
        ("rooms: {parallel: 0}", "rooms.parallel", &["found:   0", "1 to 64"]),
        ("rooms: {parallel: 65}", "rooms.parallel", &["65", "1 to 64"]),
        ("page: {url: pay.example}", "page.url", &["\"pay.example\"", "null, or"]),
        ("page: {url: 'https://h/#x'}", "page.url", &["`#`"]),
        ("rooms: {create: never}", "rooms.create", &["\"never\"", "on_transaction | on_first"]),
        (
            "rooms: {create: on_first_message}",
            "rooms.create",
            &["without page.url", "set page.url"],
        ),
        ("page: {listen: here}", "page.listen", &["\"here\"", "IP address"]),
        (
            "page: {url: 'https://h', listen: '127.0.0.1:9331'}",
            "page.listen",
            &["which is also api.listen", "own port"],
        ),
        (
            "page: {url: 'https://h', listen: '0.0.0.0:9330'}",
            "page.listen",
            &["which is also appservice.listen"],
        ),
        ("page: {language: tlh}", "page.language", &["\"tlh\"", "de-AT"]),
        ("page: {language: ''}", "page.language", &["\"\""]),
        ("page: {time_zone: Mars/Base}", "page.time_zone", &["\"Mars/Base\"", "tzdata"]),
        ("page: {time_zone: ''}", "page.time_zone", &["\"\"", "Europe/Berlin"]),
        ("page: {link_days: 0}", "page.link_days", &["found:   0", "1 to 3650"]),
        ("page: {link_days: 3651}", "page.link_days", &["3651", "1 to 3650"]),
        ("page: {widget: 1}", "page.widget", &["found:   1", "true | false"]),
        ("page: {widget_clients: no}", "page.widget_clients", &["\"no\"", "a list of origins"]),
        ("page: {widget_clients: [7]}", "page.widget_clients[0]", &["found:   7", "an origin"]),
        ("record: {sync: 'true'}", "record.sync", &["\"true\"", "without quotes"]),
        ("log: {level: inof}", "log.level", &["inof", "debug"]),
        ("log: {level: 'info,tallyroom=inof'}", "log.level", &["info,tallyroom=inof"]),
        ("log: {level: ''}", "log.level", &["is no level"]),
        ("log: {format: xml}", "log.format", &["\"xml\"", "text | json"]),
    ] {
        assert_refused(load(yaml), path, words);
    }
}

#[test]
fn a_wrong_list_of_api_keys_is_refused_with_the_index() {
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
fn a_widget_client_that_is_no_origin_is_refused() {
    for client in [
        "app.element.io",
        "ftp://app.element.io",
        "https://u:p@app.element.io",
        "https://app.element.io/path",
        "https://app.element.io/?q",
        "https://app.element.io#",
        "https://*.element.io",
        "https://app.element.io; script-src *",
        "'self'",
        "*",
        "",
    ] {
        let yaml = format!("page: {{widget_clients: ['https://a.example', {client:?}]}}");
        assert_refused(load(&yaml), "page.widget_clients[1]", &["no origin", "https://app"]);
        let yaml = format!("api: {{cors_origins: ['https://a.example', {client:?}]}}");
        assert_refused(load(&yaml), "api.cors_origins[1]", &["no origin", "https://shop"]);
    }
}

#[test]
fn a_proxy_that_is_no_address_is_refused() {
    for proxy in ["nginx", "127.0.0.1:80", "10.0.0.0/33", ""] {
        let yaml = format!("proxies: {{trusted: [127.0.0.1, '10.0.0.0/8', '::1', {proxy:?}]}}");
        assert_refused(load(&yaml), "proxies.trusted[3]", &["an IP address", "instead of its"]);
    }
    let config = load("proxies: {trusted: [127.0.0.1, '10.0.0.0/8', '::1']}").unwrap();
    assert_eq!(config.proxies.networks().len(), 3);
}

#[test]
fn openid_servers_are_checked() {
    for (servers, path, words) in [
        ("yes", "page.openid", &["a list of sections"][..]),
        ("[a]", "page.openid[0]", &["a text", "both domain and url"]),
        ("[{domain: a.example}]", "page.openid[0].url", &["nothing", "federation API"]),
        ("[{domain: 'a b', url: 'https://a'}]", "page.openid[0].domain", &["\"a b\""]),
        ("[{domain: a.example, url: a}]", "page.openid[0].url", &["\"a\"", "https://"]),
        ("[{domain: a.example, url: 'https://a/b'}]", "page.openid[0].url", &["host and port"]),
        ("[{domain: a.example, url: 'https://a', x: 1}]", "page.openid[0]", &["domain, url"]),
        (
            "[{domain: example.org, url: 'https://a'}]",
            "page.openid[0].domain",
            &["for the second time"],
        ),
        (
            "[{domain: a.example, url: 'https://a'}, {domain: a.example, url: 'https://b'}]",
            "page.openid[1].domain",
            &["for the second time", "once"],
        ),
    ] {
        assert_refused(load(&format!("page: {{openid: {servers}}}")), path, words);
    }
}

#[test]
fn questions_are_checked() {
    let long = format!("[{{shop: a, first: {}, second: b?, third: c?}}]", "a".repeat(201));
    for (questions, path, words) in [
        ("[{shop: a, first: a?, second: b?}]", "page.questions[0].third", &["nothing"][..]),
        ("[{shop: b, first: a?, second: b?, third: c?}]", "page.questions[0].shop", &["\"b\""]),
        ("[{shop: a, first: a?, second: ' ', third: c?}]", "page.questions[0].second", &["200"]),
        (&long, "page.questions[0].first", &["201 characters"]),
        (
            "[{shop: a, first: a?, second: b?, third: c?}, {shop: a, first: a?, second: b?, third: c?}]",
            "page.questions[1].shop",
            &["for the second time"],
        ),
    ] {
        let keys = "api: {keys: [{shop: a, key: 0123456789-0123456789-0123456789-x}]}";
        assert_refused(load(&format!("{keys}\npage: {{questions: {questions}}}")), path, words);
    }
}

#[test]
fn reminders_are_checked() {
    for (reminders, path, words) in [
        ("[{before_days: [3]}]", "mail.reminders[0].shop", &["nothing"][..]),
        ("[{shop: b, before_days: [3]}]", "mail.reminders[0].shop", &["\"b\"", "under api.keys"]),
        ("[{shop: a}]", "mail.reminders[0].before_days", &["nothing", "[7]"]),
        ("[{shop: a, before_days: [3, 0]}]", "mail.reminders[0].before_days", &["0", "1 to 60"]),
        ("[{shop: a, after_days: [61]}]", "mail.reminders[0].after_days", &["61"]),
        ("[{shop: a, after_days: [1, 2, 3, 4, 5, 6]}]", "mail.reminders[0].after_days", &["of 6"]),
        (
            "[{shop: a, after_days: [1]}, {shop: a, after_days: [2]}]",
            "mail.reminders[1].shop",
            &["for the second time"],
        ),
    ] {
        let keys = "api: {keys: [{shop: a, key: 0123456789-0123456789-0123456789-x}]}";
        assert_refused(load(&format!("{keys}\nmail: {{reminders: {reminders}}}")), path, words);
    }
}

#[test]
fn texts_of_mails_are_checked() {
    let of = |rest: &str| format!("{{shop: a, mail: reminder, {rest}}}");
    for (texts, path, words) in [
        ("{shop: b, mail: link, subject: x}".to_owned(), "mail.texts[0].shop", &["\"b\""][..]),
        ("{shop: a, subject: x}".to_owned(), "mail.texts[0].mail", &["nothing", "late_reminder"]),
        ("{shop: a, mail: offer, subject: x}".to_owned(), "mail.texts[0].mail", &["\"offer\""]),
        ("{shop: a, mail: link}".to_owned(), "mail.texts[0].subject", &["and no opening"]),
        (of("subject: '{amont}'"), "mail.texts[0].subject", &["unknown {amont}", "{amount}"]),
        (of("opening: '<p>Hello</p>'"), "mail.texts[0].opening", &["HTML"]),
        (of("opening: {xx: Hello}"), "mail.texts[0].opening", &["no language of the page"]),
        (of("subject: x, footer: x"), "mail.texts[0]", &["an unknown key"]),
        (
            format!("{}, {}", of("subject: x"), of("opening: x")),
            "mail.texts[1].shop",
            &["for the second time"],
        ),
    ] {
        let keys = "api: {keys: [{shop: a, key: 0123456789-0123456789-0123456789-x}]}";
        assert_refused(load(&format!("{keys}\nmail: {{texts: [{texts}]}}")), path, words);
    }
}

#[test]
fn links_to_payment_providers_are_checked() {
    for (links, path, words) in [
        ("[{shop: a}]", "page.pay_links[0].url", &["nothing", "https://"][..]),
        ("[{shop: b, url: 'https://a/'}]", "page.pay_links[0].shop", &["\"b\"", "under api.keys"]),
        ("[{shop: a, url: 'http://a/'}]", "page.pay_links[0].url", &["another scheme"]),
        ("[{shop: a, url: 'https://a/{x}'}]", "page.pay_links[0].url", &["in braces", "{amount}"]),
        (
            "[{shop: a, url: 'https://a/'}, {shop: a, url: 'https://b/'}]",
            "page.pay_links[1].shop",
            &["for the second time"],
        ),
    ] {
        let keys = "api: {keys: [{shop: a, key: 0123456789-0123456789-0123456789-x}]}";
        assert_refused(load(&format!("{keys}\npage: {{pay_links: {links}}}")), path, words);
    }
}

#[test]
fn a_look_that_cannot_be_shown_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        folder.path().join(name).display().to_string()
    };
    let svg = file("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    let large = file("large.png", &vec![0; 70_000]);
    let long = "x".repeat(301);
    for (look, key, words) in [
        ("shop: b".to_owned(), "shop", &["\"b\"", "under api.keys"][..]),
        ("shop: a, accent: red".to_owned(), "accent", &["\"red\"", "such as #14605a"]),
        (
            "shop: a, accent: '#ffcc00'".to_owned(),
            "accent",
            &["#ffcc00", "only 1.", "darker", "4.5 : 1"],
        ),
        ("shop: a, accent_dark: '#14605a'".to_owned(), "accent_dark", &["#14605a", "lighter"]),
        (format!("shop: a, notice: {long}"), "notice", &["more than 300 characters"]),
        ("shop: a, notice: {xx: Hello}".to_owned(), "notice", &["\"xx\"", "no language"]),
        ("shop: a, notice: [Hello]".to_owned(), "notice", &["a list", "each language"]),
        ("shop: a, mail_name: ''".to_owned(), "mail_name", &["1 to 100 characters"]),
        ("shop: a, mail_reply_to: a@b@c".to_owned(), "mail_reply_to", &["an e-mail address"]),
        // By the same rule as `mail.from`.
        ("shop: a, mail_reply_to: a..b@c".to_owned(), "mail_reply_to", &["an e-mail address"]),
        ("shop: a, logo: nowhere.png".to_owned(), "logo", &["cannot be read", "PNG, JPEG or WebP"]),
        (
            format!("shop: a, logo: {svg}"),
            "logo",
            &["SVG", "can contain programs", "as a smaller PNG"],
        ),
        (format!("shop: a, logo: {large}"), "logo", &["a file of 65537 bytes", "at most 65536"]),
    ] {
        let keys = "api: {keys: [{shop: a, key: 0123456789-0123456789-0123456789-x}]}";
        let path = format!("shops[0].{key}");
        assert_refused(load(&format!("{keys}\nshops: [{{{look}}}]")), &path, words);
    }
}

#[test]
fn a_wrong_list_of_sign_in_keys_is_refused_with_the_index() {
    const LONG: &str = "canary-0123456789-0123456789-0123456789";
    for (keys, path, words) in [
        ("canary", "page.sign_in", &["not shown", "a list of sections"][..]),
        ("[canary]", "page.sign_in[0]", &["a text", "shop and key"]),
        ("[{shop: a}]", "page.sign_in[0].key", &["nothing", "at least 32"]),
        ("[{shop: a, key: canary-0123456789-0123}]", "page.sign_in[0].key", &["shorter than 32"]),
        ("[{shop: a, key: CHANGE_ME}]", "page.sign_in[0].key", &["openssl rand"]),
        ("[{shop: canary, key: LONG}]", "page.sign_in[0].shop", &["under api.keys"]),
        ("[{shop: a, key: LONG}, {shop: a, key: LONG}]", "page.sign_in[1].key", &["sign_in[0]"]),
        ("[{shop: a, key: LONG-api}]", "page.sign_in[0].key", &["as in api.keys[0]"]),
    ] {
        let yaml =
            format!("api: {{keys: [{{shop: a, key: LONG-api}}]}}\npage: {{sign_in: {keys}}}");
        let errors = load(&yaml.replace("LONG", LONG)).expect_err(path);
        assert!(!errors.to_string().contains("canary"), "{errors}");
        assert_refused(Err(errors), path, words);
    }
}

#[test]
fn no_error_shows_a_secret() {
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
        // Without the blank, YAML takes the secret as a part of the name.
        ("database: {url:postgres://u:canary@h/d}", None),
        ("files: {s3: {secret_access_key:canary}}", None),
        ("files: {s3:{secret_access_key:canary}}", None),
        ("api: {keys: [{shop: a, key:canary}]}", None),
        ("{database:postgres://u:canary@h/d}", None),
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
fn all_problems_are_reported_at_once() {
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
