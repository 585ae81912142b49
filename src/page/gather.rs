//! Gathers everything that the page of one visitor shows, from the database and from memory.

use super::PageState;
use super::cast::Cast;
use super::chat::{LINES_PER_PAGE, ReadLines};
use super::composing::{ChatRequest, Writing};
use super::finding::found;
use super::model::{
    Chat, Composing, Named, Notes, Page, Paying, ReadInvoice, Revision, Unsent, UnsentRelation,
};
use super::people::{Contacts, addressed};
use super::session::Session;
use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use ulid::Ulid;

use crate::invoice::{Document, Further, OriginalKind};
use crate::quota::run_blocking;
use crate::room::message_content;
use crate::store::{LastRead, NotesOfSide, Outgoing, PastTerms, StoreError, Surroundings};
use crate::transaction::{PartyRole, Transaction, changes, status_to_show};

/// The greatest number of revisions that the page lists.
const MAX_REVISIONS: i64 = 20;

/// Reads everything about the invoice. The conversation, the notes, the people and the name of the visitor are left to those
/// who show them.
pub(super) async fn page<'a>(
    state: &'a PageState,
    session: &'a Session,
    chat: Chat,
) -> Result<Page<'a>, StoreError> {
    let transaction = &session.transaction;
    let read = read_invoice(state, transaction).await?;
    let standing = state.config.status.standing(transaction, session.reader.today);
    let closed = standing.is_closed.then(|| session.reader.locale.text("compose-closed"));
    let payable = standing.owed.payable().filter(|_| session.visitor.role == PartyRole::Buyer);
    let history = history(state, transaction).await?;
    Ok(Page {
        transaction,
        steps: state.config.status.steps(session.visitor.role, &standing),
        chat: Chat { closed, ..chat },
        standing,
        look: state.config.look(&transaction.shop),
        visitor: &session.visitor,
        visitor_name: String::new(),
        address: session.address(),
        speaker: session.guest.user_id.as_str(),
        reader: &session.reader,
        revisions: history.to_vec(),
        read,
        notes: Notes::default(),
        paying: payable.and_then(|it| Paying::of(transaction, it, &state.config.page.pay_links)),
        web_push_key: state.web_push.as_ref().map(|it| it.key.public().to_owned()),
        people: Vec::new(),
        choices: Vec::new(),
        replies_in: None,
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
        status: status_to_show(&now.terms).map(str::to_owned),
        changes: past
            .get(index + 1)
            .map(|before| changes(&before.terms, &now.terms))
            .unwrap_or_default(),
    };
    past.iter().enumerate().take(shown).map(revision).collect()
}

/// Reads what there is around the lines of the conversation, and these notes.
pub(super) async fn surroundings(
    state: &PageState,
    session: &Session,
    notes: Option<NotesOfSide>,
) -> Result<Surroundings, StoreError> {
    let (id, guest) = (session.transaction.id, &session.guest.user_id);
    state.store.surroundings(id, guest, notes).await
}

/// Reads the newest part of the conversation, or the part before a line.
///
/// The surroundings were read first. So what arrives in the meantime is sent again and not left
/// out, because their seq is that of an earlier entry.
pub(super) async fn chat(
    state: &PageState,
    session: &Session,
    cast: &Cast,
    surroundings: &Surroundings,
    request: ChatRequest,
) -> Result<Chat, StoreError> {
    let id = session.transaction.id;
    let before = request.before.as_deref().and_then(cursor);
    let mut lines = state.store.shown_lines(id, before, LINES_PER_PAGE + 1).await?;
    let has_older = lines.len() > usize::try_from(LINES_PER_PAGE).unwrap_or(usize::MAX);
    if has_older {
        lines.remove(0);
    }
    let mut unsent = unsent_of(&surroundings.unsent, surroundings, state, session);
    let writing = Writing::of(&request, &unsent);
    let read = ReadLines::of(&state.store, id, lines, writing.quotes()).await?;
    let composing = writing.composing(&read.quoted(), session, cast);
    let lines = read.shown(session, cast);
    // It may have come into the record in the meantime.
    unsent.retain(|it| !lines.iter().any(|line| line.outgoing.contains(&it.id)));
    let older = lines.first().filter(|_| has_older).map(|it| format!("{}_{}", it.at, it.event));
    let room = surroundings.room_id.as_deref();
    let is_empty = lines.is_empty() && unsent.is_empty();
    let questions = if is_empty { questions(state, session) } else { Vec::new() };
    let asked = request.ask.and_then(|ask| questions.get(ask).cloned());
    let composing = match (composing, asked) {
        (Composing::New, Some(question)) => Composing::Ask(question),
        (composing, _) => composing,
    };
    let found = match request.find {
        Some(words) => Some(found(state, session, cast, words).await?),
        None => None,
    };
    Ok(Chat {
        older,
        composing,
        questions,
        found,
        is_past: before.is_some(),
        read_upto: read_upto(&surroundings.last_reads, cast),
        seen: newest_seen(&surroundings.last_reads, cast),
        lines,
        unsent,
        seq: surroundings.seq,
        client_id: Ulid::new().to_string(),
        closed: None,
        typing: room.map(|room| typing_in(state, cast, room)).unwrap_or_default(),
    })
}

