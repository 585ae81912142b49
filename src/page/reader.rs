//! Finds out the language and the time zone of a reader, from their choice, the browser or the
//! config.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::PageState;
use super::headers::Nonce;
use super::model::Reader;
use crate::language::Locale;

/// The name of the cookie that stores the chosen language.
pub(super) const LANGUAGE_COOKIE: &str = "tallyroom-language";

impl Reader {
    /// Returns the reader who makes a request with these headers and this query.
    pub(super) fn of(
        state: &PageState,
        headers: &HeaderMap,
        query: Option<&str>,
        nonce: &Nonce,
    ) -> Self {
        let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let mut cookies = cookies(headers);
        let remembered =
            cookies.find_map(|(key, value)| (key == LANGUAGE_COOKIE).then(|| value.to_owned()));
        let chosen = chosen_language(query).or(remembered);
        let time_zone = state.time_zone.clone();
        Self {
            locale: Locale::negotiate(chosen.as_deref(), accept, &state.config.page.language),
            today: today(&time_zone),
            time_zone,
            nonce: nonce.0.clone(),
        }
    }

    /// Returns the same reader with the current date. A page may have been open for days.
    pub(super) fn of_today(self) -> Self {
        Self { today: today(&self.time_zone), ..self }
    }
}

fn today(time_zone: &TimeZone) -> Date {
    Timestamp::now().to_zoned_datetime(time_zone.clone()).date()
}

impl FromRequestParts<PageState> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &PageState,
    ) -> Result<Self, Self::Rejection> {
        let nonce = parts.extensions.get::<Nonce>().cloned();
        let nonce = nonce.unwrap_or_else(|| Nonce(String::new()));
        Ok(Self::of(state, &parts.headers, parts.uri.query(), &nonce))
    }
}

/// Returns the names and values of the cookies of a request.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('='))
}

/// Returns the language that the query requests.
pub(super) fn chosen_language(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find_map(|(key, value)| (key == "lang").then(|| value.into_owned()))
}

/// Whether the request comes from a script.
pub(super) fn is_script(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
