//! Searches one conversation for words, with the index that also the shop searches.

use std::collections::BTreeSet;

use super::PageState;
use super::cast::Cast;
use super::chat::ReadLines;
use super::model::{ChatLine, Found, Hit, Reader};
use super::session::Session;
use super::view::text_without_spoilers;
use crate::record::{Entry, RelationKind};
use crate::search::{Query, snippet};
use crate::store::{SearchRequest, StoreError};

/// The greatest number of entries that are looked at. Several may belong to one line.
const MAX_MATCHES: i64 = 60;
/// The greatest number of lines that are shown.
const MAX_HITS: usize = 20;

/// Returns the lines that say these words now, newest first.
pub(super) async fn found(
    state: &PageState,
    session: &Session,
    cast: &Cast,
    words: String,
) -> Result<Found, StoreError> {
    let Ok(query) = Query::read(&words) else { return Ok(Found { words, hits: Vec::new() }) };
    let id = session.transaction.id;
    let request = SearchRequest {
        shop: &session.transaction.shop,
        query: &query,
        party: None,
        transaction: Some(id),
        from: i64::MIN,
        until: i64::MAX,
        as_of: None,
        offset: 0,
        limit: MAX_MATCHES,
    };
    let matches = state.store.search(&request).await?.entries;
    let events: BTreeSet<String> = matches.iter().map(|it| line_of(it).to_owned()).collect();
    let events: Vec<String> = events.into_iter().collect();
    let mut lines = state.store.shown_events(id, &events).await?;
    lines.retain(|line| line.entry.is_line() && line.entry.fixed.party != "bot");
    let read = ReadLines::of(&state.store, id, lines, None).await?;
    let lines = read.shown(session, cast).into_iter().rev();
    let hits =
        lines.filter_map(|line| hit(&line, &query, &session.reader)).take(MAX_HITS).collect();
    Ok(Found { words, hits })
}

/// Returns the event id of the line that an entry is or changes.
fn line_of(entry: &Entry) -> &str {
    match &entry.relates_to {
        Some(relation) if relation.kind == RelationKind::Edit => &relation.event_id,
        _ => &entry.fixed.event_id,
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
