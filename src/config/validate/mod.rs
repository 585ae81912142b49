//! Checks the values of the config beyond their types.

mod mail;
mod page;
mod shops;
mod webhooks;

use std::{net::SocketAddr, path::Path};

use ruma::{UserId, room::RoomType};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::Url;

use super::{
    ApiConfig, ApiKey, Config, FilesConfig, ProxiesConfig, RecordConfig, RoomsConfig, Witness,
    draft::Draft,
    is_shop_name,
    secret::{PLACEHOLDER, Secret},
    sections::parse_network,
    text,
};
use crate::invoice::Limits;
use crate::language::Language;
use crate::names::BOT_LOCALPART;
use crate::transaction::NamedStatus;

/// The greatest number of witnesses.
const MAX_WITNESSES: usize = 8;

/// Adds to the draft all problems of the config that was made from it. `folder` is the one to which its paths are
/// relative.
pub(super) fn validate(config: &mut Config, folder: &Path, draft: &mut Draft) {
    draft.check_numbers();
    check_url(draft, "homeserver.url", &config.homeserver.url);
    check_url(draft, "appservice.url", &config.appservice.url);
    check_bot(config, draft);
    if config.appservice.registration.as_os_str().is_empty() {
        draft.refuse("appservice.registration", "an empty text", None);
    }
    check_listeners(config, draft);
    check_api_keys(&config.api.keys, draft);
    check_origins("api.cors_origins", &mut config.api.cors_origins, draft);
    check_limits(&config.invoice.limits, &config.api, draft);
    check_rooms(&config.rooms, draft);
    page::check(config, draft);
    shops::check(&mut config.shops, &config.api, folder, draft);
    check_proxies(&config.proxies, draft);
    check_status_names(&config.status.names, draft);
    check_record(&config.record, draft);
    check_files(&config.files, draft);
    webhooks::check(&config.webhooks, draft);
    mail::check(config, draft);
    webhooks::check_networks(&config.page.push_networks, "page.push_networks", draft);
    check_log_level(&config.log.level, draft);
}

/// Checks what the limits of invoices have to do with each other.
fn check_limits(limits: &Limits, api: &ApiConfig, draft: &mut Draft) {
    /// The greatest number of bytes of a character in UTF-8.
    const CHAR_BYTES: usize = 4;
    /// How much the compressed structure of one PDF may take in memory, in bytes.
    const MAX_STRUCTURE_BYTES: usize = 4_000_000_000;
    let least = [
        ("text_chars", limits.text_chars, "code_chars", limits.code_chars),
        ("long_text_chars", limits.long_text_chars, "text_chars", limits.text_chars),
        (
            "xml_text_bytes",
            limits.xml_text_bytes,
            "long_text_chars, of 4 bytes each",
            limits.long_text_chars.saturating_mul(CHAR_BYTES),
        ),
        ("rows", limits.rows, "notes_or_accounts", limits.notes_or_accounts),
    ];
    for (key, value, other, needed) in least.into_iter().filter(|it| it.1 < it.3) {
        let found = format!("{value}, which is less than invoice.limits.{other}");
        let fix = format!("write at least {needed}, or lower the other key");
        draft.refuse(&format!("invoice.limits.{key}"), &found, Some(&fix));
    }
    let structure = limits.pdf_streams.saturating_mul(limits.pdf_structure_bytes);
    if structure > MAX_STRUCTURE_BYTES {
        let found = format!(
            "{}, which a PDF may have invoice.limits.pdf_streams times",
            limits.pdf_structure_bytes
        );
        let fix = "lower one of the two, so that they are at most 4000000000 bytes together";
        draft.refuse("invoice.limits.pdf_structure_bytes", &found, Some(fix));
    }
    let bodies = usize::try_from(api.bodies_megabytes).unwrap_or(usize::MAX);
    if bodies < limits.file_megabytes {
        let found = format!("{bodies}, which is less than invoice.limits.file_megabytes");
        let fix = format!("write at least {}, or lower the other key", limits.file_megabytes);
        draft.refuse("api.bodies_megabytes", &found, Some(&fix));
    }
}

