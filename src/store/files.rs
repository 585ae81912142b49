//! The files that messages name, and what is to be done about each of them.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::from_json;
use super::many_rows::ManyRows;
use super::{Snapshot, Store, StoreError, Tx, file_acts};
use crate::clock::now;
use crate::config::DatabaseKind;
use crate::notices::Work;
use crate::record::{Attachment, AttachmentKey, key_in};

static UPSERT_WANTED_FILES: ManyRows = ManyRows::new(
    "INSERT INTO files (mxc, state, due_at, server, shop) VALUES ",
    5,
    " ON CONFLICT (mxc) DO UPDATE SET state = 'wanted', due_at = excluded.due_at, failures = 0, \
     refusals = 0, failing_since = NULL, given_up_at = NULL, shop = excluded.shop \
     WHERE files.state IN ('unwanted', 'erased')",
);
static COUNT_NAMINGS: ManyRows = ManyRows::new(
    "UPDATE files SET namings = namings + v.column2 FROM (VALUES ",
    2,
    ") AS v WHERE files.mxc = v.column1",
);
static INSERT_ENTRY_FILES: ManyRows = ManyRows::new(
    "INSERT INTO entry_files (transaction_id, seq, mxc) VALUES ",
    3,
    " ON CONFLICT (transaction_id, seq, mxc) DO NOTHING",
);
const SELECT_SHOP: &str = "SELECT shop FROM transactions WHERE id = $1";
const SELECT_FILES_OF_ENTRY: &str =
    "SELECT mxc FROM entry_files WHERE transaction_id = $1 AND seq = $2";
/// The entries are looked up within the list, because otherwise SQLite would go through all of the table.
static DELETE_NAMINGS: ManyRows = ManyRows::new(
    "DELETE FROM entry_files WHERE (transaction_id, seq, mxc) IN \
     (SELECT n.transaction_id, n.seq, n.mxc FROM (VALUES ",
    2,
    ") AS v CROSS JOIN entry_files n WHERE n.transaction_id = v.column1 AND n.seq = v.column2) \
     RETURNING transaction_id, mxc",
);
/// The second column is when they are due.
static SET_UNWANTED_IF_UNNAMED: ManyRows = ManyRows::new(
    "UPDATE files SET state = 'unwanted', due_at = v.column2, problem = NULL FROM (VALUES ",
    2,
    ") AS v WHERE files.mxc = v.column1 \
     AND NOT EXISTS (SELECT 1 FROM entry_files n WHERE n.mxc = v.column1)",
);
/// Each shop has a queue of its own. It holds first the files that need no other homeserver, and
/// then one file for each other homeserver that may be asked now. The shops take turns: the first
/// files of all queues come first, then the second ones.
const SELECT_DUE_FILES: &str = "\
     SELECT mxc, state, failures, refusals, sha256, server, shop, far, \
     server_failures FROM ( \
       SELECT d.*, ROW_NUMBER() OVER (PARTITION BY shop ORDER BY far, due_at, mxc) AS turn FROM ( \
         SELECT f.mxc, f.state, f.failures, f.refusals, f.sha256, f.due_at, \
           COALESCE(f.server, '') AS server, COALESCE(f.shop, '') AS shop, \
           CAST(CASE WHEN f.state <> 'wanted' OR f.server = $2 THEN 0 ELSE 1 END AS BIGINT) \
             AS far, \
           COALESCE(s.failures, 0) AS server_failures, \
           ROW_NUMBER() OVER (PARTITION BY f.shop, f.server, f.state ORDER BY f.due_at, f.mxc) \
             AS of_server \
         FROM files f LEFT JOIN media_servers s ON s.name = f.server \
         WHERE f.due_at <= $1 AND (f.state <> 'wanted' OR s.name IS NULL OR s.retry_at <= $1) \
       ) d WHERE far = 0 OR of_server = 1 \
     ) t WHERE turn <= $3 ORDER BY turn, due_at LIMIT $3";
const SELECT_FILES_WITHOUT_SERVER: &str =
    "SELECT mxc FROM files WHERE due_at IS NOT NULL AND server IS NULL LIMIT 500";
const SET_SERVER_AND_SHOP: &str = "UPDATE files SET server = $2, shop = (SELECT MIN(t.shop) \
     FROM entry_files n JOIN transactions t ON t.id = n.transaction_id WHERE n.mxc = files.mxc) \
     WHERE mxc = $1";
const UPSERT_SERVER_FAILURE: &str = "INSERT INTO media_servers (name, failures, retry_at) \
     VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET failures = media_servers.failures + 1, \
     retry_at = excluded.retry_at";
