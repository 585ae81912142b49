//! Reads the lines that are new or changed, once for all who see them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;
use ulid::Ulid;

use super::Position;
use super::faces::Face;
use super::news::LineNews;
use super::watched::Watched;
use crate::page::cast::Cast;
use crate::page::chat::ReadLines;
use crate::page::model::{Chat, ChatLine, Page, Side};
use crate::page::session::Session;
use crate::page::{PageState, gather, view};
use crate::record::Entry;
use crate::store::{ShownEntry, Store, StoreError};
use crate::transaction::PartyRole;

/// The number of entries that are read at once.
const ENTRY_BATCH: i64 = 200;

/// Lines of the record that are new or changed.
#[derive(Debug)]
pub(super) struct NewLines {
    read: ReadLines,
    /// The seq of the newest entry that changed each line, by the event id of the line.
    changed_at: BTreeMap<String, i64>,
    /// The event ids of the lines that are new.
    new: BTreeSet<String>,
    /// Whether only those lines count that await no file any more.
    is_about_files: bool,
}

/// Lines that were written for some faces, so that each is written only once for those who see the
/// same.
pub(super) type WrittenLines = BTreeMap<(PartyRole, String, Option<usize>), Arc<[LineNews]>>;

impl NewLines {
    /// Reads the lines that all entries after `upto` are, or are about. Sets `upto` to the last
    /// entry. A list for each [`ENTRY_BATCH`] entries is returned.
    pub(super) async fn after(
        store: &Store,
        transaction: Ulid,
        upto: &mut i64,
    ) -> Result<Vec<Self>, StoreError> {
        let mut lists = Vec::new();
        loop {
            let (list, is_all) = Self::next_after(store, transaction, upto).await?;
            lists.extend(list);
            if is_all {
                return Ok(lists);
            }
        }
    }

    /// Reads the lines that the next [`ENTRY_BATCH`] entries after `upto` are, or are about. Sets
    /// `upto` to the last of these entries. Returns also whether there are no more entries.
    async fn next_after(
        store: &Store,
        transaction: Ulid,
        upto: &mut i64,
    ) -> Result<(Option<Self>, bool), StoreError> {
        let entries = store.entries(transaction, *upto, ENTRY_BATCH).await?;
        let Some(last) = entries.last().map(|entry| entry.fixed.seq) else {
            return Ok((None, true));
        };
        let changed_at = changed_lines(store, transaction, &entries).await?;
        let new = entries.iter().map(|entry| entry.fixed.event_id.clone()).collect();
        let list = Self::of(store, transaction, changed_at, new, false).await?;
        *upto = last;
        Ok((list, i64::try_from(entries.len()).is_ok_and(|read| read < ENTRY_BATCH)))
    }

    /// Reads lines whose files were awaited.
    pub(super) async fn with_files(
        store: &Store,
        transaction: Ulid,
        awaited: BTreeSet<String>,
    ) -> Result<Option<Self>, StoreError> {
        let changed_at = awaited.into_iter().map(|event| (event, i64::MAX)).collect();
        Self::of(store, transaction, changed_at, BTreeSet::new(), true).await
    }

    async fn of(
        store: &Store,
        transaction: Ulid,
        changed_at: BTreeMap<String, i64>,
        new: BTreeSet<String>,
        is_about_files: bool,
    ) -> Result<Option<Self>, StoreError> {
        let events: Vec<String> = changed_at.keys().cloned().collect();
        let mut lines = store.shown_events(transaction, &events).await?;
        lines.retain(|line| line.entry.is_line());
        if lines.is_empty() {
            return Ok(None);
        }
        let read = ReadLines::of(store, transaction, lines, None).await?;
        Ok(Some(Self { read, changed_at, new, is_about_files }))
    }

    /// Returns the event ids of the lines with a file that has not been fetched yet.
    pub(super) fn awaiting_files(&self) -> impl Iterator<Item = &str> {
        let awaits = |line: &&ShownEntry| line.files.iter().any(|file| file.state == "wanted");
        self.read.lines().iter().filter(awaits).map(|line| line.entry.fixed.event_id.as_str())
    }

    /// Whether one of the lines, what is about them, or what they quote was sent by the visitor of this cast.
    fn involves(&self, cast: &Cast) -> bool {
        self.read.entries().any(|entry| cast.is_mine(&entry.fixed.sender))
    }

    fn write(&self, session: &Session, cast: &Cast) -> impl Iterator<Item = LineNews> {
        let awaiting: BTreeSet<&str> = self.awaiting_files().collect();
        let is_told = |line: &ChatLine| !self.is_about_files || !awaiting.contains(&*line.event);
        let mut lines = self.read.shown(session, cast);
        lines.retain(is_told);
        lines.into_iter().map(|line| {
            let seq = self.changed_at.get(&line.event).copied().unwrap_or_default();
            line_news(session, &line, seq, self.new.contains(&line.event))
        })
    }
}

