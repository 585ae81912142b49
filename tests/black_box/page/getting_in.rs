//! A signed link shows one transaction to one party, and leaks nothing.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{Scene, order};
use crate::on_both_databases;
use crate::support::{Entered, Shop, entering};

const FORM: &str = "application/x-www-form-urlencoded";

on_both_databases! {
    async fn a_link_identifies_a_party_and_leaks_nothing(database) {
        let scene = Scene::set(database).await;
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let token = link.rsplit('/').next().unwrap().to_owned();
        let bea = scene.browser.visitor().await;
        bea.open(&link).await;
        bea.sees("INV-2026-0042").await;
        let url = bea.url().await;
        let grant = url.strip_prefix(&format!("{}?grant=", scene.page())).unwrap_or_else(|| panic!("{url}"));
        assert_eq!(grant.len(), 26, "the address says who looks, and lets nobody in: {url}");
        let history = bea.js("history.length").await;
        bea.js("setTimeout(() => history.back()); 0").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!bea.url().await.contains("/l/"), "the link is not in the history ({history})");
        bea.open(&url).await;
        bea.sees("INV-2026-0042").await;

        let cookies = bea.cookies().await;
        let name = format!("tallyroom-{grant}");
        let cookie = cookies.iter().find(|it| it["name"] == name.as_str());
        let cookie = cookie.unwrap_or_else(|| panic!("{cookies:?}"));
        assert_eq!(cookie["httpOnly"], true);
        assert_eq!(cookie["sameSite"], "Lax");
        assert!(!bea.html().await.contains(&token));
        for request in bea.requests() {
            assert!(!request.url.contains(&token) || request.url == link, "{}", request.url);
            assert!(!request.referer.is_some_and(|it| it.contains(&token)), "{}", request.url);
        }
        assert!(!scene.world.log().contains(&token), "the token is in the log");

        // It works again, until it expires or is revoked.
        bea.open(&link).await;
        bea.sees("INV-2026-0042").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
        // On somebody else's computer.
        bea.presses("Sign out on this device").await;
        bea.sees("You are signed out").await;
        bea.open(&scene.page()).await;
        nothing_is_shown(&bea).await;

        nothing_leaks_by_headers(&scene).await;
    }

    async fn nobody_else_sees_anything(database) {
        let mut scene = Scene::set(database).await;
        let (world, id) = (&scene.world, &scene.id);
        let other = world.shop.create(&order("order-2", &scene.sam.id)).await;
        let visitor = scene.browser.visitor().await;

        // Without a link; with a wrong one.
        let link = world.shop.link(id, "buyer", Some("bea@birch.example")).await;
        let mut wrong = link.clone();
        let last = wrong.pop().unwrap();
        wrong.push(if last == 'A' { 'B' } else { 'A' });
        for address in [scene.page(), wrong, world.page("/l/nonsense"), world.page("/t/nonsense")] {
            visitor.open(&address).await;
            nothing_is_shown(&visitor).await;
        }

        // With a link to another transaction.
        visitor.open(&world.shop.link(&other, "buyer", Some("bea@birch.example")).await).await;
        visitor.sees("INV-2026-0042").await;
        visitor.open(&scene.page()).await;
        nothing_is_shown(&visitor).await;
        let cookie = visitor.cookies().await.iter().map(|it| format!("{}={}", it["name"].as_str().unwrap(), it["value"].as_str().unwrap())).collect::<Vec<_>>().join("; ");
        for (method, path) in paths(id) {
            let request = reqwest::Client::new()
                .request(method.clone(), world.page(&path))
                .header("cookie", &cookie)
                .header("origin", world.page(""))
                .header("accept", "application/json");
            let request = match (method == Method::POST, path.ends_with("/messages")) {
                (false, _) => request,
                (true, true) => request.multipart(reqwest::multipart::Form::new().text("text", "I was here").text("client_id", "1")),
                (true, false) => request.header("content-type", FORM).body("event=%24x&key=x&id=x&typing=true"),
            };
            let answer = request.send().await.unwrap();
            assert!([401, 404].contains(&answer.status().as_u16()), "{method} {path}: {}", answer.status());
            assert!(!answer.text().await.unwrap().contains("INV-2026-0042"), "{method} {path}");
        }
        assert!(world.shop.entries(id).await.iter().all(|it| it["text"] != "I was here"));

        // Expired.
        let short = world.shop.new_link(id, &json!({ "party": "buyer" })).await;
        let late = scene.browser.visitor().await;
        late.open(short["url"].as_str().unwrap()).await;
        late.sees("INV-2026-0042").await;
        let expired = format!("UPDATE grants SET expires_at = 1 WHERE id = '{}'", short["id"].as_str().unwrap());
        assert_eq!(world.sql(&expired).await, 1);
        late.reload().await;
        nothing_is_shown(&late).await;
        late.open(short["url"].as_str().unwrap()).await;
        nothing_is_shown(&late).await;

        // Revoked, while the page is open.
        let made = world.shop.new_link(id, &json!({ "party": "seller" })).await;
        let revoked = scene.browser.visitor().await;
        revoked.open(made["url"].as_str().unwrap()).await;
        revoked.sees("INV-2026-0042").await;
        let path = format!("/api/v1/transactions/{id}/links/{}", made["id"].as_str().unwrap());
        let (status, answer) = Shop::answer(world.shop.request(Method::DELETE, &path)).await;
        assert!([200, 204].contains(&status), "{answer}");
        revoked.does_not_see("INV-2026-0042").await;
        revoked.open(made["url"].as_str().unwrap()).await;
        nothing_is_shown(&revoked).await;
        revoked.open(&scene.page()).await;
        nothing_is_shown(&revoked).await;

        // Revoked while the page was cut off: it is told when it is back.
        let link = world.shop.link(id, "buyer", None).await;
        let cut_off = scene.browser.visitor().await;
        cut_off.open(&link).await;
        cut_off.sees("INV-2026-0042").await;
        scene.world.kill_tallyroom();
        let name = "SELECT id FROM grants WHERE used_at IS NOT NULL ORDER BY created_at DESC LIMIT 1";
        let name = scene.world.sql_text(name).await.unwrap();
        scene.world.sql(&format!("UPDATE grants SET revoked_at = 1 WHERE id = '{name}'")).await;
        scene.world.start_tallyroom().await;
        cut_off.sees("This link is no longer valid").await;
        nothing_is_shown(&cut_off).await;
    }
}

