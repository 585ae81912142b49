//! A proxy between the service and the homeserver, which counts calls and makes chosen calls fail.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::lies::{self, Lie};

/// Before or after the homeserver has done what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// What goes wrong with one call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The answer never comes; [`Proxy::reached`] tells when the call got this far.
    Hang(When),
    /// This answer comes instead.
    Answer(When, u16, &'static str),
    /// This is told instead, without a call of the homeserver.
    Lie(Lie),
}

struct Rule {
    method: &'static str,
    path: &'static str,
    skip: usize,
    fault: Fault,
    stays: bool,
}

#[derive(Default)]
struct Inner {
    target: String,
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<String>>,
    reached: Notify,
    /// How many of a thousand calls are lied about.
    lies: AtomicU32,
}

/// Lives as long as the test.
#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Inner>,
    pub port: u16,
}

impl Proxy {
    pub async fn start(target_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = format!("http://127.0.0.1:{target_port}");
        let inner = Arc::new(Inner { target, ..Inner::default() });
        let router = Router::new()
            .fallback(forward)
            .with_state((Arc::clone(&inner), reqwest::Client::new()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, port }
    }

    /// The next call with this method whose path contains `path` goes wrong in this way.
    pub fn fault(&self, method: &'static str, path: &'static str, fault: Fault) {
        self.fault_later(0, method, path, fault);
    }

    /// As [`Self::fault`], after `skip` such calls that go well.
    pub fn fault_later(&self, skip: usize, method: &'static str, path: &'static str, fault: Fault) {
        self.inner.rules.lock().unwrap().push(Rule { method, path, skip, fault, stays: false });
    }

    /// As [`Self::fault`], for all such calls until [`Self::heal`].
    pub fn fault_always(&self, method: &'static str, path: &'static str, fault: Fault) {
        let rule = Rule { method, path, skip: 0, fault, stays: true };
        self.inner.rules.lock().unwrap().push(rule);
    }

    /// How many calls so far had `part` in their `METHOD path`.
    pub fn count(&self, part: &str) -> usize {
        self.inner.calls.lock().unwrap().iter().filter(|call| call.contains(part)).count()
    }

    /// From now on, so many of a thousand calls (drawn at random, also of `/sync`) are answered by a
    /// [`Lie`].
    pub fn lie(&self, of_a_thousand: u32) {
        self.inner.lies.store(of_a_thousand, Ordering::Relaxed);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.lie(0);
        self.inner.rules.lock().unwrap().clear();
    }

    /// Waits until a call that hangs has got where it was to hang.
    pub async fn reached(&self) {
        let wait = self.inner.reached.notified();
        tokio::time::timeout(std::time::Duration::from_secs(60), wait)
            .await
            .expect("no call reached the fault within a minute");
    }

    /// `METHOD path` of every call so far, long polls left out.
    pub fn calls(&self) -> Vec<String> {
        self.inner.calls.lock().unwrap().clone()
    }

    pub fn forget_calls(&self) {
        self.inner.calls.lock().unwrap().clear();
    }
}

async fn forward(
    State((inner, client)): State<(Arc<Inner>, reqwest::Client)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let method = parts.method.clone();
    if !path.ends_with("/sync") {
        inner.calls.lock().unwrap().push(format!("{method} {path}"));
    }
    let fault = {
        let mut rules = inner.rules.lock().unwrap();
        let hit = rules.iter().position(|it| method == it.method && path.contains(it.path));
        hit.and_then(|index| {
            if rules[index].stays {
                return Some(rules[index].fault.clone());
            }
            if rules[index].skip == 0 {
                return Some(rules.remove(index).fault);
            }
            rules[index].skip -= 1;
            None
        })
    };
    match fault {
        Some(Fault::Hang(When::Before)) => return hang(&inner).await,
        Some(Fault::Answer(When::Before, status, body)) => return answer(status, body),
        _ => {}
    }
    let lie = match fault {
        Some(Fault::Lie(lie)) => Some((lie, When::Before)),
        _ => {
            let lies = inner.lies.load(Ordering::Relaxed);
            (rand::random_range(0..1_000) < lies).then(Lie::any)
        }
    };
    match lie {
        Some((Lie::Answer(status, media_type, body), When::Before)) => {
            return lies::answer(status, media_type, body);
        }
        Some((Lie::Late(wait), When::Before)) => tokio::time::sleep(wait).await,
        Some((Lie::Cut, When::Before)) => return lies::cut(StatusCode::OK, &Bytes::new()),
        _ => {}
    }
    let url = format!("{}{}", inner.target, parts.uri.path_and_query().unwrap());
    let mut headers = parts.headers;
    headers.remove("host");
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answered = client.request(method, url).headers(headers).body(body).send().await;
    match fault {
        Some(Fault::Hang(When::After)) => return hang(&inner).await,
        Some(Fault::Answer(When::After, status, body)) => return answer(status, body),
        _ => {}
    }
    match answered {
        Ok(answered) => {
            let status = answered.status();
            let mut headers: HeaderMap = answered.headers().clone();
            headers.remove("transfer-encoding");
            headers.remove("connection");
            let bytes = answered.bytes().await.unwrap_or_default();
            match lie {
                Some((Lie::Answer(status, media_type, body), When::After)) => {
                    return lies::answer(status, media_type, body);
                }
                Some((Lie::Late(wait), When::After)) => tokio::time::sleep(wait).await,
                Some((Lie::Cut, When::After)) => return lies::cut(status, &bytes),
                _ => {}
            }
            (status, headers, Body::from(bytes)).into_response()
        }
        Err(_) => answer(502, "the homeserver did not answer"),
    }
}

async fn hang(inner: &Inner) -> Response {
    inner.reached.notify_one();
    std::future::pending().await
}

fn answer(status: u16, body: &'static str) -> Response {
    let json = [("content-type", "application/json")];
    (StatusCode::from_u16(status).unwrap(), json, body).into_response()
}
