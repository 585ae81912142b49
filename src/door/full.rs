//! Refuses a connection with 503 while all connection slots are busy.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::bad_request::HEADERS;

/// The greatest number of connections that get this answer in parallel. Others are closed without
/// it.
const MAX_PARALLEL_REFUSALS: usize = 64;
/// The time that one refusal may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);
/// The greatest number of bytes of a request that are read before the connection is closed.
const MAX_READ_BYTES: usize = 64 * 1024;
/// The text of the answer.
const TEXT: &str = "Too many connections at the moment. Please try again in some seconds.";

/// The whole answer.
static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: {}\r\nretry-after: 5\r\n",
        TEXT.len()
    );
    for (name, value) in HEADERS {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{answer}\r\n{TEXT}").into_bytes()
});

static PERMITS: Semaphore = Semaphore::const_new(MAX_PARALLEL_REFUSALS);

/// Sends the answer in the background, so that the listener can accept the next connection.
pub(super) fn refuse(mut stream: TcpStream) {
    let Ok(permit) = PERMITS.try_acquire() else { return };
    tokio::spawn(async move {
        let _permit = permit;
        let answering = async {
            stream.write_all(&ANSWER).await?;
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
