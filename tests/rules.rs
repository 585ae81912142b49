//! The rules of EN 16931, compared with what CEN's validation artefacts (version 1.3.16) report.
//!
//! `tests/invoices/rules` has invoices in UBL and CII that each break a rule, and in `expected.json` what the
//! artefacts report of each. The other invoices in `tests/invoices` are published examples.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tallyroom::invoice::{Severity, XmlInvoice, all_rules};

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
    let found =
        XmlInvoice::parse(&fs::read(file).unwrap()).map(|it| it.check()).unwrap_or_default();
    let of_profiles = of_profiles();
    let is_of_cen = |it: &String| !of_profiles.contains(it);
    let fatal = found.into_iter().filter(|it| it.severity == Some(Severity::Fatal));
    fatal.filter_map(|it| it.rule).filter(is_of_cen).collect()
}

/// The rules of XRechnung and Peppol, of which CEN's artefacts know nothing.
fn of_profiles() -> BTreeSet<String> {
    let is_of_profile = |family: &str| family.contains("XRechnung") || family.contains("Peppol");
    let rules = all_rules().into_iter().filter(|rule| is_of_profile(rule.family));
    rules.map(|rule| rule.id).collect()
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

#[test]
fn no_published_example_breaks_a_rule() {
    let own = invoices().join("own");
    for file in files(&invoices()).into_iter().chain(files(&own)) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(fatal(&file), BTreeSet::new(), "{name}");
    }
}

#[test]
fn every_rule_of_cens_artefacts_is_run() {
    let mut rules: BTreeSet<String> = all_rules().into_iter().map(|rule| rule.id).collect();
    rules.retain(|rule| !of_profiles().contains(rule));
    // The artefacts also name BR-CO-05 to BR-CO-08, which they never report.
    let numbered = |family: &str, numbers: &[u32]| -> Vec<String> {
        numbers.iter().map(|number| format!("{family}-{number:02}")).collect()
    };
    let upto = |last: u32| (1..=last).collect::<Vec<u32>>();
    let but = |last: u32, left_out: &[u32]| -> Vec<u32> {
        (1..=last).filter(|number| !left_out.contains(number)).collect()
    };
    let mut expected = numbered("BR", &but(65, &[34, 35, 39, 40, 58, 59, 60]));
    expected.extend(numbered("BR-CO", &but(26, &[1, 2, 5, 6, 7, 8, 25])));
    expected.extend(numbered("BR-DEC", &but(28, &[3, 4, 7, 8, 21, 22, 26])));
    expected.extend(numbered("BR-CL", &but(26, &[2, 9, 12])));
    for family in ["S", "Z", "E", "AE", "G", "AF", "AG"] {
        expected.extend(numbered(&format!("BR-{family}"), &upto(10)));
    }
    expected.extend(numbered("BR-IC", &upto(12)));
    expected.extend(numbered("BR-O", &upto(14)));
    expected.extend(numbered("BR-B", &upto(2)));
    let missing: Vec<&String> = expected.iter().filter(|id| !rules.contains(*id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(rules.iter().filter(|id| id.starts_with("BR-")).count(), expected.len());
}

/// `TALLYROOM_WRITE_DOCS=1` writes the tables instead of comparing them.
#[test]
fn the_document_lists_every_rule() {
    let mut tables = String::new();
    let mut family = "";
    for rule in all_rules() {
        if rule.family != family {
            family = rule.family;
            tables
                .push_str(&format!("\n### {family}\n\n| rule | what has to be |\n| --- | --- |\n"));
        }
        let weight = match rule.severity {
            Severity::Fatal => "",
            Severity::Warning => " (warning)",
            Severity::Information => " (information)",
        };
        let says = rule.says.replace('|', "\\|");
        tables.push_str(&format!("| {}{weight} | {says} |\n", rule.id));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let document = fs::read_to_string(&path).unwrap();
    let begin = "<!-- The rules begin. They are written by tests/rules.rs. -->\n";
    let (before, _) = document.split_once(begin).unwrap();
    let expected = format!("{before}{begin}{tables}");
    if std::env::var_os("TALLYROOM_WRITE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
    } else {
        assert_eq!(document, expected, "run this test with TALLYROOM_WRITE_DOCS=1");
    }
}

/// `TALLYROOM_RULES_OF=FOLDER` prints the findings of each file in that folder as a line of JSON, to compare
/// them with those of another program.
#[test]
fn the_findings_of_a_folder_are_printed() {
    let Ok(folder) = std::env::var("TALLYROOM_RULES_OF") else { return };
    for file in files(Path::new(&folder)) {
        let bytes = fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let line = match XmlInvoice::parse(&bytes).map(|it| it.check()) {
            Ok(found) => serde_json::json!({ "file": name, "found": found }),
            Err(problem) => serde_json::json!({ "file": name, "refused": problem }),
        };
        println!("{line}");
    }
}