/// Checks the origins, and replaces each by its normal form: those of widgets are sent in an HTTP header of the page, and
/// those of web pages are compared with what a browser sends.
fn check_origins(key: &str, origins: &mut [String], draft: &mut Draft) {
    for (position, given) in origins.iter_mut().enumerate() {
        match origin(given) {
            Some(origin) => *given = origin,
            None => {
                let path = format!("{key}[{position}]");
                draft.refuse(&path, "a text that is no origin", None);
            }
        }
    }
}

fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_whole = ["http", "https"].contains(&url.scheme())
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && !url.host_str().unwrap_or_default().contains('*');
    is_whole.then(|| url.origin().ascii_serialization())
}

fn check_proxies(proxies: &ProxiesConfig, draft: &mut Draft) {
    for (position, proxy) in proxies.trusted.iter().enumerate() {
        if parse_network(proxy).is_none() {
            draft.refuse(&format!("proxies.trusted[{position}]"), &format!("{proxy:?}"), None);
        }
    }
}

/// A name that is that of another status would change what the statuses mean that people set with a button.
fn check_status_names(names: &[NamedStatus], draft: &mut Draft) {
    for (position, named) in names.iter().enumerate() {
        if let Some(status) = named.is_of_another() {
            let found = format!("{:?}, which is the status {}", named.name, status.as_str());
            let fix = "write a word of the shop's own";
            draft.refuse(&format!("status.names[{position}].name"), &found, Some(fix));
        }
    }
}

fn check_record(record: &RecordConfig, draft: &mut Draft) {
    if record.signing_key.as_os_str().is_empty() {
        draft.refuse("record.signing_key", "an empty text", None);
    }
    if record.witnesses.len() > MAX_WITNESSES {
        let found = format!("a list of {}", record.witnesses.len());
        draft.refuse("record.witnesses", &found, None);
    }
    for (position, witness) in record.witnesses.iter().enumerate() {
        let is_repeated = record.witnesses.iter().take(position).any(|it| it == witness);
        if is_repeated || Witness::parse(witness).is_none() {
            let found = if is_repeated { "an earlier entry repeated" } else { "another text" };
            draft.refuse(&format!("record.witnesses[{position}]"), found, None);
        }
    }
}

fn check_files(files: &FilesConfig, draft: &mut Draft) {
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
            draft.refuse("files.store", "a text that is neither of them", None);
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
        Some("remove the user name and password")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("remove the part that begins with `?` or `#`")
    } else if !["", "/"].contains(&url.path()) {
        Some("end it after host and port; Tallyroom appends its own paths")
    } else {
        None
    };
    if fix.is_some() {
        draft.refuse(key, &without_secret, fix);
    }
}

fn check_bot(config: &mut Config, draft: &mut Draft) {
    // Synapse limits display names, and the Matrix specification limits user ids (in bytes).
    const MAX_DISPLAY_NAME_CHARS: usize = 256;
    const MAX_USER_ID_BYTES: usize = 255;
    const MAX_ADMINS: usize = 20;
    let name = &config.bot.display_name;
    if name.trim().is_empty() {
        draft.refuse("bot.display_name", "an empty text", None);
    } else if name.chars().count() > MAX_DISPLAY_NAME_CHARS {
        draft.refuse("bot.display_name", "a longer text", None);
    }
    if config.bot.admins.len() > MAX_ADMINS {
        draft.refuse("bot.admins", "a longer list", None);
    }
    let domain = &config.homeserver.domain;
    let user_id = format!("@{BOT_LOCALPART}:{domain}");
    // The parser of ruma does not check the length: it accepts longer ids, which old rooms have.
    match UserId::parse(&user_id) {
        Ok(parsed) if user_id.len() <= MAX_USER_ID_BYTES => config.bot.user_id = parsed,
        _ => {
            let fix = "write a domain with which @_tallyroom_bot:DOMAIN is a valid user id";
            draft.refuse("homeserver.domain", "a domain that is too long for us", Some(fix));
        }
    }
}

