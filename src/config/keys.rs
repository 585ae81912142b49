//! The table of all keys of the config file: what each key allows, for validation and error
//! messages.
//!
//! To add a key, add its field and its default to `sections`, a row to [`KEYS`], and the key with a
//! comment and the default to `config.example.yaml`. The tests of `config` name each place that is
//! missing. A list also needs an entry in [`LISTS`]. A secret also needs an entry in [`is_secret`]
//! and in `Config::has_secrets_in`, and a relative path a line in `Config::of_text`; no test names
//! these.

use std::fmt;

use serde_json::Value;

use crate::invoice::Limits;
use crate::language::Language;

/// A key of the config file.
pub(super) struct Key {
    path: &'static str,
    pub(super) allowed: Allowed,
    /// How to fix the most frequent mistake.
    pub(super) fix: &'static str,
}

/// The values that a key allows.
#[derive(Clone, Copy)]
pub(super) enum Allowed {
    /// A description. The type of the field or a check in `validate` enforces it.
    Text(&'static str),
    /// A number from 1 to this one.
    Number(u64),
    /// Null, or a number from 1 to this one.
    NumberOrNull(u64),
    /// The tag of a language for which there are texts, with or without a region.
    Language,
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(highest) => write!(f, "a number from 1 to {highest}"),
            Self::NumberOrNull(highest) => write!(f, "null, or a number from 1 to {highest}"),
            Self::Language => {
                let tags = Language::ALL.map(Language::tag);
                let (last, others) = tags.split_last().unwrap_or((&"", &[]));
                let others = others.join(", ");
                write!(f, "a language tag that begins with {others} or {last}, such as en or de-AT")
            }
        }
    }
}

const fn key(path: &'static str, allowed: &'static str, fix: &'static str) -> Key {
    Key { path, allowed: Allowed::Text(allowed), fix }
}

const TEXT_FIX: &str = "write a text, or lines such as `en: …` and `de: …` under it";
const DAYS: &str = "a list of at most 5 numbers from 1 to 60";
const DAYS_FIX: &str = "write a list such as [7], or leave the key out";
const QUESTION: &str = "a text of 1 to 200 characters";
const QUESTION_FIX: &str = "write a question that your buyers often ask";

const fn language(path: &'static str) -> Key {
    Key { path, allowed: Allowed::Language, fix: "write one of these languages, such as en" }
}

const fn number(path: &'static str, highest: u64, fix: &'static str) -> Key {
    Key { path, allowed: Allowed::Number(highest), fix }
}

/// A key under `invoice.limits`. The greatest value stands beside the default, in `src/invoice/limits.rs`.
macro_rules! limit {
    ($name:ident) => {
        number(
            concat!("invoice.limits.", stringify!($name)),
            Limits::HIGHEST.$name as u64,
            "write a number, or leave the key out for the default",
        )
    };
}

const LISTEN: &str = "an IP address and a port, such as 127.0.0.1:9330 or [::1]:9330";
const LISTEN_FIX: &str = "write the address instead of a host name; 0.0.0.0 means all interfaces";
const RULES: &str = "warn | refuse";
const RULES_FIX: &str = "write warn to take in invoices that break a rule, or refuse";
const WEBHOOK_SECRET: &str = "whsec_ and 24 to 64 random bytes in Base64";
const WEBHOOK_SECRET_FIX: &str = "generate one with `echo whsec_$(openssl rand -base64 32)`";
const STATUSES: &str = "a list of draft, issued, partly_paid, paid, overdue, disputed, accepted, shipped, \
     completed, credited, refunded, cancelled and written_off; as JSON in the environment";
const STATUS: &str = "draft | issued | partly_paid | paid | overdue | disputed | accepted | shipped | \
     completed | credited | refunded | cancelled | written_off";
const COLOUR: &str = "a colour with six hexadecimal digits, such as #14605a";
const COLOUR_FIX: &str = "write it in quotes, such as \"#14605a\", because # begins a comment";
const TRUE_OR_FALSE: &str = "true | false";
const TRUE_OR_FALSE_FIX: &str = "write true or false, without quotes";