const DELETE_SERVER_FAILURE: &str = "DELETE FROM media_servers WHERE name = $1";
const DELETE_SERVER_FAILURES: &str = "DELETE FROM media_servers";
const MAKE_FAILED_FILES_DUE: &str = "UPDATE files SET due_at = $1 \
     WHERE state = 'wanted' AND failures > refusals AND due_at > $1";
/// The columns of a [`FileRow`], with `f` for the file.
macro_rules! file_columns {
    () => {
        "f.mxc, f.state, f.failures, f.problem, f.sha256, f.size, f.media_type, f.stored_at, \
         (SELECT p.width FROM first_pages p WHERE p.sha256 = f.sha256) AS page_width, \
         (SELECT p.height FROM first_pages p WHERE p.sha256 = f.sha256) AS page_height"
    };
}
pub(super) use file_columns;

const SELECT_FILES_OF_RECORD: &str = concat!(
    "SELECT DISTINCT ",
    file_columns!(),
    " FROM entry_files n JOIN files f ON f.mxc = n.mxc WHERE n.transaction_id = $1 ORDER BY f.mxc"
);
const SELECT_FILES_OF_ENTRIES: &str = concat!(
    "SELECT DISTINCT ",
    file_columns!(),
    " FROM entry_files n JOIN files f ON f.mxc = n.mxc \
     WHERE n.transaction_id = $1 AND n.seq >= $2 AND n.seq <= $3"
);
const SET_STORED: &str = "UPDATE files SET state = 'stored', due_at = $5, failures = 0, \
     noted = 0, refusals = 0, failing_since = NULL, problem = NULL, sha256 = $2, size = $3, \
     media_type = $4, stored_at = $6 \
     WHERE mxc = $1 AND state = 'wanted'";
/// Locks files in the order of their ids, on PostgreSQL only. Without it, two txs that change some of the same files
/// could wait for each other.
static LOCK_FILES: ManyRows = ManyRows::locking(
    "SELECT f.mxc FROM (VALUES ",
    1,
    ") AS v JOIN files f ON f.mxc = v.column1",
    " ORDER BY f.mxc FOR NO KEY UPDATE OF f",
);
static POSTPONE_FILES: ManyRows = ManyRows::new(
    "UPDATE files SET failures = failures + 1, refusals = refusals + v.column4, \
     due_at = v.column2, problem = v.column3, failing_since = COALESCE(failing_since, v.column5) \
     FROM (VALUES ",
    5,
    ") AS v WHERE files.mxc = v.column1",
);
static GIVE_UP_FILES: ManyRows = ManyRows::new(
    "UPDATE files SET state = v.column2, due_at = NULL, problem = v.column3, \
     given_up_at = v.column4, failing_since = COALESCE(failing_since, v.column4) FROM (VALUES ",
    4,
    ") AS v WHERE files.mxc = v.column1 AND files.state = 'wanted'",
);
const SET_DIGEST: &str = "UPDATE files SET sha256 = $2 WHERE mxc = $1 AND state = 'wanted'";
const SET_ERASED: &str = "UPDATE files SET state = 'erased', due_at = NULL, problem = NULL, \
     sha256 = NULL, size = NULL, media_type = NULL, stored_at = NULL \
     WHERE mxc = $1 AND state = 'unwanted'";
const SET_EXPIRY: &str = "UPDATE files SET due_at = stored_at + $1 WHERE state = 'stored'";
/// Those of mails that are held back, and of messages that are not in the room yet, count as well.
const COUNT_OTHERS_WITH_DIGEST: &str = "SELECT (SELECT COUNT(*) FROM files WHERE sha256 = $1 \
     AND mxc <> $2 AND state IN ('wanted', 'stored')) \
     + (SELECT COUNT(*) FROM held_parts WHERE sha256 = $1) \
     + (SELECT COUNT(*) FROM outgoing WHERE sha256 = $1)";
/// Of several files with the same bytes, the first in the record counts, because the download has
/// its name. The order in which the files were fetched must not matter.
const SELECT_FILE_WITH_DIGEST: &str = concat!(
    "SELECT ",
    file_columns!(),
    " FROM files f JOIN entry_files n ON n.mxc = f.mxc \
     WHERE f.sha256 = $2 AND f.state = 'stored' AND n.transaction_id = $1 \
     ORDER BY n.seq, n.mxc LIMIT 1"
);
const SELECT_FIRST_ATTACHMENTS: &str = "SELECT e.attachments FROM entry_files n JOIN entries e \
     ON e.transaction_id = n.transaction_id AND e.seq = n.seq \
     WHERE n.transaction_id = $1 AND n.mxc = $2 ORDER BY n.seq LIMIT 1";

