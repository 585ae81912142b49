//! `Idempotency-Key`: a POST that is sent again is answered as it was the first time, and does nothing a second time.
//! (draft-ietf-httpapi-idempotency-key-header)

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use sha2::{Digest, Sha256};

use super::body::{self, Receiver};
use super::problem::Problem;
use super::{ApiState, authentication};
use crate::quota::run_blocking;
use crate::store::{Attempt, KeptAnswer, RepeatedCall, Store};

/// The greatest length of a key, in bytes.
const MAX_KEY_BYTES: usize = 255;
/// The greatest length of a multipart boundary, in bytes (RFC 2046, section 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;
/// The greatest length of the body of an answer that is kept, in bytes. After a longer one, a repeat runs the call
/// again, which makes nothing new.
const MAX_KEPT_BYTES: usize = 256 * 1024;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is the one of an earlier call. (Stripe's API has the same header.)
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CACHE_CONTROL];

/// Middleware that runs each POST with a key once.
pub(super) async fn once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(&IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    answer(&state, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(state: &ApiState, request: Request, next: Next) -> Result<Response, Problem> {
    let key = key(request.headers())?;
    let Some(authentication::Shop(shop)) = request.extensions().get().cloned() else {
        return Err(Problem::no_key());
    };
    let (mut parts, sent) = request.into_parts();
    let head = Request::from_parts(parts.clone(), sent);
    let bytes = body::whole(head, Receiver { state, shop: &shop }).await?;
    let target = target(&parts);
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    let hashed = bytes.clone();
    let fingerprint = run_blocking(move || fingerprint(&target, &media_type, &hashed)).await;
    let fingerprint = fingerprint.map_err(|error| {
        tracing::error!(%error, "a body cannot be hashed");
        Problem::try_again("The body could not be processed. Send the same call again.")
    })?;
    let run = async |attempt| {
        parts.extensions.insert(body::PreRead(bytes));
        parts.extensions.insert::<Attempt>(attempt);
        next.run(Request::from_parts(parts, Body::empty())).await
    };
    run_once(state, &shop, &key, &fingerprint, run).await
}

/// Runs a call whose body the handler has read. `content` is what the body says, in a form that is the same for the same
/// call. Without a key, `run` gets no attempt.
pub(super) async fn read_once<F: Future<Output = Result<Response, Problem>>>(
    state: &ApiState,
    shop: &str,
    parts: &Parts,
    content: &[u8],
    run: impl FnOnce(Option<Attempt>) -> F,
) -> Result<Response, Problem> {
    if !parts.headers.contains_key(&IDEMPOTENCY_KEY) {
        return run(None).await;
    }
    let key = key(&parts.headers)?;
    let fingerprint = fingerprint(&target(parts), "", content);
    let run = async |attempt| run(Some(attempt)).await.unwrap_or_else(IntoResponse::into_response);
    run_once(state, shop, &key, &fingerprint, run).await
}

async fn run_once(
    state: &ApiState,
    shop: &str,
    key: &str,
    fingerprint: &str,
    run: impl AsyncFnOnce(Attempt) -> Response,
) -> Result<Response, Problem> {
    let attempt = match state.store.begin_call(shop, key, fingerprint).await? {
        RepeatedCall::Run(attempt) => attempt,
        RepeatedCall::Answered(answer) => {
            tracing::info!("answered as the first time");
            return Ok(replayed(answer));
        }
        RepeatedCall::InProgress(milliseconds) => {
            let seconds = u64::try_from(milliseconds).unwrap_or_default().div_ceil(1_000);
            return Err(Problem::in_progress(seconds.max(1)));
        }
        RepeatedCall::OtherCall => return Err(Problem::key_of_another_call()),
    };
    let running = Running { store: &state.store, attempt: Some(attempt.clone()) };
    let response = run(attempt).await;
    Ok(running.ended_with(response).await)
}

fn target(parts: &Parts) -> String {
    parts.uri.path_and_query().map(|it| it.as_str().to_owned()).unwrap_or_default()
}

/// Reads the key. The draft writes it in quotation marks, and many callers do not.
fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut given = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(Problem::parameter("Idempotency-Key", "Send one `Idempotency-Key` only."));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
    let is_key = (1..=MAX_KEY_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    match is_key {
        true => Ok(text.to_owned()),
        false => Err(Problem::parameter(
            "Idempotency-Key",
            format!(
                "`Idempotency-Key` must have 1 to {MAX_KEY_BYTES} visible ASCII characters without blanks, \
                 for example a UUID."
            ),
        )),
    }
}

/// Returns what identifies a call: the SHA-256 of its address, its media type and its body.
fn fingerprint(target: &str, media_type: &str, body: &[u8]) -> String {
    let (essence, parameters) = media_type.split_once(';').unwrap_or((media_type, ""));
    let essence = essence.trim();
    let mut hash = Sha256::new();
    for part in [target, essence] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let is_form = essence.eq_ignore_ascii_case("multipart/form-data");
    let mut rest = body;
    // Many clients draw the boundary anew each time. It is short, so finding it takes a time that grows with the body.
    if let Some(boundary) = boundary(parameters).filter(|_| is_form) {
        while let Some(at) = rest.windows(boundary.len()).position(|it| it == boundary) {
            hash.update(&rest[..at]);
            rest = &rest[at + boundary.len()..];
        }
    }
    hash.update(rest);
    format!("{:x}", hash.finalize())
}

/// Returns the boundary that the parameters of a media type name, if it is one.
fn boundary(parameters: &str) -> Option<&[u8]> {
    let named = parameters.split(';').find_map(|it| it.trim().strip_prefix("boundary="))?;
    let boundary = named.trim_matches('"').as_bytes();
    (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len()).then_some(boundary)
}

/// An attempt that is being run. If the caller goes away meanwhile, it is noted as ended.
struct Running<'a> {
    store: &'a Store,
    attempt: Option<Attempt>,
}

impl Running<'_> {
    /// Keeps the answer if it is one to keep, and returns what the caller is answered.
    async fn ended_with(mut self, response: Response) -> Response {
        if !is_to_keep(&response) {
            // Noted before the answer is sent: the caller may send the call again as soon as they have it.
            if let Some(attempt) = &self.attempt {
                match self.store.end_attempt(attempt).await {
                    Ok(()) => self.attempt = None,
                    Err(error) => tracing::debug!(%error, "the end of a call is not noted yet"),
                }
            }
            return response;
        }
        let (parts, body) = response.into_parts();
        let bytes = match axum::body::to_bytes(body, MAX_KEPT_BYTES).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(%error, "an answer cannot be kept");
                return Problem::try_again(
                    "The answer could not be written. Send the same call again.",
                )
                .into_response();
            }
        };
        let header = |name: &HeaderName| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        let kept = KeptAnswer {
            status: parts.status.as_u16(),
            headers: KEPT_HEADERS.iter().filter_map(header).collect(),
            body: bytes.to_vec(),
        };
        if let Some(attempt) = &self.attempt {
            match self.store.keep_answer(attempt, &kept).await {
                Ok(None) => self.attempt = None,
                Ok(Some(earlier)) => {
                    self.attempt = None;
                    return replayed(earlier);
                }
                // The call was run. When it is sent again, it is run again, and finds what it made.
                Err(error) => tracing::error!(%error, "an answer could not be kept"),
            }
        }
        Response::from_parts(parts, Body::from(bytes))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let (Some(attempt), store) = (self.attempt.take(), self.store.clone()) else { return };
        tokio::spawn(async move {
            if let Err(error) = store.end_attempt(&attempt).await {
                tracing::debug!(%error, "the end of a call could not be noted");
            }
        });
    }
}

