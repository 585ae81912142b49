//! The program is built without the features that only its tests need. `cargo test` gives all of them
//! to the program, too, so a program that uses one would pass every test and fail to build for others.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The features of dependencies of the program that only its tests need, and how code names what each
/// of them adds.
const ONLY_FOR_TESTS: [(&str, &str, &[&str]); 5] = [
    ("futures_util", "channel", &["remote_handle", "RemoteHandle"]),
    ("hyper_util", "server-auto", &["conn::auto", "auto::Builder"]),
    ("reqwest", "multipart", &["reqwest::multipart", ".multipart("]),
    ("reqwest", "query", &[".query(&"]),
    // It reads numbers with decimals exactly to the last digit, on which no test depends, and adds no name.
    ("serde_json", "float_roundtrip", &[]),
];

#[test]
fn only_the_listed_features_are_added_by_what_the_tests_need() {
    let (program, tests) = (features("normal"), features("normal,dev"));
    let mut added = BTreeSet::new();
    for (dependency, features) in &program {
        added.extend(
            tests[dependency].difference(features).map(|it| (dependency.as_str(), it.as_str())),
        );
    }
    // A feature that names a dependency of its crate adds nothing that code could name.
    added.retain(|(dependency, feature)| {
        !(*dependency == "futures_util" && *feature == "futures-channel")
    });
    let listed = ONLY_FOR_TESTS.map(|(dependency, feature, _)| (dependency, feature));
    assert_eq!(added, BTreeSet::from(listed), "what the tests add, and what this file lists");
}

#[test]
fn the_program_uses_no_feature_that_only_its_tests_need() {
    let mut files = Vec::new();
    program_files(Path::new("src"), &mut files);
    for file in files {
        let code = fs::read_to_string(&file).unwrap();
        for (dependency, feature, names) in ONLY_FOR_TESTS {
            for name in names {
                assert!(
                    !code.contains(name),
                    "{file} has `{name}`: add the feature `{feature}` of `{dependency}` to \
                     [dependencies], and take it out of this test"
                );
            }
        }
    }
}

/// Returns the features of each direct dependency over these edges (as `cargo tree` names them), by
/// the name of its library.
fn features(edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "tree",
        "--locked",
        "--offline",
        "--depth=1",
        "--prefix=none",
        "--format={lib} {f}",
    ]);
    let output = cargo.arg(format!("--edges={edges}")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('['));
    lines
        .map(|line| {
            let (name, features) = line.split_once(' ').unwrap_or((line, ""));
            let features = features.trim_end_matches(" (*)").split(',').filter(|it| !it.is_empty());
            (name.to_owned(), features.map(str::to_owned).collect())
        })
        .collect()
}

/// Collects the files of the program, without those of its unit tests.
fn program_files(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|it| it == "tests");
        if path.is_dir() && !is_test {
            program_files(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") && !is_test {
            files.push(path.display().to_string());
        }
    }
}
