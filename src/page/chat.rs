//! Turns entries of the record into the lines of the conversation that one visitor sees.

use std::collections::BTreeSet;

use ulid::Ulid;

use super::cast::Cast;
use super::model::{
    Address, ChatFile, ChatLine, Poll, PollAnswer, Quote, Reaction, Reader, ShownPage, Times,
};
use super::session::Session;
use super::view;
use crate::record::{
    Attachment, Ballots, Entry, Kind, Line, RelationKind, conversation, times_differ,
};
use crate::store::{Around, FileRow, SendKey, ShownEntry, Store, StoreError};
use crate::transaction::PartyRole;

/// The number of lines on one page of the history.
pub(super) const LINES_PER_PAGE: i64 = 50;
/// The greatest length of the excerpt in a quote, in characters.
const MAX_EXCERPT_CHARS: usize = 120;

/// Lines that were read from the record, and what is around them.
#[derive(Debug)]
pub(super) struct ReadLines {
    lines: Vec<ShownEntry>,
    around: Around,
}

impl ReadLines {
    /// Reads what is around these lines, and the message `also` as if one of them quoted it.
    pub(super) async fn of(
        store: &Store,
        transaction: Ulid,
        lines: Vec<ShownEntry>,
        also: Option<&str>,
    ) -> Result<Self, StoreError> {
        let events = events_of(lines.iter().map(|it| &it.entry));
        let quoted = lines.iter().filter_map(|it| answered(&it.entry)).chain(also);
        let quoted: BTreeSet<String> = quoted.map(str::to_owned).collect();
        let quoted: Vec<String> = quoted.into_iter().collect();
        let around = store.around(transaction, &events, &quoted).await?;
        Ok(Self { lines, around })
    }

    /// Returns the lines as they were read.
    pub(super) fn lines(&self) -> &[ShownEntry] {
        &self.lines
    }

    /// Returns the entries of the lines, those that are about them, and those that they quote.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let shown = self.lines.iter().chain(&self.around.about).map(|shown| &shown.entry);
        shown.chain(&self.around.quoted)
    }

    /// Returns the quoted messages, with their edits.
    pub(super) fn quoted(&self) -> Vec<Line<'_>> {
        conversation(&self.around.quoted)
    }

    /// Returns the lines as a visitor sees them, in reading order, with their edits, reactions,
    /// votes and files.
    pub(super) fn shown(&self, session: &Session, cast: &Cast) -> Vec<ChatLine> {
        let Self { lines, around } = self;
        let events = events_of(lines.iter().map(|it| &it.entry));
        let (mut ballots, mut files, mut outgoing) = (Ballots::default(), Vec::new(), Vec::new());
        let mut all = Vec::with_capacity(lines.len() + around.about.len());
        for shown in lines.iter().chain(&around.about) {
            let ShownEntry { entry, raw, send_key, files: its_files } = shown;
            if let Some(raw) = raw {
                ballots.add(entry, raw);
            }
            outgoing.extend(outgoing_of(entry, send_key.as_deref(), session));
            files.extend(its_files.iter().cloned());
            all.push(entry.clone());
        }
        let quoted = conversation(&around.quoted);
        let (reader, address) = (&session.reader, session.address());
        let context = LineContext { cast, reader, quoted: &quoted, files: &files, address };
        let lines = conversation(&all);
        let lines = lines.iter().filter(|line| events.contains(&line.entry.fixed.event_id));
        let chat_line = |line: &Line<'_>| {
            let shown = context.chat_line(line, &all);
            let is_its = |(event, _): &&(String, String)| *event == shown.event;
            let its_outgoing = outgoing.iter().filter(is_its).map(|(_, id)| id.clone());
            let poll =
                if shown.kind == Kind::PollStart { poll(&ballots, line, cast) } else { None };
            ChatLine { poll, outgoing: its_outgoing.collect(), ..shown }
        };
        lines.map(chat_line).collect()
    }
}

fn events_of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<String> {
    entries.map(|it| it.fixed.event_id.clone()).collect()
}

