//! Every call that we make to the homeserver, with the error codes by which it can refuse that call.
//!
//! Between us and the homeserver stand proxies and container managers, which answer 404, 403, 401
//! or 400 in their own way while the homeserver restarts. So a status alone says nothing. A refusal
//! is an answer of the homeserver itself: a JSON object whose `errcode` stands here for that call.
//! Everything else is trouble that passes, after which nothing is given up.
//!
//! The codes are those of the Matrix specification ("Standard error response", and the section of
//! each endpoint). Where Synapse answers with another code for a true refusal, that code stands
//! here as well, marked "Synapse". `M_UNKNOWN_TOKEN` and `M_MISSING_TOKEN` stand nowhere: they are
//! about our token, and never about a room or a person. `M_UNRECOGNIZED` stands nowhere either: it
//! comes from whoever does not know the endpoint, such as a worker that a proxy chose wrongly.

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

/// A call to the homeserver that takes our token.
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
    /// The error codes by which the homeserver itself refuses this call.
    const REFUSALS: &'static [&'static str];
    /// What the body of an answer begins with: it is a JSON object for nearly all calls.
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
    /// Without MSC4190 nobody has a device that nobody made.
    update_device::v3::Request => ["M_NOT_FOUND", "M_FORBIDDEN"];
    login::v3::Request =>
        ["M_FORBIDDEN", "M_EXCLUSIVE", "M_UNKNOWN", "M_APPSERVICE_LOGIN_UNSUPPORTED"];
    /// Synapse: `M_UNKNOWN` for an account that it never had.
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
    /// Synapse: `M_UNKNOWN` for content that it does not take.
    send_state_event::v3::Request => [
        "M_FORBIDDEN", "M_BAD_ALIAS", "M_BAD_JSON", "M_INVALID_PARAM", "M_TOO_LARGE", "M_UNKNOWN"
    ];
    /// Synapse: `M_UNKNOWN` for content that it does not take.
    send_message_event::v3::Request => [
        "M_FORBIDDEN", "M_BAD_JSON", "M_INVALID_PARAM", "M_TOO_LARGE", "M_DUPLICATE_ANNOTATION",
        "M_UNKNOWN"
    ];
    redact_event::v3::Request => ["M_FORBIDDEN", "M_NOT_FOUND"];
    invite_user::v3::Request => [
        "M_FORBIDDEN", "M_BAD_JSON", "M_INVALID_PARAM", "M_UNSUPPORTED_ROOM_VERSION",
        "M_INCOMPATIBLE_ROOM_VERSION", "M_INVITE_BLOCKED"
    ];
    /// Synapse: `M_UNKNOWN` for a room that nobody is in any more, and for a blocked one.
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

/// Asking whether accounts can be used, a call that no version of the specification has (MSC3720).
pub(super) const ACCOUNT_STATUS_REFUSALS: &[&str] = &["M_FORBIDDEN", "M_INVALID_PARAM"];
/// Uploading, which goes past ruma so that no file is ever whole in memory.
pub(super) const UPLOAD_REFUSALS: &[&str] =
    &["M_FORBIDDEN", "M_TOO_LARGE", "M_USER_LIMIT_EXCEEDED"];
/// Downloading, which goes past ruma for the same reason. Synapse: `M_TOO_LARGE` for a file of
/// another homeserver that is larger than it takes.
pub(super) const DOWNLOAD_REFUSALS: &[&str] = &["M_NOT_FOUND", "M_TOO_LARGE", "M_FORBIDDEN"];
