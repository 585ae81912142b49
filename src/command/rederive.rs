//! `tallyroom rederive`: derives the entries of records again from the stored raw events.

use std::collections::BTreeMap;

use ulid::Ulid;

use super::open_store;
use crate::config::Config;
use crate::record::chain::Evidence;
use crate::record::{Change, DERIVATION_VERSION, rederive};
use crate::store::{Deriving, Store};

/// The number of entries that one query returns.
const ENTRIES_PER_QUERY: i64 = 500;
/// The number of transactions that one query returns.
const TRANSACTIONS_PER_QUERY: i64 = 500;
/// The greatest number of characters of a value that are printed.
const MAX_VALUE_CHARS: usize = 160;

/// The numbers of entries that were derived, that change, and that are erased, and how often each
/// field changes.
#[derive(Default)]
struct Report {
    entries: usize,
    changed: usize,
    erased: usize,
    fields: BTreeMap<&'static str, usize>,
}

/// Derives the records of these transactions again and prints what changes. An empty list means all
/// transactions. A dry run writes nothing.
///
/// # Errors
/// If the database fails.
pub async fn run(config: &Config, transactions: &[Ulid], dry_run: bool) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let deriving = Deriving::of(config);
    let mut report = Report::default();
    if transactions.is_empty() {
        let mut last = None;
        loop {
            let ids = store.transaction_ids(last, TRANSACTIONS_PER_QUERY).await?;
            let Some(newest) = ids.last() else { break };
            last = Some(*newest);
            for id in ids {
                rederive_record(&store, &deriving, id, dry_run, &mut report).await?;
            }
        }
    }
    for id in transactions {
        rederive_record(&store, &deriving, *id, dry_run, &mut report).await?;
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

async fn rederive_record(
    store: &Store,
    deriving: &Deriving,
    id: Ulid,
    dry_run: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        // Each page is read in its own snapshot, so that no read transaction is open during the
        // writes.
        let page = store.snapshot().await?.evidence(id, after, ENTRIES_PER_QUERY).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.entry.fixed.seq;
        for evidence in &page {
            rederive_entry(store, deriving, evidence, dry_run, report).await?;
        }
    }
}

async fn rederive_entry(
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
    let is_outdated = evidence.derivation != DERIVATION_VERSION;
    if !dry_run && (is_outdated || !rederived.changes.is_empty()) {
        store.update_derived(&rederived.entry, rederived.marker.as_deref(), deriving).await?;
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
