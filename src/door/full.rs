//! Refuses a connection with 503 while all connection slots are busy.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// The greatest number of connections that get this answer in parallel. Others are closed without
/// it.
const MAX_PARALLEL_REFUSALS: usize = 64;
/// The time that one refusal may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);
/// The greatest number of bytes of a request that are read before the connection is closed.
const MAX_READ_BYTES: usize = 64 * 1024;
/// The whole answer. It has the security headers of every answer of the page.
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

static PERMITS: Semaphore = Semaphore::const_new(MAX_PARALLEL_REFUSALS);

/// Sends the answer in the background, so that the listener can accept the next connection.
pub(super) fn refuse(mut stream: TcpStream) {
    let Ok(permit) = PERMITS.try_acquire() else { return };
    tokio::spawn(async move {
        let _permit = permit;
        let answering = async {
            stream.write_all(ANSWER).await?;
            stream.shutdown().await?;
            // If a connection is closed with unread data, the client may lose the answer.
            let mut left = MAX_READ_BYTES;
            let mut buffer = [0; 4096];
            while left > 0 {
                match stream.read(&mut buffer).await? {
                    0 => break,
                    read => left = left.saturating_sub(read),
                }
            }
            std::io::Result::Ok(())
        };
        tokio::time::timeout(REFUSAL_TIMEOUT, answering).await.ok();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length_is_correct() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
