//! Streams bytes to a reader, with a timeout for a reader that stops reading.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStream, TryStreamExt};
use tokio::sync::mpsc;

/// The maximum number of pieces that wait to be read.
const MAX_WAITING_PIECES: usize = 4;

/// Returns a stream of the same bytes that fails if its reader does not take a piece within
/// `timeout`.
///
/// `held` is dropped when the stream fails, when the reader leaves, or when it has read everything.
/// This does not depend on the reader, because a stalled connection does not poll the stream.
pub fn paced<S, H>(
    bytes: S,
    timeout: Duration,
    held: H,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<S, H>
where
    S: TryStream<Ok = Bytes> + Send + 'static,
    S::Error: ToString,
    H: Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel(MAX_WAITING_PIECES);
    tokio::spawn(async move {
        let _held = held;
        let mut bytes =
            pin!(bytes.map_err(|error| io::Error::other(error.to_string())).into_stream());
        let mut is_done = false;
        while !is_done {
            let piece = match bytes.next().await {
                None => break,
                Some(piece) => {
                    is_done = piece.is_err();
                    piece
                }
            };
            match tokio::time::timeout(timeout, sender.reserve()).await {
                Ok(Ok(place)) => place.send(piece.map(Piece::Bytes)),
                // The reader left or has stalled. It gets no end, so that it does not take a part
                // for the whole.
                Ok(Err(_)) | Err(_) => return,
            }
        }
        if !is_done {
            tokio::time::timeout(timeout, sender.send(Ok(Piece::End))).await.ok();
        }
    });
    let mut is_over = false;
    futures_util::stream::poll_fn(move |context| {
        if is_over {
            return std::task::Poll::Ready(None);
        }
        receiver.poll_recv(context).map(|piece| match piece {
            Some(Ok(Piece::Bytes(bytes))) => Some(Ok(bytes)),
            Some(Ok(Piece::End)) => {
                is_over = true;
                None
            }
            Some(Err(error)) => {
                is_over = true;
                Some(Err(error))
            }
            None => {
                is_over = true;
                Some(Err(io::Error::other("the reader did not take a piece in time")))
            }
        })
    })
}

enum Piece {
    Bytes(Bytes),
    End,
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use tokio::sync::oneshot;

    fn pieces(number: usize) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::iter((0..number).map(|_| Ok(Bytes::from_static(b"piece"))))
    }

    #[tokio::test]
    async fn a_reader_gets_all_bytes() {
        let (held, freed) = oneshot::channel::<()>();
        let read = paced(pieces(100), Duration::from_secs(30), held);
        assert_eq!(read.try_collect::<Vec<_>>().await.unwrap().len(), 100);
        assert!(freed.await.is_err(), "nothing is held any more");
    }

    #[tokio::test]
    async fn a_stalled_reader_holds_nothing_and_gets_no_end() {
        let (held, freed) = oneshot::channel::<()>();
        let read = paced(pieces(100), Duration::from_millis(20), held);
        assert!(freed.await.is_err(), "although nobody polled the stream");
        let read: Vec<_> = read.collect().await;
        assert_eq!(read.len(), MAX_WAITING_PIECES + 1);
        assert!(read.last().unwrap().is_err());
    }

    #[tokio::test]
    async fn a_failure_reaches_the_reader() {
        let failing = pieces(2).chain(stream::iter([Err(io::Error::other("the disk"))]));
        let read: Vec<_> = paced(failing, Duration::from_secs(30), ()).collect().await;
        assert_eq!(read.len(), 3);
        assert_eq!(read[2].as_ref().unwrap_err().to_string(), "the disk");
    }
}