const SELECT_RAW_EVENT_NAMING: &str = "SELECT j.raw FROM entry_files n JOIN entries e \
     ON e.transaction_id = n.transaction_id AND e.seq = n.seq \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE n.mxc = $1 AND j.raw IS NOT NULL LIMIT 1";

/// A file that messages name.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct FileRow {
    /// The identity of the file: [`Attachment::source`], which is the address, with the digest of
    /// the key if the file is encrypted.
    pub mxc: String,
    /// `wanted` (not fetched yet), `stored`, `refused` (too large, or not what its event says),
    /// `missing` (the homeserver does not have it), `expired` (kept as long as configured),
    /// `unwanted` (no entry names it any more) or `erased`.
    pub state: String,
    /// The number of failed attempts in a row.
    pub failures: i64,
    /// Why the file is not stored.
    pub problem: Option<String>,
    /// The SHA-256 of its bytes as hex. This is its address in the file store.
    pub sha256: Option<String>,
    /// The size in bytes.
    pub size: Option<i64>,
    /// The media type, detected from the first bytes.
    pub media_type: Option<String>,
    /// When the file was stored, in milliseconds since 1970.
    pub stored_at: Option<i64>,
    /// The width in pixels of the picture of its first page, if it has one.
    pub page_width: Option<i64>,
    /// The height in pixels of the picture of its first page, if it has one.
    pub page_height: Option<i64>,
}

/// A file that is due, and the values that decide when it is its turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct DueFile {
    /// As in [`FileRow`].
    pub mxc: String,
    /// As in [`FileRow`].
    pub state: String,
    /// The number of failed attempts in a row.
    pub failures: i64,
    /// The number of them that were refusals.
    pub refusals: i64,
    /// As in [`FileRow`].
    pub sha256: Option<String>,
    /// The homeserver that the file is from. Empty if it is unknown.
    pub server: String,
    /// The shop whose record named the file first. Empty if it is unknown.
    pub shop: String,
    /// 1 if the file has to be fetched from another homeserver, otherwise 0.
    pub far: i64,
    /// The number of failed attempts in a row to fetch any file from that homeserver.
    pub server_failures: i64,
}

/// A failed try to fetch a file, or to do something else about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTry {
    /// As in [`FileRow`].
    pub mxc: String,
    /// Why it failed.
    pub problem: String,
    /// What follows from it.
    pub next: AfterFailure,
}

/// What follows from a failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The file is given up, as `refused` or `missing`, until an administrator retries it.
    GivenUp(&'static str),
    /// There is another try.
    Retry {
        /// When, in milliseconds since 1970.
        at: i64,
        /// Whether the failed try was a refusal.
        is_refusal: bool,
    },
}