/// All keys that hold a value. `[]` stands for an index in a list.
const KEYS: &[Key] = &[
    key(
        "homeserver.url",
        "an http:// or https:// URL with host and port only",
        "write the URL of the client-server API, such as http://127.0.0.1:8008",
    ),
    key(
        "homeserver.domain",
        "the homeserver's server_name, such as example.org or example.org:8448",
        "write the part after the colon in its user ids, without https:// and without a path",
    ),
    key("appservice.listen", LISTEN, LISTEN_FIX),
    key(
        "appservice.url",
        "an http:// or https:// URL with host and port only",
        "write the URL at which the homeserver reaches Tallyroom, such as http://127.0.0.1:9330",
    ),
    key(
        "appservice.registration",
        "the path of a file",
        "write the path of the registration file, such as registration.yaml",
    ),
    key(
        "bot.display_name",
        "a text of 1 to 256 characters",
        "write a name; put it in quotes if it looks like a number",
    ),
    key(
        "bot.admins",
        "a list of at most 20 Matrix IDs",
        "write a list such as [\"@ops:example.org\"]; without admins, write []",
    ),
    key("bot.admins[]", "a Matrix ID", "write a Matrix ID in quotes, such as \"@ops:example.org\""),
    key("api.listen", LISTEN, LISTEN_FIX),
    Key {
        path: "api.requests_per_minute",
        allowed: Allowed::NumberOrNull(1_000_000),
        fix: "write null for no limit",
    },
    Key {
        path: "api.keep_audit_days",
        allowed: Allowed::NumberOrNull(36_500),
        fix: "write null to keep all lines",
    },
    Key {
        path: "api.keep_events_days",
        allowed: Allowed::NumberOrNull(36_500),
        fix: "write null to keep all events",
    },
    number("api.exports_at_once", 16, "write a number, such as 2"),
    number("api.bodies_megabytes", 100_000, "write a number of megabytes, such as 400"),
    key(
        "api.cors_origins",
        "a list of origins; as JSON in the environment",
        "write a list such as [\"https://shop.example.org\"], or [] for none",
    ),
    key(
        "api.cors_origins[]",
        "an origin: http:// or https://, a host, and a port if it is not the default port",
        "write the beginning of the page's URL, such as https://shop.example.org",
    ),
    key(
        "api.keys",
        "a list of sections with the keys shop and key; as JSON in the environment",
        "write one `- shop: NAME` with `key: KEY` under it for each key, or [] for none",
    ),
    key(
        "api.keys[]",
        "a section with the keys shop and key, and language and rules if wanted",
        "give both shop and key",
    ),
    key(
        "api.keys[].shop",
        "a text of 1 to 64 letters, digits, `-`, `_` and `.`",
        "write the shop's short name; put it in quotes if it is a number",
    ),
    key(
        "api.keys[].key",
        "a text of at least 16 printable ASCII characters without spaces",
        "generate one with `openssl rand -hex 32`; put it in quotes if it has only digits",
    ),
    language("api.keys[].language"),
    key("api.keys[].rules", RULES, RULES_FIX),
    key("invoice.rules", RULES, RULES_FIX),
    limit!(file_megabytes),
    limit!(code_chars),
    limit!(text_chars),
    limit!(long_text_chars),
    limit!(rows),
    limit!(notes_or_accounts),
    limit!(elements),
    limit!(xml_depth),
    limit!(xml_attributes),
    limit!(xml_namespaces),
    limit!(xml_tag_bytes),
    limit!(xml_text_bytes),
    limit!(pdf_streams),
    limit!(pdf_structure_bytes),
    limit!(pdf_attachments),
    limit!(pdf_list_depth),
    key(
        "status.names",
        "a list of sections with the keys name and means; as JSON in the environment",
        "write one `- name: WORD` with `means: STATUS` under it for each, or [] for none",
    ),
    key("status.names[]", "a section with the keys name and means", "give both name and means"),
    key(
        "status.names[].name",
        "a text of 1 to 40 characters",
        "write the shop's word for the status",
    ),
    key("status.names[].means", STATUS, "write one of these"),
    key(
        "status.names[].shop",
        "the name of a shop, or nothing for all shops",
        "write the name of one of the shops, or leave the key out",
    ),
    key("status.buyer", STATUSES, "write a list such as [accepted, disputed], or [] for no button"),
    key("status.buyer[]", STATUS, "write one of these"),
    key("status.seller", STATUSES, "write a list such as [shipped, paid], or [] for no button"),
    key("status.seller[]", STATUS, "write one of these"),
    key("status.closing", STATUSES, "write a list such as [completed, cancelled], or [] for never"),
    key("status.closing[]", STATUS, "write one of these"),
    key(
        "database.url",
        "sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE",
        "write sqlite:tallyroom.db for a file, or the URL of a PostgreSQL database",
    ),
    number("database.max_connections", 100, "write a number, such as 8"),
    key(
        "rooms.version",
        "null, or a room version that Tallyroom supports: \"1\" to \"12\"",
        "write null for the homeserver's default, or a version such as \"12\"",
    ),
    key(
        "rooms.type",
        "null, or the m.room.create type as text, but not m.space",
        "write null for an ordinary room",
    ),
    key("rooms.federate", TRUE_OR_FALSE, TRUE_OR_FALSE_FIX),
    key(
        "rooms.history_visibility",
        "shared | invited | joined",
        "write one of these; world_readable would show invoices to anyone",
    ),
    key("rooms.guest_access", "forbidden | can_join", "write one of these"),
    key("rooms.removed_contacts", "remove | keep", "write one of these"),
    key("rooms.create", "on_transaction | on_first_message", "write one of these"),
    number("rooms.parallel", 64, "write a number, such as 8"),
    key(
        "page.url",
        "null, or an http:// or https:// URL with host and port only",
        "write the base URL of the invoice page, such as https://pay.example.org, or null for none",
    ),
    key("page.listen", LISTEN, LISTEN_FIX),
    language("page.language"),
    key(
        "page.time_zone",
        "the name of an IANA time zone that this machine knows, such as Europe/Berlin or UTC",
        "correct the name; if it is correct, install the time zone database (tzdata)",
    ),
    key(
        "page.fonts",
        "null, or the path of a folder with TrueType or OpenType files",
        "write the path of the folder, or null for the typefaces of the system only",
    ),
    number("page.link_days", 3_650, "write a number, such as 90"),
    number("page.open_pages", 8_000, "write a number, such as 20"),
    number("page.messages_per_minute", 6_000, "write a number, such as 60"),
    number(
        "page.upload_megabytes_per_hour",
        1_000_000,
        "write a number of megabytes, such as 1000",
    ),
    key("page.widget", TRUE_OR_FALSE, TRUE_OR_FALSE_FIX),
    key("page.web_push", TRUE_OR_FALSE, TRUE_OR_FALSE_FIX),
    key(
        "page.push_networks",
        "a list of IP addresses and networks; as JSON in the environment",
        "write a list such as [\"10.1.0.0/16\"], or [] for none",
    ),
    key(
        "page.push_networks[]",
        "an IP address, or a network such as 10.1.0.0/16",
        "write the address or network of the push service, instead of its name",
    ),
    key(
        "page.widget_clients",
        "a list of origins; as JSON in the environment",
        "write a list such as [\"https://app.element.io\"], or [] for none",
    ),
    key(
        "page.widget_clients[]",
        "an origin: http:// or https://, a host, and a port if it is not the default port",
        "write the beginning of the client's URL, such as https://app.element.io",
    ),
    key(
        "page.openid",
        "a list of sections with the keys domain and url; as JSON in the environment",
        "write one `- domain: SERVER_NAME` with `url: URL` under it for each, or [] for none",
    ),
    key("page.openid[]", "a section with the keys domain and url", "give both domain and url"),
    key(
        "page.openid[].domain",
        "another homeserver's server_name, such as example.com, once",
        "write the part after the colon in its user ids; our own homeserver needs no entry",
    ),
    key(
        "page.openid[].url",
        "an http:// or https:// URL with host and port only",
        "write the URL of its federation API, such as https://matrix.example.com:8448",
    ),
    key(
        "page.sign_in",
        "a list of sections with the keys shop and key; as JSON in the environment",
        "write one `- shop: NAME` with `key: KEY` under it for each key, or [] for none",
    ),
    key("page.sign_in[]", "a section with the keys shop and key", "give both shop and key"),
    key(
        "page.sign_in[].shop",
        "the name of a shop under api.keys",
        "write the name of one of these shops",
    ),
    key(
        "page.sign_in[].key",
        "a text of at least 32 printable ASCII characters without spaces",
        "generate one with `openssl rand -hex 32`; put it in quotes if it has only digits",
    ),
    key(
        "page.pay_links",
        "a list of sections with the keys shop and url; as JSON in the environment",
        "write one `- shop: NAME` with `url: URL` under it for each shop, or [] for none",
    ),
    key("page.pay_links[]", "a section with the keys shop and url", "give both shop and url"),
    key(
        "page.pay_links[].shop",
        "the name of a shop under api.keys, once",
        "write the name of one of these shops",
    ),
    key(
        "page.pay_links[].url",
        "an https:// URL; behind the host, {transaction}, {external_id}, {number}, {amount}, {currency} and \
         {reference} may stand in it",
        "write the address of your payment provider, such as https://pay.example.org/{external_id}",
    ),
    key(
        "page.questions",
        "a list of sections with the keys shop, first, second and third; as JSON in the environment",
        "write one `- shop: NAME` with the three questions under it for each shop, or [] for ours",
    ),
    key(
        "page.questions[]",
        "a section with the keys shop, first, second and third",
        "give the shop and three questions",
    ),
    key(
        "page.questions[].shop",
        "the name of a shop under api.keys, once",
        "write the name of one of these shops",
    ),
    key("page.questions[].first", QUESTION, QUESTION_FIX),
    key("page.questions[].second", QUESTION, QUESTION_FIX),
    key("page.questions[].third", QUESTION, QUESTION_FIX),
    key(
        "shops",
        "a list of sections with the key shop, and others if wanted; as JSON in the environment",
        "write one `- shop: NAME` for each shop, with what it wants under it, or [] for none",
    ),
    key("shops[]", "a section with the key shop, and others if wanted", "give the shop"),
    key(
        "shops[].shop",
        "the name of a shop under api.keys, once",
        "write the name of one of these shops",
    ),
    key(
        "shops[].logo",
        "the path of a PNG, JPEG or WebP file of at most 65536 bytes, whose sides have 16 to 2000 pixels, and the \
         longer one at most 12 times as many as the other",
        "save the logo as a smaller PNG, and write its path, such as logo.png",
    ),
    key("shops[].accent", COLOUR, COLOUR_FIX),
    key("shops[].accent_dark", COLOUR, COLOUR_FIX),
    key(
        "shops[].notice",
        "a text of at most 300 characters, or one for each language by its tag",
        TEXT_FIX,
    ),
    key(
        "shops[].mail_name",
        "a text of 1 to 100 characters in one line",
        "write the name from whom mails are; put it in quotes if it looks like a number",
    ),
    key(
        "shops[].mail_reply_to",
        "an e-mail address",
        "write an address such as billing@shop.example.org",
    ),
    key(
        "shops[].mail_footer",
        "a text of at most 2000 characters, or one for each language by its tag",
        TEXT_FIX,
    ),
    key(
        "proxies.trusted",
        "a list of IP addresses and networks; as JSON in the environment",
        "write a list such as [\"127.0.0.1\", \"10.0.0.0/8\"], or [] for none",
    ),
    key(
        "proxies.trusted[]",
        "an IP address, or a network such as 10.0.0.0/8",
        "write the address from which your proxy reaches Tallyroom, instead of its name",
    ),
    key("record.sync", TRUE_OR_FALSE, TRUE_OR_FALSE_FIX),
    key("record.redactions", "honour | retain", "write one of these"),
    key(
        "record.signing_key",
        "the path of a file",
        "write the path of the file with the signing key, such as signing.key",
    ),
    number("record.sign_after_minutes", 10_080, "write a number, such as 60"),
    key(
        "record.witnesses",
        "a list of at most 8 addresses and rooms; as JSON in the environment",
        "write a list such as [\"https://witness.example.org/heads\"], or [] for none",
    ),
    key(
        "record.witnesses[]",
        "an address (http:// or https://, without user or password) or the id of a Matrix room",
        "write one such as https://witness.example.org/heads or !abc:example.org",
    ),
    key(
        "files.store",
        "the path of a folder, or s3://BUCKET or s3://BUCKET/PREFIX",
        "write a folder such as files, or a bucket of an S3-compatible store",
    ),
    number("files.max_megabytes", 10_000, "write a number, such as 100"),
    Key {
        path: "files.keep_days",
        allowed: Allowed::NumberOrNull(36_500),
        fix: "write null to keep files as long as the record",
    },
    key(
        "files.s3.endpoint",
        "null, or an http:// or https:// URL with host and port only",
        "write the URL of the store, or null for Amazon S3",
    ),
    key("files.s3.region", "the region's name", "write a name such as us-east-1"),
    key("files.s3.access_key_id", "null, or a text", "write the id of an access key"),
    key("files.s3.secret_access_key", "null, or a text", "write the secret of that access key"),
    key(
        "webhooks.endpoints",
        "a list of sections with the keys shop, url and secret; as JSON in the environment",
        "write one `- shop: NAME` with `url: URL` and `secret: SECRET` under it for each, or [] for none",
    ),
    key(
        "webhooks.endpoints[]",
        "a section with the keys shop, url and secret, and previous_secret and types if wanted",
        "give shop, url and secret",
    ),
    key(
        "webhooks.endpoints[].shop",
        "a text of 1 to 64 letters, digits, `-`, `_` and `.`",
        "write the shop's short name; put it in quotes if it is a number",
    ),
    key(
        "webhooks.endpoints[].url",
        "an https:// URL, or also http:// with webhooks.allow_http, without user, password and `#`; once for each shop",
        "write the whole address, such as https://shop.example.org/tallyroom",
    ),
    key("webhooks.endpoints[].secret", WEBHOOK_SECRET, WEBHOOK_SECRET_FIX),
    key("webhooks.endpoints[].previous_secret", WEBHOOK_SECRET, WEBHOOK_SECRET_FIX),
    key(
        "webhooks.endpoints[].types",
        "names of types of events, with commas between them",
        "write names such as entry.created,file.stored, or leave the key out for all types",
    ),
    key("webhooks.allow_http", TRUE_OR_FALSE, TRUE_OR_FALSE_FIX),
    key(
        "webhooks.allow_networks",
        "a list of IP addresses and networks; as JSON in the environment",
        "write a list such as [\"10.1.0.0/16\"], or [] for none",
    ),
    key(
        "webhooks.allow_networks[]",
        "an IP address, or a network such as 10.1.0.0/16",
        "write the address or network of the receiver, instead of its name",
    ),
    number("webhooks.parallel", 256, "write a number, such as 32"),
    number("webhooks.timeout_seconds", 60, "write a number of seconds, such as 15"),
    number("webhooks.keep_days", 365, "write a number of days, such as 30"),
    key(
        "mail.smtp",
        "null, or smtp:// or smtps://, USER:PASSWORD@ if needed, a host, and a port if needed",
        "write a URL such as smtp://127.0.0.1:25, or smtps://USER:PASSWORD@mail.example.org; in user and password, \
         write : as %3A, / as %2F and @ as %40",
    ),
    key(
        "mail.from",
        "null, or an e-mail address",
        "write the address of the sender, such as invoices@shop.example.org",
    ),
    key(
        "mail.replies",
        "null, or an e-mail address with at most 20 letters, digits, ., _ and - before the @",
        "write the address to which answers come back, such as replies@mail.shop.example.org",
    ),
    key(
        "mail.listen",
        "null, or an IP address of this machine and a port, such as 127.0.0.1:9333",
        "write an address that only this machine reaches: whoever reaches it may write as your contacts",
    ),
    number("mail.unread_minutes", 10_080, "write a number of minutes, such as 15"),
    key(
        "mail.quiet_hours",
        "null, or two times of day with - between them",
        "write the hours in quotes, such as \"21:00-07:00\"",
    ),
    key("mail.invite", TRUE_OR_FALSE, TRUE_OR_FALSE_FIX),
    key(
        "mail.reminders",
        "a list of sections with the keys shop, before_days and after_days; as JSON in the environment",
        "write one `- shop: NAME` with `before_days: [3]` or `after_days: [7]` under it for each, or [] for none",
    ),
    key(
        "mail.reminders[]",
        "a section with the key shop, and before_days, after_days or both",
        "give the shop, and when its buyers are reminded",
    ),
    key(
        "mail.reminders[].shop",
        "the name of a shop under api.keys, once",
        "write the name of a shop as under api.keys",
    ),
    key("mail.reminders[].before_days", DAYS, DAYS_FIX),
    key("mail.reminders[].after_days", DAYS, DAYS_FIX),
    key(
        "mail.texts",
        "a list of sections with the keys shop, mail, subject and opening; as JSON in the environment",
        "write one `- shop: NAME` with `mail: reminder` and `subject: …` or `opening: …` under it for each, or [] for none",
    ),
    key(
        "mail.texts[]",
        "a section with the keys shop and mail, and subject, opening or both",
        "give the shop, the kind of mail, and its texts",
    ),
    key(
        "mail.texts[].shop",
        "the name of a shop under api.keys, once for each kind of mail",
        "write the name of a shop as under api.keys",
    ),
    key(
        "mail.texts[].mail",
        "messages | invitation | reminder | late_reminder | link",
        "write one of these",
    ),
    key(
        "mail.texts[].subject",
        "a text of at most 150 characters in one line without HTML, in which {number}, {seller}, {buyer}, {amount} and \
         {due_date} may stand, or one for each language by its tag",
        TEXT_FIX,
    ),
    key(
        "mail.texts[].opening",
        "a text of at most 1000 characters without HTML, in which {number}, {seller}, {buyer}, {amount} and {due_date} may \
         stand, or one for each language by its tag",
        TEXT_FIX,
    ),
    key(
        "log.level",
        "off | error | warn | info | debug | trace, or such a level for a target: info,tallyroom=debug",
        "write a level, or several directives with commas between them",
    ),
    key("log.format", "text | json", "write one of these"),
];

