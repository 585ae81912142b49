//! `tallyroom verify`: verifies that records are complete and unchanged.

mod bundle;
mod record;
mod rooms;

pub use bundle::{BundleRequest, bundle};

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::Value;
use ulid::Ulid;

use self::record::Records;
use self::rooms::Rooms;
use super::open_store;
use crate::config::Config;
use crate::files::Vault;
use crate::record::chain::Outdated;
use crate::seal::{SigningKey, Trust, Verdict, heads_in};

/// The number of transactions that one query returns.
const TRANSACTIONS_PER_QUERY: i64 = 500;

/// The records to verify, and what they are compared with.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The transactions whose records are verified. An empty list means all transactions.
    pub transactions: Vec<Ulid>,
    /// The public keys that are trusted for signed heads, in addition to the current one.
    pub public_keys: Vec<String>,
    /// The files with signed heads that somebody else keeps.
    pub heads: Vec<PathBuf>,
    /// Whether to believe the acts that say that the database was restored from a backup.
    pub accept_restores: bool,
    /// Whether to skip the heads in the rooms, which need the homeserver.
    pub offline: bool,
}

/// Verifies records and prints a line for each.
///
/// # Errors
/// If a record fails, or if the database, the key or a file with heads cannot be read.
pub async fn run(config: &Config, request: &Request) -> anyhow::Result<()> {
    let trust = trusted_keys(config, &request.public_keys)?;
    let heads = read_heads(&request.heads)?;
    let store = open_store(config).await?;
    let mut records = Records {
        store: store.clone(),
        vault: Vault::open(&config.files)?,
        rooms: Rooms::connect(config, request.offline).await,
        trust,
        heads,
        sign_after: config.record.sign_after_ms(),
        seen: BTreeSet::new(),
    };
    let (mut verified, mut failed, mut not_compared) = (0, 0, 0);
    let mut ids = request.transactions.clone();
    let mut last = None;
    loop {
        if request.transactions.is_empty() {
            ids = store.transaction_ids(last, TRANSACTIONS_PER_QUERY).await?;
            last = ids.last().copied();
        }
        for id in &ids {
            verified += 1;
            match records.verify(*id).await {
                Ok(verdict) => {
                    not_compared += usize::from(verdict.in_room.is_none());
                    let fault = if let Some(outdated) = verdict.outdated {
                        Some(format!("at {}", outdated_message(outdated)))
                    } else {
                        unproven_restore(&verdict, request.accept_restores)
                    };
                    match fault {
                        None => println!("{id}: {}", summary(&verdict)),
                        Some(fault) => {
                            println!("{id}: FAILS {fault}");
                            failed += 1;
                        }
                    }
                }
                Err(failure) => {
                    println!("{id}: {failure}");
                    failed += 1;
                }
            }
        }
        if !request.transactions.is_empty() || ids.is_empty() {
            break;
        }
    }
    store.close().await;
    if let Some(why) = records.rooms.problem() {
        println!("not compared with the heads in the rooms: {why}");
    }
    if failed > 0 {
        bail!("{failed} of {verified} records fail");
    }
    if let Some(head) = records.unused_head() {
        bail!("--head contains a head of the transaction {head:?}, whose record was not verified");
    }
    println!(
        "{verified} records verified, {} of them compared with the room",
        verified - not_compared
    );
    Ok(())
}

/// Returns the given public keys and the one of our signing key.
fn trusted_keys(config: &Config, public_keys: &[String]) -> anyhow::Result<Trust> {
    let key = SigningKey::load(&config.record.signing_key, config.bot_user_id())?;
    let ours = key.map(|key| key.public_key().to_owned());
    let keys: Vec<_> = public_keys.iter().cloned().chain(ours).collect();
    if keys.is_empty() {
        bail!(
            "there is no signing key at {}; give the public key of the signed heads with \
             --public-key KEY",
            config.record.signing_key.display()
        );
    }
    Ok(Trust::Keys(keys))
}

/// Reads the signed heads from these files.
fn read_heads(files: &[PathBuf]) -> anyhow::Result<Vec<Value>> {
    let mut heads = Vec::new();
    for file in files {
        let name = file.display();
        let text =
            fs::read_to_string(file).with_context(|| format!("{name} (--head) cannot be read"))?;
        let found = heads_in(&text).map_err(|why| anyhow::anyhow!("{name} (--head): {why}"))?;
        heads.extend(found);
    }
    Ok(heads)
}

/// Returns the message about a record that is complete, but has entries that another version of the
/// derivation wrote.
fn outdated_message(Outdated { first, count }: Outdated) -> String {
    format!(
        "entry {first}: another version of Tallyroom wrote it, and this version derives it \
         differently ({count} such entries). Print the differences with `tallyroom rederive \
         --dry-run`, update the entries with `tallyroom rederive`, and verify again"
    )
}

/// Returns the fault of a record that lost signed heads in a restore from a backup, if that is not
/// accepted. Whoever can write to the database can add such an act, rewrite what the lost heads
/// covered, and leave the signing of it to a running Tallyroom.
fn unproven_restore(verdict: &Verdict, accept_restores: bool) -> Option<String> {
    let is_fault = verdict.lost > 0 && !accept_restores;
    is_fault.then(|| {
        format!(
            "because it does not match {} signed heads in it: according to one of its acts, they \
             were lost when the database was restored from a backup. What they covered may have \
             been rewritten. If you know of the restore, verify with --accept-restores",
            verdict.lost
        )
    })
}

/// Returns the line about a record that is complete and unchanged.
fn summary(verdict: &Verdict) -> String {
    let Verdict { head, erased, signed, adopted, unlinked, lost, .. } = verdict;
    let entries = match erased {
        0 => format!("complete and unchanged, {} entries", head.seq),
        erased => format!("complete and unchanged, {} entries, {erased} of them erased", head.seq),
    };
    let acts = match (head.acts, adopted) {
        (0, _) => {
            "revisions, files and erasures are not linked so far (start Tallyroom to link them)"
                .to_owned()
        }
        (acts, 0) => format!("{acts} acts"),
        (acts, adopted) => format!(
            "{acts} acts, {adopted} of them added later for the time before there were acts"
        ),
    };
    let signed = match signed {
        0 => "no head signed so far".to_owned(),
        seq => format!("signed up to {seq}"),
    };
    let room = match verdict.in_room {
        Some(seq) => format!("same as in the room up to {seq}"),
        None => "not compared with the room".to_owned(),
    };
    let mut parts = vec![entries, acts, signed, room];
    if *unlinked > 0 {
        parts.push(format!("{unlinked} files not linked so far"));
    }
    if *lost > 0 {
        parts.push(format!("restored from a backup, by which {lost} signed heads were lost"));
    }
    parts.push(format!("head {}", head.hash));
    parts.join("; ")
}

fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "an unknown date".to_owned(), |time| format!("{time:.0}"))
}
