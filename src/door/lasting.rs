//! Sends responses that last for hours and mostly wait, such as the news of an open page.
//!
//! hyper keeps two buffers for each connection, of 8 and 16 KiB, and everything that it needs to read
//! another request. A connection that will only wait for news needs none of it. So the connection is
//! taken from hyper before the response begins, and what remains is the socket and the body.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body as AnyBody;
use axum::http::{HeaderValue, Method, Version, header};
use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// The greatest number of bytes that a client may send after its request. It has no reason to send
/// any, because the connection is closed after the response.
const MAX_IGNORED_BYTES: usize = 64 * 1024;

/// Marks a response that lasts long (an extension of the response). The connection is closed after
/// it.
#[derive(Clone, Copy, Debug)]
pub struct Lasting;

/// A response that lasts long, with what its request says about how to send it.
pub(super) struct LastingResponse {
    response: Response<AnyBody>,
    /// Whether the client understands chunks (RFC 9112, section 7.1). To others, the end of the
    /// connection is the end of the body.
    is_chunked: bool,
}

/// Brings a response from the service of a connection to the task of the connection.
#[derive(Clone, Default)]
pub(super) struct HandOver(Arc<Inner>);

#[derive(Default)]
struct Inner {
    response: Mutex<Option<LastingResponse>>,
    given: Notify,
}

impl HandOver {
    /// Returns a response that hyper shall send. Hands any other one over, and then never returns,
    /// because the connection is taken from hyper.
    pub(super) async fn unless_lasting<B>(
        &self,
        response: Response<B>,
        (method, version): (Method, Version),
    ) -> Response<B>
    where
        B: Body<Data = Bytes, Error = axum::Error> + Send + 'static,
    {
        let is_lasting = response.extensions().get::<Lasting>().is_some();
        let has_length = response.headers().contains_key(header::CONTENT_LENGTH);
        if !is_lasting || has_length || method != Method::GET {
            return response;
        }
        let is_chunked = version >= Version::HTTP_11;
        let lasting = LastingResponse { response: response.map(AnyBody::new), is_chunked };
        *self.0.response.lock().unwrap_or_else(PoisonError::into_inner) = Some(lasting);
        self.0.given.notify_one();
        pending().await
    }

    /// Waits until a response is handed over.
    pub(super) async fn taken(&self) -> LastingResponse {
        loop {
            self.0.given.notified().await;
            let mut response = self.0.response.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(response) = response.take() {
                return response;
            }
        }
    }
}

/// Sends a response to its end, or until the client closes the connection.
///
/// # Errors
/// If the client does not take it, or the body fails. The client then misses the end of the body.
pub(super) async fn send<S>(mut stream: S, lasting: LastingResponse) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let LastingResponse { response, is_chunked } = lasting;
    stream.write_all(&head(&response, is_chunked)).await?;
    let mut body = response.into_body();
    let mut left_to_ignore = MAX_IGNORED_BYTES;
    loop {
        let frame = tokio::select! {
            frame = next_frame(&mut body) => frame,
            () = closed(&mut stream, &mut left_to_ignore) => return Ok(()),
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
        if data.is_empty() {
            continue;
        }
        if is_chunked {
            let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
            chunk.reserve_exact(data.len() + 2);
            chunk.extend_from_slice(&data);
            chunk.extend_from_slice(b"\r\n");
            stream.write_all(&chunk).await?;
        } else {
            stream.write_all(&data).await?;
        }
    }
    if is_chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.shutdown().await
}

async fn next_frame(body: &mut AnyBody) -> Option<Result<Frame<Bytes>, axum::Error>> {
    poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

/// Waits until the client closes the connection. Ignores what it sends.
async fn closed(stream: &mut (impl AsyncRead + Unpin), left_to_ignore: &mut usize) {
    let mut ignored = [0; 64];
    while let Ok(read @ 1..) = stream.read(&mut ignored).await {
        *left_to_ignore = left_to_ignore.saturating_sub(read);
        if *left_to_ignore == 0 {
            return;
        }
    }
}

/// Returns the status line and the headers (RFC 9112, sections 4 and 5).
fn head(response: &Response<AnyBody>, is_chunked: bool) -> Vec<u8> {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now());
    let date = date.ok().and_then(|date| HeaderValue::try_from(date).ok());
    let close = HeaderValue::from_static("close");
    let chunked = HeaderValue::from_static("chunked");
    let ours = [
        (&header::DATE, date.as_ref()),
        (&header::CONNECTION, Some(&close)),
        (&header::TRANSFER_ENCODING, Some(&chunked).filter(|_| is_chunked)),
    ];
    let ours = ours.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let theirs = response.headers().iter();
    let is_ours = |name: &header::HeaderName| {
        [header::DATE, header::CONNECTION, header::TRANSFER_ENCODING].contains(name)
    };
    for (name, value) in ours.chain(theirs.filter(|(name, _)| !is_ours(name))) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
