//! Any bytes as a raw event: whatever a homeserver hands over is derived, checked against what the
//! record promises, and never stops the process.

use std::borrow::Cow;

use ruma::html::{Html, NodeData, NodeRef};
use serde_json::json;
use tallyroom::record::{Derived, derive};

/// Fails if something of that does not hold.
pub fn check(bytes: &[u8]) {
    let Some((way, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    // Most random bytes are no JSON; half of the runs put them where HTML, text or a relation is.
    let raw: Cow<'_, str> = match way % 6 {
        // Text and HTML that are compared, in an edit.
        _ if *way >= 128 => {
            let (body, html) = text.split_once('\n').unwrap_or((&text, &text));
            let new = json!({ "msgtype": "m.text", "body": body,
                "format": "org.matrix.custom.html", "formatted_body": html });
            message(json!({ "msgtype": "m.text", "body": html, "m.new_content": new,
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$m" } }))
            .into()
        }
        0..=2 => text,
        3 => message(json!({ "msgtype": "m.text", "body": "x",
            "format": "org.matrix.custom.html", "formatted_body": text }))
        .into(),
        4 => message(json!({ "msgtype": "m.text", "body": text,
            "m.relates_to": { "m.in_reply_to": { "event_id": text } } }))
        .into(),
        _ => message(json!({ "msgtype": "m.file", "body": "x", "filename": text, "url": text }))
            .into(),
    };
    let derived = derive(&raw);
    holds_what_the_record_promises(&derived);
    assert_eq!(derived, derive(&raw), "the same event derived twice differs");
}

fn message(content: serde_json::Value) -> String {
    json!({ "type": "m.room.message", "event_id": "$e", "sender": "@a:x",
        "origin_server_ts": 1, "content": content })
    .to_string()
}

fn holds_what_the_record_promises(derived: &Derived) {
    assert!(!derived.event_type.contains('\0'));
    let texts = [&derived.text, &derived.html, &derived.remark, &derived.sender];
    for text in texts.into_iter().flatten() {
        assert!(!text.contains('\0'), "PostgreSQL cannot hold U+0000");
    }
    for text in [&derived.text, &derived.html].into_iter().flatten() {
        let odd = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(odd, None, "a control character in {text:?}");
    }
    let Some(html) = &derived.html else { return };
    for node in Html::parse(html).children() {
        is_harmless(&node, html);
    }
    let content = json!({ "msgtype": "m.text", "body": "x",
        "format": "org.matrix.custom.html", "formatted_body": html });
    if let Some(again) = derive(&message(content)).html {
        assert_eq!(&again, html, "HTML that was sanitised changes when it is read again");
    }
}

fn is_harmless(node: &NodeRef, html: &str) {
    if let NodeData::Element(element) = node.data() {
        let name = &*element.name.local;
        let bad = ["script", "style", "iframe", "object", "embed", "form", "svg", "math", "base"];
        assert!(!bad.contains(&name), "<{name}> in {html}");
        for attribute in element.attrs.borrow().iter() {
            let (key, value) = (&*attribute.name.local, &*attribute.value);
            assert!(!key.starts_with("on") && key != "style", "{key} in {html}");
            let schemes = ["http:", "https:", "ftp:", "mailto:", "magnet:", "matrix:"];
            match key {
                "href" => assert!(schemes.iter().any(|it| value.starts_with(it)), "{html}"),
                "src" => assert!(value.starts_with("mxc:"), "{html}"),
                _ => {}
            }
        }
    }
    for child in node.children() {
        is_harmless(&child, html);
    }
}
