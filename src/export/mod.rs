//! The bundle of a record: everything about one transaction in a ZIP file that can be read and
//! verified without us.

mod archive;
mod bundle;
mod check;
mod names;
mod people;
mod transcript;

pub use check::{Checked, check_bundle};

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use ulid::Ulid;

use crate::files::Vault;
use crate::seal::SigningKey;
use crate::store::{Snapshot, Store};

/// Version of the bundle's format.
const VERSION: i64 = 1;
/// The member that names and seals all others.
const MANIFEST: &str = "manifest.json";
/// Exports at the same time; each holds a connection of the database.
const AT_ONCE: usize = 2;
/// Bytes handed over in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that may wait to be fetched.
const PIECES_WAITING: usize = 8;
/// How long whoever fetches a bundle may pause, before the connection of the database is given
/// back.
const PATIENCE: Duration = Duration::from_secs(60);

/// What bundles are made from.
#[derive(Clone, Debug)]
pub struct Exporter {
    store: Store,
    vault: Vault,
    key: Arc<SigningKey>,
    running: Arc<Semaphore>,
}

impl Exporter {
    /// With these.
    pub fn new(store: Store, vault: Vault, key: Arc<SigningKey>) -> Self {
        Self { store, vault, key, running: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The bundle of a transaction, piece by piece. It is never whole in memory. A stream that
    /// ends with an error is no complete bundle.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn stream(
        &self,
        id: Ulid,
    ) -> anyhow::Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let permit = Arc::clone(&self.running).acquire_owned().await?;
        let snapshot = self.store.snapshot().await?;
        let (sender, mut receiver) = mpsc::channel(PIECES_WAITING);
        let exporter = self.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            exporter.write_pieces(id, snapshot, &sender);
        });
        Ok(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)))
    }

    /// Writes the bundle of a transaction to `out`.
    ///
    /// # Errors
    /// When there is no such transaction, when the database or the file store fails, or when `out`
    /// does.
    pub async fn write<W: Write + Send + 'static>(&self, id: Ulid, out: W) -> anyhow::Result<W> {
        let mut snapshot = self.store.snapshot().await?;
        let exporter = self.clone();
        tokio::task::spawn_blocking(move || bundle::write(&exporter, id, &mut snapshot, out))
            .await?
    }

    fn write_pieces(
        &self,
        id: Ulid,
        mut snapshot: Snapshot,
        sender: &mpsc::Sender<io::Result<Bytes>>,
    ) {
        let pieces = Pieces { sender: sender.clone(), piece: Vec::with_capacity(PIECE_BYTES) };
        let written = bundle::write(self, id, &mut snapshot, pieces)
            .and_then(|mut pieces| Ok(pieces.flush()?));
        if let Err(error) = written {
            tracing::error!(transaction = %id, error = format!("{error:#}"), "an export failed");
            // The connection breaks off, so that nobody takes a part for the whole.
            sender.try_send(Err(io::Error::other("the export failed"))).ok();
        }
    }
}

/// Hands bytes over to whoever fetches them.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        let sending = tokio::time::timeout(PATIENCE, self.sender.send(Ok(piece.into())));
        match Handle::current().block_on(sending) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::other("whoever asked for the export has gone")),
            Err(_) => Err(io::Error::other("whoever asked for the export stopped reading")),
        }
    }
}