/// Returns the event id of the line and the id of the outgoing message, if the visitor wrote this
/// line on the page, or this edit of it. With these ids, the script replaces the messages that it
/// shows as being sent.
fn outgoing_of(
    entry: &Entry,
    send_key: Option<&str>,
    session: &Session,
) -> Option<(String, String)> {
    if entry.fixed.sender != session.guest.user_id.as_str() {
        return None;
    }
    let outgoing = SendKey::outgoing_id(send_key?)?.to_owned();
    let line = match &entry.relates_to {
        Some(relation) if entry.kind == Kind::Edit => &relation.event_id,
        _ if entry.is_line() => &entry.fixed.event_id,
        _ => return None,
    };
    Some((line.clone(), outgoing))
}

/// Returns a poll with the valid votes. Returns `None` if the poll cannot be read.
fn poll(ballots: &Ballots, line: &Line<'_>, cast: &Cast) -> Option<Poll> {
    let votes = line.votes_of_people(|voter| cast.person(voter));
    let own = votes.get(cast.person(cast.own_guest()));
    let own = own.and_then(|vote| ballots.choices(&vote.fixed.event_id)).unwrap_or_default();
    let event = &line.entry.fixed.event_id;
    let poll = ballots.poll(event)?;
    let counts = ballots.counts(event, votes.into_values())?;
    let answer = |((id, text), (_, votes)): (&(String, String), (String, usize))| PollAnswer {
        id: id.clone(),
        text: text.clone(),
        votes,
        is_chosen: own.iter().any(|it| it.id == *id),
    };
    let ended = line.poll_end.is_some();
    Some(Poll {
        question: poll.question.clone(),
        answers: poll.answers.iter().zip(counts).map(answer).collect(),
        max_selections: poll.max_selections,
        is_disclosed: ended || !poll.is_undisclosed,
        ended,
    })
}

/// Returns the event id of the message that an entry answers.
fn answered(entry: &Entry) -> Option<&str> {
    let relation = entry.relates_to.as_ref()?;
    match relation.kind {
        RelationKind::Reply => Some(&relation.event_id),
        RelationKind::Thread => relation.in_reply_to.as_deref(),
        _ => None,
    }
}

/// Returns width and height of a picture or a video, if its sender states both.
fn pixels(attachment: &Attachment) -> Option<(u32, u32)> {
    let known = |it: Option<i64>| u32::try_from(it?).ok().filter(|it| *it > 0);
    known(attachment.width).zip(known(attachment.height))
}

/// The data that is needed to turn entries into lines.
struct LineContext<'a> {
    cast: &'a Cast,
    reader: &'a Reader,
    /// The messages that the lines answer, with their edits.
    quoted: &'a [Line<'a>],
    files: &'a [FileRow],
    address: Address,
}

