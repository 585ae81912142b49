//! The page inside a Matrix client, as a room widget.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Scene, WRITE};
use crate::on_both_databases;
use crate::support::{Person, Visitor, World};

/// A Matrix client, reduced to what a widget asks of it: answers `get_openid` as Element does once
/// its user has agreed.
const CLIENT: &str = r#"<!doctype html><title>A client</title><link rel="icon" href="data:,"><iframe src="WIDGET"></iframe><script>
const frame = document.querySelector('iframe');
addEventListener('message', event => {
  const request = event.data;
  if (request?.api !== 'fromWidget' || event.source !== frame.contentWindow) return;
  const answers = {
    supported_api_versions: { supported_versions: ['0.0.1', '0.0.2'] },
    get_openid: { state: 'allowed', ...CREDENTIALS },
  };
  const response = answers[request.action] ?? {};
  event.source.postMessage({ ...request, response }, event.origin);
});
frame.onload = () => frame.contentWindow.postMessage(
  { api: 'toWidget', requestId: 'c1', widgetId: 'w', action: 'capabilities', data: {} }, '*');
</script>"#;

on_both_databases! {
    async fn a_listed_contact_sees_the_invoice_inside_their_client(database) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = format!("http://{}", listener.local_addr().unwrap());
        let plan = World::with().page().config("page", json!({ "widget_clients": [client] }));
        let scene = Scene::set_in(plan, database).await;
        let stranger = scene.world.person("stranger").await;

        // The room has it, beside the timeline.
        let widget = scene.world.eventually("a widget in the room", || async {
            let path = format!("/rooms/{}/state", scene.room);
            let (_, state) = scene.sam.call(Method::GET, &path, None).await;
            let state: Vec<Value> = serde_json::from_value(state).unwrap();
            state.into_iter().find(|it| it["type"] == "im.vector.modular.widgets")
        }).await;
        let url = widget["content"]["url"].as_str().unwrap().to_owned();
        assert!(url.starts_with(&scene.world.page(&format!("/widget/{}", scene.id))), "{url}");
        let layout = scene.sam.state(&scene.room, "io.element.widgets.layout", "").await.unwrap();
        assert!(layout["widgets"][widget["state_key"].as_str().unwrap()].is_object(), "{layout}");

        let url = format!("{}{}widgetId=w&parentUrl={client}", url.replace('$', "x"), if url.contains('?') { '&' } else { '?' });
        let pages = [("/sam", &scene.sam), ("/stranger", &stranger)];
        let mut router = Router::new();
        for (path, person) in pages {
            let html = CLIENT.replace("WIDGET", &url).replace("CREDENTIALS", &openid(person).await.to_string());
            router = router.route(path, get(move || async { Html(html) }));
        }
        tokio::spawn(async move { axum::serve(listener, router).await });

        let sam = scene.browser.visitor().await;
        sam.open(&format!("{client}/sam")).await;
        let text = shown(&scene, &sam, "INV-2026-0042").await;
        assert!(text.contains("634.50") && text.contains("Oak plank"), "{text}");
        assert!(!text.lines().any(|line| line == WRITE), "there is no chat beside the chat:\n{text}");

        scene.world.shop.patch(&scene.id, &json!({ "status": "paid" })).await;
        shown(&scene, &sam, "Paid").await;

        // Nobody else sees it: proven by their homeserver, not claimed by their browser.
        let other = scene.browser.visitor().await;
        other.open(&format!("{client}/stranger")).await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let text = other.text_in_frame("/widget/").await.unwrap();
        assert!(!text.contains("INV-2026-0042") && !text.trim().is_empty(), "{text}");

        // Framed by these clients only, and nothing else of the page by anybody.
        let policy = policy(&scene.world.page(&format!("/widget/{}", scene.id))).await;
        assert!(policy.contains(&format!("frame-ancestors {client}")), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let bea = scene.world.shop.link(&scene.id, "buyer", None).await;
        assert!(self::policy(&bea).await.contains("frame-ancestors 'none'"));
        assert!(self::policy(&scene.page()).await.contains("frame-ancestors 'none'"));
        assert_eq!(sam.console_errors(), Vec::<String>::new());
    }
}

/// Waits until the widget shows this; all that it shows.
async fn shown(scene: &Scene, visitor: &Visitor, text: &str) -> String {
    scene
        .world
        .eventually(&format!("{text:?} in the widget"), || async {
            visitor.text_in_frame("/widget/").await.filter(|it| it.contains(text))
        })
        .await
}

async fn policy(address: &str) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let answer = http.unwrap().get(address).send().await.unwrap();
    let policy = answer.headers().get("content-security-policy");
    policy.map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn openid(person: &Person) -> Value {
    let path = format!("/user/{}/openid/request_token", person.id);
    let (status, token) = person.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(status, 200, "{token}");
    token
}
