//! Limits what one visitor may do on the page, so that no other visitor is affected. The limits are
//! so high that only programs reach them.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use ulid::Ulid;

use crate::config::Config;
use crate::door::Budget;
use crate::quota::{Place, Places, Rate, TooMany};

/// How often one link may be viewed or opened, in a burst and per minute.
const LINK_OPENINGS: (u32, u32) = (40, 60);
/// The number of messages, changes, reactions and removals that one visitor may write in a burst.
/// Each file of a message counts as a message. So one message may have the greatest number of
/// files.
const MESSAGE_BURST: u32 = 20;
/// How often a visitor may report that they are typing or have read, in a burst and per minute.
const SIGNALS: (u32, u32) = (30, 120);
/// The greatest number of files that are uploaded at the same time: for one visitor, for the
/// transactions of one shop, and in total.
const PARALLEL_UPLOADS: PlaceLimits = PlaceLimits { visitor: 4, shop: 32, total: 128 };
/// How long an upload may pause.
pub(super) const UPLOAD_READ_TIMEOUT: Duration = Duration::from_secs(60);
/// The greatest number of live pages for the transactions of one shop. The limit for one visitor is
/// in the config (`page.open_pages`). A page above the limit is refused and told when to retry. If
/// the oldest page of the visitor were closed instead, their tabs would take the place from each
/// other forever, because each tab connects again.
const MAX_STREAMS_OF_SHOP: usize = 8_000;
/// The greatest number of live pages in total.
const MAX_STREAMS: usize = 20_000;
/// The fraction (numerator and denominator) of the page's connections that live pages may use. The
/// rest is for opening pages.
const STREAM_SHARE: (usize, usize) = (3, 4);
/// Live pages may use one in this number of database connections to read news. The others are for
/// those that write, above all for pushes.
const CONNECTIONS_PER_NEWS_READ: usize = 3;
/// The greatest number of PDFs that are written at the same time: for one visitor, for the
/// transactions of one shop, and in total.
const PARALLEL_PDFS: PlaceLimits = PlaceLimits { visitor: 1, shop: 3, total: 8 };
/// How long a request for a PDF may wait for a place.
const PDF_WAIT_TIMEOUT: Duration = Duration::from_secs(15);
/// The greatest number of downloads at the same time: for one visitor, for the transactions of one
/// shop, and in total. The pictures in the conversation are downloads as well.
const PARALLEL_DOWNLOADS: PlaceLimits = PlaceLimits { visitor: 16, shop: 256, total: 1_024 };
/// The greatest number of conversations that are written or downloaded as files at the same time: for one visitor, for
/// the transactions of one shop, and in total. Each takes its size on the disk meanwhile.
const PARALLEL_CONVERSATIONS: PlaceLimits = PlaceLimits { visitor: 1, shop: 8, total: 32 };
/// How long a download may wait for a place.
const DOWNLOAD_WAIT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the reader of a download may pause.
pub(super) const DOWNLOAD_WRITE_TIMEOUT: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);
/// The number of bytes in a megabyte. Uploads are counted in megabytes.
const MEGABYTE: u64 = 1_000_000;

/// Counts what visitors use, and refuses what exceeds a limit. The keys are grants and shops.
#[derive(Debug)]
pub struct Limits {
    openings: Rate<Ulid>,
    messages: Rate<Ulid>,
    signals: Rate<Ulid>,
    uploaded_megabytes: Rate<Ulid>,
    uploads: PlacePool,
    streams: PlacePool,
    news_reads: Semaphore,
    pdfs: PlacePool,
    downloads: PlacePool,
    conversations: PlacePool,
}

/// How many places there are.
#[derive(Clone, Copy)]
struct PlaceLimits {
    /// For one visitor.
    visitor: usize,
    /// For all visitors of the transactions of one shop.
    shop: usize,
    total: usize,
}

