//! Which web pages of other origins may call the API (CORS). None may unless the config names their origin.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

use crate::config::ApiConfig;

/// How long a browser may remember what it was allowed.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// Returns the layer that answers browsers, if the config names an origin. It stands before the check of the key,
/// because a browser asks without one whether it may call.
pub(super) fn layer(config: &ApiConfig) -> Option<CorsLayer> {
    let origins = config.cors_origins.iter().filter_map(|it| HeaderValue::from_str(it).ok());
    let origins: Vec<_> = origins.collect();
    let name = HeaderName::from_static;
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_MATCH,
                header::IF_NONE_MATCH,
                name("idempotency-key"),
                name("x-request-id"),
            ])
            .expose_headers([
                header::ETAG,
                header::LOCATION,
                header::RETRY_AFTER,
                header::ALLOW,
                header::CONTENT_DISPOSITION,
                name("accept-post"),
                name("accept-patch"),
                name("idempotent-replayed"),
                name("x-request-id"),
            ])
            .max_age(REMEMBERED)
    })
}
