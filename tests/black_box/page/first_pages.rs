//! A PDF in the conversation shows its first page.

use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{SEND, Scene, order};
use crate::on_both_databases;
use crate::support::Entered;

/// A PDF that somebody sends.
const QUOTE: &[u8] = include_bytes!("../../invoices/pdf/factur-x.pdf");
/// What the first pages in the conversation are called.
const PICTURES: &str =
    "[...document.querySelectorAll('li[data-event] a.file img')].map(it => it.alt)";
/// The boxes of the pictures, and those of copies that are so far below that the browser does not load them yet.
const BOXES: &str = "[...document.querySelectorAll('li[data-event] a.file')].filter(it => it.querySelector('img')).map(link => { \
     const far = document.createElement('div'), box = it => [it.getBoundingClientRect().width, it.getBoundingClientRect().height]; \
     far.style.position = 'absolute'; far.style.top = '50000px'; \
     far.innerHTML = link.outerHTML.replace('/first-page?', '/first-page?far&'); document.body.append(far); \
     const copy = far.querySelector('img'), shown = link.querySelector('img'), found = [copy.naturalWidth, box(copy), box(shown)]; \
     far.remove(); return found })";

impl Scene {
    /// Sam sends a PDF with their own client. Returns the event.
    async fn sam_sends(&self, name: &str, bytes: &[u8]) -> String {
        let mxc = self.sam.upload(name, "application/pdf", bytes.to_vec()).await;
        let info = json!({ "size": bytes.len(), "mimetype": "application/pdf" });
        let content = json!({ "msgtype": "m.file", "body": name, "url": mxc, "info": info });
        self.sam.send(&self.room, "m.room.message", content).await
    }
}

on_both_databases! {
    async fn a_pdf_shows_its_first_page_to_its_parties_until_it_is_redacted(database) {
        let scene = Scene::set(database).await;
        let (world, shop) = (&scene.world, &scene.world.shop);
        let path = format!("/api/v1/transactions/{}/invoice.pdf", scene.id);
        let invoice = shop.request(Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
        let file = world.folder.path().join("signed.pdf");
        std::fs::write(&file, &invoice).unwrap();

        // From the page, and from a Matrix client.
        let bea = scene.bea().await;
        bea.attaches(&[&file]).await;
        bea.presses(SEND).await;
        bea.until(&format!("{PICTURES}.length === 1")).await;
        let sent = scene.sam_sends("quote.pdf", QUOTE).await;
        bea.until(&format!("{PICTURES}.length === 2")).await;
        assert_eq!(bea.js(PICTURES).await, json!(["First page of signed.pdf", "First page of quote.pdf"]));
        // Without a picture, a file is there to be saved as ever.
        scene.sam_sends("broken.pdf", b"%PDF-1.7 and no more").await;
        let saved = |name: &str| format!("[...document.querySelectorAll('a.file[download]')].find(it => it.textContent.includes('{name}'))");
        bea.until(&format!("!!{}", saved("broken.pdf"))).await;
        assert_eq!(bea.js(&format!("{}.querySelector('img')", saved("broken.pdf"))).await, json!(null));

        // A picture has its place before it has come.
        bea.reload().await;
        let come = "[...document.querySelectorAll('a.file img')].filter(it => it.scrollIntoView() \
             || it.complete && it.naturalHeight === 640).length === 2";
        bea.until(come).await;
        let boxes = bea.js(BOXES).await;
        assert_eq!(boxes.as_array().unwrap().len(), 2);
        for found in boxes.as_array().unwrap() {
            assert_eq!((&found[0], &found[1]), (&json!(0), &found[2]), "{boxes}");
            let (width, height) = (found[2][0].as_f64().unwrap(), found[2][1].as_f64().unwrap());
            assert!((220.0..230.0).contains(&width) && (310.0..325.0).contains(&height), "{boxes}");
        }
        assert_eq!(bea.axe().await, Vec::<String>::new());
        bea.pictured("first-pages").await;
        bea.dark().await;
        bea.size(390, 844).await;
        bea.js("location.hash = 'messages'").await;
        bea.until("document.querySelector('li[data-event] a.file img').checkVisibility()").await;
        bea.pictured("first-pages-dark-phone").await;
        assert_eq!(bea.axe().await, Vec::<String>::new());
        assert_eq!(bea.console_errors(), Vec::<String>::new());

        // Whoever may open the file gets the picture, and nobody else.
        let sha256 = format!("{:x}", Sha256::digest(QUOTE));
        let part = format!("/files/{sha256}/first-page");
        let party = Entered::by(&shop.link(&scene.id, "seller", None).await).await;
        let shown = party.request(Method::GET, &part).send().await.unwrap();
        assert_eq!(shown.status(), 200);
        for (header, value) in [
            ("content-type", "image/png"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "private, max-age=3600"),
            ("content-security-policy", "sandbox; default-src 'none'"),
        ] {
            assert_eq!(shown.headers()[header], value);
        }
        assert!(shown.bytes().await.unwrap().starts_with(b"\x89PNG"));
        let other = shop.create(&order("order-2", &scene.sam.id)).await;
        let mut stranger = Entered::by(&shop.link(&other, "seller", None).await).await;
        assert_eq!(stranger.request(Method::GET, &part).send().await.unwrap().status(), 404);
        stranger.page = stranger.page.replace(&other, &scene.id);
        assert_eq!(stranger.request(Method::GET, &part).send().await.unwrap().status(), 401);
        stranger.cookie = "nothing=at-all".to_owned();
        assert_eq!(stranger.request(Method::GET, &part).send().await.unwrap().status(), 401);

        // What is erased takes its picture with it.
        scene.sam.redact(&scene.room, &sent).await;
        bea.until(&format!("{PICTURES}.length === 1")).await;
        world.eventually("the picture gone", || async {
            let count = "SELECT CAST(COUNT(*) AS TEXT) FROM first_pages";
            (world.sql_text(count).await.as_deref() == Some("1")).then_some(())
        }).await;
        assert_eq!(party.request(Method::GET, &part).send().await.unwrap().status(), 404);
        assert!(world.run(&["verify"]).0.success());
    }
}
