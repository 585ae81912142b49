//! Files that messages name: what is known of each, and what is to be done about it.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::from_json;
use super::{Snapshot, Store, StoreError, Tx, file_acts};
use crate::clock::now;
use crate::record::{Attachment, AttachmentKey, key_in};

const WANT: &str = "INSERT INTO files (mxc, state, due_at, server, shop) VALUES ($1, 'wanted', \
     $2, $3, (SELECT shop FROM transactions WHERE id = $4)) \
     ON CONFLICT (mxc) DO UPDATE SET state = 'wanted', due_at = excluded.due_at, failures = 0, \
     refusals = 0, failing_since = NULL, given_up_at = NULL, shop = excluded.shop WHERE files.state IN ('unwanted', 'erased')";
const NAMED_AGAIN: &str = "UPDATE files SET namings = namings + 1 WHERE mxc = $1";
const NAME: &str = "INSERT INTO entry_files (transaction_id, seq, mxc) VALUES ($1, $2, $3) \
     ON CONFLICT (transaction_id, seq, mxc) DO NOTHING";
const OF_ENTRY: &str = "SELECT mxc FROM entry_files WHERE transaction_id = $1 AND seq = $2";
const UNNAME: &str = "DELETE FROM entry_files WHERE transaction_id = $1 AND seq = $2";
const RELEASE: &str = "UPDATE files SET state = 'unwanted', due_at = $2, problem = NULL \
     WHERE mxc = $1 AND NOT EXISTS (SELECT 1 FROM entry_files n WHERE n.mxc = files.mxc)";
/// Each shop has its files in a line of its own: first those that need no other homeserver, then
/// one for each other homeserver that may be asked now. The heads of all lines come first.
const DUE: &str = "SELECT mxc, state, failures, refusals, sha256, server, shop, far, \
     server_failures FROM ( \
       SELECT d.*, ROW_NUMBER() OVER (PARTITION BY shop ORDER BY far, due_at, mxc) AS turn FROM ( \
         SELECT f.mxc, f.state, f.failures, f.refusals, f.sha256, f.due_at, \
           COALESCE(f.server, '') AS server, COALESCE(f.shop, '') AS shop, \
           CAST(CASE WHEN f.state <> 'wanted' OR f.server = $2 THEN 0 ELSE 1 END AS BIGINT) AS far, \
           COALESCE(s.failures, 0) AS server_failures, \
           ROW_NUMBER() OVER (PARTITION BY f.shop, f.server, f.state ORDER BY f.due_at, f.mxc) \
             AS of_server \
         FROM files f LEFT JOIN media_servers s ON s.name = f.server \
         WHERE f.due_at <= $1 AND (f.state <> 'wanted' OR s.name IS NULL OR s.retry_at <= $1) \
       ) d WHERE far = 0 OR of_server = 1 \
     ) t WHERE turn <= $3 ORDER BY turn, due_at LIMIT $3";
const INCOMPLETE: &str =
    "SELECT mxc FROM files WHERE due_at IS NOT NULL AND server IS NULL LIMIT 500";
const COMPLETE: &str = "UPDATE files SET server = $2, shop = (SELECT MIN(t.shop) \
     FROM entry_files n JOIN transactions t ON t.id = n.transaction_id WHERE n.mxc = files.mxc) \
     WHERE mxc = $1";
const SERVER_FAILED: &str = "INSERT INTO media_servers (name, failures, retry_at) \
     VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET failures = media_servers.failures + 1, \
     retry_at = excluded.retry_at";
const SERVER_ANSWERED: &str = "DELETE FROM media_servers WHERE name = $1";
const ALL_SERVERS_ANSWER: &str = "DELETE FROM media_servers";
const WAKE_FAILED: &str = "UPDATE files SET due_at = $1 \
     WHERE state = 'wanted' AND failures > refusals AND due_at > $1";
const OF_RECORD: &str = "SELECT DISTINCT f.mxc, f.state, f.failures, f.problem, f.sha256, f.size, \
     f.media_type, f.stored_at FROM entry_files n JOIN files f ON f.mxc = n.mxc \
     WHERE n.transaction_id = $1 ORDER BY f.mxc";
