//! The short texts that the bot says to the people of a room beside the summary and announcements. They
//! are in the language of the room. What programs read (types, keys and ids) is the same in all languages.

use ruma::RoomId;
use serde_json::{Value, json};

use super::StateEvent;
use crate::language::Locale;
use crate::names::SEND_MARKER;

/// The content of the message that says that the room is encrypted and not recorded. It is marked as the
/// send `send_id`, and notifies nobody.
pub fn encryption_notice(locale: &Locale, send_id: &str) -> Value {
    json!({
        "msgtype": "m.notice",
        "body": locale.text("notice-encrypted"),
        "m.mentions": {},
        SEND_MARKER: send_id,
    })
}

/// The tombstone of a room whose conversation continues in the room `replacement`. Clients show its text
/// where people would write otherwise (Client-Server API, `m.room.tombstone`).
pub fn tombstone(locale: &Locale, replacement: &RoomId) -> StateEvent {
    StateEvent {
        event_type: "m.room.tombstone".to_owned(),
        state_key: String::new(),
        content: json!({
            "body": locale.text("notice-room-replaced"),
            "replacement_room": replacement,
        }),
    }
}

/// The reason that a former contact is shown for having been removed from the room.
pub fn removal_reason(locale: &Locale) -> String {
    locale.text("notice-removed-contact")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use ruma::room_id;

    fn in_language(tag: &str) -> Locale {
        Locale::of(Language::of_tag(tag).unwrap())
    }

    #[test]
    fn the_notices_are_in_the_language_of_the_room() {
        for (tag, encrypted, replaced, removed) in [
            ("en", "This room is encrypted.", "continues in another room", "No longer a contact"),
            ("de", "Dieser Raum ist verschlüsselt.", "anderen Raum fortgesetzt", "Nicht mehr"),
            ("fr", "Ce salon est chiffré.", "dans un autre salon", "N’est plus un contact"),
            ("nl", "Deze kamer is versleuteld.", "in een andere kamer", "Niet langer"),
            ("es", "Esta sala está cifrada.", "continúa en otra sala", "Ya no es un contacto"),
            ("ar", "هذه الغرفة مشفرة.", "في غرفة أخرى", "لم تعد"),
        ] {
            let locale = in_language(tag);
            let notice = encryption_notice(&locale, "1");
            assert!(notice["body"].as_str().unwrap().contains(encrypted), "{notice}");
            let tombstone = tombstone(&locale, room_id!("!new:example.org")).content;
            assert!(tombstone["body"].as_str().unwrap().contains(replaced), "{tombstone}");
            let reason = removal_reason(&locale);
            assert!(reason.contains(removed), "{reason}");
        }
    }

    #[test]
    fn what_programs_read_is_the_same_in_all_languages() {
        for language in Language::ALL {
            let locale = Locale::of(language);
            let notice = encryption_notice(&locale, "7");
            assert_eq!(notice["msgtype"], "m.notice");
            assert_eq!(notice[SEND_MARKER], "7");
            assert_eq!(notice["m.mentions"], json!({}));
            let event = tombstone(&locale, room_id!("!new:example.org"));
            assert_eq!((&*event.event_type, &*event.state_key), ("m.room.tombstone", ""));
            assert_eq!(event.content["replacement_room"], "!new:example.org");
        }
    }
}
