//! Pages of any process on one PostgreSQL database show what happens at the others.

use std::collections::VecDeque;

use reqwest::header::COOKIE;
use reqwest::{Method, Response};
use serde_json::json;

use crate::support::{Database, Entered, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_a_process_that_gets_no_pushes_shows_what_happens_at_once() {
    let world = World::with().page().start(Database::Postgres).await;
    let another = world.start_another().await;
    let deal = world.deal().await;
    let link = async |party, contact| world.shop.link(&deal.id, party, Some(contact)).await;

    // Whoever got in at one process is known to the others.
    let buyer = Entered::by(&link("buyer", deal.buyer.id.as_str()).await).await;
    let mut page = Page::of(&buyer, |path| another.page(path)).await;
    page.until("people", |it| !it.contains("viewing this page")).await;

    // The homeserver pushes to the first process only. Who types and who looks is in no database.
    let say = |is_typing: bool| {
        let typing = format!("/rooms/{}/typing/{}", deal.room, deal.seller.id);
        let body = json!({ "typing": is_typing, "timeout": 30_000 });
        let seller = deal.seller.clone();
        async move { seller.call(Method::PUT, &typing, Some(body)).await }
    };
    for _ in 0..2 {
        say(true).await;
        page.until("typing", |it| it.contains("is typing")).await;
        say(false).await;
        page.until("typing", |it| !it.contains("is typing")).await;
        deal.seller.say(&deal.room, "It is paid").await;
        page.until("line", |it| it.contains("It is paid")).await;

        let seller = Entered::by(&link("seller", deal.seller.id.as_str()).await).await;
        let open = Page::of(&seller, |path| world.page(path)).await;
        page.until("people", |it| it.contains("viewing this page")).await;
        drop(open);
        page.until("people", |it| !it.contains("viewing this page")).await;

        // And the same again after the processes have lost the connections on which they tell it.
        lose_connections(&world).await;
        let ready = another.shop.request(Method::GET, "/health/ready").send().await.unwrap();
        assert_eq!(ready.status(), 200, "{}", ready.text().await.unwrap());
    }
}

/// Ends the connections that carry notices, and waits until both processes listen again.
async fn lose_connections(world: &World) {
    let ours = "FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'tallyroom notices'";
    let newest = format!("SELECT CAST(MAX(backend_start) AS TEXT) {ours}");
    let newest = world.sql_text(&newest).await.unwrap();
    let lost = world.sql(&format!("SELECT pg_terminate_backend(pid) {ours}")).await;
    assert!(lost >= 2, "{lost} connections were lost");
    let listening = format!(
        "SELECT CAST(COUNT(*) AS TEXT) {ours} AND backend_start > '{newest}' \
         AND state = 'idle' AND query LIKE 'LISTEN%'"
    );
    world
        .eventually("both processes listen", || async {
            (world.sql_text(&listening).await? == "2").then_some(())
        })
        .await;
}

/// An open page, without a browser.
struct Page {
    answer: Response,
    unread: String,
    events: VecDeque<(String, String)>,
}

impl Page {
    /// Opens the stream of news of somebody who got in, at the process with these addresses.
    async fn of(entered: &Entered, address: impl Fn(&str) -> String) -> Self {
        let (base, name) = entered.page.split_once('?').unwrap();
        let request = entered.http.get(address(&format!("{base}/live?{name}")));
        let answer = request.header(COOKIE, &entered.cookie).send().await.unwrap();
        let answer = answer.error_for_status().unwrap();
        Self { answer, unread: String::new(), events: VecDeque::new() }
    }

    /// Reads up to an event of this kind with such data.
    async fn until(&mut self, kind: &str, is_expected: impl Fn(&str) -> bool) {
        loop {
            while let Some((event, data)) = self.events.pop_front() {
                if event == kind && is_expected(&data) {
                    return;
                }
            }
            let piece = self.answer.chunk().await.unwrap().expect("more news");
            self.unread.push_str(&String::from_utf8_lossy(&piece));
            while let Some((event, rest)) = self.unread.split_once("\n\n") {
                let of = |field: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(field));
                    line.unwrap_or_default().to_owned()
                };
                self.events.push_back((of("event: "), of("data: ")));
                self.unread = rest.to_owned();
            }
        }
    }
}
