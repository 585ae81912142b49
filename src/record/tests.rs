//! Tests the derivation with events as clients and servers send them, and with malformed events.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Derived, Kind, RelationKind, derive};

fn event(event_type: &str, content: Value) -> Value {
    json!({
        "type": event_type, "room_id": "!r:x.org", "event_id": "$e", "sender": "@a:x.org",
        "origin_server_ts": 1_700_000_000_000_i64, "content": content,
        "unsigned": { "age": 12 }, "user_id": "@a:x.org", "age": 12,
    })
}

fn message(content: Value) -> Derived {
    derive(&event("m.room.message", content).to_string())
}

#[test]
fn a_message_is_what_was_said() {
    let derived = message(json!({
        "msgtype": "m.text", "body": "hello\r\nthere", "m.mentions": {},
        "format": "org.matrix.custom.html", "formatted_body": "<b>hello</b> there",
    }));
    assert_eq!(derived.kind, Kind::Text);
    assert_eq!(derived.text.as_deref(), Some("hello\nthere"));
    assert_eq!(derived.html.as_deref(), Some("<b>hello</b> there"));
    assert_eq!((derived.sender.as_deref(), derived.sent_at), (Some("@a:x.org"), 1_700_000_000_000));
    assert_eq!((derived.remark, derived.relates_to), (None, None));
}

#[test]
fn every_kind_of_message_is_told_apart() {
    let file = |msgtype: &str, more: Value| {
        let mut content = json!({ "msgtype": msgtype, "body": "a.png", "url": "mxc://x.org/abc",
            "info": { "mimetype": "image/png", "size": 10, "w": 4, "h": 3, "duration": 900 } });
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message(content)
    };
    for (msgtype, more, kind) in [
        ("m.image", json!({}), Kind::Image),
        ("m.file", json!({}), Kind::File),
        ("m.audio", json!({}), Kind::Audio),
        ("m.audio", json!({ "org.matrix.msc3245.voice": {} }), Kind::Voice),
        ("m.video", json!({}), Kind::Video),
    ] {
        let derived = file(msgtype, more);
        assert_eq!(derived.kind, kind);
        assert_eq!(derived.text.as_deref(), Some("a.png"));
        let attachment = &derived.attachments[0];
        assert_eq!(attachment.mxc.as_deref(), Some("mxc://x.org/abc"));
        assert_eq!((attachment.size, attachment.width), (Some(10), Some(4)));
    }
    for (msgtype, kind) in
        [("m.notice", Kind::Notice), ("m.emote", Kind::Emote), ("org.example.odd", Kind::Unknown)]
    {
        let derived = message(json!({ "msgtype": msgtype, "body": "words" }));
        assert_eq!((derived.kind, derived.text.as_deref()), (kind, Some("words")));
        assert_eq!(derived.remark.is_some(), kind == Kind::Unknown);
    }
    let place = message(json!({ "msgtype": "m.location", "body": "here", "geo_uri": "geo:1,2" }));
    assert_eq!((place.kind, place.text.as_deref()), (Kind::Location, Some("here\ngeo:1,2")));
}

#[test]
fn a_caption_is_the_text_and_the_file_keeps_its_name() {
    let derived = message(json!({ "msgtype": "m.image", "body": "the broken box",
        "filename": "IMG_1.jpg", "url": "mxc://x.org/abc" }));
    assert_eq!(derived.text.as_deref(), Some("the broken box"));
    assert_eq!(derived.attachments[0].name, "IMG_1.jpg");
}

#[test]
fn an_encrypted_attachment_in_an_open_room_is_known_as_one() {
    let derived = message(json!({ "msgtype": "m.file", "body": "a.pdf",
        "file": { "url": "mxc://x.org/abc", "key": { "k": "secret" }, "iv": "x", "v": "v2" } }));
    assert!(derived.attachments[0].encrypted);
    assert_eq!(derived.attachments[0].mxc.as_deref(), Some("mxc://x.org/abc"));
}

