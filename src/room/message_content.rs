//! Turns what a visitor of the page typed, or the shop said by the API, into the content of an event.

use pulldown_cmark::{Event, Options, Parser, html};
use serde_json::{Value, json};

/// The greatest length of a text, in bytes. An event may have at most 64 KiB in total, and may
/// contain the text four times (plain and HTML, and both again in an edit).
pub const MAX_TEXT_BYTES: usize = 12_000;
/// The greatest number of files that are sent with one message.
pub const MAX_FILES: usize = 10;
/// The greatest length of the name of a file, in characters.
const MAX_FILE_NAME_CHARS: usize = 200;

/// The messages to which a message relates.
#[derive(Clone, Debug, Default)]
pub struct Relation<'a> {
    /// The event id of the message that it answers.
    pub reply_to: Option<&'a str>,
    /// The event id of the message that it replaces.
    pub edit: Option<&'a str>,
}

/// Returns a text with the line ends that we keep, and without NUL, which no database of ours stores.
pub fn tidy_text(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\0', "\u{fffd}")
}

/// Returns the content of a text message that is written in Markdown (Client-Server API, "m.text",
/// "Rich replies", "Event replacements").
pub fn message(text: &str, relation: &Relation<'_>) -> Value {
    let mut content = json!({ "msgtype": "m.text", "body": text, "m.mentions": {} });
    if let Some(html) = markup(text) {
        content["format"] = json!("org.matrix.custom.html");
        content["formatted_body"] = json!(html);
    }
    if let Some(original) = relation.edit {
        let mut edit = content.clone();
        edit["body"] = json!(format!("* {text}"));
        if let Some(html) = content["formatted_body"].as_str() {
            edit["formatted_body"] = json!(format!("* {html}"));
        }
        edit["m.new_content"] = content;
        edit["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": original });
        return edit;
    }
    if let Some(answered) = relation.reply_to {
        content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": answered } });
    }
    content
}

/// Returns the content of a text message that was not written for a chat, such as a mail: nothing in it is markup.
pub fn plain(text: &str) -> Value {
    json!({ "msgtype": "m.text", "body": text, "m.mentions": {} })
}

/// Returns the name of a file as it is shown: without folders and control characters.
pub fn file_name(given: &str) -> String {
    let name: String =
        given.chars().filter(|c| !c.is_control()).take(MAX_FILE_NAME_CHARS).collect();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned();
    if name.is_empty() { "file".to_owned() } else { name }
}

/// Returns the content of a message with a file, which is not uploaded yet and has no `url`. `size` is in bytes, and
/// `pixels` are the width and the height of a picture, if they are known.
pub fn file(
    name: &str,
    media_type: &str,
    size: i64,
    pixels: Option<(u32, u32)>,
    description: Option<&str>,
) -> Value {
    let mut info = json!({ "mimetype": media_type, "size": size });
    if let Some((width, height)) = pixels {
        (info["w"], info["h"]) = (width.into(), height.into());
    }
    let msgtype = match media_type.split('/').next() {
        Some("image") => "m.image",
        Some("video") => "m.video",
        Some("audio") => "m.audio",
        _ => "m.file",
    };
    // If the body differs from `filename`, it is the caption of the file (Matrix 1.10).
    json!({
        "msgtype": msgtype,
        "body": description.filter(|text| !text.trim().is_empty()).unwrap_or(name),
        "filename": name,
        "info": info,
        "m.mentions": {},
    })
}

/// Returns the content of a reaction.
pub fn reaction(event: &str, key: &str) -> Value {
    json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": key } })
}

/// Converts Markdown to HTML. Returns `None` if the text has no markup. HTML in the text stays
/// text.
fn markup(text: &str) -> Option<String> {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    // In a chat, a line break in the source is meant as a line break.
    let events = Parser::new_ext(text, options).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::SoftBreak => Event::HardBreak,
        other => other,
    });
    let mut html = String::new();
    html::push_html(&mut html, events);
    let html = html.trim();
    let plain = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
    let is_plain = plain.is_some_and(|text| !text.contains('<'));
    (!is_plain).then(|| html.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_has_no_html() {
        let content = message("Hello, when does it come?", &Relation::default());
        assert_eq!(content["body"], "Hello, when does it come?");
        assert_eq!(content.get("formatted_body"), None);
    }

    #[test]
    fn markdown_becomes_html_and_html_becomes_text() {
        let content = message("**Yes**, see [here](https://x.org)", &Relation::default());
        let html = content["formatted_body"].as_str().unwrap();
        assert!(html.contains("<strong>Yes</strong>"), "{html}");
        let content = message("a <img src=x onerror=alert(1)> **b**", &Relation::default());
        let html = content["formatted_body"].as_str().unwrap();
        assert!(html.contains("&lt;img") && !html.contains("<img"), "{html}");
        let list = message("- one\n- two", &Relation::default());
        assert!(list["formatted_body"].as_str().unwrap().starts_with("<ul>"));
    }

    #[test]
    fn line_breaks_are_kept() {
        let content = message("one\ntwo", &Relation::default());
        assert!(content["formatted_body"].as_str().unwrap().contains("<br />"));
    }

    #[test]
    fn an_edit_has_the_new_text_for_clients_with_and_without_support_for_edits() {
        let relation = Relation { edit: Some("$e"), reply_to: None };
        let content = message("new", &relation);
        assert_eq!(content["body"], "* new");
        assert_eq!(content["m.new_content"]["body"], "new");
        assert_eq!(content["m.relates_to"]["event_id"], "$e");
    }

    #[test]
    fn a_description_is_the_caption_of_an_image() {
        let content = file("a.png", "image/png", 5, Some((3, 2)), Some("the broken plank"));
        assert_eq!(
            (&content["msgtype"], &content["body"]),
            (&json!("m.image"), &json!("the broken plank"))
        );
        assert_eq!(file("a.pdf", "application/pdf", 5, None, None)["body"], "a.pdf");
    }
}
