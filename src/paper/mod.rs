//! The invoice of a transaction as a PDF: written once for each revision, language and reader, and then kept in
//! the file store.
//!
//! What is kept is no part of the record. If it is lost, changed, or written by another version of the program,
//! it is written again.

mod kept;
mod write;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ulid::Ulid;

use crate::files::Vault;
use crate::fonts::Fonts;
use crate::invoice::Further;
use crate::language::Locale;
use crate::logging::abnormal_end;
use crate::pdf::Paper;
use crate::quota::{Place, Places, TooMany};
use crate::seal::SigningKey;
use crate::store::Store;
use crate::transaction::{Standing, Transaction};
use kept::{Kept, Name};
pub use write::{Content, WrittenPaper, write_paper};

/// The greatest number of PDFs that are written at the same time. More would only compete for the processors
/// with everything else.
const MAX_WRITTEN_AT_ONCE: usize = 4;
/// The least number: so a long invoice of one shop never keeps another shop waiting.
const MIN_WRITTEN_AT_ONCE: usize = 2;
/// How long a request may wait until its PDF is being written.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// Too many others are being written.
    #[error("too many PDFs are being written")]
    TooMany(TooMany),
    /// It could not be written.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<TooMany> for PaperError {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
}

/// Writes and keeps the PDFs of invoices.
#[derive(Clone, Debug)]
pub struct Papers {
    store: Store,
    fonts: Fonts,
    kept: Arc<Kept>,
    of_transaction: Places<Ulid>,
    of_shop: Places<String>,
}

impl Papers {
    /// Keeps PDFs in `vault`. They are signed with a key that follows from `key`, so that nobody who can write
    /// into the file store can put another invoice in their place.
    pub fn new(store: Store, vault: Vault, fonts: Fonts, key: &SigningKey) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let total = processors.clamp(MIN_WRITTEN_AT_ONCE, MAX_WRITTEN_AT_ONCE);
        Self {
            store,
            fonts,
            kept: Arc::new(Kept::new(vault, key)),
            of_transaction: Places::new(1, usize::MAX),
            of_shop: Places::new(total / 2, total),
        }
    }

    /// Returns the current invoice of a transaction as a PDF, as it stands today. `with_code` is whether it has the code to pay with,
    /// if something is to be paid.
    ///
    /// # Errors
    /// If too many others are being written, or the database fails.
    pub async fn of(
        &self,
        transaction: &Transaction,
        standing: &Standing,
        locale: &Locale,
        with_code: bool,
    ) -> Result<Bytes, PaperError> {
        let name = Name::of(transaction, standing, locale, with_code)?;
        if let Some(bytes) = self.kept.get(&name).await {
            return Ok(bytes);
        }
        // Of two who ask for the same at the same time, the second one finds what the first one kept.
        let turn = self.of_transaction.take_within(&transaction.id, WAIT_TIMEOUT).await?;
        if let Some(bytes) = self.kept.get(&name).await {
            return Ok(bytes);
        }
        let place = self.of_shop.take_within(&transaction.shop, WAIT_TIMEOUT).await?;
        let paper = self.write(transaction, standing, locale, with_code, place).await?;
        let bytes = Bytes::from(paper.bytes);
        tracing::info!(
            transaction = %transaction.id, revision = transaction.revision, language = locale.tag(),
            bytes = bytes.len(), "wrote an invoice as PDF"
        );
        // A typeface that is installed later may have the characters that are missing now.
        if paper.is_complete {
            self.kept.put(&name, &bytes).await;
        }
        drop(turn);
        Ok(bytes)
    }

    async fn write(
        &self,
        transaction: &Transaction,
        standing: &Standing,
        locale: &Locale,
        with_code: bool,
        place: Place<String>,
    ) -> anyhow::Result<Paper> {
        let original = self.store.original(transaction.id).await?.map(|(_, bytes)| bytes);
        let (transaction, standing, locale) =
            (transaction.clone(), standing.clone(), locale.clone());
        let fonts = self.fonts.clone();
        // A long invoice takes seconds, so it is written outside the threads that answer requests.
        let written = tokio::task::spawn_blocking(move || {
            // The place is held until the PDF is written, even if the client has gone.
            let _place = place;
            let terms = &transaction.terms;
            let (further, contents) = Further::with_contents(&terms.invoice, original.as_deref());
            let content = Content {
                terms,
                standing: &standing,
                further: &further.terms,
                contents: &contents,
                with_code,
                written_at: transaction.updated_at,
            };
            write_paper(&content, &locale, &fonts).map(|it| it.paper)
        });
        let written = written.await.map_err(|error| anyhow::anyhow!(abnormal_end(&error)))?;
        Ok(written?)
    }
}
