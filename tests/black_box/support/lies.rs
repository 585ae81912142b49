//! The false answers that proxies, container managers and networks give while the homeserver behind them
//! restarts: answers that are not the homeserver's, answers that are cut, and answers that come late.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rand::seq::IndexedRandom;

use super::proxy::When;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    /// Another answer, in the homeserver's name: status, media type, body.
    Answer(u16, &'static str, &'static str),
    /// The answer begins and breaks off.
    Cut,
    /// The answer comes late.
    Late(Duration),
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// All that are told. None carries an `errcode` by which the homeserver answers such a call.
pub const LIES: [Lie; 17] = [
    Lie::Answer(404, TEXT, "404 page not found\n"),
    Lie::Answer(404, HTML, "<html><h1>404 Not Found</h1><hr>nginx</html>"),
    Lie::Answer(403, HTML, "<html><h1>403 Forbidden</h1></html>"),
    Lie::Answer(400, HTML, "<html><h1>400 Bad Request</h1></html>"),
    Lie::Answer(401, TEXT, "Unauthorized\n"),
    Lie::Answer(405, TEXT, "Method Not Allowed\n"),
    Lie::Answer(413, HTML, "<html><h1>413 Request Entity Too Large</h1></html>"),
    Lie::Answer(502, HTML, "<html><h1>502 Bad Gateway</h1></html>"),
    Lie::Answer(503, TEXT, "no available server\n"),
    Lie::Answer(200, HTML, "<html><h1>We will be back soon</h1></html>"),
    Lie::Answer(200, TEXT, ""),
    Lie::Answer(404, JSON, "{}"),
    Lie::Answer(403, JSON, r#"{"error":"forbidden"}"#),
    Lie::Answer(404, JSON, r#"{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}"#),
    Lie::Answer(401, JSON, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"Unknown token"}"#),
    Lie::Cut,
    Lie::Late(Duration::from_millis(1_500)),
];

impl Lie {
    /// Any of them, and whether it comes before or after the homeserver did what it was asked.
    pub fn any() -> (Self, When) {
        let mut rng = rand::rng();
        let lie = *LIES.choose(&mut rng).unwrap();
        let when = if rand::random() { When::Before } else { When::After };
        (lie, when)
    }
}

/// This answer, of this media type.
pub fn answer(status: u16, media_type: &'static str, body: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type)];
    (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
}

/// The first half of a body, and then the connection ends.
pub fn cut(status: StatusCode, body: &Bytes) -> Response {
    let promised = body.len().max(2).to_string();
    let half = body.slice(..body.len() / 2);
    let pieces = [Ok(half), Err(std::io::Error::other("cut"))];
    let headers =
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, promised)];
    (status, headers, Body::from_stream(stream::iter(pieces))).into_response()
}