/// Checks that no two listeners use the same address and port.
fn check_listeners(config: &Config, draft: &mut Draft) {
    let mut listeners =
        vec![("appservice.listen", config.appservice.listen), ("api.listen", config.api.listen)];
    // Without page.url, nothing listens on page.listen.
    listeners.extend(config.page.url.as_ref().map(|_| ("page.listen", config.page.listen)));
    listeners.extend(config.mail.listen.map(|address| ("mail.listen", address)));
    for (position, (key, address)) in listeners.iter().enumerate() {
        let mut earlier = listeners.iter().take(position);
        if let Some((other, _)) = earlier.find(|(_, other)| are_in_conflict(*address, *other)) {
            let found = format!("{address}, which is also {other}");
            draft.refuse(key, &found, Some("give each its own port"));
        }
    }
}

fn are_in_conflict(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || is_any)
}

fn check_api_keys(keys: &[ApiKey], draft: &mut Draft) {
    const MIN_KEY_CHARS: usize = 16;
    for (position, ApiKey { shop, key, language, rules: _ }) in keys.iter().enumerate() {
        let path = format!("api.keys[{position}].shop");
        if !is_shop_name(shop) {
            // The text is not shown: it may be a key that was put in the wrong place.
            draft.refuse(&path, "an empty text, a longer text, or other characters", None);
        }
        if let Some(tag) = language.as_deref().filter(|tag| Language::of_tag(tag).is_none()) {
            // The text is not shown: it may be a key that was put in the wrong place.
            let found = format!("a text of {} characters that is no such tag", tag.chars().count());
            draft.refuse(&format!("api.keys[{position}].language"), &found, None);
        }
        let path = format!("api.keys[{position}].key");
        let is_same = |other: &ApiKey| other.key.matches(key.expose().as_bytes());
        if check_secret(draft, &path, key, MIN_KEY_CHARS)
            && let Some(earlier) = keys.iter().take(position).position(is_same)
        {
            refuse_repeated(draft, &path, &format!("api.keys[{earlier}]"));
        }
    }
}

/// Reports a secret that is missing, a placeholder, shorter than `min_chars`, or not printable
/// ASCII. Returns whether the secret is valid.
fn check_secret(draft: &mut Draft, path: &str, secret: &Secret, min_chars: usize) -> bool {
    let text = secret.expose();
    if text.is_empty() {
        draft.refuse(path, "an empty text", None);
    } else if secret.is_placeholder() {
        let fix = "replace it by a key of your own, such as the output of `openssl rand -hex 32`";
        draft.refuse(path, PLACEHOLDER, Some(fix));
    } else if text.len() < min_chars {
        draft.refuse(path, &format!("a text shorter than {min_chars} characters"), None);
    } else if !text.chars().all(|c| c.is_ascii_graphic()) {
        draft.refuse(path, "a text with spaces or other characters", None);
    } else {
        return true;
    }
    false
}

fn refuse_repeated(draft: &mut Draft, path: &str, other: &str) {
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
}

/// Checks the filter directives, and that each directive without `=` or `[` is a level. The filter
/// would take any other word, such as `inof`, as a target, log everything of that target, and
/// silently drop all other lines.
fn check_log_level(level: &str, draft: &mut Draft) {
    let stray = level.split(',').map(str::trim).find(|directive| {
        let is_level = !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
        !is_level && !directive.contains(['=', '['])
    });
    let error = EnvFilter::builder().parse(level).err().map(|error| error.to_string());
    if let Some(fault) = stray.map(|word| format!("{word:?} is no level")).or(error) {
        draft.refuse("log.level", &format!("{level:?} ({fault})"), None);
    }
}