/// What proxies, caches and other sites are told, and what they can do.
async fn nothing_leaks_by_headers(scene: &Scene) {
    let link = scene.world.shop.link(&scene.id, "buyer", None).await;
    let http = entering::http();
    let answer = http.get(&link).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let entered = Entered::by(&link).await;
    assert!(entered.page.starts_with(&format!("/t/{}?grant=", scene.id)), "{}", entered.page);
    let cookie = entered.set_cookie;
    for wanted in ["HttpOnly", "SameSite=Lax", "Path=/;"] {
        assert!(cookie.contains(wanted), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "this page is not behind TLS");
    assert!(!cookie.contains(link.rsplit('/').next().unwrap()), "the cookie is not the link");
    let kept = answer.headers()["cache-control"].to_str().unwrap();
    assert!(kept.contains("no-store"), "{kept}");
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");

    let cookie = cookie.split(';').next().unwrap();
    let page = http.get(scene.page()).header("cookie", cookie).send().await.unwrap();
    let headers = page.headers().clone();
    assert!(headers["cache-control"].to_str().unwrap().contains("no-store"), "{headers:?}");
    assert!(
        ["no-referrer", "same-origin"].iter().any(|it| headers["referrer-policy"] == *it),
        "{headers:?}"
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
        "{policy}"
    );
    assert!(page.text().await.unwrap().contains("INV-2026-0042"));

    // Other sites cannot write here, whatever the browser sends along.
    for origin in ["https://evil.example", "null"] {
        let request = http.post(format!("{}/react", scene.page())).body("event=%24x&key=x");
        let request = request.header("content-type", FORM);
        let answer =
            request.header("cookie", cookie).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{origin}");
    }
}

async fn nothing_is_shown(visitor: &crate::support::Visitor) {
    visitor.until("document.readyState === 'complete'").await;
    let html = visitor.html().await;
    for secret in ["INV-2026-0042", "Birch", "Acme", "Oak plank", "634.50"] {
        assert!(!html.contains(secret), "{secret} on {}:\n{html}", visitor.url().await);
    }
    assert!(!visitor.text().await.trim().is_empty(), "it says so kindly");
}

/// Everything of a transaction that can be asked for.
fn paths(id: &str) -> Vec<(Method, String)> {
    let get = [
        "",
        "/live",
        "/lines",
        "/invoice.pdf",
        "/invoice.xml",
        "/original",
        "/original.xml",
        "/files/0000",
    ];
    let post = ["messages", "remove", "react", "retry", "discard", "typing", "seen"];
    let get = get.iter().map(|it| (Method::GET, format!("/t/{id}{it}")));
    get.chain(post.iter().map(|it| (Method::POST, format!("/t/{id}/{it}")))).collect()
}