impl LineContext<'_> {
    /// Returns a line as the page shows it, without its poll and its outgoing ids.
    fn chat_line(&self, line: &Line<'_>, all: &[Entry]) -> ChatLine {
        let Self { cast, reader, .. } = *self;
        let (entry, current) = (line.entry, line.current());
        let fixed = &entry.fixed;
        let removed =
            line.redaction.is_some() || entry.redacted_by.is_some() || entry.erased.is_some();
        let role = PartyRole::from_text(&fixed.party);
        let side = cast.side(&fixed.sender, role);
        // A message from the visitor's own Matrix account can be changed only with that account.
        let is_changeable = cast.is_own_guest(&fixed.sender) && !removed;
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
            person: cast.person(&fixed.sender).to_owned(),
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
            can_edit: is_changeable
                && matches!(entry.kind, Kind::Text | Kind::Emote | Kind::Notice),
            can_remove: is_changeable,
            remark: entry.remark.clone(),
        }
    }

    fn files_in(&self, entry: &Entry) -> Vec<ChatFile> {
        let file = |attachment: &Attachment| {
            let source = attachment.source();
            let row = self.files.iter().find(|row| Some(&row.mxc) == source.as_ref());
            let stored = row.filter(|row| row.state == "stored");
            let size = stored.and_then(|row| row.size).or(attachment.size);
            let has_caption = entry.text.as_deref() != Some(&attachment.name);
            let caption = || {
                view::text_without_spoilers(
                    entry.text.as_deref(),
                    entry.html.as_deref(),
                    self.reader,
                )
            };
            ChatFile {
                name: attachment.name.clone(),
                size: size.and_then(|size| u64::try_from(size).ok()),
                media_type: stored.and_then(|row| row.media_type.clone()),
                href: stored
                    .and_then(|row| row.sha256.as_ref())
                    .map(|sha256| self.address.part(&format!("files/{sha256}"))),
                state: row.map_or_else(|| "missing".to_owned(), |row| row.state.clone()),
                description: entry.text.is_some().then(caption).filter(|_| has_caption),
                pixels: pixels(attachment),
                first_page: stored.and_then(|row| self.first_page(row)),
            }
        };
        entry.attachments.iter().map(file).collect()
    }

    /// Returns the picture of the first page of a stored file.
    fn first_page(&self, row: &FileRow) -> Option<ShownPage> {
        let pixels = |it: Option<i64>| u32::try_from(it?).ok();
        let pixels = pixels(row.page_width).zip(pixels(row.page_height))?;
        let href = self.address.part(&format!("files/{}/first-page", row.sha256.as_ref()?));
        Some(ShownPage { href, pixels })
    }
}

/// Returns both times of an entry, if they are so far apart that one of them alone would mislead.
fn times(entry: &Entry) -> Option<Times> {
    let fixed = &entry.fixed;
    times_differ(fixed.sent_at, fixed.received_at).then(|| Times {
        sent_at: fixed.sent_at,
        received_at: fixed.received_at,
        from_history: fixed.source == "backfill",
    })
}

/// Returns a message as another line, or the text field, quotes it: with the text that it had at
/// the time `at` (milliseconds since 1970), or that it has now if `at` is `None`. A text that has
/// been hidden as a spoiler or removed since then is not quoted.
pub(super) fn quote(line: &Line<'_>, at: Option<i64>, cast: &Cast, reader: &Reader) -> Quote {
    let entry = line.entry;
    let is_there = line.redaction.is_none() && entry.redacted_by.is_none();
    let edit_then = line.edits.iter().rev().find(|edit| at.is_none_or(|at| edit.sort_at <= at));
    let version_then = edit_then.copied().unwrap_or(entry);
    let current = line.current();
    // An author who turns a text into a spoiler wants to hide it everywhere.
    let shown = if view::has_spoiler(current.html.as_deref()) { current } else { version_then };
    let text = view::text_without_spoilers(shown.text.as_deref(), shown.html.as_deref(), reader);
    let text = Some(text).filter(|_| is_there).unwrap_or_default();
    let mut excerpt: String = text.chars().take(MAX_EXCERPT_CHARS).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    Quote { event: entry.fixed.event_id.clone(), by: cast.sender_of(entry), excerpt }
}

fn reactions(line: &Line<'_>, cast: &Cast, all: &[Entry]) -> Vec<Reaction> {
    // The reaction of a former contact counts for the party for which they spoke at that time.
    let named = |user: &&str| {
        let entry = all.iter().find(|it| it.kind == Kind::Reaction && it.fixed.sender == **user);
        entry.map_or_else(|| cast.named(user, None, None), |entry| cast.sender_of(entry))
    };
    let reaction = |(key, users): (&&str, &Vec<&str>)| {
        // Somebody may react on the page and with their own client.
        let mut people = BTreeSet::new();
        let people = users.iter().filter(|user| people.insert(cast.person(user)));
        Reaction {
            key: (*key).to_owned(),
            by: people.map(named).collect(),
            mine: users.iter().any(|user| cast.is_mine(user)),
        }
    };
    line.reactions.iter().map(reaction).collect()
}
