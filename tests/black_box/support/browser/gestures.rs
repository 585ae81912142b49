//! Uses mouse, keyboard and files as hands do, not by script.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::finding::Part;
use super::keyboard::Key;
use super::{PATIENCE, Visitor, eventually};

/// How often one looks whether an element has come to rest, and the time between two looks.
const MAX_LOOKS: usize = 100;
const LOOK_INTERVAL: Duration = Duration::from_millis(30);

impl Visitor {
    /// Presses a button, a link or whatever else has this name; one that ends with `…` is the
    /// beginning of a name.
    pub async fn presses(&self, name: &str) {
        let node = self.pressable(&Part::Page, name).await;
        self.clicks(node).await;
    }

    /// The same in the newest message that has these words in it.
    pub async fn presses_beside(&self, words: &str, name: &str) {
        let part = Part::Message(words.to_owned());
        let message = self.part(&part).await;
        // Some buttons show when the pointer is over their message.
        if let Ok((x, y)) = self.centre(message).await {
            self.mouse("mouseMoved", x, y, 0).await;
        }
        let node = self.pressable(&part, name).await;
        self.clicks(node).await;
    }

    /// Presses a button beside a message until the page offers what it leads to, as a person does
    /// under whose pointer the conversation has just moved.
    pub async fn presses_beside_until_offered(&self, words: &str, name: &str, offered: &str) {
        let part = Part::Message(words.to_owned());
        eventually(&format!("{offered:?} after {name:?}"), PATIENCE, || async {
            if !self.offers(&part, offered).await {
                self.presses_beside(words, name).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            self.offers(&part, offered).await.then_some(())
        })
        .await;
    }

    /// Writes into the field with this label, at its end.
    pub async fn types(&self, label: &str, text: &str) {
        let node = self.field(label).await;
        self.ok("DOM.focus", json!({ "backendNodeId": node })).await;
        self.press_key("End").await;
        self.ok("Input.insertText", json!({ "text": text })).await;
    }

    /// Takes everything out of the field that has the focus.
    pub async fn clears(&self, label: &str) {
        let node = self.field(label).await;
        self.ok("DOM.focus", json!({ "backendNodeId": node })).await;
        self.press_key("Control+a").await;
        self.press_key("Backspace").await;
    }

    /// A key such as `Enter`, `Tab`, `Shift+Tab`, `a`.
    pub async fn press_key(&self, keys: &str) {
        let (modifiers, name) = keys.rsplit_once('+').unwrap_or(("", keys));
        let bits = [("Alt", 1), ("Control", 2), ("Meta", 4), ("Shift", 8)];
        let modifiers: i64 = bits.iter().filter(|it| modifiers.contains(it.0)).map(|it| it.1).sum();
        let key = Key::named(name);
        let mut event = json!({
            "type": "keyDown", "key": key.key, "code": key.code, "modifiers": modifiers,
            "windowsVirtualKeyCode": key.number, "nativeVirtualKeyCode": key.number,
        });
        if name == "a" && modifiers == 2 {
            event["commands"] = json!(["selectAll"]);
        }
        if let Some(text) = key.text.filter(|_| modifiers & 7 == 0) {
            event["text"] = json!(text);
        }
        self.ok("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = json!("keyUp");
        event.as_object_mut().unwrap().remove("text");
        self.ok("Input.dispatchKeyEvent", event).await;
    }

    /// Types letter by letter into whatever has the focus.
    pub async fn types_on_keyboard(&self, text: &str) {
        for letter in text.chars() {
            self.press_key(&letter.to_string()).await;
        }
    }

    /// Chooses files in the file field of the conversation.
    pub async fn attaches(&self, files: &[&Path]) {
        self.attaches_in("#compose", files).await;
    }

    /// Chooses files in the file field of this part of the page.
    pub async fn attaches_in(&self, part: &str, files: &[&Path]) {
        let node = self.selected(&format!("{part} input[type=file]")).await;
        self.ok("DOM.setFileInputFiles", json!({ "backendNodeId": node, "files": files })).await;
    }

    /// Drags a file from the desktop onto an element.
    pub async fn drops(&self, selector: &str, file: &Path) {
        let node = self.selected(selector).await;
        let (x, y) = self.centre(node).await.unwrap();
        let data = json!({ "items": [], "files": [file], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": x, "y": y, "data": data });
            self.ok("Input.dispatchDragEvent", event).await;
        }
    }

    /// Pastes a file, as somebody does who has copied a picture.
    pub async fn pastes(&self, label: &str, name: &str, media_type: &str, bytes: &[u8]) {
        let node = self.field(label).await;
        self.ok("DOM.focus", json!({ "backendNodeId": node })).await;
        let file = format!(
            "new File([new Uint8Array({})], {}, {{ type: {} }})",
            json!(bytes),
            json!(name),
            json!(media_type)
        );
        let paste = format!(
            "{{ const data = new DataTransfer(); data.items.add({file}); \
             document.activeElement.dispatchEvent(new ClipboardEvent('paste', \
             {{ clipboardData: data, bubbles: true, cancelable: true }})); }}"
        );
        self.js(&paste).await;
    }

    async fn clicks(&self, node: i64) {
        let (x, y) = match self.centre(node).await {
            Ok(point) => point,
            Err(error) => {
                panic!("cannot be clicked ({error}), on the page:\n{}", self.text().await)
            }
        };
        self.mouse("mouseMoved", x, y, 0).await;
        self.mouse("mousePressed", x, y, 1).await;
        self.mouse("mouseReleased", x, y, 0).await;
    }

    /// Where an element is, scrolled into view, and at rest: the page may still be scrolling to something.
    async fn centre(&self, node: i64) -> Result<(f64, f64), String> {
        self.page.call("DOM.scrollIntoViewIfNeeded", json!({ "backendNodeId": node })).await?;
        let mut before = self.middle(node).await?;
        for _ in 0..MAX_LOOKS {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let now = self.middle(node).await?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(before)
    }

    async fn middle(&self, node: i64) -> Result<(f64, f64), String> {
        let target = json!({ "backendNodeId": node });
        let answer = self.page.call("DOM.getContentQuads", target).await?;
        let quad: Vec<f64> = answer["quads"][0]
            .as_array()
            .map(|it| it.iter().filter_map(Value::as_f64).collect())
            .unwrap_or_default();
        if quad.len() != 8 {
            return Err(format!("nothing of it can be seen: {answer}"));
        }
        let middle = |offset: usize| (0..4).map(|i| quad[2 * i + offset]).sum::<f64>() / 4.0;
        Ok((middle(0), middle(1)))
    }

    async fn mouse(&self, kind: &str, x: f64, y: f64, buttons: i64) {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let event = json!({
            "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
        });
        self.ok("Input.dispatchMouseEvent", event).await;
    }
}
