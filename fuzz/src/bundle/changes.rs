//! Changes to the members of a bundle, told by bytes: the first says whether what was changed is
//! linked and sealed again, and each that follows begins a change.

use std::sync::OnceLock;

use ruma::user_id;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tallyroom::record::acts::{ActEvidence, ActKind, RevisionContent, act_content, act_link};
use tallyroom::record::chain::{Evidence, Head, link};
use tallyroom::record::digest::content_digest;
use tallyroom::seal::{SignedHead, SigningKey, head_statement};

use super::{MANIFEST, Members};

/// Somebody's secret key.
const KEY: &str = "ed25519 x nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// Most changes at once.
const MOST: usize = 16;

/// What came of it.
pub(super) struct Made {
    pub(super) members: Members,
    pub(super) is_sealed_again: bool,
}

/// Makes the changes; none if what comes of it cannot be sealed.
pub(super) fn made(sample: &Members, bytes: &[u8]) -> Option<Made> {
    let mut script = Script { rest: bytes };
    let how = script.byte()?;
    let mut members = sample.clone();
    for _ in 0..MOST {
        if script.rest.is_empty() {
            break;
        }
        change(&mut members, &mut script)?;
    }
    if how & 1 != 0 {
        link_again(&mut members);
    }
    let is_sealed_again = how & 2 != 0;
    if is_sealed_again {
        seal_again(&mut members)?;
    }
    Some(Made { members, is_sealed_again })
}

struct Script<'a> {
    rest: &'a [u8],
}

impl Script<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> Option<usize> {
        let number = usize::from(self.byte()?) << 8 | usize::from(self.byte()?);
        Some(number % limit.max(1))
    }

    /// As many bytes as the next one says.
    fn some(&mut self) -> Option<Vec<u8>> {
        let length = usize::from(self.byte()?).min(self.rest.len());
        let (some, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(some.to_vec())
    }
}

fn change(members: &mut Members, script: &mut Script<'_>) -> Option<()> {
    let what = script.byte()?;
    let index = script.below(members.len())?;
    let name = members.keys().nth(index)?.clone();
    let member = members.get_mut(&name)?;
    match what % 8 {
        0 => *member = script.rest.to_vec(),
        1 => {
            let place = script.below(member.len())?;
            *member.get_mut(place)? = script.byte()?;
        }
        2 => {
            let place = script.below(member.len())?;
            member.splice(place..place, script.some()?);
        }
        3 => {
            let place = script.below(member.len())?;
            let end = member.len().min(place + usize::from(script.byte()?));
            member.drain(place..end);
        }
        4 => drop(members.remove(&name)),
        5 => {
            let name = String::from_utf8_lossy(&script.some()?).into_owned();
            members.insert(name, script.some()?);
        }
        _ => return change_value(member, script),
    }
    Some(())
}

/// Puts another value in the place of one in a member of JSON, or of lines of it.
fn change_value(member: &mut Vec<u8>, script: &mut Script<'_>) -> Option<()> {
    let text = String::from_utf8(member.clone()).ok()?;
    let mut values: Vec<Value> =
        serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().ok()?;
    let which = script.below(values.len())?;
    let value = values.get_mut(which)?;
    let mut places = Vec::new();
    all_places(value, String::new(), &mut places);
    let place = places.get(script.below(places.len())?)?;
    let odd = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.5),
        json!(""),
        json!("1"),
        json!([]),
        json!({}),
    ];
    let new = match script.below(odd.len() + 1)? {
        other if other == odd.len() => json!(String::from_utf8_lossy(&script.some()?)),
        known => odd.get(known)?.clone(),
    };
    *value.pointer_mut(place)? = new;
    *member = values.iter().map(|it| format!("{it}\n")).collect::<String>().into_bytes();
    Some(())
}