/// Writes lines as the visitor of this session sees them. Those who see the same share them.
pub(super) fn write_for(
    lists: &[NewLines],
    face: &Face,
    (session, cast): (&Session, &Cast),
    written: &mut WrittenLines,
) -> Arc<[LineNews]> {
    let is_involved = lists.iter().any(|list| list.involves(cast));
    let key = (face.role, face.reader.locale.tag(), is_involved.then_some(face.number));
    let write = || lists.iter().flat_map(|list| list.write(session, cast)).collect();
    Arc::clone(written.entry(key).or_insert_with(write))
}

/// What a page missed before it was opened.
pub(super) struct Missed {
    pub(super) lines: Arc<[LineNews]>,
    /// The seq of the last entry that the lines cover.
    pub(super) upto: i64,
    /// Whether the page lacks no more lines than these.
    pub(super) is_all: bool,
    /// The invoice at this revision, if the page has an earlier one.
    pub(super) invoice: Option<Arc<str>>,
    pub(super) revision: i64,
}

impl Missed {
    /// Reads what a page at this position lacks, with the lines of at most [`ENTRY_BATCH`] entries.
    pub(super) async fn read(
        watched: &Watched,
        face: &Face,
        position: Position,
    ) -> Result<Self, StoreError> {
        let (state, id) = (&watched.state, watched.transaction);
        let mut upto = position.after;
        let nothing = |lines| Self {
            lines,
            upto: position.after,
            is_all: true,
            invoice: None,
            revision: position.revision,
        };
        let _permit = state.limits.news_read().await;
        let Some(transaction) = state.store.transaction(id).await? else {
            return Ok(nothing(Arc::default()));
        };
        // Without a visitor, the next news closes the page.
        let Ok(session) = face.session(state, transaction) else {
            return Ok(nothing(Arc::default()));
        };
        let cast = Cast::of(state, &session).await?;
        let (list, is_all) = NewLines::next_after(&state.store, id, &mut upto).await?;
        let lists = Vec::from_iter(list);
        for list in &lists {
            let awaiting = list.awaiting_files().map(str::to_owned);
            watched.awaited_files().extend(awaiting);
        }
        let lines = write_for(&lists, face, (&session, &cast), &mut WrittenLines::new());
        let revision = session.transaction.version();
        let invoice = if revision > position.revision {
            Some(invoice(state, (&session, &cast)).await?)
        } else {
            None
        };
        Ok(Self { lines, upto, is_all, invoice, revision })
    }
}

/// Reads the invoice, and returns it as the data of an event.
pub(super) async fn invoice(
    state: &PageState,
    (session, cast): (&Session, &Cast),
) -> Result<Arc<str>, StoreError> {
    let page = gather::page(state, session, Chat::default()).await?;
    let page = Page { visitor_name: cast.own_name(), ..page };
    let html = view::update(&page).into_string();
    Ok(json!({ "revision": page.transaction.version(), "html": html }).to_string().into())
}

/// Returns the event ids of the lines that these entries are, or are about. The value is the seq of
/// the last such entry.
async fn changed_lines(
    store: &Store,
    transaction: Ulid,
    entries: &[Entry],
) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut lines = BTreeMap::new();
    let mut targets = BTreeMap::new();
    for entry in entries {
        match &entry.relates_to {
            _ if entry.is_line() => {
                lines.insert(entry.fixed.event_id.clone(), entry.fixed.seq);
            }
            Some(relation) => {
                targets.insert(relation.event_id.clone(), entry.fixed.seq);
            }
            None => {}
        }
    }
    // An entry about a reaction, an edit or a vote changes the line that these are about.
    let events: Vec<String> = targets.keys().cloned().collect();
    for target in store.entries_of_events(transaction, &events).await? {
        if !target.is_line()
            && let Some(relation) = &target.relates_to
            && let Some(seq) = targets.get(&target.fixed.event_id).copied()
        {
            let of_message = targets.entry(relation.event_id.clone()).or_default();
            *of_message = seq.max(*of_message);
        }
    }
    for (event, seq) in targets {
        let of_line = lines.entry(event).or_default();
        *of_line = seq.max(*of_line);
    }
    Ok(lines)
}

fn line_news(session: &Session, line: &ChatLine, seq: i64, is_new: bool) -> LineNews {
    let reader = &session.reader;
    let announce = (is_new && line.side != Side::Mine).then(|| view::announcement(line, reader));
    let html = view::line(line, reader, &session.address());
    let json = json!({
        "event": line.event,
        "at": line.at,
        "outgoing": line.outgoing,
        "html": html.into_string(),
        "announce": announce,
    });
    LineNews { seq, data: json.to_string().into() }
}