const OF_SEQS: &str = "SELECT DISTINCT f.mxc, f.state, f.failures, f.problem, f.sha256, f.size, \
     f.media_type, f.stored_at FROM entry_files n JOIN files f ON f.mxc = n.mxc \
     WHERE n.transaction_id = $1 AND n.seq >= $2 AND n.seq <= $3";
const STORED: &str = "UPDATE files SET state = 'stored', due_at = $5, failures = 0, \
     noted = 0, refusals = 0, failing_since = NULL, problem = NULL, sha256 = $2, size = $3, media_type = $4, stored_at = $6 \
     WHERE mxc = $1 AND state = 'wanted'";
const POSTPONED: &str = "UPDATE files SET failures = failures + 1, refusals = refusals + $4, \
     due_at = $2, problem = $3, failing_since = COALESCE(failing_since, $5) WHERE mxc = $1";
const GIVEN_UP: &str = "UPDATE files SET state = $2, due_at = NULL, problem = $3, \
     given_up_at = $4, failing_since = COALESCE(failing_since, $4) \
     WHERE mxc = $1 AND state = 'wanted'";
const ARRIVED: &str = "UPDATE files SET sha256 = $2 WHERE mxc = $1 AND state = 'wanted'";
const ERASED: &str = "UPDATE files SET state = 'erased', due_at = NULL, problem = NULL, \
     sha256 = NULL, size = NULL, media_type = NULL, stored_at = NULL \
     WHERE mxc = $1 AND state = 'unwanted'";
const KEEP_FOR: &str = "UPDATE files SET due_at = stored_at + $1 WHERE state = 'stored'";
const OTHERS: &str = "SELECT COUNT(*) FROM files WHERE sha256 = $1 AND mxc <> $2 \
     AND state IN ('wanted', 'stored')";
/// Of several with the same bytes, the one that was named first: by its name they are handed out, and
/// that must not depend on the order in which they were fetched.
const OF_DIGEST: &str = "SELECT f.mxc, f.state, f.failures, f.problem, f.sha256, f.size, \
     f.media_type, f.stored_at FROM files f JOIN entry_files n ON n.mxc = f.mxc \
     WHERE f.sha256 = $2 AND f.state = 'stored' AND n.transaction_id = $1 \
     ORDER BY n.seq, n.mxc LIMIT 1";
const NAMES: &str = "SELECT e.attachments FROM entry_files n JOIN entries e \
     ON e.transaction_id = n.transaction_id AND e.seq = n.seq \
     WHERE n.transaction_id = $1 AND n.mxc = $2 ORDER BY n.seq LIMIT 1";

const RAW_EVENTS: &str = "SELECT j.raw FROM entry_files n JOIN entries e \
     ON e.transaction_id = n.transaction_id AND e.seq = n.seq \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE n.mxc = $1 AND j.raw IS NOT NULL LIMIT 1";

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct FileRow {
    /// Which file it is: [`Attachment::source`], the address with the digest of the key if it came
    /// encrypted.
    pub mxc: String,
    /// `wanted` (not fetched yet), `stored`, `refused` (too large, or not what its event says),
    /// `missing` (the homeserver does
    /// not have it), `expired` (kept as long as configured), `unwanted` (no entry names it any
    /// more), `erased`.
    pub state: String,
    /// Failed tries in a row.
    pub failures: i64,
    /// Why it is not here.
    pub problem: Option<String>,
    /// SHA-256 of its bytes, hex: its address in the file store.
    pub sha256: Option<String>,
    /// Bytes.
    pub size: Option<i64>,
    /// As its first bytes say.
    pub media_type: Option<String>,
    /// Milliseconds since 1970.
    pub stored_at: Option<i64>,
}

/// A file to do something about, and what decides whose turn it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct DueFile {
    /// As in [`FileRow`].
    pub mxc: String,
    /// As in [`FileRow`].
    pub state: String,
    /// Failed tries in a row.
    pub failures: i64,
    /// How many of them were refusals.
    pub refusals: i64,
    /// As in [`FileRow`].
    pub sha256: Option<String>,
    /// The homeserver that it is from; empty if that is not known.
    pub server: String,
    /// Whose record named it first; empty if that is not known.
    pub shop: String,
    /// 1: another homeserver has to be asked for it.
    pub far: i64,
    /// Failed tries in a row to fetch anything from that homeserver.
    pub server_failures: i64,
}

