//! Who comes while everybody is being answered is told so at once.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Most who are told so side by side; others only see that the connection ends.
const TOLD_AT_ONCE: usize = 64;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of a request that are read before the connection ends.
const MAX_READ: usize = 64 * 1024;
/// The whole answer. It shows nothing, to anybody, so that it has what every answer of the page has.
const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 68\r\n\
    retry-after: 5\r\n\
    cache-control: no-store\r\n\
    content-security-policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n\
    referrer-policy: no-referrer\r\n\
    x-content-type-options: nosniff\r\n\
    x-robots-tag: noindex, nofollow\r\n\
    cross-origin-resource-policy: same-origin\r\n\
    cross-origin-opener-policy: same-origin\r\n\
    permissions-policy: camera=(), geolocation=(), microphone=()\r\n\
    connection: close\r\n\r\n\
    Too many connections at the moment. Please try again in some seconds";

static PLACES: Semaphore = Semaphore::const_new(TOLD_AT_ONCE);

/// Tells it in the background: the next one waits at the door.
pub(super) fn refuse(mut stream: TcpStream) {
    let Ok(place) = PLACES.try_acquire() else { return };
    tokio::spawn(async move {
        let _place = place;
        let telling = async {
            stream.write_all(ANSWER).await?;
            stream.shutdown().await?;
            // A connection that ends with something unread takes the answer with it.
            let mut left = MAX_READ;
            let mut buffer = [0; 4096];
            while left > 0 {
                match stream.read(&mut buffer).await? {
                    0 => break,
                    read => left = left.saturating_sub(read),
                }
            }
            std::io::Result::Ok(())
        };
        tokio::time::timeout(PATIENCE, telling).await.ok();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
