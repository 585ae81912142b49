//! What is said on the page can be followed, opened, heard and found again.

use serde_json::{Value, json};

use super::{SEND, Scene, WRITE};
use crate::support::Database;

const PNG: &[u8] = include_bytes!("pixel.png");
/// The length of the sound, in milliseconds.
const SOUND_MS: u32 = 500;
/// Samples of a second of it.
const RATE: u32 = 8_000;
/// The longest text, in bytes, with line breaks as a form sends them.
const LONGEST: usize = 12_000;

/// On one database: this is about what a browser does with a page.
#[tokio::test(flavor = "multi_thread")]
async fn links_pictures_and_sounds_open_beside_what_is_being_written() {
    let scene = Scene::set(Database::Sqlite).await;
    let bea = scene.bea().await;
    let say = async |content: Value| scene.sam.send(&scene.room, "m.room.message", content).await;
    say(json!({ "msgtype": "m.text", "body": "See https://acme.example/a?b=1, or javascript:alert(1)." })).await;
    bea.sees("See https://acme.example/a?b=1, or javascript:alert(1).").await;
    let links =
        "[...document.querySelectorAll('#lines .words a')].map(it => [it.href, it.target, it.rel])";
    let expected = ["https://acme.example/a?b=1", "_blank", "noopener noreferrer nofollow"];
    assert_eq!(bea.js(links).await, json!([expected]));

    bea.says("a thougt").await;
    bea.chooses("a thougt", "Edit").await;
    bea.clears(WRITE).await;
    bea.types(WRITE, "a thought").await;
    let mxc = scene.sam.upload("plank.png", "image/png", PNG.to_vec()).await;
    let info = json!({ "size": PNG.len(), "mimetype": "image/png", "w": 3_000, "h": 2_000 });
    say(json!({ "msgtype": "m.image", "body": "plank.png", "url": mxc, "info": info })).await;
    // It has its place before it is loaded.
    bea.until("document.querySelector('a.picture img[width=\"480\"][height=\"320\"]') !== null")
        .await;
    bea.until("document.querySelector('a.picture img').naturalWidth > 0").await;
    let before = bea.url().await;
    bea.js("document.querySelector('a.picture').click()").await;
    bea.until("document.querySelector('#viewer[open] img')?.naturalWidth > 0").await;
    assert_eq!(bea.axe().await, Vec::<String>::new());
    bea.presses("Close the picture").await;
    bea.until("!document.querySelector('#viewer[open]')").await;
    // Nor does a key that closes it end what was being written.
    bea.js("document.querySelector('a.picture').click()").await;
    bea.until("!!document.querySelector('#viewer[open]')").await;
    bea.press_key("Escape").await;
    bea.until("!document.querySelector('#viewer[open]')").await;
    assert_eq!(bea.url().await, before);
    bea.presses("Save").await;
    assert_eq!(scene.entry("a thought").await["relates_to"]["kind"], "edit");

    let sound = sound();
    let mxc = scene.sam.upload("voice.wav", "audio/wav", sound.clone()).await;
    say(json!({ "msgtype": "m.audio", "body": "voice.wav", "url": mxc })).await;
    bea.until("!!document.querySelector('audio')").await;
    let heard = "new Promise(done => { const it = document.querySelector('audio'); it.muted = true; \
         it.onended = () => done(it.duration); it.onerror = () => done(it.error.message); it.play(); })";
    let length = bea.js(heard).await;
    assert!(
        (length.as_f64().unwrap_or_default() * 1000.0 - f64::from(SOUND_MS)).abs() < 1.0,
        "{length}"
    );
    // A player that wants to go on from somewhere asks for a part.
    let part = |range: &str| {
        format!(
            "fetch(document.querySelector('audio').src, {{ headers: {{ Range: '{range}' }} }}).then(async it => \
         [it.status, it.headers.get('content-range'), (await it.arrayBuffer()).byteLength])"
        )
    };
    let all = sound.len();
    assert_eq!(bea.js(&part("bytes=4-11")).await, json!([206, format!("bytes 4-11/{all}"), 8]));
    assert_eq!(
        bea.js(&part("bytes=-4")).await,
        json!([206, format!("bytes {}-{}/{all}", all - 4, all - 1), 4])
    );
    let answer = bea.js(&part(&format!("bytes={all}-"))).await;
    assert_eq!((&answer[0], &answer[1]), (&json!(416), &json!(format!("bytes */{all}"))));
    assert_eq!(bea.js(&part("bytes=0-1,4-5")).await, json!([200, null, all]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_since_the_last_visit_stands_below_a_line() {
    let scene = Scene::set(Database::Sqlite).await;
    let bea = scene.bea().await;
    scene.sam.say(&scene.room, "the first offer").await;
    bea.sees("the first offer").await;
    bea.says("I have seen it").await;
    // The page has told the service that it was read.
    let read = "SELECT user_id FROM receipts WHERE user_id LIKE '@_tallyroom_guest_%'";
    scene.world.eventually("that the first offer was read", || scene.world.sql_text(read)).await;
    bea.open("about:blank").await;
    for words in ["the second offer", "the third offer"] {
        scene.sam.say(&scene.room, words).await;
        scene.entry(words).await;
    }
    bea.open(&scene.page()).await;
    bea.sees("New since your last visit").await;
    let next = "document.querySelector('#new-since ~ .line').innerText";
    let next = bea.js(next).await;
    assert!(next.as_str().unwrap().contains("the second offer"), "{next}");
    // Whoever has read it and comes again sees no line.
    bea.until("document.title.startsWith('(') === false").await;
    bea.says("Thank you").await;
    scene.entry("Thank you").await;
    bea.reload().await;
    bea.sees("Thank you").await;
    assert_eq!(bea.count("#new-since").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_too_long_is_refused_while_it_is_written_and_several_files_come_one_by_one()
{
    let scene = Scene::set(Database::Sqlite).await;
    let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
    let write = async |text: &str| {
        let text = serde_json::to_string(text).unwrap();
        bea.js(&format!(
            "(() => {{ const it = document.querySelector('#text'); it.value = {text}; \
             it.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        ))
        .await;
    };
    let refused = "The text is too long.";
    // Bytes count, and each line break counts as two.
    for (text, is_too_long) in [
        ("x".repeat(LONGEST), false),
        ("x".repeat(LONGEST + 1), true),
        ("é".repeat(LONGEST / 2 + 1), true),
        (format!("{}\n", "x".repeat(LONGEST - 2)), false),
        (format!("x\n{}", "x".repeat(LONGEST - 2)), true),
    ] {
        write(&text).await;
        match is_too_long {
            true => bea.sees(refused).await,
            false => bea.does_not_see(refused).await,
        }
    }
    bea.presses(SEND).await;
    bea.sees(refused).await;
    assert_eq!(bea.count("#sending li, #unsent li").await, 0);
    // It is still there after a reload, and still says so.
    bea.reload().await;
    bea.sees(refused).await;
    write(&"x".repeat(LONGEST)).await;
    bea.presses(SEND).await;
    sam.until(&format!(
        "[...document.querySelectorAll('.text')].some(it => it.textContent.length === {LONGEST})"
    ))
    .await;

    let files = ["first.txt", "second.txt"].map(|name| {
        let path = scene.world.folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        path
    });
    bea.attaches(&[&files[0], &files[1]]).await;
    bea.says("both of them").await;
    sam.sees("both of them").await;
    // Our own pictures have a place, too.
    bea.pastes(WRITE, "pixel.png", "image/png", PNG).await;
    bea.presses(SEND).await;
    let picture = scene.entry("pixel.png").await;
    assert_eq!(
        (&picture["attachments"][0]["width"], &picture["attachments"][0]["height"]),
        (&json!(1), &json!(1))
    );
    let entries = scene.world.shop.entries(&scene.id).await;
    let said = |it: &Value| {
        ["first.txt", "second.txt", "both of them"].iter().position(|text| it["text"] == *text)
    };
    assert_eq!(entries.iter().filter_map(said).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(bea.console_errors(), Vec::<String>::new());
}

/// A silent sound: RIFF with PCM of one channel and 16 bits.
fn sound() -> Vec<u8> {
    let data = vec![0_u8; usize::try_from(RATE * SOUND_MS / 1000 * 2).unwrap()];
    let length = u32::try_from(data.len()).unwrap();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(RATE.to_le_bytes());
    bytes.extend((RATE * 2).to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(data);
    bytes
}
