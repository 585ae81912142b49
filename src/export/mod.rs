//! The bundle of a record: everything about one transaction in a ZIP file that can be read and
//! verified without us.

mod archive;
mod bundle;
mod check;
mod contents;
mod layout;
mod names;
mod people;
mod spool;
mod transcript;

pub use check::{Checked, check_bundle};

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use ulid::Ulid;

use self::spool::Spool;
use crate::files::Vault;
use crate::logging::abnormal_end;
use crate::quota::{Places, TooMany, paced};
use crate::seal::SigningKey;
use crate::store::{Snapshot, Store};

/// Version of the bundle's format.
const VERSION: i64 = 2;
/// That of bundles from before acts were kept.
const VERSION_WITHOUT_ACTS: i64 = 1;
/// The member that names and seals all others.
const MANIFEST: &str = "manifest.json";
/// Exports that are written at the same time: each holds a connection of the database while it
/// is. Of one shop, it is one.
const WRITTEN_AT_ONCE: usize = 3;
/// Exports under way, of all shops: each takes its size on the disk until it was fetched.
const AT_ONCE: usize = 64;
/// Of one shop, if nothing else is said.
const EACH_SHOP: usize = 2;
/// How long an export may wait until it is written.
const TURN: Duration = Duration::from_secs(30);
/// Bytes handed over in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// How long whoever fetches a bundle may pause.
const PATIENCE: Duration = Duration::from_secs(60);

/// What bundles are made from.
#[derive(Clone, Debug)]
pub struct Exporter {
    store: Store,
    vault: Vault,
    key: Arc<SigningKey>,
    under_way: Places<String>,
    written: Places<String>,
}

/// Why no export begins.
#[derive(Debug)]
pub enum NoExport {
    /// The shop has as many under way as it may.
    TooMany(TooMany),
    /// The database or the disk fails.
    Failed(anyhow::Error),
}

impl From<TooMany> for NoExport {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
}

impl Exporter {
    /// With these.
    pub fn new(store: Store, vault: Vault, key: Arc<SigningKey>) -> Self {
        let under_way = Places::new(EACH_SHOP, AT_ONCE);
        Self { store, vault, key, under_way, written: Places::new(1, WRITTEN_AT_ONCE) }
    }

    /// With so many under way for each shop.
    #[must_use]
    pub fn each_shop(self, number: u32) -> Self {
        let number = usize::try_from(number).unwrap_or(EACH_SHOP);
        Self { under_way: Places::new(number, AT_ONCE), ..self }
    }

    /// The bundle of a transaction of this shop, piece by piece. It is never whole in memory. It is
    /// written to a file without a name as fast as the disk takes it, and read from there as fast
    /// as its reader takes it: a slow reader holds no connection of the database. A stream that
    /// ends with an error is no complete bundle.
    ///
    /// # Errors
    /// When the shop has too many under way, or the database or the disk fails.
    pub async fn stream(
        &self,
        shop: &str,
        id: Ulid,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, NoExport> {
        let shop = shop.to_owned();
        let under_way = self.under_way.take(&shop)?;
        let writing = self.written.take_within(&shop, TURN).await?;
        let failed = |error| NoExport::Failed(error);
        let snapshot = self.store.snapshot().await.map_err(|it| failed(it.into()))?;
        let file = self.vault.temporary_file().map_err(|it| failed(it.into()))?;
        let (spool, reader) = spool::new(file).map_err(|it| failed(it.into()))?;
        let exporter = self.clone();
        tokio::task::spawn_blocking(move || {
            exporter.write_spool(id, snapshot, spool);
            drop(writing);
        });
        Ok(paced(reader.pieces(), PATIENCE, under_way))
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
            .await
            .map_err(|error| abnormal_end(&error))?
    }

    fn write_spool(&self, id: Ulid, mut snapshot: Snapshot, spool: Spool) {
        let out = BufWriter::with_capacity(PIECE_BYTES, spool);
        let written = bundle::write(self, id, &mut snapshot, out)
            .and_then(|out| Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?));
        match written {
            Ok(spool) => spool.finish(),
            // The connection breaks off, so that nobody takes a part for the whole.
            Err(error) => {
                tracing::error!(transaction = %id, error = format!("{error:#}"), "an export failed");
            }
        }
    }
}
