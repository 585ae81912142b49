//! Connections as they come.

use super::*;
use axum::body::Body;
use axum::routing::{get, post};
use futures_util::stream;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

struct Door {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Door {
    async fn open(seats: usize) -> Self {
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/endless", get(async || Body::from_stream(endless())))
            .route("/body", post(async |body: String| body));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let seats = Seats::new(seats);
        let serving = tokio::spawn(serve(listener, router, seats, stop.clone()));
        Self { address, stop, serving }
    }

    async fn says(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// Says something, and then nothing, for ever.
fn endless() -> impl futures_util::Stream<Item = Result<&'static str, Infallible>> {
    use futures_util::StreamExt;
    stream::iter([Ok("first")]).chain(stream::pending())
}

/// What came until there is `word` in it, or the end.
async fn heard(stream: &mut TcpStream, word: &str) -> String {
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    while !String::from_utf8_lossy(&heard).contains(word) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => heard.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

const ENDLESS: &str = "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n";
const QUESTION: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn whoever_comes_while_all_are_answered_is_told_so_at_once() {
    let door = Door::open(2).await;
    let mut answered = [door.says(ENDLESS).await, door.says(ENDLESS).await];
    for stream in &mut answered {
        assert!(heard(stream, "first").await.starts_with("HTTP/1.1 200"));
    }
    let told = heard(&mut door.says(QUESTION).await, "\0").await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after: 5"), "{told}");
    drop(answered);
}

#[tokio::test]
async fn whoever_says_something_finds_a_seat_among_the_silent() {
    let door = Door::open(3).await;
    let mut answered = door.says(ENDLESS).await;
    heard(&mut answered, "first").await;
    let half_a_body = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
    let mut silent = Vec::new();
    for text in ["", "GET /", half_a_body].repeat(20) {
        silent.push(door.says(text).await);
        let told = heard(&mut door.says(QUESTION).await, "here").await;
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    }
    door.stop.cancel();
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let door = Door::open(1).await;
    let mut stream = door.says(QUESTION).await;
    for _ in 0..10 {
        assert!(heard(&mut stream, "here").await.starts_with("HTTP/1.1 200"));
        stream.write_all(QUESTION.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_being_answered_comes_to_its_end_when_we_stop() {
    let door = Door::open(10).await;
    let mut silent = [door.says("").await, door.says("GET /").await];
    let mut sending =
        door.says("POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nfirst").await;
    let mut idle = door.says(QUESTION).await;
    heard(&mut idle, "here").await;
    door.stop.cancel();
    sending.write_all(b"last").await.unwrap();
    assert!(heard(&mut sending, "firstlast").await.starts_with("HTTP/1.1 200"));
    door.serving.await.unwrap();
    assert_eq!(heard(&mut idle, "\0").await, "");
    for stream in &mut silent {
        assert_eq!(heard(stream, "\0").await, "");
    }
}
