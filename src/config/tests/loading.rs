//! Tests of the config that a file and the environment result in.

use std::path::Path;

use super::*;

#[test]
fn the_environment_overrides_every_type_of_key() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("url");
    fs::write(&secret, "postgres://u:canary@h/d\n").unwrap();
    let config = load_with(
        "rooms: {version: '11', federate: true}\npage: {url: 'https://a.example'}\n",
        &[
            ("TALLYROOM__HOMESERVER__DOMAIN", "shop.example:8448"),
            ("TALLYROOM__ROOMS__VERSION", "12"),
            ("TALLYROOM__ROOMS__TYPE", "no"),
            ("TALLYROOM__ROOMS__FEDERATE", "false"),
            ("TALLYROOM__ROOMS__PARALLEL", "3"),
            ("TALLYROOM__PAGE__URL", ""),
            ("TALLYROOM__BOT__DISPLAY_NAME", "1984"),
            ("TALLYROOM__API__KEYS", r#"[{"shop":"a","key":"0123456789abcdef"}]"#),
            ("TALLYROOM__DATABASE__URL_FILE", secret.to_str().unwrap()),
            ("TALLYROOM_CONFIG", "not a key of the config"),
        ],
    )
    .unwrap();
    assert_eq!(config.bot_user_id(), "@_tallyroom_bot:shop.example:8448");
    assert_eq!(config.rooms.version, Some(ruma::RoomVersionId::V12));
    assert_eq!(config.rooms.room_type.as_ref().map(|kind| kind.as_str()), Some("no"));
    assert!(!config.rooms.federate);
    assert_eq!(config.rooms.parallel, 3);
    assert_eq!(config.page_link("01J"), None);
    assert_eq!(config.bot.display_name, "1984");
    assert_eq!(config.api.entry_of(KEY.as_bytes()).map(|it| it.shop.as_str()), Some("a"));
    assert!(config.api.entry_of(b"0123456789abcde").is_none());
    assert_eq!(config.database.url.expose(), "postgres://u:canary@h/d");
}

#[test]
fn wrong_variables_are_refused_with_their_name() {
    for (variable, value, path, words) in [
        ("TALLYROOM__ROOMS__VERSIO", "1", "rooms.versio", &["did you mean rooms.version?"][..]),
        ("TALLYROOM__ROMS__VERSION", "1", "roms", &["did you mean rooms?"]),
        ("TALLYROOM__ROOMS__TYPE__X", "1", "rooms.type.x", &["TALLYROOM__ROOMS__TYPE__X"]),
        ("TALLYROOM__ROOMS", "1", "rooms", &["single keys", "TALLYROOM__ROOMS__KEY"]),
        ("TALLYROOM__API__KEYS__0__KEY", KEY, "api.keys.0.key", &["as a whole", "JSON"]),
        ("TALLYROOM__API__KEYS", "a", "api.keys", &["invalid JSON at line 1, column 1"]),
        ("TALLYROOM__PAGE__OPENID", "a", "page.openid", &["invalid JSON", "\"domain\":"]),
        ("TALLYROOM__PAGE__OPENID__0", "a", "page.openid.0", &["TALLYROOM__PAGE__OPENID=[{"]),
        ("TALLYROOM__PAGE__WIDGET_CLIENTS", "a", "page.widget_clients", &["[\"https://app"]),
        ("TALLYROOM__API__KEYS", "{}", "api.keys", &["a section", "TALLYROOM__API__KEYS"]),
        ("TALLYROOM__RECORD__SYNC", "yes", "record.sync", &["\"yes\"", "true | false"]),
        ("TALLYROOM__ROOMS__PARALLEL", "x", "rooms.parallel", &["\"x\" (from the environment"]),
        ("TALLYROOM__LOG__LEVEL_FILE", "/nowhere", "log.level", &["No such file", "readable"]),
    ] {
        let env = [("TALLYROOM__HOMESERVER__DOMAIN", "example.org"), (variable, value)];
        assert_refused(load_with("", &env), path, words);
    }
    let both = [
        ("TALLYROOM__HOMESERVER__DOMAIN", "example.org"),
        ("TALLYROOM__LOG__LEVEL", "info"),
        ("TALLYROOM__LOG__LEVEL_FILE", "/dev/null"),
    ];
    assert_refused(load_with("", &both), "log.level", &["both TALLYROOM__LOG__LEVEL and"]);
}

#[test]
fn paths_are_relative_to_the_config_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    fs::write(&file, "homeserver: {domain: example.org}\npage: {fonts: letters}\n").unwrap();
    let config = Config::load(&file, std::iter::empty()).unwrap();
    assert_eq!(config.page.fonts, Some(folder.path().join("letters")));
    assert_eq!(config.appservice.registration, folder.path().join("registration.yaml"));
    let database = folder.path().join("tallyroom.db");
    assert_eq!(config.database.url.expose(), format!("sqlite:{}", database.display()));
}

#[test]
fn the_error_for_a_missing_file_names_the_example() {
    let errors = Config::load(Path::new("/nowhere/c.yaml"), std::iter::empty()).unwrap_err();
    let text = errors.to_string();
    assert!(text.contains("/nowhere/c.yaml") && text.contains("config.example.yaml"), "{text}");
}

