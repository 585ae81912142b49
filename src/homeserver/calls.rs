//! Lists every call that is made to the homeserver, with the error codes of its refusals.
//!
//! Proxies and container managers between us and the homeserver answer 404, 403, 401 or 400 in
//! their own way while the homeserver restarts, so a status alone says nothing. A refusal is an
//! answer of the homeserver itself: a JSON object whose `errcode` is listed here for that call.
//! Every other failure is temporary, and nothing is given up because of it.
//!
//! The codes are those of the Matrix specification ("Standard error response", and the section of
//! each endpoint). If Synapse uses another code for a true refusal, that code is listed as well,
//! with the remark "Synapse". `M_UNKNOWN_TOKEN` and `M_MISSING_TOKEN` are never listed, because
//! they are about our token and not about a room or a person. `M_UNRECOGNIZED` is never listed,
//! because it comes from a server that does not know the endpoint, such as the wrong worker behind
//! a proxy.

use std::fmt::Debug;

use ruma::api::auth_scheme::{AuthScheme, SendAccessToken};
use ruma::api::client::account::{register, whoami};
use ruma::api::client::alias::{create_alias, delete_alias, get_alias};
use ruma::api::client::appservice::request_ping;
use ruma::api::client::device::{get_device, update_device};
use ruma::api::client::discovery::get_capabilities;
use ruma::api::client::media::create_content;
use ruma::api::client::membership::{
    forget_room, invite_user, join_room_by_id, kick_user, leave_room, unban_user,
};
use ruma::api::client::message::{get_message_events, send_message_event};
use ruma::api::client::presence::get_presence;
use ruma::api::client::profile::{get_profile, set_profile_field};
use ruma::api::client::receipt::create_receipt;
use ruma::api::client::redact::redact_event;
use ruma::api::client::room::{create_room, get_room_event};
use ruma::api::client::session::login;
use ruma::api::client::state::{get_state_event_for_key, get_state_events, send_state_event};
use ruma::api::client::sync::sync_events;
use ruma::api::client::typing::create_typing_event;
use ruma::api::path_builder::VersionHistory;
use ruma::api::{Metadata, OutgoingRequest};

/// A call to the homeserver that is authenticated by our token.
pub(super) trait Call:
    OutgoingRequest<IncomingResponse: Send + Sync>
    + Metadata<
        PathBuilder = VersionHistory,
        Authentication: for<'a> AuthScheme<Input<'a> = SendAccessToken<'a>>,
    > + Debug
    + Send
    + Sync
    + 'static
{
    /// The error codes with which the homeserver itself refuses this call.
    const REFUSALS: &'static [&'static str];
    /// The first byte of the body of a successful answer. For nearly all calls it is a JSON object.
    const ANSWER: u8 = b'{';
}

