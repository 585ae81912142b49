//! A body on its way to us, which has to keep coming.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::seats::{Seat, Waiting};

/// In each of these periods in which somebody waits for a body ...
const PERIOD: Duration = Duration::from_secs(30);
/// ... so many bytes of it have to come: slow lines do, and whoever only holds a seat does not.
const BYTES_IN_PERIOD: usize = 4 * 1024;

/// What became of a request's body; in the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Arrival(Arc<AtomicBool>);

impl Arrival {
    /// Whether it was given up because it stopped coming.
    pub fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same body, for as long as it comes.
pub(super) struct Arriving<B> {
    body: B,
    seat: Arc<Seat>,
    arrival: Arrival,
    period: Duration,
    /// The end of this period, and what came in it.
    ends: Option<Pin<Box<Sleep>>>,
    came: usize,
}

impl<B: Body> Arriving<B> {
    pub(super) fn new(body: B, seat: Arc<Seat>, arrival: Arrival) -> Self {
        if body.is_end_stream() {
            seat.answer();
        } else {
            seat.wait(Waiting::Sending);
        }
        Self { body, seat, arrival, period: PERIOD, ends: None, came: 0 }
    }
}

impl<B> Arriving<B> {
    /// Whether the period is over, and too little came in it.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let period = self.period;
        let ends = self.ends.get_or_insert_with(|| Box::pin(tokio::time::sleep(period)));
        while ends.as_mut().poll(context).is_ready() {
            if self.came < BYTES_IN_PERIOD {
                return true;
            }
            self.came = 0;
            ends.as_mut().reset(Instant::now() + period);
        }
        false
    }
}

impl<B> Body for Arriving<B>
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
                Poll::Ready(Some(Err("the body stopped coming".into())))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                self.came += frame.data_ref().map_or(0, Bytes::len);
                if self.seat.is_sending() {
                    self.seat.wait(Waiting::Sending);
                }
                // The clock runs only while somebody waits for more: we may be the slow ones.
                if self.came >= BYTES_IN_PERIOD {
                    (self.ends, self.came) = (None, 0);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(end) => {
                if self.seat.is_sending() {
                    self.seat.answer();
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

impl<B> Drop for Arriving<B> {
    fn drop(&mut self) {
        // Nobody waits for the rest.
        if self.seat.is_sending() {
            self.seat.answer();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Seats;
    use axum::body::{Body as AnyBody, to_bytes};
    use futures_util::{StreamExt, stream};
    use std::convert::Infallible;

    async fn arriving(body: AnyBody) -> (Arriving<AnyBody>, Arrival, Arc<Seat>) {
        let (seat, arrival) = (Seats::new(1).seat().await.unwrap(), Arrival::default());
        let mut body = Arriving::new(body, Arc::clone(&seat), arrival.clone());
        body.period = Duration::from_millis(20);
        (body, arrival, seat)
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_given_up() {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![0; 10_000]))]);
        let stopping = AnyBody::from_stream(first.chain(stream::pending()));
        let (body, arrival, seat) = arriving(stopping).await;
        assert!(seat.is_sending());
        assert!(to_bytes(AnyBody::new(body), usize::MAX).await.is_err());
        assert!(arrival.is_given_up());
        assert!(!seat.is_waiting());
    }

    #[tokio::test]
    async fn a_body_that_drips_is_given_up() {
        let drops = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let (body, arrival, _) = arriving(AnyBody::from_stream(drops)).await;
        assert!(to_bytes(AnyBody::new(body), usize::MAX).await.is_err());
        assert!(arrival.is_given_up());
    }

    #[tokio::test]
    async fn a_body_that_keeps_coming_arrives_however_long_it_takes() {
        let pieces = stream::iter(0..10).then(async |_| {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, Infallible>(Bytes::from(vec![0; BYTES_IN_PERIOD]))
        });
        let (body, arrival, seat) = arriving(AnyBody::from_stream(pieces)).await;
        let all = to_bytes(AnyBody::new(body), usize::MAX).await.unwrap();
        assert_eq!(all.len(), 10 * BYTES_IN_PERIOD);
        assert!(!arrival.is_given_up() && !seat.is_waiting());
    }
}
