//! A tab of a browser.

use serde_json::{Value, json};

use super::protocol::DevTools;
use super::watching::Watched;

/// What the browser is to report of each page.
const DOMAINS: [&str; 4] = ["Page", "Runtime", "Network", "Log"];

/// How often Chromium may give up a page because the network of the machine has changed.
const NETWORK_CHANGES: usize = 3;

pub struct Page {
    devtools: DevTools,
    session: String,
    pub target: String,
    pub watched: Watched,
}

impl Page {
    /// Opens a tab, with the parameters of `Target.createTarget`.
    pub async fn open(devtools: &DevTools, tab: Value) -> Self {
        let created = devtools.call(None, "Target.createTarget", tab).await.unwrap();
        let target = created["targetId"].as_str().unwrap().to_owned();
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = devtools.call(None, "Target.attachToTarget", attach).await.unwrap();
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let watched = Watched::start(devtools.events(&session));
        let page = Self { devtools: devtools.clone(), session, target, watched };
        for domain in DOMAINS {
            page.call(&format!("{domain}.enable"), json!({})).await.unwrap();
        }
        let all = json!({ "enabled": true });
        page.call("Page.setLifecycleEventsEnabled", all).await.unwrap();
        page
    }

    /// Goes to an address, and waits until it is loaded.
    pub async fn goto(&self, url: &str) -> Result<(), String> {
        let navigate = || self.call("Page.navigate", json!({ "url": url }));
        let mut answer = navigate().await?;
        // That some interface of this machine came or went has nothing to do with the page.
        for _ in 0..NETWORK_CHANGES {
            if answer["errorText"] != "net::ERR_NETWORK_CHANGED" {
                break;
            }
            answer = navigate().await?;
        }
        if let Some(error) = answer["errorText"].as_str() {
            return Err(error.to_owned());
        }
        // Without a loader, it is another place in the same document.
        if let Some(loader) = answer["loaderId"].as_str() {
            self.watched.documents.loaded_from(loader, url).await;
        }
        Ok(())
    }

    pub async fn reload(&self) {
        let before = self.watched.documents.count();
        self.call("Page.reload", json!({})).await.unwrap();
        self.watched.documents.loaded_after(before, "the same page").await;
    }

    /// What the browser answers, or why it does not.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value, String> {
        self.devtools.call(Some(&self.session), method, parameters).await
    }

    /// A JavaScript expression's value, as JSON.
    pub async fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let it = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.run(it).await.map(|mut object| object["value"].take())
    }

    /// A JavaScript expression's value, as a handle; none for null.
    pub async fn handle(&self, expression: &str) -> Result<Option<String>, String> {
        let object = self.run(json!({ "expression": expression })).await?;
        Ok(object["objectId"].as_str().map(str::to_owned))
    }

    /// The same as [`Page::evaluate`], in the first frame whose address has this in it; none if
    /// there is no such frame.
    pub async fn evaluate_in_frame(
        &self,
        address: &str,
        expression: &str,
    ) -> Result<Option<Value>, String> {
        let tree = self.call("Page.getFrameTree", json!({})).await?;
        let Some(frame) = frame_at(&tree["frameTree"], address) else { return Ok(None) };
        let world = self.call("Page.createIsolatedWorld", json!({ "frameId": frame })).await?;
        let context = &world["executionContextId"];
        let it = json!({ "expression": expression, "contextId": context, "returnByValue": true });
        self.run(it).await.map(|mut object| Some(object["value"].take()))
    }

    async fn run(&self, parameters: Value) -> Result<Value, String> {
        let mut answer = self.call("Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(format!("{details}")),
            None => Ok(answer["result"].take()),
        }
    }
}

/// Returns the id of the first frame below this one whose address has this in it.
fn frame_at(tree: &Value, address: &str) -> Option<Value> {
    let below = tree["childFrames"].as_array()?;
    below.iter().find_map(|child| {
        let is_it = child["frame"]["url"].as_str().is_some_and(|url| url.contains(address));
        if is_it { Some(child["frame"]["id"].clone()) } else { frame_at(child, address) }
    })
}
