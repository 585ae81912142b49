//! Writes the events of a push into the journals of those rooms that have one, with as little waiting as
//! possible: one statement, which is a commit of its own. Each statement more is a round trip, or wakes two threads,
//! while the homeserver waits.
//!
//! Nearly always, all rooms of a push have a journal, and all of its events are new. On SQLite, the statement writes
//! nothing if it is otherwise. What is left over, on both databases, is written by [`super::journal`].

use std::collections::HashSet;

use sqlx::any::AnyArguments;
use sqlx::error::ErrorKind;
use sqlx::query::Query;
use sqlx::{Any, AnyPool, Executor};

use super::arrival::Arrival;
use super::journal::{Source, salt};
use super::many_rows::{MAX_ROWS, ManyRows};
use super::{ACQUIRE_TIMEOUT, Store, StoreError, Tx, Writing};
use crate::clock::now;
use crate::config::DatabaseKind;

/// Makes what [`INSERT_PUSHED`] writes to, for the connection of the writers: whatever is inserted there gets the next position in
/// the journal of its room. As a trigger does so, one statement outside a tx is enough: SQLite carries out all of it or nothing,
/// also if whoever waits for it has gone. sqlx would stop a script there, with its tx open.
///
/// A room without a journal, or with one that has only begun, gives NULL as the position. That is refused, as is an event that
/// the journal has.
pub(super) const PREPARE_PUSHED_ON_SQLITE: &str = "\
     CREATE TEMP VIEW pushed AS SELECT '' AS room_id, '' AS event_id, '' AS source, '' AS correlation, \
     0 AS received_at, '' AS raw, '' AS salt; \
     CREATE TEMP TRIGGER write_pushed INSTEAD OF INSERT ON pushed BEGIN \
       INSERT INTO journal \
       (room_id, position, event_id, source, correlation, received_at, raw, salt) VALUES \
       (NEW.room_id, (SELECT NULLIF(r.last_position, 0) + 1 FROM journal_rooms r WHERE r.room_id = NEW.room_id), \
       NEW.event_id, NEW.source, NEW.correlation, NEW.received_at, NEW.raw, NEW.salt); \
       UPDATE journal_rooms SET last_position = last_position + 1 WHERE room_id = NEW.room_id; \
     END";
static INSERT_PUSHED: ManyRows = ManyRows::new(
    "INSERT INTO temp.pushed (room_id, event_id, source, correlation, received_at, raw, salt) \
     SELECT v.column1, v.column2, ?, ?, ?, v.column3, v.column4 FROM (VALUES ",
    PUSHED_COLUMNS,
    ") AS v WHERE v.column1 IS NOT NULL",
);
/// The number of columns of that list: room, event, raw event and salt.
const PUSHED_COLUMNS: usize = 4;

/// Returns how many events are new, and the rooms that are left over, or NULL if there are none.
///
/// The lists are texts with a separator, because sqlx has no arrays that both databases know.
///
/// The statement sees the database as it was when it began, and waits for others who write the same
/// rooms. If one of them has written events meanwhile, the room's last position is not the one that was
/// seen, and the room is left over. So no event is written twice, and no position is used twice. The
/// rooms are locked in the order of their ids, so that two pushes cannot deadlock.
///
/// `IS TRUE` has PostgreSQL look up the rooms in a hash table. It expects a few rows of each list, and
/// would compare each event with each room.
const WRITE_ON_POSTGRES: &str = "\
     WITH given AS MATERIALIZED ( \
       SELECT g.room_id, g.event_id, g.raw, g.salt, g.number, \
       (SELECT NULLIF(r.last_position, 0) FROM journal_rooms r WHERE r.room_id = g.room_id) AS before \
       FROM unnest(string_to_array($2, $1), string_to_array($3, $1), string_to_array($4, $1), \
       string_to_array($5, $1)) WITH ORDINALITY AS g (room_id, event_id, raw, salt, number) \
     ), new AS MATERIALIZED ( \
       SELECT g.room_id, g.event_id, g.raw, g.salt, g.before, \
       g.before + ROW_NUMBER() OVER (PARTITION BY g.room_id ORDER BY g.number) AS position \
       FROM given g WHERE g.before IS NOT NULL AND (SELECT j.position FROM journal j \
       WHERE j.room_id = g.room_id AND j.event_id = g.event_id) IS NULL \
     ), rooms AS MATERIALIZED ( \
       SELECT room_id, before, MAX(position) AS last FROM new GROUP BY room_id, before \
     ), locked AS MATERIALIZED ( \
       SELECT j.room_id, r.last FROM rooms r JOIN journal_rooms j \
       ON j.room_id = r.room_id AND j.last_position = r.before \
       ORDER BY j.room_id FOR NO KEY UPDATE OF j \
     ), moved AS ( \
       UPDATE journal_rooms SET last_position = l.last FROM locked l \
       WHERE journal_rooms.room_id = l.room_id \
     ), written AS ( \
       INSERT INTO journal \
       (room_id, position, event_id, source, correlation, received_at, raw, salt) \
       SELECT room_id, position, event_id, $6, $7, $8, raw, salt FROM new \
       WHERE (room_id IN (SELECT room_id FROM locked)) IS TRUE RETURNING 1 \
     ) SELECT (SELECT COUNT(*) FROM written), (SELECT string_agg(room_id, $1) FROM ( \
       SELECT room_id FROM given WHERE before IS NULL UNION SELECT room_id FROM rooms \
       WHERE (room_id IN (SELECT room_id FROM locked)) IS NOT TRUE) AS others)";