macro_rules! calls {
    ($($(#[$note:meta])* $request:ty => [$($errcode:literal),*];)*) => {$(
        $(#[$note])*
        impl Call for $request {
            const REFUSALS: &'static [&'static str] = &[$($errcode),*];
        }
    )*};
}

calls! {
    register::v3::Request => ["M_USER_IN_USE", "M_INVALID_USERNAME", "M_EXCLUSIVE", "M_FORBIDDEN"];
    get_device::v3::Request => ["M_NOT_FOUND"];
    /// A homeserver without MSC4190 does not create a device by this call.
    update_device::v3::Request => ["M_NOT_FOUND", "M_FORBIDDEN"];
    login::v3::Request =>
        ["M_FORBIDDEN", "M_EXCLUSIVE", "M_UNKNOWN", "M_APPSERVICE_LOGIN_UNSUPPORTED"];
    /// Synapse: `M_UNKNOWN` for an account that never existed.
    get_profile::v3::Request => ["M_NOT_FOUND", "M_UNKNOWN", "M_FORBIDDEN"];
    set_profile_field::v3::Request =>
        ["M_FORBIDDEN", "M_BAD_JSON", "M_INVALID_PARAM", "M_PROFILE_TOO_LARGE"];
    get_capabilities::v3::Request => [];
    whoami::v3::Request => [];
    request_ping::v1::Request => ["M_FORBIDDEN", "M_URL_NOT_SET"];
    create_room::v3::Request => [
        "M_ROOM_IN_USE", "M_INVALID_ROOM_STATE", "M_UNSUPPORTED_ROOM_VERSION", "M_BAD_JSON",
        "M_INVALID_PARAM", "M_TOO_LARGE", "M_FORBIDDEN", "M_EXCLUSIVE"
    ];
    get_alias::v3::Request => ["M_NOT_FOUND"];
    /// Synapse: `M_UNKNOWN` for an alias that exists.
    create_alias::v3::Request => ["M_UNKNOWN", "M_FORBIDDEN", "M_EXCLUSIVE", "M_INVALID_PARAM"];
    delete_alias::v3::Request => ["M_NOT_FOUND", "M_FORBIDDEN"];
    get_state_event_for_key::v3::Request =>
        ["M_NOT_FOUND", "M_FORBIDDEN", "M_GUEST_ACCESS_FORBIDDEN"];
    /// Synapse: `M_UNKNOWN` for content that it does not accept.
    send_state_event::v3::Request => [
        "M_FORBIDDEN", "M_BAD_ALIAS", "M_BAD_JSON", "M_INVALID_PARAM", "M_TOO_LARGE", "M_UNKNOWN"
    ];
    /// Synapse: `M_UNKNOWN` for content that it does not accept.
    send_message_event::v3::Request => [
        "M_FORBIDDEN", "M_BAD_JSON", "M_INVALID_PARAM", "M_TOO_LARGE", "M_DUPLICATE_ANNOTATION",
        "M_UNKNOWN"
    ];
    redact_event::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
    invite_user::v3::Request => [
        "M_FORBIDDEN", "M_BAD_JSON", "M_INVALID_PARAM", "M_UNSUPPORTED_ROOM_VERSION",
        "M_INCOMPATIBLE_ROOM_VERSION", "M_INVITE_BLOCKED"
    ];
    /// Synapse: `M_UNKNOWN` for a room without members, and for a blocked room.
    join_room_by_id::v3::Request => [
        "M_FORBIDDEN", "M_NOT_FOUND", "M_INCOMPATIBLE_ROOM_VERSION", "M_UNABLE_TO_AUTHORISE_JOIN",
        "M_UNABLE_TO_GRANT_JOIN", "M_UNKNOWN"
    ];
    kick_user::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
    unban_user::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
    leave_room::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
    /// Synapse: `M_UNKNOWN` for a room that the user is still in.
    forget_room::v3::Request => ["M_UNKNOWN"];
    get_room_event::v3::Request => ["M_NOT_FOUND", "M_FORBIDDEN"];
    get_message_events::v3::Request => ["M_FORBIDDEN", "M_GUEST_ACCESS_FORBIDDEN"];
    /// Synapse: `M_UNKNOWN` for a sync token that it cannot read.
    sync_events::v3::Request => ["M_UNKNOWN", "M_INVALID_PARAM"];
    create_content::v3::Request => ["M_FORBIDDEN", "M_TOO_LARGE", "M_USER_LIMIT_EXCEEDED"];
    get_presence::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
    create_typing_event::v3::Request => ["M_FORBIDDEN"];
    create_receipt::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
}

impl Call for get_state_events::v3::Request {
    const REFUSALS: &'static [&'static str] = &["M_FORBIDDEN", "M_GUEST_ACCESS_FORBIDDEN"];
    const ANSWER: u8 = b'[';
}

/// The error codes of the account status call, which no version of the specification has (MSC3720).
pub(super) const ACCOUNT_STATUS_REFUSALS: &[&str] = &["M_FORBIDDEN", "M_INVALID_PARAM"];
/// The error codes of an upload. Uploads do not use ruma, so that no file is ever whole in memory.
pub(super) const UPLOAD_REFUSALS: &[&str] =
    &["M_FORBIDDEN", "M_TOO_LARGE", "M_USER_LIMIT_EXCEEDED"];
/// The error codes of a download, which does not use ruma either. Synapse: `M_TOO_LARGE` for a file
/// of another homeserver that is larger than its limit.
pub(super) const DOWNLOAD_REFUSALS: &[&str] = &["M_NOT_FOUND", "M_TOO_LARGE", "M_FORBIDDEN"];
