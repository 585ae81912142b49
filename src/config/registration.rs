//! The registration file: the tokens and namespaces that the homeserver and we agree on.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Config, ConfigErrors, PLACEHOLDER, Problem, Secret,
    namespace::{Kind, fault, pattern},
    text, yaml,
};
use crate::names::{BOT_LOCALPART, SENDER_LOCALPART};

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
    /// The same for homeservers from before the specification had it (MSC2409), such as Synapse 1.112.
    #[serde(rename = "de.sorunome.msc2409.push_ephemeral")]
    pub unstable_push_ephemeral: bool,
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
        let ours = |kind| {
            vec![Namespace { exclusive: true, regex: pattern(kind, &config.homeserver.domain) }]
        };
        Self {
            id: "tallyroom".to_owned(),
            url: Some(text::without_slash(&config.appservice.url).to_owned()),
            as_token: fresh_token(),
            hs_token: fresh_token(),
            sender_localpart: SENDER_LOCALPART.to_owned(),
            rate_limited: Some(false),
            namespaces: Namespaces {
                users: ours(Kind::Users),
                aliases: ours(Kind::Aliases),
                rooms: Vec::new(),
            },
            receive_ephemeral: true,
            unstable_push_ephemeral: true,
            msc4190: true,
        }
    }

    /// Reads the registration and checks that it means us, and only us.
    pub fn load(path: &Path, config: &Config) -> Result<Self, ConfigErrors> {
        Self::read(path)?.checked(path, config)
    }

    /// Reads the registration, whomever it means.
    pub fn read(path: &Path) -> Result<Self, ConfigErrors> {
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigErrors::new(path, vec![unreadable(&error)]))?;
        Self::of_text(&text, path)
    }

    /// As [`Registration::read`], of the text that stands in the file at `path`.
    ///
    /// # Errors
    /// What is wrong, without any secret.
    pub fn of_text(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        let refuse = |problem| ConfigErrors::new(path, vec![problem]);
        let tree = yaml::parse(text).map_err(refuse)?;
        serde_path_to_error::deserialize(tree).map_err(|error| {
            let key = error.path().to_string();
            // What stands there is not repeated: it may be a token.
            refuse(Problem::new(
                if key == "." { String::new() } else { key },
                "a value of another type, or a missing key",
                "what registration.yaml of Tallyroom has in this place",
                "correct it, or make a new file with `tallyroom generate-registration`",
            ))
        })
    }

    /// Checks that it means us, and only us.
    ///
    /// # Errors
    /// All that is wrong, without any secret.
    pub fn checked(self, path: &Path, config: &Config) -> Result<Self, ConfigErrors> {
        let problems = self.problems(config);
        if problems.is_empty() { Ok(self) } else { Err(ConfigErrors::new(path, problems)) }
    }

    fn problems(&self, config: &Config) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.id.is_empty() {
            problems.push(Problem::new("id", "nothing", "a text", "write id: tallyroom"));
        }
        let is_web = |url: &Url| ["http", "https"].contains(&url.scheme());
        if !self.url.as_deref().and_then(|url| Url::parse(url).ok()).is_some_and(|url| is_web(&url))
        {
            problems.push(Problem::new(
                "url",
                self.url.as_ref().map_or("nothing", |_| "another text"),
                "the http:// or https:// URL where the homeserver reaches us",
                format!("write url: {}", text::without_slash(&config.appservice.url)),
            ));
        }
        self.check_tokens(&mut problems);
        if self.sender_localpart.is_empty() || self.sender_localpart == BOT_LOCALPART {
            problems.push(Problem::new(
                "sender_localpart",
                format!("{:?}", self.sender_localpart),
                format!("{SENDER_LOCALPART}, or another name that is not the bot's"),
                "the bot is a user of its own, since homeservers refuse /sync to this one: \
                 write sender_localpart: _tallyroom",
            ));
        }
        check_namespace("users", Kind::Users, &self.namespaces.users, config, &mut problems);
        check_namespace("aliases", Kind::Aliases, &self.namespaces.aliases, config, &mut problems);
        if !self.namespaces.rooms.is_empty() {
            problems.push(Problem::new(
                "namespaces.rooms",
                "a list with content",
                "[]",
                "write rooms: [] since we claim no rooms: what we made comes to us anyway",
            ));
        }
        problems
    }

    fn check_tokens(&self, problems: &mut Vec<Problem>) {
        const FIX: &str = "make a new file with `tallyroom generate-registration`, or put in a \
                            text as from `openssl rand -hex 32`";
        for (name, token) in [("as_token", &self.as_token), ("hs_token", &self.hs_token)] {
            let found = if token.expose().is_empty() {
                "nothing"
            } else if token.is_placeholder() {
                PLACEHOLDER
            } else if !token.expose().chars().all(|c| c.is_ascii_graphic()) {
                "a text with spaces or other characters"
            } else {
                continue;
            };
            problems.push(Problem::new(name, found, "a secret text without spaces", FIX));
        }
        let both = self.as_token.expose();
        let is_told = both.is_empty() || self.as_token.is_placeholder();
        if !is_told && self.hs_token.matches(both.as_bytes()) {
            problems.push(Problem::new(
                "hs_token",
                "the same text as in as_token",
                "two different secrets, one for each direction",
                FIX,
            ));
        }
    }
}

fn check_namespace(
    name: &str,
    kind: Kind,
    claimed: &[Namespace],
    config: &Config,
    problems: &mut Vec<Problem>,
) {
    let domain = &config.homeserver.domain;
    let expected = format!("'{}'", pattern(kind, domain));
    let path = format!("namespaces.{name}");
    if claimed.is_empty() {
        let fix = format!("write an entry with exclusive: true and regex: {expected}");
        problems.push(Problem::new(&path, "nothing", "one entry", fix));
    }
    for (position, Namespace { exclusive, regex }) in claimed.iter().enumerate() {
        let path = format!("{path}[{position}]");
        if !exclusive {
            let fix = "write exclusive: true, or others could take our names";
            problems.push(Problem::new(format!("{path}.exclusive"), "false", "true", fix));
        }
        if let Some(fix) = fault(kind, domain, regex) {
            let path = format!("{path}.regex");
            problems.push(Problem::new(path, format!("'{regex}'"), &expected, fix));
        }
    }
}

/// 256 bits from the operating system's generator, as letters that need no quoting anywhere.
fn fresh_token() -> Secret {
    let bits: [u8; 32] = rand::random();
    Secret::new(bits.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(
        "",
        error.to_string(),
        "a readable registration file, the same as the homeserver's",
        "make one with `tallyroom generate-registration`, let our user read it, and name it in \
         appservice.registration",
    )
}

fn written_out<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
