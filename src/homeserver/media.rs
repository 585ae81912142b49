//! Files in rooms.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};
use ruma::MxcUri;

use super::calls::DOWNLOAD_REFUSALS;
use super::{CallFailure, Homeserver};

/// How long a homeserver may look for a file at other homeservers.
const LOOK_ELSEWHERE: Duration = Duration::from_secs(20);
/// How long the first byte may take: longer than that.
const FIRST_BYTE: Duration = Duration::from_secs(40);
/// How long a download may go without a byte.
const NEXT_BYTE: Duration = Duration::from_secs(30);
/// How much of a refusal is read.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// A file on its way; its bytes come in pieces, so that none is ever whole in memory.
#[derive(Debug)]
pub struct Download {
    answer: Response,
}

impl Download {
    /// How many bytes it will be, if the homeserver says so.
    pub fn length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// When the connection ends too early or goes silent.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, CallFailure> {
        match tokio::time::timeout(NEXT_BYTE, self.answer.chunk()).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(CallFailure::unknown(in_words(&error))),
            Err(_) => Err(CallFailure::unknown("the download stopped in the middle")),
        }
    }
}

impl Homeserver {
    /// Begins to download a file, as the bot (Client-Server API, "Content repository",
    /// authenticated media).
    ///
    /// # Errors
    /// `M_NOT_FOUND` when neither this homeserver nor the one it is from has it.
    pub async fn download(&self, mxc: &MxcUri) -> Result<Download, CallFailure> {
        let parts = mxc.parts().map_err(|error| CallFailure::unknown(error.to_string()))?;
        let mut url = self.client.homeserver();
        let path = ["_matrix", "client", "v1", "media", "download"];
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path).push(parts.0.as_str()).push(parts.1);
        }
        url.query_pairs_mut()
            .append_pair("user_id", self.bot.as_str())
            .append_pair("timeout_ms", &LOOK_ELSEWHERE.as_millis().to_string());
        let token = self.client.access_token().unwrap_or_default();
        let request = self.client.http_client().get(url).bearer_auth(token).send();
        let answer = match tokio::time::timeout(FIRST_BYTE, request).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(CallFailure::unknown(in_words(&error))),
            Err(_) => return Err(CallFailure::unknown("no answer in time")),
        };
        if answer.status() != StatusCode::OK {
            let failure = failure_of(answer, DOWNLOAD_REFUSALS).await;
            self.token.learn(&Err(&failure));
            return Err(failure);
        }
        self.token.learn(&Ok(()));
        // A file may be anything, also a page that says that the homeserver is away. The header is
        // required of a homeserver since version 1.12 of the specification (Client-Server API,
        // `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`), and no proxy adds it.
        if !answer.headers().contains_key(header::CONTENT_DISPOSITION) {
            return Err(CallFailure::unknown("HTTP 200, but without the headers of a file"));
        }
        Ok(Download { answer })
    }
}

/// What an answer other than a success means for a call that can be refused with one of `refusals`.
pub(super) async fn failure_of(mut answer: Response, refusals: &[&str]) -> CallFailure {
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = answer.chunk().await
        && body.len() < MAX_REFUSAL_BYTES
    {
        body.extend_from_slice(&bytes);
    }
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let message: String = text("error").chars().take(300).collect();
    CallFailure::answered(status, text("errcode"), &message, refusals)
}

/// Without the address: it carries ids and tokens.
pub(crate) fn in_words(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        words.push(current.to_string());
        cause = current.source();
    }
    if words.is_empty() { "the connection failed".to_owned() } else { words.join(": ") }
}
