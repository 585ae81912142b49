//! Exports the bundle of a record: a ZIP file with everything about one transaction, which can be
//! read and verified without Tallyroom.

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
use crate::language::Locale;
use crate::logging::abnormal_end;
use crate::quota::{Place, Places, TooMany, paced};
use crate::seal::SigningKey;
use crate::store::{Snapshot, Store};
use crate::transaction::StatusRules;

/// The version of the bundle format.
const VERSION: i64 = 2;
/// The format version of bundles from before acts were kept.
const VERSION_WITHOUT_ACTS: i64 = 1;
/// The signed member that lists all others.
const MANIFEST: &str = "manifest.json";
/// The greatest number of exports that are written to the disk at the same time. Each of them holds
/// a database connection meanwhile. A shop has at most one.
const MAX_PARALLEL_WRITES: usize = 3;
/// The greatest number of exports that are in progress, for all shops together. Each takes its size on
/// the disk until it was downloaded.
const MAX_EXPORTS: usize = 64;
/// The default limit of exports in progress for each shop.
const DEFAULT_EXPORTS_PER_SHOP: usize = 2;
/// How long an export may wait until its writing begins.
const WRITE_WAIT_TIMEOUT: Duration = Duration::from_secs(30);
/// The greatest number of conversations that are written to the disk for visitors at the same time. A shop's
/// visitors have at most one.
const MAX_PARALLEL_CONVERSATIONS: usize = 2;
/// The number of bytes in one piece of the stream.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a client may take no bytes before its download is cancelled.
const DOWNLOAD_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What a bundle holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// The record, which both sides share.
    Record,
    /// The record, and the notes that the shop may see. It is for the shop alone.
    RecordWithNotes,
}

/// Makes bundles.
#[derive(Clone, Debug)]
pub struct Exporter {
    store: Store,
    vault: Vault,
    key: Arc<SigningKey>,
    /// What the statuses mean.
    status: StatusRules,
    under_way: Places<String>,
    written: Places<String>,
    /// The conversations that are being written for visitors, by shop.
    conversations: Places<String>,
}

/// Why an export cannot begin.
#[derive(Debug)]
pub enum ExportError {
    /// Too many exports are in progress, of this shop or of all shops.
    TooMany(TooMany),
    /// The database or the disk fails.
    Failed(anyhow::Error),
}

impl From<TooMany> for ExportError {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
}

impl Exporter {
    /// Creates an exporter with the default limits.
    pub fn new(store: Store, vault: Vault, key: Arc<SigningKey>) -> Self {
        let under_way = Places::new(DEFAULT_EXPORTS_PER_SHOP, MAX_EXPORTS);
        let (status, written) = (StatusRules::default(), Places::new(1, MAX_PARALLEL_WRITES));
        let conversations = Places::new(1, MAX_PARALLEL_CONVERSATIONS);
        Self { store, vault, key, status, under_way, written, conversations }
    }

    /// Sets what the statuses mean.
    #[must_use]
    pub fn with_status(self, status: StatusRules) -> Self {
        Self { status, ..self }
    }

    /// Sets the greatest number of exports that may be in progress for each shop.
    #[must_use]
    pub fn with_exports_per_shop(self, number: u32) -> Self {
        let number = usize::try_from(number).unwrap_or(DEFAULT_EXPORTS_PER_SHOP);
        Self { under_way: Places::new(number, MAX_EXPORTS), ..self }
    }

    /// Returns the bundle of a transaction of this shop as a stream. The bundle is never completely
    /// in memory. It is written to a file without a name at the speed of the disk, and read from
    /// there at the speed of the client, so that a slow client holds no database connection. If the
    /// stream ends with an error, the bundle is incomplete.
    ///
    /// # Errors
    /// When too many exports are in progress, or the database or the disk fails.
    pub async fn stream(
        &self,
        shop: &str,
        id: Ulid,
        bundle: Bundle,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, ExportError> {
        let shop = shop.to_owned();
        let under_way = self.under_way.take(&shop)?;
        let writing = self.written.take_within(&shop, WRITE_WAIT_TIMEOUT).await?;
        let write = move |exporter: &Self, snapshot, out| {
            bundle::write(exporter, (id, bundle), snapshot, out)
        };
        let reader = self.spooled(id, writing, write).await.map_err(ExportError::Failed)?;
        Ok(paced(reader.pieces(), DOWNLOAD_IDLE_TIMEOUT, under_way))
    }

    /// Returns the conversation of a transaction as the invoice page shows it, as a stream of a ZIP file: a transcript
    /// with its files. It is written as a bundle is, in the language of `locale`, and keeps no export of the shop waiting.
    /// `place` is given back at the end of the stream.
    ///
    /// # Errors
    /// When too many conversations are being written, or the database or the disk fails.
    pub async fn conversation<P: Send + 'static>(
        &self,
        shop: &str,
        id: Ulid,
        locale: Locale,
        place: P,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<P>, ExportError> {
        let writing = self.conversations.take_within(&shop.to_owned(), WRITE_WAIT_TIMEOUT).await?;
        let write = move |exporter: &Self, snapshot, out| {
            bundle::write_conversation(exporter, id, snapshot, out, &locale)
        };
        let reader = self.spooled(id, writing, write).await.map_err(ExportError::Failed)?;
        Ok(paced(reader.pieces(), DOWNLOAD_IDLE_TIMEOUT, place))
    }

    /// Has `write` write to a file without a name, on a thread of its own, while it is read. `writing` is given back when
    /// all is written.
    async fn spooled(
        &self,
        id: Ulid,
        writing: Place<String>,
        write: impl FnOnce(&Self, Snapshot, BufWriter<Spool>) -> anyhow::Result<BufWriter<Spool>>
        + Send
        + 'static,
    ) -> anyhow::Result<spool::Reader> {
        let snapshot = self.store.snapshot().await?;
        let (spool, reader) = spool::new(self.vault.temporary_file()?)?;
        let exporter = self.clone();
        tokio::task::spawn_blocking(move || {
            let out = BufWriter::with_capacity(PIECE_BYTES, spool);
            let written = write(&exporter, snapshot, out)
                .and_then(|out| Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?));
            match written {
                Ok(spool) => spool.finish(),
                // The spool is dropped unfinished, so the download breaks off, and the client notices that it is
                // incomplete.
                Err(error) => {
                    tracing::error!(transaction = %id, error = format!("{error:#}"), "an export failed");
                }
            }
            drop(writing);
        });
        Ok(reader)
    }

    /// Writes the bundle of a transaction to `out`.
    ///
    /// # Errors
    /// When the transaction does not exist, or when the database, the file store or `out` fails.
    pub async fn write<W: Write + Send + 'static>(
        &self,
        id: Ulid,
        bundle: Bundle,
        out: W,
    ) -> anyhow::Result<W> {
        let snapshot = self.store.snapshot().await?;
        let exporter = self.clone();
        tokio::task::spawn_blocking(move || bundle::write(&exporter, (id, bundle), snapshot, out))
            .await
            .map_err(|error| abnormal_end(&error))?
    }
}
