//! Conversations for the record.

use serde_json::{Value, json};
use tallyroom::clock::now;

use crate::bench::{BOT, USERS};

/// A conversation that grows event by event.
pub struct Conversation {
    room: String,
    began_at: i64,
    pub events: Vec<Value>,
}

impl Conversation {
    /// Begins with everybody in the room.
    pub fn of_everybody(room: &str) -> Self {
        let mut begun = Self { room: room.to_owned(), began_at: now(), events: Vec::new() };
        for user in [BOT, USERS[0], USERS[1]] {
            begun.say(user, "m.room.member", json!({ "membership": "join" }));
            begun.events.last_mut().unwrap()["state_key"] = json!(user);
        }
        begun
    }

    /// Adds an event. Returns its id.
    pub fn say(&mut self, sender: &str, kind: &str, content: Value) -> String {
        let number = self.events.len();
        let event = format!("${}{number}", self.room);
        let at = self.began_at + i64::try_from(number).unwrap();
        self.events.push(json!({ "type": kind, "room_id": self.room, "sender": sender,
            "event_id": event, "origin_server_ts": at, "content": content }));
        event
    }

    /// Adds a message.
    pub fn text(&mut self, sender: &str, body: &str) -> String {
        self.say(sender, "m.room.message", json!({ "msgtype": "m.text", "body": body }))
    }

    /// Adds one of everything that a page shows and that needs something else of the record: an
    /// answer, an edit, a reaction, a removal, two files, and a poll with a vote, its end, and a
    /// vote that is too late.
    pub fn one_of_everything(&mut self) {
        let [buyer, seller, ..] = USERS;
        let relation = |kind: &str, event: &str| json!({ "rel_type": kind, "event_id": event });
        let first = self.text(buyer, "Where is it?");
        self.say(
            seller,
            "m.room.message",
            json!({ "msgtype": "m.text", "body": "On its way.",
            "m.relates_to": { "m.in_reply_to": { "event_id": first } } }),
        );
        self.say(
            buyer,
            "m.room.message",
            json!({ "msgtype": "m.text", "body": "* Where is our order?",
            "m.new_content": { "msgtype": "m.text", "body": "Where is our order?" },
            "m.relates_to": relation("m.replace", &first) }),
        );
        self.say(
            seller,
            "m.room.message",
            json!({ "msgtype": "m.text", "body": "* Nowhere.",
            "m.new_content": { "msgtype": "m.text", "body": "Nowhere." },
            "m.relates_to": relation("m.replace", &first) }),
        );
        let mut thumb = relation("m.annotation", &first);
        thumb["key"] = json!("👍");
        self.say(seller, "m.reaction", json!({ "m.relates_to": thumb }));
        let wrong = self.text(seller, "That was for somebody else.");
        self.say(seller, "m.room.redaction", json!({ "redacts": wrong }));
        for name in ["slip.pdf", "photo.jpg"] {
            self.say(
                seller,
                "m.room.message",
                json!({ "msgtype": "m.file", "body": name,
                "url": format!("mxc://x/{name}") }),
            );
        }
        let poll = self.say(
            seller,
            "m.poll.start",
            json!({ "m.poll": {
            "question": { "m.text": [{ "body": "When?" }] },
            "answers": [{ "m.id": "mon", "m.text": [{ "body": "Monday" }] },
                { "m.id": "tue", "m.text": [{ "body": "Tuesday" }] }] } }),
        );
        let vote = |answer: &str| {
            json!({ "m.selections": [answer],
            "m.relates_to": relation("m.reference", &poll) })
        };
        self.say(buyer, "m.poll.response", vote("tue"));
        let end = json!({ "m.text": [{ "body": "Over" }],
            "m.relates_to": relation("m.reference", &poll) });
        self.say(seller, "m.poll.end", end);
        self.say(buyer, "m.poll.response", vote("mon"));
    }
}
