//! `tallyroom verify`: are the records whole, and is nothing changed in them?

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

/// Transactions listed in one go.
const LIST: i64 = 500;

/// What to verify, and by what.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Which records; all if it names none.
    pub transactions: Vec<Ulid>,
    /// Keys that heads may be signed with, beside the present one.
    pub public_keys: Vec<String>,
    /// Files with signed heads that somebody else holds.
    pub heads: Vec<PathBuf>,
    /// Do not ask the homeserver for the heads in the rooms.
    pub offline: bool,
}

/// Verifies records and prints a line for each.
///
/// # Errors
/// When a record fails, or the database, the key or a file with heads cannot be read.
pub async fn run(config: &Config, request: &Request) -> anyhow::Result<()> {
    let trust = trusted(config, &request.public_keys)?;
    let heads = read_heads(&request.heads)?;
    let store = open_store(config).await?;
    let mut records = Records {
        store: store.clone(),
        vault: Vault::open(&config.files)?,
        rooms: Rooms::of(config, request.offline).await,
        trust,
        heads,
        sign_after: config.record.sign_after_ms(),
        seen: BTreeSet::new(),
    };
    let (mut looked_at, mut failed, mut alone) = (0, 0, 0);
    let mut ids = request.transactions.clone();
    let mut last = None;
    loop {
        if request.transactions.is_empty() {
            ids = store.transaction_ids(last, LIST).await?;
            last = ids.last().copied();
        }
        for id in &ids {
            looked_at += 1;
            match records.verify(*id).await {
                Ok(verdict) => {
                    alone += usize::from(verdict.in_room.is_none());
                    match verdict.outdated {
                        None => println!("{id}: {}", in_words(&verdict)),
                        Some(outdated) => {
                            println!("{id}: FAILS at {}", to_derive_again(outdated));
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
        bail!("{failed} of {looked_at} records fail");
    }
    if let Some(head) = records.unused_head() {
        bail!("a head of --head is of {head}, of which no record was verified");
    }
    println!("{looked_at} records verified, {} of them against the room", looked_at - alone);
    Ok(())
}

fn trusted(config: &Config, public_keys: &[String]) -> anyhow::Result<Trust> {
    let key = SigningKey::load(&config.record.signing_key, config.bot_user_id())?;
    let ours = key.map(|key| key.public_key().to_owned());
    let keys: Vec<_> = public_keys.iter().cloned().chain(ours).collect();
    if keys.is_empty() {
        bail!(
            "there is no signing key at {}; give the public key that heads were signed with: \
             --public-key KEY",
            config.record.signing_key.display()
        );
    }
    Ok(Trust::Keys(keys))
}

/// The signed heads in these files.
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

/// About a record that is whole but for what another version of the derivation wrote.
fn to_derive_again(Outdated { first, count }: Outdated) -> String {
    format!(
        "entry {first}: another version of Tallyroom wrote it, and this one would write it \
         otherwise ({count} such entries). See what differs with `tallyroom rederive --dry-run`, \
         fix it with `tallyroom rederive`, and verify again"
    )
}

/// One line about a record that is whole.
fn in_words(verdict: &Verdict) -> String {
    let Verdict { head, erased, signed, adopted, unlinked, lost, .. } = verdict;
    let entries = match erased {
        0 => format!("{} entries, whole", head.seq),
        erased => format!("{} entries, {erased} of them erased, whole", head.seq),
    };
    let acts = match (head.acts, adopted) {
        (0, _) => "revisions, files and erasures are not linked yet (start Tallyroom)".to_owned(),
        (acts, 0) => format!("{acts} acts"),
        (acts, adopted) => format!("{acts} acts, {adopted} of them from before acts were kept"),
    };
    let signed = match signed {
        0 => "nothing signed yet".to_owned(),
        seq => format!("signed up to {seq}"),
    };
    let room = match verdict.in_room {
        Some(seq) => format!("as in the room up to {seq}"),
        None => "not compared with the room".to_owned(),
    };
    let mut words = vec![entries, acts, signed, room];
    if *unlinked > 0 {
        words.push(format!("{unlinked} files not linked yet"));
    }
    if *lost > 0 {
        words.push(format!("restored from a backup, by which {lost} signed heads were lost"));
    }
    words.push(format!("head {}", head.hash));
    words.join("; ")
}

fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "an unknown day".to_owned(), |time| format!("{time:.0}"))
}
