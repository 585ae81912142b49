//! The sections of the config file, with the types and defaults of their keys.

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

use super::{
    MailServer, MailText, PayLink, QuietHours, ReplyAddress, Witness, database_url::DatabaseUrl,
    secret::Secret, text,
};
use crate::invoice::{Limits, Strictness};
use crate::record::RedactionPolicy;

/// The homeserver that we serve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeserverConfig {
    /// The URL at which we reach its client-server API.
    #[serde(with = "text::url")]
    pub url: Url,
    /// Its `server_name`: the part of its user ids after the colon.
    pub domain: OwnedServerName,
}

/// How the homeserver reaches us.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppserviceConfig {
    /// The address on which we listen for its pushes.
    pub listen: SocketAddr,
    /// The URL at which the homeserver reaches us. It is written into a generated registration.
    #[serde(with = "text::url")]
    pub url: Url,
    /// The file with the tokens that both sides know. Once loaded, the path is absolute or relative
    /// to the working directory.
    pub registration: PathBuf,
}

/// The bot: the Matrix user as which we act.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotConfig {
    /// The display name that people see.
    pub display_name: String,
    /// The Matrix IDs of the admins, who have a room with the bot.
    pub admins: Vec<OwnedUserId>,
    /// The Matrix ID. It is derived from the domain when the config is loaded.
    #[serde(skip, default = "example_bot")]
    pub(super) user_id: OwnedUserId,
}

/// The HTTP API for shops.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// The address on which we listen for shops.
    pub listen: SocketAddr,
    /// The greatest average number of calls with one key in a minute. `None` means no limit.
    pub requests_per_minute: Option<u32>,
    /// The number of days for which lines of the audit log are kept. `None` means for ever.
    pub keep_audit_days: Option<u32>,
    /// The number of days for which events are kept. `None` means for ever.
    pub keep_events_days: Option<u32>,
    /// The greatest number of exports of one shop that run at the same time.
    pub exports_at_once: u32,
    /// The greatest size of all bodies that are in memory at the same time, in MB of 1,000,000 bytes. Further
    /// ones wait. One shop has at most half of it, or one invoice of the greatest size if that is more.
    pub bodies_megabytes: u32,
    /// The origins of web pages that may call it from a browser.
    pub cors_origins: Vec<String>,
    /// The keys of the shops that may call it.
    pub keys: Vec<ApiKey>,
}

impl ApiConfig {
    /// Returns the entry whose key is `candidate`. All keys are compared, so that the time does not
    /// depend on which key matches.
    pub fn entry_of(&self, candidate: &[u8]) -> Option<&ApiKey> {
        self.keys.iter().fold(
            None,
            |found, entry| {
                if entry.key.matches(candidate) { Some(entry) } else { found }
            },
        )
    }
}

/// Returns the name by which a key of the config is called, which follows from its place in `api.keys`. No other
/// key can have such a name.
pub fn name_of_key(place: usize) -> String {
    format!("api.keys[{place}]")
}

/// An API key and the shop to which it belongs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The name of the shop. Several keys may have the same shop.
    pub shop: String,
    /// The key, which is sent as a bearer token.
    pub key: Secret,
    /// The tag of the language in which the bot writes in the shop's rooms. `None` means
    /// `page.language`.
    #[serde(default)]
    pub language: Option<String>,
    /// What happens to an invoice of this key that breaks a rule. `None` means `invoice.rules`.
    #[serde(default)]
    pub rules: Option<Strictness>,
}

/// How invoices are taken in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceConfig {
    /// What happens to an invoice that breaks a rule of EN 16931.
    pub rules: Strictness,
    /// The limits that EN 16931 does not have.
    pub limits: Limits,
}

/// The database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// The URL of the database. A relative SQLite path is resolved when the config is loaded.
    pub url: DatabaseUrl,
    /// The greatest number of open connections.
    pub max_connections: u32,
}

impl DatabaseConfig {
    /// The number of connections for work that has to go on whatever people read: recording,
    /// rooms, files, and so on.
    pub fn connections_for_work(&self) -> u32 {
        (self.max_connections / 2).max(1)
    }

    /// The number of connections for the pages and the API.
    pub fn connections_for_people(&self) -> u32 {
        self.max_connections.saturating_sub(self.connections_for_work()).max(1)
    }
}

/// The properties of new rooms, and how they are created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomsConfig {
    /// The room version. `None` means the homeserver's default.
    #[serde(deserialize_with = "text::room_version")]
    pub version: Option<RoomVersionId>,
    /// The type in `m.room.create`.
    #[serde(rename = "type")]
    pub room_type: Option<RoomType>,
    /// Whether users of other homeservers can be in the room.
    pub federate: bool,
    /// What a new member may read of the earlier conversation.
    pub history_visibility: HistoryVisibility,
    /// Whether guest accounts of a homeserver may join.
    pub guest_access: GuestAccess,
    /// What happens to a contact that an update removes from the transaction.
    pub removed_contacts: RemovedContacts,
    /// When the room of a transaction is created.
    pub create: CreateRooms,
    /// The number of rooms on which the reconciler works in parallel.
    pub parallel: usize,
}

