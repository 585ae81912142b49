//! Verifies a bundle using only the bundle itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use flate2::bufread::DeflateDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipArchive};

use super::archive::Member;
use super::contents::{ListedFile, check_files, check_original, check_transaction};
use super::layout::check_layout;
use super::{MANIFEST, VERSION, VERSION_WITHOUT_ACTS};
use crate::record::acts::{ActEvidence, NamedFiles, PaymentEvidence, RevisionContent};
use crate::record::chain::{Evidence, Head};
use crate::seal::{Ending, HeldBy, RecordCheck, Trust, Verdict, is_head_of, verify};

/// The greatest size of a manifest that is read. A record has a few thousand files.
const MAX_MANIFEST_BYTES: u64 = 16 * 1024 * 1024;
/// The greatest size of a list, a revision or an entry that is read. An event has at most 64 KiB.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;
/// The number of bytes that are read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The result for a bundle that passed all checks.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The ULID of the transaction.
    pub transaction: String,
    /// The key that sealed the bundle (Ed25519, unpadded base64).
    pub public_key: String,
    /// The time of the export, in milliseconds since 1970.
    pub exported_at: i64,
    /// The result for the record in the bundle.
    pub verdict: Verdict,
    /// The number of kept files that were not in the file store at the time of the export.
    pub missing_files: usize,
}

#[derive(Deserialize)]
struct Manifest {
    version: i64,
    transaction: String,
    external_id: String,
    exported_at: i64,
    #[serde(flatten)]
    head: Head,
    members: BTreeMap<String, Member>,
}

type Bundle = ZipArchive<BufReader<File>>;

/// Checks the layout, the signature, the members, the chains and the signed heads of the bundle in
/// `file`. The record must also fit `heads`, signed heads from elsewhere.
///
/// # Errors
/// A message about the first thing that does not fit.
pub fn check_bundle(file: &Path, trust: &Trust, heads: &[Value]) -> anyhow::Result<Checked> {
    let opened = File::open(file).context("the file cannot be opened")?;
    let mut opened = BufReader::new(opened);
    let mut bundle = ZipArchive::new(BufReader::new(File::open(file)?))
        .context("it is not a ZIP file, or only a part of one")?;
    check_layout(&mut opened)?;
    let sealed = text(&mut bundle, MANIFEST, MAX_MANIFEST_BYTES)?;
    let statement: Value =
        serde_json::from_str(&sealed).with_context(|| format!("{MANIFEST} is not valid JSON"))?;
    let public_key =
        verify(&statement, trust).map_err(|why| anyhow::anyhow!("{MANIFEST} {why}"))?;
    let as_sealed = statement.to_string();
    // If a key appears twice, some programs show its first value, and others its last value.
    ensure!(
        without_layout(&sealed) == as_sealed,
        "{MANIFEST} is not written as it was sealed: a key appears twice in it, or a value is \
         written differently"
    );
    let manifest: Manifest = serde_json::from_value(statement)
        .with_context(|| format!("{MANIFEST} does not have the fields of a manifest"))?;
    ensure!(
        [VERSION, VERSION_WITHOUT_ACTS].contains(&manifest.version),
        "the bundle has format version {}; this program knows versions up to {VERSION}",
        manifest.version
    );
    // The record is checked first, because its errors say which part was changed.
    let (verdict, missing_files) = check_record(&mut bundle, &manifest, trust, heads)?;
    check_members(&mut bundle, &manifest)?;
    let Manifest { transaction, exported_at, .. } = manifest;
    Ok(Checked { transaction, public_key, exported_at, verdict, missing_files })
}

/// Checks that the members are exactly those that the manifest lists, with the same SHA-256.
fn check_members(bundle: &mut Bundle, manifest: &Manifest) -> anyhow::Result<()> {
    for index in 0..bundle.len() {
        let mut member = bundle.by_index(index).context("a member cannot be read")?;
        let name = member.name().context("a member has a name that is not valid")?.into_owned();
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
                member.read(&mut piece).with_context(|| format!("{name} cannot be read"))?;
            if count == 0 {
                break;
            }
            digest.update(piece.get(..count).unwrap_or_default());
        }
        ensure!(
            format!("{:x}", digest.finalize()) == expected.sha256,
            "{name} is not what was sealed: it was changed"
        );
        drop(member);
        check_packing(bundle, index).with_context(|| name)?;
    }
    if let Some(manifest) = bundle.index_for_name(MANIFEST) {
        check_packing(bundle, manifest).context(MANIFEST)?;
    }
    for name in manifest.members.keys() {
        ensure!(bundle.index_for_name(name).is_some(), "{name} is missing");
    }
    ensure!(
        bundle.len() == manifest.members.len() + 1,
        "a member is there twice: programs differ in which one they show"
    );
    Ok(())
}

