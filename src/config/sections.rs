//! The sections of the config file with their types and defaults.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use ruma::{
    OwnedRoomId, OwnedServerName, OwnedUserId, RoomVersionId, room::RoomType, server_name, user_id,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Witness, database_url::DatabaseUrl, secret::Secret, text};
use crate::record::RedactionPolicy;

/// The homeserver that we serve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeserverConfig {
    /// Its client-server API as we reach it.
    #[serde(with = "text::url")]
    pub url: Url,
    /// Its `server_name`: what stands after the colon in its user ids.
    pub domain: OwnedServerName,
}

/// How the homeserver reaches us.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppserviceConfig {
    /// Where we listen for its pushes.
    pub listen: SocketAddr,
    /// What a generated registration tells it as our address.
    #[serde(with = "text::url")]
    pub url: Url,
    /// The file with the tokens that both sides know; absolute or relative to the working folder
    /// once loaded.
    pub registration: PathBuf,
}

/// The Matrix user that we act as.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotConfig {
    /// The name that people see.
    pub display_name: String,
    /// Follows from the domain; parsed once when the config is loaded.
    #[serde(skip, default = "example_bot")]
    pub(super) user_id: OwnedUserId,
}

/// The HTTP API for shops.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// Where we listen for shops.
    pub listen: SocketAddr,
    /// How many exports of one shop may be under way.
    pub exports_at_once: u32,
    /// Who may call.
    pub keys: Vec<ApiKey>,
}

impl ApiConfig {
    /// The shop whose key a caller presented. Every key is compared, so that the time taken does
    /// not tell which one it was.
    pub fn shop_of(&self, candidate: &[u8]) -> Option<&str> {
        self.keys.iter().fold(None, |found, entry| {
            if entry.key.matches(candidate) { Some(entry.shop.as_str()) } else { found }
        })
    }
}

/// A bearer key and the shop that it speaks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The shop's name; several keys may carry the same one.
    pub shop: String,
    /// The bearer key.
    pub key: Secret,
}

/// The database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Where it is. A relative SQLite path is resolved once loaded.
    pub url: DatabaseUrl,
    /// How many connections we open at most.
    pub max_connections: u32,
}

/// What new rooms are like and how they are made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomsConfig {
    /// The room version, or the homeserver's default.
    #[serde(deserialize_with = "text::room_version")]
    pub version: Option<RoomVersionId>,
    /// The type in `m.room.create`.
    #[serde(rename = "type")]
    pub room_type: Option<RoomType>,
    /// Whether users of other homeservers can be in the room.
    pub federate: bool,
    /// What a newcomer may read of the past.
    pub history_visibility: HistoryVisibility,
    /// Whether guest accounts may join.
    pub guest_access: GuestAccess,
    /// What happens to a contact that an update takes off.
    pub removed_contacts: RemovedContacts,
    /// When a transaction gets its room.
    pub create: CreateRooms,
    /// How many rooms are provisioned side by side.
    pub parallel: usize,
}

/// The invoice page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageConfig {
    /// The base of its links; without one there is no page.
    #[serde(with = "text::optional_url")]
    pub url: Option<Url>,
    /// Where we listen for people.
    pub listen: SocketAddr,
    /// The language, as a tag, for readers who ask for none that we have.
    pub language: String,
    /// The time zone (IANA) of times of day where no script can ask the browser.
    pub time_zone: String,
    /// How long a link works that a shop asks for without saying so, in days.
    pub link_days: u32,
    /// How many pages one link or sign-in may keep open with live news.
    pub open_pages: u32,
    /// How many messages, changes, reactions and removals one link or sign-in may write in a
    /// minute in the long run.
    pub messages_per_minute: u32,
    /// How much one link or sign-in may upload in an hour, in MB of 1,000,000 bytes; at least one
    /// file of the largest size.
    pub upload_megabytes_per_hour: u32,
    /// Whether rooms get the page as a widget beside their timeline.
    pub widget: bool,
    /// Origins of Matrix clients in which the widget may be framed.
    pub widget_clients: Vec<String>,
    /// Homeservers of contacts, beside our own, and where each is asked who somebody is.
    pub openid: Vec<OpenIdServer>,
    /// Shops whose own sign-in we believe.
    pub sign_in: Vec<SignInKey>,
}

/// A homeserver whose word we take about its users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdServer {
    /// Its `server_name`.
    pub domain: OwnedServerName,
    /// Its federation API as we reach it.
    #[serde(with = "text::url")]
    pub url: Url,
}

/// A key with which a shop vouches for its users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInKey {
    /// The shop.
    pub shop: String,
    /// What it signs with (HS256).
    pub key: Secret,
}

/// Reverse proxies before us.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxiesConfig {
    /// Addresses and networks of those that are believed about whom they speak for.
    pub trusted: Vec<String>,
}

impl ProxiesConfig {
    /// The same, as networks.
    pub fn networks(&self) -> Vec<IpNet> {
        self.trusted.iter().filter_map(|it| network(it)).collect()
    }
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// How the conversation is recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordConfig {
    /// Whether the bot also reads its own `/sync`.
    pub sync: bool,
    /// What becomes of redacted content, in transactions that say nothing about it.
    pub redactions: RedactionPolicy,
    /// The file with the Ed25519 key that signs heads and exports; absolute or relative to the
    /// working folder once loaded.
    pub signing_key: PathBuf,
    /// How long after something new the head of a record is signed, in minutes.
    pub sign_after_minutes: u32,
    /// Who else gets every signed head: `https://…` or `!ROOM:SERVER`; see [`Witness`].
    pub witnesses: Vec<String>,
}

