//! The browser that the other tests use must notice what is wrong with a page.

use axum::Router;
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::support::Browser;

const PAGE: &str = r##"<!doctype html><html lang="en"><title>A shop</title>
<meta name=viewport content="width=device-width"><main><h1>Hello</h1>
<p id=out>Nothing yet</p><p class=dark>by day</p>
<style>.dark::after{content:''} @media print { form { display: none } }</style>
<form action="/next"><label>Name <input name=name></label><label>File <input type=file></label>
<button>Greet</button></form><ul><li data-event="$1">First <button>Reply</button></li>
<li data-event="$2">Second <button>Reply</button></li></ul>
<img src="http://127.0.0.2:9/pixel.png">
<script>document.querySelectorAll('li button').forEach(it => it.onclick = () => out.textContent =
 'Reply to ' + it.parentElement.dataset.event);
document.querySelector('input[type=file]').onchange = e => out.textContent = e.target.files[0].name;
document.addEventListener('dragover', e => e.preventDefault());
document.addEventListener('drop', e => { e.preventDefault();
 out.textContent = 'dropped ' + e.dataTransfer.files[0].name });
document.addEventListener('paste', e => out.textContent = 'pasted ' + e.clipboardData.files[0].name);
</script></main></html>"##;

async fn serve() -> String {
    let page = || async {
        let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";
        ([("content-security-policy", policy), ("set-cookie", "k=v; HttpOnly")], Html(PAGE))
    };
    let next = || async { Redirect::to("/greeted").into_response() };
    let greeted = || async { Html("<title>x</title>Greeted by <b>a&nbsp;form</b>") };
    let router = Router::new()
        .route("/", get(page))
        .route("/next", get(next))
        .route("/greeted", get(greeted));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_does_and_notices_what_people_do_and_notice() {
    let (browser, url) = (Browser::start().await, serve().await);
    let (visitor, other) = (browser.visitor().await, browser.visitor().await);

    visitor.open(&url).await;
    visitor.sees("nothing YET").await;
    visitor.does_not_see("Greeted").await;
    visitor.presses_beside("First", "Reply").await;
    visitor.sees("Reply to $1").await;
    let file = tempfile::Builder::new().suffix("a.txt").tempfile().unwrap();
    visitor.attaches_in("body", &[file.path()]).await;
    visitor.sees("a.txt").await;
    visitor.drops("main", file.path()).await;
    visitor.sees("dropped").await;
    visitor.pastes("Name", "b.png", "image/png", &[1, 2]).await;
    visitor.sees("pasted b.png").await;
    visitor.clears("Name").await;
    visitor.types("Name", "Ada").await;
    visitor.press_key("Shift+Tab").await;
    visitor.press_key("Tab").await;
    visitor.press_key("End").await;
    visitor.types_on_keyboard(" L").await;
    assert_eq!(visitor.js("document.querySelector('input').value").await, "Ada L");

    // What is wrong is noticed.
    visitor.complains("Content Security Policy").await;
    let found = visitor.axe().await;
    assert!(found.iter().any(|it| it.contains("image-alt")), "{found:?}");
    assert!(!visitor.printed_text().await.contains("Greet"));
    assert!(visitor.text().await.contains("Greet"));
    assert!(visitor.print_to_pdf().await.starts_with(b"%PDF"));
    let tree = visitor.accessibility_tree().await;
    assert!(tree.contains(&("heading".to_owned(), "Hello".to_owned())), "{tree:?}");
    visitor.dark().await;
    assert_eq!(visitor.js("matchMedia('(prefers-color-scheme: dark)').matches").await, true);
    visitor.size(390, 844).await;
    assert_eq!(visitor.js("innerWidth").await, 390);

    visitor.types("Name", "!").await;
    visitor.press_key("Enter").await;
    visitor.sees("greeted by a form").await;
    assert_eq!(visitor.url().await, format!("{url}/greeted"));
    let requests = visitor.requests();
    let next = requests.iter().find(|it| it.url.contains("/next")).unwrap();
    assert_eq!(next.status, 303);
    assert!(next.referer.is_some() && next.bytes > 0.0);
    assert_eq!(visitor.cookies().await[0]["httpOnly"], true);

    // Somebody else shares nothing, and has no scripts.
    other.without_scripts().await;
    other.open(&url).await;
    other.presses_beside("Second", "Reply").await;
    other.types("Name", "Grace").await;
    assert_eq!(other.text_of("#out").await, "Nothing yet");
    other.presses("Greet").await;
    other.sees("greeted by a form").await;
}