/// Checks that the compressed data ends where the member ends. Programs that read the file from the
/// front would show data that is hidden in between.
fn check_packing(bundle: &mut Bundle, index: usize) -> anyhow::Result<()> {
    let member = bundle.by_index_raw(index).context("it cannot be read")?;
    let (method, packed, size) = (member.compression(), member.compressed_size(), member.size());
    if method != CompressionMethod::Deflated {
        return Ok(());
    }
    let mut decoder = DeflateDecoder::new(BufReader::new(member));
    let unpacked = io::copy(&mut decoder, &mut io::sink()).context("it cannot be read")?;
    ensure!(
        decoder.total_in() == packed && unpacked == size,
        "there are bytes after it that belong to no member"
    );
    Ok(())
}

/// Checks the record in the bundle. Returns the result, and how many files are missing.
fn check_record(
    bundle: &mut Bundle,
    manifest: &Manifest,
    trust: &Trust,
    held: &[Value],
) -> anyhow::Result<(Verdict, usize)> {
    let transaction = &manifest.transaction;
    let has_acts = manifest.version != VERSION_WITHOUT_ACTS;
    let heads: Vec<Value> = lines(bundle, "heads.jsonl")?;
    let mut check = RecordCheck::new(transaction, &heads, trust)?;
    for head in held {
        ensure!(
            is_head_of(head, transaction),
            "a head in a file of --head belongs to another transaction"
        );
        check.add_head(transaction, HeldBy::File, head)?;
    }
    if has_acts {
        let acts: Vec<ActEvidence> = lines(bundle, "acts.jsonl")?;
        acts.iter().try_for_each(|act| check.check_act(act))?;
        check_revisions(bundle, manifest, &mut check)?;
        // Bundles from before payments existed have no list of them.
        let payments: Vec<PaymentEvidence> = match bundle.index_for_name("payments.json") {
            None => Vec::new(),
            Some(_) => serde_json::from_str(&text(bundle, "payments.json", MAX_TEXT_BYTES)?)
                .context("payments.json is not a list of payments")?,
        };
        check.check_payments(&payments)?;
    }
    let named = check_entries(bundle, &mut check)?;
    let mut missing = 0;
    if has_acts {
        let files: Vec<ListedFile> =
            serde_json::from_str(&text(bundle, "files.json", MAX_TEXT_BYTES)?)
                .context("files.json is not a list of files")?;
        let exported_at = manifest.exported_at;
        missing = check_files(&mut check, files, named, &manifest.members, exported_at)?;
    }
    // An export signs a head of its own. Exports from before acts existed did not always do so.
    let sign_after = if manifest.head.acts > 0 { 0 } else { i64::MAX };
    let ending = Ending { head: &manifest.head, now: manifest.exported_at, sign_after };
    Ok((check.finish(&ending)?, missing))
}

fn check_revisions(
    bundle: &mut Bundle,
    manifest: &Manifest,
    check: &mut RecordCheck,
) -> anyhow::Result<()> {
    let mut last: Option<RevisionContent> = None;
    for number in 1.. {
        let name = format!("invoice/revision-{number}.json");
        if bundle.index_for_name(&name).is_none() {
            break;
        }
        let revision: RevisionContent = serde_json::from_str(&text(bundle, &name, MAX_TEXT_BYTES)?)
            .with_context(|| format!("{name} does not have the fields of a revision"))?;
        check.check_revision(&revision)?;
        check_original(&revision, &manifest.members)?;
        last = Some(revision);
    }
    let last = last.context("invoice/revision-1.json is missing")?;
    let transaction: Value =
        serde_json::from_str(&text(bundle, "transaction.json", MAX_TEXT_BYTES)?)
            .context("transaction.json is not valid JSON")?;
    Ok(check_transaction(&transaction, &last, &manifest.external_id)?)
}

/// Checks the entries, and returns the files that they name.
fn check_entries(bundle: &mut Bundle, check: &mut RecordCheck) -> anyhow::Result<NamedFiles> {
    let mut named = NamedFiles::default();
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
            .with_context(|| format!("line {number} of entries.jsonl is not an entry"))?;
        check.check_entry(&evidence)?;
        named.note(&evidence.entry);
    }
    Ok(named)
}

/// Reads a member that holds one JSON value per line.
fn lines<T: DeserializeOwned>(bundle: &mut Bundle, name: &str) -> anyhow::Result<Vec<T>> {
    let text = text(bundle, name, MAX_TEXT_BYTES)?;
    let values = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    values.with_context(|| format!("{name} holds a line that does not have the expected fields"))
}

