//! Gathers everything that the page of one visitor shows, from the database and from memory.

use super::PageState;
use super::cast::Cast;
use super::chat::{self, LINES_PER_PAGE};
use super::model::{
    Chat, Composing, Named, Page, Quote, ReadInvoice, Revision, Unsent, UnsentRelation,
};
use super::people::{Others, usual_reply_time};
use super::session::Session;
use std::sync::Arc;
use ulid::Ulid;

use crate::invoice::{Document, Further, OriginalKind, epc_payload, qr_svg, status_to_show};
use crate::quota::run_blocking;
use crate::record::conversation;
use crate::store::{PastTerms, Store, StoreError};
use crate::transaction::{PartyRole, Transaction, changes};

/// The greatest number of revisions that the page lists.
const MAX_REVISIONS: i64 = 20;

/// The part of the conversation that a visitor requests, and what they want to write.
#[derive(Clone, Debug, Default)]
pub(super) struct ChatRequest {
    /// The cursor of the line before which older lines are requested.
    pub(super) before: Option<String>,
    /// The event id of the line to answer.
    pub(super) reply: Option<String>,
    /// The event id of the line to change.
    pub(super) edit: Option<String>,
    /// The id of the unsent message to write again.
    pub(super) again: Option<String>,
}

/// Reads the whole page except the conversation, which the caller gives.
pub(super) async fn page<'a>(
    state: &PageState,
    session: &'a Session,
    chat: Chat,
) -> Result<Page<'a>, StoreError> {
    let transaction = &session.transaction;
    let terms = &transaction.terms;
    let read = read_invoice(state, transaction).await?;
    let is_buyer = session.visitor.role == PartyRole::Buyer;
    let payload =
        is_buyer.then(|| epc_payload(&terms.invoice, &terms.status, &terms.seller.name)).flatten();
    let history = history(state, transaction).await?;
    let others = Others::of(state, session);
    others.ask(state);
    Ok(Page {
        transaction,
        visitor: &session.visitor,
        address: session.address(),
        speaker: session.guest.user_id.as_str(),
        reader: &session.reader,
        revisions: history.to_vec(),
        read,
        qr: payload.as_deref().and_then(qr_svg),
        chat,
        people: others.people(state),
        replies_in: usual_reply_time(state, session).await?,
    })
}

/// Reads what the current invoice says for which the page has no place of its own.
pub(super) async fn read_invoice(
    state: &PageState,
    transaction: &Transaction,
) -> Result<Arc<ReadInvoice>, StoreError> {
    let Transaction { id, revision, .. } = *transaction;
    let read = async || {
        let file = state.store.original(id).await?;
        let invoice = transaction.terms.invoice.clone();
        let read = move || {
            let file = file.as_ref().map(|(_, bytes)| bytes.as_slice());
            let (further, contents) = Further::with_contents(&invoice, file);
            let documents = invoice.documents.iter().enumerate();
            let is_there =
                |it: &Document| it.attachment.as_ref().is_some_and(|it| contents.has(it));
            let files = documents.filter(|(_, it)| is_there(it)).map(|(place, _)| place).collect();
            ReadInvoice { further, original: file.map(OriginalKind::of), files }
        };
        run_blocking(read).await.map_err(panicked)
    };
    state.readings.invoices.get_or_read((id, revision), read).await
}

/// Reads what each of the last revisions changed.
async fn history(
    state: &PageState,
    transaction: &Transaction,
) -> Result<Arc<Vec<Revision>>, StoreError> {
    let Transaction { id, revision, .. } = *transaction;
    let read = async || {
        let past = state.store.past_terms(id, MAX_REVISIONS + 1).await?;
        run_blocking(move || revisions(&past)).await.map_err(panicked)
    };
    state.readings.history.get_or_read((id, revision), read).await
}

fn panicked(error: tokio::task::JoinError) -> StoreError {
    StoreError::Io(std::io::Error::other(error))
}

fn revisions(past: &[PastTerms]) -> Vec<Revision> {
    let shown = usize::try_from(MAX_REVISIONS).unwrap_or_default();
    let revision = |(index, now): (usize, &PastTerms)| Revision {
        number: now.revision,
        at: now.at,
        status: status_to_show(&now.terms.invoice, &now.terms.status).map(str::to_owned),
        changes: past
            .get(index + 1)
            .map(|before| changes(&before.terms, &now.terms))
            .unwrap_or_default(),
    };
    past.iter().enumerate().take(shown).map(revision).collect()
}

/// Reads the newest part of the conversation, or the part before a line.
pub(super) async fn chat(
    state: &PageState,
    session: &Session,
    cast: &Cast,
    request: ChatRequest,
) -> Result<Chat, StoreError> {
    let id = session.transaction.id;
    // The seq is read first, so that what arrives in the meantime is sent again and not left out.
    let seq = state.store.head(id).await?.seq;
    let before = request.before.as_deref().and_then(cursor);
    let mut entries = state.store.lines(id, before, LINES_PER_PAGE + 1).await?;
    let has_older = entries.len() > usize::try_from(LINES_PER_PAGE).unwrap_or(usize::MAX);
    if has_older {
        entries.remove(0);
    }
    let lines = chat::lines(state, session, cast, entries).await?;
    let older = lines.first().filter(|_| has_older).map(|it| format!("{}_{}", it.at, it.event));
    Ok(Chat {
        older,
        composing: composing(&state.store, session, cast, &request).await?,
        seen: seen_by(state, session, cast).await?,
        lines,
        unsent: unsent(&state.store, session).await?,
        seq,
        client_id: Ulid::new().to_string(),
        closed: None,
        typing: typing(state, session, cast).await?,
    })
}

