//! What a browser records meanwhile: documents, requests and errors.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::PATIENCE;
use super::protocol::Event;
use crate::support::eventually;

/// A request that the page made.
#[derive(Clone, Debug, Default)]
pub struct Request {
    id: String,
    pub method: String,
    pub url: String,
    /// Of the request.
    pub referer: Option<String>,
    /// Of the answer; 0: none yet.
    pub status: i64,
    /// On the wire, headers and all, once it is finished.
    pub bytes: f64,
}

/// Filled while the visitor does other things.
#[derive(Clone, Default)]
pub struct Watched {
    pub documents: Documents,
    pub errors: Arc<Mutex<Vec<String>>>,
    pub requests: Arc<Mutex<Vec<Request>>>,
    /// The id of the last service worker that was registered.
    pub worker: Arc<Mutex<Option<String>>>,
}

/// The documents that the tab has shown, and which of them were loaded as a whole.
#[derive(Clone, Default)]
pub struct Documents(Arc<Mutex<Vec<Document>>>);

struct Document {
    loader: String,
    is_loaded: bool,
}

impl Watched {
    pub fn start(mut events: UnboundedReceiver<Event>) -> Self {
        let watched = Self::default();
        let notes = watched.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                notes.note(&event.method, &event.parameters);
            }
        });
        watched
    }

    fn note(&self, method: &str, it: &Value) {
        match method {
            "Page.frameNavigated" if it["frame"]["parentId"].is_null() => {
                self.documents.began(text(&it["frame"]["loaderId"]));
            }
            "Page.lifecycleEvent" if it["name"] == "load" => {
                self.documents.loaded(text(&it["loaderId"]));
            }
            "Log.entryAdded" if is_complaint(&it["entry"]["level"]) => {
                let (text, url) = (text(&it["entry"]["text"]), text(&it["entry"]["url"]));
                self.complaint(format!("{text} {url}"));
            }
            "Runtime.exceptionThrown" => self.complaint(it["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if is_complaint(&it["type"]) => {
                self.complaint(it["args"].to_string());
            }
            "ServiceWorker.workerRegistrationUpdated" => {
                let registered = it["registrations"].as_array().and_then(|all| all.last());
                if let Some(id) = registered.and_then(|it| it["registrationId"].as_str()) {
                    *self.worker.lock().unwrap() = Some(id.to_owned());
                }
            }
            "Network.requestWillBeSent" => self.request(it),
            "Network.responseReceived" => {
                self.update(it, |request| request.status = status(&it["response"]));
            }
            "Network.loadingFinished" => {
                self.update(it, |request| request.bytes = bytes(it));
            }
            _ => {}
        }
    }

    fn complaint(&self, text: String) {
        self.errors.lock().unwrap().push(text);
    }

    fn request(&self, it: &Value) {
        // A redirect goes on under the same id.
        if let Some(answer) = it.get("redirectResponse") {
            self.update(it, |before| {
                before.status = status(answer);
                before.bytes = bytes(answer);
            });
        }
        let request = &it["request"];
        let headers = &request["headers"];
        let referer = headers["Referer"].as_str().or_else(|| headers["referer"].as_str());
        self.requests.lock().unwrap().push(Request {
            id: text(&it["requestId"]).to_owned(),
            method: text(&request["method"]).to_owned(),
            url: text(&request["url"]).to_owned(),
            referer: referer.map(str::to_owned),
            ..Request::default()
        });
    }

    /// Changes the request that an event is about, if it is one of those that were noted.
    fn update(&self, event: &Value, change: impl FnOnce(&mut Request)) {
        let mut requests = self.requests.lock().unwrap();
        if let Some(it) = requests.iter_mut().rfind(|it| event["requestId"] == it.id.as_str()) {
            change(it);
        }
    }
}

impl Documents {
    fn began(&self, loader: &str) {
        let document = Document { loader: loader.to_owned(), is_loaded: false };
        self.0.lock().unwrap().push(document);
    }

    fn loaded(&self, loader: &str) {
        let mut documents = self.0.lock().unwrap();
        documents.iter_mut().filter(|it| it.loader == loader).for_each(|it| it.is_loaded = true);
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Waits until the document of this loader is loaded, or one that took its place. Not any other
    /// one: the answer to a form that was sent before may still be on its way.
    pub async fn loaded_from(&self, loader: &str, what: &str) {
        eventually(&format!("{what} loaded"), PATIENCE, || async {
            let documents = self.0.lock().unwrap();
            let place = documents.iter().position(|it| it.loader == loader)?;
            documents[place..].iter().any(|it| it.is_loaded).then_some(())
        })
        .await;
    }

    /// Waits until a document is loaded that came after so many others.
    pub async fn loaded_after(&self, before: usize, what: &str) {
        eventually(&format!("{what} loaded"), PATIENCE, || async {
            self.0.lock().unwrap()[before..].iter().any(|it| it.is_loaded).then_some(())
        })
        .await;
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The console calls it `warning`, too.
fn is_complaint(level: &Value) -> bool {
    level == "error" || level == "warning"
}

fn status(response: &Value) -> i64 {
    response["status"].as_i64().unwrap_or_default()
}

fn bytes(it: &Value) -> f64 {
    it["encodedDataLength"].as_f64().unwrap_or_default()
}
