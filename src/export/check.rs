//! Verifies a bundle with nothing but the bundle.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::archive::Member;
use super::{MANIFEST, VERSION};
use crate::record::chain::{Evidence, Head};
use crate::seal::{RecordCheck, Trust, Verdict, verify};

/// Longest manifest, head or entry that is read: an event has 64 KiB, and a record a few thousand
/// files.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes read in one go.
const PIECE_BYTES: usize = 64 * 1024;

/// What a bundle proved.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whose record it is.
    pub transaction: String,
    /// The key that sealed it (Ed25519, unpadded base64).
    pub public_key: String,
    /// When it was made, milliseconds since 1970.
    pub exported_at: i64,
    /// About the record in it.
    pub verdict: Verdict,
}

#[derive(Deserialize)]
struct Manifest {
    version: i64,
    transaction: String,
    exported_at: i64,
    #[serde(flatten)]
    head: Head,
    members: BTreeMap<String, Member>,
}

type Bundle = ZipArchive<BufReader<File>>;

/// Checks seal, members, chain and signed heads of the bundle in `file`.
///
/// # Errors
/// The first thing that does not fit, in words.
pub fn check_bundle(file: &Path, trust: &Trust) -> anyhow::Result<Checked> {
    let opened = File::open(file).context("the file can not be opened")?;
    let mut bundle = ZipArchive::new(BufReader::new(opened))
        .context("it is no ZIP file, or only a part of one")?;
    let statement = text(&mut bundle, MANIFEST)?;
    let statement: Value =
        serde_json::from_str(&statement).with_context(|| format!("{MANIFEST} is no JSON"))?;
    let public_key =
        verify(&statement, trust).map_err(|why| anyhow::anyhow!("{MANIFEST} {why}"))?;
    let manifest: Manifest = serde_json::from_value(statement)
        .with_context(|| format!("{MANIFEST} is none of this kind"))?;
    ensure!(
        manifest.version == VERSION,
        "the bundle has format {}; this program knows {VERSION}",
        manifest.version
    );
    // The record first: it tells which entry was changed, not only that some was.
    let verdict = check_record(&mut bundle, &manifest, trust)?;
    check_members(&mut bundle, &manifest)?;
    let Manifest { transaction, exported_at, .. } = manifest;
    Ok(Checked { transaction, public_key, exported_at, verdict })
}

/// Every member is as the manifest says, and there is no other.
fn check_members(bundle: &mut Bundle, manifest: &Manifest) -> anyhow::Result<()> {
    for index in 0..bundle.len() {
        let mut member = bundle.by_index(index).context("a member can not be read")?;
        let name = member.name().context("a member has a name that is none")?.into_owned();
        if name == MANIFEST {
            continue;
        }
        let Some(expected) = manifest.members.get(&name) else {
            bail!("{name} is not in the manifest: it was added later");
        };
        let mut digest = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count =
                member.read(&mut piece).with_context(|| format!("{name} can not be read"))?;
            if count == 0 {
                break;
            }
            digest.update(piece.get(..count).unwrap_or_default());
        }
        ensure!(
            format!("{:x}", digest.finalize()) == expected.sha256,
            "{name} is not what was sealed: it was changed"
        );
    }
    for name in manifest.members.keys() {
        ensure!(bundle.index_for_name(name).is_some(), "{name} is missing");
    }
    ensure!(
        bundle.len() == manifest.members.len() + 1,
        "a member is there twice: nobody can tell which one a program would show"
    );
    Ok(())
}

fn check_record(
    bundle: &mut Bundle,
    manifest: &Manifest,
    trust: &Trust,
) -> anyhow::Result<Verdict> {
    let heads = text(bundle, "heads.jsonl")?;
    let heads = heads.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
    let heads = heads.context("heads.jsonl holds a line that is no JSON")?;
    let mut check = RecordCheck::new(&manifest.transaction, &heads, trust)?;
    let entries = bundle.by_name("entries.jsonl").context("entries.jsonl is missing")?;
    let mut lines = BufReader::new(entries);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = (&mut lines).take(MAX_TEXT_BYTES).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let evidence: Evidence = serde_json::from_slice(&line)
            .with_context(|| format!("line {number} of entries.jsonl is no entry"))?;
        check.check(&evidence)?;
    }
    Ok(check.finish(&manifest.head)?)
}

fn text(bundle: &mut Bundle, name: &str) -> anyhow::Result<String> {
    let member = bundle.by_name(name).with_context(|| format!("{name} is missing"))?;
    let mut text = String::new();
    let read = member.take(MAX_TEXT_BYTES).read_to_string(&mut text);
    read.with_context(|| format!("{name} can not be read"))?;
    Ok(text)
}
