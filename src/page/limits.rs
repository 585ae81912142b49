//! How much one visitor may do on the page, so that it touches nobody else. No person meets these
//! limits; programs do.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use ulid::Ulid;

use crate::config::Config;
use crate::door::Budget;
use crate::quota::{Place, Places, Rate, TooMany};

/// How often one link may be looked at or opened at once, and in a minute in the long run.
const OPENINGS: (u32, u32) = (40, 60);
/// How many messages, changes, reactions and removals one visitor may write at once; a message
/// with the most files that it may have is as many.
const MESSAGES_AT_ONCE: u32 = 20;
/// How often a visitor may tell at once that they type or have read, and in a minute.
const SIGNALS: (u32, u32) = (30, 120);
/// Files of one visitor, of one shop's transactions and of everybody that arrive side by side.
const UPLOADS: (usize, usize, usize) = (4, 32, 128);
/// How long an upload may pause.
pub(super) const UPLOAD_PATIENCE: Duration = Duration::from_secs(60);
/// Live pages of one shop's transactions, and of everybody. Those of one visitor are in the config;
/// whoever opens one more is refused, and told when to come again. To close their oldest instead
/// would have their tabs take the place from each other for ever, since each comes back.
const STREAMS: (usize, usize) = (8_000, 20_000);
/// Of the page's connections, how many live pages may hold at most: the rest is for opening pages.
const HELD_BY_STREAMS: (usize, usize) = (3, 4);
/// Of the connections to the database, one in so many may be used by live pages that look for news:
/// the others are for those that write, above all for pushes.
const LOOKS: usize = 3;
/// PDFs of one visitor, of one shop's transactions and of everybody that are written side by side.
const PDFS: (usize, usize, usize) = (1, 3, 8);
/// How long a PDF may wait for its turn.
const PDF_PATIENCE: Duration = Duration::from_secs(15);
/// Downloads of one visitor, of one shop's transactions and of everybody side by side: pictures in
/// the conversation are downloads, too.
const DOWNLOADS: (usize, usize, usize) = (16, 256, 1_024);
/// How long a picture may wait for its turn.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long whoever fetches a file may pause.
pub(super) const READING_PATIENCE: Duration = Duration::from_secs(60);
/// One minute.
const MINUTE: Duration = Duration::from_secs(60);
/// Bytes that are counted as one.
const MEGABYTE: u64 = 1_000_000;

/// What visitors have taken of it. Keys are grants, or shops.
#[derive(Debug)]
pub struct Limits {
    openings: Rate<Ulid>,
    messages: Rate<Ulid>,
    signals: Rate<Ulid>,
    uploaded: Rate<Ulid>,
    uploads: Shared,
    streams: Shared,
    looks: Semaphore,
    pdfs: Shared,
    downloads: Shared,
}

/// Places for each visitor and each shop.
#[derive(Debug)]
struct Shared {
    of_one: Places<Ulid>,
    of_shop: Places<String>,
}

/// A place of both kinds.
pub(super) type Taken = (Place<Ulid>, Place<String>);

impl Shared {
    fn new((one, shop, total): (usize, usize, usize)) -> Self {
        Self { of_one: Places::new(one, total), of_shop: Places::new(shop, total) }
    }

    fn take(&self, one: Ulid, shop: &str) -> Result<Taken, TooMany> {
        Ok((self.of_one.take(&one)?, self.of_shop.take(&shop.to_owned())?))
    }

    async fn take_within(
        &self,
        one: Ulid,
        shop: &str,
        patience: Duration,
    ) -> Result<Taken, TooMany> {
        let of_one = self.of_one.take_within(&one, patience).await?;
        Ok((of_one, self.of_shop.take_within(&shop.to_owned(), patience).await?))
    }
}

