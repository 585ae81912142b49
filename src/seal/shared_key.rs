//! Makes sure that all processes on one database have the same signing key. Links and cookies are made
//! with it, so with another key, a process would refuse those of the others.

use std::time::Duration;

use super::SigningKey;
use crate::store::{Lease, Store, StoreError};

/// The name of the work that one of the processes does at any time.
pub const SIGNING: &str = "sign heads";

/// The fact that says which key the processes have.
const FACT: &str = "signing key";
/// How often it is tried to begin with another key, since processes that had the old one may be about
/// to end.
const TRIES: usize = 15;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a process must not run.
#[derive(Debug, thiserror::Error)]
pub enum KeyMismatch {
    /// Others are running with another key.
    #[error(
        "another process serves this database with another signing key ({theirs}, here {ours}), so \
         neither would accept the links and sign-ins of the other. Give all processes the same file \
         (record.signing_key). To change the key, stop all of them first."
    )]
    OtherKey {
        /// The public key of the others.
        theirs: String,
        /// Our own public key.
        ours: String,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// Notes that this process has this key. If no other process is running, it returns the lease for
/// signing. It has to be kept until the process signs, so that nobody with another key comes between.
///
/// # Errors
/// If other processes are running with another key, or if the database does not answer.
pub async fn share_key(store: &Store, key: &SigningKey) -> Result<Option<Lease>, KeyMismatch> {
    let ours = key.public_key();
    for _ in 0..TRIES {
        if store.fact(FACT).await?.as_deref() == Some(ours) {
            return Ok(store.lease_of(SIGNING).await?);
        }
        // If nobody signs, no other process is running.
        if let Some(lease) = store.lease_of(SIGNING).await? {
            store.set_fact(FACT, ours).await?;
            return Ok(Some(lease));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let theirs = store.fact(FACT).await?.unwrap_or_default();
    Err(KeyMismatch::OtherKey { theirs, ours: ours.to_owned() })
}
