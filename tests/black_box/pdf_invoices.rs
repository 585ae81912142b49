//! A PDF that carries an invoice comes in like its XML, and goes out as it was, with the XML beside it.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::export::{members, verify};
use crate::on_both_databases;
use crate::support::{Database, Shop, World};

const PDF: &[u8] = include_bytes!("../invoices/pdf/by-factur-x-library.pdf");
const XML: &[u8] = include_bytes!("../invoices/CII_example4.xml");
const FOR_PEOPLE: &[u8] = include_bytes!("../invoices/pdf/other-attachment.pdf");

async fn hand_in(world: &World, query: &str, pdf: &[u8]) -> (u16, Value) {
    let path = format!("/api/v1/transactions?{query}");
    let request = world.shop.request(Method::POST, &path).header("content-type", "application/pdf");
    Shop::answer(request.body(pdf.to_vec())).await
}

/// The status, the content type, the name and the bytes of a download.
async fn download(world: &World, path: &str) -> (u16, String, String, Vec<u8>) {
    let answer = world.shop.request(Method::GET, path).send().await.unwrap();
    let header = |name: &str| {
        let value = answer.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
        value.unwrap_or_default()
    };
    let (kind, name) = (header("content-type"), header("content-disposition"));
    (answer.status().as_u16(), kind, name, answer.bytes().await.unwrap().to_vec())
}

on_both_databases! {
    async fn a_pdf_is_taken_in_by_its_xml_and_kept_as_the_original(database) {
        let world = World::start(database).await;
        let (status, of_pdf) = hand_in(&world, "external_id=a-pdf", PDF).await;
        assert_eq!(status, 201, "{of_pdf}");
        let xml = std::str::from_utf8(XML).unwrap();
        let (status, of_xml) = world.shop.post_xml("external_id=an-xml", xml).await;
        assert_eq!(status, 201, "{of_xml}");
        assert_eq!(of_pdf["invoice"], of_xml["invoice"]);
        let part = Part::bytes(PDF);
        let with = json!({ "external_id": "in-parts" }).to_string();
        let form = Form::new().part("invoice", part).text("transaction", with);
        let request = world.shop.request(Method::POST, "/api/v1/transactions").multipart(form);
        let (status, in_parts) = Shop::answer(request).await;
        assert_eq!((status, &in_parts["invoice"]), (201, &of_xml["invoice"]), "{in_parts}");

        for (answer, kind, kept) in [
            (&of_pdf, "application/pdf", PDF),
            (&in_parts, "application/pdf", PDF),
            (&of_xml, "application/xml", XML),
        ] {
            let path = format!("/api/v1/transactions/{}", answer["id"].as_str().unwrap());
            let (status, found, name, bytes) = download(&world, &format!("{path}/original")).await;
            assert_eq!((status, found.as_str()), (200, kind));
            assert_eq!(bytes, kept);
            assert!(name.ends_with(kind.trim_start_matches("application/")), "{name}");
            let (status, found, _, bytes) = download(&world, &format!("{path}/original.xml")).await;
            assert_eq!((status, found.as_str()), (200, "application/xml"));
            assert_eq!(bytes, XML);
        }

        // The bundle has the PDF, and another one in its place is noticed.
        let path = format!("/api/v1/transactions/{}/export", of_pdf["id"].as_str().unwrap());
        let (_, _, _, bundle) = download(&world, &path).await;
        assert_eq!(members(&bundle)["invoice/revision-1.pdf"], PDF);
        assert!(verify(&bundle, &[]).0);
        let mut changed = members(&bundle);
        changed.insert("invoice/revision-1.xml".to_owned(), XML.to_vec());
        let (good, said) = verify(&crate::export::pack(&changed), &[]);
        assert!(!good, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_without_an_invoice_is_refused_kindly_by_call_and_by_command() {
    let world = World::start(Database::Sqlite).await;
    let (status, problem) = hand_in(&world, "external_id=a", FOR_PEOPLE).await;
    assert_eq!(status, 422, "{problem}");
    let said = problem.to_string();
    assert!(said.contains("a PDF for people only") && said.contains("hours.csv"), "{said}");
    let (status, transaction) =
        world.shop.post_xml("external_id=b", std::str::from_utf8(XML).unwrap()).await;
    assert_eq!(status, 201, "{transaction}");
    let path = format!("/api/v1/transactions/{}", transaction["id"].as_str().unwrap());
    let change = world.shop.request(Method::PATCH, &path).header("content-type", "application/pdf");
    let (status, problem) = Shop::answer(change.body(FOR_PEOPLE)).await;
    assert_eq!(status, 422, "{problem}");

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invoices/pdf");
    let [good, bad] = ["factur-x.pdf", "password.pdf"].map(|name| format!("{folder}/{name}"));
    let (status, out, _) = world.run(&["import", &good, &bad]);
    assert!(!status.success());
    assert!(out.contains("imported as") && out.contains("encrypted with a password"), "{out}");
}