#[test]
fn replies_threads_and_reactions_say_to_what() {
    let reply = message(json!({
        "msgtype": "m.text", "body": "> <@b:x.org> when?\n\nFriday",
        "format": "org.matrix.custom.html",
        "formatted_body": "<mx-reply><blockquote>when?</blockquote></mx-reply>Friday",
        "m.relates_to": { "m.in_reply_to": { "event_id": "$q" } },
    }));
    let relation = reply.relates_to.unwrap();
    assert_eq!((relation.kind, relation.event_id.as_str()), (RelationKind::Reply, "$q"));
    assert_eq!((reply.text.as_deref(), reply.html.as_deref()), (Some("Friday"), Some("Friday")));

    let thread = |falls_back: bool| {
        message(json!({ "msgtype": "m.text", "body": "x", "m.relates_to": {
            "rel_type": "m.thread", "event_id": "$root", "is_falling_back": falls_back,
            "m.in_reply_to": { "event_id": "$last" } } }))
        .relates_to
        .unwrap()
    };
    assert_eq!((thread(true).kind, thread(true).in_reply_to), (RelationKind::Thread, None));
    assert_eq!(thread(false).in_reply_to.as_deref(), Some("$last"));

    let reaction = derive(
        &event(
            "m.reaction",
            json!({ "m.relates_to": { "rel_type": "m.annotation",
            "event_id": "$m", "key": "👍" } }),
        )
        .to_string(),
    );
    assert_eq!((reaction.kind, reaction.text.as_deref()), (Kind::Reaction, Some("👍")));
    assert_eq!(reaction.relates_to.unwrap().key.as_deref(), Some("👍"));
}

