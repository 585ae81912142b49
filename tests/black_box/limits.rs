//! Large invoices come in, as large as the keys under `invoice.limits` allow, and a refusal names its key.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Shop, World, sample};

const WITH_FILE: &str = include_str!("../invoices/ubl-tc434-example2.xml");
const PDF: &[u8] = include_bytes!("../invoices/cases/factur-x.pdf");

/// An invoice in UBL whose attached file has so many bytes.
fn with_attachment(bytes: usize) -> String {
    let (before, rest) = WITH_FILE.split_once("EmbeddedDocumentBinaryObject").unwrap();
    let (attributes, rest) = rest.split_once('>').unwrap();
    let (_, after) = rest.split_once('<').unwrap();
    let file = "QUJD".repeat(bytes / 3);
    format!("{before}EmbeddedDocumentBinaryObject{attributes}>{file}<{after}")
}

on_both_databases! {
    async fn a_large_invoice_comes_in_and_its_attachment_opens(database) {
        let world = World::start(database).await;
        let xml = with_attachment(22_500_000);
        assert!(xml.len() > 30_000_000);
        let (status, taken) = world.shop.post_xml("external_id=large", &xml).await;
        assert_eq!(status, 201, "{taken}");
        let documents = taken["invoice"]["documents"].as_array().unwrap();
        let place = documents.iter().position(|it| it["attachment"].is_object()).unwrap();
        assert_eq!(documents[place]["attachment"]["size"], 22_500_000);
        let id = taken["id"].as_str().unwrap();
        let path = format!("/api/v1/transactions/{id}/attachments/{place}");
        let answer = world.shop.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let file = answer.bytes().await.unwrap();
        assert!(file.len() == 22_500_000 && file.starts_with(b"ABCABC"));
        let path = format!("/api/v1/transactions/{id}/original");
        let original = world.shop.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(original.bytes().await.unwrap().len(), xml.len());
    }
}

/// The sentences of an answer.
fn told(answer: &Value) -> String {
    answer.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_names_the_key_of_the_limit_that_it_refuses_by() {
    let limits = json!({
        "file_megabytes": 1, "code_chars": 50, "rows": 2, "notes_or_accounts": 2, "xml_attributes": 3,
        "pdf_streams": 1,
    });
    let world =
        World::with().config("invoice", json!({ "limits": limits })).start(Database::Sqlite).await;
    let shop = &world.shop;
    let large = with_attachment(1_000_000);
    let xml = "application/xml";
    let url = "/api/v1/transactions";
    let of_size = "At most 1000000 bytes are allowed here, which is 1 MB (config key invoice.limits.file_megabytes).";
    for request in [
        shop.request(Method::POST, url).header("content-type", xml).body(large.clone()),
        shop.request(Method::POST, url)
            .multipart(Form::new().part("invoice", Part::text(large.clone()))),
        shop.request(Method::POST, "/api/v1/invoices/check").body(large.clone()),
    ] {
        let (status, answer) = Shop::answer(request).await;
        assert_eq!(status, 413, "{answer}");
        assert_eq!(answer["detail"], of_size);
    }

    let mut order = sample("order-1", "@bea:tally.localhost", "@sam:tally.localhost");
    order["invoice"]["payment"] = json!({ "iban": "1".repeat(51) });
    let (status, answer) = shop.post(&order).await;
    assert_eq!(status, 422, "{answer}");
    let of_code =
        "At most 50 characters are allowed here, not 51 (config key invoice.limits.code_chars).";
    assert!(told(&answer).contains(of_code), "{answer}");
    order["invoice"]["lines"] = Value::Array(vec![order["invoice"]["lines"][0].clone(); 3]);
    let (status, answer) = shop.post(&order).await;
    assert_eq!(status, 422, "{answer}");
    assert!(told(&answer).contains("more than 2 rows"), "{answer}");
    assert!(told(&answer).contains("(config key invoice.limits.rows)"), "{answer}");

    let wide = WITH_FILE.replacen("<cbc:ID>", "<cbc:ID a='1' b='2' c='3' d='4'>", 1);
    let (status, answer) = shop.post_xml("external_id=wide", &wide).await;
    assert_eq!(status, 422, "{answer}");
    assert!(told(&answer).contains("(config key invoice.limits.xml_attributes)"), "{answer}");
    let pdf = shop.request(Method::POST, url).header("content-type", "application/pdf").body(PDF);
    let (status, answer) = Shop::answer(pdf).await;
    assert_eq!(status, 422, "{answer}");
    assert!(
        told(&answer).contains("more than 1 streams (config key invoice.limits.pdf_streams)"),
        "{answer}"
    );

    let file = world.config_file().with_file_name("large.xml");
    std::fs::write(&file, &large).unwrap();
    let (status, out, _) = world.run(&["import", file.to_str().unwrap()]);
    assert!(!status.success() && out.contains(of_size), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_has_the_default_limits_and_names_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.xml");
    let attributes: String = (0..65).map(|it| format!(" a{it}=''")).collect();
    std::fs::write(&file, WITH_FILE.replacen("<cbc:ID>", &format!("<cbc:ID{attributes}>"), 1))
        .unwrap();
    for arguments in [&["invoice", "check"][..], &["invoice", "convert", "--to", "cii"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tallyroom"));
        let output = command.args(arguments).arg(&file).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert!(!output.status.success(), "{told}");
        assert!(
            told.contains("more than 64 attributes")
                && told.contains("(config key invoice.limits.xml_attributes)"),
            "{told}"
        );
    }
}
