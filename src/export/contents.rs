//! Compares the members of a bundle with the record in it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::archive::Member;
use crate::invoice::OriginalKind;
use crate::record::acts::{FileContent, FileEvidence, NamedFile, NamedFiles, RevisionContent};
use crate::record::{Fault, Place};
use crate::seal::RecordCheck;

/// A file as `files.json` lists it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ListedFile {
    source: String,
    name: String,
    entries: Vec<i64>,
    state: String,
    sha256: Option<String>,
    size: Option<i64>,
    media_type: Option<String>,
    stored_at: Option<i64>,
    member: Option<String>,
}

/// Compares `files.json` with the record, its acts, and the members. Returns how many kept files were
/// not in the file store at the time of the export.
pub(super) fn check_files(
    check: &mut RecordCheck,
    listed: Vec<ListedFile>,
    mut named: NamedFiles,
    members: &BTreeMap<String, Member>,
    exported_at: i64,
) -> Result<usize, Fault> {
    let mut missing = 0;
    let mut used = BTreeSet::new();
    for file in listed {
        let fault = |what: &str| Err(Fault::at(Place::File(file.source.clone()), what));
        let Some(NamedFile { name, entries, named_at }) = named.remove(&file.source) else {
            return fault("is listed in files.json, but no entry names it");
        };
        if (name, entries) != (file.name, file.entries) {
            return fault("has another name or other entries in files.json than in the record");
        }
        let is_kept = file.state == "stored";
        let found = match file.member.as_ref().map(|path| (path, members.get(path))) {
            Some((path, Some(member))) => {
                used.insert(path.clone());
                Some(member.sha256.clone())
            }
            Some((_, None)) => return fault("is not in the bundle, though files.json says so"),
            None => {
                missing += usize::from(is_kept);
                file.sha256.clone()
            }
        };
        let content = file.sha256.map(|sha256| FileContent {
            sha256,
            size: file.size.unwrap_or_default(),
            media_type: file.media_type,
        });
        let (source, stored_at) = (file.source, file.stored_at);
        let evidence = FileEvidence { source, is_kept, content, stored_at, named_at, found };
        check.check_file(&evidence, exported_at)?;
    }
    named.none_left("files.json does not list it")?;
    match members.keys().find(|path| path.starts_with("files/") && !used.contains(*path)) {
        Some(path) => {
            let what = "is in the bundle, but files.json does not list it";
            Err(Fault::at(Place::File(path.clone()), what))
        }
        None => Ok(missing),
    }
}

/// The name in a bundle of the file in which the invoice of a revision came. `revision-N.json` is the revision
/// itself.
pub(super) fn path_of_original(number: i64, kind: OriginalKind) -> String {
    match kind {
        OriginalKind::Json => format!("invoice/revision-{number}-original.json"),
        OriginalKind::Xml | OriginalKind::Pdf => {
            format!("invoice/revision-{number}.{}", kind.extension())
        }
    }
}

/// Compares the original file of a revision (JSON, XML or PDF) with the SHA-256 in the revision, which its
/// act covers.
pub(super) fn check_original(
    revision: &RevisionContent,
    members: &BTreeMap<String, Member>,
) -> Result<(), Fault> {
    let number = revision.revision;
    let kinds = [OriginalKind::Json, OriginalKind::Xml, OriginalKind::Pdf];
    let path = |kind| path_of_original(number, kind);
    let found: Vec<_> = kinds.into_iter().filter_map(|kind| members.get(&path(kind))).collect();
    let found: Vec<_> = found.into_iter().map(|member| &member.sha256).collect();
    if found == Vec::from_iter(&revision.original_sha256) {
        return Ok(());
    }
    Err(Fault::at(Place::Revision(number), "its original file is missing, or was replaced"))
}

/// Compares `transaction.json` with the last revision and the manifest.
pub(super) fn check_transaction(
    transaction: &Value,
    last: &RevisionContent,
    external_id: &str,
) -> Result<(), Fault> {
    let as_handed_in = [
        ("shop", Value::from(last.shop.as_str())),
        ("external_id", Value::from(last.external_id.as_str())),
        ("status", Value::from(last.status.as_str())),
        ("redactions", last.redactions.clone().map_or(Value::Null, Value::from)),
        ("language", last.language.clone().map_or(Value::Null, Value::from)),
        ("buyer", last.buyer.clone()),
        ("seller", last.seller.clone()),
    ];
    // Bundles of earlier versions do not name what was not set.
    let said = |name: &str| transaction.get(name).unwrap_or(&Value::Null);
    let differs = as_handed_in.iter().find(|(name, value)| said(name) != value);
    let what = match differs {
        Some((name, _)) => {
            format!("its {name} in transaction.json is not that of the last revision")
        }
        None if last.external_id != external_id => {
            "its external_id in manifest.json is not that of the last revision".to_owned()
        }
        None => return Ok(()),
    };
    Err(Fault::at(Place::Transaction, what))
}
