//! Who reads, and how: language by choice, browser or config.

use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use super::PageState;
use super::headers::Nonce;
use super::model::Reader;
use crate::language::Locale;

/// The cookie that remembers a language that was chosen.
pub(super) const LANGUAGE_COOKIE: &str = "tallyroom-language";

impl Reader {
    /// The reader behind a request.
    pub(super) fn of(
        state: &PageState,
        headers: &HeaderMap,
        chosen: Option<&str>,
        nonce: &Nonce,
    ) -> Self {
        let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let remembered = cookie(headers, LANGUAGE_COOKIE);
        let chosen = chosen.or(remembered.as_deref());
        let time_zone = state.time_zone.clone();
        Self {
            locale: Locale::negotiate(chosen, accept, &state.config.page.language),
            today: Timestamp::now().to_zoned_datetime(time_zone.clone()).date(),
            time_zone,
            nonce: nonce.0.clone(),
        }
    }
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

/// Whether the answer goes to a script.
pub(super) fn is_script(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
