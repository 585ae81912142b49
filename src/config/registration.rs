//! The registration file: the tokens and namespaces that the homeserver and we agree on.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Config, ConfigErrors, Secret};

/// The registration, as both sides read it. Keys that we do not know are left alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registration {
    /// Names this registration on the homeserver.
    pub id: String,
    /// Where the homeserver pushes to; `None` would mean that it does not push.
    pub url: Option<String>,
    /// What we prove ourselves to the homeserver with.
    #[serde(serialize_with = "written_out")]
    pub as_token: Secret,
    /// What the homeserver proves itself to us with.
    #[serde(serialize_with = "written_out")]
    pub hs_token: Secret,
    /// The localpart of the registration's own user.
    pub sender_localpart: String,
    /// Whether the homeserver's rate limits hold for us; it takes a missing key as `true`.
    pub rate_limited: Option<bool>,
    /// Which users, aliases and rooms are ours.
    pub namespaces: Namespaces,
    /// Whether typing, receipts and presence are pushed too.
    pub receive_ephemeral: bool,
    /// Whether devices are made without a login (MSC4190).
    #[serde(rename = "io.element.msc4190")]
    pub msc4190: bool,
}

/// Which users, aliases and rooms are ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Namespaces {
    /// User ids.
    pub users: Vec<Namespace>,
    /// Room aliases.
    pub aliases: Vec<Namespace>,
    /// Room ids; we claim none.
    pub rooms: Vec<Namespace>,
}

/// One claimed namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Whether nobody else may use it.
    #[serde(default)]
    pub exclusive: bool,
    /// The pattern of ids in it.
    pub regex: String,
}

impl Registration {
    /// A new registration with fresh tokens.
    pub fn generate(config: &Config) -> Self {
        let _ = config;
        todo!("follows in the next commit")
    }

    /// Reads the registration and checks that it means us, and only us.
    pub fn load(path: &Path, config: &Config) -> Result<Self, ConfigErrors> {
        let _ = (path, config);
        todo!("follows in the next commit")
    }
}

fn written_out<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
