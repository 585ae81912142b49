//! The middleware of every request: refuses requests from other sites, and adds the security
//! headers.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tracing::Instrument;
use ulid::Ulid;

use super::PageState;
use super::model::Reader;
use super::refusal::{self, Refusal};
use super::rest::Rest;
use crate::door::Arrival;

/// Identifies one request in the log and in what it causes.
#[derive(Clone, Debug)]
pub(super) struct Correlation(pub(super) String);

/// The nonce of the `<script>` and `<link>` elements of a page. The browser runs nothing else.
#[derive(Clone, Debug)]
pub(super) struct Nonce(pub(super) String);

/// Refuses requests that another site makes a browser send, and adds the security headers to every
/// response.
pub(super) async fn guard(
    State(state): State<PageState>,
    mut request: Request,
    next: Next,
) -> Response {
    let nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
    let correlation = format!("page-{}", Ulid::new());
    request.extensions_mut().insert(Nonce(nonce.clone()));
    request.extensions_mut().insert(Correlation(correlation.clone()));
    let is_widget = request.uri().path().starts_with("/widget/");
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let reader =
        Reader::of(&state, request.headers(), request.uri().query(), &Nonce(nonce.clone()));
    let as_json = wants_json(request.method(), request.headers());
    let arrival = request.extensions().get::<Arrival>().cloned().unwrap_or_default();
    let signs_in = request.uri().path().contains("/sign-in/");
    let transaction = transaction_in(request.uri().path());
    // Whoever ends mails proves by the path alone that they may, and no cookie counts.
    let is_by_token = request.uri().path().starts_with("/u/");
    let is_foreign = changes && !is_by_token && !is_from_here(request.headers(), &state, signs_in);
    // The log has the route and not the path, because the path of a link contains a secret.
    let method = request.method().clone();
    let route = request.extensions().get::<axum::extract::MatchedPath>();
    let route = route.map_or_else(|| "-".to_owned(), |route| route.as_str().to_owned());
    let span = tracing::info_span!("page", correlation);
    let source = (request.headers().clone(), request.extensions().clone());
    async {
        let (request, rest) = Rest::of(request);
        let response = if is_foreign {
            Refusal::problem(StatusCode::FORBIDDEN, "problem-other-site").into_response()
        } else {
            next.run(request).await
        };
        if changes && (response.status().is_client_error() || response.status().is_server_error()) {
            rest.discard().await;
        }
        let response = match Refusal::wrong_key(&response) {
            Some(key) => match state.wrong_keys.count_attempt(key, &source.0, &source.1) {
                Ok(()) => response,
                Err(too_many) => Refusal::from(too_many).into_response(),
            },
            None => response,
        };
        let response = if arrival.is_given_up() {
            Refusal::problem(StatusCode::REQUEST_TIMEOUT, "problem-try-again").into_response()
        } else {
            response
        };
        let mut response = refusal::present(response, &reader, as_json, !changes, transaction);
        tracing::debug!(%method, route, status = response.status().as_u16(), "answered");
        add_headers(response.headers_mut(), &nonce, is_widget.then_some(&state));
        response
    }
    .instrument(span)
    .await
}

/// Whether a request comes from a page of this service, or from no browser. Browsers say where a
/// request comes from. A request that does not say it, and has no cookie, does not come from a
/// browser that is signed in. A sign-in must say it in any case. Otherwise another site could sign
/// a person who has no cookie yet in as somebody else.
fn is_from_here(headers: &HeaderMap, state: &PageState, signs_in: bool) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let ours = state.config.page.url.as_ref().map(|url| url.origin().ascii_serialization());
    match text("origin") {
        Some(origin) => Some(origin) == ours.as_deref(),
        None => !signs_in && text(header::COOKIE.as_str()).is_none(),
    }
}

/// Returns the transaction that a path names.
fn transaction_in(path: &str) -> Option<Ulid> {
    Ulid::from_string(path.strip_prefix("/t/")?.split('/').next()?).ok()
}

fn add_headers(headers: &mut HeaderMap, nonce: &str, widget: Option<&PageState>) {
    let framed_by = match widget {
        Some(state) => {
            let clients = state.config.page.widget_clients.join(" ");
            if clients.is_empty() { "'none'".to_owned() } else { clients }
        }
        None => "'none'".to_owned(),
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         img-src 'self' blob: data:; media-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors {framed_by}"
    );
    let mut add = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    };
    add(header::CONTENT_SECURITY_POLICY, &policy);
    add(header::REFERRER_POLICY, "no-referrer");
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::CACHE_CONTROL, "no-store");
    add(header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    add(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    add(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    let features = "camera=(), geolocation=(), microphone=()";
    add(header::HeaderName::from_static("permissions-policy"), features);
}

/// Whether a refusal is sent as JSON: to a script, or to a program that posts and does not accept
/// HTML.
fn wants_json(method: &Method, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accept = accept.unwrap_or_default();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    !accept.contains("text/html") && (accept.contains("json") || !reads)
}