/// Reads a member as text. A member that is too long is refused and not cut, since the rest of it would
/// pass unchecked.
fn text(bundle: &mut Bundle, name: &str, max_bytes: u64) -> anyhow::Result<String> {
    let member = bundle.by_name(name).with_context(|| format!("{name} is missing"))?;
    let mut bytes = Vec::new();
    let read = member.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.with_context(|| format!("{name} cannot be read"))?;
    ensure!(
        u64::try_from(bytes.len()).is_ok_and(|length| length <= max_bytes),
        "{name} is longer than {max_bytes} bytes, so this program does not check it"
    );
    String::from_utf8(bytes).with_context(|| format!("{name} is not valid UTF-8"))
}

/// Returns JSON without the white space between its tokens.
fn without_layout(json: &str) -> String {
    let (mut in_text, mut is_escaped) = (false, false);
    let is_content = |c: &char| {
        let is_layout = !in_text && c.is_ascii_whitespace();
        in_text ^= *c == '"' && !is_escaped;
        is_escaped = in_text && *c == '\\' && !is_escaped;
        !is_layout
    };
    json.chars().filter(is_content).collect()
}

#[cfg(test)]
mod tests {
    use super::super::archive::{Archive, Packing};
    use super::*;
    use crate::seal::SigningKey;
    use ruma::user_id;
    use serde_json::json;
    use std::io::{Cursor, Write};

    #[test]
    fn layout_is_what_stands_between_the_parts() {
        let value = json!({ "a b": [1, "c \" d\\", "\\"], "\n ": { "e": null } });
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(without_layout(&pretty), value.to_string());
        assert_ne!(without_layout(r#"{"a": 2, "a": 1}"#), json!({ "a": 1 }).to_string());
    }

    /// The error for a bundle with this manifest.
    fn refused(manifest: &str) -> String {
        let mut archive = Archive::new(Vec::new(), 1_764_000_000_000);
        archive
            .add(MANIFEST, Packing::Deflated, |out| Ok(out.write_all(manifest.as_bytes())?))
            .unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&archive.finish().unwrap()).unwrap();
        format!("{:#}", check_bundle(file.path(), &Trust::Any, &[]).unwrap_err())
    }

    #[test]
    fn a_manifest_says_everything_once() {
        let folder = tempfile::tempdir().unwrap();
        let bot = user_id!("@_tallyroom_bot:x").to_owned();
        let key = SigningKey::load_or_make(&folder.path().join("key"), bot).unwrap();
        let sealed = key.sign(json!({ "a": 1, "public_key": key.public_key() })).unwrap();
        for fine in [sealed.to_string(), serde_json::to_string_pretty(&sealed).unwrap()] {
            assert!(refused(&fine).contains("the fields of a manifest"), "{}", refused(&fine));
            let twice = fine.replacen('{', r#"{"a":7,"#, 1);
            assert!(refused(&twice).contains("appears twice in it"), "{}", refused(&twice));
        }
        assert!(refused(&sealed.to_string().replace("\"a\":1", "\"a\":2")).contains("signature"));
    }

    #[test]
    fn a_member_that_is_too_long_is_refused_and_not_cut() {
        let mut archive = Archive::new(Vec::new(), 1_764_000_000_000);
        archive
            .add("acts.jsonl", Packing::Deflated, |out| Ok(out.write_all(b"1\n2\n3\n")?))
            .unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&archive.finish().unwrap()).unwrap();
        let opened = BufReader::new(File::open(file.path()).unwrap());
        let mut bundle = ZipArchive::new(opened).unwrap();
        assert_eq!(text(&mut bundle, "acts.jsonl", 6).unwrap(), "1\n2\n3\n");
        let error = text(&mut bundle, "acts.jsonl", 4).unwrap_err().to_string();
        assert!(error.contains("longer than 4 bytes"), "{error}");
    }

    #[test]
    fn bytes_behind_what_is_packed_are_found() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(b"hello hello hello hello").unwrap();
        let whole = writer.finish().unwrap().into_inner();
        // The member gets ten more bytes, and all sizes and offsets are changed accordingly.
        let directory = whole.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
        let mut longer = [&whole[..directory], b"0123456789", &whole[directory..]].concat();
        let end = longer.len() - 22;
        for at in [18, directory + 10 + 20, end + 16] {
            let number = u32::from_le_bytes(longer[at..at + 4].try_into().unwrap()) + 10;
            longer[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        for (bytes, is_fine) in [(whole, true), (longer, false)] {
            check_layout(&mut Cursor::new(&bytes)).unwrap();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes).unwrap();
            let opened = BufReader::new(File::open(file.path()).unwrap());
            let mut bundle = ZipArchive::new(opened).unwrap();
            let mut text = String::new();
            bundle.by_index(0).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "hello hello hello hello");
            assert_eq!(check_packing(&mut bundle, 0).is_ok(), is_fine);
        }
    }
}
