//! Room events as a homeserver pushes them. The same seed gives the same events.

use serde_json::{Value, json};

const WORDS: &[&str] = &[
    "invoice", "delivery", "the", "please", "pallet", "net", "Rechnung", "we", "did", "not",
    "receive", "line", "three", "VAT", "amount", "thanks", "shipped", "on", "Monday", "dock", "4",
    "für", "confirm", "price", "agreed", "€", "1,234.50", "order", "and", "credit", "note", "paid",
    "late", "today", "serial", "box", "damaged", "photo", "attached", "é", "到着", "ok",
];
const ID_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The number of files that pictures name. Each is fetched once, so a long run hardly measures fetching.
const FILES: usize = 100;
/// The time of the first event, in milliseconds since 1970.
const FIRST_SENT_AT: u64 = 1_700_000_000_000;

/// A small generator of numbers (splitmix64), which is enough to spread choices.
pub struct Random(u64);

impl Random {
    /// Returns a generator that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x51ed_270b_a5a5_1e37))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.below(WORDS.len())]).collect();
        words.join(" ")
    }

    fn id(&mut self, sigil: char) -> String {
        let letters = (0..43).map(|_| char::from(ID_LETTERS[self.below(ID_LETTERS.len())]));
        std::iter::once(sigil).chain(letters).collect()
    }
}

/// Returns ids of rooms that nobody made, for floors, which know no rooms.
pub fn made_up_rooms(count: usize) -> Vec<String> {
    let mut random = Random::new(7);
    (0..count).map(|_| random.id('!')).collect()
}

/// An earlier message of a room, to which others can refer.
#[derive(Clone)]
struct Earlier {
    event_id: String,
    sender: String,
}

/// What an event is, beside where and when it is.
struct Said {
    event_type: &'static str,
    content: Value,
    redacts: Option<String>,
    /// Whether others can refer to it.
    is_text: bool,
}

impl Said {
    fn message(content: Value) -> Self {
        Self { event_type: "m.room.message", content, redacts: None, is_text: false }
    }
}

/// A conversation in several rooms. Replies, edits, reactions and redactions refer to earlier
/// messages of the same room.
pub struct Conversation {
    random: Random,
    rooms: Vec<String>,
    senders: Vec<String>,
    earlier: Vec<Option<Earlier>>,
    sent_at: u64,
}

impl Conversation {
    /// Returns a conversation of `senders` in `rooms`.
    pub fn new(seed: u64, rooms: Vec<String>, senders: Vec<String>) -> Self {
        let earlier = vec![None; rooms.len()];
        Self { random: Random::new(seed), rooms, senders, earlier, sent_at: FIRST_SENT_AT }
    }

    /// Returns the body of a push with this number of events.
    pub fn push(&mut self, events: usize) -> String {
        let events: Vec<Value> = (0..events).map(|_| self.event()).collect();
        json!({ "events": events }).to_string()
    }

    fn event(&mut self) -> Value {
        let place = self.random.below(self.rooms.len());
        let said = self.say(place);
        let event_id = self.random.id('$');
        let sender = self.senders[self.random.below(self.senders.len())].clone();
        self.sent_at += 1 + self.random.below(900) as u64;
        let mut event = json!({
            "type": said.event_type, "room_id": self.rooms[place], "sender": sender,
            "user_id": sender, "event_id": event_id, "content": said.content,
            "origin_server_ts": self.sent_at, "unsigned": { "age": 37 }, "age": 37,
        });
        if let Some(redacted) = said.redacts {
            event["redacts"] = redacted.into();
        }
        if said.is_text {
            self.earlier[place] = Some(Earlier { event_id, sender });
        }
        event
    }

