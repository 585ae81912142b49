//! The rules of EN 16931, compared with what CEN's validation artefacts (version 1.3.16) report.
//!
//! `tests/invoices/rules` has invoices in UBL and CII that each break a rule, and in `expected.json` what the
//! artefacts report of each. The other invoices in `tests/invoices` are published examples.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tallyroom::invoice::{Severity, check_xml};

/// What the artefacts report of a file.
#[derive(Deserialize)]
struct Expected {
    fatal: BTreeSet<String>,
}

fn invoices() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invoices")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let mut xml: Vec<PathBuf> =
        all.filter(|it| it.extension().is_some_and(|it| it == "xml")).collect();
    xml.sort();
    xml
}

fn fatal(file: &Path) -> BTreeSet<String> {
    let found = check_xml(&fs::read(file).unwrap()).unwrap_or_default();
    let fatal = found.into_iter().filter(|it| it.severity == Some(Severity::Fatal));
    fatal.filter_map(|it| it.rule).collect()
}

#[test]
fn what_is_fatal_by_cens_artefacts_is_fatal_here_and_nothing_else() {
    let folder = invoices().join("rules");
    let expected = fs::read(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_slice(&expected).unwrap();
    let mut wrong = Vec::new();
    for (name, Expected { fatal: expected }) in expected {
        let found = fatal(&folder.join(&name));
        if found != expected {
            let missed: Vec<_> = expected.difference(&found).collect();
            let false_alarms: Vec<_> = found.difference(&expected).collect();
            wrong.push(format!("{name}: missed {missed:?}, false alarms {false_alarms:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// `TALLYROOM_RULES_OF=FOLDER` prints the findings of each file in that folder as a line of JSON, to compare
/// them with those of another program.
#[test]
fn the_findings_of_a_folder_are_printed() {
    let Ok(folder) = std::env::var("TALLYROOM_RULES_OF") else { return };
    for file in files(Path::new(&folder)) {
        let bytes = fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let line = match check_xml(&bytes) {
            Ok(found) => serde_json::json!({ "file": name, "found": found }),
            Err(problem) => serde_json::json!({ "file": name, "refused": problem }),
        };
        println!("{line}");
    }
}
