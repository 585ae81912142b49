//! Reads the rest of a request body that was refused before all of it had arrived.
//!
//! Browsers read a response only after they have sent the whole request. If the connection ends
//! before that, people see a connection error instead of the reason for the refusal.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use futures_util::{StreamExt, stream};

/// The greatest length of the rest that is read, in bytes.
const MAX_REST_BYTES: usize = 16_000_000;
/// How long reading the rest may take.
const REST_READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The part of a body that a handler has not read.
#[derive(Clone)]
pub(super) struct Rest(Arc<Mutex<Option<BodyDataStream>>>);

impl Rest {
    /// Returns the request, and the rest of its body, which can be read after the handler has
    /// finished.
    pub(super) fn of(request: Request) -> (Request, Self) {
        let (parts, body) = request.into_parts();
        let rest = Self(Arc::new(Mutex::new(Some(body.into_data_stream()))));
        let shared = rest.clone();
        let body = Body::from_stream(stream::poll_fn(move |context| {
            let mut body = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            match body.as_mut() {
                Some(body) => body.poll_next_unpin(context),
                None => std::task::Poll::Ready(None),
            }
        }));
        (Request::from_parts(parts, body), rest)
    }

    /// Reads the rest and discards it, up to a limit of length and time.
    pub(super) async fn discard(self) {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = body else { return };
        let reading = async {
            let mut read = 0;
            while let Some(Ok(bytes)) = body.next().await
                && read < MAX_REST_BYTES
            {
                read += bytes.len();
            }
        };
        tokio::time::timeout(REST_READ_TIMEOUT, reading).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Returns a request whose body has ten parts, and the number of parts that were read.
    fn request() -> (Request, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let parts = stream::iter(0..10).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>("part")
        });
        (Request::new(Body::from_stream(parts)), read)
    }

    #[tokio::test]
    async fn the_rest_is_read_to_its_end() {
        let (request, read) = request();
        let (request, rest) = Rest::of(request);
        let mut body = request.into_body().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "part");
        drop(body);
        rest.discard().await;
        assert_eq!(read.load(Ordering::Relaxed), 10);
    }

    #[tokio::test]
    async fn the_handler_gets_the_whole_body() {
        let (request, _) = request();
        let (request, rest) = Rest::of(request);
        let body = to_bytes(request.into_body(), 1_000).await.unwrap();
        assert_eq!(body, "part".repeat(10));
        rest.discard().await;
    }
}
