//! Requests that act as a user of our namespace.
//!
//! Such a request has `?user_id=` and `?device_id=` beside the appservice's token (Application
//! Service API, "Identity assertion"). matrix-sdk does not support that, but it can send a wrapped
//! request that adds the parameters.

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

/// A `request` with the asserted identity of `user` and, if given, of one of the user's devices.
#[derive(Clone, Debug)]
pub(super) struct ActingAs<R> {
    request: R,
    user: OwnedUserId,
    device: Option<OwnedDeviceId>,
}

impl<R> ActingAs<R> {
    /// Makes `request` act as `user` without a device.
    pub(super) fn user(request: R, user: OwnedUserId) -> Self {
        Self { request, user, device: None }
    }

    /// Makes `request` act as `user` on `device`.
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
        // An identity can only be asserted with the token, even if the token is optional for the
        // endpoint (register).
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

/// An answer that was checked to come from the homeserver itself. ruma does not read the body of an
/// answer if it needs nothing from it, so the maintenance page of a proxy would count as a success.
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
                "HTTP {status}, but the body is not the JSON of this call's answer"
            )));
        }
        R::IncomingResponse::try_from_http_response(response).map(Self).map_err(|error| match error
        {
            FromHttpResponseError::Deserialization(error) => {
                FromHttpResponseError::Deserialization(error)
            }
            _ => unreadable("the body is an error instead of an answer"),
        })
    }
}

fn unreadable(problem: impl std::fmt::Display) -> FromHttpResponseError<Error> {
    let error: serde_json::Error = serde::de::Error::custom(problem);
    FromHttpResponseError::Deserialization(error.into())
}
