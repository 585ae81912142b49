//! Writes the members of a bundle in their order.

use std::collections::HashMap;
use std::io::Write;

use anyhow::Context;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use ulid::Ulid;

use super::archive::{Archive, Packing};
use super::contents::path_of_original;
use super::names::file_member;
use super::transcript::{self, About, Extent, Lines, is_hidden, shown_files};
use super::{Bundle, Exporter, MANIFEST, VERSION};
use crate::clock::now;
use crate::files::Found;
use crate::invoice::OriginalKind;
use crate::language::{Language, Locale};
use crate::logging::abnormal_end;
use crate::record::chain::{Evidence, Head};
use crate::record::{Ballots, Entry, Line, address_of, conversation};
use crate::seal::sign_head;
use crate::store::{FileRow, Note, Snapshot, StoreError};
use crate::transaction::Transaction;

const README: &str = include_str!("readme.txt");
/// The number of entries that are read from the database at a time.
const ENTRIES_PER_PAGE: i64 = 500;
/// The number of pages that are read before they are written.
const PAGES_AHEAD: usize = 2;

/// Writes the bundle of one record to `out`. All its content is from the same snapshot of the
/// database. The function blocks, so it must run on a thread of its own.
///
/// # Errors
/// When the database or the file store fails, or the bytes cannot be passed on.
pub(super) fn write<W: Write>(
    exporter: &Exporter,
    (id, bundle): (Ulid, Bundle),
    mut snapshot: Snapshot,
    out: W,
) -> anyhow::Result<W> {
    let runtime = Handle::current();
    let transaction = runtime
        .block_on(snapshot.transaction(id))?
        .with_context(|| format!("there is no transaction {id}"))?;
    let head = runtime.block_on(snapshot.head(id))?.unwrap_or_default();
    let exported_at = now();
    let mut archive = Archive::new(out, exported_at);
    archive.add("README.txt", Packing::Deflated, |out| Ok(out.write_all(README.as_bytes())?))?;

    write_transaction(&mut archive, &runtime, &mut snapshot, &transaction)?;
    let payments = runtime.block_on(snapshot.payments(id))?;
    archive.add("payments.json", Packing::Deflated, |out| write_json(out, &json!(payments)))?;
    if bundle == Bundle::RecordWithNotes {
        let notes = runtime.block_on(snapshot.notes(id))?;
        let listed = notes.iter().map(listed_note).collect();
        archive.add("notes.json", Packing::Deflated, |out| write_json(out, &listed))?;
    }
    write_acts(&mut archive, &runtime, &mut snapshot, id)?;
    let (record, mut snapshot) = write_entries(&mut archive, &runtime, snapshot, id)?;
    write_heads(&mut archive, &runtime, exporter, &mut snapshot, id, &head)?;
    let files = write_files(&mut archive, &runtime, exporter, &mut snapshot, id, &record.entries)?;
    let accounts = runtime.block_on(snapshot.accounts_of_guests(id))?;
    drop(snapshot);

    let today = exporter.status.date_at(exported_at);
    let standing = exporter.status.standing(&transaction, today);
    let about = About {
        extent: Extent::Record,
        // What surrounds it in the bundle is in English as well.
        locale: &Locale::of(Language::English),
        transaction: &transaction,
        standing: &standing,
        exported_at,
        head: &head.hash,
        entries: head.seq,
        public_key: exporter.key.public_key(),
        files: &files,
        ballots: &record.ballots,
        accounts: &accounts,
    };
    write_transcript(&mut archive, &about, &conversation(&record.entries))?;

    let manifest = exporter.key.sign(json!({
        "version": VERSION,
        "transaction": id.to_string(),
        "external_id": transaction.external_id,
        "exported_at": exported_at,
        "seq": head.seq,
        "hash": head.hash,
        "acts": head.acts,
        "acts_hash": head.acts_hash,
        "public_key": exporter.key.public_key(),
        "members": archive.members(),
    }))?;
    archive.add(MANIFEST, Packing::Deflated, |out| write_json(out, &manifest))?;
    archive.finish()
}

