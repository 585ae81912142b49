//! Keeps the files that messages name. It fetches them from the homeserver, checks them, stores
//! them under the digest of their bytes, and deletes them when they expire or when no entry names
//! them.
//!
//! The rows of the files say what has to be done. A stop of the process costs at most the downloads
//! that were in progress.

mod arriving;
mod decrypting;
mod fetch;
mod retry;
mod serving;
mod together;
mod turn;
mod vault;

pub use arriving::{Arrived, Arriving};
pub use serving::{Requested, disposition, requested, shown_as};
pub use vault::{Found, Pieces, Vault};

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::RwLock;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::{DAY_MS, now};
use crate::config::FilesConfig;
use crate::first_page::{Drawer, FirstPage};
use crate::homeserver::Homeserver;
use crate::logging::abnormal_end;
use crate::record::address_of;
use crate::store::{AfterFailure, DueFile, FailedTry, Store};
use retry::{Outcome, Tries, server_pause, verdict};
use together::Together;

/// The interval at which the database is polled for due files.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest interval between two such queries because of hints, while files are waiting. The query puts all due files
/// in order, which takes long when there are many, and each push may bring a hint.
const HINT_INTERVAL: Duration = Duration::from_millis(200);
/// The greatest number of due files that one query returns. It is greater than the number of
/// workers, since files that are being worked on are still due.
const MAX_FILES_PER_QUERY: i64 = 128;

/// Everything that the work on files needs.
#[derive(Debug)]
struct Keeper {
    store: Store,
    homeserver: Homeserver,
    vault: Vault,
    /// Draws the first pages of PDFs.
    drawer: Drawer,
    max_bytes: u64,
    /// How long files are kept, in milliseconds. `None` if they are kept as long as the record.
    keep_for: Option<i64>,
    /// Locked for writing while bytes are deleted. So no file with the same bytes is stored between
    /// the check whether there is one and the deletion.
    deleting: RwLock<()>,
    /// The failed tries that are to be stored. Where a homeserver lacks many files, they are most of what there is to
    /// store, so several share a commit.
    failed: Together<FailedTry>,
}

/// Works on all due files until `stop`.
pub async fn keep_files_forever(
    store: Store,
    homeserver: Homeserver,
    vault: Vault,
    drawer: Drawer,
    config: &FilesConfig,
    stop: CancellationToken,
) {
    let keeper = Arc::new(Keeper {
        store,
        homeserver,
        vault,
        drawer,
        max_bytes: config.max_megabytes * 1_000_000,
        keep_for: config.keep_days.map(|days| i64::from(days).saturating_mul(DAY_MS)),
        deleting: RwLock::default(),
        failed: Together::default(),
    });
    keeper.apply_keep_days(&stop).await;
    let our_server = keeper.homeserver.bot_user_id().server_name().to_owned();
    let mut work = JoinSet::new();
    let mut in_hand: HashMap<Id, DueFile> = HashMap::new();
    let mut waiting: Vec<DueFile> = Vec::new();
    let mut is_query_due = true;
    let mut read_at = Instant::now();
    while !stop.is_cancelled() {
        if is_query_due || waiting.is_empty() {
            read_at = Instant::now();
            match keeper.store.due_files(our_server.as_str(), MAX_FILES_PER_QUERY).await {
                Ok(due) => waiting = due,
                Err(error) => tracing::error!(%error, "cannot read the due files; retrying"),
            }
        }
        let taken: Vec<DueFile> = in_hand.values().cloned().collect();
        let mut chosen = turn::choose(&waiting, &taken);
        // Files are removed from the end of the list, so that the other indexes stay valid.
        chosen.sort_unstable();
        for file in chosen.into_iter().rev().map(|index| waiting.remove(index)).collect::<Vec<_>>()
        {
            let (keeper, of_task) = (Arc::clone(&keeper), file.clone());
            let task = work.spawn(async move { keeper.work_on(&of_task).await });
            in_hand.insert(task.id(), file);
        }
        let free = work.len() < turn::MAX_WORKERS;
        let not_before = if waiting.is_empty() { read_at } else { read_at + HINT_INTERVAL };
        is_query_due = true;
        tokio::select! {
            Some(ended) = work.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        let end = abnormal_end(&error);
                        tracing::error!(%end, "the work on a file ended abnormally; retrying");
                        error.id()
                    }
                };
                // The other files that were read before are still due.
                is_query_due = false;
                if let Some(ended) = in_hand.remove(&id) {
                    let read_before = waiting.len();
                    waiting.retain(|file| !turn::is_outdated(file, &ended));
                    is_query_due = waiting.len() < read_before;
                }
            }
            () = hinted(&keeper.store, not_before), if free => {}
            () = tokio::time::sleep_until(read_at + POLL_INTERVAL), if free => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Waits for a hint that there are due files, and not less than until `not_before`.
async fn hinted(store: &Store, not_before: Instant) {
    // A hint that comes in this time is kept.
    tokio::time::sleep_until(not_before).await;
    store.hints().files.notified().await;
}

