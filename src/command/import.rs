//! `tallyroom import`: submits transactions from files, like the API.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use ulid::Ulid;

use super::{open_store, system_user};
use crate::config::Config;
use crate::invoice::{Limits, OriginalKind, Problem, Strictness};
use crate::quota::run_blocking;
use crate::store::{Created, NewRevision, Original, Store};
use crate::transaction::{Accompaniment, Submission};

/// The files and the data that belongs to them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The shop that owns the transactions. `None` means the first shop of the config.
    pub shop: Option<String>,
    /// The shop's own id of the transaction. It is allowed with one file only.
    pub external_id: Option<String>,
    /// The status of all transactions.
    pub status: Option<String>,
    /// The tag of the language of what the bot writes in the rooms of all transactions.
    pub language: Option<String>,
    /// The Matrix IDs of the buyer's contacts.
    pub buyer: Vec<String>,
    /// The Matrix IDs of the seller's contacts.
    pub seller: Vec<String>,
    /// The files: UBL, CII, PDFs that carry one of them, or JSON.
    pub files: Vec<PathBuf>,
}

/// Imports every valid file and prints a line for each file.
///
/// # Errors
/// If the database cannot be opened, or at the end if a file was refused.
pub async fn run(config: &Config, request: Request) -> anyhow::Result<()> {
    if request.external_id.is_some() && request.files.len() != 1 {
        bail!("--external-id names one transaction; use it with exactly one file");
    }
    let limits = &config.invoice.limits;
    let store = open_store(config).await?;
    let shop = choose_shop(config, &store, request.shop.as_deref()).await?;
    let strictness = config.strictness_of_shop(&shop);
    let mut refused = 0;
    for file in &request.files {
        match import(&store, (&shop, strictness, limits), &request, file).await {
            Ok(line) => println!("{line}"),
            Err(error) => {
                refused += 1;
                println!("{}: refused\n{error:#}", file.display());
            }
        }
    }
    store.close().await;
    if refused > 0 {
        bail!("{refused} of {} files were refused and not stored", request.files.len());
    }
    Ok(())
}

async fn import(
    store: &Store,
    (shop, strictness, limits): (&str, Strictness, &Limits),
    request: &Request,
    file: &Path,
) -> anyhow::Result<String> {
    let bytes = tokio::fs::read(file).await.context("  the file cannot be read")?;
    let is_json = OriginalKind::of(&bytes) == OriginalKind::Json;
    let accompaniment =
        if is_json { Accompaniment::default() } else { accompaniment(request, file)? };
    let bytes: Arc<[u8]> = bytes.into();
    let limits = limits.clone();
    let input = Arc::clone(&bytes);
    let accepted = run_blocking(move || {
        let submission = match is_json {
            true => Submission::from_json_within(&input, &limits),
            false => Submission::from_file_within(&input, accompaniment, &limits),
        }?;
        // Of JSON, the invoice is kept if there are files in it.
        let kept = submission.invoice.to_keep().ok().flatten().filter(|_| is_json);
        Ok((submission.accept()?.judged(strictness)?, kept))
    });
    let (accepted, kept) = accepted.await?.map_err(error_of)?;
    let kept = if is_json { kept.as_deref() } else { Some(&*bytes) };
    let original =
        kept.map(|bytes| Original { media_type: OriginalKind::of(bytes).media_type(), bytes });
    let new = NewRevision { terms: &accepted.terms, warnings: &accepted.warnings, original };
    let correlation = format!("import-{}", Ulid::new());
    let external_id = &accepted.external_id;
    let (id, outcome) = match store
        .create_transaction(shop, external_id, new, &correlation, &system_user::origin())
        .await?
    {
        Created::New(id) => (id, "imported as"),
        Created::Same(id) => (id, "already exists as"),
        Created::Different(id) => bail!(
            "  the external id {external_id:?} belongs to transaction {id}, which has other \
                 content; choose another id with --external-id"
        ),
    };
    let invoice = &accepted.terms.invoice;
    Ok(format!(
        "{}: {outcome} {id}, external id {external_id:?}, invoice {} over {} {}",
        file.display(),
        invoice.number,
        invoice.currency,
        invoice.totals.with_vat
    ))
}

/// Returns the data that an XML or PDF file does not contain: the contacts, the status, the language and
/// the external id. The default of the external id is the name of the file, since different sellers may use the
/// same invoice number.
fn accompaniment(request: &Request, file: &Path) -> anyhow::Result<Accompaniment> {
    let external_id = match &request.external_id {
        Some(id) => Some(id.clone()),
        None => file.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
    };
    let contacts = |role: &'static str, ids: &[String]| {
        ids.iter().map(move |id| (role.to_owned(), id.clone())).collect::<Vec<_>>()
    };
    let fields = contacts("buyer", &request.buyer)
        .into_iter()
        .chain(contacts("seller", &request.seller))
        .chain(request.status.clone().map(|status| ("status".to_owned(), status)))
        .chain(request.language.clone().map(|tag| ("language".to_owned(), tag)))
        .chain(external_id.map(|id| ("external_id".to_owned(), id)));
    Accompaniment::from_fields(fields).map_err(error_of)
}

/// Returns the named shop if the config has it or a key was made for it, and without a name the first shop of the
/// config.
async fn choose_shop(
    config: &Config,
    store: &Store,
    named: Option<&str>,
) -> anyhow::Result<String> {
    let known: Vec<_> = config.api.keys.iter().map(|key| key.shop.as_str()).collect();
    match named {
        Some(shop) if known.contains(&shop) || store.has_api_key_of(shop).await? => {
            Ok(shop.to_owned())
        }
        Some(shop) => bail!(
            "no key belongs to the shop {shop:?}; the shops under api.keys are {known:?}, and \
             `tallyroom key create` makes a key for another one"
        ),
        None => match known.first() {
            Some(shop) => Ok((*shop).to_owned()),
            None => bail!("api.keys is empty; name a shop with --shop"),
        },
    }
}

fn error_of(problems: Vec<Problem>) -> anyhow::Error {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| match problem.pointer.as_str() {
            "" => format!("  {}", problem.detail),
            pointer => format!("  {pointer}: {}", problem.detail),
        })
        .collect();
    anyhow::anyhow!(lines.join("\n"))
}