impl Store {
    /// Files to do something about now, at most `limit`, in an order that is fair to all shops.
    /// `our_server` is the name of our homeserver. Files of other homeservers that could not be
    /// reached are left out until it is time to try again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_files(
        &self,
        our_server: &str,
        limit: i64,
    ) -> Result<Vec<DueFile>, StoreError> {
        sqlx::query_as(DUE).bind(now()).bind(our_server).bind(limit).fetch_all(&self.pool).await
    }

    /// Notes of files from before these columns existed which homeserver and shop they are of.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn complete_files(&self) -> Result<(), StoreError> {
        loop {
            let files: Vec<String> = sqlx::query_scalar(INCOMPLETE).fetch_all(&self.pool).await?;
            if files.is_empty() {
                return Ok(());
            }
            for mxc in files {
                self.run(sqlx::query(COMPLETE).bind(&mxc).bind(server_of(&mxc))).await?;
            }
        }
    }

    /// Notes that a file could not be fetched from another homeserver: nothing is fetched from
    /// there before `retry_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn media_server_failed(&self, name: &str, retry_at: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(SERVER_FAILED).bind(name).bind(retry_at)).await
    }

    /// Notes that another homeserver answers.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn media_server_answered(&self, name: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SERVER_ANSWERED).bind(name)).await
    }

    /// Has files fetched now that wait because there was trouble.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn wake_failed_files(&self) -> Result<(), StoreError> {
        self.run(sqlx::query(ALL_SERVERS_ANSWER)).await?;
        self.run(sqlx::query(WAKE_FAILED).bind(now())).await?;
        self.hints.files.notify_one();
        Ok(())
    }

    /// The key of a file that came encrypted, with this digest: it stands in the events that name
    /// the file, and nowhere else. None once they are erased.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_key(
        &self,
        mxc: &str,
        digest: &str,
    ) -> Result<Option<AttachmentKey>, StoreError> {
        let raw: Option<String> =
            sqlx::query_scalar(RAW_EVENTS).bind(mxc).fetch_optional(&self.pool).await?;
        Ok(raw.and_then(|raw| key_in(&raw, digest)))
    }

    /// The files that the entries from `first` to `last` name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn files_of_entries(
        &self,
        id: Ulid,
        first: i64,
        last: i64,
    ) -> Result<Vec<FileRow>, StoreError> {
        sqlx::query_as(OF_SEQS)
            .bind(id.to_string())
            .bind(first)
            .bind(last)
            .fetch_all(&self.pool)
            .await
    }

    /// Notes what a file's bytes are, before they are put into the file store: so they are found
    /// there whatever happens next. False if nobody wants the file any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_arrived(&self, mxc: &str, sha256: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(ARRIVED).bind(mxc).bind(sha256).execute(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes that a file is in the file store; at `expires_at` it is to be deleted.
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
            sqlx::query(STORED)
                .bind(mxc)
                .bind(sha256)
                .bind(size)
                .bind(media_type)
                .bind(expires_at)
                .bind(now()),
        )
        .await
    }

    /// Files that are here are kept for so long, in milliseconds, from when they came; none: as
    /// long as the record.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn keep_files_for(&self, milliseconds: Option<i64>) -> Result<(), StoreError> {
        self.run(sqlx::query(KEEP_FOR).bind(milliseconds)).await
    }

    /// Leaves a file for later, because it was refused or because there is trouble.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_postponed(
        &self,
        mxc: &str,
        until: i64,
        is_refusal: bool,
        problem: &str,
    ) -> Result<(), StoreError> {
        let postponed = sqlx::query(POSTPONED).bind(mxc).bind(until).bind(problem);
        self.run(postponed.bind(i64::from(is_refusal)).bind(now())).await
    }

    /// Notes that a file was given up, as `refused` or `missing`, until somebody takes it up again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_given_up(
        &self,
        mxc: &str,
        state: &str,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(GIVEN_UP).bind(mxc).bind(state).bind(problem).bind(now())).await
    }

    /// Notes that a file that nobody wants any more is gone from the file store.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_erased(&self, mxc: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(ERASED).bind(mxc)).await
    }

    /// A stored file with these bytes that this record names.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_with_digest(
        &self,
        id: Ulid,
        sha256: &str,
    ) -> Result<Option<FileRow>, StoreError> {
        sqlx::query_as(OF_DIGEST).bind(id.to_string()).bind(sha256).fetch_optional(&self.pool).await
    }

    /// What the sender called a file, in the first entry of this record that names it.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn file_name(&self, id: Ulid, mxc: &str) -> Result<Option<String>, StoreError> {
        let json: Option<String> = sqlx::query_scalar(NAMES)
            .bind(id.to_string())
            .bind(mxc)
            .fetch_optional(&self.pool)
            .await?;
        let Some(json) = json else { return Ok(None) };
        let attachments: Vec<Attachment> = from_json("attachments", &json)?;
        Ok(attachments.into_iter().find(|it| it.source().as_deref() == Some(mxc)).map(|it| it.name))
    }

    /// Whether another file that is kept has the very same bytes, which must stay then.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn file_is_shared(&self, sha256: &str, mxc: &str) -> Result<bool, StoreError> {
        let others: i64 =
            sqlx::query_scalar(OTHERS).bind(sha256).bind(mxc).fetch_one(&self.pool).await?;
        Ok(others > 0)
    }
}