impl Keeper {
    /// Applies `files.keep_days` to the files that are stored already.
    async fn apply_keep_days(&self, stop: &CancellationToken) {
        let prepared = async || {
            self.store.keep_files_for(self.keep_for).await?;
            self.store.complete_files().await
        };
        while let Err(error) = prepared().await {
            tracing::error!(%error, "cannot store how long files are kept; retrying");
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn work_on(&self, file: &DueFile) {
        let done = match file.state.as_str() {
            "wanted" => self.fetch(file).await,
            "stored" => self.expire(file).await,
            "unwanted" => self.erase(file).await,
            _ => Ok(()),
        };
        if let Err(error) = done {
            let problem = format!("The work on the file failed: {error:#}");
            tracing::error!(
                file = file.mxc,
                error = problem,
                "the work on a file failed; retrying"
            );
            self.store_failure(file, Outcome::Trouble(problem)).await;
        }
    }

    /// Downloads a file and stores it.
    async fn fetch(&self, file: &DueFile) -> anyhow::Result<()> {
        let temporary = self.vault.temporary_file()?;
        let (mxc, key_digest) = address_of(&file.mxc);
        let key = match key_digest {
            Some(digest) => {
                let key = self.store.file_key(&file.mxc, digest).await?;
                Some(key.context("no event has the key of the encrypted file any longer")?)
            }
            None => None,
        };
        let fetched =
            fetch::fetch(&self.homeserver, mxc, key.as_ref(), temporary, self.max_bytes).await?;
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(outcome) => {
                let has_answered =
                    !matches!(outcome, Outcome::Trouble(_) | Outcome::RateLimited(_));
                self.store_server_answer(file, has_answered).await?;
                self.store_failure(file, outcome).await;
                return Ok(());
            }
        };
        self.store_server_answer(file, true).await?;
        let first_page = self.first_page(&fetched, &file.shop).await;
        let _no_deleting = self.deleting.read().await;
        if !self.store.file_arrived(&file.mxc, &fetched.sha256).await? {
            return Ok(());
        }
        self.vault.put(&fetched.sha256, fetched.file).await?;
        if let Some(page) = &first_page {
            self.store.keep_first_page(&fetched.sha256, page).await?;
        }
        let expires_at = self.keep_for.map(|time| now().saturating_add(time));
        let media_type = fetched.media_type;
        self.store
            .file_stored(&file.mxc, &fetched.sha256, fetched.size, media_type, expires_at)
            .await?;
        tracing::info!(file = file.mxc, bytes = fetched.size, media_type, "stored a file");
        Ok(())
    }

    /// Draws the first page of a file, if it is a PDF. It is there before the file counts as stored, so that a page
    /// that shows the file never has to make room for the picture later.
    async fn first_page(&self, file: &Arrived, shop: &str) -> Option<FirstPage> {
        let bytes = u64::try_from(file.size).ok()?;
        let is_pdf = file.media_type == Some("application/pdf");
        if is_pdf { self.drawer.first_page(&file.file, bytes, shop).await } else { None }
    }

    /// Stores whether the homeserver that a file is from has answered, if that is not our
    /// homeserver.
    async fn store_server_answer(&self, file: &DueFile, has_answered: bool) -> anyhow::Result<()> {
        if file.far == 0 {
            return Ok(());
        }
        if !has_answered {
            let retry_at = time_after(server_pause(file.server_failures));
            self.store.media_server_failed(&file.server, retry_at).await?;
        } else if file.server_failures > 0 {
            self.store.media_server_answered(&file.server).await?;
        }
        Ok(())
    }

    async fn expire(&self, file: &DueFile) -> anyhow::Result<()> {
        self.delete_bytes(file).await?;
        self.store.file_expired(&file.mxc).await?;
        tracing::info!(file = file.mxc, "deleted a file that is older than files.keep_days");
        Ok(())
    }

    async fn erase(&self, file: &DueFile) -> anyhow::Result<()> {
        self.delete_bytes(file).await?;
        self.store.file_erased(&file.mxc).await?;
        tracing::info!(file = file.mxc, "deleted a file that no entry names");
        Ok(())
    }

    /// Deletes the bytes of a file, and its first page, unless another stored file has the same bytes.
    async fn delete_bytes(&self, file: &DueFile) -> anyhow::Result<()> {
        let Some(sha256) = &file.sha256 else { return Ok(()) };
        let _exclusive = self.deleting.write().await;
        if self.store.file_is_shared(sha256, &file.mxc).await? {
            return Ok(());
        }
        self.store.delete_first_page(sha256).await?;
        self.vault.delete(sha256).await
    }

    /// Stores the outcome of a failed try, and when to retry it or that the file is given up.
    async fn store_failure(&self, file: &DueFile, outcome: Outcome) {
        let is_far = file.far == 1;
        let tries = Tries { failures: file.failures, refusals: file.refusals, is_far };
        let verdict = verdict(outcome, tries);
        tracing::info!(
            file = file.mxc,
            problem = verdict.problem,
            failures = file.failures,
            "a file cannot be fetched"
        );
        let next = match verdict.given_up {
            Some(state) => AfterFailure::GivenUp(state),
            None => {
                let at = time_after(verdict.pause);
                AfterFailure::Retry { at, is_refusal: verdict.is_refusal }
            }
        };
        let failed = FailedTry { mxc: file.mxc.clone(), problem: verdict.problem, next };
        self.failed.store(failed, |all| self.store_failures(all)).await;
    }

    async fn store_failures(&self, failed: Vec<FailedTry>) {
        if let Err(error) = self.store.files_failed(&failed).await {
            for FailedTry { mxc, .. } in failed {
                tracing::error!(file = mxc, %error, "cannot store the outcome of a try");
            }
        }
    }
}

/// Returns the time after `pause`, in milliseconds since 1970.
fn time_after(pause: Duration) -> i64 {
    let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    now().saturating_add(pause)
}