/// Writes the conversation to `out`, as the invoice page shows it: a transcript, and its files. It has nothing that the
/// page does not show, so it is for both sides; and it has no proof. It is in the language of `locale`. The function blocks
/// as [`write`] does.
///
/// # Errors
/// As [`write`].
pub(super) fn write_conversation<W: Write>(
    exporter: &Exporter,
    id: Ulid,
    mut snapshot: Snapshot,
    out: W,
    locale: &Locale,
) -> anyhow::Result<W> {
    let runtime = Handle::current();
    let transaction = runtime
        .block_on(snapshot.transaction(id))?
        .with_context(|| format!("there is no transaction {id}"))?;
    let head = runtime.block_on(snapshot.head(id))?.unwrap_or_default();
    let exported_at = now();
    let mut record = Record::default();
    loop {
        let after = record.entries.last().map_or(0, |entry| entry.fixed.seq);
        let page = runtime.block_on(snapshot.evidence(id, after, ENTRIES_PER_PAGE))?;
        if page.is_empty() {
            break;
        }
        page.into_iter().for_each(|evidence| record.add(evidence));
    }
    let accounts = runtime.block_on(snapshot.accounts_of_guests(id))?;
    let standing = exporter.status.standing(&transaction, exporter.status.date_at(exported_at));
    let without_files = HashMap::new();
    let mut about = About {
        extent: Extent::InvoicePage,
        locale,
        transaction: &transaction,
        standing: &standing,
        exported_at,
        head: &head.hash,
        entries: head.seq,
        public_key: exporter.key.public_key(),
        files: &without_files,
        ballots: &record.ballots,
        accounts: &accounts,
    };
    let mut lines = conversation(&record.entries);
    lines.retain(|line| line.entry.is_line());
    let shown = lines.iter().filter(|line| !is_hidden(&about, line));
    let named: HashMap<String, &str> = shown
        .flat_map(|line| shown_files(&about, line))
        .filter_map(|it| Some((it.source()?, it.name.as_str())))
        .collect();

    let mut archive = Archive::new(out, exported_at);
    let mut files = HashMap::new();
    for file in runtime.block_on(snapshot.files(id))? {
        let Some(name) = named.get(&file.mxc) else { continue };
        let Some(sha256) = file.sha256.filter(|_| file.state == "stored") else { continue };
        let path = file_member(&sha256, name);
        let is_there = archive.members().contains_key(&path)
            || write_file(&mut archive, &runtime, exporter, &path, &sha256)?.is_none();
        if is_there {
            files.insert(file.mxc, path);
        }
    }
    drop(snapshot);
    about.files = &files;
    write_transcript(&mut archive, &about, &lines)?;
    archive.finish()
}

fn write_transcript<W: Write>(
    archive: &mut Archive<W>,
    about: &About<'_>,
    conversation: &[Line<'_>],
) -> anyhow::Result<()> {
    archive.add("transcript.html", Packing::Deflated, |out| {
        out.write_all(transcript::head(about).as_bytes())?;
        let mut lines = Lines::new(about, conversation);
        for line in conversation {
            out.write_all(lines.next(line).as_bytes())?;
        }
        Ok(out.write_all(transcript::foot().as_bytes())?)
    })
}

fn write_json(out: &mut impl Write, value: &Value) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(out.write_all(b"\n")?)
}

