//! `tallyroom import`: hands in transactions from files, as the API does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use ulid::Ulid;

use super::open_store;
use crate::config::Config;
use crate::invoice::Problem;
use crate::quota::run_blocking;
use crate::store::{Created, NewRevision, Original, Store};
use crate::transaction::{Accompaniment, Submission};

/// What goes with the files.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose transactions they are; the first shop of the config if left out.
    pub shop: Option<String>,
    /// For one file: the shop's own id.
    pub external_id: Option<String>,
    /// Status of all of them.
    pub status: Option<String>,
    /// Matrix IDs of the buyer's contacts.
    pub buyer: Vec<String>,
    /// Matrix IDs of the seller's contacts.
    pub seller: Vec<String>,
    /// UBL, CII or JSON.
    pub files: Vec<PathBuf>,
}

/// Imports every file it can, says one line about each, and fails if any could not be imported.
///
/// # Errors
/// When the database cannot be opened, or at the end if a file was refused.
pub async fn run(config: &Config, request: Request) -> anyhow::Result<()> {
    let shop = shop(config, request.shop.as_deref())?;
    if request.external_id.is_some() && request.files.len() != 1 {
        bail!("--external-id names one transaction: give it with exactly one file");
    }
    let store = open_store(config).await?;
    let mut refused = 0;
    for file in &request.files {
        match import(&store, &shop, &request, file).await {
            Ok(line) => println!("{line}"),
            Err(error) => {
                refused += 1;
                println!("{}: refused\n{error:#}", file.display());
            }
        }
    }
    store.close().await;
    if refused > 0 {
        bail!(
            "{refused} of {} files were refused; nothing of them was stored",
            request.files.len()
        );
    }
    Ok(())
}

async fn import(
    store: &Store,
    shop: &str,
    request: &Request,
    file: &Path,
) -> anyhow::Result<String> {
    let bytes = tokio::fs::read(file).await.context("  the file cannot be read")?;
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let with = if is_json { Accompaniment::default() } else { accompaniment(request, file)? };
    let bytes: Arc<[u8]> = bytes.into();
    let read = Arc::clone(&bytes);
    let accepted = run_blocking(move || {
        let submission = match is_json {
            true => Submission::from_json(&read),
            false => Submission::from_xml(&read, with),
        };
        submission.and_then(Submission::accept)
    });
    let accepted = accepted.await?.map_err(in_words)?;
    let original = Original { media_type: "application/xml", bytes: &bytes };
    let new = NewRevision {
        terms: &accepted.terms,
        warnings: &accepted.warnings,
        original: (!is_json).then_some(original),
    };
    let correlation = format!("import-{}", Ulid::new());
    let external_id = &accepted.external_id;
    let (id, word) = match store.create_transaction(shop, external_id, new, &correlation).await? {
        Created::New(id) => (id, "imported"),
        Created::Same(id) => (id, "there already"),
        Created::Different(id) => bail!(
            "  the external id {external_id:?} belongs to transaction {id}, which has other \
                 content; choose another one with --external-id"
        ),
    };
    let invoice = &accepted.terms.invoice;
    Ok(format!(
        "{}: {word} as {id}, external id {external_id:?}, invoice {} over {} {}",
        file.display(),
        invoice.number,
        invoice.currency,
        invoice.totals.with_vat
    ))
}

/// An XML file says everything but whom to reach and what the shop calls it: its file name, since
/// different sellers may use the same invoice number.
fn accompaniment(request: &Request, file: &Path) -> anyhow::Result<Accompaniment> {
    let external_id = match &request.external_id {
        Some(id) => Some(id.clone()),
        None => file.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
    };
    let people = |role: &'static str, ids: &[String]| {
        ids.iter().map(move |id| (role.to_owned(), id.clone())).collect::<Vec<_>>()
    };
    let fields = people("buyer", &request.buyer)
        .into_iter()
        .chain(people("seller", &request.seller))
        .chain(request.status.clone().map(|status| ("status".to_owned(), status)))
        .chain(external_id.map(|id| ("external_id".to_owned(), id)));
    Accompaniment::from_fields(fields).map_err(in_words)
}

fn shop(config: &Config, named: Option<&str>) -> anyhow::Result<String> {
    let known: Vec<_> = config.api.keys.iter().map(|key| key.shop.as_str()).collect();
    match named {
        Some(shop) if known.contains(&shop) => Ok(shop.to_owned()),
        Some(shop) => bail!("no key under api.keys is for the shop {shop:?}; known: {known:?}"),
        None => match known.first() {
            Some(shop) => Ok((*shop).to_owned()),
            None => bail!("api.keys names no shop yet: add one to the config"),
        },
    }
}

fn in_words(problems: Vec<Problem>) -> anyhow::Error {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| match problem.pointer.as_str() {
            "" => format!("  {}", problem.detail),
            pointer => format!("  {pointer}: {}", problem.detail),
        })
        .collect();
    anyhow::anyhow!(lines.join("\n"))
}