impl RecordConfig {
    /// How long after something new the head of a record is signed, in milliseconds.
    pub fn sign_after_ms(&self) -> i64 {
        i64::from(self.sign_after_minutes) * 60_000
    }

    /// The Matrix rooms among the witnesses.
    pub fn witness_rooms(&self) -> Vec<OwnedRoomId> {
        let rooms = self.witnesses.iter().filter_map(|witness| match Witness::parse(witness) {
            Some(Witness::Room(room_id)) => Some(room_id),
            _ => None,
        });
        rooms.collect()
    }
}

/// The files in the conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// A folder (resolved once loaded), or `s3://BUCKET/PREFIX`.
    pub store: String,
    /// Larger files are not fetched; in MB of 1,000,000 bytes.
    pub max_megabytes: u64,
    /// How many days files are kept; none: as long as the record.
    pub keep_days: Option<u32>,
    /// How an S3-compatible store is reached.
    pub s3: S3Config,
}

/// How an S3-compatible store is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Where it is, if it is not Amazon's.
    #[serde(with = "text::optional_url")]
    pub endpoint: Option<Url>,
    /// Its region.
    pub region: String,
    /// Who we are there.
    pub access_key_id: Option<String>,
    /// What proves it.
    pub secret_access_key: Option<Secret>,
}

/// What is logged, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Tracing filter directives, such as `info,tallyroom=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// What a newcomer may read of a room's past. `world_readable` is left out on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryVisibility {
    /// All of it.
    Shared,
    /// What was said since the invitation.
    Invited,
    /// What was said since joining.
    Joined,
}

/// Whether guest accounts of the homeserver may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuestAccess {
    /// They may not.
    Forbidden,
    /// They may, once invited.
    CanJoin,
}

/// When a transaction gets its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateRooms {
    /// As soon as it is handed in.
    OnTransaction,
    /// When a party first says something on the invoice page.
    OnFirstMessage,
}

/// What happens to a contact that an update takes off a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedContacts {
    /// They leave the room.
    Remove,
    /// They stay.
    Keep,
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl FilesConfig {
    /// Whether files go to object storage instead of a folder.
    pub fn is_s3(&self) -> bool {
        self.store.starts_with("s3://")
    }
}

impl From<HistoryVisibility> for ruma::events::room::history_visibility::HistoryVisibility {
    fn from(ours: HistoryVisibility) -> Self {
        match ours {
            HistoryVisibility::Shared => Self::Shared,
            HistoryVisibility::Invited => Self::Invited,
            HistoryVisibility::Joined => Self::Joined,
        }
    }
}

impl From<GuestAccess> for ruma::events::room::guest_access::GuestAccess {
    fn from(ours: GuestAccess) -> Self {
        match ours {
            GuestAccess::Forbidden => Self::Forbidden,
            GuestAccess::CanJoin => Self::CanJoin,
        }
    }
}

impl Default for HomeserverConfig {
    fn default() -> Self {
        Self {
            url: literal_url("http://127.0.0.1:8008"),
            domain: server_name!("example.org").to_owned(),
        }
    }
}

impl Default for AppserviceConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9330)),
            url: literal_url("http://127.0.0.1:9330"),
            registration: PathBuf::from("registration.yaml"),
        }
    }
}

impl Default for BotConfig {
    fn default() -> Self {
        Self { display_name: "Tallyroom".to_owned(), user_id: example_bot() }
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9331)),
            exports_at_once: 2,
            keys: Vec::new(),
        }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: DatabaseUrl::local_file("tallyroom.db"), max_connections: 8 }
    }
}

impl Default for RoomsConfig {
    fn default() -> Self {
        Self {
            version: None,
            room_type: None,
            federate: true,
            history_visibility: HistoryVisibility::Shared,
            guest_access: GuestAccess::Forbidden,
            removed_contacts: RemovedContacts::Remove,
            create: CreateRooms::OnTransaction,
            parallel: 8,
        }
    }
}

impl Default for PageConfig {
    fn default() -> Self {
        Self {
            url: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 9332)),
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            link_days: 90,
            open_pages: 20,
            messages_per_minute: 60,
            upload_megabytes_per_hour: 1_000,
            widget: true,
            widget_clients: vec!["https://app.element.io".to_owned()],
            openid: Vec::new(),
            sign_in: Vec::new(),
        }
    }
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self {
            sync: true,
            redactions: RedactionPolicy::Honour,
            signing_key: PathBuf::from("signing.key"),
            sign_after_minutes: 60,
            witnesses: Vec::new(),
        }
    }
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            store: "files".to_owned(),
            max_megabytes: 100,
            keep_days: None,
            s3: S3Config::default(),
        }
    }
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_id: None,
            secret_access_key: None,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

fn example_bot() -> OwnedUserId {
    user_id!("@_tallyroom_bot:example.org").to_owned()
}

fn literal_url(text: &'static str) -> Url {
    match Url::parse(text) {
        Ok(url) => url,
        Err(_) => unreachable!("{text} is a literal in this file"),
    }
}
