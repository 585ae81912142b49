//! The files that messages name: fetched from the homeserver, checked, kept under the digest of
//! their bytes, and deleted when their time is over or nobody names them any more.
//!
//! Their rows say what is to be done; whatever stops the process costs at most a download.

mod arriving;
mod decrypting;
mod fetch;
mod patience;
mod serving;
mod turn;
mod vault;

pub use arriving::{Arrived, Arriving};
pub use serving::{disposition, shown_as};
pub use vault::{Found, Pieces, Vault};

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::RwLock;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::FilesConfig;
use crate::homeserver::Homeserver;
use crate::logging::abnormal_end;
use crate::record::address_of;
use crate::store::{DueFile, Store};
use patience::{Outcome, Tries, server_pause, verdict};

/// How often to look for work when nothing tells of any.
const IDLE: Duration = Duration::from_secs(1);
/// Files read from the database in one go: those that are worked on, and some more.
const LOOK: i64 = 128;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Everything that the work on files needs.
#[derive(Debug)]
struct Keeper {
    store: Store,
    homeserver: Homeserver,
    vault: Vault,
    max_bytes: u64,
    /// Milliseconds; none: as long as the record.
    keep_for: Option<i64>,
    /// Held for writing while bytes are deleted, so that no file with the same bytes is stored
    /// between the look whether there is one and the deleting.
    deleting: RwLock<()>,
}

/// Keeps the files until `stop`.
pub async fn keep_files_forever(
    store: Store,
    homeserver: Homeserver,
    vault: Vault,
    config: &FilesConfig,
    stop: CancellationToken,
) {
    let keeper = Arc::new(Keeper {
        store,
        homeserver,
        vault,
        max_bytes: config.max_megabytes * 1_000_000,
        keep_for: config.keep_days.map(|days| i64::from(days).saturating_mul(DAY)),
        deleting: RwLock::default(),
    });
    keeper.keep_as_configured(&stop).await;
    let our_server = keeper.homeserver.bot_user_id().server_name().to_owned();
    let mut work = JoinSet::new();
    let mut in_hand: HashMap<Id, DueFile> = HashMap::new();
    let mut waiting: Vec<DueFile> = Vec::new();
    let mut look = true;
    while !stop.is_cancelled() {
        if look || waiting.is_empty() {
            match keeper.store.due_files(our_server.as_str(), LOOK).await {
                Ok(due) => waiting = due,
                Err(error) => tracing::error!(%error, "files to fetch could not be read"),
            }
        }
        let taken: Vec<DueFile> = in_hand.values().cloned().collect();
        let mut chosen = turn::choose(&waiting, &taken);
        // From the end, so that the other places stay as they are.
        chosen.sort_unstable();
        for file in chosen.into_iter().rev().map(|index| waiting.remove(index)).collect::<Vec<_>>()
        {
            let (keeper, of_task) = (Arc::clone(&keeper), file.clone());
            let task = work.spawn(async move { keeper.attend_to(&of_task).await });
            in_hand.insert(task.id(), file);
        }
        let free = work.len() < turn::AT_ONCE;
        look = true;
        tokio::select! {
            Some(ended) = work.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        let end = abnormal_end(&error);
                        tracing::error!(%end, "the work on a file failed; trying again");
                        error.id()
                    }
                };
                in_hand.remove(&id);
                // What was read before is still to be done.
                look = false;
            }
            () = keeper.store.hints().files.notified(), if free => {}
            () = tokio::time::sleep(IDLE), if free => {}
            () = stop.cancelled() => {}
        }
    }
}

