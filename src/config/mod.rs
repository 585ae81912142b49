//! The configuration: a YAML file that environment variables override, validated as a whole.

mod database_url;
mod draft;
mod environment;
mod errors;
mod keys;
mod mail_server;
mod mail_text;
mod namespace;
mod pay_link;
mod quiet_hours;
mod registration;
mod reply_address;
mod secret;
pub mod secret_files;
mod sections;
mod shops;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod validate;
mod webhook;
mod witness;
mod yaml;

use std::{fmt::Display, fs, io, path::Path, sync::Arc};

use jiff::tz::TimeZone;
use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};

use self::draft::Draft;
pub use self::{
    database_url::{DatabaseKind, DatabaseUrl, InvalidDatabaseUrl},
    errors::{ConfigErrors, Problem},
    mail_server::{Encryption, MailServer},
    mail_text::{MailText, TextOf},
    pay_link::PayLink,
    quiet_hours::QuietHours,
    registration::{Namespace, Namespaces, Registration},
    reply_address::ReplyAddress,
    secret::{PLACEHOLDER, Secret},
    sections::{
        ApiConfig, ApiKey, AppserviceConfig, BotConfig, CreateRooms, DatabaseConfig, FilesConfig,
        GuestAccess, HistoryVisibility, HomeserverConfig, InvoiceConfig, LogConfig, LogFormat,
        MailConfig, OpenIdServer, PageConfig, ProxiesConfig, Questions, RecordConfig, Reminders,
        RemovedContacts, RoomsConfig, S3Config, SignInKey, WebhookEndpoint, WebhooksConfig,
        name_of_key,
    },
    shops::{Colour, Ground, Logo, Shades, ShopLook, Words},
    template::filled,
    webhook::{new_webhook_secret, parse_webhook_url, webhook_signing_key},
    witness::Witness,
};
use crate::clock::now;
use crate::invoice::Strictness;
use crate::language::{LanguageTag, Locale};
use crate::transaction::{Standing, StatusRules, Transaction};

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The homeserver that we serve.
    pub homeserver: HomeserverConfig,
    /// How the homeserver reaches us.
    pub appservice: AppserviceConfig,
    /// The bot: the Matrix user as which we act.
    pub bot: BotConfig,
    /// The HTTP API for shops.
    pub api: ApiConfig,
    /// How invoices are taken in.
    pub invoice: InvoiceConfig,
    /// What the statuses of transactions mean, and who may set them.
    pub status: StatusRules,
    /// The database.
    pub database: DatabaseConfig,
    /// The properties of new rooms, and how they are created.
    pub rooms: RoomsConfig,
    /// The invoice page.
    pub page: PageConfig,
    /// The reverse proxies in front of us.
    pub proxies: ProxiesConfig,
    /// The look of each shop.
    pub shops: Vec<ShopLook>,
    /// How the conversation is recorded.
    pub record: RecordConfig,
    /// The files in the conversation.
    pub files: FilesConfig,
    /// Calls to shops that tell them of events.
    pub webhooks: WebhooksConfig,
    /// E-mail to contacts who have an address and no Matrix account.
    pub mail: MailConfig,
    /// The log.
    pub log: LogConfig,
}

impl Config {
    /// Reads the file, overrides its keys with the environment, and validates the result.
    ///
    /// Paths in the file are relative to its folder; the returned config has them resolved.
    ///
    /// # Errors
    /// All problems. The error shows no secret.
    pub fn load(
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        match fs::read_to_string(path) {
            Ok(text) => Self::of_text(&text, path, env),
            Err(error) => Err(ConfigErrors::new(path, vec![unreadable(&error)])),
        }
    }

    /// Does the same as [`Config::load`] with the text of the file at `path`.
    ///
    /// # Errors
    /// All problems. The error shows no secret.
    pub fn of_text(
        text: &str,
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut draft = Draft::new();
        let tree = yaml::parse(text).map_err(|problem| ConfigErrors::new(path, vec![problem]))?;
        draft.merge(tree);
        environment::apply(&mut draft, env);
        let mut config = draft.deserialize();
        let folder = path.parent().unwrap_or(Path::new(""));
        validate::validate(&mut config, folder, &mut draft);

        config.status.time_zone = TimeZone::get(&config.page.time_zone).unwrap_or(TimeZone::UTC);
        config.appservice.registration = folder.join(&config.appservice.registration);
        config.database.url = config.database.url.relative_to(folder);
        config.record.signing_key = folder.join(&config.record.signing_key);
        config.page.fonts = config.page.fonts.map(|fonts| folder.join(fonts));
        if !config.files.is_s3() {
            let files = folder.join(&config.files.store);
            config.files.store = files.to_string_lossy().into_owned();
        }
        draft.finish(path, config)
    }