#[test]
fn an_edit_says_what_the_message_became() {
    let derived = message(json!({
        "msgtype": "m.text", "body": " * new", "m.new_content": { "msgtype": "m.text", "body": "new" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$m" },
    }));
    assert_eq!((derived.kind, derived.text.as_deref()), (Kind::Edit, Some("new")));
    let without = message(json!({ "msgtype": "m.text", "body": "* new",
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$m" } }));
    assert_eq!((without.kind, without.text.as_deref()), (Kind::Malformed, Some("* new")));
}

#[test]
fn the_quote_in_an_edit_of_a_reply_is_left_out_of_text_and_html() {
    let edit = |body: &str, new: Value| {
        message(json!({ "msgtype": "m.text", "body": body, "m.new_content": new,
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$m" } }))
    };
    let html = |body: &str, html: &str| {
        json!({ "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
            "formatted_body": html })
    };
    let quoted = "> <@x:y.example> A message\r\n\r\nbetter words";
    let fallback = "<mx-reply><blockquote>x<br/>A message</blockquote></mx-reply>better words";
    let derived = edit("* better words", html(quoted, fallback));
    assert_eq!(derived.text.as_deref(), Some("better words"));
    assert_eq!(derived.html.as_deref(), Some("better words"));
    assert_eq!(derived.remark, None);
    let derived = edit(
        "> <@x:y.example> A message\n\n * better words",
        json!({ "msgtype": "m.emote", "body": quoted }),
    );
    assert_eq!((derived.text.as_deref(), derived.remark), (Some("better words"), None));
    // A quote that a person typed stays.
    let derived =
        edit("* > I pay 500\n\nno", json!({ "msgtype": "m.text", "body": "> I pay 500\n\nno" }));
    assert_eq!((derived.text.as_deref(), derived.remark), (Some("> I pay 500\n\nno"), None));
}

#[test]
fn a_message_with_two_truths_is_remarked() {
    let html = |body: &str, html: &str| {
        message(json!({ "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
            "formatted_body": html }))
    };
    let two = html("I pay one hundred", "I pay <b>onethousandxyz</b>");
    assert_eq!(two.remark.as_deref(), Some("its text and its HTML say different things"));
    let words =
        super::all_words(two.text.as_deref(), two.html.as_deref(), &[], two.remark.as_deref());
    assert!(words.contains("hundred") && words.contains("onethousandxyz"));
    // Clients show the text if the HTML is empty.
    let empty = html("I pay one hundred", "");
    assert_eq!((empty.html, empty.remark), (None, None));
    let edit = message(json!({ "msgtype": "m.text", "body": "* I pay 100",
        "m.new_content": { "msgtype": "m.text", "body": "I pay 1000" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$m" } }));
    assert_eq!(edit.remark, Some(format!("{}I pay 100", super::remark::OTHER_WORDS_WITHOUT_EDITS)));
    let words = super::all_words(edit.text.as_deref(), None, &[], edit.remark.as_deref());
    assert!(words.contains("I pay 100\n") || words.ends_with("I pay 100"));
    // Clients without support for edits show the HTML beside the new content, if there is any.
    let edited = |outer: &str| {
        message(json!({ "msgtype": "m.text", "body": "* I pay 100",
            "format": "org.matrix.custom.html", "formatted_body": outer,
            "m.new_content": { "msgtype": "m.text", "body": "I pay 100" },
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$m" } }))
    };
    assert_eq!(edited("* I <b>pay</b> 100").remark, None);
    let other = edited("* I pay outerhtmlword").remark;
    assert_eq!(
        other,
        Some(format!("{}I pay outerhtmlword", super::remark::OTHER_WORDS_WITHOUT_EDITS))
    );
    // A text in the form of the specification does not contain what a spoiler hides.
    let hidden = html("[Spoiler](mxc://x/y) ok", "<span data-mx-spoiler>secretaaa</span> ok");
    let words = super::all_words(hidden.text.as_deref(), hidden.html.as_deref(), &[], None);
    assert!(words.contains("secretaaa"), "{words}");
}

#[test]
fn a_redaction_names_its_target_in_every_room_version() {
    let mut old = event("m.room.redaction", json!({ "reason": "a slip" }));
    old["redacts"] = json!("$m");
    let new = event("m.room.redaction", json!({ "redacts": "$m", "reason": "a slip" }));
    for event in [old, new] {
        let derived = derive(&event.to_string());
        assert_eq!((derived.kind, derived.text.as_deref()), (Kind::Redaction, Some("a slip")));
        assert_eq!(derived.relates_to.unwrap().event_id, "$m");
    }
    let nothing = derive(&event("m.room.redaction", json!({})).to_string());
    assert_eq!(nothing.kind, Kind::Malformed);
}

#[test]
fn what_was_removed_before_we_saw_it_is_not_invented() {
    let mut gone = event("m.room.message", json!({}));
    gone["unsigned"]["redacted_because"] = json!({ "type": "m.room.redaction" });
    let derived = derive(&gone.to_string());
    assert_eq!((derived.kind, derived.redacted, derived.text), (Kind::Text, true, None));
    let empty = derive(&event("m.room.message", json!({})).to_string());
    assert_eq!((empty.kind, empty.redacted), (Kind::Malformed, false));
}

#[test]
fn polls_are_read_in_their_old_and_their_new_form() {
    let question = "Accept?\n- Yes\n- No";
    let old = event(
        "org.matrix.msc3381.poll.start",
        json!({ "org.matrix.msc3381.poll.start": {
        "question": { "org.matrix.msc1767.text": "Accept?" },
        "answers": [{ "id": "y", "org.matrix.msc1767.text": "Yes" },
                    { "id": "n", "org.matrix.msc1767.text": "No" }] } }),
    );
    let new = event(
        "m.poll.start",
        json!({ "m.poll": {
        "question": { "m.text": [{ "body": "<b>Accept?</b>", "mimetype": "text/html" },
            { "body": "Accept?" }] },
        "answers": [{ "m.id": "y", "m.text": [{ "body": "Yes" }] },
                    { "m.id": "n", "m.text": [{ "body": "No" }] }] } }),
    );
    for poll in [old, new] {
        let derived = derive(&poll.to_string());
        assert_eq!((derived.kind, derived.text.as_deref()), (Kind::PollStart, Some(question)));
    }
    for (event_type, content) in [
        (
            "org.matrix.msc3381.poll.response",
            json!({ "org.matrix.msc3381.poll.response": { "answers": ["y"] } }),
        ),
        ("m.poll.response", json!({ "m.selections": ["y"] })),
    ] {
        let derived = derive(&event(event_type, content).to_string());
        assert_eq!((derived.kind, derived.text.as_deref()), (Kind::PollResponse, Some("y")));
    }
}

#[test]
fn state_is_told_in_words() {
    let state = |event_type: &str, key: &str, content: Value| {
        let mut event = event(event_type, content);
        event["state_key"] = json!(key);
        derive(&event.to_string())
    };
    let joined = state(
        "m.room.member",
        "@a:x.org",
        json!({ "membership": "join", "displayname": "A\u{0}nn" }),
    );
    assert_eq!(joined.kind, Kind::Membership);
    let change = joined.membership.unwrap();
    assert_eq!(
        (change.membership.as_str(), change.display_name.as_deref()),
        ("join", Some("A\u{fffd}nn"))
    );
    let removed = state("m.room.member", "@b:x.org", json!({ "membership": "leave" }));
    assert_eq!(removed.text.as_deref(), Some("removed @b:x.org from the room"));
    let topic = state("m.room.topic", "", json!({ "topic": "paid" }));
    assert_eq!((topic.kind, topic.text.as_deref()), (Kind::State, Some("set the topic to paid")));
}

#[test]
fn what_deceives_the_eye_is_marked_wherever_it_hides() {
    let file = |body: &str, name: &str| {
        message(json!({ "msgtype": "m.file", "body": body, "filename": name,
            "url": "mxc://x.org/abc" }))
    };
    let html = |markup: &str| {
        message(json!({ "msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html",
            "formatted_body": markup }))
    };
    let mut named =
        event("m.room.member", json!({ "membership": "join", "displayname": "\u{202e}knaB ehT" }));
    named["state_key"] = json!("@a:x.org");
    for derived in [
        message(json!({ "msgtype": "m.text", "body": "pay \u{2066}001\u{2069}" })),
        file("your invoice", "invoice_\u{202e}fdp.exe"),
        html("<b>\u{202e}x</b>"),
        html("<b>&#x202e;x</b>"),
        derive(&named.to_string()),
    ] {
        let remark = derived.remark.unwrap_or_default();
        assert!(remark.contains("direction"), "{remark} of {:?}", derived.text);
    }
    let control = html("<b>a\u{1b}[31m\u{9b}b</b>\r\nc");
    assert_eq!(control.html.as_deref(), Some("<b>a\u{fffd}[31m\u{fffd}b</b>\nc"));
    assert!(control.remark.unwrap().contains("cannot be shown"));
    assert_eq!(
        file("a caption", "\u{5d0}\u{200f}.pdf").remark,
        None,
        "marks of Hebrew deceive nobody"
    );
}

#[test]
fn nonsense_is_marked_and_kept() {
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let with_deep = event("m.room.message", json!("DEEP"))
        .to_string()
        .replace("\"DEEP\"", &format!("{{\"a\":{deep}}}"));
    for raw in [
        "",
        "null",
        "7",
        "[]",
        "{",
        "{}",
        &deep,
        &with_deep,
        &event("m.room.message", json!("text")).to_string(),
        &event("m.room.message", json!({ "body": "no type" })).to_string(),
        &event("m.room.message", json!({ "msgtype": "m.text", "body": 7 })).to_string(),
        &event("m.reaction", json!({ "m.relates_to": "x" })).to_string(),
        &event("", json!({ "msgtype": "m.text", "body": "x" })).to_string(),
    ] {
        let derived = derive(raw);
        let start: String = raw.chars().take(80).collect();
        assert_eq!(derived.kind, Kind::Malformed, "{start}");
        assert!(derived.remark.is_some(), "{start}");
    }
    let derived = derive(&with_deep);
    assert_eq!(derived.sender.as_deref(), Some("@a:x.org"), "the envelope is still read");
    let unknown = derive(&event("org.example.new", json!({ "x": 1 })).to_string());
    assert_eq!(unknown.kind, Kind::Unknown);
    assert_eq!(unknown.remark.as_deref(), Some("its type is not known here"));
    let encrypted = derive(&event("m.room.encrypted", json!({ "ciphertext": "x" })).to_string());
    assert_eq!(encrypted.kind, Kind::Encrypted);
}

/// Returns arbitrary JSON with the keys that the derivation reads.
fn odd_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("type"),
        Just("content"),
        Just("body"),
        Just("msgtype"),
        Just("m.relates_to"),
        Just("m.new_content"),
        Just("rel_type"),
        Just("event_id"),
        Just("key"),
        Just("info"),
        Just("url"),
        Just("file"),
        Just("redacts"),
        Just("membership"),
        Just("state_key"),
        Just("formatted_body"),
        Just("format"),
        Just("m.in_reply_to"),
        Just("answers"),
    ];
    let text = prop_oneof![
        Just("m.text".to_owned()),
        Just("m.file".to_owned()),
        Just("m.room.message".to_owned()),
        Just("m.room.member".to_owned()),
        Just("m.replace".to_owned()),
        Just("m.poll.start".to_owned()),
        Just("org.matrix.custom.html".to_owned()),
        Just("<b><script>\u{0}".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(key.clone(), inner, 0..8).prop_map(|map| {
                Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Asserts what holds for every derived entry.
fn is_sound(derived: &Derived) {
    let all = serde_json::to_string(derived).unwrap();
    assert!(!all.contains("\\u0000"), "{all}");
    let html = derived.html.as_deref().unwrap_or_default().to_ascii_lowercase();
    assert!(!html.contains("<script"), "{html}");
}

proptest! {
    #[test]
    fn nothing_makes_it_fail(raw in ".{0,200}") {
        is_sound(&derive(&raw));
    }

    #[test]
    fn no_json_makes_it_fail(event in odd_json(), content in odd_json(), relates_to in odd_json()) {
        is_sound(&derive(&event.to_string()));
        let mut content = content;
        if let Some(content) = content.as_object_mut() {
            content.insert("m.relates_to".to_owned(), relates_to);
        }
        for event_type in ["m.room.message", "m.room.member", "m.reaction", "m.poll.start", "m.sticker"] {
            is_sound(&derive(&self::event(event_type, content.clone()).to_string()));
        }
    }
}
