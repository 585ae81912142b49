//! Messages: what was said, by content type (Client-Server API, "Instant messaging").

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Attachment, Derived, Kind, markup, words};

type Content = Map<String, Value>;

/// Fills in what an `m.room.message`'s content says.
pub(super) fn read(content: &Content, derived: &mut Derived) {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let Some(msgtype) = text("msgtype") else {
        derived.malformed("the message has no msgtype");
        derived.text = text("body").map(words::text);
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
            derived.text = Some(words::text(&place.map(Option::unwrap_or_default).join("\n")));
        }
        _ => read_words(content, derived),
    }
    if derived.kind == Kind::Unknown {
        derived.remark("its msgtype is not known here");
    }
    if text("body").is_none() {
        derived.malformed("the message has no body");
    }
}

/// A sticker: an image with a description.
pub(super) fn read_sticker(content: &Content, derived: &mut Derived) {
    derived.kind = Kind::Sticker;
    read_file(content, derived);
}

/// The question and answers of a poll, the answers of a vote, or the words at its end. Both the
/// stable names (MSC3381 as merged) and the unstable ones that clients still send.
pub(super) fn read_poll(kind: Kind, content: &Content, derived: &mut Derived) {
    derived.kind = kind;
    let of_either = |name: &str| {
        let unstable = format!("org.matrix.msc3381.poll.{name}");
        content
            .get(&format!("m.poll.{name}"))
            .or_else(|| content.get(&format!("m.{name}")))
            .or_else(|| content.get(&unstable))
    };
    let words = match kind {
        Kind::PollStart => {
            let Some(poll) = of_either("start").or_else(|| of_either("poll")) else {
                return derived.malformed("the poll has no question");
            };
            let answers = poll.get("answers").and_then(Value::as_array);
            let text_of = |value: &Value| value.as_object().and_then(extensible_text);
            let question = poll.get("question").and_then(text_of);
            let answers = answers.into_iter().flatten().filter_map(text_of);
            let lines = question.into_iter().chain(answers.map(|answer| format!("- {answer}")));
            lines.collect::<Vec<_>>().join("\n")
        }
        Kind::PollResponse => {
            let chosen = of_either("response")
                .and_then(|response| response.get("answers"))
                .or_else(|| content.get("m.selections"))
                .and_then(Value::as_array);
            let ids = chosen.into_iter().flatten().filter_map(Value::as_str);
            ids.collect::<Vec<_>>().join(", ")
        }
        _ => extensible_text(content).unwrap_or_default(),
    };
    derived.text = Some(words::text(&words));
}

/// The words of each answer of the poll in a raw event, by the id that votes name.
pub fn poll_answers(raw: &str) -> BTreeMap<String, String> {
    let event: Value = serde_json::from_str(raw).unwrap_or_default();
    let content = event.get("content");
    let poll = ["m.poll.start", "m.poll", "org.matrix.msc3381.poll.start"]
        .iter()
        .find_map(|key| content?.get(*key));
    let answers = poll.and_then(|poll| poll.get("answers")).and_then(Value::as_array);
    let words_of = |answer: &Value| {
        let id = answer.get("id").or_else(|| answer.get("m.id"))?.as_str()?;
        Some((id.to_owned(), words::text(&extensible_text(answer.as_object()?)?)))
    };
    answers.into_iter().flatten().filter_map(words_of).collect()
}

/// Text in one of the forms that extensible events have had (MSC1767).
pub(super) fn extensible_text(content: &Content) -> Option<String> {
    let block = content.get("m.text").or_else(|| content.get("org.matrix.msc1767.text"))?;
    let text = match block {
        Value::Array(forms) => forms.iter().find_map(|form| form.get("body")?.as_str()),
        other => other.as_str(),
    };
    text.map(str::to_owned)
}

fn read_words(content: &Content, derived: &mut Derived) {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let is_reply = derived.relates_to.as_ref().is_some_and(super::Relation::is_reply);
    derived.text = text("body").map(|body| {
        let body = words::text(body);
        if is_reply { words::without_reply_fallback(&body) } else { body }
    });
    if text("format") != Some("org.matrix.custom.html") {
        return;
    }
    if let Some(raw) = text("formatted_body") {
        derived.html = markup::html(raw);
        if derived.html.is_none() {
            derived.remark("its HTML is too deep or too long to be shown");
        }
    }
}

fn read_file(content: &Content, derived: &mut Derived) {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let attachment = Attachment::read(content);
    if let Some(remark) = attachment.remark() {
        derived.remark(&remark);
    }
    // With a `filename` of its own beside it, the body is a caption (MSC2530, spec 1.10).
    let has_caption =
        text("filename").is_some_and(|name| text("body").is_some_and(|body| body != name));
    if has_caption {
        read_words(content, derived);
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
