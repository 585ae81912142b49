//! The one writer of the minimal durable handler.

use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::rows::Row;
use crate::store::Store;

/// The greatest number of rows after which no further push joins a commit.
const ROWS_PER_COMMIT: usize = 1_000;

/// The rows of one push, and where to say whether they are on the disk.
struct Job {
    rows: Vec<Row>,
    done: oneshot::Sender<bool>,
}

/// Hands pushes to a thread that commits whatever waits in one tx.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<Job>);

impl Writer {
    /// Starts the thread.
    pub fn start(mut store: Store) -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        std::thread::spawn(move || {
            while let Ok(first) = jobs.recv() {
                commit(&mut store, first, &jobs);
            }
        });
        Self(sender)
    }

    /// Stores the rows of one push, and returns whether they are on the disk.
    pub async fn store(&self, rows: Vec<Row>) -> bool {
        let (done, stored) = oneshot::channel();
        self.0.send(Job { rows, done }).is_ok() && stored.await.unwrap_or(false)
    }
}

fn commit(store: &mut Store, first: Job, jobs: &mpsc::Receiver<Job>) {
    let mut rows = first.rows;
    let mut waiting = vec![first.done];
    while rows.len() < ROWS_PER_COMMIT {
        let Ok(job) = jobs.try_recv() else { break };
        rows.extend(job.rows);
        waiting.push(job.done);
    }
    let is_stored = store.insert(&rows).is_ok();
    for done in waiting {
        // Whoever asked may be gone.
        let _ = done.send(is_stored);
    }
}
