//! What one visitor or shop uses is not missing for another, and each refusal says why.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::multipart::Form;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{Scene, order};
use crate::on_both_databases;
use crate::support::{Entered, World, entering};

const FORM: &str = "application/x-www-form-urlencoded";
/// More than the buffers between the service and a reader who does not read.
const LARGE: usize = 24_000_000;

on_both_databases! {
    async fn a_nul_in_a_form_is_no_trouble(database) {
        let scene = Scene::set(database).await;
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let bea = Entered::by(&link).await;
        for (part, fields) in [
            ("/notes", "form_id=a%00&text=Called%00them"),
            ("/notes/remove", "note=%00"),
            ("/status", "status=disputed%00"),
            ("/remove", "event=%24%00"),
            ("/react", "event=%24%00&key=%00"),
            ("/vote", "event=%24%00&answer=%00"),
            ("/retry", "id=%00"),
            ("/discard", "id=%00"),
            ("/seen", "event=%24%00"),
            ("/notifications/end", "endpoint=https://push.example/%00"),
            ("/sign-in/ask", "user=%40bea%00:x.org"),
        ] {
            let request = bea.request(Method::POST, part).header("accept", "application/json");
            let answer = request.header("content-type", FORM).body(fields).send().await.unwrap();
            assert!(!answer.status().is_server_error(), "{part}: {}", answer.text().await.unwrap());
        }
        let page = bea.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Called\u{fffd}them"), "{page}");
    }

    async fn one_visitor_or_shop_takes_nothing_from_another(database) {
        let plan = World::with().page().config("page", json!({ "open_pages": 2, "messages_per_minute": 6 }));
        let scene = Scene::set_in(plan.config("api", json!({ "exports_at_once": 1 })), database).await;
        let link = scene.world.shop.link(&scene.id, "seller", Some("rita@acme.example")).await;
        let other_link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let (rita, bea) = (Entered::by(&link).await, Entered::by(&other_link).await);

        // Messages.
        let say = async |who: &Entered, accept: &str| {
            let form = Form::new().text("text", "again and again");
            who.request(Method::POST, "/messages").header("accept", accept).multipart(form).send().await.unwrap()
        };
        let mut taken = 0;
        let refused = loop {
            let answer = say(&rita, "application/json").await;
            if answer.status() != 202 {
                break answer;
            }
            taken += 1;
            assert!(taken < 40, "so many messages at once");
        };
        assert!(taken >= 20, "{taken} messages at once");
        is_too_much(refused, "application/problem+json").await;
        is_too_much(say(&rita, "text/html").await, "text/html; charset=utf-8").await;
        assert_eq!(say(&bea, "application/json").await.status(), 202);

        // Live news.
        let live = async |who: &Entered| who.request(Method::GET, "/live").send().await.unwrap();
        let open = [live(&rita).await, live(&rita).await];
        assert!(open.iter().all(|it| it.status() == 200));
        is_too_much(live(&rita).await, "text/html; charset=utf-8").await;
        assert_eq!(live(&bea).await.status(), 200);
        drop(open);
        scene.world.eventually("a place for another page", || async {
            (live(&rita).await.status() == 200).then_some(())
        }).await;

        // Openings of a link.
        let http = entering::http();
        let mut looked = 0;
        let refused = loop {
            let answer = http.get(&link).send().await.unwrap();
            if answer.status() != 200 {
                break answer;
            }
            looked += 1;
            assert!(looked < 200);
        };
        is_too_much(refused, "text/html; charset=utf-8").await;
        Entered::by(&other_link).await;

        // Exports: the reader stands still.
        let mxc = scene.sam.upload("large.bin", "application/octet-stream", rand::random_iter().take(LARGE).collect()).await;
        scene.sam.send(&scene.room, "m.room.message", json!({ "msgtype": "m.file", "body": "large.bin", "url": mxc })).await;
        scene.world.eventually("the large file", || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            entries.into_iter().find(|it| it["attachments"][0]["file"]["state"] == "stored")
        }).await;
        let other = scene.world.other_shop.create(&order("order-2", &scene.sam.id)).await;
        let path = |id: &str| format!("/api/v1/transactions/{id}/export");
        let slow = scene.world.shop.request(Method::GET, &path(&scene.id)).send().await.unwrap();
        assert_eq!(slow.status(), 200);
        let second = scene.world.shop.request(Method::GET, &path(&scene.id)).send().await.unwrap();
        is_too_much(second, "application/problem+json").await;
        let answer = scene.world.other_shop.request(Method::GET, &path(&other)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
        assert!(slow.bytes().await.unwrap().len() > LARGE, "the slow one gets all of it in the end");
        scene.world.eventually("a place for another export", || async {
            let again = scene.world.shop.request(Method::HEAD, &path(&scene.id)).send().await.unwrap();
            (again.status() == 200).then_some(())
        }).await;
    }

    async fn refusals_are_pages_for_people_and_problems_for_scripts(database) {
        let scene = Scene::set(database).await;
        let bea = Entered::by(&scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await).await;
        let broken = |method: Method, part: &str, media_type: &str, body: &str| {
            bea.request(method, part).header("content-type", media_type).body(body.to_owned())
        };
        let multipart = "multipart/form-data; boundary=x";
        let long = format!("event={}", "x".repeat(3_000_000));
        for (method, part, media_type, body, status) in [
            (Method::POST, "/messages", multipart, "--x\r\nbroken", 400),
            (Method::POST, "/messages", "text/plain", "", 400),
            (Method::POST, "/remove", FORM, "nothing=1", 422),
            (Method::POST, "/remove", "text/plain", "event=x", 415),
            (Method::POST, "/remove", FORM, long.as_str(), 413),
            (Method::POST, "/react", FORM, "event=%24x&key=x", 422),
            (Method::POST, "/typing", FORM, "typing=perhaps", 422),
            (Method::GET, "/files/0000", FORM, "", 404),
            (Method::GET, "/nothing", FORM, "", 404),
            (Method::GET, "/messages", FORM, "", 405),
            (Method::PUT, "", FORM, "", 405),
            (Method::DELETE, "/invoice.pdf", FORM, "", 405),
        ] {
            let what = format!("{method} {part} {media_type}");
            let page = broken(method.clone(), part, media_type, body);
            let page = page.header("accept", "text/html,*/*;q=0.8").header("accept-language", "de");
            let page = page.send().await.unwrap();
            assert_eq!(page.status(), status, "{what}");
            assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8", "{what}");
            assert_eq!(page.headers().contains_key("allow"), status == 405, "{what}");
            assert_eq!(page.headers()["cache-control"], "no-store", "{what}");
            let html = page.text().await.unwrap();
            assert!(html.contains("<html lang=\"de\"") && html.contains("<h1>"), "{what}: {html}");
            let problem = broken(method, part, media_type, body).header("accept", "application/json");
            let problem = problem.send().await.unwrap();
            assert_eq!(problem.status(), status, "{what}");
            assert_eq!(problem.headers()["content-type"], "application/problem+json", "{what}");
            let problem: Value = problem.json().await.unwrap();
            assert!(problem["detail"].as_str().is_some_and(|it| it.len() > 10), "{what}: {problem}");
        }
        // From another site.
        let foreign = bea.http.post(scene.page()).header("origin", "https://evil.example");
        let foreign = foreign.header("accept", "text/html").send().await.unwrap();
        assert_eq!(foreign.status(), 403);
        assert!(foreign.text().await.unwrap().contains("from another website"));
        // Twice the same parameter.
        let twice = bea.http.get(format!("{}?lang=de&lang=fr", scene.page()));
        let twice = twice.header("cookie", &bea.cookie).send().await.unwrap();
        assert_eq!(twice.status(), 400);
        assert!(twice.text().await.unwrap().contains("<!DOCTYPE html>"));
    }
}

/// It says so, and when to try again.
async fn is_too_much(answer: Response, media_type: &str) {
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["content-type"], media_type);
    let seconds: u64 = answer.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let answer = tokio::time::timeout(Duration::from_secs(30), answer.text()).await;
    assert!(answer.unwrap().unwrap().len() > 50);
}
