//! What must hold of the values beyond their types.

mod page;

use std::net::SocketAddr;

use ruma::{UserId, room::RoomType};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::Url;

use super::{
    ApiKey, Config, FilesConfig, ProxiesConfig, RecordConfig, RoomsConfig, Witness,
    draft::Draft,
    secret::{PLACEHOLDER, Secret},
    sections::network,
    text,
};
use crate::names::BOT_LOCALPART;

/// Most witnesses.
const MAX_WITNESSES: usize = 8;

/// Notes in the draft all that is wrong with the config made of it.
pub(super) fn validate(config: &mut Config, draft: &mut Draft) {
    check_url(draft, "homeserver.url", &config.homeserver.url);
    check_url(draft, "appservice.url", &config.appservice.url);
    check_bot(config, draft);
    if config.appservice.registration.as_os_str().is_empty() {
        draft.refuse("appservice.registration", "an empty text", None);
    }
    check_listeners(config, draft);
    check_range(draft, "api.exports_at_once", config.api.exports_at_once.into(), 16);
    check_api_keys(&config.api.keys, draft);
    check_range(draft, "database.max_connections", config.database.max_connections.into(), 100);
    check_rooms(&config.rooms, draft);
    page::check(config, draft);
    check_proxies(&config.proxies, draft);
    check_record(&config.record, draft);
    check_files(&config.files, draft);
    check_log_level(&config.log.level, draft);
}

fn check_proxies(proxies: &ProxiesConfig, draft: &mut Draft) {
    for (position, proxy) in proxies.trusted.iter().enumerate() {
        if network(proxy).is_none() {
            draft.refuse(&format!("proxies.trusted[{position}]"), &format!("{proxy:?}"), None);
        }
    }
}

fn check_record(record: &RecordConfig, draft: &mut Draft) {
    if record.signing_key.as_os_str().is_empty() {
        draft.refuse("record.signing_key", "an empty text", None);
    }
    check_range(draft, "record.sign_after_minutes", record.sign_after_minutes.into(), 10_080);
    if record.witnesses.len() > MAX_WITNESSES {
        let found = format!("a list of {}", record.witnesses.len());
        draft.refuse("record.witnesses", &found, None);
    }
    for (position, witness) in record.witnesses.iter().enumerate() {
        let is_known_twice = record.witnesses.iter().take(position).any(|it| it == witness);
        if is_known_twice || Witness::parse(witness).is_none() {
            let found = if is_known_twice { "the same once more" } else { "something else" };
            draft.refuse(&format!("record.witnesses[{position}]"), found, None);
        }
    }
}

fn check_files(files: &FilesConfig, draft: &mut Draft) {
    check_range(draft, "files.max_megabytes", files.max_megabytes, 10_000);
    if let Some(days) = files.keep_days {
        check_range(draft, "files.keep_days", days.into(), 36_500);
    }
    match files.store.strip_prefix("s3://") {
        Some(bucket) if bucket.is_empty() || bucket.starts_with('/') => {
            draft.refuse("files.store", &format!("{:?}", files.store), None);
        }
        Some(_) => {
            if files.s3.access_key_id.is_none() {
                draft.refuse("files.s3.access_key_id", "nothing", None);
            }
            if files.s3.secret_access_key.is_none() {
                draft.refuse("files.s3.secret_access_key", "nothing", None);
            }
        }
        None if files.store.is_empty() || files.store.contains("://") => {
            draft.refuse("files.store", "a text that is neither", None);
        }
        None => {}
    }
    if let Some(url) = &files.s3.endpoint {
        check_url(draft, "files.s3.endpoint", url);
    }
}

