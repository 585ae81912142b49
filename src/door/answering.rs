//! From a request to the last byte of its answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as AnyBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;

use super::arriving::{Arrival, Arriving};
use super::peer::Peer;
use super::seats::{Seat, Waiting};

/// Answers the requests of one connection, and has its seat know.
pub(super) struct Answering {
    router: TowerToHyperService<Router>,
    peer: Peer,
    seat: Arc<Seat>,
}

impl Answering {
    pub(super) fn new(router: Router, peer: Peer, seat: Arc<Seat>) -> Self {
        Self { router: TowerToHyperService::new(router), peer, seat }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Leaving>, Infallible>> + Send>>;

impl Service<Request<Incoming>> for Answering {
    type Response = Response<Leaving>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        let answered = Answered(Arc::clone(&self.seat));
        let arrival = Arrival::default();
        let (mut parts, body) = request.into_parts();
        let body = Arriving::new(body, Arc::clone(&self.seat), arrival.clone());
        parts.extensions.insert(self.peer);
        parts.extensions.insert(arrival);
        let answer = self.router.call(Request::from_parts(parts, AnyBody::new(body)));
        Box::pin(async move {
            let response = answer.await?;
            Ok(response.map(|body| Leaving { body, _answered: answered }))
        })
    }
}

/// Dropped when the whole answer was taken over for sending, or nobody waits for it any more.
struct Answered(Arc<Seat>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.wait(Waiting::Idle);
    }
}

/// The body of an answer.
pub(super) struct Leaving {
    body: AnyBody,
    _answered: Answered,
}

impl Body for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