#[test]
fn empty_sections_and_lists_mean_the_defaults() {
    let config = load("rooms:\napi:\n  keys:\nlog:\n").unwrap();
    assert!(config.api.keys.is_empty());
    assert_eq!(config.rooms.parallel, 8);
}

#[test]
fn room_versions_may_be_written_as_numbers() {
    let config = load("rooms: {version: 12}").unwrap();
    assert_eq!(config.rooms.version, Some(ruma::RoomVersionId::V12));
}

#[test]
fn file_and_environment_can_configure_the_page() {
    let config = load(
        "page: {url: 'https://pay.example', language: de-AT, time_zone: Europe/Vienna,\n\
         widget_clients: ['https://Chat.example/', 'http://127.0.0.1:8080']}\n\
         rooms: {create: on_first_message}\napi: {keys: [{shop: a, key: 0123456789abcdef}]}\n",
    )
    .unwrap();
    assert_eq!(config.page.widget_clients, ["https://chat.example", "http://127.0.0.1:8080"]);
    assert_eq!(config.rooms.create, CreateRooms::OnFirstMessage);
    assert_eq!(config.signed_link("T").as_deref(), Some("https://pay.example/l/T"));
    assert_eq!(config.widget_link("01J").as_deref(), Some("https://pay.example/widget/01J"));

    let key = "0123456789abcdef0123456789abcdef";
    let config = load_with(
        "",
        &[
            ("TALLYROOM__HOMESERVER__DOMAIN", "example.org"),
            ("TALLYROOM__API__KEYS", r#"[{"shop":"a","key":"0123456789abcdef"}]"#),
            ("TALLYROOM__PAGE__URL", "https://pay.example"),
            ("TALLYROOM__PAGE__WIDGET", "false"),
            ("TALLYROOM__PAGE__LINK_DAYS", "7"),
            ("TALLYROOM__PAGE__WIDGET_CLIENTS", "[]"),
            ("TALLYROOM__PAGE__OPENID", r#"[{"domain":"a.example","url":"https://m.a.example"}]"#),
            ("TALLYROOM__PAGE__SIGN_IN", &format!(r#"[{{"shop":"a","key":"{key}"}}]"#)),
        ],
    )
    .unwrap();
    assert_eq!((config.page.link_days, config.page.widget_clients.len()), (7, 0));
    assert_eq!(config.widget_link("01J"), None);
    assert_eq!(config.page.openid[0].url.as_str(), "https://m.a.example/");
    assert!(config.page.sign_in[0].key.matches(key.as_bytes()));
}

#[test]
fn without_a_page_its_address_may_be_used_by_another_listener() {
    let config = load("api: {listen: '127.0.0.1:9332'}").unwrap();
    assert_eq!((config.signed_link("T"), config.widget_link("01J")), (None, None));
}

#[test]
fn a_page_link_follows_the_base_with_or_without_a_slash() {
    for base in ["https://pay.example", "https://pay.example/"] {
        let config = load(&format!("page: {{url: '{base}'}}")).unwrap();
        assert_eq!(config.page_link("01J").as_deref(), Some("https://pay.example/t/01J"));
    }
}

#[test]
fn printing_a_config_shows_no_secret() {
    let config = load(
        "database: {url: 'postgres://u:canary@h/d'}\n\
         api: {keys: [{shop: a, key: canary0123456789}]}\n\
         page: {sign_in: [{shop: a, key: canary0123456789canary0123456789}]}\n",
    )
    .unwrap();
    let printed = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn the_bot_writes_in_the_language_of_the_shop_or_of_the_page() {
    let config = load(&format!(
        "page: {{language: fr}}\napi: {{keys: [{{shop: a, key: {KEY}}}, \
         {{shop: b, key: x{KEY}, language: de-AT}}]}}"
    ));
    let config = config.unwrap();
    assert_eq!(["a", "b", "c"].map(|shop| config.language_of_shop(shop)), ["fr", "de-AT", "fr"]);
    let unknown = load(&format!("api: {{keys: [{{shop: a, key: {KEY}, language: tlh}}]}}"));
    assert_refused(unknown, "api.keys[0].language", &["3 characters", "de-AT"]);
}

#[test]
fn each_shop_may_have_a_look() {
    const PNG: &[u8] = include_bytes!("../../../assets/bot.png");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    fs::write(folder.path().join("logo.png"), PNG).unwrap();
    let text = "homeserver: {domain: example.org}
api: {keys: [{shop: a, key: 0123456789-0123456789}, {shop: b, key: 0123456789-9876543210}]}
shops:
  - shop: a
    logo: logo.png
    accent: '#1a3f8f'
    notice: {de: Wir ziehen um.}
    mail_name: Acorn
    mail_reply_to: billing@acorn.example
    mail_footer: Acorn Ltd
";
    let config = Config::of_text(text, &file, std::iter::empty()).unwrap();
    let look = config.look("a").unwrap();
    assert_eq!(look.logo.as_deref(), Some(folder.path().join("logo.png").as_path()));
    let logo = look.logo_file.clone().unwrap();
    assert_eq!(logo.bytes, PNG);
    assert_eq!(config.logo(&logo.file_name), Some(logo));
    assert_eq!(config.logo("logo.00000000000000000000000000000000.png"), None);
    let footer = look.mail_footer.as_ref().unwrap();
    assert_eq!(footer.for_language(crate::language::Language::Dutch), Some("Acorn Ltd"));
    assert!(config.look("b").is_none());
}