fn check_url(draft: &mut Draft, key: &str, url: &Url) {
    let without_secret = {
        let mut shown = url.clone();
        let hidden = shown.set_username("").and_then(|()| shown.set_password(None));
        hidden
            .map(|()| format!("{:?}", text::without_slash(&shown)))
            .unwrap_or_else(|()| "a URL".to_owned())
    };
    let fix = if !["http", "https"].contains(&url.scheme()) {
        Some("begin it with http:// or https://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("take user name and password out of it")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("take out what begins with `?` or `#`")
    } else if !["", "/"].contains(&url.path()) {
        Some("end it after host and port: paths are put behind it")
    } else {
        None
    };
    if fix.is_some() {
        draft.refuse(key, &without_secret, fix);
    }
}

fn check_bot(config: &mut Config, draft: &mut Draft) {
    // As Synapse limits names, and the specification ids.
    const LONGEST_NAME: usize = 256;
    const LONGEST_ID: usize = 255;
    let name = &config.bot.display_name;
    if name.trim().is_empty() {
        draft.refuse("bot.display_name", "an empty text", None);
    } else if name.chars().count() > LONGEST_NAME {
        draft.refuse("bot.display_name", "a longer text", None);
    }
    let domain = &config.homeserver.domain;
    let user_id = format!("@{BOT_LOCALPART}:{domain}");
    // The length is ours to check: ruma is built to accept longer ids, for old rooms' sake.
    match UserId::parse(&user_id) {
        Ok(parsed) if user_id.len() <= LONGEST_ID => config.bot.user_id = parsed,
        _ => {
            let fix = "write a domain with which @_tallyroom_bot:DOMAIN is a valid user id";
            draft.refuse("homeserver.domain", "a domain that is too long for us", Some(fix));
        }
    }
}

/// Each listener needs a place of its own.
fn check_listeners(config: &Config, draft: &mut Draft) {
    let mut listeners =
        vec![("appservice.listen", config.appservice.listen), ("api.listen", config.api.listen)];
    // Without a page nobody listens there.
    listeners.extend(config.page.url.as_ref().map(|_| ("page.listen", config.page.listen)));
    for (position, (key, address)) in listeners.iter().enumerate() {
        let mut earlier = listeners.iter().take(position);
        if let Some((other, _)) = earlier.find(|(_, other)| are_in_conflict(*address, *other)) {
            let found = format!("{address}, which is {other} too");
            draft.refuse(key, &found, Some("give each its own port"));
        }
    }
}

fn are_in_conflict(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || is_any)
}

fn check_api_keys(keys: &[ApiKey], draft: &mut Draft) {
    const SHORTEST_KEY: usize = 16;
    const LONGEST_SHOP: usize = 64;
    for (position, ApiKey { shop, key }) in keys.iter().enumerate() {
        let path = format!("api.keys[{position}].shop");
        let in_shop = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if shop.is_empty() || shop.len() > LONGEST_SHOP || !shop.chars().all(in_shop) {
            // A key in the place of a name is likely enough not to show it.
            draft.refuse(&path, "an empty text, a longer one, or other characters", None);
        }
        let path = format!("api.keys[{position}].key");
        let is_same = |other: &ApiKey| other.key.matches(key.expose().as_bytes());
        if check_secret(draft, &path, key, SHORTEST_KEY)
            && let Some(earlier) = keys.iter().take(position).position(is_same)
        {
            refuse_same(draft, &path, &format!("api.keys[{earlier}]"));
        }
    }
}

/// Whether it can be a secret.
fn check_secret(draft: &mut Draft, path: &str, secret: &Secret, shortest: usize) -> bool {
    let text = secret.expose();
    if text.is_empty() {
        draft.refuse(path, "an empty text", None);
    } else if secret.is_placeholder() {
        let fix = "put a key of your own in its place, as from `openssl rand -hex 32`";
        draft.refuse(path, PLACEHOLDER, Some(fix));
    } else if text.len() < shortest {
        draft.refuse(path, &format!("a text shorter than {shortest} characters"), None);
    } else if !text.chars().all(|c| c.is_ascii_graphic()) {
        draft.refuse(path, "a text with spaces or other characters", None);
    } else {
        return true;
    }
    false
}

fn refuse_same(draft: &mut Draft, path: &str, other: &str) {
    let found = format!("the same key as in {other}");
    draft.refuse(path, &found, Some("give each entry a key of its own"));
}

fn check_rooms(rooms: &RoomsConfig, draft: &mut Draft) {
    if let Some(version) = &rooms.version
        && version.rules().is_none()
    {
        draft.refuse("rooms.version", &format!("{:?}", version.as_str()), None);
    }
    match &rooms.room_type {
        Some(RoomType::Space) => {
            let fix = "write another type or null: clients show no messages in a space";
            draft.refuse("rooms.type", "\"m.space\"", Some(fix));
        }
        Some(other) if other.as_str().is_empty() => {
            draft.refuse("rooms.type", "an empty text", None);
        }
        _ => {}
    }
    check_range(draft, "rooms.parallel", rooms.parallel as u64, 64);
}

fn check_range(draft: &mut Draft, key: &str, number: u64, highest: u64) {
    if !(1..=highest).contains(&number) {
        draft.refuse(key, &number.to_string(), None);
    }
}

/// A bare word that is no level would be taken as a target and log everything of it, so that a
/// slip such as `inof` would silence the rest without a word.
fn check_log_level(level: &str, draft: &mut Draft) {
    let stray = level.split(',').map(str::trim).find(|directive| {
        let is_level = !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
        !is_level && !directive.contains(['=', '['])
    });
    let error = EnvFilter::builder().parse(level).err().map(|error| error.to_string());
    if let Some(fault) = stray.map(|word| format!("no level: {word:?}")).or(error) {
        draft.refuse("log.level", &format!("{level:?} ({fault})"), None);
    }
}
