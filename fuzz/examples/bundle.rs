//! Writes the sample that the target `bundle` changes: `cargo run --release --example bundle FILE`.
//! A small transaction with two revisions, a message, a file, an edit and a removal.

use libfuzzer_sys as _;
use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, bail};
use ruma::{room_id, user_id};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tallyroom::config::{Config, DatabaseConfig, DatabaseUrl};
use tallyroom::export::Exporter;
use tallyroom::files::Vault;
use tallyroom::record::RedactionPolicy;
use tallyroom::seal::SigningKey;
use tallyroom::store::{Arrival, Change, Created, Deriving, NewRevision, Original, Source, Store};
use tallyroom::clock::now;
use tallyroom::transaction::{Accompaniment, Patch, Submission};

const BOT: &str = "@_tallyroom_bot:x";
const ROOM: &str = "!r:x";
const PLAN: &[u8] = b"the plan";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let out = std::env::args().nth(1).context("which file?")?;
    let folder = tempfile::tempdir()?;
    let bot = user_id!("@_tallyroom_bot:x").to_owned();
    let url = DatabaseUrl::parse(&format!("sqlite:{}/record.db", folder.path().display()))?;
    let store = Store::open(&DatabaseConfig { url, max_connections: 2 }).await?;
    let mut files = Config::default().files;
    files.store = folder.path().join("files").to_string_lossy().into_owned();
    let vault = Vault::open(&files)?;

    let xml = include_bytes!("../seeds/invoice_xml/sample-discount-price");
    let submission = Submission::from_xml(xml, Accompaniment::default());
    let accepted = submission.and_then(Submission::accept).ok().context("it is not accepted")?;
    let original = Original { media_type: "application/xml", bytes: xml };
    let new = NewRevision {
        terms: &accepted.terms,
        warnings: &accepted.warnings,
        original: Some(original),
    };
    let created = store.create_transaction("shop", "order-1", new, "t").await?;
    let Created::New(id) = created else { bail!("it is there already") };
    store.claim_room(id, room_id!("!r:x"), None, None).await?;
    let patch = Patch { status: Some("paid".to_owned()), ..Patch::default() };
    let (terms, warnings) = patch.apply(&accepted.terms, &accepted.warnings).ok().context("it is refused")?;
    let change = Change { terms, warnings, invite_again: false };
    store
        .change_transaction("shop", id, None, "t", |_| {
            Ok::<_, std::convert::Infallible>(Some(change))
        })
        .await?;

    let text = |body: &str| json!({ "msgtype": "m.text", "body": body });
    let edit = json!({ "msgtype": "m.text", "body": "* On Friday", "m.new_content": text("On Friday"),
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$2" } });
    let said = [
        ("$1", "m.room.member", json!({ "membership": "join", "displayname": "Ann" })),
        ("$2", "m.room.message", text("On Fryday")),
        (
            "$3",
            "m.room.message",
            json!({ "msgtype": "m.file", "body": "plan.txt", "url": "mxc://x/a" }),
        ),
        ("$4", "m.room.message", edit),
        ("$5", "m.room.message", text("a slip")),
        ("$6", "m.room.redaction", json!({ "redacts": "$5" })),
    ];
    let arrival = |(event_id, event_type, content): (&str, &str, Value)| {
        let mut event = json!({ "type": event_type, "event_id": event_id, "sender": "@ann:x",
            "room_id": ROOM, "origin_server_ts": now(), "content": content });
        match event_type {
            "m.room.member" => event["state_key"] = json!("@ann:x"),
            "m.room.redaction" => event["redacts"] = json!("$5"),
            _ => {}
        }
        Arrival { room_id: ROOM.to_owned(), event_id: event_id.to_owned(), raw: event.to_string() }
    };
    store.journal(&said.map(arrival), Source::Push, "t", &bot).await?;
    let deriving =
        Deriving { bot: BOT.to_owned(), redactions: RedactionPolicy::Honour, sign_after: 1 };
    store.derive_room(&id.to_string(), ROOM, &deriving).await?;

    let sha256 = format!("{:x}", Sha256::digest(PLAN));
    let mut file = vault.temporary_file()?;
    file.write_all(PLAN)?;
    store.file_arrived("mxc://x/a", &sha256).await?;
    vault.put(&sha256, file).await?;
    let size = i64::try_from(PLAN.len())?;
    store.file_stored("mxc://x/a", &sha256, size, Some("text/plain"), None).await?;
    store.add_missing_file_acts(10).await?;

    let key = Arc::new(SigningKey::load_or_make(&folder.path().join("key"), bot)?);
    let exporter = Exporter::new(store.clone(), vault, key);
    exporter.write(id, std::fs::File::create(out)?).await?;
    store.close().await;
    Ok(())
}