/// The invoice page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageConfig {
    /// The base URL of its links. `None` means that there is no page.
    #[serde(with = "text::optional_url")]
    pub url: Option<Url>,
    /// The address on which we listen for people.
    pub listen: SocketAddr,
    /// The language tag for readers whose browser requests no language that the page has.
    pub language: String,
    /// The IANA time zone of times that are shown where no script can ask the browser for its own.
    pub time_zone: String,
    /// A folder with typefaces for PDFs, which come before those of the system. Once loaded, the path is
    /// absolute or relative to the working directory.
    pub fonts: Option<PathBuf>,
    /// The number of days for which a link works, if the shop does not specify it.
    pub link_days: u32,
    /// The greatest number of pages with live updates that one link or sign-in may keep open.
    pub open_pages: u32,
    /// The greatest average number of messages, changes, reactions and removals that one link or
    /// sign-in may write in a minute.
    pub messages_per_minute: u32,
    /// The greatest amount that one link or sign-in may upload in an hour, in MB of 1,000,000
    /// bytes. One file of the size `files.max_megabytes` is always accepted.
    pub upload_megabytes_per_hour: u32,
    /// Whether rooms get the page as a widget.
    pub widget: bool,
    /// The origins of the Matrix clients that may show the widget in a frame.
    pub widget_clients: Vec<String>,
    /// The homeservers, other than our own, whose users may sign in with OpenID.
    pub openid: Vec<OpenIdServer>,
    /// The keys with which shops sign in their own users.
    pub sign_in: Vec<SignInKey>,
    /// Where buyers can pay otherwise than by a transfer, for each shop.
    pub pay_links: Vec<PayLink>,
    /// Whether visitors can have their browsers tell them of answers.
    pub web_push: bool,
    /// The networks with push services that are called although they are not public, also by `http://`.
    pub push_networks: Vec<String>,
    /// The questions that the page suggests to buyers, for each shop that wants others than ours.
    pub questions: Vec<Questions>,
}

/// A homeserver that is trusted to verify the OpenID tokens of its users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdServer {
    /// Its `server_name`.
    pub domain: OwnedServerName,
    /// The URL at which we reach its federation API.
    #[serde(with = "text::url")]
    pub url: Url,
}

/// A key with which a shop signs in its users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInKey {
    /// The name of the shop.
    pub shop: String,
    /// The key with which it signs JWTs (HS256).
    pub key: Secret,
}

/// The questions that the page suggests to the buyers of a shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// The name of the shop.
    pub shop: String,
    /// The first question.
    pub first: String,
    /// The second question.
    pub second: String,
    /// The third question.
    pub third: String,
}

impl Questions {
    /// Returns the questions with the names of their keys.
    pub fn named(&self) -> [(&'static str, &str); 3] {
        [("first", &self.first), ("second", &self.second), ("third", &self.third)]
    }
}

/// The reverse proxies in front of us.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxiesConfig {
    /// The addresses and networks of the proxies whose `X-Forwarded-For` is trusted.
    pub trusted: Vec<String>,
}

impl ProxiesConfig {
    /// Returns the trusted proxies as networks.
    pub fn networks(&self) -> Vec<IpNet> {
        self.trusted.iter().filter_map(|it| parse_network(it)).collect()
    }
}

/// Parses a network, or one address as a network.
pub(super) fn parse_network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// How the conversation is recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordConfig {
    /// Whether the bot reads its own `/sync` in addition to the pushes.
    pub sync: bool,
    /// What happens to redacted content, unless the transaction specifies it.
    pub redactions: RedactionPolicy,
    /// The file with the Ed25519 key that signs heads and exports. Once loaded, the path is
    /// absolute or relative to the working directory.
    pub signing_key: PathBuf,
    /// The number of minutes after which the head of a changed record is signed.
    pub sign_after_minutes: u32,
    /// The witnesses, which get every signed head: `https://…` or `!ROOM:SERVER`. See [`Witness`].
    pub witnesses: Vec<String>,
}

impl RecordConfig {
    /// Returns the number of milliseconds after which the head of a changed record is signed.
    pub fn sign_after_ms(&self) -> i64 {
        i64::from(self.sign_after_minutes) * 60_000
    }

    /// Returns the witnesses that are Matrix rooms.
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
    /// A folder, or `s3://BUCKET/PREFIX`. The path of a folder is resolved when the config is
    /// loaded.
    pub store: String,
    /// The greatest size of a file that is fetched, in MB of 1,000,000 bytes.
    pub max_megabytes: u64,
    /// The number of days for which files are kept. `None` means as long as the record.
    pub keep_days: Option<u32>,
    /// The access to an S3-compatible store.
    pub s3: S3Config,
}

/// The access to an S3-compatible store.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// The URL of the store. `None` means Amazon S3.
    #[serde(with = "text::optional_url")]
    pub endpoint: Option<Url>,
    /// The name of the region.
    pub region: String,
    /// The id of the access key.
    pub access_key_id: Option<String>,
    /// The secret of the access key.
    pub secret_access_key: Option<Secret>,
}

