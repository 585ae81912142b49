//! Turns what a visitor of the page typed, or the shop said by the API, into the content of an event.

use pulldown_cmark::{Event, Options, Parser, html};
use ruma::OwnedUserId;
use serde_json::{Value, json};

/// The greatest length of a text, in bytes. An event may have at most 64 KiB in total, and may
/// contain the text four times (plain and HTML, and both again in an edit).
pub const MAX_TEXT_BYTES: usize = 12_000;
/// The greatest number of files that are sent with one message.
pub const MAX_FILES: usize = 10;
/// The greatest length of the name of a file, in characters.
const MAX_FILE_NAME_CHARS: usize = 200;

/// The messages to which a message relates, and those to whom it is addressed.
#[derive(Clone, Debug, Default)]
pub struct Relation<'a> {
    /// The event id of the message that it answers.
    pub reply_to: Option<&'a str>,
    /// The event id of the message that it replaces.
    pub edit: Option<&'a str>,
    /// Those to whom it is addressed; `None`: everybody.
    pub to: Option<&'a Addressee>,
}

/// Somebody to whom a message can be addressed: one person, or several with the same duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    name: String,
    users: Vec<OwnedUserId>,
}

impl Addressee {
    /// `name` is that of the person, or the duty. A message begins with it, so it is shortened at its beginning until it is
    /// no command to the bot (`!tally …`) whoever chose it. `users` are told of the message in particular.
    pub fn new(name: &str, users: Vec<OwnedUserId>) -> Self {
        let name = match name.trim_start_matches(|it: char| it == '!' || it.is_whitespace()) {
            "" => users.first().map_or("", |user| user.as_str()),
            name => name,
        };
        Self { name: name.to_owned(), users }
    }

    /// Returns the value of `m.mentions` in a message to them.
    pub fn mentions(&self) -> Value {
        json!({ "user_ids": self.users })
    }

    /// The name with which a message to them begins.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a text without the name of the addressee, if it begins with it as [`message`] writes it.
    pub fn without_name<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(self.name.as_str())?.strip_prefix(": ")
    }

    /// Whether these are the users, in this order.
    pub fn are(&self, users: &[String]) -> bool {
        self.users.iter().map(|user| user.as_str()).eq(users)
    }
}

/// Returns a text with the line ends that we keep, and without NUL, which no database of ours stores.
pub fn tidy_text(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\0', "\u{fffd}")
}

