//! Reads the parameters of a call: those in its path, and the values of its query.

use axum::extract::{FromRequestParts, Path as AnyPath};
use axum::http::request::Parts;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::clock::{DAY_MS, HOUR_MS};

/// The parameters in the path of a call. One that cannot be read names nothing, so the call is answered with 404.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AnyPath::from_request_parts(parts, state).await {
            Ok(AnyPath(read)) => Ok(Self(read)),
            Err(_) => Err(Problem::not_found("There is nothing at this address.")),
        }
    }
}

/// Returns the value that `text` names, if it is one of these.
pub(super) fn one_of<T: Copy>(
    name: &str,
    text: Option<&str>,
    allowed: &[(&str, T)],
) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let found = allowed.iter().find(|(allowed, _)| *allowed == text).map(|(_, value)| *value);
    found.map(Some).ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|(allowed, _)| format!("`{allowed}`")).collect();
        Problem::parameter(name, format!("`{name}` must be one of {}.", names.join(", ")))
    })
}

/// Reads a day.
pub(super) fn day(name: &str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let Some(text) = text else { return Ok(None) };
    exact_day(text).map(Some).ok_or_else(|| {
        Problem::parameter(name, format!("`{name}` must be a day such as 2026-06-01."))
    })
}

/// Reads YYYY-MM-DD, and nothing else: a time that follows would be left out.
fn exact_day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

/// Reads the page size in a query.
pub(super) fn limit(text: Option<&str>, default: i64, max: i64) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(default) };
    number(text).filter(|limit| (1..=max).contains(limit)).ok_or_else(|| {
        Problem::parameter("limit", format!("`limit` must be a number from 1 to {max}."))
    })
}

/// Reads a whole number of zero or more, in digits only.
pub(super) fn number(text: &str) -> Option<i64> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads a day or a time. Returns its first millisecond, and the first millisecond after it.
pub(super) fn span(name: &str, text: Option<&str>) -> Result<Option<(i64, i64)>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(time) = text.parse::<Timestamp>() {
        let time = time.as_millisecond();
        return Ok(Some((time, time.saturating_add(1))));
    }
    let day = exact_day(text).map(|day| {
        // Counted in days, because the last ones of the year 9999 are no timestamps.
        let since_1970 = day.duration_since(Date::constant(1970, 1, 1));
        let start = since_1970.as_hours() * HOUR_MS;
        (start, start + DAY_MS)
    });
    day.map(Some).ok_or_else(|| {
        let detail = format!(
            "`{name}` must be a day such as 2026-06-01 (in UTC) or a time such as \
             2026-06-01T12:00:00Z."
        );
        Problem::parameter(name, detail)
    })
}
