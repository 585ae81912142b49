//! `tallyroom problems`: lists problems that an operator must solve, and retries the operations
//! that failed. It uses only the database, so it can run while the service runs.

use anyhow::bail;
use serde_json::{Value, json};
use ulid::Ulid;

use super::open_store;
use super::table::{cell, lines, time, time_or_dash};
use crate::config::Config;
use crate::store::{FOREIGN_EVENTS, FOREIGN_ROOMS_LEFT, Problem, TakenUp};

/// The options of the command.
#[derive(Clone, Debug)]
pub struct Request {
    /// The transactions. An empty list means all transactions.
    pub transactions: Vec<Ulid>,
    /// Whether to retry the operations instead of listing the problems.
    pub retry: bool,
    /// Whether to list the problems as JSON.
    pub json: bool,
    /// The greatest number of problems to list.
    pub limit: u32,
}

/// Lists the problems, or retries the operations that failed.
///
/// # Errors
/// If there is a problem to list, or the database fails.
pub async fn run(config: &Config, request: &Request) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let selected: Vec<Option<Ulid>> = match request.transactions.as_slice() {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    if request.retry {
        for transaction in selected {
            let TakenUp { rooms, contacts, gaps, files } = store.take_up(transaction).await?;
            println!(
                "{} will be retried: rooms {rooms}, contacts {contacts}, gaps {gaps}, files {files}",
                transaction.map_or_else(|| "all transactions".to_owned(), |id| id.to_string())
            );
        }
        store.close().await;
        return Ok(());
    }
    let mut shown = Vec::new();
    let mut all = 0;
    for transaction in selected {
        let left = i64::from(request.limit) - i64::try_from(shown.len()).unwrap_or(i64::MAX);
        let (problems, count) = store.problems(transaction, left.max(0)).await?;
        shown.extend(problems);
        all += count;
    }
    let count = async |fact| -> anyhow::Result<u64> {
        Ok(store.fact(fact).await?.and_then(|it| it.parse().ok()).unwrap_or_default())
    };
    let (events, rooms) = (count(FOREIGN_EVENTS).await?, count(FOREIGN_ROOMS_LEFT).await?);
    store.close().await;
    let more = all - i64::try_from(shown.len()).unwrap_or(i64::MAX);
    if request.json {
        let problems: Vec<Value> = shown.iter().map(as_json).collect();
        println!(
            "{}",
            json!({
                "problems": problems, "more": more,
                "foreign_events": events, "foreign_rooms_left": rooms,
            })
        );
    } else {
        print!("{}", table(&shown));
        if more > 0 {
            println!("and {more} more (show them with --limit)");
        }
        if events > 0 || rooms > 0 {
            println!(
                "foreign rooms: the bot left {rooms} and did not keep {events} of their events"
            );
        }
    }
    match all {
        0 => Ok(()),
        1 => bail!("there is one problem; retry the operation with `tallyroom problems --retry`"),
        all => bail!(
            "there are {all} problems; retry the operations with `tallyroom problems --retry`"
        ),
    }
}

fn as_json(problem: &Problem) -> Value {
    let or_null = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "transaction": or_null(&problem.transaction_id),
        "what": problem.what,
        "subject": or_null(&problem.subject),
        "since": problem.since.map(time),
        "why": problem.why,
        "next_try": problem.next_try.map(time),
    })
}

/// Formats the problems as a table with a header line.
fn table(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let head = ["TRANSACTION", "WHAT", "WHICH", "SINCE", "NEXT TRY", "WHY"].map(str::to_owned);
    let rows = problems.iter().map(|problem| {
        [
            cell(&problem.transaction_id),
            problem.what.clone(),
            cell(&problem.subject),
            time_or_dash(problem.since),
            time_or_dash(problem.next_try),
            cell(&problem.why),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    lines(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_cannot_break_the_table() {
        let problem = Problem {
            what: "file missing".to_owned(),
            transaction_id: String::new(),
            subject: "mxc://evil/\u{1b}[2J".to_owned(),
            since: Some(0),
            why: format!("two\nlines \u{202e}{}", "x".repeat(5_000)),
            next_try: None,
        };
        let table = table(&[problem]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("TRANSACTION  WHAT          WHICH"), "{table}");
        assert!(lines[1].starts_with("-            file missing  mxc://evil/ [2J"), "{table}");
        assert!(lines[1].contains("1970-01-01T00:00:00Z  -         two lines  xxx"), "{table}");
        assert!(lines[1].len() < 400);
    }
}
