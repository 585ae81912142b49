//! From entries of the record to the lines that one visitor sees.

use std::collections::{HashMap, HashSet};

use ulid::Ulid;

use super::PageState;
use super::model::{
    Address, ChatFile, ChatLine, Named, Poll, Quote, Reaction, Reader, Side, Times,
};
use super::session::Session;
use super::view;
use crate::record::{
    Entry, Kind, Line, RelationKind, Role, conversation, plain_name, self_chosen_name, times_differ,
};
use crate::room::Guest;
use crate::store::{FileRow, SendKey, StoreError};
use crate::transaction::{PartyRole, Terms, Transaction, Visitor};

/// Lines on one page of history.
pub(super) const PAGE: i64 = 50;
/// Longest excerpt of what a line answers, in characters.
const EXCERPT: usize = 120;

/// Who is who in a conversation, for one visitor.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    /// The visitor's guest and Matrix account.
    mine: Vec<String>,
    role: PartyRole,
    /// Names of the shop's, by Matrix ID; of guests, too.
    names: HashMap<String, String>,
    /// The other party's users.
    others: HashSet<String>,
    /// Whoever speaks for a party now.
    roles: HashMap<String, PartyRole>,
}

impl Cast {
    /// Of a session.
    pub(super) async fn of(state: &PageState, session: &Session) -> Result<Self, StoreError> {
        let terms = &session.transaction.terms;
        let account = session.visitor.contact.as_ref().and_then(|it| it.matrix.as_ref());
        let mut mine = vec![session.guest.user_id.to_string()];
        mine.extend(account.map(ToString::to_string));
        let role = session.visitor.role;
        let mut names = named_by_shop(terms);
        let contacts = terms.matrix_contacts();
        let mut roles: HashMap<_, _> = contacts.map(|(of, user)| (user.to_string(), of)).collect();
        // Who has not said anything can have read.
        for (of, guest) in guests_to_be(state, session) {
            roles.insert(guest.user_id.to_string(), of);
            names.insert(guest.user_id.to_string(), guest.display_name);
        }
        for row in state.store.guests(session.transaction.id).await? {
            let user = row.guest.user_id.to_string();
            roles.extend(PartyRole::from_text(&row.party).map(|of| (user.clone(), of)));
            names.insert(user, row.guest.display_name);
        }
        let others = roles.iter().filter(|(_, of)| **of != role).map(|(user, _)| user.clone());
        Ok(Self { mine, role, names, others: others.collect(), roles })
    }

    /// Whether a user speaks for the other party.
    pub(super) fn is_other_party(&self, user: &str) -> bool {
        self.others.contains(user)
    }

    /// Whether a user is the visitor.
    pub(super) fn is_mine(&self, user: &str) -> bool {
        self.mine.iter().any(|mine| mine == user)
    }

    /// How to call a user: as the shop does, or else as they call themselves (`shown`). `party` is
    /// whose they were when they said what is shown; without it, whose they are now.
    pub(super) fn named(&self, user: &str, shown: Option<&str>, party: Option<PartyRole>) -> Named {
        let role = party.or_else(|| self.roles.get(user).copied());
        let known = self.names.get(user).and_then(|name| plain_name(name));
        let name = known.or_else(|| shown.and_then(self_chosen_name));
        let name = match (name, role) {
            (Some(name), Some(_)) => name,
            // Nobody vouches for this name.
            (Some(name), None) => format!("{name} · {user}"),
            (None, _) => user.to_owned(),
        };
        Named { name, role }
    }

    /// Whoever sent an entry.
    fn sender_of(&self, entry: &Entry) -> Named {
        let Entry { fixed, display_name, .. } = entry;
        self.named(&fixed.sender, display_name.as_deref(), PartyRole::from_text(&fixed.party))
    }

    /// Whose line it is.
    fn side(&self, user: &str, party: Option<PartyRole>) -> Side {
        match party {
            _ if self.is_mine(user) => Side::Mine,
            Some(role) if role == self.role => Side::Ours,
            Some(_) => Side::Theirs,
            None => Side::Third,
        }
    }
}

/// Everybody who can speak from the page, whether they have or not.
fn guests_to_be(state: &PageState, session: &Session) -> Vec<(PartyRole, Guest)> {
    let Transaction { id, terms, .. } = &session.transaction;
    let guest_of = |visitor| Guest::of(*id, terms, &visitor, &state.config.homeserver.domain);
    let of_party = |role| {
        let contacts = terms.party(role).contacts.iter().cloned().map(Some).chain([None]);
        contacts.map(move |contact| Visitor { role, contact })
    };
    let visitors = PartyRole::BOTH.into_iter().flat_map(of_party);
    visitors.filter_map(|visitor| Some((visitor.role, guest_of(visitor)?))).collect()
}

/// What the shop calls its contacts.
fn named_by_shop(terms: &Terms) -> HashMap<String, String> {
    let contacts = PartyRole::BOTH.into_iter().flat_map(|role| &terms.party(role).contacts);
    let named = contacts
        .filter_map(|contact| Some((contact.matrix.as_ref()?.to_string(), contact.name.clone()?)));
    named.collect()
}

