//! The plan of a transaction's room: its creation, its state and its pinned summary.

use ruma::{OwnedUserId, RoomVersionId};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::invoice_state::invoice_state;
use super::state_event::StateEvent;
use super::widget::{no_widget, widget_state};
use crate::config::RoomsConfig;
use crate::language::Locale;
use crate::names::{ROOM_MARKER, SEND_MARKER};
use crate::transaction::{Standing, Transaction};
use crate::wording;
use crate::wording::summary::{self, SummaryInput};

/// The power level of the bot. Everything except sending messages requires it.
const BOT_POWER_LEVEL: i64 = 100;

/// The text of a message. The send id is added when it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The message as plain text.
    pub body: String,
    /// The message as HTML.
    pub formatted_body: String,
}

/// Everything about the room of one transaction at one revision.
#[derive(Clone, Debug)]
pub struct RoomPlan {
    /// The room version with which the room is created.
    pub version: RoomVersionId,
    /// The part of the alias between `#` and `:`.
    pub alias_localpart: String,
    /// The extra keys of `m.room.create`.
    pub creation_content: Value,
    /// The content of `m.room.power_levels`.
    pub power_levels: Value,
    /// The name, which clients show in room lists.
    pub name: String,
    /// The topic, which clients show under the name: what is to be paid, status and
    /// due date.
    pub topic: String,
    /// All state events that the room should have, including those above.
    pub state: Vec<StateEvent>,
    /// The pinned message.
    pub summary: Message,
    /// The summary's first line, which is all that Element's pin banner shows.
    pub headline: String,
}

/// The part of a plan that comes from the installation and from the stored room.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// How the transaction stands today.
    pub standing: &'a Standing,
    /// Whether nobody but the bot may write.
    pub is_read_only: bool,
    /// The `rooms` section of the config.
    pub rooms: &'a RoomsConfig,
    /// The user ID of the bot.
    pub bot: &'a OwnedUserId,
    /// The version of the existing room, or else the version of new rooms.
    pub version: RoomVersionId,
    /// The `mxc://` URI of the picture for this kind of document.
    pub avatar: &'a str,
    /// The localpart of the room's alias.
    pub alias_localpart: &'a str,
    /// The link to the invoice page, if there is a page.
    pub page_link: Option<&'a str>,
    /// The link to the same page as a widget, if rooms have widgets.
    pub widget_link: Option<&'a str>,
    /// Whether the bot created the room, or will create it.
    pub is_creator: bool,
    /// The language in which the bot writes in the room.
    pub locale: &'a Locale,
    /// The room that a new room replaces.
    pub predecessor: Option<&'a str>,
}

impl RoomPlan {
    /// Returns the plan for `transaction` under `setting`.
    pub fn of(transaction: &Transaction, setting: &Setting<'_>) -> Self {
        let terms = &transaction.terms;
        let input = SummaryInput {
            invoice: &terms.invoice,
            standing: setting.standing,
            seller: &terms.seller.name,
            buyer: &terms.buyer.name,
            page_url: setting.page_link,
            locale: setting.locale,
        };
        let name = summary::room_name(&input);
        let topic = summary::topic(&input);
        let headline = summary::headline(&input);
        let summary::Summary { body, formatted_body } = summary::summarise(&input);
        let power_levels = power_levels(setting);
        let alias = format!("#{}:{}", setting.alias_localpart, setting.bot.server_name());

        let mut state = vec![
            event("m.room.power_levels", power_levels.clone()),
            event("m.room.canonical_alias", json!({ "alias": alias })),
            event("m.room.name", json!({ "name": name })),
            event("m.room.topic", json!({ "topic": topic })),
            event("m.room.avatar", json!({ "url": setting.avatar })),
            // The rule is not `knock`: Synapse shows the whole state of a room, with the invoice,
            // to users who knocked and were rejected.
            event("m.room.join_rules", json!({ "join_rule": "invite" })),
            event(
                "m.room.history_visibility",
                json!({ "history_visibility": setting.rooms.history_visibility }),
            ),
            event("m.room.guest_access", json!({ "guest_access": setting.rooms.guest_access })),
        ];
        state.extend(invoice_state(transaction));
        match setting.widget_link {
            Some(link) => {
                let name = wording::kind(&terms.invoice, setting.locale);
                state.extend(widget_state(link, setting.bot, &name, &terms.invoice.number));
            }
            None => state.push(no_widget()),
        }

        let mut creation = Map::new();
        creation.insert(ROOM_MARKER.to_owned(), json!({ "id": transaction.id.to_string() }));
        creation.insert("m.federate".to_owned(), Value::Bool(setting.rooms.federate));
        if let Some(room) = setting.predecessor {
            creation.insert("predecessor".to_owned(), json!({ "room_id": room }));
        }
        if let Some(room_type) = &setting.rooms.room_type {
            creation.insert("type".to_owned(), Value::String(room_type.to_string()));
        }

        Self {
            version: setting.version.clone(),
            alias_localpart: setting.alias_localpart.to_owned(),
            creation_content: Value::Object(creation),
            power_levels,
            name,
            topic,
            state,
            summary: Message { body, formatted_body },
            headline,
        }
    }

