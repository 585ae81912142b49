//! An invoice goes out as UBL and as CII, whatever form it came in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Database, Shop, World, sample};

const WITH_FILE: &str = include_str!("../invoices/ubl-tc434-example2.xml");

/// The status and the text of an answer.
async fn asked(world: &World, path: &str) -> (u16, String) {
    let answer = world.shop.request(Method::GET, path).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What a check of the rules finds.
async fn checked(world: &World, xml: &str) -> Value {
    let request = world.shop.request(Method::POST, "/api/v1/invoices/check").body(xml.to_owned());
    Shop::answer(request).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_goes_out_in_both_syntaxes_and_comes_in_again_as_the_same() {
    let world = World::start(Database::Sqlite).await;
    let (status, taken) = world.shop.post_xml("external_id=a", WITH_FILE).await;
    assert_eq!(status, 201, "{taken}");
    let path = format!("/api/v1/transactions/{}/invoice.xml", taken["id"].as_str().unwrap());
    let (_, default) = asked(&world, &path).await;
    for (syntax, root) in [("ubl", "<Invoice "), ("cii", "<rsm:CrossIndustryInvoice ")] {
        let (status, xml) = asked(&world, &format!("{path}?syntax={syntax}")).await;
        assert!(status == 200 && xml.contains(root), "{xml}");
        assert_eq!(
            xml == default,
            syntax == "cii",
            "CII is what is answered if nothing is asked for"
        );
        assert_eq!(checked(&world, &xml).await["valid"], true);
        let (status, again) = world.shop.post_xml(&format!("external_id={syntax}"), &xml).await;
        assert_eq!(status, 201, "{again}");
        // The file in the invoice came along.
        for name in ["documents", "totals", "lines", "seller", "payment"] {
            let without_gross = |it: &Value| {
                let mut it = it[name].clone();
                if let Some(line) = it.get_mut(0).and_then(Value::as_object_mut) {
                    line.remove("gross_price");
                }
                it
            };
            let (before, after) = (&taken["invoice"], &again["invoice"]);
            assert_eq!(without_gross(before), without_gross(after), "{name} as {syntax}");
        }
    }
    let (status, refused) = world.shop.get(&format!("{path}?syntax=edifact")).await;
    assert_eq!(status, 400, "{refused}");
    assert_eq!(refused["parameter"], "syntax");
    assert!(refused["detail"].as_str().unwrap().contains("ubl, cii"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_parties_of_a_transaction_say_is_in_its_invoice() {
    let world = World::start(Database::Sqlite).await;
    let mut order = sample("order-1", "@bea:tally.localhost", "@sam:tally.localhost");
    order["seller"]["vat_id"] = json!("DE123456789");
    order["seller"]["address"] = json!({ "city": "Kiel", "country": "DE" });
    let (status, taken) = world.shop.post(&order).await;
    assert_eq!(status, 201, "{taken}");
    let path = format!("/api/v1/transactions/{}/invoice.xml", taken["id"].as_str().unwrap());
    for syntax in ["ubl", "cii"] {
        let (_, xml) = asked(&world, &format!("{path}?syntax={syntax}")).await;
        for text in ["DE123456789", "Kiel", "Acme", "Birch"] {
            assert!(xml.contains(text), "{text}: {xml}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_converted_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let invoices = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invoices");
    let convert = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tallyroom"));
        let output = command.args(["invoice", "convert"]).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let pdf = format!("{invoices}/cases/factur-x.pdf");
    let (good, ubl, told) = convert(&[&pdf, "--to", "ubl"]);
    assert!(good && ubl.contains("<Invoice "), "{told}");
    let file = folder.path().join("invoice.json");
    let ubl_file = folder.path().join("invoice.xml");
    std::fs::write(&ubl_file, &ubl).unwrap();
    let (good, out, told) =
        convert(&[ubl_file.to_str().unwrap(), "--to", "json", "--output", file.to_str().unwrap()]);
    assert!(good && out.is_empty(), "{told}");
    let json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(json["totals"]["due"], "119.00");
    let (good, cii, _) = convert(&[file.to_str().unwrap(), "--to", "cii"]);
    assert!(good && cii.contains("<rsm:CrossIndustryInvoice "), "{cii}");
    let groups = format!("{invoices}/cases/group-lines.cii.xml");
    let (good, _, told) = convert(&[&groups, "--to", "ubl"]);
    assert!(good && told.contains("left out: /lines/0"), "{told}");
    let (good, _, told) = convert(&[&pdf, "--to", "edifact"]);
    assert!(!good && told.contains("ubl, cii, json or pdf"), "{told}");
    let paper = folder.path().join("invoice.pdf");
    let to_paper =
        [&groups, "--to", "pdf", "--language", "de", "--output", paper.to_str().unwrap()];
    let (good, out, told) = convert(&to_paper);
    assert!(good && out.is_empty(), "{told}");
    let (good, from_groups, _) = convert(&[&groups, "--to", "json"]);
    let (again, from_paper, _) = convert(&[paper.to_str().unwrap(), "--to", "json"]);
    let invoice = |text: &str| {
        let mut invoice: Value = serde_json::from_str(text).unwrap();
        // The PDF names the profile that has a place for all of the invoice.
        invoice.as_object_mut().unwrap().remove("specification");
        invoice
    };
    assert!(good && again);
    assert_eq!(invoice(&from_paper), invoice(&from_groups));
    let (good, _, told) = convert(&[&groups, "--to", "cii", "--language", "de"]);
    assert!(!good && told.contains("only a PDF has a language"), "{told}");
    let (good, _, told) = convert(&[&format!("{invoices}/README.md"), "--to", "ubl"]);
    assert!(!good && told.contains("cannot be converted"), "{told}");
}
