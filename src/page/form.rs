//! The fields of a form. None has a NUL, because PostgreSQL stores none: as in a message, another sign takes its place.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, RawForm, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

/// The fields of a form, as `T`.
pub(super) struct Form<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let sent = Request::from_parts(parts.clone(), body);
        let RawForm(sent) =
            RawForm::from_request(sent, state).await.map_err(IntoResponse::into_response)?;
        let request = Request::from_parts(parts, Body::from(without_nul(sent)));
        let read = axum::Form::from_request(request, state).await;
        read.map(|axum::Form(fields)| Self(fields)).map_err(IntoResponse::into_response)
    }
}

/// Replaces each NUL of a form.
fn without_nul(form: Bytes) -> Bytes {
    let has_nul = form.contains(&0) || form.windows(3).any(|it| it == b"%00");
    if !has_nul {
        return form;
    }
    let visible = |it: &str| it.replace('\0', "\u{fffd}");
    let fields =
        form_urlencoded::parse(&form).map(|(name, value)| (visible(&name), visible(&value)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nul_is_left() {
        for (sent, expected) in [
            ("event=%24a&key=%F0%9F%91%8D", "event=%24a&key=%F0%9F%91%8D"),
            ("text=a%00b&text=c", "text=a%EF%BF%BDb&text=c"),
            ("te\0xt=a", "te%EF%BF%BDxt=a"),
            ("text=100%2500", "text=100%2500"),
        ] {
            assert_eq!(without_nul(sent.into()), expected, "{sent:?}");
        }
    }
}
