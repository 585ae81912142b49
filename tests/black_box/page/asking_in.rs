//! Whoever comes to the page without a link, as from the pinned summary, gets one of their own from the bot.

use reqwest::{Client, Method, StatusCode};
use serde_json::json;

use super::Scene;
use crate::on_both_databases;
use crate::support::{Person, Visitor};

on_both_databases! {
    async fn whoever_is_a_contact_is_sent_a_link_and_nobody_else_learns_of_it(database) {
        let scene = Scene::set(database).await;
        let mallory = scene.world.person("mallory").await;

        // By the address in the pinned summary, without scripts, on a telephone.
        let visitor = scene.browser.visitor().await;
        visitor.without_scripts().await;
        for (width, height) in [(1440, 900), (820, 1180), (390, 844)] {
            visitor.size(width, height).await;
            visitor.open(&scene.page()).await;
            visitor.sees("You are signed out").await;
            visitor.pictured(&format!("asking-{width}")).await;
        }
        asks(&visitor, &scene.sam.id).await;
        let answer = visitor.text().await;
        let direct = scene.world.eventually("the direct room", || async {
            scene.sam.invitations().await.first().cloned()
        }).await;
        scene.sam.join(&direct).await;
        let link = scene.world.eventually("the link", || async { links(&scene.sam, &direct).await.pop() }).await;
        visitor.open(&link).await;
        visitor.presses("Open the invoice").await;
        visitor.sees("You are viewing this page as Sam (seller).").await;

        // Somebody who is no contact gets the same answer, and nothing else.
        let stranger = scene.browser.visitor().await;
        stranger.open(&scene.page()).await;
        stranger.pictured("asking-scripts").await;
        assert_eq!(stranger.axe().await, Vec::<String>::new());
        asks(&stranger, &mallory.id).await;
        assert_eq!(stranger.axe().await, Vec::<String>::new());
        assert_eq!(stranger.text().await.replace(&mallory.id, &scene.sam.id), answer);
        // Asked again at once, no second link is sent. Nothing is left to do once the stranger is forgotten.
        stranger.open(&scene.page()).await;
        asks(&stranger, &scene.sam.id.replace('@', " ")).await;
        scene.world.eventually("nobody waits", || async {
            let waiting = "SELECT CAST(COUNT(*) AS TEXT) FROM link_requests WHERE is_waiting = 1";
            (scene.world.sql_text(waiting).await.as_deref() == Some("0")).then_some(())
        }).await;
        let known = "SELECT CAST(COUNT(*) AS TEXT) FROM link_requests";
        assert_eq!(scene.world.sql_text(known).await.as_deref(), Some("1"));
        assert_eq!(links(&scene.sam, &direct).await.len(), 1);
        assert_eq!(mallory.invitations().await, Vec::<String>::new());

        // What is no Matrix ID is refused, whoever asks.
        stranger.open(&scene.page()).await;
        asks_for(&stranger, "sam").await;
        stranger.sees("This is not a Matrix ID").await;

        // A link that was revoked offers the same.
        let shop = &scene.world.shop;
        let made = shop.new_link(&scene.id, &json!({ "party": "buyer" })).await;
        let path = format!("/api/v1/transactions/{}/links/{}", scene.id, made["id"].as_str().unwrap());
        assert_eq!(shop.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
        stranger.open(made["url"].as_str().unwrap()).await;
        stranger.sees("This link is no longer valid").await;
        assert_eq!(stranger.count(".ask").await, 1);

        // A preview says that it is an invoice, and no more. Another site cannot ask.
        let http = Client::new();
        let preview = http.get(scene.page()).send().await.unwrap().text().await.unwrap();
        assert!(preview.contains("<meta property=\"og:title\" content=\"Invoice\">"), "{preview}");
        assert!(!preview.contains("INV-2026") && !preview.contains("Acme"), "{preview}");
        let form = http.post(format!("{}/sign-in/ask", scene.page())).header("origin", "https://evil.example");
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let refused = form.body("user=@sam:tally.localhost").send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
}

async fn asks(visitor: &Visitor, user: &str) {
    asks_for(visitor, user).await;
    visitor.sees("Check your messages").await;
}

async fn asks_for(visitor: &Visitor, user: &str) {
    visitor.types("Your Matrix ID", user).await;
    visitor.presses("Send me my link").await;
}

/// The links that the bot has written to a person in this room.
async fn links(person: &Person, room: &str) -> Vec<String> {
    let history = person.history(room).await;
    let texts = history.iter().filter_map(|it| it["content"]["body"].as_str());
    texts
        .filter_map(|it| it.lines().last())
        .filter(|it| it.contains("/l/"))
        .map(str::to_owned)
        .collect()
}
