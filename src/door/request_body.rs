//! A request body that must arrive at a minimal rate.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::slots::{Slot, Waiting};

/// The period in which at least [`MIN_BYTES_PER_PERIOD`] of a body must arrive.
const PERIOD: Duration = Duration::from_secs(30);
/// The least number of bytes in each period. A slow connection sends more; a client that only
/// occupies a connection slot does not.
const MIN_BYTES_PER_PERIOD: usize = 4 * 1024;

/// Whether a request's body arrives. It is in the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Arrival(Arc<AtomicBool>);

impl Arrival {
    /// Whether reading the body was given up because it arrived too slowly.
    pub fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that fails once it arrives too slowly.
pub(super) struct RequestBody<B> {
    body: B,
    slot: Arc<Slot>,
    arrival: Arrival,
    period: Duration,
    /// The end of the current period, if one has started. A period starts when the handler waits.
    period_end: Option<Pin<Box<Sleep>>>,
    /// The number of bytes that arrived in the current period.
    received: usize,
}

impl<B: Body> RequestBody<B> {
    pub(super) fn new(body: B, slot: Arc<Slot>, arrival: Arrival) -> Self {
        if body.is_end_stream() {
            slot.set_busy();
        } else {
            slot.set_waiting(Waiting::Sending);
        }
        Self { body, slot, arrival, period: PERIOD, period_end: None, received: 0 }
    }
}

impl<B> RequestBody<B> {
    /// Whether a period has ended in which too few bytes arrived. Starts the next period otherwise.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let period = self.period;
        let end = self.period_end.get_or_insert_with(|| Box::pin(tokio::time::sleep(period)));
        while end.as_mut().poll(context).is_ready() {
            if self.received < MIN_BYTES_PER_PERIOD {
                return true;
            }
            self.received = 0;
            end.as_mut().reset(Instant::now() + period);
        }
        false
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending if self.is_too_slow(context) => {
                self.arrival.0.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err("the request body arrived too slowly".into())))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                self.received += frame.data_ref().map_or(0, Bytes::len);
                if self.slot.is_sending() {
                    self.slot.set_waiting(Waiting::Sending);
                }
                // A period starts only when the handler waits for more, since we may be slow
                // ourselves.
                if self.received >= MIN_BYTES_PER_PERIOD {
                    (self.period_end, self.received) = (None, 0);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(end) => {
                if self.slot.is_sending() {
                    self.slot.set_busy();
                }
                Poll::Ready(end.map(|it| it.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for RequestBody<B> {
    fn drop(&mut self) {
        // The handler does not read the rest, and answers now.
        if self.slot.is_sending() {
            self.slot.set_busy();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::ConnectionSlots;
    use axum::body::{Body as AnyBody, to_bytes};
    use futures_util::{StreamExt, stream};
    use std::convert::Infallible;

    async fn request_body(body: AnyBody) -> (RequestBody<AnyBody>, Arrival, Arc<Slot>) {
        let slot = ConnectionSlots::new(1).acquire().await.unwrap();
        let arrival = Arrival::default();
        let mut body = RequestBody::new(body, Arc::clone(&slot), arrival.clone());
        body.period = Duration::from_millis(20);
        (body, arrival, slot)
    }

    #[tokio::test]
    async fn a_body_that_stops_arriving_is_given_up() {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![0; 10_000]))]);
        let stopping = AnyBody::from_stream(first.chain(stream::pending()));
        let (body, arrival, slot) = request_body(stopping).await;
        assert!(slot.is_sending());
        assert!(to_bytes(AnyBody::new(body), usize::MAX).await.is_err());
        assert!(arrival.is_given_up());
        assert!(!slot.is_waiting());
    }

    #[tokio::test]
    async fn a_body_that_arrives_too_slowly_is_given_up() {
        let drops = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let (body, arrival, _) = request_body(AnyBody::from_stream(drops)).await;
        assert!(to_bytes(AnyBody::new(body), usize::MAX).await.is_err());
        assert!(arrival.is_given_up());
    }

    #[tokio::test]
    async fn a_body_that_arrives_fast_enough_may_take_any_time() {
        let pieces = stream::iter(0..10).then(async |_| {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, Infallible>(Bytes::from(vec![0; MIN_BYTES_PER_PERIOD]))
        });
        let (body, arrival, slot) = request_body(AnyBody::from_stream(pieces)).await;
        let all = to_bytes(AnyBody::new(body), usize::MAX).await.unwrap();
        assert_eq!(all.len(), 10 * MIN_BYTES_PER_PERIOD);
        assert!(!arrival.is_given_up() && !slot.is_waiting());
    }
}