    /// Returns the digest of the state. If it is unchanged, no state event has to be written.
    pub fn state_digest(&self) -> String {
        let parts: Vec<_> = self
            .state
            .iter()
            .map(|event| json!([event.event_type, event.state_key, event.content]))
            .collect();
        digest(&Value::Array(parts).to_string())
    }

    /// Returns the digest of the summary. If it is unchanged, no edit is needed.
    pub fn summary_digest(&self) -> String {
        digest(&format!("{}\0{}", self.summary.body, self.summary.formatted_body))
    }

    /// Returns the digest of the headline. If it is unchanged, the pin does not have to be
    /// refreshed.
    pub fn headline_digest(&self) -> String {
        digest(&self.headline)
    }
}

impl Message {
    /// Returns the content of an `m.room.message` with the send id `send_id`.
    pub fn content(&self, send_id: &str) -> Value {
        json!({
            "msgtype": "m.text",
            "body": self.body,
            "format": "org.matrix.custom.html",
            "formatted_body": self.formatted_body,
            "m.mentions": {},
            SEND_MARKER: send_id,
        })
    }

    /// Returns the content of an edit that replaces the content of `original` by this message. The
    /// outer body is for clients that do not support edits (Client-Server API, "Event
    /// replacements").
    pub fn edit_content(&self, original: &str, send_id: &str) -> Value {
        json!({
            "msgtype": "m.text",
            "body": format!("* {}", self.body),
            "format": "org.matrix.custom.html",
            "formatted_body": format!("* {}", self.formatted_body),
            "m.mentions": {},
            "m.new_content": {
                "msgtype": "m.text",
                "body": self.body,
                "format": "org.matrix.custom.html",
                "formatted_body": self.formatted_body,
                "m.mentions": {},
            },
            "m.relates_to": { "rel_type": "m.replace", "event_id": original },
            SEND_MARKER: send_id,
        })
    }
}

/// Returns the power levels: everybody can send messages, and only the bot can do anything else.
/// In a read-only room, nobody but the bot can send messages either. Everybody can still redact what they sent.
fn power_levels(setting: &Setting<'_>) -> Value {
    let Setting { bot, version, is_creator, is_read_only, .. } = setting;
    // From version 12 on, creators are above all power levels and must not be listed (room version
    // 12, "Event authorization"). An unknown version is assumed to be newer.
    let creator_is_implied = *is_creator
        && version
            .rules()
            .is_none_or(|rules| rules.authorization.explicitly_privilege_room_creators);
    let mut users = Map::new();
    if !creator_is_implied {
        users.insert(bot.to_string(), json!(BOT_POWER_LEVEL));
    }
    json!({
        "users": users,
        "users_default": 0,
        "events": if *is_read_only { json!({ "m.room.redaction": 0 }) } else { json!({}) },
        "events_default": if *is_read_only { BOT_POWER_LEVEL } else { 0 },
        "state_default": BOT_POWER_LEVEL,
        "invite": BOT_POWER_LEVEL,
        "kick": BOT_POWER_LEVEL,
        "ban": BOT_POWER_LEVEL,
        "redact": BOT_POWER_LEVEL,
        "notifications": { "room": BOT_POWER_LEVEL },
    })
}

fn event(event_type: &str, content: Value) -> StateEvent {
    StateEvent { event_type: event_type.to_owned(), state_key: String::new(), content }
}

