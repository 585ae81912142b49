//! From one raw event to what it means. Total: whatever the event, something comes of it.

use serde_json::{Map, Value};

use super::duplicates::has_duplicate_keys;
use super::event::{self, Event};
use super::extensible::extensible_text;
use super::plain_text::QuoteBefore;
use super::readings::{self, OTHER_WORDS};
use super::{
    Derived, Kind, MembershipChange, Relation, RelationKind, markup, message, plain_text, state,
};
use crate::names::SEND_MARKER;

/// Which derivation wrote an entry. Raise it with every change of meaning, so that older entries
/// can be derived again.
pub const DERIVATION_VERSION: i64 = 5;

/// What `raw` means. Never fails: what cannot be understood is kind `malformed`, with a remark.
pub fn derive(raw: &str) -> Derived {
    let Some(event) = Event::read(raw) else {
        let mut derived = Derived::of(&Event::default());
        derived.malformed("it is no JSON object that can be read");
        return derived;
    };
    let mut derived = Derived::of(&event);
    let Some(content) = &event.content else {
        derived.malformed("its content is missing, no object, or nested too deeply");
        return derived;
    };
    derived.relates_to = Relation::read(content);
    derived.marker = content.get(SEND_MARKER).and_then(Value::as_str).and_then(event::id);
    if event.state_key.is_some() {
        read_state(&event, content, &mut derived);
    } else {
        read_message_like(&event, content, &mut derived);
    }
    if let Some(relation) = &derived.relates_to
        && event.event_id.as_ref() == Some(&relation.event_id)
    {
        derived.relates_to = None;
        derived.malformed("it refers to itself");
    }
    if event.sender.is_none() || event.event_type.is_empty() {
        derived.malformed("it has no sender or no type");
    }
    mark_oddities(raw, &mut derived);
    derived
}

/// What a reader should know before trusting their eyes.
fn mark_oddities(raw: &str, derived: &mut Derived) {
    if has_duplicate_keys(raw) {
        derived.remark("a key stands twice in it; the last one was read");
    }
    let changes_direction =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let (directed, replaced) = (
        shown(derived).any(|words| words.contains(changes_direction)),
        shown(derived).any(|words| words.contains(char::REPLACEMENT_CHARACTER)),
    );
    if directed {
        derived.remark("it holds characters that change the direction of text");
    }
    if replaced {
        derived.remark("it held characters that cannot be shown");
    }
}

/// Everything in it that a reader gets to see: what is hidden in the name of a file deceives as
/// well as what is in the text.
fn shown(derived: &Derived) -> impl Iterator<Item = &str> {
    let name = derived.membership.as_ref().and_then(|change| change.display_name.as_deref());
    let files = derived.attachments.iter().map(|file| file.name.as_str());
    [derived.text.as_deref(), derived.html.as_deref(), name].into_iter().flatten().chain(files)
}

fn read_state(event: &Event, content: &Map<String, Value>, derived: &mut Derived) {
    let sender = event.sender.as_deref().unwrap_or_default();
    if event.event_type != "m.room.member" {
        derived.kind = Kind::State;
        derived.text = Some(state::sentence(event, content));
        return;
    }
    derived.kind = Kind::Membership;
    derived.membership = MembershipChange::read(event, content);
    match &derived.membership {
        Some(change) => {
            derived.text = Some(change.sentence(sender, event.before.as_ref(), content));
        }
        None => derived.malformed("it names no membership"),
    }
}

fn read_message_like(event: &Event, content: &Map<String, Value>, derived: &mut Derived) {
    let relation = derived.relates_to.as_ref().map(|relation| relation.kind);
    match event.event_type.as_str() {
        // A message without content is one whose content was removed before we could see it.
        "m.room.message" | "m.sticker" | "m.reaction" if content.is_empty() => {
            read_redacted(event, derived);
        }
        "m.room.message" if relation == Some(RelationKind::Edit) => read_edit(content, derived),
        "m.room.message" => message::read(content, derived),
        "m.sticker" => message::read_sticker(content, derived),
        "m.reaction" => {
            derived.kind = Kind::Reaction;
            let key = derived.relates_to.as_ref().and_then(|relation| relation.key.as_deref());
            match key {
                Some(key) => derived.text = Some(plain_text::text(key)),
                None => derived.malformed("the reaction names no message or no key"),
            }
        }
        "m.room.redaction" => read_redaction(event, content, derived),
        "m.room.encrypted" => {
            derived.kind = Kind::Encrypted;
            derived.remark("it is encrypted and cannot be read here");
        }
        "m.poll.start" | "org.matrix.msc3381.poll.start"
            if relation == Some(RelationKind::Edit) =>
        {
            match content.get("m.new_content") {
                Some(Value::Object(new)) => message::read_poll(Kind::PollStart, new, derived),
                _ => derived.malformed("the edit has no new content"),
            }
            if derived.kind != Kind::Malformed {
                derived.kind = Kind::Edit;
            }
        }
        "m.poll.start" | "org.matrix.msc3381.poll.start" => {
            message::read_poll(Kind::PollStart, content, derived);
        }
        "m.poll.response" | "org.matrix.msc3381.poll.response" => {
            message::read_poll(Kind::PollResponse, content, derived);
        }
        "m.poll.end" | "org.matrix.msc3381.poll.end" => {
            message::read_poll(Kind::PollEnd, content, derived);
        }
        _ => {
            derived.kind = Kind::Unknown;
            let body = content.get("body").and_then(Value::as_str).map(str::to_owned);
            let text = body.or_else(|| extensible_text(content));
            derived.text = text.as_deref().map(plain_text::text);
            derived.remark("its type is not known here");
        }
    }
}

