//! A person who uses a browser.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::PATIENCE;
use super::page::Page;
use super::watching::Request;
use crate::support::eventually;

pub struct Visitor {
    pub(super) page: Page,
}

impl Visitor {
    pub(super) async fn new(page: Page) -> Self {
        let visitor = Self { page };
        // As if it were the only window: focus, visible, keys.
        visitor.ok("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        visitor
    }

    /// Goes to an address, and waits until it is there.
    pub async fn open(&self, url: &str) {
        if let Err(error) = self.page.goto(url).await {
            panic!("{url} did not open: {error}");
        }
    }

    pub async fn reload(&self) {
        self.page.reload().await;
    }

    /// How many documents the tab has shown.
    pub fn documents(&self) -> usize {
        self.page.watched.documents.count()
    }

    /// Waits until a document is loaded that came after so many others.
    pub async fn loads_after(&self, before: usize, what: &str) {
        self.page.watched.documents.loaded_after(before, what).await;
    }

    /// Waits until the page shows this.
    pub async fn sees(&self, text: &str) {
        self.sees_within(text, PATIENCE).await;
    }

    pub async fn sees_within(&self, text: &str, within: Duration) {
        let wanted = plain(text);
        self.wait_for(&format!("the text {text:?}"), within, |page| page.contains(&wanted)).await;
    }

    /// Waits until the page does not show this (any more).
    pub async fn does_not_see(&self, text: &str) {
        let unwanted = plain(text);
        let what = format!("the absence of {text:?}");
        self.wait_for(&what, PATIENCE, |page| !page.contains(&unwanted)).await;
    }

    async fn wait_for(&self, what: &str, within: Duration, is_so: impl Fn(&str) -> bool) {
        let started = Instant::now();
        loop {
            let text = self.seen_text().await;
            if text.as_deref().is_ok_and(|text| is_so(&plain(text))) {
                return;
            }
            if started.elapsed() > within {
                let url = self.url().await;
                let text = text.unwrap_or_else(|error| error);
                panic!("not within {within:?}: {what} on {url}, which reads:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&self, expression: &str) {
        let started = Instant::now();
        loop {
            let value = self.page.evaluate(expression).await;
            if value.as_ref().is_ok_and(|it| it == true) {
                return;
            }
            if started.elapsed() > PATIENCE {
                panic!("{expression} is {value:?} on the page:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What can be read on the page.
    pub async fn text(&self) -> String {
        self.seen_text().await.unwrap_or_else(|error| error)
    }

    async fn seen_text(&self) -> Result<String, String> {
        let text = self.page.evaluate("document.body.innerText").await?;
        text.as_str().map(str::to_owned).ok_or_else(|| "no page".to_owned())
    }

    /// What can be read in the first element of a CSS selector; nothing if there is none.
    pub async fn text_of(&self, selector: &str) -> String {
        let text = format!("document.querySelector({})?.innerText ?? ''", json!(selector));
        self.js(&text).await.as_str().unwrap_or_default().to_owned()
    }

    /// What can be read in the frame whose address has this in it; none if there is no such frame.
    pub async fn text_in_frame(&self, address: &str) -> Option<String> {
        let text = self.page.evaluate_in_frame(address, "document.body.innerText").await.ok()??;
        text.as_str().map(str::to_owned)
    }

    /// How many elements a CSS selector finds.
    pub async fn count(&self, selector: &str) -> u64 {
        let count = format!("document.querySelectorAll({}).length", json!(selector));
        self.js(&count).await.as_u64().unwrap()
    }

    pub async fn html(&self) -> String {
        let html = self.js("document.documentElement.outerHTML").await;
        html.as_str().unwrap().to_owned()
    }

    pub async fn url(&self) -> String {
        let url = self.page.evaluate("location.href").await.unwrap_or_default();
        url.as_str().unwrap_or_default().to_owned()
    }

    /// All cookies of this visitor's browser.
    pub async fn cookies(&self) -> Vec<Value> {
        let answer = self.ok("Network.getAllCookies", json!({})).await;
        answer["cookies"].as_array().unwrap().clone()
    }

    /// What the console complained about so far.
    pub fn console_errors(&self) -> Vec<String> {
        self.page.watched.errors.lock().unwrap().clone()
    }

    /// Waits until the console complains about this.
    pub async fn complains(&self, about: &str) {
        eventually(&format!("a complaint about {about}"), PATIENCE, || async {
            self.console_errors().iter().any(|it| it.contains(about)).then_some(())
        })
        .await;
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.page.watched.requests.lock().unwrap().clone()
    }

    pub fn forget_requests(&self) {
        self.page.watched.requests.lock().unwrap().clear();
    }

    /// From the next page on, nothing of its scripts runs.
    pub async fn without_scripts(&self) {
        self.ok("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Prefers dark pages.
    pub async fn dark(&self) {
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        self.ok("Emulation.setEmulatedMedia", dark).await;
    }

    /// Prefers light pages.
    pub async fn light(&self) {
        let light = json!({ "features": [{ "name": "prefers-color-scheme", "value": "light" }] });
        self.ok("Emulation.setEmulatedMedia", light).await;
    }

    /// Is in this time zone of the IANA database.
    pub async fn lives_in(&self, zone: &str) {
        self.ok("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })).await;
    }

    /// Has a window of this many CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        let window = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.ok("Emulation.setDeviceMetricsOverride", window).await;
    }

    /// Sees no bars to scroll by.
    pub async fn without_scrollbars(&self) {
        self.ok("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
    }

    /// Has a touch screen, and no mouse.
    pub async fn has_fingers(&self) {
        let touch = json!({ "enabled": true, "maxTouchPoints": 5 });
        self.ok("Emulation.setTouchEmulationEnabled", touch).await;
    }

    /// Asks for pages in this language, as in `Accept-Language`.
    pub async fn reads(&self, languages: &str) {
        let headers = json!({ "headers": { "Accept-Language": languages } });
        self.ok("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Sits at the end of a thin line: so many bytes go up in a second.
    pub async fn uploads_slowly(&self, bytes: u32) {
        self.has_line(false, (0, -1, i64::from(bytes))).await;
    }

    /// Sits at the end of a slow line: each answer is so many milliseconds late, and so many bytes pass in a second.
    pub async fn has_a_slow_line(&self, latency: u32, bytes: u32) {
        self.has_line(false, (latency, i64::from(bytes), i64::from(bytes))).await;
    }

    /// Nothing goes up or down any more.
    pub async fn loses_the_line(&self) {
        self.has_line(true, (0, -1, -1)).await;
    }

    /// The line is as it was at first.
    pub async fn has_a_line_again(&self) {
        self.has_line(false, (0, -1, -1)).await;
    }

    async fn has_line(&self, is_lost: bool, (latency, down, up): (u32, i64, i64)) {
        let line = json!({
            "offline": is_lost, "latency": latency, "downloadThroughput": down, "uploadThroughput": up,
        });
        self.ok("Network.emulateNetworkConditions", line).await;
    }

    /// Has no file of any page any more; what is signed in remains.
    pub async fn forgets_files(&self) {
        self.ok("Network.clearBrowserCache", json!({})).await;
    }

    /// The value of a JavaScript expression.
    pub async fn js(&self, expression: &str) -> Value {
        match self.page.evaluate(expression).await {
            Ok(value) => value,
            Err(error) => panic!("{:.300}: {error}", expression),
        }
    }

    pub(super) async fn ok(&self, method: &str, parameters: Value) -> Value {
        self.page.call(method, parameters).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// As people compare texts: kinds of space, capitals and marks of direction make no difference.
fn plain(text: &str) -> String {
    let is_mark =
        |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().filter(|c| !is_mark(c)).collect();
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
