//! README and the pages in `docs` hold what they say: their commands run as written, and the promises
//! have their tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::process::Process;
use crate::support::{Database, World};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_tallyroom");

#[tokio::test(flavor = "multi_thread")]
async fn its_install_commands_run_as_written() {
    let mut world = World::with().prepare(Database::Sqlite).await;
    let folder = world.folder.path().to_owned();
    let ports: Value =
        serde_json::from_str(&fs::read_to_string(world.config_file()).unwrap()).unwrap();
    // Whoever installs it has no config and no registration yet.
    for file in [world.config_file(), folder.join("registration.yaml")] {
        fs::remove_file(file).unwrap();
    }
    fs::copy(format!("{ROOT}/config.example.yaml"), folder.join("config.example.yaml")).unwrap();
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    // In the place of cargo, which would take minutes: it puts the program where cargo does.
    let cargo = bin.join("cargo");
    let asked = "[ \"$*\" = 'install --locked --path .' ]";
    fs::write(&cargo, format!("#!/bin/sh -e\n{asked}\nln -s {PROGRAM} \"$CARGO_BIN/tallyroom\"\n"))
        .unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let place = |section: &str, key: &str| ports[section][key].as_str().unwrap().to_owned();
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.arg("-ec").arg(script).current_dir(&folder).env_clear();
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
        command.env("CARGO_BIN", &bin);
        // Only so that nothing else on this machine is in the way.
        command.env("TALLYROOM__HOMESERVER__URL", place("homeserver", "url"));
        command.env("TALLYROOM__APPSERVICE__URL", place("appservice", "url"));
        command.env("TALLYROOM__APPSERVICE__LISTEN", place("appservice", "listen"));
        command.env("TALLYROOM__API__LISTEN", place("api", "listen"));
        command
    };
    let section = section("docs/installing.md", "## Install it beside your homeserver");
    let blocks: Vec<&str> = section.split("```\n").skip(1).step_by(2).take(2).collect();
    let [first, second] = blocks[..] else { panic!("{blocks:?}") };

    // The comment in the first block says what people do at that point.
    let (before, after) = first.split_once("# fill in").unwrap();
    assert!(shell(before).status().unwrap().success(), "{before}");
    let config = folder.join("config.yaml");
    let filled = fs::read_to_string(&config).unwrap();
    let filled = filled.replace("domain: example.org", "domain: tally.localhost");
    fs::write(&config, filled.replace("key: CHANGE_ME", "key: 0123456789abcdef-of-a-shop"))
        .unwrap();
    assert!(shell(&format!("# {after}")).stdout(Stdio::null()).status().unwrap().success());
    world.start_synapse().await;
    let (check, run) = second.trim_end().rsplit_once('\n').unwrap();
    let checked = shell(check).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let _service = Process::start(&mut shell(&format!("exec {run}")), &folder.join("run.log"));
    world
        .eventually("the service is ready", || async {
            let request = world.shop.request(reqwest::Method::GET, "/health/ready");
            request.send().await.ok().filter(|it| it.status() == 200).map(drop)
        })
        .await;
}

#[test]
fn every_command_in_the_documents_is_one_that_the_program_knows() {
    let mut count = 0;
    let mut documents: Vec<String> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "config.example.yaml",
        "registration.yaml",
    ]
    .map(str::to_owned)
    .into();
    for entry in fs::read_dir(Path::new(ROOT).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            documents.push(format!("docs/{name}"));
        }
    }
    for document in documents {
        for command in commands(&read(&document)) {
            count += 1;
            let output = Command::new(PROGRAM).args(&command).arg("--help").output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{document}: tallyroom {}: {error}",
                command.join(" ")
            );
        }
    }
    assert!(count > 15, "only {count} commands were found");
}

#[test]
fn every_test_that_its_table_of_promises_names_is_there() {
    let section = section("README.md", "## What it promises");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).collect();
    let table = section.lines().skip_while(|line| !line.starts_with('|'));
    assert_eq!(table.take_while(|line| line.starts_with('|')).count(), rows.len(), "torn apart");
    let mut files = Vec::new();
    collect(Path::new(ROOT).join("tests/black_box"), &mut files);
    let sources: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for row in &rows[2..] {
        let proofs = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let names: Vec<&str> = proofs.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing shows this: {row}");
        for name in names {
            let is_there = if name.starts_with("tests/") {
                Path::new(ROOT).join(name).exists()
            } else if name.ends_with(".rs") {
                files.iter().any(|file| file.file_name().is_some_and(|it| it == name))
            } else if name.ends_with('/') {
                Path::new(ROOT).join("tests/black_box").join(name).is_dir()
            } else {
                let (function, end) = match name.strip_suffix('…') {
                    Some(beginning) => (beginning, ""),
                    None => (name, "("),
                };
                sources.contains(&format!("fn {function}{end}"))
            };
            assert!(is_there, "{name} is not there: {row}");
        }
    }
}

#[test]
fn it_names_the_homeservers_that_are_tested() {
    let versions = Command::new(format!("{ROOT}/scripts/synapse")).arg("versions").output();
    let versions = String::from_utf8(versions.unwrap().stdout).unwrap();
    let named = versions.lines().collect::<Vec<_>>().join(" and ");
    let page = read("docs/installing.md");
    assert!(page.contains(&format!("tested with Synapse {named} (")), "{named}");
}

fn read(document: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(document)).unwrap()
}

/// A section of a document, with its heading.
fn section(document: &str, heading: &str) -> String {
    let document = read(document);
    let section = &document[document.find(heading).unwrap()..];
    section[..section[2..].find("\n## ").map_or(section.len(), |end| end + 2)].to_owned()
}

/// What is written as a call of the program, with something that is really possible in the place of
/// each name in capitals.
fn commands(text: &str) -> Vec<Vec<String>> {
    let in_line = text.split('`').skip(1).step_by(2).filter(|it| !it.contains('\n'));
    let in_blocks = text.lines().map(|line| line.trim_start_matches("$ "));
    let all = in_line.chain(in_blocks).filter_map(|it| it.strip_prefix("tallyroom "));
    let all = all.map(|it| it.split(" #").next().unwrap_or_default());
    let words = |command: &str| {
        let words = command.split_whitespace().map(|word| word.trim_matches(['[', ']', '…']));
        words.filter(|word| !word.is_empty()).map(possible).collect()
    };
    all.map(words).collect()
}

fn possible(word: &str) -> String {
    match word {
        "ID" => "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        "N" => "7".to_owned(),
        other => other.to_owned(),
    }
}

fn collect(folder: PathBuf, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}
