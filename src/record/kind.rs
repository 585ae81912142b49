//! The kinds of entries: one table of their names and of their roles in a conversation.

use serde::{Deserialize, Serialize};

use super::relation::RelationKind;

/// The role of an entry in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The entry is a line of its own, such as a message.
    Line,
    /// The entry belongs to the line that it names with a relation of this kind. Without such a
    /// relation, or if the record does not hold that line, it is shown as a line of its own.
    About(RelationKind),
    /// The entry is a state event: it changes the room or its members, and nobody wrote it as a
    /// message.
    StateEvent,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $role:expr,)*) => {
        /// What an entry is, such as a message with an image, a reaction or a state event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $text)] $name,)* }

        impl Kind {
            /// All kinds, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the kind in JSON and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the kind with this name, or `Unknown` if there is none.
            pub fn from_text(text: &str) -> Self {
                match text { $($text => Self::$name,)* _ => Self::Unknown }
            }

            /// The role of entries of this kind in a conversation.
            pub fn role(self) -> Role {
                match self { $(Self::$name => $role,)* }
            }
        }
    };
}

// The condition of the database index `entries_lines` names the kinds of lines in this order. A
// test in `store/chat.rs` compares both.
kinds! {
    /// `m.text`.
    Text = "text" => Role::Line,
    /// `m.notice`.
    Notice = "notice" => Role::Line,
    /// `m.emote`.
    Emote = "emote" => Role::Line,
    /// `m.image`.
    Image = "image" => Role::Line,
    /// `m.file`.
    File = "file" => Role::Line,
    /// `m.audio`.
    Audio = "audio" => Role::Line,
    /// `m.audio` that was recorded as a voice message (MSC3245).
    Voice = "voice" => Role::Line,
    /// `m.video`.
    Video = "video" => Role::Line,
    /// `m.location`.
    Location = "location" => Role::Line,
    /// `m.sticker`.
    Sticker = "sticker" => Role::Line,
    /// `m.poll.start`.
    PollStart = "poll_start" => Role::Line,
    /// `m.poll.response`.
    PollResponse = "poll_response" => Role::About(RelationKind::Reference),
    /// `m.poll.end`.
    PollEnd = "poll_end" => Role::About(RelationKind::Reference),
    /// `m.reaction`.
    Reaction = "reaction" => Role::About(RelationKind::Reaction),
    /// A message that replaces another.
    Edit = "edit" => Role::About(RelationKind::Edit),
    /// `m.room.redaction`.
    Redaction = "redaction" => Role::About(RelationKind::Redaction),
    /// `m.room.encrypted`, which cannot be read here.
    Encrypted = "encrypted" => Role::Line,
    /// `m.room.member`.
    Membership = "membership" => Role::StateEvent,
    /// Any other state event.
    State = "state" => Role::StateEvent,
    /// An event of a type that is not known here. The record keeps it raw.
    Unknown = "unknown" => Role::Line,
    /// An event that cannot be understood. The record keeps it raw.
    Malformed = "malformed" => Role::Line,
}

impl Kind {
    /// Returns whether entries of this kind are in the search index. Nobody wrote the text of a
    /// state event: the name of the room, for example, would be found in every room.
    pub fn is_searchable(self) -> bool {
        match self.role() {
            Role::StateEvent | Role::About(RelationKind::Reaction) => false,
            Role::Line | Role::About(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::record::derive;

    #[test]
    fn the_name_in_the_database_is_the_name_in_json() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_text(kind.as_str()), *kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(Kind::from_text("a kind of a later version"), Kind::Unknown);
    }

    #[test]
    fn some_event_is_derived_as_each_kind() {
        for kind in Kind::ALL {
            let (event_type, content) = example(*kind);
            let mut event = json!({ "type": event_type, "event_id": "$e", "sender": "@a:x",
                "origin_server_ts": 1_000, "content": content });
            if kind.role() == Role::StateEvent {
                event["state_key"] = json!("@a:x");
            }
            let derived = derive(&event.to_string());
            assert_eq!(derived.kind, *kind, "{event}");
        }
    }

    /// An event of this kind, as its type and its content.
    fn example(kind: Kind) -> (&'static str, Value) {
        let message = |msgtype: &str| json!({ "msgtype": msgtype, "body": "x" });
        let related =
            |rel_type: &str| json!({ "rel_type": rel_type, "event_id": "$m", "key": "x" });
        match kind {
            Kind::Text => ("m.room.message", message("m.text")),
            Kind::Notice => ("m.room.message", message("m.notice")),
            Kind::Emote => ("m.room.message", message("m.emote")),
            Kind::Image => ("m.room.message", message("m.image")),
            Kind::File => ("m.room.message", message("m.file")),
            Kind::Audio => ("m.room.message", message("m.audio")),
            Kind::Voice => {
                let mut voice = message("m.audio");
                voice["org.matrix.msc3245.voice"] = json!({});
                ("m.room.message", voice)
            }
            Kind::Video => ("m.room.message", message("m.video")),
            Kind::Location => ("m.room.message", message("m.location")),
            Kind::Sticker => ("m.sticker", json!({ "body": "x" })),
            Kind::PollStart => {
                let question = json!({ "m.text": [{ "body": "x?" }] });
                ("m.poll.start", json!({ "m.poll": { "question": question, "answers": [] } }))
            }
            Kind::PollResponse => ("m.poll.response", json!({ "m.selections": ["x"] })),
            Kind::PollEnd => ("m.poll.end", json!({ "m.relates_to": related("m.reference") })),
            Kind::Reaction => ("m.reaction", json!({ "m.relates_to": related("m.annotation") })),
            Kind::Edit => {
                let mut edit = message("m.text");
                edit["m.new_content"] = message("m.text");
                edit["m.relates_to"] = related("m.replace");
                ("m.room.message", edit)
            }
            Kind::Redaction => ("m.room.redaction", json!({ "redacts": "$m" })),
            Kind::Encrypted => ("m.room.encrypted", json!({ "ciphertext": "x" })),
            Kind::Membership => ("m.room.member", json!({ "membership": "join" })),
            Kind::State => ("m.room.topic", json!({ "topic": "x" })),
            Kind::Unknown => ("org.example.odd", json!({})),
            Kind::Malformed => ("m.room.message", json!({ "body": "x" })),
        }
    }
}