fn digest(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::room::missing_state;
    use crate::transaction::{StatusRules, sample};
    use ruma::user_id;

    fn planned(change: impl FnOnce(&mut Setting<'_>)) -> RoomPlan {
        let today = "2026-06-01".parse().unwrap();
        let standing = StatusRules::default().standing(&sample(), today);
        let mut setting = Setting {
            standing: &standing,
            is_read_only: false,
            rooms: &RoomsConfig::default(),
            bot: &user_id!("@_tallyroom_bot:example.org").to_owned(),
            version: RoomVersionId::V12,
            avatar: "mxc://example.org/a",
            alias_localpart: "_tallyroom_a",
            page_link: None,
            widget_link: None,
            is_creator: true,
            locale: &Locale::of(Language::English),
            predecessor: None,
        };
        change(&mut setting);
        RoomPlan::of(&sample(), &setting)
    }

    fn plan(widget_link: Option<&'static str>) -> RoomPlan {
        planned(|it| it.widget_link = widget_link)
    }

    fn found<'a>(plan: &'a RoomPlan, event_type: &str) -> Option<&'a StateEvent> {
        plan.state.iter().find(|event| event.event_type == event_type)
    }

    #[test]
    fn the_bot_is_listed_wherever_its_power_is_not_implied() {
        let listed = |version, is_creator| {
            let plan = planned(|it| (it.version, it.is_creator) = (version, is_creator));
            plan.power_levels["users"].get("@_tallyroom_bot:example.org").is_some()
        };
        assert!(listed(RoomVersionId::V11, true) && listed(RoomVersionId::V11, false));
        assert!(!listed(RoomVersionId::V12, true));
        // If somebody else upgraded the room, that user is its creator.
        assert!(listed(RoomVersionId::V12, false));
    }

    #[test]
    fn in_a_read_only_room_only_the_bot_writes() {
        let (open, closed) = (plan(None), planned(|it| it.is_read_only = true));
        assert_eq!(open.power_levels["events_default"], 0);
        assert_eq!(closed.power_levels["events_default"], BOT_POWER_LEVEL);
        assert_eq!(open.power_levels["events"], json!({}));
        assert_eq!(closed.power_levels["events"], json!({ "m.room.redaction": 0 }));
        assert_ne!(open.state_digest(), closed.state_digest());
        assert_eq!(open.summary_digest(), closed.summary_digest());
    }

    #[test]
    fn a_room_gets_the_page_as_a_widget_on_top() {
        let plan = plan(Some("https://pay.example/widget/01J"));
        let widget = found(&plan, "im.vector.modular.widgets").unwrap();
        assert_eq!(widget.state_key, "tallyroom");
        assert_eq!(widget.content["id"], "tallyroom");
        assert_eq!(widget.content["name"], "Invoice");
        assert_eq!(widget.content["data"]["title"], "INV-7");
        assert_eq!(widget.content["creatorUserId"], "@_tallyroom_bot:example.org");
        assert_eq!(
            widget.content["url"],
            "https://pay.example/widget/01J?roomId=$matrix_room_id&widgetId=$matrix_widget_id\
             &theme=$org.matrix.msc2873.client_theme&lang=$org.matrix.msc2873.client_language"
        );
        let layout = found(&plan, "io.element.widgets.layout").unwrap();
        assert_eq!(layout.content["widgets"]["tallyroom"]["container"], "top");
        // The widget is written when the room is created, and only the bot can change it.
        assert!(!widget.is_set_by_create_room() && !layout.is_set_by_create_room());
        assert_eq!(plan.power_levels["state_default"], BOT_POWER_LEVEL);
        assert_eq!(plan.power_levels["events"], json!({}));
    }

    #[test]
    fn state_is_as_wanted_only_without_content_of_others() {
        let plan = plan(None);
        let held = |event: &StateEvent, more: Value| {
            let mut content = event.content.clone();
            content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let have = json!({ "type": event.event_type, "state_key": event.state_key, "content": content });
            missing_state(std::slice::from_ref(event), &[have]).is_empty()
        };
        let topic = found(&plan, "m.room.topic").unwrap();
        let twice = |words: &Value| json!({ "m.topic": { "m.text": [{ "body": words }] } });
        assert!(held(topic, twice(&topic.content["topic"])));
        assert!(!held(topic, twice(&json!("Pay to another account"))));
        let html = json!([{ "mimetype": "text/html", "body": "<b>Pay</b> to another account" }]);
        assert!(!held(topic, json!({ "m.topic": { "m.text": html } })));
        let levels = found(&plan, "m.room.power_levels").unwrap();
        assert!(held(levels, json!({ "historical": 100 })));
        assert!(!held(levels, json!({ "users": { "@m:x": 100 } })));
        for event in &plan.state {
            assert!(held(event, json!({})) && !held(event, json!({ "org.example": 1 })));
        }
        // A widget that should be absent is not missing from an empty room.
        let missing = missing_state(&plan.state, &[]);
        assert!(missing.len() == plan.state.len() - 1 && missing.iter().all(|it| !it.is_absent()));
    }

    #[test]
    fn a_room_without_page_has_no_widget_and_another_digest() {
        let without = plan(None);
        assert!(found(&without, "im.vector.modular.widgets").unwrap().is_absent());
        assert!(found(&without, "io.element.widgets.layout").is_none());
        let with = plan(Some("https://pay.example/widget/01J"));
        assert_ne!(with.state_digest(), without.state_digest());
        assert_eq!(with.summary_digest(), without.summary_digest());
    }
}
