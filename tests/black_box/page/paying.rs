//! Whoever owes money sees how much, until when, and how to pay it, before anything else.

use serde_json::{Value, json};

use super::Scene;
use crate::on_both_databases;
use crate::support::{Shop, Visitor, World};

on_both_databases! {
    async fn a_buyer_pays_and_says_so(database) {
        let link = "https://pay.example.org/{external_id}?amount={amount}&ref={reference}";
        let plan = World::with().page().config("page", json!({
            "pay_links": [{ "shop": "shop", "url": link }],
        }));
        let scene = Scene::set_in(plan, database).await;
        let bea = scene.bea().await;
        let pay = "document.querySelector('.summary .pay')";

        // What is owed, until when, and Pay are on the first screen of a telephone.
        bea.size(390, 844).await;
        bea.open(&format!("{}#invoice", scene.page())).await;
        bea.js("scrollTo(0, 0)").await;
        for part in [".amount", ".when", ".pay"] {
            let shown = bea.js(&format!(
                "(() => {{ const at = document.querySelector('.summary {part}').getBoundingClientRect(); \
                 return at.top >= 0 && at.bottom < 300 && at.width > 0 }})()"
            )).await;
            assert_eq!(shown, true, "{part}");
        }
        // Beside the messages, the head is one line, with Pay.
        bea.presses("Messages").await;
        bea.until("!!document.querySelector('.chat').offsetParent").await;
        bea.until("document.getElementById('summary').offsetHeight < 80").await;
        bea.pictured("paying-messages-390").await;
        bea.presses("Pay").await;
        bea.until("document.getElementById('pay').open").await;
        for (width, height) in [(390, 844), (820, 1180), (1440, 900)] {
            bea.size(width, height).await;
            shows_all_of_it(&bea).await;
            assert_eq!(bea.axe().await, Vec::<String>::new(), "at {width}");
            bea.pictured(&format!("paying-{width}")).await;
            let code = bea.js("!!document.querySelector('.transfer .qr').offsetParent").await;
            let app = bea.js("!!document.querySelector('.transfer .app').offsetParent").await;
            assert_eq!((code, app), (json!(width > 640), json!(width < 640)), "at {width}");
        }
        let address = bea.js("document.querySelector('.app').href").await;
        assert_eq!(
            address,
            "payto://iban/DE02120300000000202051?amount=EUR:634.50&receiver-name=Acme%20Ltd&message=42"
        );
        let online = "document.querySelector('.sheet > .pay')";
        let online = bea.js(&format!("[{online}.href, {online}.target, {online}.rel]")).await;
        assert_eq!(online, json!([
            "https://pay.example.org/order-1?amount=634.50&ref=42", "_blank", "noopener noreferrer",
        ]));
        bea.js(COPIES).await;
        bea.js("document.querySelector('.payment-iban .copy').click(), 0").await;
        bea.until("window.copied === 'DE02120300000000202051'").await;

        // The sheet follows a payment while it is open, and closes when nothing is left to pay.
        pays(&scene, "200.00").await;
        bea.until("document.querySelector('.payment-amount bdi')?.textContent === '€434.50'").await;
        assert_eq!(bea.js("document.getElementById('pay').open").await, true);

        // "I have paid" is a message of hers with a file, in her own words.
        let proof = scene.world.folder.path().join("proof.txt");
        std::fs::write(&proof, "sent on Monday").unwrap();
        bea.js("document.querySelector('.said').open = true").await;
        bea.pictured("paying-said").await;
        assert_eq!(bea.axe().await, Vec::<String>::new());
        bea.attaches_in("#pay", &[&proof]).await;
        bea.presses("Tell the seller").await;
        let said = scene.entry("We have paid €434.50 for INV-2026-0042.").await;
        assert_eq!(said["party"], "buyer", "{said}");
        has_file(&scene, "proof.txt").await;
        bea.sees("We have paid €434.50 for INV-2026-0042.").await;

        // Saying so pays nothing. What the shop hands in does.
        assert_eq!(bea.js(&format!("!!{pay}")).await, true);
        bea.presses("Pay").await;
        // What she has begun to write outlasts news of the invoice.
        let words = "document.querySelector('.said textarea')";
        bea.js(&format!("document.querySelector('.said').open = true, {words}.focus(), 0")).await;
        bea.js(&format!("{words}.value = 'Sent by my bank.', 0")).await;
        pays(&scene, "34.50").await;
        bea.until("document.querySelector('.payment-amount bdi')?.textContent === '€400.00'").await;
        let kept = bea.js(&format!("[{words}.value, document.activeElement === {words}]")).await;
        assert_eq!(kept, json!(["Sent by my bank.", true]));
        pays(&scene, "400.00").await;
        bea.until(&format!("!{pay} && !document.getElementById('pay').open")).await;
        // And there is nothing more to pay: then they are a message that she can still send.
        bea.until("document.getElementById('text').value === 'Sent by my bank.'").await;

        // A seller is not asked to pay.
        let sam = scene.sam_on_the_page().await;
        assert_eq!(sam.count(".pay").await, 0);
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }

    async fn a_buyer_pays_without_scripts(database) {
        let scene = Scene::set(database).await;
        let bea = scene.browser.visitor().await;
        bea.without_scripts().await;
        bea.size(390, 844).await;
        bea.open(&scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await).await;
        bea.presses("Open the invoice").await;
        bea.presses("Pay").await;
        shows_all_of_it(&bea).await;
        bea.presses("Close").await;
        bea.does_not_see("By bank transfer").await;
        bea.presses("Pay").await;
        bea.presses("I have paid").await;
        bea.presses("Tell the seller").await;
        scene.entry("We have paid €634.50 for INV-2026-0042.").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}

async fn pays(scene: &Scene, amount: &str) {
    let path = format!("/api/v1/transactions/{}/payments", scene.id);
    let request = scene.world.shop.request(reqwest::Method::POST, &path);
    assert_eq!(Shop::answer(request.json(&json!({ "amount": amount }))).await.0, 201);
}

async fn shows_all_of_it(bea: &Visitor) {
    for words in [
        "Pay €634.50",
        "Account holder",
        "Acme Ltd",
        "DE02 1203 0000 0000 2020 51",
        "Payment reference",
    ] {
        bea.sees(words).await;
    }
}

async fn has_file(scene: &Scene, name: &str) {
    let has = |entry: &Value| entry["attachments"][0]["name"] == name;
    scene
        .world
        .eventually("the file", || async {
            scene.world.shop.entries(&scene.id).await.iter().any(has).then_some(())
        })
        .await;
}

/// Notes what is copied, because a browser without a window has no clipboard.
const COPIES: &str = "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (it) => (window.copied = it) } }), 0";