/// What an edit makes of the message that it replaces (Client-Server API, "Event replacements":
/// the new words are in `m.new_content`, those beside it are for clients that do not know edits).
fn read_edit(content: &Map<String, Value>, derived: &mut Derived) {
    match content.get("m.new_content") {
        Some(Value::Object(new)) => {
            message::read(new, derived);
            if let Some(others) = words_for_others(content, new) {
                derived.remark(&format!("{OTHER_WORDS}{others}"));
            }
        }
        _ => {
            message::read(content, derived);
            derived.malformed("the edit has no new content");
        }
    }
    if derived.kind != Kind::Malformed {
        derived.kind = Kind::Edit;
    }
}

/// The words beside the new content of an edit, if people whose apps do not know edits read
/// something else than the others. The mark before them (`* `) says nothing.
fn words_for_others(content: &Map<String, Value>, new: &Map<String, Value>) -> Option<String> {
    let text = |content: &Map<String, Value>, key: &str| {
        let body = plain_text::text(content.get(key)?.as_str()?);
        let body = plain_text::without_reply_fallback(&body, QuoteBefore::Perhaps);
        let body = body.trim_start().trim_start_matches("* ").trim_start().to_owned();
        Some(plain_text::without_reply_fallback(&body, QuoteBefore::Perhaps))
    };
    let others = text(content, "body").filter(|it| !it.trim().is_empty())?;
    let new_text = text(new, "body")?;
    let is_same = readings::same_words(&others, &new_text)
        || text(new, "filename").is_some_and(|name| readings::same_words(&others, &name));
    // Such apps show this HTML, if there is some.
    let shown = |content: &Map<String, Value>| {
        let raw = content.get("formatted_body")?.as_str()?;
        let safe = markup::html(raw, QuoteBefore::Perhaps)?;
        let words = markup::plain_text(&safe);
        Some(words.trim_start().trim_start_matches('*').trim_start().to_owned())
    };
    let shown_otherwise = shown(content).filter(|html| {
        let fits = |other: Option<String>| other.is_some_and(|it| readings::same_words(html, &it));
        !readings::same_words(html, &others) && !fits(Some(new_text)) && !fits(shown(new))
    });
    match (is_same, shown_otherwise) {
        (true, None) => None,
        (true, Some(html)) => Some(html),
        (false, None) => Some(others),
        (false, Some(html)) => Some(format!("{others}\n{html}")),
    }
}

fn read_redaction(event: &Event, content: &Map<String, Value>, derived: &mut Derived) {
    derived.kind = Kind::Redaction;
    derived.text = content.get("reason").and_then(Value::as_str).map(plain_text::text);
    // In the content from room version 11 on, beside it before that.
    let target = content.get("redacts").and_then(Value::as_str).and_then(event::id);
    match target.or_else(|| event.redacts.clone()) {
        Some(target) => {
            derived.relates_to = Some(Relation::to(RelationKind::Redaction, target));
        }
        None => derived.malformed("the redaction names no event"),
    }
}

fn read_redacted(event: &Event, derived: &mut Derived) {
    derived.kind = match event.event_type.as_str() {
        "m.sticker" => Kind::Sticker,
        "m.reaction" => Kind::Reaction,
        _ => Kind::Text,
    };
    derived.redacted = true;
    derived.remark("its content was removed before it reached this record");
    if !event.is_redacted {
        derived.malformed("it has no content, and nothing says that it was removed");
        derived.redacted = false;
    }
}

impl Derived {
    fn of(event: &Event) -> Self {
        Self {
            event_type: event.event_type.clone(),
            sender: event.sender.clone(),
            sent_at: event.sent_at,
            kind: Kind::Unknown,
            text: None,
            html: None,
            relates_to: None,
            attachments: Vec::new(),
            remark: None,
            membership: None,
            marker: None,
            redacted: false,
        }
    }

    /// Marks it as not understood, for this reason.
    pub(super) fn malformed(&mut self, why: &str) {
        self.kind = Kind::Malformed;
        self.remark(why);
    }

    /// Adds a remark.
    pub(super) fn remark(&mut self, words: &str) {
        match &mut self.remark {
            Some(remark) => {
                remark.push_str("; ");
                remark.push_str(words);
            }
            None => self.remark = Some(words.to_owned()),
        }
    }
}
