//! Ways to sign in other than a link: a Matrix account, and the shop's own sign-in.

use jsonwebtoken::{EncodingKey, Header, encode};
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::Scene;
use crate::on_both_databases;
use crate::support::{Person, World};

const SHOP_KEY: &str = "a-key-with-which-the-shop-vouches-0123456789";

on_both_databases! {
    async fn whoever_the_homeserver_or_the_shop_vouches_for_gets_in(database) {
        let keys = json!({ "sign_in": [{ "shop": "shop", "key": SHOP_KEY }] });
        let scene = Scene::set_in(World::with().page().config("page", keys), database).await;
        let stranger = scene.world.person("stranger").await;

        // A listed contact proves their account, once.
        let token = openid(&scene.sam).await;
        let (status, cookie) = signs_in(&scene, &token).await;
        assert!([200, 204, 303].contains(&status), "{status}");
        assert!(shows_invoice(&scene, &cookie).await);
        let (status, cookie) = signs_in(&scene, &token).await;
        assert!((400..500).contains(&status), "the same token again: {status}");
        assert!(!shows_invoice(&scene, &cookie).await);
        // Nobody else does, whatever is claimed.
        for token in [openid(&stranger).await, json!({
            "access_token": "made up", "matrix_server_name": "tally.localhost", "expires_in": 3600, "token_type": "Bearer",
        }), json!({
            "access_token": "made up", "matrix_server_name": "127.0.0.1:1", "expires_in": 3600, "token_type": "Bearer",
        })] {
            let (status, cookie) = signs_in(&scene, &token).await;
            assert!((400..500).contains(&status), "{token}: {status}");
            assert!(!shows_invoice(&scene, &cookie).await, "{token}");
        }

        // The shop vouches for its user, who comes to a clean address.
        let claims = claims(&scene, "order-1", 300);
        let token = signed(&claims, SHOP_KEY);
        let bea = scene.browser.visitor().await;
        let address = format!("{}/sign-in/shop", scene.page());
        // Previews, scanners and proxies that only look use nothing up.
        for method in [Method::HEAD, Method::GET, Method::HEAD] {
            let shown = reqwest::Client::new().request(method, format!("{address}?token={token}")).send().await.unwrap();
            assert_eq!(shown.status(), 200);
            assert!(shown.headers().get("set-cookie").is_none());
            assert_eq!(shown.headers()["referrer-policy"], "no-referrer");
            assert!(!shown.text().await.unwrap().contains("INV-2026-0042"));
        }
        bea.open(&format!("{address}?token={token}")).await;
        bea.sees("INV-2026-0042").await;
        let url = bea.url().await;
        assert!(url.starts_with(&format!("{}?grant=", scene.page())) && !url.contains("token"), "{url}");
        assert!(bea.requests().iter().all(|it| !it.referer.as_ref().is_some_and(|it| it.contains(&token))));
        assert!(!scene.world.log().contains(&token), "the token is in the log");
        // Once; not late; not for another order; not by another key.
        let late = self::claims(&scene, "order-1", -300);
        let elsewhere = self::claims(&scene, "order-9", 300);
        let fresh = self::claims(&scene, "order-1", 300);
        for bad in [token, signed(&late, SHOP_KEY), signed(&elsewhere, SHOP_KEY), signed(&fresh, "a-key-of-somebody-else-0123456789012345")] {
            let visitor = scene.browser.visitor().await;
            visitor.open(&format!("{address}?token={bad}")).await;
            visitor.sees("This link does not work").await;
            visitor.until("document.readyState === 'complete'").await;
            assert!(!visitor.html().await.contains("INV-2026-0042"));
        }
    }
}

/// What a Matrix client gives to a widget that asks who its user is.
async fn openid(person: &Person) -> Value {
    let path = format!("/user/{}/openid/request_token", person.id);
    let (status, token) = person.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(status, 200, "{token}");
    token
}

async fn signs_in(scene: &Scene, token: &Value) -> (u16, String) {
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let request = http.post(format!("{}/sign-in", scene.page())).json(token);
    let request =
        request.header("origin", scene.world.page("")).header("accept", "application/json");
    let answer = request.send().await.unwrap();
    let cookie = answer.headers().get("set-cookie").map(|it| it.to_str().unwrap().to_owned());
    (answer.status().as_u16(), cookie.unwrap_or_default())
}

async fn shows_invoice(scene: &Scene, cookie: &str) -> bool {
    let cookie = cookie.split(';').next().unwrap_or_default();
    let request = reqwest::Client::new().get(scene.page()).header("cookie", cookie);
    request.send().await.unwrap().text().await.unwrap().contains("INV-2026-0042")
}

fn claims(scene: &Scene, external_id: &str, life: i64) -> Value {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    json!({
        "aud": "tallyroom", "iat": now.min(now + life), "exp": now + life,
        "jti": rand::random::<u64>().to_string(), "transaction": scene.id,
        "external_id": external_id, "party": "buyer", "contact": "bea@birch.example",
    })
}

fn signed(claims: &Value, key: &str) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
}