impl PlaceLimits {
    /// Returns limits of which none is greater than `max`.
    fn capped_at(self, max: usize) -> Self {
        let Self { visitor, shop, total } = self;
        Self { visitor: visitor.min(max), shop: shop.min(max), total: total.min(max) }
    }
}

/// Places for each visitor and each shop.
#[derive(Debug)]
struct PlacePool {
    of_visitor: Places<Ulid>,
    of_shop: Places<String>,
}

/// A place of a visitor, and one of a shop.
pub(super) type PlacePair = (Place<Ulid>, Place<String>);

impl PlacePool {
    fn new(PlaceLimits { visitor, shop, total }: PlaceLimits) -> Self {
        Self { of_visitor: Places::new(visitor, total), of_shop: Places::new(shop, total) }
    }

    fn take(&self, grant: Ulid, shop: &str) -> Result<PlacePair, TooMany> {
        Ok((self.of_visitor.take(&grant)?, self.of_shop.take(&shop.to_owned())?))
    }

    /// Waits for both places, for at most `timeout` each.
    async fn take_within(
        &self,
        grant: Ulid,
        shop: &str,
        timeout: Duration,
    ) -> Result<PlacePair, TooMany> {
        let of_visitor = self.of_visitor.take_within(&grant, timeout).await?;
        Ok((of_visitor, self.of_shop.take_within(&shop.to_owned(), timeout).await?))
    }
}