/// The keys that have no useful default and must be set.
pub(super) const REQUIRED: &[&str] = &["homeserver.domain"];

/// A key whose value is a list. The default config does not show what its items look like.
pub(super) struct List {
    pub(super) path: &'static str,
    /// The keys of each item, each with a valid value. Empty if the items are texts.
    pub(super) item: &'static [(&'static str, &'static str)],
    /// Further keys that an item may have.
    pub(super) optional: &'static [&'static str],
    /// An example of the list as JSON, as it is written in an environment variable.
    pub(super) example: &'static str,
}

const SHOP_AND_KEY: &[(&str, &str)] = &[("shop", "replaced"), ("key", "replaced")];
const SHOP_AND_KEY_EXAMPLE: &str = r#"[{"shop":"example","key":"…"}]"#;

/// All keys whose value is a list.
pub(super) const LISTS: &[List] = &[
    List {
        path: "api.keys",
        item: SHOP_AND_KEY,
        optional: &["language", "rules"],
        example: SHOP_AND_KEY_EXAMPLE,
    },
    List {
        path: "api.cors_origins",
        item: &[],
        optional: &[],
        example: r#"["https://shop.example.org"]"#,
    },
    List {
        path: "status.names",
        item: &[("name", "replaced"), ("means", "issued")],
        optional: &["shop"],
        example: r#"[{"name":"in Mahnung","means":"overdue"}]"#,
    },
    List { path: "status.buyer", item: &[], optional: &[], example: r#"["disputed"]"# },
    List { path: "status.seller", item: &[], optional: &[], example: r#"["paid"]"# },
    List { path: "status.closing", item: &[], optional: &[], example: r#"["completed"]"# },
    List {
        path: "page.widget_clients",
        item: &[],
        optional: &[],
        example: r#"["https://app.element.io"]"#,
    },
    List {
        path: "page.openid",
        item: &[("domain", "replaced"), ("url", "http://replaced")],
        optional: &[],
        example: r#"[{"domain":"example.com","url":"https://matrix.example.com"}]"#,
    },
    List { path: "bot.admins", item: &[], optional: &[], example: r#"["@ops:example.org"]"# },
    List {
        path: "record.witnesses",
        item: &[],
        optional: &[],
        example: r#"["https://witness.example.org/heads"]"#,
    },
    List { path: "page.sign_in", item: SHOP_AND_KEY, optional: &[], example: SHOP_AND_KEY_EXAMPLE },
    List {
        path: "page.pay_links",
        item: &[("shop", "replaced"), ("url", "https://replaced")],
        optional: &[],
        example: r#"[{"shop":"example","url":"https://pay.example.org/{external_id}"}]"#,
    },
    List {
        path: "page.questions",
        item: &[("shop", "replaced"), ("first", "1"), ("second", "2"), ("third", "3")],
        optional: &[],
        example: r#"[{"shop":"example","first":"…?","second":"…?","third":"…?"}]"#,
    },
    List {
        path: "shops",
        item: &[("shop", "replaced")],
        optional: &[
            "logo",
            "accent",
            "accent_dark",
            "notice",
            "mail_name",
            "mail_reply_to",
            "mail_footer",
        ],
        example: r##"[{"shop":"example","logo":"logo.png","accent":"#14605a"}]"##,
    },
    List {
        path: "webhooks.endpoints",
        item: &[
            ("shop", "replaced"),
            ("url", "https://replaced"),
            ("secret", "whsec_cmVwbGFjZWQgcmVwbGFjZWQgcmVwbGFjZWQ="),
        ],
        optional: &["previous_secret", "types"],
        example: r#"[{"shop":"example","url":"https://shop.example.org/tallyroom","secret":"…"}]"#,
    },
    List { path: "page.push_networks", item: &[], optional: &[], example: r#"["10.1.0.0/16"]"# },
    List {
        path: "webhooks.allow_networks",
        item: &[],
        optional: &[],
        example: r#"["10.1.0.0/16"]"#,
    },
    List {
        path: "mail.reminders",
        item: &[("shop", "replaced")],
        optional: &["before_days", "after_days"],
        example: r#"[{"shop":"example","before_days":[3],"after_days":[1,14]}]"#,
    },
    List {
        path: "mail.texts",
        item: &[("shop", "replaced"), ("mail", "messages")],
        optional: &["subject", "opening"],
        example: r#"[{"shop":"example","mail":"reminder","opening":"…"}]"#,
    },
    List { path: "proxies.trusted", item: &[], optional: &[], example: r#"["127.0.0.1"]"# },
];

/// Returns the key at this path. An index in the path, as in `api.keys[0]`, can have any value.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    let mut general = String::with_capacity(path.len());
    let mut in_brackets = false;
    for letter in path.chars() {
        in_brackets = match letter {
            '[' => true,
            ']' => false,
            _ => in_brackets,
        };
        if !in_brackets || letter == '[' {
            general.push(letter);
        }
    }
    KEYS.iter().find(|key| key.path == general)
}

/// All numeric keys, each with its highest value. The lowest value is always 1.
pub(super) fn numbers() -> impl Iterator<Item = (&'static str, u64)> {
    KEYS.iter().filter_map(|key| match key.allowed {
        Allowed::Number(highest) | Allowed::NumberOrNull(highest) => Some((key.path, highest)),
        Allowed::Text(_) | Allowed::Language => None,
    })
}

/// Whether this is the name of a section or a key anywhere in the config file.
pub(super) fn is_name(word: &str) -> bool {
    KEYS.iter().any(|key| key.path.split('.').any(|name| name.trim_end_matches("[]") == word))
}

/// Returns a valid value for a path inside a list, which the default config does not contain. It is null for a key
/// that an item need not have.
pub(super) fn valid_item_value(path: &str) -> Value {
    let list = LISTS.iter().find(|list| path.starts_with(list.path));
    let name = path.rsplit('.').next().unwrap_or_default();
    if list.is_some_and(|list| list.optional.contains(&name)) {
        return Value::Null;
    }
    let keys = list.map(|list| list.item).unwrap_or_default();
    let key = keys.iter().find(|(key, _)| *key == name);
    Value::from(key.map_or("replaced", |(_, value)| value))
}

/// Whether the value at this path may be a secret and must not be shown.
pub(super) fn is_secret(path: &str) -> bool {
    ["api.keys", "page.sign_in", "files.s3", "webhooks.endpoints"]
        .iter()
        .any(|secret| path.starts_with(secret))
        || ["database.url", "mail.smtp"].contains(&path)
}

/// Returns the value as an error message shows it.
pub(super) fn displayed(path: &str, value: &Value) -> String {
    const MAX_DISPLAYED_CHARS: usize = 80;
    match value {
        Value::Object(_) => "a section".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        _ if is_secret(path) => "a value that is not shown, since it may be secret".to_owned(),
        // A URL with an `@` may contain a password.
        Value::String(text) if text.contains('@') => "a text that is not shown".to_owned(),
        Value::String(text) if text.chars().count() > MAX_DISPLAYED_CHARS => {
            let start: String = text.chars().take(MAX_DISPLAYED_CHARS).collect();
            format!("{start:?} and more")
        }
        Value::Null => "null (nothing)".to_owned(),
        other => other.to_string(),
    }
}

/// Returns the JSON pointer of a path such as `api.keys[0].shop`.
pub(super) fn pointer(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

/// Returns the path of a key inside a section.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Returns the paths of all leaves of a tree of sections.
pub(super) fn leaves(section: &str, tree: &Value) -> Vec<String> {
    match tree {
        Value::Object(keys) => {
            keys.iter().flat_map(|(name, value)| leaves(&join(section, name), value)).collect()
        }
        _ => vec![section.to_owned()],
    }
}

/// Returns the known name that a mistyped name probably means.
pub(super) fn closest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase().replace('-', "_");
    let max_distance = (typed.chars().count() / 3).clamp(1, 3);
    known
        .map(|name| {
            let is_start = typed.len() >= 4 && name.starts_with(&typed);
            (if is_start { 1 } else { strsim::levenshtein(&typed, name) }, name)
        })
        .filter(|(distance, _)| *distance <= max_distance)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{super::Config, *};

    #[test]
    fn the_table_has_every_key_of_the_config_and_no_other() {
        let tree = serde_json::to_value(Config::default()).unwrap();
        let leaves = leaves("", &tree);
        for path in &leaves {
            assert!(find(path).is_some(), "{path} is missing in KEYS of config/keys.rs");
        }
        for key in KEYS.iter().filter(|key| !key.path.contains("[]")) {
            let path = key.path;
            assert!(
                leaves.iter().any(|leaf| leaf == path),
                "{path} is in KEYS of config/keys.rs, but no section of config/sections.rs has it"
            );
        }
        for path in leaves.iter().filter(|path| tree.pointer(&pointer(path)).unwrap().is_array()) {
            assert!(
                LISTS.iter().any(|list| list.path == path),
                "{path} is missing in LISTS of config/keys.rs"
            );
        }
        for path in leaves.iter().filter(|path| tree.pointer(&pointer(path)).unwrap().is_number()) {
            assert!(
                numbers().any(|(number, _)| number == path),
                "{path} is a number: write it with number() in KEYS of config/keys.rs"
            );
        }
        for list in LISTS {
            assert!(
                tree.pointer(&pointer(list.path)).is_some_and(Value::is_array),
                "{}",
                list.path
            );
            assert!(serde_json::from_str::<Value>(list.example).is_ok_and(|it| it.is_array()));
            assert!(find(&format!("{}[12]", list.path)).is_some(), "{}", list.path);
            for name in list.item.iter().map(|(name, _)| name).chain(list.optional) {
                let path = format!("{}[12].{name}", list.path);
                assert!(find(&path).is_some(), "{path} is missing in KEYS of config/keys.rs");
            }
        }
        assert!(find("rooms.colour").is_none());
    }

    #[test]
    fn every_language_is_named() {
        let has = |text: &str, tag: &str| text.split([' ', ',', '.', '\n']).any(|word| word == tag);
        let example = include_str!("../../config.example.yaml");
        let (_, example) = example.split_once("The language for readers").unwrap();
        let (example, _) = example.split_once("language: en").unwrap();
        let page = include_str!("../../docs/page.md");
        let (_, page) = page.split_once("has these languages: ").unwrap();
        let (page, _) = page.split_once(". ").unwrap();
        for tag in Language::ALL.map(Language::tag) {
            assert!(has(&Allowed::Language.to_string(), tag), "{tag} is not named to operators");
            assert!(has(example, tag), "{tag} is missing at page.language in config.example.yaml");
            assert!(page.contains(&format!("(`{tag}`)")), "(`{tag}`) is missing in docs/page.md");
        }
    }

    #[test]
    fn a_mistyped_name_finds_the_intended_key() {
        let known = || ["history_visibility", "guest_access", "type", "federate"].into_iter();
        assert_eq!(closest("history_visiblity", known()), Some("history_visibility"));
        assert_eq!(closest("history-visibility", known()), Some("history_visibility"));
        assert_eq!(closest("typ", known()), Some("type"));
        assert_eq!(closest("history", known()), Some("history_visibility"));
        assert_eq!(closest("colour", known()), None);
    }
}
