//! The state events that show the invoice page as a widget above the room's timeline.
//!
//! Widgets are not part of the Matrix specification. Element reads these events (MSC1236, MSC2867).

use ruma::OwnedUserId;
use serde_json::json;

use super::state_event::StateEvent;

/// The event type of a widget.
pub(super) const WIDGET: &str = "im.vector.modular.widgets";
/// The state key and the id of our widget.
pub(super) const WIDGET_ID: &str = "tallyroom";
/// The parameters that the client fills in. None of them identifies the user, since anybody can
/// open the page with any values.
const QUERY: &str = "roomId=$matrix_room_id&widgetId=$matrix_widget_id\
     &theme=$org.matrix.msc2873.client_theme&lang=$org.matrix.msc2873.client_language";
/// The height of the widget, in percent of the timeline's height.
const HEIGHT_PERCENT: u32 = 40;

/// Returns the empty widget of a room without an invoice page. It keeps others from putting their
/// own widget in the place of ours.
pub(super) fn no_widget() -> StateEvent {
    StateEvent {
        event_type: WIDGET.to_owned(),
        state_key: WIDGET_ID.to_owned(),
        content: json!({}),
    }
}

/// Returns the state events of the widget that shows the page at `link`, and of its layout at the
/// top. `name` is the kind of document, and `title` is its number.
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
        "widgets": {
            WIDGET_ID: { "container": "top", "index": 0, "width": 100, "height": HEIGHT_PERCENT },
        },
    });
    let event = |event_type: &str, state_key: &str, content| StateEvent {
        event_type: event_type.to_owned(),
        state_key: state_key.to_owned(),
        content,
    };
    [event(WIDGET, WIDGET_ID, widget), event("io.element.widgets.layout", "", layout)]
}
