//! `tallyroom problems`: what needs an administrator, and to have it tried again. It works on the
//! database alone, beside the running service.

use anyhow::bail;
use serde_json::{Value, json};
use ulid::Ulid;

use super::open_store;
use crate::config::Config;
use crate::store::{FOREIGN_EVENTS, FOREIGN_ROOMS_LEFT, Problem, TakenUp};

/// Letters shown of a reason.
const SHOWN: usize = 200;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Only these transactions; none: all.
    pub transactions: Vec<Ulid>,
    /// Take them up again instead of listing them.
    pub retry: bool,
    /// List them as JSON.
    pub json: bool,
    /// Most problems to list.
    pub limit: u32,
}

/// Lists what could not be done, or takes it up again.
///
/// # Errors
/// When there is a problem to list, or the database fails.
pub async fn run(config: &Config, request: &Request) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let asked: Vec<Option<Ulid>> = match request.transactions.as_slice() {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    if request.retry {
        for transaction in asked {
            let TakenUp { rooms, contacts, gaps, files } = store.take_up(transaction).await?;
            println!(
                "{}: taken up again: rooms {rooms}, contacts {contacts}, gaps {gaps}, files {files}",
                transaction.map_or_else(|| "all transactions".to_owned(), |id| id.to_string())
            );
        }
        store.close().await;
        return Ok(());
    }
    let mut shown = Vec::new();
    let mut all = 0;
    for transaction in asked {
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
            println!("and {more} more (--limit)");
        }
        if events > 0 || rooms > 0 {
            println!("rooms that are not ours: {rooms} left, {events} of their events not kept");
        }
    }
    match all {
        0 => Ok(()),
        1 => bail!("there is one problem; `tallyroom problems --retry` has it tried again"),
        all => bail!("there are {all} problems; `tallyroom problems --retry` has them tried again"),
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

/// One line for each problem, in columns, under a line that names them.
fn table(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { one_line(text) };
    let head = ["TRANSACTION", "WHAT", "WHICH", "SINCE", "NEXT TRY", "WHY"].map(str::to_owned);
    let rows = problems.iter().map(|it| {
        [
            or_dash(&it.transaction_id),
            it.what.clone(),
            or_dash(&it.subject),
            it.since.map_or_else(|| "-".to_owned(), time),
            it.next_try.map_or_else(|| "-".to_owned(), time),
            or_dash(&it.why),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max()
    };
    let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or_default()).collect();
    let mut table = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

/// Other people's words for a terminal: one line, nothing that moves the cursor or turns the
/// direction of the text, and not too long.
fn one_line(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().take(SHOWN).map(|c| if is_odd(c) { ' ' } else { c }).collect()
}

fn time(milliseconds: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_cannot_spoil_the_table() {
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