impl Store {
    /// Returns at most `limit` files that are due, in an order that is fair to all shops.
    /// `our_server` is the name of our homeserver. Files of unreachable homeservers are left out
    /// until the next retry.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_files(
        &self,
        our_server: &str,
        limit: i64,
    ) -> Result<Vec<DueFile>, StoreError> {
        sqlx::query_as(SELECT_DUE_FILES)
            .bind(now())
            .bind(our_server)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }

    /// Sets the homeserver and the shop of files from versions without these columns.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn complete_files(&self) -> Result<(), StoreError> {
        loop {
            let files: Vec<String> =
                sqlx::query_scalar(SELECT_FILES_WITHOUT_SERVER).fetch_all(&self.pool).await?;
            if files.is_empty() {
                return Ok(());
            }
            for mxc in files {
                self.run(sqlx::query(SET_SERVER_AND_SHOP).bind(&mxc).bind(server_of(&mxc))).await?;
            }
        }
    }

    /// Notes that a file could not be fetched from another homeserver. Nothing is fetched from
    /// there before `retry_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn media_server_failed(&self, name: &str, retry_at: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(UPSERT_SERVER_FAILURE).bind(name).bind(retry_at)).await
    }

    /// Notes that another homeserver answers.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn media_server_answered(&self, name: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_SERVER_FAILURE).bind(name)).await
    }

    /// Makes all files due that wait because of a failure that was no refusal.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn wake_failed_files(&self) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_SERVER_FAILURES)).await?;
        self.run(sqlx::query(MAKE_FAILED_FILES_DUE).bind(now())).await?;
        self.hints.files.notify_one();
        Ok(())
    }

    /// Returns the key with this digest of an encrypted file. Only the raw events that name the
    /// file hold the key, so it is none once they are erased.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_key(
        &self,
        mxc: &str,
        digest: &str,
    ) -> Result<Option<AttachmentKey>, StoreError> {
        let raw: Option<String> = sqlx::query_scalar(SELECT_RAW_EVENT_NAMING)
            .bind(mxc)
            .fetch_optional(&self.pool)
            .await?;
        Ok(raw.and_then(|raw| key_in(&raw, digest)))
    }

    /// Returns the files that the entries from `first` to `last` name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn files_of_entries(
        &self,
        id: Ulid,
        first: i64,
        last: i64,
    ) -> Result<Vec<FileRow>, StoreError> {
        sqlx::query_as(SELECT_FILES_OF_ENTRIES)
            .bind(id.to_string())
            .bind(first)
            .bind(last)
            .fetch_all(&self.pool)
            .await
    }

    /// Notes the digest of a file before its bytes are put into the file store, so that the bytes
    /// can be found there even after a crash. Returns false if the file is no longer wanted.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_arrived(&self, mxc: &str, sha256: &str) -> Result<bool, StoreError> {
        Ok(self.write_one(sqlx::query(SET_DIGEST).bind(mxc).bind(sha256)).await? == 1)
    }

    /// Notes that a file is in the file store. It is to be deleted at `expires_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_stored(
        &self,
        mxc: &str,
        sha256: &str,
        size: i64,
        media_type: Option<&str>,
        expires_at: Option<i64>,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(SET_STORED)
                .bind(mxc)
                .bind(sha256)
                .bind(size)
                .bind(media_type)
                .bind(expires_at)
                .bind(now()),
        )
        .await
    }

    /// Sets how long stored files are kept from the time of storing, in milliseconds. None: as long
    /// as the record.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn keep_files_for(&self, milliseconds: Option<i64>) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_EXPIRY).bind(milliseconds)).await
    }

    /// Notes failed tries of different files in one commit.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn files_failed(&self, tries: &[FailedTry]) -> Result<(), StoreError> {
        let now = now();
        let (mut given_up, mut postponed) = (Vec::new(), Vec::new());
        for FailedTry { mxc, problem, next } in tries {
            let (mxc, problem) = (mxc.as_str(), problem.as_str());
            match *next {
                AfterFailure::GivenUp(state) => given_up.push((mxc, state, problem, now)),
                AfterFailure::Retry { at, is_refusal } => {
                    postponed.push((mxc, at, problem, i64::from(is_refusal), now));
                }
            }
        }
        let files: Vec<&str> = tries.iter().map(|it| it.mxc.as_str()).collect();
        let mut tx = self.begin().await?;
        lock(&mut tx, &files).await?;
        GIVE_UP_FILES.change(&mut tx, &given_up).await?;
        POSTPONE_FILES.change(&mut tx, &postponed).await?;
        tx.commit().await
    }

    /// Notes that a file that is no longer wanted is deleted from the file store.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_erased(&self, mxc: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ERASED).bind(mxc)).await
    }

    /// Returns a stored file with this digest that the record names.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_with_digest(
        &self,
        id: Ulid,
        sha256: &str,
    ) -> Result<Option<FileRow>, StoreError> {
        sqlx::query_as(SELECT_FILE_WITH_DIGEST)
            .bind(id.to_string())
            .bind(sha256)
            .fetch_optional(&self.pool)
            .await
    }

    /// Returns the name that the sender gave to a file, from the first entry of this record that
    /// names the file.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn file_name(&self, id: Ulid, mxc: &str) -> Result<Option<String>, StoreError> {
        let json: Option<String> = sqlx::query_scalar(SELECT_FIRST_ATTACHMENTS)
            .bind(id.to_string())
            .bind(mxc)
            .fetch_optional(&self.pool)
            .await?;
        let Some(json) = json else { return Ok(None) };
        let attachments: Vec<Attachment> = from_json("attachments", &json)?;
        Ok(attachments.into_iter().find(|it| it.source().as_deref() == Some(mxc)).map(|it| it.name))
    }

    /// Returns true if another file that is kept has the same bytes. The bytes have to stay then.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_is_shared(&self, sha256: &str, mxc: &str) -> Result<bool, StoreError> {
        let others: i64 = sqlx::query_scalar(COUNT_OTHERS_WITH_DIGEST)
            .bind(sha256)
            .bind(mxc)
            .fetch_one(&self.pool)
            .await?;
        Ok(others > 0)
    }
}

