//! The invoice on the page is the one in the record, in all its revisions.

use serde_json::json;

use super::{SEND, Scene, WRITE, order};
use crate::on_both_databases;
use crate::support::Visitor;

on_both_databases! {
    async fn the_page_shows_the_whole_invoice_and_what_became_of_it(database) {
        let scene = Scene::set(database).await;
        let shop = &scene.world.shop;

        // A published one, as UBL.
        let xml = include_str!("../../invoices/ubl-tc434-example1.xml");
        let query = format!("external_id=ubl&buyer=@nobody:tally.localhost&seller={}", scene.sam.id);
        let (status, answer) = shop.post_xml(&query, xml).await;
        assert_eq!(status, 201, "{answer}");
        let ubl = answer["id"].as_str().unwrap();
        let buyer = scene.browser.visitor().await;
        buyer.open(&shop.link(ubl, "buyer", None).await).await;
        for figure in [
            "12115118", "De Koksmaat", "ODIN 59", "Velsen-Noord", "1950 AB", "Netherlands", "NL8200.98.395.B.01",
            "January 9, 2015", "PATAT FRITES 10MM 10KG", "166022", "9.95", "19.90", "KRAT BIER", "6%", "21%",
            "183.23", "10.99", "46.37", "9.74", "229.60", "20.73", "€250.33",
            "NL57 RABO 0107 3075 10", "NL03 INGB 0004 4899 02", "Deb. 10202 / Fact. 12115118", "days late",
            "Alle leveringen zijn franco.", "10202", "57151520", "Dhr. J BLOKKER",
        ] {
            buyer.sees(figure).await;
        }
        assert_eq!(buyer.count("#pay [role=img][aria-label*='QR']").await, 1, "a QR code to pay with");
        let address = scene.world.page(&format!("/t/{ubl}"));
        let pdf = fetched(&buyer, &format!("{address}/invoice.pdf")).await;
        assert_eq!((&pdf["status"], &pdf["type"]), (&json!(200), &json!("application/pdf")));
        assert!(pdf["text"].as_str().unwrap().starts_with("%PDF-"), "{pdf}");
        for (syntax, root) in [("ubl", "<Invoice "), ("cii", "<rsm:CrossIndustryInvoice ")] {
            let link = format!("a[href*='/invoice.xml'][href*='syntax={syntax}']");
            assert_eq!(buyer.count(&link).await, 1, "{syntax}");
            let written = fetched(&buyer, &format!("{address}/invoice.xml?syntax={syntax}")).await;
            assert_eq!((&written["status"], &written["type"]), (&json!(200), &json!("application/xml")));
            let text = written["text"].as_str().unwrap();
            assert!(text.contains(root) && text.contains("12115118"), "{text}");
        }
        let original = fetched(&buyer, &format!("{address}/original")).await;
        assert_eq!(original["text"].as_str().unwrap(), xml, "the file, byte for byte");
        assert!(original["disposition"].as_str().unwrap().starts_with("attachment"));
        assert_eq!(buyer.count("a[href*='/original.xml']").await, 0, "the original is the XML");
        // On paper there is the invoice, and nothing to press.
        let paper = buyer.printed_text().await;
        for figure in ["12115118", "KRAT BIER", "250.33", "NL57 RABO 0107 3075 10"] {
            assert!(paper.contains(figure), "{figure} is not printed:\n{paper}");
        }
        for other in [WRITE, SEND, "Original file", "Language"] {
            assert!(!paper.lines().any(|line| line.trim() == other), "{other} is printed:\n{paper}");
        }
        let printed = buyer.print_to_pdf().await;
        assert!(printed.starts_with(b"%PDF-"));

        let seller = scene.browser.visitor().await;
        seller.open(&shop.link(ubl, "seller", None).await).await;
        seller.sees("250.33").await;
        assert_eq!(seller.count("[role=img][aria-label*='QR']").await, 0, "the seller has nothing to pay");

        // What changes is there at once, and what it was before.
        let bea = scene.bea().await;
        bea.sees("Awaiting payment").await;
        bea.sees("€634.50").await;
        let mut changed = order("order-1", &scene.sam.id)["invoice"].clone();
        changed["lines"][0]["quantity"] = json!("12");
        changed["lines"][0]["net_amount"] = json!("540.00");
        changed["due_date"] = json!("2026-08-01");
        let (status, answer) = shop.patch(&scene.id, &json!({ "invoice": changed })).await;
        assert_eq!(status, 200, "{answer}");
        bea.sees("€742.50").await;
        let (status, answer) = shop.patch(&scene.id, &json!({ "status": "paid" })).await;
        assert_eq!(status, 200, "{answer}");
        bea.sees("Paid").await;
        bea.reload().await;
        bea.until("[...document.querySelectorAll('details')].every(it => it.open = true)").await;
        for before in ["Awaiting payment", "€634.50", "July 1, 2099", "August 1, 2026", "€742.50"] {
            bea.sees(before).await;
        }
        assert_eq!(bea.console_errors(), Vec::<String>::new());
        assert_eq!(buyer.console_errors(), Vec::<String>::new());
    }
}

async fn fetched(visitor: &Visitor, address: &str) -> serde_json::Value {
    visitor
        .js(&format!(
            "fetch('{address}').then(async it => ({{ status: it.status, \
             disposition: it.headers.get('content-disposition'), \
             type: it.headers.get('content-type'), text: await it.text() }}))"
        ))
        .await
}