/// Returns whether the page shows an entry as a line of its own, as the store's queries do.
pub(super) fn is_line(entry: &Entry) -> bool {
    entry.fixed.party != "bot" && entry.kind.role() == Role::Line
}

/// These lines with all that belongs to them, in reading order.
pub(super) async fn lines(
    state: &PageState,
    session: &Session,
    cast: &Cast,
    entries: Vec<Entry>,
) -> Result<Vec<ChatLine>, StoreError> {
    let id = session.transaction.id;
    let events: Vec<String> = entries.iter().map(|it| it.fixed.event_id.clone()).collect();
    let mut all = entries;
    all.extend(state.store.entries_about(id, &events).await?);
    let answered: Vec<String> = all.iter().filter_map(answered).map(str::to_owned).collect();
    let quoted = state.store.entries_with_changes(id, &answered).await?;
    let quoted = conversation(&quoted);
    let files = files_of(state, id, &all).await?;
    let lines = conversation(&all);
    let lines = lines.iter().filter(|line| events.contains(&line.entry.fixed.event_id));
    let address = session.address();
    let shown = |line| {
        let shown =
            Showing { cast, reader: &session.reader, quoted: &quoted, files: &files, address };
        (shown.line(line, &all), votes(line))
    };
    let mut shown: Vec<_> = lines.map(shown).collect();
    for (line, votes) in &mut shown {
        if line.kind == Kind::PollStart {
            line.poll = poll(state, session, &line.event, votes).await?;
        }
    }
    let mut lines: Vec<ChatLine> = shown.into_iter().map(|(line, _)| line).collect();
    name_outgoing(state, session, &mut lines, &all).await?;
    Ok(lines)
}

/// Names what of the visitor's own lines, and of the changes to them, was written on this page:
/// it takes the place of what the page showed as being sent.
async fn name_outgoing(
    state: &PageState,
    session: &Session,
    lines: &mut [ChatLine],
    all: &[Entry],
) -> Result<(), StoreError> {
    let guest = session.guest.user_id.as_str();
    let own = all.iter().filter(|entry| entry.fixed.sender == guest);
    let own: Vec<&Entry> = own.filter(|it| is_line(it) || it.kind == Kind::Edit).collect();
    let events: Vec<String> = own.iter().map(|it| it.fixed.event_id.clone()).collect();
    for (event, key) in state.store.send_keys(session.transaction.id, &events).await? {
        let entry = own.iter().find(|it| it.fixed.event_id == event);
        let edited = entry.and_then(|it| it.relates_to.as_ref()).map(|it| it.event_id.as_str());
        let line = lines.iter_mut().find(|it| it.event == event || Some(&*it.event) == edited);
        if let (Some(line), Some(outgoing)) = (line, SendKey::outgoing_id(&key)) {
            line.outgoing.push(outgoing.to_owned());
        }
    }
    Ok(())
}

/// The votes that count, by event, and whether the poll is over.
fn votes(line: &Line<'_>) -> (Vec<String>, bool) {
    let votes = line.votes.values().map(|vote| vote.fixed.event_id.clone());
    (votes.collect(), line.poll_end.is_some())
}

/// A poll's answers in its order, with the votes for each.
async fn poll(
    state: &PageState,
    session: &Session,
    event: &str,
    (votes, ended): &(Vec<String>, bool),
) -> Result<Option<Poll>, StoreError> {
    let ballots = state.store.ballots(session.transaction.id, event).await?;
    let Some(poll) = ballots.poll(event) else { return Ok(None) };
    let chosen: Vec<_> = votes.iter().filter_map(|vote| ballots.choices(vote)).flatten().collect();
    let count = |id: &String| chosen.iter().filter(|choice| choice.id == *id).count();
    let answers = poll.answers.iter().map(|(id, words)| (words.clone(), count(id)));
    Ok(Some(Poll { answers: answers.collect(), ended: *ended }))
}

async fn files_of(
    state: &PageState,
    id: Ulid,
    entries: &[Entry],
) -> Result<Vec<FileRow>, StoreError> {
    let seqs = entries.iter().filter(|it| !it.attachments.is_empty()).map(|it| it.fixed.seq);
    let (first, last) = (seqs.clone().min(), seqs.max());
    match (first, last) {
        (Some(first), Some(last)) => state.store.files_of_entries(id, first, last).await,
        _ => Ok(Vec::new()),
    }
}

/// The message that an entry answers.
fn answered(entry: &Entry) -> Option<&str> {
    let relation = entry.relates_to.as_ref()?;
    match relation.kind {
        RelationKind::Reply => Some(&relation.event_id),
        RelationKind::Thread => relation.in_reply_to.as_deref(),
        _ => None,
    }
}

/// What turning entries into lines takes.
struct Showing<'a> {
    cast: &'a Cast,
    reader: &'a Reader,
    /// What the lines answer, with its edits.
    quoted: &'a [Line<'a>],
    files: &'a [FileRow],
    address: Address,
}

