//! What a browser records meanwhile: requests and errors.

use std::sync::{Arc, Mutex};

use chromiumoxide::Page;
use chromiumoxide::cdp::IntoEventKind;
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::network::{
    EventLoadingFinished, EventRequestWillBeSent, EventResponseReceived,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown,
};
use futures_util::StreamExt;

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
    pub errors: Arc<Mutex<Vec<String>>>,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Watched {
    pub async fn start(page: &Page) -> Self {
        let watched = Self::default();
        watched.on(page, |it, event: &EventEntryAdded| it.log_entry(event)).await;
        watched.on(page, |it, event: &EventExceptionThrown| it.exception(event)).await;
        watched.on(page, |it, event: &EventConsoleApiCalled| it.console(event)).await;
        watched.on(page, |it, event: &EventRequestWillBeSent| it.request(event)).await;
        watched.on(page, |it, event: &EventResponseReceived| it.response(event)).await;
        watched.on(page, |it, event: &EventLoadingFinished| it.finished(event)).await;
        watched
    }

    async fn on<E: IntoEventKind + Unpin + Send + Sync>(
        &self,
        page: &Page,
        note: impl Fn(&Self, &E) + Send + 'static,
    ) {
        let mut events = page.event_listener::<E>().await.unwrap();
        let watched = self.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                note(&watched, &event);
            }
        });
    }

    fn log_entry(&self, event: &EventEntryAdded) {
        if matches!(event.entry.level, LogEntryLevel::Error | LogEntryLevel::Warning) {
            let url = event.entry.url.as_deref().unwrap_or_default();
            self.errors.lock().unwrap().push(format!("{} {url}", event.entry.text));
        }
    }

    fn exception(&self, event: &EventExceptionThrown) {
        self.errors.lock().unwrap().push(format!("{:?}", event.exception_details));
    }

    fn console(&self, event: &EventConsoleApiCalled) {
        if matches!(event.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Warning) {
            self.errors.lock().unwrap().push(format!("{:?}", event.args));
        }
    }

    fn request(&self, event: &EventRequestWillBeSent) {
        let mut requests = self.requests.lock().unwrap();
        // A redirect goes on under the same id.
        if let Some(answer) = &event.redirect_response
            && let Some(before) = requests.iter_mut().rfind(|it| it.id == *event.request_id.inner())
        {
            before.status = answer.status;
            before.bytes = answer.encoded_data_length;
        }
        let headers = event.request.headers.inner();
        let referer = headers.get("Referer").or_else(|| headers.get("referer"));
        requests.push(Request {
            id: event.request_id.inner().clone(),
            method: event.request.method.clone(),
            url: event.request.url.clone(),
            referer: referer.and_then(|it| it.as_str()).map(str::to_owned),
            ..Request::default()
        });
    }

    fn response(&self, event: &EventResponseReceived) {
        let mut requests = self.requests.lock().unwrap();
        if let Some(it) = requests.iter_mut().rfind(|it| it.id == *event.request_id.inner()) {
            it.status = event.response.status;
        }
    }

    fn finished(&self, event: &EventLoadingFinished) {
        let mut requests = self.requests.lock().unwrap();
        if let Some(it) = requests.iter_mut().rfind(|it| it.id == *event.request_id.inner()) {
            it.bytes = event.encoded_data_length;
        }
    }
}