/// Writes `transaction.json` and each revision of the invoice.
fn write_transaction<W: Write>(
    archive: &mut Archive<W>,
    runtime: &Handle,
    snapshot: &mut Snapshot,
    transaction: &Transaction,
) -> anyhow::Result<()> {
    let mut revisions = Vec::new();
    let mut after = 0;
    while let Some(revision) = runtime.block_on(snapshot.revision_after(transaction.id, after))? {
        let number = revision.revision;
        after = number;
        let path = format!("invoice/revision-{number}.json");
        archive.add(&path, Packing::Deflated, |out| write_json(out, &json!(revision)))?;
        let original = runtime.block_on(snapshot.original(transaction.id, number))?.map(|bytes| {
            let path = path_of_original(number, OriginalKind::of(&bytes));
            archive.add(&path, Packing::Deflated, |out| Ok(out.write_all(&bytes)?)).map(|()| path)
        });
        revisions.push(json!({
            "revision": number,
            "status": revision.status,
            "created_at": revision.created_at,
            "invoice": path,
            "original": original.transpose()?,
            "original_type": revision.original_type,
        }));
    }
    let Transaction { id, shop, external_id, terms, created_at, updated_at, .. } = transaction;
    let room_id = runtime.block_on(snapshot.room_id(*id))?;
    archive.add("transaction.json", Packing::Deflated, |out| {
        write_json(
            out,
            &json!({
                "id": id.to_string(),
                "shop": shop,
                "external_id": external_id,
                "status": terms.status,
                "created_at": created_at,
                "updated_at": updated_at,
                "room_id": room_id,
                "redactions": terms.redactions,
                "language": terms.language,
                "buyer": terms.buyer,
                "seller": terms.seller,
                "revisions": revisions,
            }),
        )
    })
}

/// The parts of the record that the transcript needs.
#[derive(Default)]
struct Record {
    entries: Vec<Entry>,
    ballots: Ballots,
}

impl Record {
    fn add(&mut self, evidence: Evidence) {
        if let Some(raw) = &evidence.raw {
            self.ballots.add(&evidence.entry, raw);
        }
        self.entries.push(evidence.entry);
    }
}

/// Writes `acts.jsonl`, page by page.
fn write_acts<W: Write>(
    archive: &mut Archive<W>,
    runtime: &Handle,
    snapshot: &mut Snapshot,
    id: Ulid,
) -> anyhow::Result<()> {
    archive.add("acts.jsonl", Packing::Deflated, |out| {
        let mut after = 0;
        loop {
            let page = runtime.block_on(snapshot.acts(id, after))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.act.number;
            for act in page {
                serde_json::to_writer(&mut *out, &act)?;
                out.write_all(b"\n")?;
            }
        }
    })
}

/// Writes `entries.jsonl`, page by page. The next pages are read while one is written.
fn write_entries<W: Write>(
    archive: &mut Archive<W>,
    runtime: &Handle,
    snapshot: Snapshot,
    id: Ulid,
) -> anyhow::Result<(Record, Snapshot)> {
    let (sender, mut pages) = mpsc::channel(PAGES_AHEAD);
    let reading = runtime.spawn_blocking({
        let runtime = runtime.clone();
        move || read_entries(&runtime, snapshot, id, &sender)
    });
    let record = archive.add("entries.jsonl", Packing::Deflated, |out| {
        let mut record = Record::default();
        while let Some(page) = pages.blocking_recv() {
            for evidence in page {
                serde_json::to_writer(&mut *out, &evidence)?;
                out.write_all(b"\n")?;
                record.add(evidence);
            }
        }
        Ok(record)
    })?;
    let read = runtime.block_on(reading).map_err(|error| abnormal_end(&error))?;
    // After a failure the bundle has no end.
    Ok((record, read?))
}

/// Reads the entries of a record and sends them page by page. Returns the snapshot when all are read,
/// or when nobody takes them any more.
fn read_entries(
    runtime: &Handle,
    mut snapshot: Snapshot,
    id: Ulid,
    pages: &mpsc::Sender<Vec<Evidence>>,
) -> Result<Snapshot, StoreError> {
    let mut after = 0;
    loop {
        let page = runtime.block_on(snapshot.evidence(id, after, ENTRIES_PER_PAGE))?;
        let Some(last) = page.last() else { return Ok(snapshot) };
        after = last.entry.fixed.seq;
        if pages.blocking_send(page).is_err() {
            return Ok(snapshot);
        }
    }
}

