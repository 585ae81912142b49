//! `check` and `run` name what an administrator configured wrongly, and how to fix it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Database, World};

const TRYING: &str = "the homeserver is not ready for Tallyroom";
const WRONG_DOMAIN: &str =
    "homeserver.domain is other.localhost, but the homeserver's server_name is tally.localhost";

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_the_homeserver_does_not_take_are_told_apart_and_told_seldom() {
    let nothing = json!([]);
    let mut world = World::with()
        .homeserver("app_service_config_files", nothing)
        .prepare(Database::Sqlite)
        .await;
    world.start_synapse().await;

    // The registration is not loaded.
    check_names(&world, "as_token", "it has not loaded");
    world.launch_tallyroom();
    told(&world, "it has not loaded", 2).await;

    // It is, but with the tokens exchanged.
    let registration = world.folder.path().join("registration.yaml");
    let good = std::fs::read_to_string(&registration).unwrap();
    let exchanged = good.replace("as_token:", "mine:").replace("hs_token:", "as_token:");
    let copy = world.folder.path().join("exchanged.yaml");
    std::fs::write(&copy, exchanged.replace("mine:", "hs_token:")).unwrap();
    restart_with(&mut world, &copy).await;
    check_names(&world, "as_token", "the tokens are exchanged");
    told(&world, "the tokens are exchanged", 1).await;

    // Fixed: everything goes on by itself, and the log was not filled meanwhile.
    restart_with(&mut world, &registration).await;
    world.wait_for_tallyroom().await;
    let log = world.log();
    let errors = log.lines().filter(|line| line.contains(TRYING)).count();
    assert!(errors <= 8, "{errors} lines:\n{log}");

    // Refused again while it runs: told once, however much waits for it.
    let deal = world.deal().await;
    restart_with(&mut world, &copy).await;
    world
        .eventually("the refused token is noticed", || async {
            (world.shop.get("/health/ready").await.1["homeserver"] == "refuses our as_token")
                .then_some(())
        })
        .await;
    let before = world.log().lines().count();
    for status in ["paid", "open", "closed"] {
        world.shop.patch(&deal.id, &json!({ "status": status })).await;
        world
            .eventually("another try that fails", || async {
                let failed = "SELECT problem FROM rooms WHERE problem LIKE '%M_UNKNOWN_TOKEN%'";
                world.sql_text(failed).await.map(drop)
            })
            .await;
    }
    let log = world.log();
    let told = log.lines().skip(before).filter(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["level"] == "ERROR" || line["level"] == "WARN"
    });
    let told: Vec<_> = told.collect();
    assert!(told.len() <= 4, "{} lines: {told:#?}", told.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_domain_is_named_whether_or_not_the_registration_has_it_too() {
    let mut world = World::with().prepare(Database::Sqlite).await;
    world.start_synapse().await;
    let mut config: Value =
        serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
    config["homeserver"]["domain"] = json!("other.localhost");
    std::fs::write(world.config_file(), config.to_string()).unwrap();

    // On our side only.
    check_names(&world, "registration", WRONG_DOMAIN);
    let (status, _, error) = world.run(&["run"]);
    assert!(!status.success() && error.contains(WRONG_DOMAIN), "{error}");

    // In our copy of the registration, too.
    let registration = world.folder.path().join("registration.yaml");
    let good = std::fs::read_to_string(&registration).unwrap();
    let theirs = world.folder.path().join("theirs.yaml");
    std::fs::write(&theirs, &good).unwrap();
    restart_with(&mut world, &theirs).await;
    std::fs::write(&registration, good.replace(r"tally\.localhost", r"other\.localhost")).unwrap();
    check_names(&world, "homeserver.domain", WRONG_DOMAIN);

    // And in the homeserver's.
    restart_with(&mut world, &registration).await;
    check_names(&world, "homeserver.domain", WRONG_DOMAIN);
    world.launch_tallyroom();
    told(&world, WRONG_DOMAIN, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_secrets_that_others_can_read_are_told_by_check_and_run() {
    let mut world = World::with().prepare(Database::Sqlite).await;
    world.start_synapse().await;
    world.start_tallyroom().await;
    world.terminate_tallyroom().await;
    let registration = world.folder.path().join("registration.yaml");
    let key = world.folder.path().join("signing.key");
    let files = [
        (world.config_file(), "config file", "chmod 640"),
        (registration, "registration file", "chmod 640"),
        (key, "signing key", "chmod 600"),
    ];
    let set = |file: &Path, mode| {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (file, ..) in &files {
        set(file, 0o600);
    }
    let (status, out, error) = world.run(&["check"]);
    assert!(status.success(), "{out}{error}");
    for (file, subject, fix) in &files {
        set(file, 0o644);
        check_names(&world, subject, fix);
    }
    world.start_tallyroom().await;
    let log = world.log();
    let told = log.lines().filter(|line| line.contains("other users can read a file with secrets"));
    assert_eq!(told.count(), 3, "{log}");
}

/// `check` fails, and the line of this subject has these words.
fn check_names(world: &World, subject: &str, words: &str) {
    let (status, out, error) = world.run(&["check"]);
    assert!(!status.success(), "{out}{error}");
    let line = out.split("FAIL  ").find(|it| it.starts_with(&format!("{subject}:")));
    assert!(line.is_some_and(|line| line.contains(words)), "{words}: {out}");
}

/// Waits until the running service has logged this cause so many times.
async fn told(world: &World, cause: &str, times: usize) {
    world
        .eventually(cause, || async {
            let log = world.log();
            let lines = log.lines().filter(|line| line.contains(TRYING) && line.contains(cause));
            (lines.count() >= times).then_some(())
        })
        .await;
}

/// Restarts the homeserver with another registration.
async fn restart_with(world: &mut World, registration: &Path) {
    let file = world.folder.path().join("synapse/homeserver.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut homeserver: Value = serde_json::from_str(&text).unwrap();
    homeserver["app_service_config_files"] = json!([registration]);
    std::fs::write(&file, homeserver.to_string()).unwrap();
    world.kill_synapse();
    world.start_synapse().await;
}
