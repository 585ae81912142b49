//! A program of a shop that receives webhooks. It takes them, or does whatever a test has it do, and can be killed.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::contract;

/// What a receiver answers to a call. The pause comes before the answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub pause: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), pause: Duration::ZERO }
    }
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub headers: HeaderMap,
    pub body: String,
    pub event: Value,
    /// Whether it was answered with 2xx.
    pub is_taken: bool,
}

impl Call {
    pub fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    pub fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap()
    }
}

type Behaviour = Box<dyn FnMut(&Call) -> Reply + Send>;

pub struct Receiver {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    serving: Option<JoinHandle<()>>,
}

struct Shared {
    calls: Vec<Call>,
    behaviour: Behaviour,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let shared = Shared { calls: Vec::new(), behaviour: Box::new(|_| Reply::status(204)) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut receiver = Self { port, shared: Arc::new(Mutex::new(shared)), serving: None };
        receiver.serve(listener);
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?token=canary-of-the-address", self.port)
    }

    /// Does this from now on.
    pub fn behave(&self, behaviour: impl FnMut(&Call) -> Reply + Send + 'static) {
        self.shared.lock().unwrap().behaviour = Box::new(behaviour);
    }

    /// Ends it, with all its connections. What it has taken stays taken.
    pub async fn kill(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// Starts it again, at the same port.
    pub async fn start_again(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.serve(listener);
    }

    /// All calls so far, in their order. Each has to be as the OpenAPI document says.
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.shared.lock().unwrap().calls.clone();
        calls.iter().for_each(|it| contract::check_sent(&it.event));
        calls
    }

    /// The number of calls so far.
    pub fn count(&self) -> usize {
        self.shared.lock().unwrap().calls.len()
    }

    /// The events that it has, each once, by transaction, in the order in which they came first.
    pub fn taken(&self) -> BTreeMap<String, Vec<Value>> {
        let (mut seen, mut taken) = (HashSet::new(), BTreeMap::<String, Vec<Value>>::new());
        for call in self.calls().into_iter().filter(|it| it.is_taken) {
            if seen.insert(call.id().to_owned()) {
                let transaction = call.event["transaction"]["id"].as_str().unwrap_or_default();
                taken.entry(transaction.to_owned()).or_default().push(call.event);
            }
        }
        taken
    }

    fn serve(&mut self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        self.serving = Some(tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(|request| answer(Arc::clone(&shared), request));
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn answer(
    shared: Arc<Mutex<Shared>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(Body::new(body), usize::MAX).await else {
        return Ok(Response::new(Body::empty()));
    };
    let body = String::from_utf8(body.to_vec()).unwrap();
    let event = serde_json::from_str(&body).unwrap_or_default();
    let mut call = Call { headers: parts.headers, body, event, is_taken: false };
    let reply = (shared.lock().unwrap().behaviour)(&call);
    tokio::time::sleep(reply.pause).await;
    call.is_taken = (200..300).contains(&reply.status);
    shared.lock().unwrap().calls.push(call);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Body::empty()).unwrap())
}

/// Whether the libraries of Standard Webhooks, for Python and for JavaScript, verify a call with this secret.
pub fn verify(call: &Call, secret: &str) -> [bool; 2] {
    let header = |name: &str| call.headers[name].to_str().unwrap().to_owned();
    let arguments = [
        secret.to_owned(),
        call.body.clone(),
        header("webhook-id"),
        header("webhook-timestamp"),
        header("webhook-signature"),
    ];
    let python = "import sys; from standardwebhooks import Webhook; a = sys.argv\n\
         Webhook(a[1]).verify(a[2], {'webhook-id': a[3], 'webhook-timestamp': a[4], 'webhook-signature': a[5]})";
    let node = "const { Webhook } = require('standardwebhooks'); const a = process.argv;\n\
         new Webhook(a[1]).verify(a[2], {'webhook-id': a[3], 'webhook-timestamp': a[4], 'webhook-signature': a[5]})";
    let examples = super::tools().join("examples");
    let mut with_python = Command::new(examples.join("python/bin/python"));
    with_python.args(["-c", python]);
    let mut with_node = Command::new("node");
    with_node.args(["-e", node, "--"]).env("NODE_PATH", examples.join("node/node_modules"));
    [with_python, with_node].map(|mut command| {
        let output = command.args(&arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        // Anything but a refusal is a broken test.
        assert!(output.status.success() || told.contains("WebhookVerificationError"), "{told}");
        output.status.success()
    })
}