/// Returns the content of a text message that is written in Markdown (Client-Server API, "m.text",
/// "Rich replies", "Event replacements", "User and room mentions"). It begins with the name of the addressee.
pub fn message(text: &str, relation: &Relation<'_>) -> Value {
    let mut content = json!({ "msgtype": "m.text", "body": text, "m.mentions": {} });
    let mut html = markup(text);
    if let Some(to) = relation.to {
        content["body"] = json!(format!("{}: {text}", to.name));
        content["m.mentions"] = to.mentions();
        html = Html { text: addressed(to, &html.text), is_plain: false };
    }
    if !html.is_plain {
        content["format"] = json!("org.matrix.custom.html");
        content["formatted_body"] = json!(html.text);
    }
    if let Some(original) = relation.edit {
        let mut edit = content.clone();
        edit["body"] = json!(format!("* {}", content["body"].as_str().unwrap_or_default()));
        if let Some(html) = content["formatted_body"].as_str() {
            edit["formatted_body"] = json!(format!("* {html}"));
        }
        // Those who are addressed were told of the message. A change of it tells nobody.
        edit["m.mentions"] = json!({});
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

/// Returns the users whom the content of a message mentions; of a change, those whom the new content mentions.
pub fn mentioned(content: &Value) -> Vec<String> {
    let content = content.get("m.new_content").unwrap_or(content);
    let users = content["m.mentions"]["user_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
    users.iter().filter_map(Value::as_str).map(str::to_owned).collect()
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

/// Returns type and content of a vote in a poll (MSC3381), which speaks of it as the poll does: `poll_type` is the event type
/// of the poll.
pub fn vote(poll_type: &str, poll: &str, answers: &[String]) -> (&'static str, Value) {
    let relation = json!({ "rel_type": "m.reference", "event_id": poll });
    match poll_type {
        "m.poll.start" => {
            ("m.poll.response", json!({ "m.relates_to": relation, "m.selections": answers }))
        }
        _ => {
            let name = "org.matrix.msc3381.poll.response";
            (name, json!({ "m.relates_to": relation, name: { "answers": answers } }))
        }
    }
}

/// Returns the HTML of a message with the name of the addressee before it. That of one person is a link, which clients
/// show as a pill.
fn addressed(to: &Addressee, html: &str) -> String {
    let mut name = String::new();
    html::push_html(&mut name, std::iter::once(Event::Text(to.name.as_str().into())));
    let name = match &to.users[..] {
        [user] => format!("<a href=\"{}\">{name}</a>", user.matrix_to_uri()),
        _ => format!("<strong>{name}</strong>"),
    };
    match html.strip_prefix("<p>") {
        Some(rest) => format!("<p>{name}: {rest}"),
        None => format!("{name}: {html}"),
    }
}

/// A text as HTML.
struct Html {
    text: String,
    /// Whether it says no more than the plain text.
    is_plain: bool,
}

/// Converts Markdown to HTML. HTML in the text stays text.
fn markup(text: &str) -> Html {
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
    match plain.filter(|text| !text.contains('<')) {
        Some(plain) => Html { text: plain.to_owned(), is_plain: true },
        None => Html { text: html.to_owned(), is_plain: false },
    }
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
        let relation = Relation { edit: Some("$e"), ..Relation::default() };
        let content = message("new", &relation);
        assert_eq!(content["body"], "* new");
        assert_eq!(content["m.new_content"]["body"], "new");
        assert_eq!(content["m.relates_to"]["event_id"], "$e");
    }

    #[test]
    fn a_message_begins_with_its_addressee_who_is_mentioned() {
        let user = |id: &str| OwnedUserId::try_from(id).unwrap();
        let content = |name: &str, users: &[&str], text: &str| {
            let users = users.iter().map(|it| user(it)).collect();
            let to = Addressee::new(name, users);
            message(text, &Relation { to: Some(&to), ..Relation::default() })
        };
        let said = content("Rita <b>", &["@rita:x.org"], "Is 1 < 2?");
        assert_eq!(said["body"], "Rita <b>: Is 1 < 2?");
        assert_eq!(said["m.mentions"], json!({ "user_ids": ["@rita:x.org"] }));
        let html = "<a href=\"https://matrix.to/#/@rita:x.org\">Rita &lt;b&gt;</a>: Is 1 &lt; 2?";
        assert_eq!(said["formatted_body"], html);
        let said = content("sales", &["@a:x.org", "@b:x.org"], "**now**");
        assert_eq!(said["m.mentions"], json!({ "user_ids": ["@a:x.org", "@b:x.org"] }));
        assert_eq!(said["formatted_body"], "<p><strong>sales</strong>: <strong>now</strong></p>");
        let html = content("sales", &["@a:x.org"], "- one")["formatted_body"].to_string();
        assert!(html.contains("</a>: <ul>"), "{html}");
    }

    #[test]
    fn no_name_turns_a_message_into_a_command() {
        let user = OwnedUserId::try_from("@eve:x.org").unwrap();
        for name in ["!tally accept now", " ! !TALLY accept now", "!", "!!tally"] {
            let to = Addressee::new(name, vec![user.clone()]);
            let said = message("hello", &Relation { to: Some(&to), ..Relation::default() });
            assert!(!crate::room::is_request(said["body"].as_str().unwrap()), "{said}");
        }
        assert_eq!(Addressee::new("!", vec![user]).name(), "@eve:x.org");
    }

    #[test]
    fn a_change_keeps_the_addressee_and_tells_nobody_again() {
        let user = OwnedUserId::try_from("@rita:x.org").unwrap();
        let to = Addressee::new("Rita", vec![user]);
        let relation = Relation { edit: Some("$e"), to: Some(&to), ..Relation::default() };
        let edit = message("new", &relation);
        assert_eq!((&edit["body"], &edit["m.mentions"]), (&json!("* Rita: new"), &json!({})));
        assert_eq!(edit["m.new_content"]["m.mentions"], json!({ "user_ids": ["@rita:x.org"] }));
        assert_eq!(edit["m.new_content"]["body"], "Rita: new");
        assert_eq!(mentioned(&edit), ["@rita:x.org"]);
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
