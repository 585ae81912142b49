//! The commands that an administrator types.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::shop::KEY;
use crate::support::{Database, World, sample};

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_written_once_and_for_its_owner_only() {
    let world = World::with().prepare(Database::Sqlite).await;
    let file = world.folder.path().join("registration.yaml");
    let before = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(before.contains(r"^@_tallyroom_.*:tally\.localhost$"), "{before}");
    let (status, out, error) = world.run(&["generate-registration"]);
    assert!(!status.success());
    assert!(error.contains("exists"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let token = world.token("as_token");
    assert!(!out.contains(&token) && !error.contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_is_wrong_and_how_to_fix_it() {
    let mut world = World::with().prepare(Database::Sqlite).await;
    let (status, out, _) = world.run(&["check"]);
    assert!(!status.success());
    assert!(out.contains("FAIL  as_token") && out.contains("homeserver.url"), "{out}");

    world.start_synapse().await;
    // Both before the service runs and while it does.
    let (status, out, error) = world.run(&["check"]);
    assert!(status.success(), "{out}{error}");
    world.start_tallyroom().await;
    let (status, out, error) = world.run(&["check"]);
    assert!(status.success(), "{out}{error}");
    for subject in ["config", "registration", "database", "as_token", "hs_token and our address"] {
        assert!(out.lines().any(|line| line.starts_with(&format!("ok    {subject}:"))), "{out}");
    }
    world.terminate_tallyroom().await;

    let key = world.folder.path().join("signing.key");
    let good = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, "canary").unwrap();
    let (status, out, _) = world.run(&["check"]);
    assert!(!status.success() && out.contains("Restore the file from your copy"), "{out}");
    assert!(!out.contains("canary"), "{out}");
    std::fs::write(&key, good).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (status, out, _) = world.run(&["check"]);
    assert!(!status.success() && out.contains("chmod 600"), "{out}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    let file = world.folder.path().join("registration.yaml");
    let good = std::fs::read_to_string(&file).unwrap();
    for (token, words) in
        [("as_token", "does not know this as_token"), ("hs_token", "another hs_token")]
    {
        let wrong = good.replace(&world.token(token), "a-token-that-is-wrong-0123456789abcdef");
        std::fs::write(&file, wrong).unwrap();
        let (status, out, _) = world.run(&["check"]);
        assert!(!status.success(), "{out}");
        assert!(out.contains("FAIL") && out.contains(words), "{token}: {out}");
        std::fs::write(&file, &good).unwrap();
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (status, out, _) = world.run(&["check"]);
    assert!(!status.success() && out.contains("chmod 640"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_config_is_refused_with_the_keys_full_path() {
    let world = World::with().prepare(Database::Sqlite).await;
    let good = std::fs::read_to_string(world.config_file()).unwrap();
    for (section, key, value, words) in [
        ("rooms", "history_visibility", json!("world_readable"), "shared"),
        ("rooms", "parallel", json!("many"), "64"),
        ("rooms", "colour", json!("red"), "guest_access"),
        ("homeserver", "url", json!("ftp://example.org"), "http"),
        ("api", "listen", json!("nowhere"), "127.0.0.1"),
    ] {
        let mut config: Value = serde_json::from_str(&good).unwrap();
        config[section][key] = value;
        std::fs::write(world.config_file(), config.to_string()).unwrap();
        let (status, _, error) = world.run(&["check"]);
        assert!(!status.success());
        let path = format!("{section}.{key}");
        assert!(error.contains(&path) && error.contains(words), "{path}: {error}");
        assert!(!error.contains(KEY), "a secret is in the error: {error}");
    }
    std::fs::write(world.config_file(), good).unwrap();
    // The environment overrides any key, and is held to the same rules.
    let variable = ("TALLYROOM__ROOMS__PARALLEL", "0");
    let (status, _, error) = world.run_with(&[variable], &["check"]);
    assert!(!status.success() && error.contains("rooms.parallel"), "{error}");
    let variable = ("TALLYROOM__DATABASE__URL", "sqlite:elsewhere.db");
    let (_, out, _) = world.run_with(&[variable], &["check"]);
    assert!(out.contains("elsewhere.db"), "{out}");
    assert!(world.folder.path().join("elsewhere.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn import_does_what_the_api_does() {
    let world = World::start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invoices");
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().to_string_lossy().into_owned())
        .filter(|file| file.ends_with(".xml"))
        .collect();
    let mut arguments = vec!["import", "--buyer", &buyer.id, "--seller", &seller.id];
    arguments.extend(files.iter().map(String::as_str));
    let (status, out, error) = world.run(&arguments);
    assert!(status.success(), "{out}{error}");
    assert_eq!(out.lines().filter(|line| line.contains("imported as")).count(), 8, "{out}");
    // Again is no second time.
    let (status, out, _) = world.run(&arguments);
    assert!(status.success());
    assert_eq!(out.lines().filter(|line| line.contains("already exists as")).count(), 8, "{out}");

    let json = world.folder.path().join("one.json");
    std::fs::write(&json, sample("order-1", &buyer.id, &seller.id).to_string()).unwrap();
    let broken = world.folder.path().join("broken.xml");
    std::fs::write(&broken, "<Invoice/>").unwrap();
    let (status, out, _) = world.run(&["import", json.to_str().unwrap(), broken.to_str().unwrap()]);
    assert!(!status.success(), "{out}");
    assert!(out.contains("imported as") && out.contains("refused"), "{out}");

    // The running service makes their rooms although nobody told it.
    let (_, list) = world.shop.get("/api/v1/transactions").await;
    let transactions = list["transactions"].as_array().unwrap();
    assert_eq!(transactions.len(), 9);
    for transaction in transactions {
        world.shop.room(transaction["id"].as_str().unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_never_reach_the_log() {
    let mut world = World::with()
        .config("log", json!({ "level": "trace" }))
        .proxy()
        .start(Database::Sqlite)
        .await;
    let deal = world.deal().await;
    deal.buyer.say(&deal.room, "the words of the buyer").await;
    let request = world.shop.request(reqwest::Method::GET, "/api/v1/transactions");
    request.header("x-request-id", "my-own-id").send().await.unwrap();
    world.stop_synapse().await;
    world.push("1", "{\"events\":[]}").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    world.terminate_tallyroom().await;
    let log = world.log();
    assert!(log.contains("my-own-id"), "the caller's id is not in the log");
    for secret in [&world.token("as_token"), &world.token("hs_token"), KEY] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
    // Every line is one JSON object.
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}
