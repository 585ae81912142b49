//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tallyroom::access::Scopes;
use tallyroom::command::{
    audit, check, check_invoice, convert_invoice, export, first_page, forget,
    generate_registration, import, key, link, mail_in, problems, rederive, run, verify, webhook,
};
use tallyroom::config::Config;
use tallyroom::event::EventId;
use tallyroom::language::Locale;
use tallyroom::link::LinkRequest;
use tallyroom::logging;
use tallyroom::store::{DeliveryState, ErasureRequest};
use tallyroom::transaction::PartyRole;
use ulid::Ulid;

const SECONDS_PER_DAY: i64 = 86_400;

/// A Matrix room for every commercial transaction.
#[derive(Debug, Parser)]
#[command(version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum InvoiceCommand {
    /// Check invoices by the rules of EN 16931, without config and database. The exit code is 0 if they
    /// break no rule, 1 if one does, and 2 if one would not be taken in.
    Check {
        /// Print one JSON object for each file.
        #[arg(long)]
        json: bool,
        /// UBL, CII, PDFs that carry one of them (Factur-X, ZUGFeRD 2), or JSON.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write an invoice in another form, without config and database. What the other form cannot say is told
    /// on the standard error.
    Convert {
        /// The form: ubl, cii, json or pdf.
        #[arg(long, value_name = "FORM", value_parser = convert_invoice::Target::parse)]
        to: convert_invoice::Target,
        /// The language of a PDF, such as de or de-AT [default: en].
        #[arg(long, value_name = "TAG", value_parser = convert_invoice::parse_language)]
        language: Option<Locale>,
        /// The file to write [default: the standard output].
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// UBL, CII, a PDF that carries one of them (Factur-X, ZUGFeRD 2), or JSON.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// List the webhooks of all shops, without the paths of their addresses.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the newest deliveries to a webhook.
    Deliveries(Deliveries),
    /// List the newest deliveries to a webhook that were given up.
    Dead(Deliveries),
    /// Send all dead deliveries again, or one that is over.
    Replay {
        /// The id of the webhook.
        webhook: Ulid,
        /// The id of one event, such as evt_00000000000z8 [default: all dead ones].
        #[arg(value_parser = webhook::parse_event)]
        event: Option<EventId>,
    },
}

#[derive(Debug, Args)]
struct Deliveries {
    /// The id of the webhook.
    webhook: Ulid,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The greatest number of deliveries, at most 100000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key, and print it. It is shown only now: Tallyroom keeps its SHA-256 and nothing else of it.
    Create {
        #[command(flatten)]
        key: NamedKey,
        /// What the key may be used for: read, write, links, events and audit, with commas between them.
        #[arg(long, value_name = "SCOPES")]
        scope: Scopes,
    },
    /// List the keys with their scopes and when they were last used. The keys themselves are never shown.
    List {
        /// List the keys as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key for ever. It opens nothing from then on, without a restart.
    Revoke {
        #[command(flatten)]
        key: NamedKey,
    },
}

#[derive(Debug, Args)]
struct NamedKey {
    /// The shop that the key opens.
    #[arg(long)]
    shop: String,
    /// The name of the key, such as the program that uses it. A shop gives each name once.
    #[arg(long)]
    name: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Run(ConfigFile),
    /// Write the registration file of the application service, which the homeserver loads.
    GenerateRegistration {
        #[command(flatten)]
        config: ConfigFile,
        /// The file to write [default: appservice.registration of the config].
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Work with invoice files.
    Invoice {
        #[command(subcommand)]
        command: InvoiceCommand,
    },
    /// Make, list and revoke the keys with which shops call the API.
    Key {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Show the webhooks and what became of the deliveries to them, and send deliveries again.
    Webhook {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Show who read, changed, exported, linked and erased what, by the API and by commands.
    Audit {
        #[command(flatten)]
        config: ConfigFile,
        /// Show only what was done to this transaction.
        #[arg(long, value_name = "ID")]
        transaction: Option<Ulid>,
        /// Show only what was done since a day (in UTC) or a time, such as 2026-11-01 or 2026-11-01T08:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = audit::parse_since)]
        since: Option<i64>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// The greatest number of lines, at most 100000; the newest are shown.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Check config, database, tokens and permissions, and print how to fix each problem.
    Check(ConfigFile),
    /// Submit transactions from files: EN 16931 invoices in UBL or CII, Factur-X and ZUGFeRD 2 PDFs,
    /// or JSON.
    Import {
        #[command(flatten)]
        config: ConfigFile,
        /// The shop that owns the transactions [default: the first shop under api.keys].
        #[arg(long)]
        shop: Option<String>,
        /// The shop's own id of the transaction; for one XML or PDF file only [default: the file's name
        /// without its extension].
        #[arg(long)]
        external_id: Option<String>,
        /// The status, such as awaiting_payment; for XML and PDF files [default: open].
        #[arg(long)]
        status: Option<String>,
        /// The language of what the bot writes in the rooms, such as de; for XML and PDF files [default: that of the shop].
        #[arg(long)]
        language: Option<String>,
        /// The Matrix ID of a contact of the buyer; for XML and PDF files, may be repeated.
        #[arg(long, value_name = "MATRIX_ID")]
        buyer: Vec<String>,
        /// The Matrix ID of a contact of the seller; for XML and PDF files, may be repeated.
        #[arg(long, value_name = "MATRIX_ID")]
        seller: Vec<String>,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write everything about a transaction into a ZIP file that can be verified independently.
    Export {
        #[command(flatten)]
        config: ConfigFile,
        /// The file to write [default: tallyroom-ID.zip in the current directory].
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Add the notes of one side that the shop may see. Give such a file to nobody but the shop.
        #[arg(long)]
        notes: bool,
        /// The id of the transaction.
        transaction: Ulid,
    },
    /// Create a link to the invoice page of a transaction. Anyone who has the link is let in.
    Link {
        #[command(flatten)]
        config: ConfigFile,
        /// The party that the reader of the link represents: buyer or seller.
        #[arg(long, value_parser = parse_party)]
        party: PartyRole,
        /// The name, e-mail address or Matrix ID of the contact who gets the link [default: no
        /// particular contact of the party].
        #[arg(long)]
        contact: Option<String>,
        /// The number of days for which the link works [default: page.link_days of the config].
        #[arg(long)]
        days: Option<u32>,
        /// The id of the transaction.
        transaction: Ulid,
    },
    /// Take in one mail from the standard input, which answers a mail of Tallyroom. The exit code is 0 if it is on the
    /// disk, 67 if there is no such receiver, 65 if it can never be taken in, and 75 if it is to be delivered again.
    MailIn {
        #[command(flatten)]
        config: ConfigFile,
        /// The sender in the envelope of the mail. Empty, or MAILER-DAEMON, if nobody is to answer it.
        #[arg(long, value_name = "ADDRESS")]
        sender: String,
        /// The receiver in the envelope of the mail.
        recipient: String,
    },
    /// Verify that records are complete and unchanged; print the first entry of each that fails.
    Verify {
        #[command(flatten)]
        config: ConfigFile,
        /// Verify an exported bundle instead. This needs neither config nor database.
        #[arg(long, value_name = "FILE", conflicts_with = "transactions")]
        bundle: Option<PathBuf>,
        /// A public key that is trusted for signed heads, in addition to the current one; may be
        /// repeated.
        #[arg(long, value_name = "KEY")]
        public_key: Vec<String>,
        /// A file with signed heads that somebody else keeps, to compare with; may be repeated. It
        /// contains one or more statements as JSON, or events of the room or from a witness with
        /// them.
        #[arg(long, value_name = "FILE")]
        head: Vec<PathBuf>,
        /// Believe the acts that say that the database was restored from a backup. Signed heads were
        /// lost by that, and what they covered may have been rewritten.
        #[arg(long)]
        accept_restores: bool,
        /// Do not compare with the heads in the rooms.
        #[arg(long, conflicts_with = "bundle")]
        offline: bool,
        /// The ids of the transactions [default: all].
        transactions: Vec<Ulid>,
    },
    /// Erase everything that a person wrote from all records. The records can still be verified.
    Forget {
        #[command(flatten)]
        config: ConfigFile,
        /// Who requests it. This is kept in the records and shown in exports.
        #[arg(long, value_name = "NAME", default_value = "operator")]
        by: String,
        /// The reason. This is kept in the records and shown in exports.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// The Matrix ID of the person.
        user: String,
    },
    /// List what failed and what was given up; the exit code is 1 if there is any problem.
    Problems {
        #[command(flatten)]
        config: ConfigFile,
        /// Retry the failed operations instead of listing them.
        #[arg(long, conflicts_with = "json")]
        retry: bool,
        /// List the problems as JSON.
        #[arg(long)]
        json: bool,
        /// The greatest number of problems to list.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// The ids of the transactions [default: all].
        transactions: Vec<Ulid>,
    },
    /// Draw the first page of a PDF from the standard input. The service starts this by itself.
    #[command(hide = true)]
    FirstPage,
    /// Derive all entries again from the stored raw events and print what changes.
    Rederive {
        #[command(flatten)]
        config: ConfigFile,
        /// Only print the changes, and write nothing.
        #[arg(long)]
        dry_run: bool,
        /// The ids of the transactions [default: all].
        transactions: Vec<Ulid>,
    },
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The config file. Environment variables can override its keys (TALLYROOM__SECTION__KEY).
    #[arg(short, long, env = "TALLYROOM_CONFIG", default_value = "config.yaml", global = true)]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<Config> {
        // All variables of Tallyroom are Unicode, so others are ignored.
        let env = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Ok(Config::load(&self.config, env)?)
    }
}

fn parse_party(text: &str) -> Result<PartyRole, &'static str> {
    PartyRole::from_text(text).ok_or("the party must be buyer or seller")
}

fn main() -> ExitCode {
    logging::hide_payloads();
    match CommandLine::parse().command {
        // It has no memory for the threads of the others.
        Command::FirstPage => first_page::run(),
        command => carry_out(command),
    }
}

#[tokio::main]
async fn carry_out(command: Command) -> ExitCode {
    match dispatch(command).await {
        Ok(code) => code,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the only place that prints the final error")]
            {
                eprintln!("tallyroom: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let done: anyhow::Result<()> = match command {
        Command::Invoice { command: InvoiceCommand::Check { json, files } } => {
            return Ok(check_invoice::run(&files, json));
        }
        Command::Invoice { command: InvoiceCommand::Convert { to, language, output, file } } => {
            convert_invoice::run(&file, to, language.as_ref(), output.as_deref())
        }
        Command::Run(file) => {
            let config = file.load()?;
            logging::start(&config.log)?;
            run::run(config, &file.config).await
        }
        Command::GenerateRegistration { config, output } => {
            let config = config.load()?;
            let output = output.unwrap_or_else(|| config.appservice.registration.clone());
            generate_registration::run(&config, &output)
        }
        Command::Key { config, command } => {
            let config = config.load()?;
            match command {
                KeyCommand::Create { key: NamedKey { shop, name }, scope } => {
                    key::create(&config, &shop, &name, &scope).await
                }
                KeyCommand::List { json } => key::list(&config, json).await,
                KeyCommand::Revoke { key: NamedKey { shop, name } } => {
                    key::revoke(&config, &shop, &name).await
                }
            }
        }
        Command::Webhook { config, command } => {
            let config = config.load()?;
            match command {
                WebhookCommand::List { json } => webhook::list(&config, json).await,
                WebhookCommand::Deliveries(Deliveries { webhook, json, limit }) => {
                    webhook::deliveries(&config, webhook, None, (json, limit)).await
                }
                WebhookCommand::Dead(Deliveries { webhook, json, limit }) => {
                    let state = Some(DeliveryState::Dead);
                    webhook::deliveries(&config, webhook, state, (json, limit)).await
                }
                WebhookCommand::Replay { webhook, event } => {
                    webhook::replay(&config, webhook, event).await
                }
            }
        }
        Command::Audit { config, transaction, since, json, limit } => {
            audit::run(&config.load()?, &audit::Request { transaction, since, json, limit }).await
        }
        Command::Check(file) => check::run(&file.load()?, &file.config).await,
        Command::Import { config, shop, external_id, status, language, buyer, seller, files } => {
            let request =
                import::Request { shop, external_id, status, language, buyer, seller, files };
            import::run(&config.load()?, request).await
        }
        Command::Export { config, output, notes, transaction } => {
            export::run(&config.load()?, transaction, output, notes).await
        }
        Command::Link { config, party, contact, days, transaction } => {
            let expires_in = days.map(|days| i64::from(days) * SECONDS_PER_DAY);
            let request = LinkRequest { party, contact, expires_in };
            link::run(&config.load()?, transaction, &request).await
        }
        Command::MailIn { config, sender, recipient } => {
            return Ok(mail_in::run(config.load(), &sender, &recipient).await);
        }
        Command::Verify { bundle: Some(file), public_key, head, accept_restores, .. } => {
            let (public_keys, heads) = (public_key, head);
            verify::bundle(verify::BundleRequest { file, public_keys, heads, accept_restores })
        }
        Command::Verify {
            config,
            public_key,
            head,
            accept_restores,
            offline,
            transactions,
            ..
        } => {
            let (public_keys, heads) = (public_key, head);
            let request =
                verify::Request { transactions, public_keys, heads, accept_restores, offline };
            verify::run(&config.load()?, &request).await
        }
        Command::Forget { config, by, reason, user } => {
            let asked = ErasureRequest::new(&by, reason.as_deref());
            forget::run(&config.load()?, &user, &asked).await
        }
        Command::Problems { config, retry, json, limit, transactions } => {
            let request = problems::Request { transactions, retry, json, limit };
            problems::run(&config.load()?, &request).await
        }
        Command::FirstPage => return Ok(first_page::run()),
        Command::Rederive { config, dry_run, transactions } => {
            rederive::run(&config.load()?, &transactions, dry_run).await
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}