/// Returns what a buyer may want to ask: what their shop suggests, or else what we do.
fn questions(state: &PageState, session: &Session) -> Vec<String> {
    if session.visitor.role != PartyRole::Buyer {
        return Vec::new();
    }
    let mut of_shops = state.config.page.questions.iter();
    match of_shops.find(|it| it.shop == session.transaction.shop) {
        Some(of_shop) => of_shop.named().map(|(_, question)| question.to_owned()).into(),
        None => ["question-1", "question-2", "question-3"]
            .map(|id| session.reader.locale.text(id))
            .into(),
    }
}

/// Parses the value of `?before=`: the place of the oldest line that the page shows.
fn cursor(text: &str) -> Option<(i64, &str)> {
    let (at, event) = text.split_once('_')?;
    Some((at.parse().ok()?, event))
}

/// Returns these messages of the visitor, which are not in the room yet, as the page shows them.
pub(super) fn unsent_of<'a>(
    outgoing: impl IntoIterator<Item = &'a Outgoing>,
    surroundings: &Surroundings,
    state: &PageState,
    session: &Session,
) -> Vec<Unsent> {
    let Surroundings { is_stuck, members, .. } = surroundings;
    let guest = &session.guest.user_id;
    let choices = LazyCell::new(|| Contacts::of(state, session, members).addressees(guest));
    let text = |id: &str| session.reader.locale.text(&format!("unsent-{id}"));
    let unsent = outgoing.into_iter().filter_map(|outgoing| {
        let content = outgoing.content();
        // Reactions and removals have no body. They are not shown as messages.
        let body = content["m.new_content"]["body"].as_str().or(content["body"].as_str())?;
        let mut relation = relation_of_text(&content);
        let mut said = body;
        let mentioned = message_content::mentioned(&content);
        if let Some(relation) = relation.as_mut().filter(|it| it.edit.is_none())
            && !mentioned.is_empty()
            && let Some((choice, rest)) = addressed(&choices, body, &mentioned)
        {
            relation.to = Some(choice.id.clone());
            said = rest;
        }
        Some(Unsent {
            text: said.to_owned(),
            relation,
            id: outgoing.id.clone(),
            at: outgoing.written_at,
            gave_up: outgoing.problem.is_some(),
            problem: outgoing.problem.as_deref().or(is_stuck.then_some("later")).map(text),
        })
    });
    unsent.collect()
}

/// Returns the message that an unsent text answers or replaces. Returns `None` if it is not a text.
fn relation_of_text(content: &serde_json::Value) -> Option<UnsentRelation> {
    let event = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let relation = &content["m.relates_to"];
    let is_edit = relation["rel_type"] == "m.replace";
    (content["msgtype"] == "m.text").then(|| UnsentRelation {
        reply: event(&relation["m.in_reply_to"]["event_id"]),
        edit: event(&relation["event_id"]).filter(|_| is_edit),
        to: None,
    })
}

/// Returns up to where the visitor has read, on the page or with their own client.
fn read_upto(last_reads: &[LastRead], cast: &Cast) -> Option<i64> {
    last_reads.iter().filter(|it| cast.is_mine(&it.user_id)).map(|it| it.sort_at).max()
}

/// Returns the newest line that the other party has read, and the person who read it.
pub(super) fn newest_seen(last_reads: &[LastRead], cast: &Cast) -> Option<(String, Named)> {
    let others = last_reads.iter().filter(|it| cast.is_other_party(&it.user_id));
    let newest = others.max_by_key(|it| it.sort_at)?;
    Some((newest.line.clone()?, cast.named(&newest.user_id, None, None)))
}

/// Returns the other people who are typing in this room.
pub(super) fn typing_in(state: &PageState, cast: &Cast, room: &str) -> Vec<Named> {
    let users = state.moment.typing(room);
    let others = users.iter().filter(|user| !cast.is_mine(user));
    // Somebody may have begun to write in two places.
    let mut named: BTreeMap<&str, Named> = BTreeMap::new();
    for user in others {
        named.entry(cast.person(user)).or_insert_with(|| cast.named(user, None, None));
    }
    named.into_values().collect()
}
