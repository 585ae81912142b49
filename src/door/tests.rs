//! Tests of serving connections.

use super::*;
use axum::body::Body;
use axum::routing::{get, post};
use futures_util::stream;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

struct TestServer {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl TestServer {
    async fn start(slots: usize) -> Self {
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/endless", get(async || Body::from_stream(endless())))
            .route("/body", post(async |body: String| body));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let slots = ConnectionSlots::new(slots);
        let serving = tokio::spawn(serve(listener, router, slots, stop.clone()));
        Self { address, stop, serving }
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// A body that sends one part and never ends.
fn endless() -> impl futures_util::Stream<Item = Result<&'static str, Infallible>> {
    use futures_util::StreamExt;
    stream::iter([Ok("first")]).chain(stream::pending())
}

/// Reads until the data contains `word`, or to the end.
async fn read_until(stream: &mut TcpStream, word: &str) -> String {
    let mut received = Vec::new();
    let mut buffer = [0; 1024];
    while !String::from_utf8_lossy(&received).contains(word) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => received.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&received).into_owned()
}

const ENDLESS_REQUEST: &str = "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n";
const SHORT_REQUEST: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_connection_is_refused_at_once_while_all_are_busy() {
    let server = TestServer::start(2).await;
    let mut busy = [server.send(ENDLESS_REQUEST).await, server.send(ENDLESS_REQUEST).await];
    for stream in &mut busy {
        assert!(read_until(stream, "first").await.starts_with("HTTP/1.1 200"));
    }
    let response = read_until(&mut server.send(SHORT_REQUEST).await, "\0").await;
    assert!(
        response.starts_with("HTTP/1.1 503") && response.contains("retry-after: 5"),
        "{response}"
    );
    drop(busy);
}

#[tokio::test]
async fn a_request_is_answered_although_silent_connections_have_all_slots() {
    let server = TestServer::start(3).await;
    let mut busy = server.send(ENDLESS_REQUEST).await;
    read_until(&mut busy, "first").await;
    let half_a_body = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
    let mut silent = Vec::new();
    for text in ["", "GET /", half_a_body].repeat(20) {
        silent.push(server.send(text).await);
        let response = read_until(&mut server.send(SHORT_REQUEST).await, "here").await;
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }
    server.stop.cancel();
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let server = TestServer::start(1).await;
    let mut stream = server.send(SHORT_REQUEST).await;
    for _ in 0..10 {
        assert!(read_until(&mut stream, "here").await.starts_with("HTTP/1.1 200"));
        stream.write_all(SHORT_REQUEST.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn requests_in_progress_are_answered_after_stop() {
    let server = TestServer::start(10).await;
    let mut silent = [server.send("").await, server.send("GET /").await];
    let mut sending =
        server.send("POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nfirst").await;
    let mut idle = server.send(SHORT_REQUEST).await;
    read_until(&mut idle, "here").await;
    server.stop.cancel();
    sending.write_all(b"last").await.unwrap();
    assert!(read_until(&mut sending, "firstlast").await.starts_with("HTTP/1.1 200"));
    server.serving.await.unwrap();
    assert_eq!(read_until(&mut idle, "\0").await, "");
    for stream in &mut silent {
        assert_eq!(read_until(stream, "\0").await, "");
    }
}

#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let server = TestServer::start(3).await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "200"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
    ] {
        let mut stream = server.send(request).await;
        let answer = read_until(&mut stream, "never").await;
        assert!(answer.split(' ').nth(1) == Some(status), "{request} {answer}");
        assert_eq!(answer.contains("\r\nx-content-type-options: nosniff\r\n"), status == "400");
    }
}
