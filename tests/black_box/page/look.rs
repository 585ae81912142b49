//! The page looks as its shop wants, and like a page that people trust, on every screen.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

use super::{Scene, WRITE, order};
use crate::support::{Browser, Database, Person, Visitor, World};

/// A picture that is a logo.
pub(super) const LOGO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/bot.png");

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

/// A window of this size, as on a phone with its keyboard open or lying, and on a screen enlarged twice and four times.
const LITTLE_HEIGHT: [(u32, u32); 5] =
    [(390, 350), (844, 390), (640, 512), (320, 256), (1100, 400)];

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_have_half_of_a_low_screen_while_somebody_writes() {
    let scene = Scene::set(Database::Sqlite).await;
    let bea = scene.bea().await;
    for words in ["Good morning", "Are the planks planed on all four sides?"] {
        scene.sam.say(&scene.room, words).await;
        bea.sees(words).await;
    }
    for (width, height) in LITTLE_HEIGHT {
        bea.size(width, height).await;
        bea.open(&format!("{}#messages", scene.page())).await;
        bea.types(WRITE, "Yes, they are").await;
        let shown = "(() => { const log = document.getElementById('log').getBoundingClientRect(); \
             return [Math.max(0, log.top), Math.min(innerHeight, log.bottom)] })()";
        let shown = bea.js(shown).await;
        let [top, bottom] = [&shown[0], &shown[1]].map(|it| it.as_f64().unwrap());
        println!("{width} × {height}: the log has {:.0} px", bottom - top);
        bea.pictured(&format!("low-{width}-{height}")).await;
        assert!((bottom - top) * 2.0 >= f64::from(height), "{width} × {height}: {shown}");
        let field = "(() => { const it = document.getElementById('text').getBoundingClientRect(); \
             return it.top >= 0 && it.bottom <= innerHeight })()";
        assert_eq!(bea.js(field).await, true, "{width} × {height}: the field can be seen");
        assert_eq!(bea.axe().await, Vec::<String>::new(), "{width} × {height}");
    }
}

