//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tallyroom::command::{
    check, export, forget, generate_registration, import, link, problems, rederive, run, verify,
};
use tallyroom::config::Config;
use tallyroom::logging;
use tallyroom::page::link::LinkRequest;
use tallyroom::store::ErasureRequest;
use tallyroom::transaction::PartyRole;
use ulid::Ulid;

/// A Matrix room for every commercial transaction.
#[derive(Debug, Parser)]
#[command(version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Run(ConfigFile),
    /// Write the registration file that introduces Tallyroom to the homeserver.
    GenerateRegistration {
        #[command(flatten)]
        config: ConfigFile,
        /// Where to write it [default: appservice.registration of the config].
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Verify config, database, tokens and permissions; tell how to fix what is wrong.
    Check(ConfigFile),
    /// Hand in transactions from files: EN 16931 invoices in UBL or CII, or JSON.
    Import {
        #[command(flatten)]
        config: ConfigFile,
        /// Whose transactions they are [default: the first shop under api.keys].
        #[arg(long)]
        shop: Option<String>,
        /// The shop's own id; with one XML file only [default: the file's name without ending].
        #[arg(long)]
        external_id: Option<String>,
        /// Status, such as awaiting_payment; for XML files [default: open].
        #[arg(long)]
        status: Option<String>,
        /// Matrix ID of a contact of the buyer; for XML files, may be repeated.
        #[arg(long, value_name = "MATRIX_ID")]
        buyer: Vec<String>,
        /// Matrix ID of a contact of the seller; for XML files, may be repeated.
        #[arg(long, value_name = "MATRIX_ID")]
        seller: Vec<String>,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write everything about a transaction into a ZIP file that can be verified without us.
    Export {
        #[command(flatten)]
        config: ConfigFile,
        /// Where to write it [default: tallyroom-ID.zip here].
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// The transaction.
        transaction: Ulid,
    },
    /// Make a link to the invoice page of a transaction. Whoever has it is let in.
    Link {
        #[command(flatten)]
        config: ConfigFile,
        /// For whom its reader speaks: buyer or seller.
        #[arg(long, value_parser = party)]
        party: PartyRole,
        /// Name, e-mail or Matrix ID of the contact who gets it [default: the party as such].
        #[arg(long)]
        contact: Option<String>,
        /// For how many days it works [default: page.link_days of the config].
        #[arg(long)]
        days: Option<u32>,
        /// The transaction.
        transaction: Ulid,
    },
    /// Verify that records are whole; names the first entry of each that fails.
    Verify {
        #[command(flatten)]
        config: ConfigFile,
        /// Verify an exported bundle instead; needs neither config nor database.
        #[arg(long, value_name = "FILE", conflicts_with = "transactions")]
        bundle: Option<PathBuf>,
        /// A public key that heads may be signed with, beside the present one; may be repeated.
        #[arg(long, value_name = "KEY")]
        public_key: Vec<String>,
        /// A file with signed heads that somebody else holds, to compare with; may be repeated.
        /// Statements as JSON, one or several, or events from the room or a witness that hold them.
        #[arg(long, value_name = "FILE")]
        head: Vec<PathBuf>,
        /// Do not compare with the heads that stand in the rooms.
        #[arg(long, conflicts_with = "bundle")]
        offline: bool,
        /// Transactions [default: all].
        transactions: Vec<Ulid>,
    },
    /// Erase what a person said from all records; the records stay verifiable.
    Forget {
        #[command(flatten)]
        config: ConfigFile,
        /// Who asks for it; stays in the records, and is in exports.
        #[arg(long, value_name = "NAME", default_value = "operator")]
        by: String,
        /// Why; stays in the records, and is in exports.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Matrix ID.
        user: String,
    },
    /// List what could not be done and what was given up; exit code 1 if there is anything.
    Problems {
        #[command(flatten)]
        config: ConfigFile,
        /// Have it tried again instead of listing it.
        #[arg(long, conflicts_with = "json")]
        retry: bool,
        /// List it as JSON.
        #[arg(long)]
        json: bool,
        /// Most problems to list.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Transactions [default: all].
        transactions: Vec<Ulid>,
    },
    /// Run today's derivation over the stored raw events and tell what changes.
    Rederive {
        #[command(flatten)]
        config: ConfigFile,
        /// Only tell, write nothing.
        #[arg(long)]
        dry_run: bool,
        /// Transactions [default: all].
        transactions: Vec<Ulid>,
    },
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration file; the environment can override its keys (TALLYROOM__SECTION__KEY).
    #[arg(short, long, env = "TALLYROOM_CONFIG", default_value = "config.yaml")]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<Config> {
        // Variables that are not Unicode cannot be ours.
        let env = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Ok(Config::load(&self.config, env)?)
    }
}

fn party(text: &str) -> Result<PartyRole, &'static str> {
    PartyRole::from_text(text).ok_or("it must be buyer or seller")
}

#[tokio::main]
async fn main() -> ExitCode {
    logging::hide_payloads();
    match dispatch(CommandLine::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the one place where the program speaks up")]
            {
                eprintln!("tallyroom: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
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
        Command::Check(file) => check::run(&file.load()?, &file.config).await,
        Command::Import { config, shop, external_id, status, buyer, seller, files } => {
            let request = import::Request { shop, external_id, status, buyer, seller, files };
            import::run(&config.load()?, request).await
        }
        Command::Export { config, output, transaction } => {
            export::run(&config.load()?, transaction, output).await
        }
        Command::Link { config, party, contact, days, transaction } => {
            let expires_in = days.map(|days| i64::from(days) * 86_400);
            let request = LinkRequest { party, contact, expires_in };
            link::run(&config.load()?, transaction, &request).await
        }
        Command::Verify { bundle: Some(file), public_key, head, .. } => {
            let (public_keys, heads) = (public_key, head);
            verify::bundle(verify::BundleRequest { file, public_keys, heads })
        }
        Command::Verify { config, public_key, head, offline, transactions, .. } => {
            let (public_keys, heads) = (public_key, head);
            let request = verify::Request { transactions, public_keys, heads, offline };
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
        Command::Rederive { config, dry_run, transactions } => {
            rederive::run(&config.load()?, &transactions, dry_run).await
        }
    }
}
