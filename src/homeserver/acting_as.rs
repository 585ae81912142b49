//! A request made in the name of a user of our namespace.
//!
//! Application Service API, "Identity assertion": `?user_id=` and `?device_id=` beside the
//! appservice's token. matrix-sdk cannot masquerade; wrapping the typed request lets it carry one
//! that does.

use ruma::api::auth_scheme::{AccessToken, AuthScheme, SendAccessToken};
use ruma::api::error::IntoHttpError;
use ruma::api::path_builder::{PathBuilder, VersionHistory};
use ruma::api::{AppserviceUserIdentity, Metadata, OutgoingRequest};
use ruma::exports::bytes::BufMut;
use ruma::exports::http;
use ruma::{OwnedDeviceId, OwnedUserId};

/// `request`, asserted to come from `user` (and one device of theirs).
#[derive(Clone, Debug)]
pub struct ActingAs<R> {
    request: R,
    user: OwnedUserId,
    device: Option<OwnedDeviceId>,
}

impl<R> ActingAs<R> {
    /// As `user`, without a device: for calls made before the device exists.
    pub fn user(request: R, user: OwnedUserId) -> Self {
        Self { request, user, device: None }
    }

    /// As `user` on `device`.
    pub fn device(request: R, user: OwnedUserId, device: OwnedDeviceId) -> Self {
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

impl<R> OutgoingRequest for ActingAs<R>
where
    R: OutgoingRequest + Metadata<PathBuilder = VersionHistory>,
    for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
{
    type EndpointError = R::EndpointError;
    type IncomingResponse = R::IncomingResponse;

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