impl Showing<'_> {
    fn line(&self, line: &Line<'_>, all: &[Entry]) -> ChatLine {
        let Self { cast, reader, .. } = *self;
        let (entry, current) = (line.entry, line.current());
        let fixed = &entry.fixed;
        let removed =
            line.redaction.is_some() || entry.redacted_by.is_some() || entry.erased.is_some();
        let role = PartyRole::from_text(&fixed.party);
        let side = cast.side(&fixed.sender, role);
        let own = side == Side::Mine && cast.mine.first() == Some(&fixed.sender) && !removed;
        let quote = answered(entry).and_then(|event| {
            let quoted = self.quoted.iter().find(|it| it.entry.fixed.event_id == event)?;
            Some(quote(quoted, Some(entry.sort_at), cast, reader))
        });
        let last_edit = line.edits.last().filter(|_| !removed);
        ChatLine {
            event: fixed.event_id.clone(),
            at: entry.sort_at,
            side,
            role,
            name: cast.sender_of(entry).name,
            sender: fixed.sender.clone(),
            kind: entry.kind,
            text: current.text.clone().filter(|_| !removed),
            html: current.html.clone().filter(|_| !removed),
            files: if removed { Vec::new() } else { self.files_in(entry) },
            reply_to: quote.filter(|_| !removed),
            edited_at: last_edit.map(|edit| edit.sort_at),
            times: times(entry),
            edit_times: last_edit.and_then(|edit| times(edit)),
            removed,
            reactions: if removed { Vec::new() } else { reactions(line, cast, all) },
            poll: None,
            outgoing: Vec::new(),
            can_edit: own && matches!(entry.kind, Kind::Text | Kind::Emote | Kind::Notice),
            can_remove: own,
            remark: entry.remark.clone(),
        }
    }

    fn files_in(&self, entry: &Entry) -> Vec<ChatFile> {
        let file = |attachment: &crate::record::Attachment| {
            let source = attachment.source();
            let row = self.files.iter().find(|row| Some(&row.mxc) == source.as_ref());
            let stored = row.filter(|row| row.state == "stored");
            let size = stored.and_then(|row| row.size).or(attachment.size);
            let has_caption = entry.text.as_deref() != Some(&attachment.name);
            let caption =
                || view::spoken(entry.text.as_deref(), entry.html.as_deref(), self.reader);
            ChatFile {
                name: attachment.name.clone(),
                size: size.and_then(|size| u64::try_from(size).ok()),
                media_type: stored.and_then(|row| row.media_type.clone()),
                href: stored
                    .and_then(|row| row.sha256.as_ref())
                    .map(|sha256| self.address.part(&format!("files/{sha256}"))),
                state: row.map_or_else(|| "missing".to_owned(), |row| row.state.clone()),
                description: entry.text.is_some().then(caption).filter(|_| has_caption),
            }
        };
        entry.attachments.iter().map(file).collect()
    }
}

/// Both times of an entry, if one of them alone would deceive.
fn times(entry: &Entry) -> Option<Times> {
    let fixed = &entry.fixed;
    times_differ(fixed.sent_at, fixed.received_at).then(|| Times {
        sent_at: fixed.sent_at,
        received_at: fixed.received_at,
        from_history: fixed.source == "backfill",
    })
}

/// A message as another line, or the text field, quotes it: as it read when it was answered
/// (milliseconds since 1970; none: now). Only what was hidden or removed since is hidden here, too.
pub(super) fn quote(line: &Line<'_>, at: Option<i64>, cast: &Cast, reader: &Reader) -> Quote {
    let entry = line.entry;
    let is_there = line.redaction.is_none() && entry.redacted_by.is_none();
    let read_then = line.edits.iter().rev().find(|edit| at.is_none_or(|at| edit.sort_at <= at));
    let shown = read_then.copied().unwrap_or(entry);
    let now = line.current();
    // An edit that makes a spoiler of it is meant to hide it everywhere.
    let shown = if view::hides(now.html.as_deref()) { now } else { shown };
    let text = view::spoken(shown.text.as_deref(), shown.html.as_deref(), reader);
    let text = Some(text).filter(|_| is_there).unwrap_or_default();
    let mut excerpt: String = text.chars().take(EXCERPT).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    Quote { event: entry.fixed.event_id.clone(), by: cast.sender_of(entry), excerpt }
}

fn reactions(line: &Line<'_>, cast: &Cast, all: &[Entry]) -> Vec<Reaction> {
    // A former contact's reaction is that of the party they spoke for.
    let named = |user: &&str| {
        let entry = all.iter().find(|it| it.kind == Kind::Reaction && it.fixed.sender == **user);
        entry.map_or_else(|| cast.named(user, None, None), |entry| cast.sender_of(entry))
    };
    let reaction = |(key, users): (&&str, &Vec<&str>)| Reaction {
        key: (*key).to_owned(),
        by: users.iter().map(named).collect(),
        mine: users.iter().any(|user| cast.is_mine(user)),
    };
    line.reactions.iter().map(reaction).collect()
}