/// What can be pressed and is smaller than 44 × 44 pixels, with what it says. Links in sentences may be smaller.
const TOO_SMALL: &str = "[...document.querySelectorAll('button, .button, summary, input, textarea, nav a, .menu-items a, a.close')]
    .filter(it => it.checkVisibility({ visibilityProperty: true }) && !it.closest('.hidden, .skip'))
    .map(it => [it.getBoundingClientRect(), it.getAttribute('aria-label') ?? it.textContent.trim()])
    .filter(([box]) => box.width > 1 && (box.width < 43.9 || box.height < 43.9))
    .map(([box, name]) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`)";

#[tokio::test(flavor = "multi_thread")]
async fn fingers_find_what_they_press() {
    let scene = Scene::set(Database::Sqlite).await;
    scene.sam.say(&scene.room, "Good morning").await;
    scene.entry("Good morning").await;
    let bea = scene.contact_with_fingers().await;
    assert_eq!(bea.js("matchMedia('(pointer: coarse)').matches").await, true);
    bea.js("document.querySelectorAll('.downloads details, .side-notes').forEach(it => it.open = true)").await;
    for part in ["#invoice", "#messages", "#pay"] {
        bea.js(&format!("location.hash = '{part}'")).await;
        bea.until("document.getAnimations().length === 0").await;
        assert_eq!(bea.js(TOO_SMALL).await, json!([]), "{part}");
    }
}

impl Scene {
    async fn contact_with_fingers(&self) -> Visitor {
        let link = self.world.shop.link(&self.id, "buyer", Some("bea@birch.example")).await;
        let visitor = self.browser.visitor().await;
        visitor.size(390, 844).await;
        visitor.has_fingers().await;
        visitor.open(&link).await;
        visitor.sees("INV-2026-0042").await;
        visitor
    }
}

/// How many messages a long conversation has here.
const MANY: usize = 300;

/// Every state of the page on every screen. With `TALLYROOM_PICTURES=FOLDER`, each is a picture there.
#[tokio::test(flavor = "multi_thread")]
async fn every_state_fits_on_every_screen() {
    let plan = World::with().page().config("shops", json!([{ "shop": "shop", "logo": LOGO }]));
    let (world, browser) = tokio::join!(plan.start(Database::Sqlite), Browser::start());
    let sam = world.person("sam").await;
    let mut links = Vec::new();
    for (state, changes) in [
        ("open", json!({})),
        ("empty", json!({})),
        ("paid", json!({ "status": "paid" })),
        ("overdue", json!({ "invoice": { "due_date": day(-12) } })),
        ("credit", json!({ "invoice": { "type": "381" }, "status": "credited" })),
        ("long", json!({})),
    ] {
        let id = world.shop.create(&detailed(state, &sam.id, &changes)).await;
        let room = world.shop.room(&id).await;
        sam.join(&room).await;
        let link = world.shop.link(&id, "buyer", Some("bea@birch.example")).await;
        talk(state, &world, &id, &sam, &room).await;
        links.push((state, link, world.page(&format!("/t/{id}"))));
    }
    for (state, link, page) in &links {
        let bea = browser.visitor().await;
        bea.open(link).await;
        bea.sees("INV-2026-0042").await;
        let langs: &[&str] = if *state == "open" { &["en", "ar", "de"] } else { &["en"] };
        for (lang, dark) in langs.iter().flat_map(|lang| [(lang, false), (lang, true)]) {
            if dark {
                bea.dark().await;
            } else {
                bea.light().await;
            }
            for (width, height) in [(390, 844), (820, 1180), (1440, 900)] {
                bea.size(width, height).await;
                for part in ["invoice", "messages"] {
                    if width > 1000 && part == "messages" {
                        continue;
                    }
                    bea.open(&format!("{page}?lang={lang}#{part}")).await;
                    bea.until(
                        "document.getElementById('log') && document.readyState === 'complete'",
                    )
                    .await;
                    let mode = if dark { "dark" } else { "light" };
                    let which = format!("{state}-{part}-{lang}-{mode}-{width}");
                    let too_wide =
                        bea.js("document.scrollingElement.scrollWidth - innerWidth").await;
                    assert!(too_wide.as_i64().unwrap() <= 0, "{which}: {too_wide} px too wide");
                    assert_eq!(bea.js(MISPLACED).await, json!([]), "{which}");
                    bea.js("scrollTo({ top: 0, behavior: 'instant' })").await;
                    bea.pictured(&which).await;
                }
            }
        }
    }
}

/// What is not where a careful typesetter would put it: amounts of one column whose ends differ, numbers of documents
/// that are broken, and blocks of the invoice that do not begin at its edge.
const MISPLACED: &str = "(() => {
    const found = [], seen = (it) => it.checkVisibility() && it.getBoundingClientRect().width > 1;
    const box = (it) => { const range = document.createRange(); range.selectNodeContents(it); return range.getBoundingClientRect() };
    const differ = (edges) => Math.max(...edges) - Math.min(...edges) > 1;
    for (const table of document.querySelectorAll('.lines table, .breakdown table')) {
        const edges = [...table.querySelectorAll('tr:not(.adjustment) .net bdi')].filter(seen).map((it) => box(it).right);
        if (edges.length && differ(edges)) found.push(`net: ${edges}`);
    }
    const totals = [...document.querySelectorAll('.totals dd bdi')].filter(seen).map((it) => box(it).right);
    if (totals.length && differ(totals)) found.push(`totals: ${totals}`);
    for (const number of document.querySelectorAll('h1 bdi, h2 bdi'))
        if (seen(number) && number.getClientRects().length > 1) found.push(`broken: ${number.textContent}`);
    const edge = (box) => document.dir === 'rtl' ? box.right : box.left;
    const first = ['#invoice-title', '.party h3', '.facts dt', '.lines tbody th', '.payment h3'].map((it) => document.querySelector(it));
    const edges = first.filter((it) => it && seen(it)).map((it) => edge(box(it)));
    if (edges.length) edges.push(edge(document.querySelector('.summary .who').getBoundingClientRect()));
    if (edges.length && differ(edges)) found.push(`edges: ${edges}`);
    return found })()";

fn day(days: i64) -> String {
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    today.checked_add(days.days()).unwrap().to_string()
}

/// An invoice with what invoices have, due in two weeks.
pub(super) fn detailed(external_id: &str, sam: &str, changes: &Value) -> Value {
    let mut order = order(external_id, sam);
    order["invoice"]["issue_date"] = json!(day(-16));
    order["invoice"]["due_date"] = json!(day(14));
    order["invoice"]["order_reference"] = json!("PO-88131");
    order["invoice"]["payment"]["account_name"] = json!("Acme Ltd");
    order["invoice"]["payment"]["bic"] = json!("BYLADEM1001");
    order["seller"]["address"] = json!({
        "lines": ["4 Quay Road"], "city": "Cork", "postal_code": "T12 XY00", "country": "IE",
    });
    order["seller"]["vat_id"] = json!("IE6388047V");
    order["buyer"]["address"] = json!({
        "lines": ["Werkstattgasse 12"], "city": "Berlin", "postal_code": "10115", "country": "DE",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value.as_object() {
            Some(members) => members.iter().for_each(|(key, it)| order[name][key] = it.clone()),
            None => order[name] = value.clone(),
        }
    }
    order
}

/// What Sam says about it.
async fn talk(state: &str, world: &World, id: &str, sam: &Person, room: &str) {
    let words: Vec<String> = match state {
        "empty" => return,
        "long" => (1..=MANY).map(|number| format!("Pallet {number} has left the yard.")).collect(),
        _ => {
            ["Good morning, Bea!", "The planks go out on Thursday, with the lorry of ten o'clock."]
                .map(str::to_owned)
                .to_vec()
        }
    };
    for it in &words {
        sam.say(room, it).await;
    }
    world
        .eventually("the last words are recorded", || async {
            let entries = world.shop.entries(id).await;
            entries.iter().any(|it| it["text"] == *words.last().unwrap()).then_some(())
        })
        .await;
}