impl Limits {
    /// As the config has them, within what this process may have open.
    pub fn of(config: &Config, budget: &Budget) -> Self {
        let streams = STREAMS.1.min(budget.page * HELD_BY_STREAMS.0 / HELD_BY_STREAMS.1);
        let (uploads, downloads) = (budget.files / 4, budget.files / 2);
        let within = |(one, shop, all): (usize, usize, usize), most: usize| {
            (one.min(most), shop.min(most), all.min(most))
        };
        let page = &config.page;
        // The largest file that is taken at all can be sent.
        let megabytes = u64::from(page.upload_megabytes_per_hour).max(config.files.max_megabytes);
        let megabytes = u32::try_from(megabytes).unwrap_or(u32::MAX);
        let connections = usize::try_from(config.database.max_connections).unwrap_or(usize::MAX);
        let open_pages = usize::try_from(page.open_pages).unwrap_or(usize::MAX);
        Self {
            openings: Rate::new(OPENINGS.0, OPENINGS.1, MINUTE),
            messages: Rate::new(MESSAGES_AT_ONCE, page.messages_per_minute, MINUTE),
            signals: Rate::new(SIGNALS.0, SIGNALS.1, MINUTE),
            uploaded: Rate::new(megabytes, megabytes, MINUTE * 60),
            uploads: Shared::new(within(UPLOADS, uploads)),
            streams: Shared::new(within((open_pages, STREAMS.0, STREAMS.1), streams)),
            looks: Semaphore::new((connections / LOOKS).clamp(1, Semaphore::MAX_PERMITS)),
            pdfs: Shared::new(PDFS),
            downloads: Shared::new(within(DOWNLOADS, downloads)),
        }
    }

    /// Looking at a link, or opening it.
    pub(super) fn open(&self, grant: Ulid) -> Result<(), TooMany> {
        self.openings.take(&grant)
    }

    /// Writing so many messages.
    pub(super) fn write(&self, grant: Ulid, messages: usize) -> Result<(), TooMany> {
        self.messages.take_many(&grant, u32::try_from(messages).unwrap_or(u32::MAX))
    }

    /// Telling that somebody types, or has read.
    pub(super) fn signal(&self, grant: Ulid) -> Result<(), TooMany> {
        self.signals.take(&grant)
    }

    /// A live page's look for news, once it is its turn.
    pub(super) async fn look(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.looks.acquire().await.ok()
    }

    /// A file's arrival.
    pub(super) fn upload(&self, grant: Ulid, shop: &str) -> Result<Taken, TooMany> {
        self.uploads.take(grant, shop)
    }

    /// What a file grows by, from one size to another: each megabyte that it begins counts.
    pub(super) fn grow(&self, grant: Ulid, before: u64, after: u64) -> Result<(), TooMany> {
        let begun = |bytes: u64| bytes.div_ceil(MEGABYTE);
        let new = begun(after).saturating_sub(begun(before));
        self.uploaded.take_many(&grant, u32::try_from(new).unwrap_or(u32::MAX))
    }

    /// Live news for an open page: the place of its grant, which a ticket names ...
    pub(super) fn stream(&self, grant: Ulid) -> Result<Place<Ulid>, TooMany> {
        self.streams.of_one.take(&grant)
    }

    /// ... and that of its shop, which only the database knows.
    pub(super) fn stream_of_shop(&self, shop: &str) -> Result<Place<String>, TooMany> {
        self.streams.of_shop.take(&shop.to_owned())
    }

    /// Writing a PDF.
    pub(super) async fn pdf(&self, grant: Ulid, shop: &str) -> Result<Taken, TooMany> {
        self.pdfs.take_within(grant, shop, PDF_PATIENCE).await
    }

    /// Fetching a file.
    pub(super) async fn download(&self, grant: Ulid, shop: &str) -> Result<Taken, TooMany> {
        self.downloads.take_within(grant, shop, DOWNLOAD_PATIENCE).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(config: &Config) -> Limits {
        Limits::of(config, &Budget::of(20_000, 8).unwrap())
    }

    #[test]
    fn one_visitor_takes_nothing_from_another() {
        let mut config = Config::default();
        config.page.open_pages = 2;
        let limits = limits(&config);
        let (one, other) = (Ulid::new(), Ulid::new());
        let mut held = Vec::new();
        for grant in [one, other] {
            for _ in 0..MESSAGES_AT_ONCE {
                limits.write(grant, 1).unwrap();
            }
            assert!(limits.write(grant, 1).is_err());
            let _streams = [limits.stream(grant).unwrap(), limits.stream(grant).unwrap()];
            assert!(limits.stream(grant).is_err());
            held.extend((0..UPLOADS.0).map(|_| limits.upload(grant, "shop").unwrap()));
            assert!(limits.upload(grant, "shop").is_err());
            (0..OPENINGS.0).for_each(|_| limits.open(grant).unwrap());
            assert!(limits.open(grant).is_err());
        }
    }

    #[test]
    fn live_pages_leave_room_for_opening_a_page() {
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
            limits.grow(grant, size, size + 10_000).unwrap();
            size += 10_000;
        }
        assert!(limits.grow(grant, size, size + 1).is_err());
        limits.grow(Ulid::new(), 0, 1_000_000).unwrap();
    }
}
