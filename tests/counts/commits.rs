//! Counts the commits that wrote something, which are those that wait for the disk.
//!
//! sqlx does not log all of them: a statement outside a tx is a commit of its own, and SQLite's
//! driver logs no `COMMIT`. So the databases are asked.

use std::fs;

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

/// Makes a trigger on each table, which notes the id of the tx that changes a row.
const NOTE_COMMITS: &str = "\
    CREATE SCHEMA counting;
    CREATE TABLE counting.commits (tx XID8 PRIMARY KEY);
    CREATE FUNCTION counting.note() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO counting.commits VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    DO $$ DECLARE name TEXT; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('CREATE TRIGGER counting AFTER INSERT OR UPDATE OR DELETE ON %I \
                            FOR EACH ROW EXECUTE FUNCTION counting.note()', name);
        END LOOP;
    END $$";

/// The sizes of a WAL file's header and of a frame's header, in bytes (<https://www.sqlite.org/fileformat2.html#walformat>).
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Counts the commits of one database.
pub enum Commits {
    /// The commits in the write-ahead log. The connection reads in a tx while it is counted, so
    /// that SQLite does not begin the log again from its start.
    Sqlite { wal: String, reader: SqliteConnection },
    /// The ids that the triggers have noted.
    Postgres { connection: PgConnection },
}

impl Commits {
    /// Prepares a database that has its tables already.
    pub async fn of(url: &str) -> Self {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let mut reader = SqliteConnection::connect(url).await.unwrap();
            reader
                .execute("PRAGMA busy_timeout = 15000; PRAGMA wal_autocheckpoint = 0")
                .await
                .unwrap();
            return Self::Sqlite { wal: format!("{file}-wal"), reader };
        }
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute(NOTE_COMMITS).await.unwrap();
        Self::Postgres { connection }
    }

    /// Returns the number of commits before the work that is counted.
    pub async fn begin(&mut self) -> u64 {
        if let Self::Sqlite { reader, .. } = self {
            // A reader of a log without frames would not keep the log as it is.
            reader.execute("PRAGMA user_version = 1").await.unwrap();
            reader.execute("BEGIN; SELECT COUNT(*) FROM transactions").await.unwrap();
        }
        self.number().await
    }

    /// Returns the number of commits after the work that is counted.
    pub async fn end(&mut self) -> u64 {
        let number = self.number().await;
        if let Self::Sqlite { reader, .. } = self {
            reader.execute("ROLLBACK").await.unwrap();
        }
        number
    }

    async fn number(&mut self) -> u64 {
        match self {
            Self::Sqlite { wal, .. } => commits_in(&fs::read(wal).unwrap()),
            Self::Postgres { connection } => {
                let count = sqlx::query_scalar("SELECT COUNT(*) FROM counting.commits");
                let number: i64 = count.fetch_one(connection).await.unwrap();
                u64::try_from(number).unwrap()
            }
        }
    }
}

/// Returns the number of commits in a write-ahead log: of frames that have the size of the
/// database after a commit. Frames with other salts are left from an earlier log.
fn commits_in(wal: &[u8]) -> u64 {
    let number = |at: usize| u32::from_be_bytes(wal[at..at + 4].try_into().unwrap());
    let page_size = usize::try_from(number(8)).unwrap();
    let frames = (WAL_HEADER..).step_by(FRAME_HEADER + page_size);
    frames
        .take_while(|frame| frame + FRAME_HEADER + page_size <= wal.len())
        .take_while(|frame| wal[frame + 8..frame + 16] == wal[16..24])
        .filter(|frame| number(frame + 4) != 0)
        .count()
        .try_into()
        .unwrap()
}
