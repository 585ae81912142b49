//! What people do on the invoice page, and what they notice there.

use super::Visitor;

/// Labels of the page, in English.
pub const WRITE: &str = "Message";
pub const SEND: &str = "Send";

/// Keeps each text that the page shows about its connection.
const WATCH_CONNECTION: &str = "globalThis.noticed = []; new MutationObserver(() => { \
    const words = document.getElementById('connection').textContent; \
    if (words) noticed.push(words); \
    }).observe(document.getElementById('connection'), \
    { childList: true, characterData: true, subtree: true })";

impl Visitor {
    /// Writes something and sends it.
    pub async fn says(&self, text: &str) {
        self.types(WRITE, text).await;
        self.presses(SEND).await;
    }

    /// Looks from now on at what the page shows about its connection.
    pub async fn watches_the_connection(&self) {
        self.js(WATCH_CONNECTION).await;
    }

    /// All that the page has shown about its connection since then.
    pub async fn noticed_of_the_connection(&self) -> Vec<String> {
        serde_json::from_value(self.js("noticed").await).unwrap()
    }
}
