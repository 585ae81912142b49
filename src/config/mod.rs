//! The typed configuration: a YAML file, overridden by the environment, validated as a whole.

mod database_url;
mod draft;
mod environment;
mod errors;
mod keys;
mod namespace;
mod registration;
mod secret;
pub mod secret_files;
mod sections;
#[cfg(test)]
mod tests;
mod text;
mod validate;
mod witness;
mod yaml;

use std::{fmt::Display, fs, io, path::Path};

use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};

use self::draft::Draft;
pub use self::{
    database_url::{DatabaseKind, DatabaseUrl, NotADatabaseUrl},
    errors::{ConfigErrors, Problem},
    registration::{Namespace, Namespaces, Registration},
    secret::{PLACEHOLDER, Secret},
    sections::{
        ApiConfig, ApiKey, AppserviceConfig, BotConfig, CreateRooms, DatabaseConfig, FilesConfig,
        GuestAccess, HistoryVisibility, HomeserverConfig, LogConfig, LogFormat, OpenIdServer,
        PageConfig, ProxiesConfig, RecordConfig, RemovedContacts, RoomsConfig, S3Config, SignInKey,
    },
    witness::Witness,
};

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The homeserver that we serve.
    pub homeserver: HomeserverConfig,
    /// How the homeserver reaches us.
    pub appservice: AppserviceConfig,
    /// The Matrix user that we act as.
    pub bot: BotConfig,
    /// The HTTP API for shops.
    pub api: ApiConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// What new rooms are like and how they are made.
    pub rooms: RoomsConfig,
    /// The invoice page.
    pub page: PageConfig,
    /// Reverse proxies before us.
    pub proxies: ProxiesConfig,
    /// How the conversation is recorded.
    pub record: RecordConfig,
    /// The files in the conversation.
    pub files: FilesConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

impl Config {
    /// Reads the file, lets the environment override its keys, and checks the whole.
    ///
    /// Paths in it are relative to the file's folder and come out resolved.
    pub fn load(
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        match fs::read_to_string(path) {
            Ok(text) => Self::of_text(&text, path, env),
            Err(error) => Err(ConfigErrors::new(path, vec![unreadable(&error)])),
        }
    }

    /// As [`Config::load`], of the text that stands in the file at `path`.
    ///
    /// # Errors
    /// All that is wrong, without any secret.
    pub fn of_text(
        text: &str,
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut draft = Draft::new();
        let tree = yaml::parse(text).map_err(|problem| ConfigErrors::new(path, vec![problem]))?;
        draft.merge(tree);
        environment::apply(&mut draft, env);
        let mut config = draft.typed();
        validate::validate(&mut config, &mut draft);

        let folder = path.parent().unwrap_or(Path::new(""));
        config.appservice.registration = folder.join(&config.appservice.registration);
        config.database.url = config.database.url.relative_to(folder);
        config.record.signing_key = folder.join(&config.record.signing_key);
        if !config.files.is_s3() {
            let files = folder.join(&config.files.store);
            config.files.store = files.to_string_lossy().into_owned();
        }
        draft.finish(path, config)
    }

    /// The user that we act as.
    pub fn bot_user_id(&self) -> OwnedUserId {
        self.bot.user_id.clone()
    }

    /// The invoice page of a transaction, if pages are configured.
    pub fn page_link(&self, transaction_id: impl Display) -> Option<String> {
        self.page_address("t", transaction_id)
    }

    /// The same page as a widget beside a room's timeline, if there is to be one.
    pub fn widget_link(&self, transaction_id: impl Display) -> Option<String> {
        self.page_address("widget", transaction_id).filter(|_| self.page.widget)
    }

    /// Where a link's token lets somebody in, if pages are configured.
    pub fn signed_link(&self, token: impl Display) -> Option<String> {
        self.page_address("l", token)
    }

    fn page_address(&self, kind: &str, name: impl Display) -> Option<String> {
        let base = self.page.url.as_ref()?;
        Some(format!("{}/{kind}/{name}", text::without_slash(base)))
    }
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(
        "",
        error.to_string(),
        "a readable YAML file",
        "copy config.example.yaml to this place, or name your file with --config",
    )
}
