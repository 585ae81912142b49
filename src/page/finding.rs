//! Searches one conversation for words, with the index that also the shop searches.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::PageState;
use super::cast::Cast;
use super::chat::ReadLines;
use super::model::{ChatLine, Found, Hit, Reader};
use super::session::Session;
use super::view::text_without_spoilers;
use crate::record::{Entry, Kind};
use crate::search::{Query, snippet};
use crate::store::StoreError;

/// The number of entries that are looked at together, newest first. Several may belong to one line, and some say the words
/// no more.
const MATCHES_AT_ONCE: usize = 60;
/// How often further entries are looked at.
const MAX_ROUNDS: usize = 10;
/// The greatest number of lines that are shown.
const MAX_HITS: usize = 20;

/// Returns the lines that say these words now, newest first.
pub(super) async fn found(
    state: &PageState,
    session: &Session,
    cast: &Cast,
    words: String,
) -> Result<Found, StoreError> {
    let mut hits: Vec<Hit> = Vec::new();
    let Ok(query) = Query::read(&words) else { return Ok(Found { words, hits }) };
    let id = session.transaction.id;
    let conversation = (session.transaction.shop.as_str(), id);
    let most = i64::try_from(MATCHES_AT_ONCE).unwrap_or(i64::MAX);
    let (mut before, mut looked_at) = (None, BTreeSet::new());
    for _ in 0..MAX_ROUNDS {
        let matches = state.store.search_conversation(conversation, &query, before, most).await?;
        before = matches.last().map(|(row, _)| *row);
        let events = matches.iter().filter_map(|(_, entry)| line_of(entry));
        let events = events.filter(|event| looked_at.insert((*event).to_owned()));
        let events: Vec<String> = events.map(str::to_owned).collect();
        let mut lines = state.store.shown_events(id, &events).await?;
        lines.retain(|line| line.entry.is_line());
        let read = ReadLines::of(&state.store, id, lines, None).await?;
        let lines = read.shown(session, cast).into_iter();
        hits.extend(lines.filter_map(|line| hit(&line, &query, &session.reader)));
        if hits.len() >= MAX_HITS || matches.len() < MATCHES_AT_ONCE {
            break;
        }
    }
    hits.sort_by_key(|hit| Reverse(hit.at));
    hits.truncate(MAX_HITS);
    Ok(Found { words, hits })
}

/// Returns the event id of the line that an entry is or changes. A vote has the words of its poll, and leads nowhere.
fn line_of(entry: &Entry) -> Option<&str> {
    match &entry.relates_to {
        Some(relation) if entry.kind == Kind::Edit => Some(&relation.event_id),
        _ => entry.is_line().then_some(&entry.fixed.event_id),
    }
}

/// Returns where a line says the words. An earlier version of it may have said them, or a part that is hidden.
fn hit(line: &ChatLine, query: &Query, reader: &Reader) -> Option<Hit> {
    let text = text_without_spoilers(line.text.as_deref(), line.html.as_deref(), reader);
    let files = line.files.iter().map(|file| file.name.clone()).filter(|name| *name != text);
    let shown: Vec<String> = std::iter::once(text.clone()).chain(files).collect();
    let pieces = snippet(&shown.join(" "), query);
    let says_it = !line.removed && pieces.iter().any(|piece| piece.is_match);
    says_it.then(|| Hit { event: line.event.clone(), at: line.at, by: line.named(), pieces })
}