impl Snapshot {
    /// Returns the files that a record names.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn files(&mut self, id: Ulid) -> Result<Vec<FileRow>, StoreError> {
        sqlx::query_as(SELECT_FILES_OF_RECORD).bind(id.to_string()).fetch_all(&mut *self.tx).await
    }
}

/// Returns the homeserver that a file is from, or an empty text if the address is invalid.
fn server_of(mxc: &str) -> &str {
    let rest = mxc.strip_prefix("mxc://").unwrap_or_default();
    rest.split_once('/').map_or("", |(server, _)| server)
}

/// A file that an entry names.
pub(super) struct Wanted<'a> {
    pub(super) transaction_id: &'a str,
    /// The number of the entry.
    pub(super) seq: i64,
    pub(super) mxc: String,
    /// The shop of the transaction.
    pub(super) shop: &'a str,
}

/// Notes that entries name files. Files are fetched unless they are stored already.
pub(super) async fn want(tx: &mut Tx, wanted: &[Wanted<'_>]) -> Result<(), StoreError> {
    if !wanted.is_empty() {
        tx.makes(Work::Files);
    }
    // For each file, the shop that names it first, and the number of namings. The order is fixed
    // because the rows are locked in it.
    let mut files: BTreeMap<&str, (&str, i64)> = BTreeMap::new();
    for file in wanted {
        files.entry(&file.mxc).or_insert((file.shop, 0)).1 += 1;
    }
    let due_at = now();
    let rows: Vec<_> = files
        .iter()
        .map(|(mxc, (shop, _))| (*mxc, "wanted", due_at, server_of(mxc), *shop))
        .collect();
    UPSERT_WANTED_FILES.insert(tx, &rows).await?;
    let namings: Vec<_> = files.into_iter().map(|(mxc, (_, namings))| (mxc, namings)).collect();
    COUNT_NAMINGS.change(tx, &namings).await?;
    let of_entries: Vec<_> =
        wanted.iter().map(|it| (it.transaction_id, it.seq, it.mxc.as_str())).collect();
    INSERT_ENTRY_FILES.insert(tx, &of_entries).await
}

/// Notes that entries (transaction and number) no longer name their files. Files that no entry names
/// are to be deleted.
pub(super) async fn release(tx: &mut Tx, entries: &[(&str, i64)]) -> Result<(), StoreError> {
    let namings: Vec<(String, String)> = DELETE_NAMINGS.select(tx, entries).await?;
    if namings.is_empty() {
        return Ok(());
    }
    tx.makes(Work::Files);
    let files: BTreeSet<&str> = namings.iter().map(|(_, mxc)| mxc.as_str()).collect();
    lock(tx, &files.iter().copied().collect::<Vec<_>>()).await?;
    let due_at = now();
    let files: Vec<_> = files.into_iter().map(|mxc| (mxc, due_at)).collect();
    SET_UNWANTED_IF_UNNAMED.change(tx, &files).await?;
    let of_records: BTreeSet<_> =
        namings.iter().map(|(id, mxc)| (id.as_str(), mxc.as_str())).collect();
    file_acts::released(tx, &of_records.into_iter().collect::<Vec<_>>()).await
}

/// Locks these files in a fixed order. On SQLite, a tx that writes has locked everything.
async fn lock(tx: &mut Tx, files: &[&str]) -> Result<(), StoreError> {
    if tx.kind() == DatabaseKind::Postgres && files.len() > 1 {
        let _locked: Vec<(String,)> = LOCK_FILES.select(tx, files).await?;
    }
    Ok(())
}

/// Replaces the files that an entry names.
pub(super) async fn rename(
    tx: &mut Tx,
    transaction_id: &str,
    seq: i64,
    attachments: &[Attachment],
) -> Result<(), StoreError> {
    let named: Vec<String> = sqlx::query_scalar(SELECT_FILES_OF_ENTRY)
        .bind(transaction_id)
        .bind(seq)
        .fetch_all(&mut **tx)
        .await?;
    let names: Vec<String> = attachments.iter().filter_map(Attachment::source).collect();
    if named.iter().all(|mxc| names.contains(mxc)) && named.len() == names.len() {
        return Ok(());
    }
    release(tx, &[(transaction_id, seq)]).await?;
    let shop: String =
        sqlx::query_scalar(SELECT_SHOP).bind(transaction_id).fetch_one(&mut **tx).await?;
    let wanted = |mxc| Wanted { transaction_id, seq, mxc, shop: &shop };
    want(tx, &names.into_iter().map(wanted).collect::<Vec<_>>()).await
}
