//! Where connections come in: how many there may be, how long each may take to say what it wants,
//! and who goes first when it gets crowded.
//!
//! A connection that is being answered is never cut for another one's sake. One that only stands
//! there is: whoever opens thousands and says nothing takes places from themselves.

mod answering;
mod arriving;
mod budget;
mod full;
mod line;
mod peer;
mod seats;
mod wrong_keys;

pub use arriving::Arrival;
pub use budget::{Budget, TooFew, raise_limit};
pub use peer::Peer;
pub use seats::Seats;
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

use self::answering::Answering;
use self::line::Line;
use self::seats::Seat;

/// How long a new connection may take until its first request has a whole header.
const FIRST_HEADER: Duration = Duration::from_secs(10);
/// How long a connection may stand idle, and then take for its next header. Longer than Synapse
/// keeps a connection for its next push (120 s), so that it is never us who hangs up on one.
const NEXT_HEADER: Duration = Duration::from_secs(150);
/// Longest header, and most bytes that wait inside a connection, each way.
const MAX_BUFFER: usize = 64 * 1024;
/// How long whoever has not said what they want may take for it when we stop.
const LAST_WORD: Duration = Duration::from_secs(1);
/// How long to wait when the system gives us no more connections.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Answers whoever comes to `listener` with `router`, as many side by side as there are `seats`,
/// until `stop`; then lets what is being answered come to its end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    seats: Arc<Seats>,
    stop: CancellationToken,
) {
    let mut is_in_trouble = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                is_in_trouble = false;
                match seats.seat().await {
                    Some(seat) => {
                        let attended = attend(stream, peer, router.clone(), seat, stop.clone());
                        tokio::spawn(attended);
                    }
                    None => full::refuse(stream),
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            // Such as no more descriptors. To stop listening would make of it an end for everybody.
            Err(error) => {
                if !std::mem::replace(&mut is_in_trouble, true) {
                    tracing::error!(%error, "no connection can be taken at the moment; trying on");
                }
                seats.make_room();
                tokio::select! {
                    () = tokio::time::sleep(BACK_OFF) => {}
                    () = stop.cancelled() => break,
                }
            }
        }
    }
    drop(listener);
    seats.all_free().await;
}

/// Whether only the one connection that was about to come failed.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&error.kind())
}

/// Answers one connection, until it ends, has to go for another, or says nothing for too long.
async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    seat: Arc<Seat>,
    stop: CancellationToken,
) {
    // Without it news would wait for the other side's acknowledgement of what came before.
    stream.set_nodelay(true).ok();
    let answering = Answering::new(router, Peer(peer.ip()), Arc::clone(&seat));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(NEXT_HEADER).max_buf_size(MAX_BUFFER);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Line::new(stream)), answering));
    let mut patience = pin!(tokio::time::sleep(FIRST_HEADER));
    let (mut is_over, mut is_stopping) = (false, false);
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection ended");
                }
                return;
            }
            () = seat.is_needed() => return,
            () = patience.as_mut(), if !is_over => {
                is_over = true;
                if seat.is_new() || (is_stopping && seat.is_waiting()) {
                    return;
                }
            }
            () = stop.cancelled(), if !is_stopping => {
                is_stopping = true;
                is_over = false;
                connection.as_mut().graceful_shutdown();
                patience.as_mut().reset(tokio::time::Instant::now() + LAST_WORD);
            }
        }
    }
}

#[cfg(test)]
mod tests;