/// Writes `heads.jsonl`: the kept heads, and the current head, which is signed now if necessary.
fn write_heads<W: Write>(
    archive: &mut Archive<W>,
    runtime: &Handle,
    exporter: &Exporter,
    snapshot: &mut Snapshot,
    id: Ulid,
    head: &Head,
) -> anyhow::Result<()> {
    let heads = runtime.block_on(snapshot.signed_heads(id))?;
    let is_signed = heads.last().is_some_and(|last| (last.seq, last.acts) == (head.seq, head.acts));
    let mut lines: Vec<String> = heads.into_iter().map(|row| row.signed).collect();
    if head.links() > 0 && !is_signed {
        // This head is not stored, because an export does not change the record.
        let (_, statement) = sign_head(&exporter.key, id, head.clone())?;
        lines.push(statement.to_string());
    }
    archive.add("heads.jsonl", Packing::Deflated, |out| {
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })
}

/// Writes `files/…` and `files.json`. Returns the path of each file in the bundle by its source.
fn write_files<W: Write>(
    archive: &mut Archive<W>,
    runtime: &Handle,
    exporter: &Exporter,
    snapshot: &mut Snapshot,
    id: Ulid,
    entries: &[Entry],
) -> anyhow::Result<HashMap<String, String>> {
    let mut named: HashMap<String, (&str, Vec<i64>)> = HashMap::new();
    for entry in entries {
        for attachment in &entry.attachments {
            let Some(source) = attachment.source() else { continue };
            let (_, seqs) = named.entry(source).or_insert((&attachment.name, Vec::new()));
            seqs.push(entry.fixed.seq);
        }
    }
    let mut members: HashMap<String, String> = HashMap::new();
    let mut list = Vec::new();
    for file in runtime.block_on(snapshot.files(id))? {
        let (name, seqs) = named.remove(file.mxc.as_str()).unwrap_or_default();
        let known = file.sha256.as_deref().filter(|_| file.state == "stored");
        let path = known.map(|sha256| file_member(sha256, name));
        // Several messages may name the same file content under the same name.
        let is_written = path.as_ref().is_some_and(|path| archive.members().contains_key(path));
        let lost = match (&path, known) {
            (Some(_), _) if is_written => None,
            (Some(path), Some(sha256)) => write_file(archive, runtime, exporter, path, sha256)?,
            _ => None,
        };
        let path = path.filter(|_| lost.is_none());
        list.push(listed(&file, name, &seqs, path.as_deref(), lost));
        if let Some(path) = path {
            members.insert(file.mxc, path);
        }
    }
    archive.add("files.json", Packing::Deflated, |out| write_json(out, &json!(list)))?;
    Ok(members)
}

fn listed_note(note: &Note) -> Value {
    let Note { id, party, author, text, created_at, removed_at, position: _ } = note;
    json!({
        "note": id,
        "party": party,
        "author": author,
        "text": text,
        "created_at": created_at,
        "removed_at": removed_at,
    })
}

fn listed(
    file: &FileRow,
    name: &str,
    seqs: &[i64],
    path: Option<&str>,
    lost: Option<&'static str>,
) -> Value {
    json!({
        "source": file.mxc,
        "mxc": address_of(&file.mxc).0,
        "encrypted": address_of(&file.mxc).1.is_some(),
        "name": name,
        "entries": seqs,
        "state": file.state,
        "problem": lost.map(str::to_owned).or_else(|| file.problem.clone()),
        "sha256": file.sha256,
        "size": file.size,
        "media_type": file.media_type,
        "stored_at": file.stored_at,
        "member": path,
    })
}

/// Writes a file from the file store. Returns why this is not possible, if the file store does not
/// have it.
fn write_file<W: Write>(
    archive: &mut Archive<W>,
    runtime: &Handle,
    exporter: &Exporter,
    path: &str,
    sha256: &str,
) -> anyhow::Result<Option<&'static str>> {
    let mut bytes = match runtime.block_on(exporter.vault.get(sha256))? {
        Found::Bytes(bytes) => bytes,
        Found::Missing => return Ok(Some("the file is no longer in the file store")),
        Found::Changed => return Ok(Some("the file was changed in the file store")),
    };
    archive.add(path, Packing::Stored, |out| {
        while let Some(piece) = runtime.block_on(bytes.next()) {
            out.write_all(&piece?)?;
        }
        Ok(None)
    })
}
