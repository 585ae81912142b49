//! A request made in the name of a user of our namespace.
//!
//! Application Service API, "Identity assertion": `?user_id=` and `?device_id=` beside the
//! appservice's token. matrix-sdk cannot masquerade; wrapping the typed request lets it carry one
//! that does.

use ruma::api::auth_scheme::{AccessToken, SendAccessToken};
use ruma::api::error::{Error, FromHttpResponseError, IntoHttpError};
use ruma::api::path_builder::{PathBuilder, VersionHistory};
use ruma::api::{
    AppserviceUserIdentity, EndpointError, IncomingResponse, Metadata, OutgoingRequest,
};
use ruma::exports::bytes::BufMut;
use ruma::exports::http;
use ruma::{OwnedDeviceId, OwnedUserId};

use super::calls::Call;

/// `request`, asserted to come from `user` (and one device of theirs).
#[derive(Clone, Debug)]
pub(super) struct ActingAs<R> {
    request: R,
    user: OwnedUserId,
    device: Option<OwnedDeviceId>,
}

impl<R> ActingAs<R> {
    /// As `user`, without a device: for calls made before the device exists.
    pub(super) fn user(request: R, user: OwnedUserId) -> Self {
        Self { request, user, device: None }
    }

    /// As `user` on `device`.
    pub(super) fn device(request: R, user: OwnedUserId, device: OwnedDeviceId) -> Self {
        Self { request, user, device: Some(device) }
    }
}

impl<R: Metadata<PathBuilder = VersionHistory>> Metadata for ActingAs<R> {
    const METHOD: http::Method = R::METHOD;
    const RATE_LIMITED: bool = R::RATE_LIMITED;
    type Authentication = AccessToken;
    type PathBuilder = VersionHistory;
    const PATH_BUILDER: VersionHistory = R::PATH_BUILDER;
}

impl<R: Call> OutgoingRequest for ActingAs<R> {
    type EndpointError = Error;
    type IncomingResponse = Answer<R>;

    fn try_into_http_request<T: Default + BufMut + AsRef<[u8]>>(
        self,
        base_url: &str,
        authentication: SendAccessToken<'_>,
        path: <VersionHistory as PathBuilder>::Input<'_>,
    ) -> Result<http::Request<T>, IntoHttpError> {
        // An identity can only be asserted with the token, also where an endpoint takes it as
        // optional (register).
        let authentication = match authentication {
            SendAccessToken::IfRequired(token) => SendAccessToken::Always(token),
            other => other,
        };
        let mut request = self.request.try_into_http_request(base_url, authentication, path)?;
        let mut identity = AppserviceUserIdentity::new(&self.user);
        identity.device_id = self.device.as_deref();
        identity.maybe_add_to_uri(request.uri_mut())?;
        Ok(request)
    }
}

/// An answer that the homeserver itself gave. ruma does not look at the body of an answer from which
/// it needs nothing, so that the maintenance page of a proxy would pass for a success.
#[derive(Debug)]
pub(super) struct Answer<R: Call>(pub(super) R::IncomingResponse);

impl<R: Call> IncomingResponse for Answer<R> {
    type EndpointError = Error;

    fn try_from_http_response<B: AsRef<[u8]>>(
        response: http::Response<B>,
    ) -> Result<Self, FromHttpResponseError<Error>> {
        if response.status().as_u16() >= 400 {
            return Err(FromHttpResponseError::Server(Error::from_http_response(response)));
        }
        let body = response.body().as_ref().trim_ascii_start();
        if !response.status().is_success() || body.first() != Some(&R::ANSWER) {
            let status = response.status();
            return Err(unreadable(format_args!(
                "HTTP {status}, but not the JSON that answers this call"
            )));
        }
        R::IncomingResponse::try_from_http_response(response).map(Self).map_err(|error| match error
        {
            FromHttpResponseError::Deserialization(error) => {
                FromHttpResponseError::Deserialization(error)
            }
            _ => unreadable("an error where there should be an answer"),
        })
    }
}

fn unreadable(words: impl std::fmt::Display) -> FromHttpResponseError<Error> {
    let error: serde_json::Error = serde::de::Error::custom(words);
    FromHttpResponseError::Deserialization(error.into())
}
