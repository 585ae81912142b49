//! What a browser shows while no page is looked at.

use serde_json::{Value, json};

use super::PATIENCE;
use super::visitor::Visitor;
use crate::support::eventually;

impl Visitor {
    /// Answers yes when a page asks whether it may show notifications.
    pub async fn allows_notifications(&self) {
        let info = self.ok("Target.getTargetInfo", json!({})).await;
        let context = &info["targetInfo"]["browserContextId"];
        let granted = json!({ "browserContextId": context, "permissions": ["notifications"] });
        self.ok("Browser.grantPermissions", granted).await;
        self.ok("ServiceWorker.enable", json!({})).await;
    }

    /// Does something else than looking at this page.
    pub async fn looks_away(&self) {
        self.ok("Emulation.setFocusEmulationEnabled", json!({ "enabled": false })).await;
    }

    /// Comes back to this page.
    pub async fn looks_again(&self) {
        self.ok("Page.bringToFront", json!({})).await;
        self.ok("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
    }

    /// The push service brings the browser this message.
    pub async fn is_told(&self, message: &Value) {
        let worker = eventually("a service worker", PATIENCE, || async {
            self.page.watched.worker.lock().unwrap().clone()
        });
        let origin = self.js("location.origin").await;
        let brought = json!({
            "origin": origin, "registrationId": worker.await, "data": message.to_string(),
        });
        self.ok("ServiceWorker.deliverPushMessage", brought).await;
    }
}
