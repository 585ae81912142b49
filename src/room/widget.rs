//! The invoice page as a widget above a room's timeline.
//!
//! Widgets are no part of the Matrix specification; this is what Element reads (MSC1236, MSC2867).

use ruma::OwnedUserId;
use serde_json::json;

use super::state_event::StateEvent;

/// How clients know a widget.
pub(super) const WIDGET: &str = "im.vector.modular.widgets";
/// State key and id of our widget.
pub(super) const WIDGET_ID: &str = "tallyroom";
/// What the client fills in. None of it says who looks: anybody can write anything there.
const QUERY: &str = "roomId=$matrix_room_id&widgetId=$matrix_widget_id\
     &theme=$org.matrix.msc2873.client_theme&lang=$org.matrix.msc2873.client_language";
/// Of the timeline's height, in percent.
const HEIGHT: u32 = 40;

/// No page: somebody else's may not stand in its place.
pub(super) fn no_widget() -> StateEvent {
    StateEvent {
        event_type: WIDGET.to_owned(),
        state_key: WIDGET_ID.to_owned(),
        content: json!({}),
    }
}

/// The page at `link`, and its place at the top. `name` is the kind of document; `title` says
/// which one.
pub(super) fn widget_state(
    link: &str,
    bot: &OwnedUserId,
    name: &str,
    title: &str,
) -> [StateEvent; 2] {
    let widget = json!({
        "id": WIDGET_ID,
        "type": "m.custom",
        "name": name,
        "url": format!("{link}?{QUERY}"),
        "creatorUserId": bot,
        "waitForIframeLoad": true,
        "data": { "title": title },
    });
    let layout = json!({
        "widgets": { WIDGET_ID: { "container": "top", "index": 0, "width": 100, "height": HEIGHT } },
    });
    let event = |event_type: &str, state_key: &str, content| StateEvent {
        event_type: event_type.to_owned(),
        state_key: state_key.to_owned(),
        content,
    };
    [event(WIDGET, WIDGET_ID, widget), event("io.element.widgets.layout", "", layout)]
}
