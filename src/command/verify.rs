//! `tallyroom verify`: are the records whole?

use std::path::Path;

use anyhow::bail;
use ulid::Ulid;

use super::open_store;
use crate::config::Config;
use crate::export::check_bundle;
use crate::record::chain::{Fault, Outdated};
use crate::room::HEAD_STATE;
use crate::seal::{RecordCheck, SigningKey, Trust, Verdict};
use crate::store::Snapshot;

/// Entries read in one go.
const PAGE: i64 = 1_000;
/// Transactions listed in one go.
const LIST: i64 = 500;

/// Verifies the records of these transactions, or all, and prints a line for each.
///
/// # Errors
/// When a record fails, or the database or key cannot be read.
pub async fn run(
    config: &Config,
    transactions: &[Ulid],
    public_keys: &[String],
) -> anyhow::Result<()> {
    let key = SigningKey::load(&config.record.signing_key, config.bot_user_id())?;
    let keys: Vec<_> =
        public_keys.iter().cloned().chain(key.map(|key| key.public_key().to_owned())).collect();
    if keys.is_empty() {
        bail!(
            "there is no signing key at {}; give the public key that heads were signed with: \
             --public-key KEY",
            config.record.signing_key.display()
        );
    }
    let trust = Trust::Keys(keys);
    let store = open_store(config).await?;
    let mut failed = 0;
    let mut looked_at = 0;
    let mut ids = transactions.to_vec();
    let mut last = None;
    loop {
        if transactions.is_empty() {
            ids = store.transaction_ids(last, LIST).await?;
            last = ids.last().copied();
        }
        for id in &ids {
            looked_at += 1;
            let mut snapshot = store.snapshot().await?;
            if store.transaction(*id).await?.is_none() {
                println!("{id}: there is no such transaction");
                failed += 1;
                continue;
            }
            match verify(&mut snapshot, *id, &trust).await {
                Ok(Ok(verdict)) => match verdict.outdated {
                    None => println!("{id}: {}", in_words(&verdict)),
                    Some(outdated) => {
                        println!("{id}: FAILS at {}", to_derive_again(outdated));
                        failed += 1;
                    }
                },
                Ok(Err(fault)) => {
                    println!("{id}: FAILS at {fault}");
                    failed += 1;
                }
                Err(error) => {
                    println!("{id}: FAILS, can not be read: {error:#}");
                    failed += 1;
                }
            }
        }
        if !transactions.is_empty() || ids.is_empty() {
            break;
        }
    }
    store.close().await;
    if failed > 0 {
        bail!("{failed} of {looked_at} records fail");
    }
    println!("{looked_at} records verified");
    Ok(())
}

/// Verifies an exported bundle, offline. Without public keys, only that nothing was changed since
/// somebody sealed it.
///
/// # Errors
/// The first thing that does not fit.
pub fn bundle(file: &Path, public_keys: Vec<String>) -> anyhow::Result<()> {
    let known = !public_keys.is_empty();
    let trust = if known { Trust::Keys(public_keys) } else { Trust::Any };
    let checked = match check_bundle(file, &trust) {
        Ok(checked) => checked,
        Err(error) => bail!("{}: FAILS: {error:#}", file.display()),
    };
    println!("{}: {}", checked.transaction, in_words(&checked.verdict));
    if let Some(Outdated { first, count }) = checked.verdict.outdated {
        println!(
            "{count} entries, the first of them {first}, were derived by another version of \
             Tallyroom, and this one would write them otherwise; they are as they were sealed"
        );
    }
    let sealed = time(checked.exported_at);
    if known {
        println!("sealed on {sealed} with the key {}, which you gave", checked.public_key);
    } else {
        println!(
            "sealed on {sealed} with the key {}; to know whose it is, compare it with the one in \
             the room (state event {HEAD_STATE}) and give it with --public-key",
            checked.public_key
        );
    }
    Ok(())
}

/// The inner result is what was found; the outer one is about the database.
async fn verify(
    snapshot: &mut Snapshot,
    id: Ulid,
    trust: &Trust,
) -> anyhow::Result<Result<Verdict, Fault>> {
    let head = snapshot.head(id).await?;
    let mut heads = Vec::new();
    for row in snapshot.signed_heads(id).await? {
        heads.push(serde_json::from_str(&row.signed).unwrap_or_default());
    }
    let mut check = match RecordCheck::new(&id.to_string(), &heads, trust) {
        Ok(check) => check,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut after = 0;
    loop {
        let page = snapshot.evidence(id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(check.finish(&head)) };
        after = last.entry.fixed.seq;
        for evidence in &page {
            if let Err(fault) = check.check(evidence) {
                return Ok(Err(fault));
            }
        }
    }
}

/// About a record that is whole but for what another version of the derivation wrote.
fn to_derive_again(Outdated { first, count }: Outdated) -> String {
    format!(
        "entry {first}: another version of Tallyroom wrote it, and this one would write it \
         otherwise ({count} such entries). See what differs with `tallyroom rederive --dry-run`, \
         mend it with `tallyroom rederive`, and verify again"
    )
}

/// One line about a record that is whole.
fn in_words(verdict: &Verdict) -> String {
    let Verdict { head, erased, signed, outdated: _ } = verdict;
    let erased = match erased {
        0 => String::new(),
        count => format!(", {count} of them erased"),
    };
    let signed = match *signed {
        0 => "nothing signed yet".to_owned(),
        seq => format!("signed up to {seq}"),
    };
    format!("{} entries{erased}, whole; {signed}; head {}", head.seq, head.hash)
}

fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "an unknown day".to_owned(), |time| format!("{time:.0}"))
}
