//! `tallyroom audit`: shows who read, changed, exported, linked and erased what.

use anyhow::bail;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_json::json;
use ulid::Ulid;

use super::open_store;
use super::table::{cell, lines, time};
use crate::api::audit_line;
use crate::config::Config;

/// The options of the command.
#[derive(Clone, Debug)]
pub struct Request {
    /// Only what was done to this transaction.
    pub transaction: Option<Ulid>,
    /// Only what was done since this time (in milliseconds since 1970).
    pub since: Option<i64>,
    /// Whether to print JSON.
    pub json: bool,
    /// The greatest number of lines. The newest ones are shown.
    pub limit: u32,
}

/// Reads a day such as `2026-11-01` (in UTC) or a time such as `2026-11-01T08:00:00Z`. Returns milliseconds since
/// 1970.
///
/// # Errors
/// If the text is neither.
pub fn parse_since(text: &str) -> anyhow::Result<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    match text.parse::<Date>().map(|day| Offset::UTC.to_timestamp(day.at(0, 0, 0, 0))) {
        Ok(Ok(midnight)) => Ok(midnight.as_millisecond()),
        _ => bail!("write a day such as 2026-11-01, or a time such as 2026-11-01T08:00:00Z"),
    }
}

/// Prints the newest lines of the audit log, oldest first.
///
/// # Errors
/// If the database fails.
pub async fn run(config: &Config, request: &Request) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let since = request.since.unwrap_or_default();
    let limit = i64::from(request.limit);
    let mut found = store.newest_of_audit_log(since, request.transaction, limit + 1).await?;
    store.close().await;
    let is_more = i64::try_from(found.len()).is_ok_and(|count| count > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found.reverse();
    if request.json {
        let shown = found.iter().map(|line| {
            let mut shown = audit_line(line);
            shown["shop"] = json!(line.shop);
            shown
        });
        println!("{}", json!({ "lines": shown.collect::<Vec<_>>(), "more": is_more }));
        return Ok(());
    }
    let head =
        ["TIME", "SHOP", "WAY", "WHO", "ACTION", "TRANSACTION", "SUBJECT", "ADDRESS", "REQUEST"];
    let or_dash = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
    let rows = found.iter().map(|line| {
        [
            time(line.at),
            cell(&line.shop),
            cell(&line.way),
            cell(&line.actor),
            cell(&line.action),
            or_dash(&line.transaction_id),
            or_dash(&line.subject),
            or_dash(&line.address),
            or_dash(&line.request_id),
        ]
    });
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    print!("{}", lines(&rows));
    if is_more {
        println!("and older ones (show them with --limit)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(parse_since("1970-01-02").unwrap(), 86_400_000);
        assert_eq!(parse_since("1970-01-02T01:00:00+01:00").unwrap(), 86_400_000);
        for text in ["", "yesterday", "2026-13-01"] {
            assert!(parse_since(text).unwrap_err().to_string().contains("2026-11-01"), "{text}");
        }
    }
}
