//! Checks the values of the `page` section.

use jiff::tz::TimeZone;

use super::{Config, Draft, check_origins, check_secret, check_url, refuse_repeated};
use crate::config::{
    ApiConfig, CreateRooms, OpenIdServer, PageConfig, PayLink, Questions, SignInKey,
};
use crate::language::Language;

/// The least length of a sign-in key: that of the output of HMAC-SHA256 (RFC 7518, section 3.2).
const MIN_SIGN_IN_KEY_CHARS: usize = 32;
/// The greatest length of a question, in characters.
const MAX_QUESTION_CHARS: usize = 200;

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
    check_questions(&page.questions, &config.api, draft);
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
        let before = links.iter().take(position).map(|it| it.shop.as_str());
        check_shop(&path, &link.shop, before, api, draft);
        if let Some(problem) = link.problem() {
            draft.refuse(&format!("{path}.url"), problem, None);
        }
    }
}

fn check_questions(questions: &[Questions], api: &ApiConfig, draft: &mut Draft) {
    for (position, asked) in questions.iter().enumerate() {
        let path = format!("page.questions[{position}]");
        let before = questions.iter().take(position).map(|it| it.shop.as_str());
        check_shop(&path, &asked.shop, before, api, draft);
        for (name, text) in asked.named() {
            if text.trim().is_empty() || text.chars().count() > MAX_QUESTION_CHARS {
                let found = format!("a text of {} characters", text.chars().count());
                draft.refuse(&format!("{path}.{name}"), &found, None);
            }
        }
    }
}

/// Checks that there is a shop of this name, and that the items `before` are for others.
pub(super) fn check_shop<'a>(
    path: &str,
    shop: &str,
    mut before: impl Iterator<Item = &'a str>,
    api: &ApiConfig,
    draft: &mut Draft,
) {
    if !api.keys.iter().any(|entry| entry.shop == shop) {
        draft.refuse(&format!("{path}.shop"), &format!("{shop:?}"), None);
    } else if before.any(|other| other == shop) {
        draft.refuse(&format!("{path}.shop"), &format!("{shop:?} for the second time"), None);
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