impl Limits {
    /// Returns the limits of the config, reduced to what this process may have open.
    pub fn of(config: &Config, budget: &Budget) -> Self {
        let max_streams = budget.page * STREAM_SHARE.0 / STREAM_SHARE.1;
        let page = &config.page;
        // The largest file that is accepted at all can be uploaded within one hour.
        let megabytes = u64::from(page.upload_megabytes_per_hour).max(config.files.max_megabytes);
        let megabytes = u32::try_from(megabytes).unwrap_or(u32::MAX);
        let connections = usize::try_from(config.database.max_connections).unwrap_or(usize::MAX);
        let streams = PlaceLimits {
            visitor: usize::try_from(page.open_pages).unwrap_or(usize::MAX),
            shop: MAX_STREAMS_OF_SHOP,
            total: MAX_STREAMS,
        };
        let news_reads = (connections / CONNECTIONS_PER_NEWS_READ).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            openings: Rate::new(LINK_OPENINGS.0, LINK_OPENINGS.1, MINUTE),
            messages: Rate::new(MESSAGE_BURST, page.messages_per_minute, MINUTE),
            signals: Rate::new(SIGNALS.0, SIGNALS.1, MINUTE),
            uploaded_megabytes: Rate::new(megabytes, megabytes, MINUTE * 60),
            uploads: PlacePool::new(PARALLEL_UPLOADS.capped_at(budget.files / 4)),
            streams: PlacePool::new(streams.capped_at(MAX_STREAMS.min(max_streams))),
            news_reads: Semaphore::new(news_reads),
            pdfs: PlacePool::new(PARALLEL_PDFS),
            downloads: PlacePool::new(PARALLEL_DOWNLOADS.capped_at(budget.files / 2)),
            conversations: PlacePool::new(PARALLEL_CONVERSATIONS.capped_at(budget.files / 8)),
        }
    }

    /// Counts that a link is viewed or opened.
    pub(super) fn open(&self, grant: Ulid) -> Result<(), TooMany> {
        self.openings.take(&grant)
    }

    /// Counts that this number of messages is written.
    pub(super) fn write(&self, grant: Ulid, messages: usize) -> Result<(), TooMany> {
        self.messages.take_many(&grant, u32::try_from(messages).unwrap_or(u32::MAX))
    }

    /// Counts a report that a visitor is typing or has read.
    pub(super) fn signal(&self, grant: Ulid) -> Result<(), TooMany> {
        self.signals.take(&grant)
    }

    /// Waits until a live page may read its news from the database.
    pub(super) async fn news_read(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.news_reads.acquire().await.ok()
    }

    /// Takes the places for the upload of a file.
    pub(super) fn upload(&self, grant: Ulid, shop: &str) -> Result<PlacePair, TooMany> {
        self.uploads.take(grant, shop)
    }

    /// Counts that an upload grows from `before` to `after` bytes. Each megabyte that has begun
    /// counts.
    pub(super) fn upload_grows(&self, grant: Ulid, before: u64, after: u64) -> Result<(), TooMany> {
        let begun = |bytes: u64| bytes.div_ceil(MEGABYTE);
        let new = begun(after).saturating_sub(begun(before));
        self.uploaded_megabytes.take_many(&grant, u32::try_from(new).unwrap_or(u32::MAX))
    }

    /// Takes the place of the grant for a live page. A ticket names the grant, so the database is
    /// not needed.
    pub(super) fn stream(&self, grant: Ulid) -> Result<Place<Ulid>, TooMany> {
        self.streams.of_visitor.take(&grant)
    }

    /// Takes the place of the shop for a live page. Only the database knows the shop.
    pub(super) fn stream_of_shop(&self, shop: &str) -> Result<Place<String>, TooMany> {
        self.streams.of_shop.take(&shop.to_owned())
    }

    /// Waits for the places for writing a PDF.
    pub(super) async fn pdf(&self, grant: Ulid, shop: &str) -> Result<PlacePair, TooMany> {
        self.pdfs.take_within(grant, shop, PDF_WAIT_TIMEOUT).await
    }

    /// Waits for the places for a download.
    pub(super) async fn download(&self, grant: Ulid, shop: &str) -> Result<PlacePair, TooMany> {
        self.downloads.take_within(grant, shop, DOWNLOAD_WAIT_TIMEOUT).await
    }

    /// Takes the places for the download of a conversation.
    pub(super) fn conversation(&self, grant: Ulid, shop: &str) -> Result<PlacePair, TooMany> {
        self.conversations.take(grant, shop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(config: &Config) -> Limits {
        Limits::of(config, &Budget::of(20_000, 8).unwrap())
    }

    #[test]
    fn one_visitor_does_not_use_up_the_limits_of_another() {
        let mut config = Config::default();
        config.page.open_pages = 2;
        let limits = limits(&config);
        let (one, other) = (Ulid::new(), Ulid::new());
        let mut held = Vec::new();
        for grant in [one, other] {
            for _ in 0..MESSAGE_BURST {
                limits.write(grant, 1).unwrap();
            }
            assert!(limits.write(grant, 1).is_err());
            let _streams = [limits.stream(grant).unwrap(), limits.stream(grant).unwrap()];
            assert!(limits.stream(grant).is_err());
            held.extend(
                (0..PARALLEL_UPLOADS.visitor).map(|_| limits.upload(grant, "shop").unwrap()),
            );
            assert!(limits.upload(grant, "shop").is_err());
            (0..LINK_OPENINGS.0).for_each(|_| limits.open(grant).unwrap());
            assert!(limits.open(grant).is_err());
        }
    }

    #[test]
    fn live_pages_leave_connections_for_opening_a_page() {
        let mut config = Config::default();
        config.page.open_pages = 8_000;
        let budget = Budget::of(1_024, 8).unwrap();
        let limits = Limits::of(&config, &budget);
        let taken: Vec<_> = std::iter::from_fn(|| limits.stream(Ulid::new()).ok()).collect();
        assert_eq!(taken.len(), budget.page * 3 / 4);
    }

    #[test]
    fn each_begun_megabyte_of_an_upload_counts_once() {
        let mut config = Config::default();
        config.files.max_megabytes = 1;
        config.page.upload_megabytes_per_hour = 3;
        let limits = limits(&config);
        let grant = Ulid::new();
        let mut size = 0;
        for _ in 0..300 {
            limits.upload_grows(grant, size, size + 10_000).unwrap();
            size += 10_000;
        }
        assert!(limits.upload_grows(grant, size, size + 1).is_err());
        limits.upload_grows(Ulid::new(), 0, 1_000_000).unwrap();
    }
}
