//! `tallyroom rederive`: today's derivation over the stored raw events.

use std::collections::BTreeMap;

use ulid::Ulid;

use super::open_store;
use crate::config::Config;
use crate::record::chain::Evidence;
use crate::record::{Change, DERIVATION_VERSION, rederive};
use crate::store::{Deriving, Store};

/// Entries read in one go.
const PAGE: i64 = 500;
/// Transactions listed in one go.
const LIST: i64 = 500;
/// Letters shown of a value.
const SHOWN: usize = 160;

#[derive(Default)]
struct Report {
    entries: usize,
    changed: usize,
    erased: usize,
    fields: BTreeMap<&'static str, usize>,
}

/// Derives these records anew, or all, and prints what changes. Writes nothing on a dry run.
///
/// # Errors
/// When the database fails.
pub async fn run(config: &Config, transactions: &[Ulid], dry_run: bool) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let deriving = Deriving::of(config);
    let mut report = Report::default();
    if transactions.is_empty() {
        let mut last = None;
        loop {
            let ids = store.transaction_ids(last, LIST).await?;
            let Some(newest) = ids.last() else { break };
            last = Some(*newest);
            for id in ids {
                one_record(&store, &deriving, id, dry_run, &mut report).await?;
            }
        }
    }
    for id in transactions {
        one_record(&store, &deriving, *id, dry_run, &mut report).await?;
    }
    store.close().await;
    let fields: Vec<_> =
        report.fields.iter().map(|(field, count)| format!("{field} {count}")).collect();
    println!(
        "{} entries derived with version {DERIVATION_VERSION}: {} {} ({}), {} erased",
        report.entries,
        report.changed,
        if dry_run { "would change" } else { "changed" },
        if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") },
        report.erased
    );
    Ok(())
}

async fn one_record(
    store: &Store,
    deriving: &Deriving,
    id: Ulid,
    dry_run: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        // A snapshot for each page: nothing is held while the page is written back.
        let page = store.snapshot().await?.evidence(id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.entry.fixed.seq;
        for evidence in &page {
            one_entry(store, deriving, evidence, dry_run, report).await?;
        }
    }
}

async fn one_entry(
    store: &Store,
    deriving: &Deriving,
    evidence: &Evidence,
    dry_run: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    report.entries += 1;
    let Some(rederived) = rederive(evidence) else {
        report.erased += 1;
        return Ok(());
    };
    let fixed = &evidence.entry.fixed;
    for Change { field, before, after } in &rederived.changes {
        *report.fields.entry(field).or_default() += 1;
        let (before, after) = (shortened(before), shortened(after));
        println!("{} entry {}: {field}: {before} -> {after}", fixed.transaction, fixed.seq);
    }
    report.changed += usize::from(!rederived.changes.is_empty());
    let outdated = evidence.derivation != DERIVATION_VERSION;
    if !dry_run && (outdated || !rederived.changes.is_empty()) {
        store.update_derived(&rederived.entry, rederived.marker.as_deref(), deriving).await?;
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