fn all_places(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(keys) => {
            for (name, value) in keys {
                let name = name.replace('~', "~0").replace('/', "~1");
                all_places(value, format!("{at}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                all_places(value, format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(at);
}

/// Makes all hashes fit again, as far as the members can be read.
fn link_again(members: &mut Members) {
    let mut head = Head::default();
    if let Some(mut acts) = lines::<ActEvidence>(members, "acts.jsonl") {
        for ActEvidence { act, hash, salt } in &mut acts {
            let revision = format!("invoice/revision-{}.json", act.subject);
            let revision = members.get(&revision).and_then(|it| serde_json::from_slice(it).ok());
            if let (ActKind::Revision, Some(salt), Some(content)) = (act.kind, salt, revision) {
                act.content = act_content::<RevisionContent>(salt, &content);
            }
            head.acts_hash = act_link(&head.acts_hash, act);
            head.acts += 1;
            hash.clone_from(&head.acts_hash);
        }
        put_lines(members, "acts.jsonl", &acts);
    }
    if let Some(mut entries) = lines::<Evidence>(members, "entries.jsonl") {
        for Evidence { entry, salt, raw, .. } in &mut entries {
            if let (Some(salt), Some(raw)) = (salt, raw) {
                entry.fixed.content = content_digest(salt, raw);
            }
            head.hash = link(&head.hash, &entry.fixed);
            head.seq += 1;
            entry.hash.clone_from(&head.hash);
        }
        put_lines(members, "entries.jsonl", &entries);
    }
    let Some(mut manifest) = members
        .get(MANIFEST)
        .and_then(|it| serde_json::from_slice::<Value>(it).ok())
        .filter(Value::is_object)
    else {
        return;
    };
    for (name, value) in [
        ("seq", json!(head.seq)),
        ("hash", json!(head.hash)),
        ("acts", json!(head.acts)),
        ("acts_hash", json!(head.acts_hash)),
    ] {
        manifest[name] = value;
    }
    let signed = SignedHead {
        transaction: manifest["transaction"].as_str().unwrap_or_default().to_owned(),
        head,
        signed_at: manifest["exported_at"].as_i64().unwrap_or_default(),
        public_key: key().public_key().to_owned(),
    };
    if let Ok(signed) = key().sign(head_statement(&signed)) {
        put_lines(members, "heads.jsonl", &[signed]);
    }
    members.insert(MANIFEST.to_owned(), manifest.to_string().into_bytes());
}

fn lines<T: serde::de::DeserializeOwned>(members: &Members, name: &str) -> Option<Vec<T>> {
    let text = std::str::from_utf8(members.get(name)?).ok()?;
    text.lines().map(serde_json::from_str).collect::<Result<_, _>>().ok()
}

fn put_lines<T: serde::Serialize>(members: &mut Members, name: &str, values: &[T]) {
    let lines = values.iter().map(|it| format!("{}\n", json!(it)));
    members.insert(name.to_owned(), lines.collect::<String>().into_bytes());
}

/// Names the members as they are in the manifest and signs it; none if it is nothing to sign.
fn seal_again(members: &mut Members) -> Option<()> {
    let mut manifest: Value = serde_json::from_slice(members.get(MANIFEST)?).ok()?;
    let manifest_keys = manifest.as_object_mut()?;
    manifest_keys.remove("signatures");
    manifest_keys.insert("public_key".to_owned(), json!(key().public_key()));
    let of = |bytes: &Vec<u8>| json!({ "sha256": format!("{:x}", Sha256::digest(bytes)), "size": bytes.len() });
    let others = members.iter().filter(|(name, _)| *name != MANIFEST);
    let listed: serde_json::Map<_, _> =
        others.map(|(name, bytes)| (name.clone(), of(bytes))).collect();
    manifest_keys.insert("members".to_owned(), Value::Object(listed));
    let sealed = key().sign(manifest).ok()?;
    let text = serde_json::to_string_pretty(&sealed).ok()?;
    members.insert(MANIFEST.to_owned(), format!("{text}\n").into_bytes());
    Some(())
}

fn key() -> &'static SigningKey {
    static MADE: OnceLock<SigningKey> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        std::fs::write(&file, KEY).expect("a file");
        let somebody = user_id!("@somebody:example.org").to_owned();
        SigningKey::load(&file, somebody).expect("a key").expect("a file")
    })
}
