//! The page is for everyone: keyboard, screen reader, phone, dark mode, right to left. It loads little.
//!
//! These tests run on one database, because how a page looks and is used does not depend on it.

use serde_json::json;

use super::{Scene, WRITE};
use crate::support::{Database, Visitor};

/// Compressed, with everything that the first view needs.
const FIRST_VIEW: f64 = 40_000.0;

#[tokio::test(flavor = "multi_thread")]
async fn anybody_can_use_the_page() {
    let scene = Scene::set(Database::Sqlite).await;
    for text in [
        "Good morning",
        "Here is the invoice",
        "A [link](https://shop.example/a-very-long-address-that-does-not-break-anywhere-at-all-0123456789)",
    ] {
        scene.sam.say(&scene.room, text).await;
    }
    scene.entry("Here is the invoice").await;

    the_first_view_is_light_and_asks_nobody_else(&scene).await;
    with_the_keyboard_alone(&scene).await;
    let bea = scene.bea().await;
    bea.says("A question of mine").await;
    bea.sees("A question of mine").await;
    scene
        .sam
        .react(
            &scene.room,
            scene.entry("A question of mine").await["event_id"].as_str().unwrap(),
            "👍",
        )
        .await;
    bea.sees("👍").await;
    for lang in ["en", "ar"] {
        for dark in [false, true] {
            for (width, height) in [(390, 844), (820, 1180), (1440, 900)] {
                looks_right(&scene, lang, dark, (width, height)).await;
            }
        }
    }
    // Long words.
    looks_right(&scene, "de", false, (390, 844)).await;
    // The page that shows nothing is for everybody, too.
    let nobody = scene.browser.visitor().await;
    for lang in ["en", "ar"] {
        nobody.open(&format!("{}?lang={lang}", scene.page())).await;
        assert_eq!(nobody.axe().await, Vec::<String>::new(), "without a link, {lang}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_reads_their_own_language() {
    let scene = Scene::set(Database::Sqlite).await;
    for (asks, lang, words) in [
        ("en-GB", "en", ["Invoice", "€634.50", "1 July 2099"]),
        ("de-DE,de;q=0.9,en;q=0.5", "de", ["Rechnung", "634,50 €", "1. Juli 2099"]),
        ("fr", "fr", ["Facture", "634,50 €", "1 juillet 2099"]),
        ("nl-NL", "nl", ["Factuur", "€ 634,50", "1 juli 2099"]),
        ("es-ES", "es", ["Factura", "634,50 €", "1 de julio de 2099"]),
        ("ja, es;q=0.5", "es", ["Factura", "634,50 €", "1 de julio de 2099"]),
        ("ja", "en", ["Invoice", "€634.50", "2099"]),
    ] {
        let reader = scene.browser.visitor().await;
        reader.reads(asks).await;
        reader.open(&scene.world.shop.link(&scene.id, "buyer", None).await).await;
        for word in words {
            reader.sees(word).await;
        }
        let tag = reader.js("document.documentElement.lang").await;
        assert!(tag.as_str().unwrap().starts_with(lang), "{asks}: {tag}");
    }
}

/// In one language, by day or night, in a window of this size: nothing is cut off, and axe-core
/// finds nothing.
async fn looks_right(scene: &Scene, lang: &str, dark: bool, (width, height): (u32, u32)) {
    let which = format!("{lang} at {width}, dark: {dark}");
    let visitor = scene.bea().await;
    if dark {
        visitor.dark().await;
    }
    visitor.size(width, height).await;
    visitor.open(&format!("{}?lang={lang}", scene.page())).await;
    visitor.sees("INV-2026-0042").await;
    let direction = visitor.js("getComputedStyle(document.body).direction").await;
    assert_eq!(direction, if lang == "ar" { "rtl" } else { "ltr" }, "{which}");
    if dark {
        let ground = visitor.js("getComputedStyle(document.body).backgroundColor").await;
        assert!(brightness(ground.as_str().unwrap()) < 80, "{which}: {ground}");
    }
    // Narrow windows show one part at a time.
    let is_narrow = visitor.js("document.querySelector('.tabs').checkVisibility()").await == true;
    assert!(is_narrow == (width < 1000), "{which}");
    let parts = if is_narrow { vec!["#invoice", "#messages"] } else { vec![""] };
    for part in parts {
        if !part.is_empty() {
            visitor
                .js(&format!("document.querySelector('.tabs a[href=\"{part}\"]').click()"))
                .await;
        }
        if part != "#invoice" {
            // With a menu open, too.
            visitor.until("document.querySelector('#log').checkVisibility()").await;
            visitor.js("document.querySelector('details.menu').open = true").await;
        }
        let too_wide = visitor.js("document.scrollingElement.scrollWidth - innerWidth").await;
        assert!(too_wide.as_i64().unwrap() <= 0, "{which}: {too_wide} px too wide");
        assert_eq!(visitor.axe().await, Vec::<String>::new(), "{which} {part}");
    }
    assert_eq!(visitor.console_errors(), Vec::<String>::new());
}

async fn the_first_view_is_light_and_asks_nobody_else(scene: &Scene) {
    let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
    let first = scene.browser.visitor().await;
    first.open(&link).await;
    first.sees("Here is the invoice").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let requests = first.requests();
    let bytes: f64 = requests.iter().map(|it| it.bytes).sum();
    println!("first view: {bytes} bytes in {} requests", requests.len());
    assert!(bytes > 1_000.0 && bytes < FIRST_VIEW, "{bytes} bytes: {requests:#?}");
    for request in &requests {
        assert!(request.url.starts_with(&scene.world.page("/")), "{}", request.url);
    }
    // Nothing in the page needs what the policy forbids; and what it forbids does not happen: a
    // script that got in would not run.
    let inline = "[...document.querySelectorAll('*')].filter(it => \
        [...it.attributes].some(it => it.name.startsWith('on') || it.name === 'style')).length";
    assert_eq!(first.js(inline).await, 0);
    assert_eq!(first.console_errors(), Vec::<String>::new());
    first.js("const it = document.createElement('script'); it.textContent = 'window.ran = true'; document.body.append(it); 0").await;
    first.complains("Content Security Policy").await;
    assert_eq!(first.js("window.ran ?? false").await, false);
}

/// Reads, writes, sends and replies without a mouse.
async fn with_the_keyboard_alone(scene: &Scene) {
    let bea = scene.bea().await;
    let mut way = Vec::new();
    reach(&bea, "Tab", WRITE, &mut way).await;
    bea.types_on_keyboard("By keyboard").await;
    bea.press_key("Enter").await;
    bea.sees("By keyboard").await;
    scene.entry("By keyboard").await;
    // What has the focus can be seen.
    let outline = "(() => { const style = getComputedStyle(document.activeElement); \
        return style.outlineStyle !== 'none' || style.boxShadow !== 'none' })()";
    bea.press_key("Shift+Tab").await;
    assert_eq!(bea.js(outline).await, true, "{way:?}");
    reach(&bea, "Shift+Tab", "Actions for the message by Sam", &mut way).await;
    bea.press_key("Enter").await;
    reach(&bea, "Tab", "Reply", &mut way).await;
    bea.press_key("Enter").await;
    bea.until("document.activeElement.matches('textarea, input')").await;
    bea.types_on_keyboard("replied").await;
    bea.press_key("Enter").await;
    let reply = scene.entry("replied").await;
    assert_eq!(reply["relates_to"]["kind"], json!("reply"));
}

/// Goes on with this key until the focus is on what has this name.
async fn reach(visitor: &Visitor, key: &str, name: &str, way: &mut Vec<String>) {
    for _ in 0..200 {
        visitor.press_key(key).await;
        let focus = focus(visitor).await;
        if focus == name {
            return;
        }
        way.push(focus);
    }
    panic!("{name} is not reached with {key}: {way:?}");
}

/// The name of what has the focus.
async fn focus(visitor: &Visitor) -> String {
    let name = "(() => { const it = document.activeElement; \
        return (it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent).trim() })()";
    visitor.js(name).await.as_str().unwrap_or_default().to_owned()
}

/// From 0 to 255.
fn brightness(color: &str) -> u32 {
    let numbers: Vec<u32> =
        color.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect();
    numbers.iter().take(3).sum::<u32>() / 3
}
