//! Accepts HTTP connections: limits their number and the time in which each must send its request,
//! and decides which one is closed when there are too many. It also limits attempts with wrong
//! keys.
//!
//! A connection whose request is being answered is never closed for another one. Connections that
//! have not sent a request so far are closed first. So a client that opens thousands of them and
//! sends nothing only displaces its own.

mod bad_request;
mod budget;
mod full;
mod lasting;
mod peer;
mod request_body;
mod service;
mod slots;
mod write_timeout;
mod wrong_keys;

pub use budget::{Budget, LimitTooLow, raise_open_files_limit};
pub use lasting::Lasting;
pub use peer::Peer;
pub use request_body::Arrival;
pub use slots::ConnectionSlots;
pub use wrong_keys::{Key, WrongKeys};

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use self::lasting::{HandOver, LastingResponse};
use self::service::ConnectionService;
use self::slots::Slot;
use self::write_timeout::WriteTimeout;

/// The time in which a new connection must send the whole header of its first request.
const FIRST_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The time in which a connection must send the whole header of its next request, including the
/// time that it is idle. It is longer than the time for which Synapse keeps a connection for its
/// next push (120 s), so that we never close a connection that Synapse is about to use.
const NEXT_HEADER_TIMEOUT: Duration = Duration::from_secs(150);
/// The greatest size of a header, and of the data that a connection buffers in each direction, in
/// bytes.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// The time for which connections without a request that is being answered stay open after `stop`.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause after the system could not accept a connection.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Serves the connections to `listener` with `router`, at most as many in parallel as there are
/// `slots`, until `stop` is cancelled. Then waits until all requests in progress are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    slots: Arc<ConnectionSlots>,
    stop: CancellationToken,
) {
    let mut is_failing = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                is_failing = false;
                match slots.acquire().await {
                    Some(slot) => {
                        let served =
                            serve_connection(stream, peer, router.clone(), slot, stop.clone());
                        tokio::spawn(served);
                    }
                    None => full::refuse(stream),
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            // Such as too many open files. The listener goes on, since this passes.
            Err(error) => {
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::error!(
                        %error,
                        "the system accepts no connection at the moment; trying again"
                    );
                }
                slots.close_longest_waiting();
                tokio::select! {
                    () = tokio::time::sleep(ACCEPT_BACKOFF) => {}
                    () = stop.cancelled() => break,
                }
            }
        }
    }
    drop(listener);
    slots.wait_until_all_free().await;
}

/// Whether the error concerns only the connection that was being accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&error.kind())
}

/// Serves one connection until it ends, its slot is needed for another one, or a timeout ends it.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    slot: Arc<Slot>,
    stop: CancellationToken,
) {
    // Otherwise live updates would wait until the client acknowledges the previous packet.
    stream.set_nodelay(true).ok();
    // What hyper needs is in this box, and is given back before a response that lasts long.
    let requests = Box::pin(serve_requests(stream, peer, router, slot, stop));
    let Some((stream, lasting)) = requests.await else { return };
    if let Err(error) = lasting::send(stream, lasting).await {
        tracing::trace!(%error, "a response that lasts long ended");
    }
}

/// Answers the requests of one connection. Returns the stream and the response if a response lasts
/// long. Otherwise the connection has ended.
async fn serve_requests(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    slot: Arc<Slot>,
    stop: CancellationToken,
) -> Option<(WriteTimeout<TcpStream>, LastingResponse)> {
    let hand_over = HandOver::default();
    let (peer, own_slot) = (Peer(peer.ip()), Arc::clone(&slot));
    let service = ConnectionService::new(router, peer, own_slot, hand_over.clone());
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(NEXT_HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER_BYTES);
    let stream = TokioIo::new(WriteTimeout::new(stream));
    let mut connection = builder.serve_connection(stream, service);
    let mut timeout = pin!(tokio::time::sleep(FIRST_HEADER_TIMEOUT));
    let (mut has_elapsed, mut is_stopping) = (false, false);
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection ended");
                }
                return None;
            }
            lasting = hand_over.taken() => {
                return Some((connection.into_parts().io.into_inner(), lasting));
            }
            () = slot.wait_until_needed() => return None,
            () = timeout.as_mut(), if !has_elapsed => {
                has_elapsed = true;
                if slot.is_new() || (is_stopping && slot.is_waiting()) {
                    return None;
                }
            }
            () = stop.cancelled(), if !is_stopping => {
                is_stopping = true;
                has_elapsed = false;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                timeout.as_mut().reset(tokio::time::Instant::now() + SHUTDOWN_TIMEOUT);
            }
        }
    }
}

#[cfg(test)]
mod tests;