/// Whether an answer is kept. A failure of ours is not, and neither is one of the caller's condition, because the next
/// attempt may succeed. A secret (a link) is not
/// either: the call is run again, and says the same.
fn is_to_keep(response: &Response) -> bool {
    let status = response.status();
    let is_passing = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::PRECONDITION_FAILED;
    let cache_control = response.headers().get(header::CACHE_CONTROL);
    let is_secret = cache_control.is_some_and(|it| it == "no-store");
    let most = response.body().size_hint().upper().and_then(|it| usize::try_from(it).ok());
    !is_passing && !is_secret && most.is_some_and(|it| it <= MAX_KEPT_BYTES)
}

fn replayed(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(values: &[&str]) -> Result<String, StatusCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&IDEMPOTENCY_KEY, HeaderValue::from_str(value).unwrap());
        }
        key(&headers).map_err(|problem| problem.into_response().status())
    }

    #[test]
    fn a_key_is_a_short_visible_text_with_or_without_quotation_marks() {
        assert_eq!(key_of(&["order-1"]), Ok("order-1".to_owned()));
        assert_eq!(key_of(&["\"order-1\""]), Ok("order-1".to_owned()));
        assert_eq!(key_of(&[&"x".repeat(255)]), Ok("x".repeat(255)));
        for refused in [&[""][..], &["\"\""], &["a b"], &[&"x".repeat(256)], &["a", "a"]] {
            assert_eq!(key_of(refused), Err(StatusCode::BAD_REQUEST), "{refused:?}");
        }
    }

    #[test]
    fn failures_secrets_and_long_answers_are_not_kept() {
        let answer = |status: u16, cache_control: &'static str, length: usize| {
            let response = Response::builder().status(status);
            let response = response.header(header::CACHE_CONTROL, cache_control);
            is_to_keep(&response.body(Body::from(vec![b'x'; length])).unwrap())
        };
        for status in [200, 201, 202, 404, 409, 422] {
            assert!(answer(status, "private", MAX_KEPT_BYTES), "{status}");
        }
        for status in [408, 412, 429, 500, 503] {
            assert!(!answer(status, "private", 1), "{status}");
        }
        assert!(!answer(201, "no-store", 1));
        assert!(!answer(201, "private", MAX_KEPT_BYTES + 1));
    }

    #[test]
    fn a_call_is_the_same_if_address_type_and_body_are() {
        let call = fingerprint("/a", "application/json", b"{}");
        assert_eq!(call, fingerprint("/a", "application/json; charset=utf-8", b"{}"));
        for other in [
            fingerprint("/b", "application/json", b"{}"),
            fingerprint("/a", "application/xml", b"{}"),
            fingerprint("/a", "application/json", b"{ }"),
            fingerprint("/aa", "pplication/json", b"{}"),
        ] {
            assert_ne!(call, other);
        }
        let with_boundary = |essence: &str, boundary: &str, text: &str| {
            let body = format!("--{boundary}\r\n{text}\r\n--{boundary}--");
            let media_type = format!("{essence}; boundary=\"{boundary}\"");
            fingerprint("/a", &media_type, body.as_bytes())
        };
        let form =
            |boundary: &str, text: &str| with_boundary("multipart/form-data", boundary, text);
        assert_eq!(form("one", "text"), form("another", "text"));
        assert_ne!(form("one", "text"), form("one", "other"));
        // What is no boundary belongs to the body.
        let [long, longest] =
            [MAX_BOUNDARY_BYTES + 1, MAX_BOUNDARY_BYTES].map(|length| "x".repeat(length));
        assert_ne!(form("one", "text"), form(&long, "text"));
        assert_eq!(form("one", "text"), form(&longest, "text"));
        let json = |boundary: &str| with_boundary("application/json", boundary, "text");
        assert_ne!(json("one"), json("another"));
    }
}
