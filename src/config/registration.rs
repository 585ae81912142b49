//! The registration file of the application service: the tokens and namespaces that the homeserver
//! and Tallyroom share.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Config, ConfigErrors, PLACEHOLDER, Problem, Secret,
    namespace::{Kind, fix_for, pattern},
    text, yaml,
};
use crate::names::{BOT_LOCALPART, SENDER_LOCALPART};

/// The registration, which the homeserver and Tallyroom both read. Unknown keys are ignored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registration {
    /// The name of this registration on the homeserver.
    pub id: String,
    /// The URL to which the homeserver pushes. `None` means that it does not push.
    pub url: Option<String>,
    /// The token with which we authenticate to the homeserver.
    #[serde(serialize_with = "serialize_exposed")]
    pub as_token: Secret,
    /// The token with which the homeserver authenticates to us.
    #[serde(serialize_with = "serialize_exposed")]
    pub hs_token: Secret,
    /// The localpart of the registration's own user.
    pub sender_localpart: String,
    /// Whether the homeserver's rate limits apply to us. The homeserver takes a missing key as
    /// `true`.
    pub rate_limited: Option<bool>,
    /// The users, aliases and rooms that we claim.
    pub namespaces: Namespaces,
    /// Whether the homeserver pushes typing, receipts and presence as well.
    pub receive_ephemeral: bool,
    /// The same as `receive_ephemeral` (MSC2409), for homeservers from before it was in the
    /// specification, such as Synapse 1.112.
    #[serde(rename = "de.sorunome.msc2409.push_ephemeral")]
    pub unstable_push_ephemeral: bool,
    /// Whether we can create devices without a login (MSC4190).
    #[serde(rename = "io.element.msc4190")]
    pub msc4190: bool,
}

/// The users, aliases and rooms that we claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Namespaces {
    /// The claimed user ids.
    pub users: Vec<Namespace>,
    /// The claimed room aliases.
    pub aliases: Vec<Namespace>,
    /// The claimed room ids. We claim none.
    pub rooms: Vec<Namespace>,
}

/// One claimed namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Whether no other user may use ids in it.
    #[serde(default)]
    pub exclusive: bool,
    /// The pattern that its ids match.
    pub regex: String,
}

impl Registration {
    /// Generates a registration with new tokens.
    pub fn generate(config: &Config) -> Self {
        let ours = |kind| {
            vec![Namespace { exclusive: true, regex: pattern(kind, &config.homeserver.domain) }]
        };
        Self {
            id: "tallyroom".to_owned(),
            url: Some(text::without_slash(&config.appservice.url).to_owned()),
            as_token: new_token(),
            hs_token: new_token(),
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

    /// Reads the registration and checks that it fits the config and claims only our names.
    pub fn load(path: &Path, config: &Config) -> Result<Self, ConfigErrors> {
        Self::read(path)?.checked(path, config)
    }

    /// Reads the registration without checking it against a config.
    pub fn read(path: &Path) -> Result<Self, ConfigErrors> {
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigErrors::new(path, vec![unreadable(&error)]))?;
        Self::of_text(&text, path)
    }

    /// Does the same as [`Registration::read`] with the text of the file at `path`.
    ///
    /// # Errors
    /// The first problem. The error shows no secret.
    pub fn of_text(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        let refuse = |problem| ConfigErrors::new(path, vec![problem]);
        let tree = yaml::parse(text).map_err(refuse)?;
        serde_path_to_error::deserialize(tree).map_err(|error| {
            let key = error.path().to_string();
            // The value is not shown: it may be a token.
            refuse(Problem::new(
                if key == "." { String::new() } else { key },
                "a value of another type, or a missing key",
                "the type that this key has in the sample registration.yaml of Tallyroom",
                "correct it, or create a new file with `tallyroom generate-registration`",
            ))
        })
    }

    /// Checks that it fits the config and claims only our names.
    ///
    /// # Errors
    /// All problems. The error shows no secret.
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
                "the http:// or https:// URL at which the homeserver reaches Tallyroom",
                format!("write url: {}", text::without_slash(&config.appservice.url)),
            ));
        }
        self.check_tokens(&mut problems);
        if self.sender_localpart.is_empty() || self.sender_localpart == BOT_LOCALPART {
            problems.push(Problem::new(
                "sender_localpart",
                format!("{:?}", self.sender_localpart),
                format!("{SENDER_LOCALPART}, or another name that is not the bot's"),
                "write sender_localpart: _tallyroom; the bot is another user, since homeservers \
                 refuse /sync for this one",
            ));
        }
        check_namespace("users", Kind::Users, &self.namespaces.users, config, &mut problems);
        check_namespace("aliases", Kind::Aliases, &self.namespaces.aliases, config, &mut problems);
        if !self.namespaces.rooms.is_empty() {
            problems.push(Problem::new(
                "namespaces.rooms",
                "a list with content",
                "[]",
                "write rooms: []; the homeserver pushes the events of our rooms without a claim",
            ));
        }
        problems
    }

    fn check_tokens(&self, problems: &mut Vec<Problem>) {
        const FIX: &str = "create a new file with `tallyroom generate-registration`, or write \
                            the output of `openssl rand -hex 32`";
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
        let as_token = self.as_token.expose();
        let is_reported = as_token.is_empty() || self.as_token.is_placeholder();
        if !is_reported && self.hs_token.matches(as_token.as_bytes()) {
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
            let fix = "write exclusive: true; otherwise other users could take our names";
            problems.push(Problem::new(format!("{path}.exclusive"), "false", "true", fix));
        }
        if let Some(fix) = fix_for(kind, domain, regex) {
            let path = format!("{path}.regex");
            problems.push(Problem::new(path, format!("'{regex}'"), &expected, fix));
        }
    }
}

/// Generates a token: 256 bits from the operating system's random generator, as hexadecimal digits.
fn new_token() -> Secret {
    let bits: [u8; 32] = rand::random();
    Secret::new(bits.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(
        "",
        error.to_string(),
        "a readable registration file, the same as that of the homeserver",
        "create one with `tallyroom generate-registration`, let the user that runs Tallyroom \
         read it, and set appservice.registration to its path",
    )
}

fn serialize_exposed<S: serde::Serializer>(
    secret: &Secret,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