/// Writes one event on PostgreSQL, in two thirds of the time. It writes nothing if the event is known, or if the room has no
/// journal. If somebody else writes the same event at the same time, the statement is refused.
const WRITE_ONE_ON_POSTGRES: &str = "\
     WITH moved AS ( \
       UPDATE journal_rooms SET last_position = last_position + 1 WHERE room_id = $1 AND last_position > 0 \
       AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.room_id = $1 AND j.event_id = $2) \
       RETURNING last_position \
     ) INSERT INTO journal \
       (room_id, position, event_id, source, correlation, received_at, raw, salt) \
       SELECT $1, last_position, $2, $3, $4, $5, $6, $7 FROM moved";

/// Characters that separate the texts of a list. The first one that is in none of them is used.
const SEPARATORS: [char; 4] = ['\u{1f}', '\u{1e}', '\u{1d}', '\u{1c}'];

/// What was written, and what is left.
pub(super) struct Written<'a> {
    /// The number of events that were written.
    pub(super) new: usize,
    /// The events that [`super::journal`] has to write or to drop.
    pub(super) left: Vec<&'a Arrival>,
}

/// The texts of the columns, each with a separator between the events.
#[derive(Debug, PartialEq, Eq)]
struct Lists {
    separator: String,
    rooms: String,
    events: String,
    raws: String,
    /// The number of events.
    length: usize,
}

/// Writes events by one statement, which is a commit of its own.
pub(super) async fn write_at_once<'a>(
    store: &Store,
    arrivals: &'a [Arrival],
    source: Source,
    correlation: &str,
) -> Result<Written<'a>, StoreError> {
    match &store.writing {
        Writing::Queue(writers) => {
            let mut turn = writers.turn(store.rank, ACQUIRE_TIMEOUT).await?;
            let written = write_on_sqlite(&mut *turn, arrivals, source, correlation).await;
            turn.note(&written);
            written
        }
        Writing::Pool(pool) => {
            if let [only] = arrivals
                && write_one_on_postgres(pool, only, source, correlation).await?
            {
                return Ok(Written { new: 1, left: Vec::new() });
            }
            write_on_postgres(pool, arrivals, source, correlation).await
        }
    }
}

/// Writes events in `tx`, by one statement.
pub(super) async fn write_in<'a>(
    tx: &mut Tx,
    arrivals: &'a [Arrival],
    source: Source,
    correlation: &str,
) -> Result<Written<'a>, StoreError> {
    match tx.kind() {
        DatabaseKind::Sqlite => write_on_sqlite(&mut **tx, arrivals, source, correlation).await,
        DatabaseKind::Postgres => write_on_postgres(&mut **tx, arrivals, source, correlation).await,
    }
}

/// Writes all events, if they are at most [`MAX_ROWS`], all in rooms with a journal, and none is in it. Otherwise it writes
/// nothing. Within a tx, what was written before stays.
async fn write_on_sqlite<'a>(
    connection: impl Executor<'_, Database = Any>,
    arrivals: &'a [Arrival],
    source: Source,
    correlation: &str,
) -> Result<Written<'a>, StoreError> {
    let nothing = || Written { new: 0, left: arrivals.iter().collect() };
    let given = once_each(arrivals);
    if given.is_empty() || given.len() > MAX_ROWS {
        return Ok(nothing());
    }
    match insertion(&given, source, correlation).execute(connection).await {
        Ok(_) => Ok(Written { new: given.len(), left: Vec::new() }),
        Err(error) if is_refused(&error) => Ok(nothing()),
        Err(error) => Err(error),
    }
}

