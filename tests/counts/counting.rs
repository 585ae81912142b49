//! Counts the statements that sqlx executes, on whichever thread.
//!
//! sqlx logs each statement when it is done, and everything that is logged in this process comes
//! to one subscriber. On SQLite the statements run on threads of sqlx, so a subscriber of the
//! test's own thread would see none of them.

use std::fmt;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

/// The target of the log lines about statements.
const TARGET: &str = "sqlx::query";
/// The target of the log lines with what PostgreSQL has to say beside its answers.
const NOTICES: &str = "sqlx::postgres::notice";
/// What does not count: the settings of a new connection, and what begins and ends a tx. SQLite's
/// driver logs none of the latter, and PostgreSQL's only some. Commits are counted by
/// [`super::commits`].
const NOT_COUNTED: [&str; 6] = ["PRAGMA", "SET", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"];

/// What happened since the counting began. `None` while nothing is counted.
static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

/// What was seen while something was counted.
#[derive(Debug, Default)]
pub struct Seen {
    /// The SQL of each statement, in the order in which they ended.
    pub statements: Vec<String>,
    /// What PostgreSQL said beside its answers.
    pub notices: Vec<String>,
}

/// What a piece of work took.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The SQL of each statement, in the order in which they ended.
    pub statements: Vec<String>,
    /// The number of commits that wrote something.
    pub commits: u64,
    /// What PostgreSQL said beside its answers.
    pub notices: Vec<String>,
}

impl Counted {
    /// Fails, and names the statements, if there are more than `max`.
    #[track_caller]
    pub fn assert_statements_at_most(&self, max: usize) {
        assert!(self.statements.len() <= max, "more than {max} statements: {self}");
    }

    /// Fails, and names the statements, if there are more than `max` commits.
    #[track_caller]
    pub fn assert_commits_at_most(&self, max: u64) {
        assert!(self.commits <= max, "more than {max} commits: {self}");
    }
}

/// One line for each statement, with how often it was executed.
impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} statements, {} commits", self.statements.len(), self.commits)?;
        let mut seen: Vec<(&str, usize)> = Vec::new();
        for sql in &self.statements {
            match seen.iter_mut().find(|(known, _)| known == sql) {
                Some((_, times)) => *times += 1,
                None => seen.push((sql, 1)),
            }
        }
        for (sql, times) in seen {
            write!(formatter, "\n  {times} × {sql}")?;
        }
        Ok(())
    }
}

/// Begins to count. Nothing may be counted already.
pub fn begin() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let filter =
            Targets::new().with_target(TARGET, Level::TRACE).with_target(NOTICES, Level::INFO);
        let subscriber = Registry::default().with(Statements.with_filter(filter));
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    let before = seen().replace(Seen::default());
    assert!(before.is_none(), "two counts at a time");
}

/// Ends the counting.
pub fn end() -> Seen {
    seen().take().unwrap_or_default()
}

fn seen() -> MutexGuard<'static, Option<Seen>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes down the statements that are logged, and what PostgreSQL says.
struct Statements;

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut logged = Logged::default();
        event.record(&mut logged);
        if event.metadata().target() == NOTICES {
            if let Some(seen) = seen().as_mut() {
                seen.notices.push(logged.message);
            }
            return;
        }
        // The summary has the first words, and the statement is empty if those are all.
        let sql =
            if logged.statement.trim().is_empty() { logged.summary } else { logged.statement };
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = sql.split([' ', ';']).next().unwrap_or_default().to_ascii_uppercase();
        if NOT_COUNTED.contains(&first.as_str()) {
            return;
        }
        if let Some(seen) = seen().as_mut() {
            seen.statements.push(sql);
        }
    }
}

/// The fields of a log line.
#[derive(Default)]
struct Logged {
    message: String,
    summary: String,
    statement: String,
}

impl Visit for Logged {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
