//! Derives the meaning of one raw event. This never fails: every event yields an entry, if need be of
//! the kind `malformed`.

use serde_json::{Map, Value};

use super::duplicates::has_duplicate_keys;
use super::event::{self, Event};
use super::extensible::extensible_text;
use super::plain_text::QuoteBefore;
use super::readings;
use super::remark::{self, Remark};
use super::{
    Derived, Kind, MembershipChange, Relation, RelationKind, markup, message, plain_text, state,
};
use crate::names::SEND_MARKER;

/// The version of the derivation. Raise it with every change of what is derived, including the texts
/// of remarks, so that older entries can be derived again.
pub const DERIVATION_VERSION: i64 = 5;

/// Derives the meaning of the event `raw`. An event that cannot be understood becomes one of the kind
/// `malformed`, with a remark.
pub fn derive(raw: &str) -> Derived {
    let Some(event) = Event::read(raw) else {
        let mut derived = Derived::of(&Event::default());
        derived.malformed(&Remark::NotReadable);
        return derived;
    };
    let mut derived = Derived::of(&event);
    let Some(content) = &event.content else {
        derived.malformed(&Remark::NoContent);
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
        derived.malformed(&Remark::RefersToItself);
    }
    if event.sender.is_none() || event.event_type.is_empty() {
        derived.malformed(&Remark::NoSenderOrType);
    }
    mark_oddities(raw, &mut derived);
    derived
}

/// Adds remarks on what a reader cannot see: duplicate keys, and characters that deceive the eye.
fn mark_oddities(raw: &str, derived: &mut Derived) {
    if has_duplicate_keys(raw) {
        derived.remark(&Remark::DuplicateKey);
    }
    let changes_direction =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let (directed, replaced) = (
        shown(derived).any(|words| words.contains(changes_direction)),
        shown(derived).any(|words| words.contains(char::REPLACEMENT_CHARACTER)),
    );
    if directed {
        derived.remark(&Remark::ChangesDirection);
    }
    if replaced {
        derived.remark(&Remark::HeldUnshowable);
    }
}

/// Returns all texts that a reader sees, including display names and file names, since characters in
/// a name can deceive as well.
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
        None => derived.malformed(&Remark::NoMembership),
    }
}

fn read_message_like(event: &Event, content: &Map<String, Value>, derived: &mut Derived) {
    let relation = derived.relates_to.as_ref().map(|relation| relation.kind);
    match event.event_type.as_str() {
        // The content of a message is only empty if it was removed before the event was received.
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
                None => derived.malformed(&Remark::ReactionToNothing),
            }
        }
        "m.room.redaction" => read_redaction(event, content, derived),
        "m.room.encrypted" => {
            derived.kind = Kind::Encrypted;
            derived.remark(&Remark::Encrypted);
        }
        "m.poll.start" | "org.matrix.msc3381.poll.start"
            if relation == Some(RelationKind::Edit) =>
        {
            match content.get("m.new_content") {
                Some(Value::Object(new)) => message::read_poll(Kind::PollStart, new, derived),
                _ => derived.malformed(&Remark::EditWithoutContent),
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
            derived.remark(&Remark::UnknownType);
        }
    }
}

/// Reads an edit (Client-Server API, "Event replacements"). The new text is in `m.new_content`. The
/// text beside it is a fallback for clients that do not support edits.
fn read_edit(content: &Map<String, Value>, derived: &mut Derived) {
    match content.get("m.new_content") {
        Some(Value::Object(new)) => {
            message::read(new, derived);
            if let Some(fallback) = different_fallback(content, new) {
                derived.remark(&Remark::OtherWordsWithoutEdits(fallback));
            }
        }
        _ => {
            message::read(content, derived);
            derived.malformed(&Remark::EditWithoutContent);
        }
    }
    if derived.kind != Kind::Malformed {
        derived.kind = Kind::Edit;
    }
}

/// Returns the fallback text of an edit, if it differs from the new content: people whose clients do
/// not support edits then read something else than the others. The `* ` before the fallback is not
/// part of it.
fn different_fallback(content: &Map<String, Value>, new: &Map<String, Value>) -> Option<String> {
    let text = |content: &Map<String, Value>, key: &str| {
        let body = plain_text::text(content.get(key)?.as_str()?);
        let body = plain_text::without_reply_fallback(&body, QuoteBefore::Perhaps);
        let body = body.trim_start().trim_start_matches("* ").trim_start().to_owned();
        Some(plain_text::without_reply_fallback(&body, QuoteBefore::Perhaps))
    };
    let fallback = text(content, "body").filter(|text| !text.trim().is_empty())?;
    let new_text = text(new, "body")?;
    let is_same = readings::same_words(&fallback, &new_text)
        || text(new, "filename").is_some_and(|name| readings::same_words(&fallback, &name));
    // Such clients show the HTML instead, if there is any.
    let html_words = |content: &Map<String, Value>| {
        let raw = content.get("formatted_body")?.as_str()?;
        let safe = markup::html(raw, QuoteBefore::Perhaps)?;
        let words = markup::plain_text(&safe);
        Some(words.trim_start().trim_start_matches('*').trim_start().to_owned())
    };
    let different_html = html_words(content).filter(|html| {
        let fits = |other: Option<String>| other.is_some_and(|it| readings::same_words(html, &it));
        !readings::same_words(html, &fallback) && !fits(Some(new_text)) && !fits(html_words(new))
    });
    match (is_same, different_html) {
        (true, None) => None,
        (true, Some(html)) => Some(html),
        (false, None) => Some(fallback),
        (false, Some(html)) => Some(format!("{fallback}\n{html}")),
    }
}

fn read_redaction(event: &Event, content: &Map<String, Value>, derived: &mut Derived) {
    derived.kind = Kind::Redaction;
    derived.text = content.get("reason").and_then(Value::as_str).map(plain_text::text);
    // The target is in the content since room version 11, and beside the content before that.
    let target = content.get("redacts").and_then(Value::as_str).and_then(event::id);
    match target.or_else(|| event.redacts.clone()) {
        Some(target) => {
            derived.relates_to = Some(Relation::to(RelationKind::Redaction, target));
        }
        None => derived.malformed(&Remark::RedactionOfNothing),
    }
}

fn read_redacted(event: &Event, derived: &mut Derived) {
    derived.kind = match event.event_type.as_str() {
        "m.sticker" => Kind::Sticker,
        "m.reaction" => Kind::Reaction,
        _ => Kind::Text,
    };
    derived.redacted = true;
    derived.remark(&Remark::RemovedBefore);
    if !event.is_redacted {
        derived.malformed(&Remark::Empty);
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

    /// Marks the event as malformed, for this reason.
    pub(super) fn malformed(&mut self, why: &Remark) {
        self.kind = Kind::Malformed;
        self.remark(why);
    }

    /// Adds a remark.
    pub(super) fn remark(&mut self, remark: &Remark) {
        remark::add(&mut self.remark, remark);
    }
}
