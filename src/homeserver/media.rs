//! Downloads the files that people send to rooms.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};
use ruma::MxcUri;

use super::calls::DOWNLOAD_REFUSALS;
use super::{CallFailure, Homeserver};

/// How long our homeserver may request a file from other homeservers.
const REMOTE_FETCH_TIMEOUT: Duration = Duration::from_secs(20);
/// The timeout of the answer's headers, which is longer than [`REMOTE_FETCH_TIMEOUT`].
const HEADERS_TIMEOUT: Duration = Duration::from_secs(40);
/// The greatest time between two pieces of a download.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);
/// The number of bytes that are read of an error's body, apart from the rest of the last piece.
const MAX_ERROR_BODY_BYTES: usize = 16 * 1024;

/// A file that is being downloaded. Its bytes come in pieces, so that no file is ever whole in
/// memory.
#[derive(Debug)]
pub struct Download {
    answer: Response,
}

impl Download {
    /// Returns the size of the file in bytes, if the homeserver tells it.
    pub fn length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// Returns the next bytes, or `None` at the end of the file.
    ///
    /// # Errors
    /// Returns an error if the connection ends too early, or if no bytes come for 30 s.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, CallFailure> {
        match tokio::time::timeout(PIECE_TIMEOUT, self.answer.chunk()).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(CallFailure::unknown(causes_of(&error))),
            Err(_) => Err(CallFailure::unknown("the download stalled")),
        }
    }
}

impl Homeserver {
    /// Begins to download a file as the bot (Client-Server API, "Content repository", authenticated
    /// media).
    ///
    /// # Errors
    /// Returns `M_NOT_FOUND` if neither our homeserver nor the one that the file is from has it.
    pub async fn download(&self, mxc: &MxcUri) -> Result<Download, CallFailure> {
        let parts = mxc.parts().map_err(|error| CallFailure::unknown(error.to_string()))?;
        let mut url = self.client.homeserver();
        let path = ["_matrix", "client", "v1", "media", "download"];
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path).push(parts.0.as_str()).push(parts.1);
        }
        url.query_pairs_mut()
            .append_pair("user_id", self.bot.as_str())
            .append_pair("timeout_ms", &REMOTE_FETCH_TIMEOUT.as_millis().to_string());
        let token = self.client.access_token().unwrap_or_default();
        let request = self.client.http_client().get(url).bearer_auth(token).send();
        let answer = match tokio::time::timeout(HEADERS_TIMEOUT, request).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(CallFailure::unknown(causes_of(&error))),
            Err(_) => return Err(CallFailure::unknown("the call timed out")),
        };
        if answer.status() != StatusCode::OK {
            let failure = failure_of(answer, DOWNLOAD_REFUSALS).await;
            self.token.learn(&Err(&failure));
            return Err(failure);
        }
        self.token.learn(&Ok(()));
        // The body may be a proxy's page that says that the homeserver is unavailable. Such a page
        // lacks this header, which a homeserver has to send since version 1.12 of the specification
        // (Client-Server API, `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`).
        if !answer.headers().contains_key(header::CONTENT_DISPOSITION) {
            return Err(CallFailure::unknown(
                "HTTP 200, but the answer has no Content-Disposition header, so it is not a file",
            ));
        }
        Ok(Download { answer })
    }
}

/// Classifies an unsuccessful answer to a call whose refusals have the error codes `refusals`.
pub(super) async fn failure_of(mut answer: Response, refusals: &[&str]) -> CallFailure {
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = answer.chunk().await
        && body.len() < MAX_ERROR_BODY_BYTES
    {
        body.extend_from_slice(&bytes);
    }
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let message: String = text("error").chars().take(300).collect();
    CallFailure::answered(status, text("errcode"), &message, refusals)
}

/// Returns the causes of an error in one line. It omits the URL, which has ids and tokens.
pub(crate) fn causes_of(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        causes.push(current.to_string());
        cause = current.source();
    }
    if causes.is_empty() { "the connection failed".to_owned() } else { causes.join(": ") }
}