/// Parses the value of `?before=`: the place of the oldest line that the page shows.
fn cursor(text: &str) -> Option<(i64, &str)> {
    let (at, event) = text.split_once('_')?;
    Some((at.parse().ok()?, event))
}

/// Reads the messages of the visitor that are not in the room yet.
pub(super) async fn unsent(store: &Store, session: &Session) -> Result<Vec<Unsent>, StoreError> {
    let id = session.transaction.id;
    let outgoing = store.unsent(id, &session.guest.user_id).await?;
    if outgoing.is_empty() {
        return Ok(Vec::new());
    }
    let is_stuck = store.room(id).await?.is_some_and(|room| room.failures > 0);
    let text = |id: &str| session.reader.locale.text(&format!("unsent-{id}"));
    let unsent = outgoing.into_iter().filter_map(|outgoing| {
        let content = outgoing.content();
        // Reactions and removals have no body. They are not shown as messages.
        let body = content["m.new_content"]["body"].as_str().or(content["body"].as_str())?;
        Some(Unsent {
            text: body.to_owned(),
            relation: relation_of_text(&content),
            id: outgoing.id,
            at: outgoing.written_at,
            gave_up: outgoing.problem.is_some(),
            problem: outgoing.problem.as_deref().or(is_stuck.then_some("later")).map(text),
        })
    });
    Ok(unsent.collect())
}

/// Returns the message that an unsent text answers or replaces. Returns `None` if it is not a text.
fn relation_of_text(content: &serde_json::Value) -> Option<UnsentRelation> {
    let event = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let relation = &content["m.relates_to"];
    let is_edit = relation["rel_type"] == "m.replace";
    (content["msgtype"] == "m.text").then(|| UnsentRelation {
        reply: event(&relation["m.in_reply_to"]["event_id"]),
        edit: event(&relation["event_id"]).filter(|_| is_edit),
    })
}

/// Returns a message as the text field quotes it, or `None` if the record does not have it.
async fn quoted(
    store: &Store,
    session: &Session,
    cast: &Cast,
    event: &str,
) -> Result<Option<Quote>, StoreError> {
    let id = session.transaction.id;
    let events = [event.to_owned()];
    let entries = store.entries_with_changes(id, &events).await?;
    let lines = conversation(&entries);
    let line = lines.iter().find(|it| it.entry.fixed.event_id == event);
    Ok(line.map(|line| chat::quote(line, None, cast, &session.reader)))
}

/// Returns what the text field is for.
async fn composing(
    store: &Store,
    session: &Session,
    cast: &Cast,
    request: &ChatRequest,
) -> Result<Composing, StoreError> {
    if let Some(id) = &request.again {
        let unsent = unsent(store, session).await?;
        let found = unsent.into_iter().find(|unsent| unsent.id == *id && unsent.gave_up);
        let Some(Unsent { id: outgoing, text, relation: Some(relation), .. }) = found else {
            return Ok(Composing::New);
        };
        let quote = match &relation.reply {
            Some(event) => quoted(store, session, cast, event).await?,
            None => None,
        };
        return Ok(Composing::Resend { text, relation, outgoing, quote });
    }
    if let (None, Some(event)) = (&request.edit, &request.reply) {
        let quote = quoted(store, session, cast, event).await?;
        return Ok(quote.map_or(Composing::New, Composing::Reply));
    }
    let Some(event) = request.edit.clone() else { return Ok(Composing::New) };
    let id = session.transaction.id;
    let events = [event.clone()];
    let entries = store.entries_with_changes(id, &events).await?;
    let lines = conversation(&entries);
    let Some(line) = lines.iter().find(|it| it.entry.fixed.event_id == event) else {
        return Ok(Composing::New);
    };
    if line.entry.fixed.sender != session.guest.user_id.as_str() {
        return Ok(Composing::New);
    }
    let text = line.current().text.clone().unwrap_or_default();
    Ok(Composing::Edit { event, text })
}

/// Returns the newest line that the other party has read, and the person who read it.
pub(super) async fn seen_by(
    state: &PageState,
    session: &Session,
    cast: &Cast,
) -> Result<Option<(String, Named)>, StoreError> {
    let id = session.transaction.id;
    let receipts = state.store.receipts(id).await?;
    let others = receipts.iter().filter(|it| cast.is_other_party(&it.user_id));
    let Some(newest) = others.max_by_key(|it| it.sort_at) else { return Ok(None) };
    // The receipt may name an event that is not a line.
    let line = state.store.lines(id, Some((newest.sort_at + 1, "")), 1).await?.pop();
    Ok(line.map(|line| (line.fixed.event_id, cast.named(&newest.user_id, None, None))))
}

/// Returns the other people who are typing.
pub(super) async fn typing(
    state: &PageState,
    session: &Session,
    cast: &Cast,
) -> Result<Vec<Named>, StoreError> {
    let Some(room) = state.store.room(session.transaction.id).await?.and_then(|it| it.room_id)
    else {
        return Ok(Vec::new());
    };
    Ok(typing_in(state, cast, &room))
}

/// Returns the other people who are typing in this room.
pub(super) fn typing_in(state: &PageState, cast: &Cast, room: &str) -> Vec<Named> {
    let users = state.moment.typing(room);
    let others = users.iter().filter(|user| !cast.is_mine(user));
    others.map(|user| cast.named(user, None, None)).collect()
}