/// Whether a room has no journal, or an event is in it.
fn is_refused(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(error)
        if matches!(error.kind(), ErrorKind::UniqueViolation | ErrorKind::NotNullViolation))
}

/// Returns the statement that inserts these events, of which there are at most [`MAX_ROWS`].
fn insertion(
    arrivals: &[&Arrival],
    source: Source,
    correlation: &str,
) -> Query<'static, Any, AnyArguments> {
    let rows = arrivals.len().next_power_of_two();
    let mut query = sqlx::query(INSERT_PUSHED.on(DatabaseKind::Sqlite, rows));
    query = query.bind(source.as_str()).bind(correlation).bind(now());
    for Arrival { room_id, event_id, raw } in arrivals {
        query = query.bind(room_id).bind(event_id).bind(raw).bind(salt());
    }
    for _ in arrivals.len() * PUSHED_COLUMNS..rows * PUSHED_COLUMNS {
        query = query.bind(None::<&str>);
    }
    query
}

/// Returns each of the events once.
fn once_each(arrivals: &[Arrival]) -> Vec<&Arrival> {
    let mut seen = HashSet::with_capacity(arrivals.len());
    arrivals.iter().filter(|it| seen.insert((&it.room_id, &it.event_id))).collect()
}

/// Returns whether the event was written.
async fn write_one_on_postgres(
    pool: &AnyPool,
    Arrival { room_id, event_id, raw }: &Arrival,
    source: Source,
    correlation: &str,
) -> Result<bool, StoreError> {
    let query = sqlx::query(WRITE_ONE_ON_POSTGRES).bind(room_id).bind(event_id);
    let query = query.bind(source.as_str()).bind(correlation).bind(now()).bind(raw).bind(salt());
    match query.execute(pool).await {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if is_refused(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn write_on_postgres<'a>(
    connection: impl Executor<'_, Database = Any>,
    arrivals: &'a [Arrival],
    source: Source,
    correlation: &str,
) -> Result<Written<'a>, StoreError> {
    let Some(lists) = lists(arrivals) else {
        return Ok(Written { new: 0, left: arrivals.iter().collect() });
    };
    let salts: Vec<String> = (0..lists.length).map(|_| salt()).collect();
    // All rows are read although there is one, because the commit is done when the answer ends.
    let counted: Vec<(i64, Option<String>)> = sqlx::query_as(WRITE_ON_POSTGRES)
        .bind(&lists.separator)
        .bind(&lists.rooms)
        .bind(&lists.events)
        .bind(&lists.raws)
        .bind(salts.join(&lists.separator))
        .bind(source.as_str())
        .bind(correlation)
        .bind(now())
        .fetch_all(connection)
        .await?;
    let (new, others) = counted.into_iter().next().ok_or(StoreError::RowNotFound)?;
    let others = others.as_deref().unwrap_or_default();
    let others: HashSet<&str> = others.split(&*lists.separator).collect();
    // Events without a room are in no list, and the empty text is a room of `others` unless it has some.
    let is_left = |it: &&Arrival| it.room_id.is_empty() || others.contains(&*it.room_id);
    let left = arrivals.iter().filter(is_left).collect();
    Ok(Written { new: usize::try_from(new).unwrap_or_default(), left })
}

/// Returns the lists for those events that have a room, each event once. None: there are no such events,
/// or the texts have all characters that could separate them.
fn lists(arrivals: &[Arrival]) -> Option<Lists> {
    let mut given = once_each(arrivals);
    given.retain(|it| !it.room_id.is_empty());
    let is_used = |separator: char| {
        given.iter().any(|it| {
            [&it.room_id, &it.event_id, &it.raw].into_iter().any(|text| text.contains(separator))
        })
    };
    let separator = SEPARATORS.into_iter().find(|separator| !is_used(*separator))?.to_string();
    let list = |text: fn(&Arrival) -> &str| {
        given.iter().map(|it| text(it)).collect::<Vec<_>>().join(&separator)
    };
    (!given.is_empty()).then(|| Lists {
        rooms: list(|it| &it.room_id),
        events: list(|it| &it.event_id),
        raws: list(|it| &it.raw),
        length: given.len(),
        separator: separator.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use ruma::user_id;

    use super::*;
    use crate::store::Kept;
    use crate::store::tests::opened;

    fn arrival(room: &str, event: &str, raw: &str) -> Arrival {
        Arrival { room_id: room.to_owned(), event_id: event.to_owned(), raw: raw.to_owned() }
    }

    /// Opens a new database in which these rooms have a journal with one event, `$0`.
    async fn with_rooms(folder: &std::path::Path, rooms: &[&str]) -> Store {
        let store = opened(folder).await;
        for room in rooms {
            let begin = "INSERT INTO journal_rooms VALUES ($1, 0, 0)";
            store.run(sqlx::query(begin).bind(*room)).await.unwrap();
            assert_eq!(push(&store, &[arrival(room, "$0", "{}")]).await.unwrap().new, 1);
        }
        store
    }

    async fn push(store: &Store, arrivals: &[Arrival]) -> Result<Kept, StoreError> {
        store.journal_push(arrivals, &[], "test", user_id!("@bot:x")).await
    }

    /// Returns how many events one statement wrote. It wrote all, or none.
    async fn at_once(store: &Store, arrivals: &[Arrival]) -> usize {
        let written = write_at_once(store, arrivals, Source::Push, "test").await.unwrap();
        assert_eq!(written.left.len(), if written.new > 0 { 0 } else { arrivals.len() });
        written.new
    }

    /// Returns the ids of a room's events in their order. Their positions have no gaps.
    async fn journal(store: &Store, room: &str) -> Vec<String> {
        let events = "SELECT event_id, position FROM journal WHERE room_id = $1 ORDER BY position";
        let events: Vec<(String, i64)> =
            sqlx::query_as(events).bind(room).fetch_all(&store.pool).await.unwrap();
        let last = "SELECT last_position FROM journal_rooms WHERE room_id = $1";
        let last: Option<i64> =
            sqlx::query_scalar(last).bind(room).fetch_optional(&store.pool).await.unwrap();
        assert!(
            (1..).zip(&events).all(|(number, (_, position))| number == *position),
            "{events:?}"
        );
        assert_eq!(last.unwrap_or_default(), i64::try_from(events.len()).unwrap());
        events.into_iter().map(|(event, _)| event).collect()
    }

    #[tokio::test]
    async fn one_statement_writes_new_events_of_known_rooms() {
        let folder = tempfile::tempdir().unwrap();
        let store = with_rooms(folder.path(), &["!a:x", "!b:x"]).await;
        let mut expected = [vec!["$0".to_owned()], vec!["$0".to_owned()]];
        for count in [1, 2, 3, 10, 100, MAX_ROWS] {
            let number = |n: usize| format!("${count}-{n}");
            let mut events: Vec<_> = (0..count)
                .map(|n| arrival(["!a:x", "!b:x"][n % 2], &number(n), &format!("{{\"n\":{n}}}")))
                .collect();
            (0..count).for_each(|n| expected[n % 2].push(number(n)));
            if count < MAX_ROWS {
                events.push(arrival("!a:x", &number(0), "{\"is_second\":true}"));
            }
            assert_eq!(at_once(&store, &events).await, count);
            let raw = store.raw("!a:x", &number(0)).await.unwrap();
            assert_eq!(raw.as_deref(), Some("{\"n\":0}"));
        }
        assert_eq!(journal(&store, "!a:x").await, expected[0]);
        assert_eq!(journal(&store, "!b:x").await, expected[1]);
        assert_eq!(at_once(&store, &[]).await, 0);
        let too_many: Vec<_> =
            (0..=MAX_ROWS).map(|n| arrival("!a:x", &format!("$many-{n}"), "{}")).collect();
        assert_eq!(at_once(&store, &too_many).await, 0);
        assert_eq!(push(&store, &too_many).await.unwrap().new, MAX_ROWS + 1);
        let salts = "SELECT COUNT(*), COUNT(DISTINCT salt), MIN(length(salt)), MIN(source), MIN(correlation), MIN(received_at) > 0 \
             FROM journal";
        let salts: (i64, i64, i64, String, String, i64) =
            sqlx::query_as(salts).fetch_one(&store.pool).await.unwrap();
        assert_eq!(salts.0, salts.1);
        assert_eq!((salts.2, &*salts.3, &*salts.4, salts.5), (32, "push", "test", 1));
        store.close().await;
    }

    #[tokio::test]
    async fn known_events_and_unknown_rooms_are_left_to_a_tx() {
        let folder = tempfile::tempdir().unwrap();
        let store = with_rooms(folder.path(), &["!a:x"]).await;
        let begin = "INSERT INTO journal_rooms VALUES ('!begun:x', 0, 0)";
        store.run(sqlx::query(begin)).await.unwrap();
        for odd in [
            arrival("!a:x", "$0", "{}"),
            arrival("!begun:x", "$1", "{}"),
            arrival("!foreign:x", "$1", "{}"),
            arrival("", "$1", "{}"),
        ] {
            let among = [arrival("!a:x", "$1", "{}"), odd, arrival("!a:x", "$2", "{}")];
            assert_eq!(at_once(&store, &among).await, 0);
            assert_eq!(journal(&store, "!a:x").await, ["$0"], "all or nothing");
        }
        let all = [
            arrival("!a:x", "$1", "{}"),
            arrival("!foreign:x", "$1", "{}"),
            arrival("!a:x", "$0", "{}"),
            arrival("", "$1", "{}"),
            arrival("!begun:x", "$1", "{}"),
            arrival("!a:x", "$1", "{}"),
            arrival("!a:x", "$2", "{}"),
        ];
        assert_eq!(push(&store, &all).await.unwrap(), Kept { new: 3, foreign: 2 });
        assert_eq!(push(&store, &all).await.unwrap(), Kept { new: 0, foreign: 2 });
        assert_eq!(journal(&store, "!a:x").await, ["$0", "$1", "$2"]);
        assert_eq!(journal(&store, "!begun:x").await, ["$1"]);
        assert!(journal(&store, "!foreign:x").await.is_empty());
        let more = [arrival("!begun:x", "$2", "{}"), arrival("!a:x", "$3", "{}")];
        assert_eq!(at_once(&store, &more).await, 2);
        store.close().await;
    }

    #[tokio::test]
    async fn a_push_that_fails_leaves_nothing_and_the_next_one_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = with_rooms(folder.path(), &["!a:x"]).await;
        let large = "x".repeat(10_000);
        let events: Vec<_> = (1..=100).map(|n| arrival("!a:x", &format!("${n}"), &large)).collect();
        // The file may not grow, as on a full disk.
        for full in 1..=3 {
            store.run(sqlx::query("PRAGMA max_page_count = 1")).await.unwrap();
            let error = push(&store, &events).await.unwrap_err();
            assert!(error.to_string().contains("full"), "{error}");
            store.run(sqlx::query("PRAGMA max_page_count = 1000000")).await.unwrap();
            assert_eq!(journal(&store, "!a:x").await.len(), full);
            let next = arrival("!a:x", &format!("$after-{full}"), "{}");
            assert_eq!(at_once(&store, &[next]).await, 1);
            store.begin().await.unwrap().commit().await.unwrap();
        }
        assert_eq!(at_once(&store, &events).await, 100);
        assert_eq!(journal(&store, "!a:x").await.len(), 104);
        store.close().await;
    }

    #[tokio::test]
    async fn a_push_that_nobody_waits_for_any_more_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = with_rooms(folder.path(), &["!a:x"]).await;
        for polls in 0..20 {
            let before = journal(&store, "!a:x").await.len();
            let events: Vec<_> =
                (0..100).map(|n| arrival("!a:x", &format!("${polls}-{n}"), "{}")).collect();
            {
                let mut left = pin!(push(&store, &events));
                for _ in 0..polls {
                    if poll_fn(|context| Poll::Ready(left.as_mut().poll(context).is_ready())).await
                    {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            // Whoever writes next waits until it is over.
            assert_eq!(
                at_once(&store, &[arrival("!a:x", &format!("$next-{polls}"), "{}")]).await,
                1
            );
            let written = journal(&store, "!a:x").await.len() - before - 1;
            assert!([0, 100].contains(&written), "{written}");
            assert_eq!(push(&store, &events).await.unwrap().new, 100 - written);
            store.begin().await.unwrap().commit().await.unwrap();
        }
        assert_eq!(journal(&store, "!a:x").await.len(), 1 + 20 * 101);
        store.close().await;
    }

    #[test]
    fn each_event_with_a_room_is_in_the_lists_once() {
        let arrivals = [
            arrival("!a:x", "$1", "{\"n\":1}"),
            arrival("", "$2", "{}"),
            arrival("!a:x", "$1", "{\"n\":2}"),
            arrival("!b:x", "$1", "{\"n\":3}"),
        ];
        let lists = lists(&arrivals).unwrap();
        assert_eq!(lists.rooms, "!a:x\u{1f}!b:x");
        assert_eq!(lists.events, "$1\u{1f}$1");
        assert_eq!(lists.raws, "{\"n\":1}\u{1f}{\"n\":3}");
        assert_eq!(lists.length, 2);
    }

    #[test]
    fn the_separator_is_in_none_of_the_texts() {
        let odd = [arrival("!a\u{1f}:x", "$1", "{}"), arrival("!b:x", "$\u{1e}", "{}")];
        assert_eq!(lists(&odd).unwrap().separator, "\u{1d}");
        let all: String = SEPARATORS.into_iter().collect();
        assert_eq!(lists(&[arrival("!a:x", &all, "{}")]), None);
        assert_eq!(lists(&[arrival("", "$1", "{}")]), None);
    }
}