    /// Chooses what is said: of a hundred events, 45 are plain texts, 12 short HTML, 5 long HTML, 10
    /// replies, 10 edits, 8 reactions, 3 redactions and 7 pictures.
    fn say(&mut self, place: usize) -> Said {
        let earlier = self.earlier[place].clone();
        let random = &mut self.random;
        let kind = random.below(100);
        let is_long = random.below(10) == 0;
        let length = if is_long { 40 + random.below(160) } else { 3 + random.below(28) };
        match (kind, earlier) {
            (0..=44, _) | (62..=92, None) => Said { is_text: true, ..text(random, length) },
            (45..=56, _) => Said { is_text: true, ..html(random, length) },
            (57..=61, _) => {
                let length = 120 + random.below(110);
                Said { is_text: true, ..html(random, length) }
            }
            (62..=71, Some(earlier)) => reply(random, length, &earlier),
            (72..=81, Some(earlier)) => edit(random, length, &earlier),
            (82..=89, Some(earlier)) => reaction(&earlier),
            (90..=92, Some(earlier)) => redaction(earlier),
            _ => picture(random),
        }
    }
}

fn text(random: &mut Random, length: usize) -> Said {
    Said::message(json!({ "msgtype": "m.text", "body": random.words(length), "m.mentions": {} }))
}

fn html(random: &mut Random, length: usize) -> Said {
    let body = random.words(length);
    let title = random.words(4);
    let number = random.below(9_999);
    let formatted = format!(
        "<p><strong>{title}</strong></p><ul><li>{body}</li></ul><p><code>INV-2024-{number}</code></p>"
    );
    Said::message(json!({
        "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
        "formatted_body": formatted, "m.mentions": {},
    }))
}

fn reply(random: &mut Random, length: usize, earlier: &Earlier) -> Said {
    Said::message(json!({
        "msgtype": "m.text", "body": random.words(length),
        "m.mentions": { "user_ids": [earlier.sender] },
        "m.relates_to": { "m.in_reply_to": { "event_id": earlier.event_id } },
    }))
}

fn edit(random: &mut Random, length: usize, earlier: &Earlier) -> Said {
    let body = random.words(length);
    Said::message(json!({
        "msgtype": "m.text", "body": format!("* {body}"), "m.mentions": {},
        "m.new_content": { "msgtype": "m.text", "body": body, "m.mentions": {} },
        "m.relates_to": { "rel_type": "m.replace", "event_id": earlier.event_id },
    }))
}

fn reaction(earlier: &Earlier) -> Said {
    let relation = json!({ "rel_type": "m.annotation", "event_id": earlier.event_id, "key": "👍" });
    let content = json!({ "m.relates_to": relation });
    Said { event_type: "m.reaction", ..Said::message(content) }
}

fn redaction(earlier: Earlier) -> Said {
    let content = json!({ "redacts": earlier.event_id, "reason": "typo" });
    let redacts = Some(earlier.event_id);
    Said { event_type: "m.room.redaction", redacts, ..Said::message(content) }
}

fn picture(random: &mut Random) -> Said {
    let mut file = || format!("mxc://tally.localhost/{}", random.below(FILES));
    let (url, thumbnail) = (file(), file());
    Said::message(json!({
        "msgtype": "m.image", "body": "damage.jpg", "filename": "damage.jpg", "url": url,
        "info": {
            "mimetype": "image/jpeg", "size": random.below(4_000_000), "w": 4032, "h": 3024,
            "thumbnail_url": thumbnail,
            "thumbnail_info": { "mimetype": "image/jpeg", "w": 800, "h": 600, "size": 61_234 },
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(seed: u64) -> String {
        let senders = vec!["@buyer:tally.localhost".to_owned()];
        Conversation::new(seed, made_up_rooms(3), senders).push(200)
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        assert_eq!(push(1), push(1));
        assert_ne!(push(1), push(2));
    }

    #[test]
    fn every_kind_of_event_is_said() {
        let said = push(1);
        for part in ["m.in_reply_to", "m.replace", "m.reaction", "m.room.redaction", "m.image"] {
            assert!(said.contains(part), "{part}");
        }
    }
}
