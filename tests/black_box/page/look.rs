//! The page looks as its shop wants, and like a page that people trust, on every screen.

use serde_json::json;

use super::Scene;
use crate::support::{Database, World};

/// A picture that is a logo.
const LOGO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/bot.png");

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_has_its_own_logo_colours_and_notice() {
    let plan = World::with().page().config(
        "shops",
        json!([{
            "shop": "shop", "logo": LOGO, "accent": "#1a3f8f", "accent_dark": "#8fb4ff",
            "notice": { "en": "Closed until 2 January <b>", "de": "Bis 2. Januar geschlossen" },
        }]),
    );
    let scene = Scene::set_in(plan, Database::Sqlite).await;
    let bea = scene.bea().await;
    bea.sees("Closed until 2 January <b>").await;
    bea.until("document.querySelector('.logo').naturalWidth === 256").await;
    let colour = "getComputedStyle(document.querySelector('.summary .pay')).backgroundColor";
    assert_eq!(bea.js(colour).await, "rgb(26, 63, 143)");
    assert_eq!(bea.axe().await, Vec::<String>::new());
    bea.dark().await;
    assert_eq!(bea.js(colour).await, "rgb(143, 180, 255)");
    assert_eq!(bea.axe().await, Vec::<String>::new());
    assert_eq!(bea.console_errors(), Vec::<String>::new());

    // Browsers keep the logo, and take it for nothing else than a picture.
    let logo = bea.js("document.querySelector('.logo').src").await;
    let answer = reqwest::get(logo.as_str().unwrap()).await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(answer.bytes().await.unwrap(), std::fs::read(LOGO).unwrap());

    // Who is not signed in learns nothing of whose invoice it is.
    let answer = reqwest::get(scene.page()).await.unwrap().text().await.unwrap();
    for secret in ["1a3f8f", "logo.", "Closed until", "Acme"] {
        assert!(!answer.contains(secret), "{secret}: {answer}");
    }
}
