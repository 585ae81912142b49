//! Floor: an application service that checks the token, reads the JSON of each push, and stores it
//! durably if a database is named. It also has what stands beside a page: a still file, and streams
//! that pass on what is pushed.

use std::sync::Arc;

use anyhow::Context;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::serve::ListenerExt;
use bytes::Bytes;
use clap::Args;
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast;

use crate::rows::{Row, rows_of};
use crate::store::{Database, Store};
use crate::times::now;
use crate::writer::Writer;

/// The size of the still page in bytes: about that of an invoice page.
const STILL_BYTES: usize = 20_000;
/// The size in bytes of what a stream is told for each event: about that of a line of the page.
const NEWS_BYTES: usize = 1_000;
/// The number of events that a slow stream may be late before it misses some.
const NEWS_KEPT: usize = 1_024;
/// The greatest body of a push in bytes.
const BODY_BYTES: usize = 32 << 20;

/// The options of the subcommand.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    database: Database,
    /// The token that the homeserver shows.
    #[arg(long)]
    token: String,
    /// Print the id of each event and when it came.
    #[arg(long)]
    announce: bool,
}

struct Floor {
    authorization: String,
    writer: Option<Writer>,
    announces: bool,
    news: broadcast::Sender<Bytes>,
    still: Bytes,
}

impl Serve {
    /// Serves on a free port, which it prints, until the process is ended.
    ///
    /// # Errors
    /// If no port is free, or the database does not open.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut store = Store::open(&self.database).await?;
        if let Some(store) = &mut store {
            store.make_table().await?;
        }
        let floor = Floor {
            authorization: format!("Bearer {}", self.token),
            writer: store.map(Writer::start),
            announces: self.announce,
            news: broadcast::Sender::new(NEWS_KEPT),
            still: "x".repeat(STILL_BYTES).into(),
        };
        let router = axum::Router::new()
            .route("/_matrix/app/v1/transactions/{push_id}", put(push))
            .route("/still", get(still))
            .route("/live", get(live))
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .with_state(Arc::new(floor));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", json!({ "port": listener.local_addr()?.port() }));
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.context("serving")
    }
}

async fn push(State(floor): State<Arc<Floor>>, headers: HeaderMap, body: Bytes) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if token != Some(floor.authorization.as_str()) {
        return answer(StatusCode::FORBIDDEN, r#"{"errcode":"M_FORBIDDEN"}"#);
    }
    let Ok(rows) = rows_of(&body) else {
        return answer(StatusCode::BAD_REQUEST, r#"{"errcode":"M_BAD_JSON"}"#);
    };
    floor.tell(&rows);
    if let Some(writer) = &floor.writer
        && !rows.is_empty()
        && !writer.store(rows).await
    {
        return answer(StatusCode::INTERNAL_SERVER_ERROR, r#"{"errcode":"M_UNKNOWN"}"#);
    }
    answer(StatusCode::OK, "{}")
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl Floor {
    fn tell(&self, rows: &[Row]) {
        for row in rows {
            if self.announces {
                println!("{}", json!({ "event_id": row.event_id, "at": now() }));
            }
            if self.news.receiver_count() > 0 {
                let news = format!("data: {:NEWS_BYTES$}\n\n", row.event);
                // Nobody may look any more.
                let _ = self.news.send(news.into());
            }
        }
    }
}

async fn still(State(floor): State<Arc<Floor>>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], floor.still.clone()).into_response()
}

/// A stream that never ends. It begins with a comment, so that the head of the answer is sent.
async fn live(State(floor): State<Arc<Floor>>) -> Response {
    let first = stream::once(async { Ok::<_, std::convert::Infallible>(Bytes::from(":\n\n")) });
    let news = stream::unfold(floor.news.subscribe(), async |mut news| {
        loop {
            match news.recv().await {
                Ok(told) => return Some((Ok(told), news)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    });
    let body = Body::from_stream(stream::StreamExt::chain(first, news));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}