    /// The Matrix ID of the bot.
    pub fn bot_user_id(&self) -> OwnedUserId {
        self.bot.user_id.clone()
    }

    /// Returns how a transaction stands at this moment.
    pub fn standing(&self, transaction: &Transaction) -> Standing {
        self.status.standing(transaction, self.status.date_at(now()))
    }

    /// Returns the language of what is written for everybody about a transaction: by the bot in its room, and in mails
    /// to whoever has not chosen one. The transaction's own goes before that of the shop.
    pub fn locale_of(&self, transaction: &Transaction) -> Locale {
        let of_shop = || Locale::negotiate(None, None, self.language_of_shop(&transaction.shop));
        transaction.terms.language.as_ref().map_or_else(of_shop, LanguageTag::locale)
    }

    /// Returns what happens to an invoice that breaks a rule and is submitted with this entry of `api.keys`.
    pub fn strictness(&self, entry: &ApiKey) -> Strictness {
        entry.rules.unwrap_or(self.invoice.rules)
    }

    /// Returns what happens to an invoice of `shop` that breaks a rule and is submitted without a key.
    pub fn strictness_of_shop(&self, shop: &str) -> Strictness {
        let own = self.api.keys.iter().filter(|it| it.shop == shop).find_map(|it| it.rules);
        own.unwrap_or(self.invoice.rules)
    }

    /// Returns the tag of the language for the transactions of `shop` that name none.
    fn language_of_shop(&self, shop: &str) -> &str {
        let own =
            self.api.keys.iter().filter(|it| it.shop == shop).find_map(|it| it.language.as_deref());
        own.unwrap_or(&self.page.language)
    }

    /// Returns the look of `shop`, if the config says anything of it.
    pub fn look(&self, shop: &str) -> Option<&ShopLook> {
        self.shops.iter().find(|it| it.shop == shop)
    }

    /// Returns what shops have below their mails, in all languages.
    pub fn mail_footers(&self) -> impl Iterator<Item = &str> {
        self.shops.iter().filter_map(|it| it.mail_footer.as_ref()).flat_map(Words::all)
    }

    /// Returns the logo with this name in its address.
    pub fn logo(&self, file_name: &str) -> Option<Arc<Logo>> {
        let logos = self.shops.iter().filter_map(|it| it.logo_file.as_ref());
        logos.into_iter().find(|it| it.file_name == file_name).cloned()
    }

    /// Returns the URL of a transaction's invoice page, or `None` if `page.url` is not set.
    pub fn page_link(&self, transaction_id: impl Display) -> Option<String> {
        self.page_url("t", transaction_id)
    }

    /// Returns the URL of the page as a widget for the room, or `None` if `page.url` is not set or
    /// `page.widget` is off.
    pub fn widget_link(&self, transaction_id: impl Display) -> Option<String> {
        self.page_url("widget", transaction_id).filter(|_| self.page.widget)
    }

    /// Returns the link that lets its reader in with this token, or `None` if `page.url` is not
    /// set.
    pub fn signed_link(&self, token: impl Display) -> Option<String> {
        self.page_url("l", token)
    }

    /// Returns the link that ends the mails to whom this token names, or `None` if `page.url` is not set.
    pub fn unsubscribe_link(&self, token: impl Display) -> Option<String> {
        self.page_url("u", token)
    }

    fn page_url(&self, kind: &str, name: impl Display) -> Option<String> {
        let base = self.page.url.as_ref()?;
        Some(format!("{}/{kind}/{name}", text::without_slash(base)))
    }
}

/// Whether a shop, or a key of a shop, can have this name: 1 to 64 letters, digits, `-`, `_` and `.`.
pub fn is_shop_name(text: &str) -> bool {
    const MAX_CHARS: usize = 64;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.len() <= MAX_CHARS && text.chars().all(is_allowed)
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(
        "",
        error.to_string(),
        "a readable YAML file",
        "copy config.example.yaml to this path, or give the path of your file with --config",
    )
}
