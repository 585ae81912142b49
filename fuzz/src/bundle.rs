//! Any bytes as a bundle, as changes to a sealed one, and as heads that somebody holds: verifying
//! says yes only to what was sealed, whichever way a program reads the file, and never panics, also
//! when somebody links and seals what they changed with a key of their own.
//!
//! Bytes that begin like a ZIP file are one; others are changes to the sample.

mod changes;
mod front_to_back;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;
use tallyroom::export::{Checked, check_bundle};
use tallyroom::seal::{Trust, heads_in, is_head_of, verify};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The bytes of each member, by its name.
type Members = BTreeMap<String, Vec<u8>>;

/// The member that is sealed, and seals all others.
const MANIFEST: &str = "manifest.json";
/// An export as Tallyroom wrote it.
const SAMPLE: &[u8] = include_bytes!("../seeds/bundle/whole");
/// Most bytes of a member that are compared: the sample has less.
const MAX_MEMBER: u64 = 1 << 20;

/// Fails if something of that does not hold.
pub fn check(bytes: &[u8]) {
    let heads = heads_in(&String::from_utf8_lossy(bytes)).unwrap_or_default();
    for head in &heads {
        let _ = (verify(head, &Trust::Any), is_head_of(head, "01J"));
    }
    if bytes.starts_with(b"PK") {
        is_a_bundle(bytes, &heads);
        return;
    }
    let sample = sample();
    let changed = changes::made(&sample.members, bytes);
    let Some(changes::Made { members, is_sealed_again }) = changed else { return };
    let is_as_sealed = are_same(&members, &sample.members);
    let bundle = packed(&members);
    let (by_anybody, by_us) = (verdict(&bundle, &Trust::Any, &heads), by_us(&bundle, &heads));
    if is_as_sealed && heads.is_empty() {
        by_us.expect("it is as it was sealed");
    } else if !is_as_sealed {
        assert!(by_us.is_err(), "another bundle than the one that we sealed");
        assert!(by_anybody.is_err() || is_sealed_again, "it was changed after it was sealed");
    }
}

fn is_a_bundle(bytes: &[u8], heads: &[Value]) {
    let _ = verdict(bytes, &Trust::Any, heads);
    if by_us(bytes, heads).is_ok() {
        let sealed = &sample().members;
        let members = members_of(bytes).expect("it was read");
        assert!(are_same(&members, sealed), "{:?}", members.keys());
        if let Some(members) = front_to_back::members(bytes) {
            let members: Members = members.into_iter().collect();
            assert!(are_same(&members, sealed), "from front to back: {:?}", members.keys());
        }
    }
}

/// Compares members, except for what does not count in the manifest: white space, since it is sealed
/// as JSON, and the user beside the signature, since the public key says who signed.
fn are_same(some: &Members, others: &Members) -> bool {
    some.keys().eq(others.keys())
        && some.iter().zip(others.values()).all(|((name, one), other)| {
            one == other || name == MANIFEST && what_counts(one) == what_counts(other)
        })
}

/// Returns a manifest without white space and with its signature on its own.
fn what_counts(manifest: &[u8]) -> (Vec<u8>, Value) {
    let Ok(mut value) = serde_json::from_slice::<Value>(manifest) else {
        return (manifest.to_vec(), Value::Null);
    };
    let signatures = value.as_object_mut().and_then(|it| it.remove("signatures"));
    let users = signatures.as_ref().and_then(Value::as_object);
    let first_user = users.and_then(|it| it.keys().next()).cloned().unwrap_or_default();
    let signature = signatures.as_ref().and_then(|it| it.get(&first_user)).cloned();
    let text = String::from_utf8_lossy(manifest).replacen(&first_user, "", 1);
    (without_layout(text.as_bytes()), signature.unwrap_or_default())
}

/// JSON without the white space between its parts.
fn without_layout(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut is_escaped) = (false, false);
    let is_content = |byte: &u8| {
        let is_layout = !in_text && byte.is_ascii_whitespace();
        in_text ^= *byte == b'"' && !is_escaped;
        is_escaped = in_text && *byte == b'\\' && !is_escaped;
        !is_layout
    };
    json.iter().copied().filter(is_content).collect()
}

struct Sample {
    members: Members,
    trust: Trust,
}

fn sample() -> &'static Sample {
    static READ: OnceLock<Sample> = OnceLock::new();
    READ.get_or_init(|| {
        let members = members_of(SAMPLE).expect("the sample can be read");
        let manifest = members.get(MANIFEST).expect("it has a manifest");
        let manifest: Value = serde_json::from_slice(manifest).expect("it is JSON");
        let key = manifest["public_key"].as_str().expect("it names its key").to_owned();
        Sample { members, trust: Trust::Keys(vec![key]) }
    })
}

fn by_us(bundle: &[u8], heads: &[Value]) -> anyhow::Result<Checked> {
    verdict(bundle, &sample().trust, heads)
}

/// Through a file that is used again and again.
fn verdict(bundle: &[u8], trust: &Trust, heads: &[Value]) -> anyhow::Result<Checked> {
    static FILE: OnceLock<Mutex<tempfile::NamedTempFile>> = OnceLock::new();
    let file = FILE.get_or_init(|| Mutex::new(tempfile::NamedTempFile::new().expect("a file")));
    let mut file = file.lock().expect("nobody panicked with it");
    file.as_file().set_len(0).expect("it is ours");
    file.seek(SeekFrom::Start(0)).expect("it is ours");
    file.write_all(bundle).expect("there is space");
    file.flush().expect("there is space");
    let checked = check_bundle(file.path(), trust, heads);
    if let Err(error) = &checked {
        assert!(!format!("{error:#}").is_empty());
    }
    checked
}

/// As programs read it that go by the directory at the end.
fn members_of(bundle: &[u8]) -> zip::result::ZipResult<Members> {
    let mut archive = ZipArchive::new(Cursor::new(bundle))?;
    let mut members = Members::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index)?;
        let name = member.name()?.into_owned();
        let mut bytes = Vec::new();
        member.take(MAX_MEMBER).read_to_end(&mut bytes)?;
        members.insert(name, bytes);
    }
    Ok(members)
}

fn packed(members: &Members) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in members {
        writer.start_file(name, options).expect("any name will do");
        writer.write_all(bytes).expect("there is memory");
    }
    writer.finish().expect("there is memory").into_inner()
}
