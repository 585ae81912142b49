//! Reads the content of messages, stickers and polls (Client-Server API, "Instant messaging").

use serde_json::{Map, Value};

use super::extensible::extensible_text;
use super::plain_text::{self, QuoteBefore};
use super::poll::{self, Poll};
use super::remark::Remark;
use super::{Attachment, Derived, Kind, Relation, markup, readings};

type Content = Map<String, Value>;

/// Reads the content of an `m.room.message`.
pub(super) fn read(content: &Content, derived: &mut Derived) {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let Some(msgtype) = text("msgtype") else {
        derived.malformed(&Remark::NoMessageType);
        derived.text = text("body").map(plain_text::text);
        return;
    };
    derived.kind = match msgtype {
        "m.text" => Kind::Text,
        "m.notice" => Kind::Notice,
        "m.emote" => Kind::Emote,
        "m.image" => Kind::Image,
        "m.file" => Kind::File,
        "m.audio" if is_voice(content) => Kind::Voice,
        "m.audio" => Kind::Audio,
        "m.video" => Kind::Video,
        "m.location" => Kind::Location,
        _ => Kind::Unknown,
    };
    match derived.kind {
        Kind::Image | Kind::File | Kind::Audio | Kind::Voice | Kind::Video => {
            read_file(content, derived);
        }
        Kind::Location => {
            let place = [text("body"), text("geo_uri")];
            derived.text = Some(plain_text::text(&place.map(Option::unwrap_or_default).join("\n")));
        }
        _ => read_text(content, derived),
    }
    if derived.kind == Kind::Unknown {
        derived.remark(&Remark::UnknownMessageType);
    }
    if text("body").is_none() {
        derived.malformed(&Remark::NoBody);
    }
}

/// Reads the content of a sticker, which is an image with a description.
pub(super) fn read_sticker(content: &Content, derived: &mut Derived) {
    derived.kind = Kind::Sticker;
    read_file(content, derived);
}

/// Reads the question and answers of a poll, the answers of a vote, or the text at the end of a
/// poll.
pub(super) fn read_poll(kind: Kind, content: &Content, derived: &mut Derived) {
    derived.kind = kind;
    let text = match kind {
        Kind::PollStart => match Poll::read(content) {
            Some(poll) => poll.words(),
            None => return derived.malformed(&Remark::PollWithoutQuestion),
        },
        // The text of the answers is in the poll, which may be received later. The ids are kept
        // here, and replaced by the text where the vote is shown.
        Kind::PollResponse => poll::chosen_in(content).join(", "),
        _ => extensible_text(content).unwrap_or_default(),
    };
    derived.text = Some(plain_text::text(&text));
}

fn read_text(content: &Content, derived: &mut Derived) {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let quote = derived.relates_to.as_ref().map_or(QuoteBefore::Never, Relation::quote_before);
    derived.text =
        text("body").map(|body| plain_text::without_reply_fallback(&plain_text::text(body), quote));
    if text("format") != Some("org.matrix.custom.html") {
        return;
    }
    // Clients show the text if the HTML is empty.
    let Some(raw) = text("formatted_body").filter(|raw| !raw.is_empty()) else { return };
    derived.html = markup::html(raw, quote);
    match (&derived.text, &derived.html) {
        (_, None) => derived.remark(&Remark::HtmlTooComplex),
        (Some(text), Some(html)) if readings::differ(text, html) => {
            derived.remark(&Remark::TextDiffersFromHtml)
        }
        _ => {}
    }
}

fn read_file(content: &Content, derived: &mut Derived) {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let attachment = Attachment::read(content);
    if let Some(remark) = attachment.remark() {
        derived.remark(&remark);
    }
    // The body is a caption if it differs from `filename` (MSC2530, spec 1.10).
    let has_caption =
        text("filename").is_some_and(|name| text("body").is_some_and(|body| body != name));
    if has_caption {
        read_text(content, derived);
    } else {
        derived.text = Some(attachment.name.clone());
    }
    derived.attachments.push(attachment);
}

fn is_voice(content: &Content) -> bool {
    ["org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2", "m.voice"]
        .iter()
        .any(|key| content.contains_key(*key))
}
