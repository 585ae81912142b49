//! A connection to a server, over which one request follows another.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that is kept open.
pub struct Connection(SendRequest<Full<Bytes>>);

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// The time until the head of the answer was there.
    pub first_byte: Duration,
    /// The time until all of it was there.
    pub whole: Duration,
}

impl Connection {
    /// Connects to `address`, such as `127.0.0.1:9330`.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends when the sender is dropped, or with an error that the sender tells as well.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Sends a request, and waits for the whole answer.
    ///
    /// # Errors
    /// If the connection breaks.
    pub async fn ask(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let started = Instant::now();
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let first_byte = started.elapsed();
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body, first_byte, whole: started.elapsed() })
    }
}
