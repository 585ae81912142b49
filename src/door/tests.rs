//! Tests of serving connections.

use super::*;
use axum::Extension;
use axum::body::Body;
use axum::response::IntoResponse;
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
            .route("/lasting", get(lasting))
            .route(
                "/endless-lasting",
                get(async || (Extension(Lasting), Body::from_stream(endless()))),
            )
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

/// A response that lasts long, of two parts.
async fn lasting() -> impl IntoResponse {
    let parts = stream::iter([Ok::<_, Infallible>("first"), Ok("second")]);
    (
        [("x-kept", "yes"), ("connection", "keep-alive")],
        Extension(Lasting),
        Body::from_stream(parts),
    )
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

#[tokio::test]
async fn a_response_that_lasts_long_is_sent_to_its_end_and_ends_the_connection() {
    let server = TestServer::start(1).await;
    let mut stream = server.send("GET /lasting HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = read_until(&mut stream, "\0").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\ndate: "), "{head}");
    for line in ["connection: close", "transfer-encoding: chunked", "x-kept: yes"] {
        assert_eq!(head.lines().filter(|it| *it == line).count(), 1, "{head}");
    }
    assert!(!head.contains("keep-alive"), "{head}");
    assert_eq!(body, "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n");
    // The slot is free again.
    let mut next = server.send(SHORT_REQUEST).await;
    assert!(read_until(&mut next, "here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_client_that_knows_no_chunks_gets_the_bare_body_of_a_response_that_lasts_long() {
    let server = TestServer::start(1).await;
    let mut stream = server.send("GET /lasting HTTP/1.0\r\n\r\n").await;
    let answer = read_until(&mut stream, "\0").await;
    assert!(!answer.contains("transfer-encoding"), "{answer}");
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, "firstsecond");
}

#[tokio::test]
async fn only_the_head_of_a_response_that_lasts_long_is_sent_if_it_is_asked_for() {
    let server = TestServer::start(1).await;
    let heads = "HEAD /lasting HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    let mut stream = server.send(&(heads + SHORT_REQUEST)).await;
    let answer = read_until(&mut stream, "here").await;
    assert!(answer.contains("x-kept: yes") && !answer.contains("first"), "{answer}");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_a_response_that_lasts_long() {
    let server = TestServer::start(1).await;
    let mut stream = server.send("GET /endless-lasting HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut stream, "first").await;
    // It is not closed for another connection, also if its client has sent more.
    stream.write_all(SHORT_REQUEST.as_bytes()).await.unwrap();
    let mut other = server.send(SHORT_REQUEST).await;
    assert!(read_until(&mut other, "\0").await.starts_with("HTTP/1.1 503"));
    drop(stream);
    // Once its slot is free, others are served.
    loop {
        let mut next = server.send(SHORT_REQUEST).await;
        if read_until(&mut next, "here").await.starts_with("HTTP/1.1 200") {
            return;
        }
    }
}