impl Keeper {
    /// What `files.keep_days` says now holds for files that came before, too.
    async fn keep_as_configured(&self, stop: &CancellationToken) {
        let prepared = async || {
            self.store.keep_files_for(self.keep_for).await?;
            self.store.complete_files().await
        };
        while let Err(error) = prepared().await {
            tracing::error!(%error, "how long files are kept could not be noted; trying again");
            tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn attend_to(&self, file: &DueFile) {
        let done = match file.state.as_str() {
            "wanted" => self.fetch(file).await,
            "stored" => self.expire(file).await,
            "unwanted" => self.erase(file).await,
            _ => Ok(()),
        };
        if let Err(error) = done {
            let words = format!("it could not be kept: {error:#}");
            tracing::error!(file = file.mxc, error = words, "a file is left for later");
            self.settle(file, Outcome::Trouble(words)).await;
        }
    }

    async fn fetch(&self, file: &DueFile) -> anyhow::Result<()> {
        let unfinished = self.vault.unfinished()?;
        let (mxc, key_digest) = address_of(&file.mxc);
        let key = match key_digest {
            Some(digest) => {
                let key = self.store.file_key(&file.mxc, digest).await?;
                Some(key.context("no event names its key any more")?)
            }
            None => None,
        };
        let fetched =
            fetch::fetch(&self.homeserver, mxc, key.as_ref(), unfinished, self.max_bytes).await?;
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(outcome) => {
                let answered = !matches!(outcome, Outcome::Trouble(_) | Outcome::SlowDown(_));
                self.server_has(file, answered).await?;
                self.settle(file, outcome).await;
                return Ok(());
            }
        };
        self.server_has(file, true).await?;
        let _no_deleting = self.deleting.read().await;
        if !self.store.file_arrived(&file.mxc, &fetched.sha256).await? {
            return Ok(());
        }
        self.vault.put(&fetched.sha256, fetched.file).await?;
        let expires_at = self.keep_for.map(|time| crate::clock::now().saturating_add(time));
        let media_type = fetched.media_type;
        self.store
            .file_stored(&file.mxc, &fetched.sha256, fetched.size, media_type, expires_at)
            .await?;
        tracing::info!(file = file.mxc, bytes = fetched.size, media_type, "kept a file");
        Ok(())
    }

    /// Notes whether the other homeserver that a file is from has answered.
    async fn server_has(&self, file: &DueFile, answered: bool) -> anyhow::Result<()> {
        if file.far == 0 {
            return Ok(());
        }
        if !answered {
            let retry_at = after(server_pause(file.server_failures));
            self.store.media_server_failed(&file.server, retry_at).await?;
        } else if file.server_failures > 0 {
            self.store.media_server_answered(&file.server).await?;
        }
        Ok(())
    }

    async fn expire(&self, file: &DueFile) -> anyhow::Result<()> {
        self.delete_bytes(file).await?;
        self.store.file_expired(&file.mxc).await?;
        tracing::info!(file = file.mxc, "deleted a file: files.keep_days are over");
        Ok(())
    }

    async fn erase(&self, file: &DueFile) -> anyhow::Result<()> {
        self.delete_bytes(file).await?;
        self.store.file_erased(&file.mxc).await?;
        tracing::info!(file = file.mxc, "deleted a file that no entry names any more");
        Ok(())
    }

    /// Deletes the bytes of a file, unless another that is kept has the same.
    async fn delete_bytes(&self, file: &DueFile) -> anyhow::Result<()> {
        let Some(sha256) = &file.sha256 else { return Ok(()) };
        let _alone = self.deleting.write().await;
        if self.store.file_is_shared(sha256, &file.mxc).await? {
            return Ok(());
        }
        self.vault.delete(sha256).await
    }

    /// Writes down what became of a try that did not succeed.
    async fn settle(&self, file: &DueFile, outcome: Outcome) {
        let is_far = file.far == 1;
        let tries = Tries { failures: file.failures, refusals: file.refusals, is_far };
        let verdict = verdict(outcome, tries);
        tracing::info!(
            file = file.mxc,
            problem = verdict.problem,
            failures = file.failures,
            "a file is not here"
        );
        let written = match verdict.given_up {
            Some(state) => self.store.file_given_up(&file.mxc, state, &verdict.problem).await,
            None => {
                let (until, is_refusal) = (after(verdict.pause), verdict.is_refusal);
                self.store.file_postponed(&file.mxc, until, is_refusal, &verdict.problem).await
            }
        };
        if let Err(error) = written {
            tracing::error!(file = file.mxc, %error, "what became of a file could not be noted");
        }
    }
}

/// So long from now, in milliseconds since 1970.
fn after(pause: Duration) -> i64 {
    let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    crate::clock::now().saturating_add(pause)
}