/// Calls to shops that tell them of events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Webhooks beside those that were made by the API.
    pub endpoints: Vec<WebhookEndpoint>,
    /// Whether `http://` is allowed.
    pub allow_http: bool,
    /// The networks to which events are sent although they are not public.
    pub allow_networks: Vec<String>,
    /// The greatest number of deliveries at the same time. One shop has at most half of them.
    pub parallel: usize,
    /// How long a receiver may take for its answer, in seconds.
    pub timeout_seconds: u32,
    /// The number of days for which the deliveries that are over are listed, and can be repeated.
    pub keep_days: u32,
}

impl WebhooksConfig {
    /// Returns the networks to which events are sent although they are not public.
    pub fn networks(&self) -> Vec<IpNet> {
        networks(&self.allow_networks)
    }
}

/// Reads the networks of a list that was checked.
fn networks(list: &[String]) -> Vec<IpNet> {
    list.iter().filter_map(|it| parse_network(it)).collect()
}

impl PageConfig {
    /// Returns the networks with push services that are called although they are not public.
    pub fn networks_of_push_services(&self) -> Vec<IpNet> {
        networks(&self.push_networks)
    }
}

/// A webhook in the config.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpoint {
    /// The name of the shop.
    pub shop: String,
    /// The address to which events are sent.
    pub url: String,
    /// The secret that signs them.
    pub secret: Secret,
    /// Another secret that signs them, too, while the receiver changes to the new one.
    #[serde(default)]
    pub previous_secret: Option<Secret>,
    /// The names of the types that are sent, with commas between them. `None` means all.
    #[serde(default)]
    pub types: Option<String>,
}

/// E-mail to contacts who have an address and no Matrix account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The URL of the server that takes our mails; see [`MailServer::parse`]. `None`: no mails are sent.
    pub smtp: Option<Secret>,
    /// The address of the sender.
    pub from: Option<String>,
    /// The address to which answers come back. `None`: mails cannot be answered.
    pub replies: Option<ReplyAddress>,
    /// The address and port on which answers are taken in by LMTP. `None`: they are not.
    pub listen: Option<SocketAddr>,
    /// How long a message waits to be read before it is sent, in minutes.
    pub unread_minutes: u32,
    /// The hours in which mails wait, in `page.time_zone`.
    pub quiet_hours: Option<QuietHours>,
    /// Whether a contact is written to when the shop names them.
    pub invite: bool,
    /// When buyers are reminded of what they have to pay, for each shop that wants that.
    pub reminders: Vec<Reminders>,
    /// What shops say in their mails in the place of our own words.
    pub texts: Vec<MailText>,
}

/// When the buyers of a shop are reminded of what they have to pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// The name of the shop.
    pub shop: String,
    /// So many days before the due date.
    #[serde(default)]
    pub before_days: Vec<u8>,
    /// So many days after it.
    #[serde(default)]
    pub after_days: Vec<u8>,
}

impl MailConfig {
    /// Returns the server that takes our mails, or `None` if no mails are sent.
    pub fn server(&self) -> Option<MailServer> {
        MailServer::parse(self.smtp.as_ref()?.expose()).ok()
    }
}

/// The log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// The `tracing` filter directives, such as `info,tallyroom=debug`.
    pub level: String,
    /// The format of log lines.
    pub format: LogFormat,
}

/// What a new member may read of the earlier conversation in a room. `world_readable` is missing on
/// purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryVisibility {
    /// Everything.
    Shared,
    /// Messages since the invitation.
    Invited,
    /// Messages since joining.
    Joined,
}

/// Whether guest accounts of a homeserver may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuestAccess {
    /// They may not join.
    Forbidden,
    /// They may join when they are invited.
    CanJoin,
}

/// When the room of a transaction is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateRooms {
    /// When the transaction is submitted.
    OnTransaction,
    /// When a party writes the first message on the invoice page.
    OnFirstMessage,
}

/// What happens to a contact that an update removes from a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedContacts {
    /// The contact is removed from the room.
    Remove,
    /// The contact stays in the room.
    Keep,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text for people.
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
        Self { display_name: "Tallyroom".to_owned(), admins: Vec::new(), user_id: example_bot() }
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9331)),
            requests_per_minute: None,
            keep_audit_days: Some(400),
            keep_events_days: Some(30),
            exports_at_once: 2,
            bodies_megabytes: 400,
            cors_origins: Vec::new(),
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
            fonts: None,
            link_days: 90,
            open_pages: 20,
            messages_per_minute: 60,
            upload_megabytes_per_hour: 1_000,
            widget: true,
            web_push: true,
            push_networks: Vec::new(),
            widget_clients: vec!["https://app.element.io".to_owned()],
            openid: Vec::new(),
            sign_in: Vec::new(),
            pay_links: Vec::new(),
            questions: Vec::new(),
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

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            allow_http: false,
            allow_networks: Vec::new(),
            parallel: 32,
            timeout_seconds: 15,
            keep_days: 30,
        }
    }
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            smtp: None,
            from: None,
            replies: None,
            listen: None,
            unread_minutes: 15,
            quiet_hours: None,
            invite: false,
            reminders: Vec::new(),
            texts: Vec::new(),
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
