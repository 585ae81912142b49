//! Checks the values of the `page` section.

use jiff::tz::TimeZone;

use super::{Config, Draft, check_origins, check_secret, check_url, refuse_repeated};
use crate::config::{ApiConfig, CreateRooms, OpenIdServer, PageConfig, PayLink, SignInKey};
use crate::language::Language;

/// The least length of a sign-in key: that of the output of HMAC-SHA256 (RFC 7518, section 3.2).
const MIN_SIGN_IN_KEY_CHARS: usize = 32;

pub(super) fn check(config: &mut Config, draft: &mut Draft) {
    let page = &mut config.page;
    if let Some(url) = &page.url {
        check_url(draft, "page.url", url);
    }
    if config.rooms.create == CreateRooms::OnFirstMessage && page.url.is_none() {
        let fix = "set page.url, or write on_transaction: without a page there is no first message";
        draft.refuse("rooms.create", "on_first_message without page.url", Some(fix));
    }
    check_language_and_time_zone(page, draft);
    check_origins("page.widget_clients", &mut page.widget_clients, draft);
    check_openid(&page.openid, config.homeserver.domain.as_str(), draft);
    check_sign_in(&page.sign_in, &config.api, draft);
    check_pay_links(&page.pay_links, &config.api, draft);
}

fn check_language_and_time_zone(page: &PageConfig, draft: &mut Draft) {
    if Language::of_tag(&page.language).is_none() {
        draft.refuse("page.language", &format!("{:?}", page.language), None);
    }
    if TimeZone::get(&page.time_zone).is_err() {
        draft.refuse("page.time_zone", &format!("{:?}", page.time_zone), None);
    }
}

fn check_openid(servers: &[OpenIdServer], own: &str, draft: &mut Draft) {
    for (position, server) in servers.iter().enumerate() {
        let path = format!("page.openid[{position}]");
        let is_same = |other: &OpenIdServer| other.domain == server.domain;
        if server.domain == own || servers.iter().take(position).any(is_same) {
            let found = format!("{:?} for the second time", server.domain.as_str());
            draft.refuse(&format!("{path}.domain"), &found, None);
        }
        check_url(draft, &format!("{path}.url"), &server.url);
    }
}

fn check_pay_links(links: &[PayLink], api: &ApiConfig, draft: &mut Draft) {
    for (position, link) in links.iter().enumerate() {
        let path = format!("page.pay_links[{position}]");
        if !api.keys.iter().any(|entry| entry.shop == link.shop) {
            draft.refuse(&format!("{path}.shop"), &format!("{:?}", link.shop), None);
        } else if links.iter().take(position).any(|other| other.shop == link.shop) {
            let found = format!("{:?} for the second time", link.shop);
            draft.refuse(&format!("{path}.shop"), &found, None);
        }
        if let Some(problem) = link.problem() {
            draft.refuse(&format!("{path}.url"), problem, None);
        }
    }
}

fn check_sign_in(keys: &[SignInKey], api: &ApiConfig, draft: &mut Draft) {
    for (position, SignInKey { shop, key }) in keys.iter().enumerate() {
        let path = format!("page.sign_in[{position}]");
        if !api.keys.iter().any(|entry| entry.shop == *shop) {
            // The text is not shown, as in api.keys: it may be a key.
            draft.refuse(&format!("{path}.shop"), "another text", None);
        }
        let path = format!("{path}.key");
        if !check_secret(draft, &path, key, MIN_SIGN_IN_KEY_CHARS) {
            continue;
        }
        let text = key.expose().as_bytes();
        if let Some(other) = keys.iter().take(position).position(|it| it.key.matches(text)) {
            refuse_repeated(draft, &path, &format!("page.sign_in[{other}]"));
        } else if let Some(other) = api.keys.iter().position(|it| it.key.matches(text)) {
            refuse_repeated(draft, &path, &format!("api.keys[{other}]"));
        }
    }
}