impl Snapshot {
    /// The files that a record names.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn files(&mut self, id: Ulid) -> Result<Vec<FileRow>, StoreError> {
        sqlx::query_as(OF_RECORD).bind(id.to_string()).fetch_all(&mut *self.tx).await
    }
}

/// The homeserver that a file is from; empty if its address is none.
fn server_of(mxc: &str) -> &str {
    let rest = mxc.strip_prefix("mxc://").unwrap_or_default();
    rest.split_once('/').map_or("", |(server, _)| server)
}

/// An entry names a file: it is to be fetched, unless it is there.
pub(super) async fn want(
    tx: &mut Tx,
    transaction_id: &str,
    seq: i64,
    mxc: &str,
) -> Result<(), StoreError> {
    sqlx::query(WANT)
        .bind(mxc)
        .bind(now())
        .bind(server_of(mxc))
        .bind(transaction_id)
        .execute(&mut **tx)
        .await?;
    sqlx::query(NAMED_AGAIN).bind(mxc).execute(&mut **tx).await?;
    sqlx::query(NAME).bind(transaction_id).bind(seq).bind(mxc).execute(&mut **tx).await.map(drop)
}

/// An entry no longer names its files; those that nobody names are to be deleted.
pub(super) async fn release(tx: &mut Tx, transaction_id: &str, seq: i64) -> Result<(), StoreError> {
    let named: Vec<String> =
        sqlx::query_scalar(OF_ENTRY).bind(transaction_id).bind(seq).fetch_all(&mut **tx).await?;
    sqlx::query(UNNAME).bind(transaction_id).bind(seq).execute(&mut **tx).await?;
    for mxc in named {
        sqlx::query(RELEASE).bind(&mxc).bind(now()).execute(&mut **tx).await?;
        file_acts::released(tx, transaction_id, &mxc).await?;
    }
    Ok(())
}

/// An entry names these files from now on.
pub(super) async fn rename(
    tx: &mut Tx,
    transaction_id: &str,
    seq: i64,
    attachments: &[Attachment],
) -> Result<(), StoreError> {
    let named: Vec<String> =
        sqlx::query_scalar(OF_ENTRY).bind(transaction_id).bind(seq).fetch_all(&mut **tx).await?;
    let names: Vec<String> = attachments.iter().filter_map(Attachment::source).collect();
    if named.iter().all(|mxc| names.contains(mxc)) && named.len() == names.len() {
        return Ok(());
    }
    release(tx, transaction_id, seq).await?;
    for mxc in names {
        want(tx, transaction_id, seq, &mxc).await?;
    }
    Ok(())
}
