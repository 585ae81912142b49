//! The HTTP service of one connection. It keeps the state of the connection slot up to date from
//! the request to the last byte of the response.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as AnyBody;
use bytes::Bytes;
use futures_util::future::{Either, ready};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;

use super::bad_request;
use super::lasting::HandOver;
use super::peer::Peer;
use super::request_body::{Arrival, RequestBody};
use super::slots::{Slot, Waiting};

/// Answers the requests of one connection and updates its slot.
pub(super) struct ConnectionService {
    router: TowerToHyperService<Router>,
    peer: Peer,
    slot: Arc<Slot>,
    hand_over: HandOver,
}

impl ConnectionService {
    pub(super) fn new(router: Router, peer: Peer, slot: Arc<Slot>, hand_over: HandOver) -> Self {
        Self { router: TowerToHyperService::new(router), peer, slot, hand_over }
    }
}

type ResponseFuture =
    Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
        let idle_on_drop = IdleOnDrop(Arc::clone(&self.slot));
        let arrival = Arrival::default();
        let (mut parts, body) = request.into_parts();
        let (hand_over, asked) = (self.hand_over.clone(), (parts.method.clone(), parts.version));
        let body = RequestBody::new(body, Arc::clone(&self.slot), arrival.clone());
        parts.extensions.insert(self.peer);
        parts.extensions.insert(arrival);
        let request = Request::from_parts(parts, AnyBody::new(body));
        let response = match bad_request::refusal(&request) {
            Some(refusal) => Either::Left(ready(Ok(refusal))),
            None => Either::Right(self.router.call(request)),
        };
        Box::pin(async move {
            let response = response.await?;
            let response = response.map(|body| ResponseBody { body, _idle_on_drop: idle_on_drop });
            Ok(hand_over.unless_lasting(response, asked).await)
        })
    }
}

/// Marks the connection as idle when it is dropped: when the whole response was handed over for
/// sending, or the client no longer waits for it.
struct IdleOnDrop(Arc<Slot>);

impl Drop for IdleOnDrop {
    fn drop(&mut self) {
        self.0.set_waiting(Waiting::Idle);
    }
}

/// The body of a response.
pub(super) struct ResponseBody {
    body: AnyBody,
    _idle_on_drop: IdleOnDrop,
}

impl Body for ResponseBody {
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
