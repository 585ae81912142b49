//! A session is one sign-in of one browser: nobody else can begin it, and signing out ends it.

use futures_util::StreamExt;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Response};
use serde_json::json;

use super::order;
use crate::on_both_databases;
use crate::support::{Entered, World, entering, free_port};

const FORM: &str = "application/x-www-form-urlencoded";
/// What every answer of the page says to browsers.
const HEADERS: [&str; 8] = [
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
    "cache-control",
    "x-robots-tag",
    "cross-origin-resource-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
];

on_both_databases! {
    async fn whoever_signs_out_ends_their_session_and_no_other(database) {
        let world = World::with().page().start(database).await;
        let id = world.shop.create(&order("order-1", "@sam:tally.localhost")).await;
        let link = world.shop.link(&id, "buyer", None).await;
        // Two browsers by one link, and one by another.
        let (leaving, same) = (Entered::by(&link).await, Entered::by(&link).await);
        let other = Entered::by(&world.shop.link(&id, "seller", None).await).await;
        assert_ne!(leaving.cookie, same.cookie);
        let look = async |who: &Entered| who.request(Method::GET, "").send().await.unwrap().status().as_u16();
        assert_eq!([look(&leaving).await, look(&same).await, look(&other).await], [200, 200, 200]);
        let live = leaving.request(Method::GET, "/live").send().await.unwrap();
        let left = leaving.request(Method::POST, "/leave").send().await.unwrap();
        assert_eq!(left.status(), 200);
        let forgotten = left.headers()[SET_COOKIE].to_str().unwrap();
        assert!(forgotten.contains("Max-Age=0") && forgotten.contains("Path=/;"), "{forgotten}");
        // A copy of the cookie is worth nothing, whatever it asks for.
        assert_eq!([look(&leaving).await, look(&same).await, look(&other).await], [401, 200, 200]);
        for (method, part) in [(Method::GET, "/live"), (Method::GET, "/invoice.pdf"), (Method::POST, "/leave")] {
            assert_eq!(leaving.request(method, part).send().await.unwrap().status(), 401, "{part}");
        }
        // The page that was open elsewhere in that browser closes.
        let mut told = String::new();
        let mut pieces = live.bytes_stream();
        while let Some(Ok(piece)) = pieces.next().await {
            told.push_str(&String::from_utf8_lossy(&piece));
        }
        assert!(told.contains("event: closed"), "{told}");
        // The link still works, and begins another session.
        let again = Entered::by(&link).await;
        assert_eq!([look(&again).await, look(&leaving).await], [200, 401]);
        // Opened once more in the same browser, it takes the place of the session before.
        let token = link.rsplit('/').next().unwrap();
        let answer = again.http.post(world.page(&format!("/t/{id}/sign-in/link")))
            .header("origin", world.page("")).header("content-type", FORM).header(COOKIE, &again.cookie)
            .body(format!("token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        assert_eq!([look(&again).await, look(&same).await], [401, 200]);
        assert_eq!(world.sql("DELETE FROM sessions").await, 3);
    }

    async fn a_sibling_host_or_another_site_plants_no_session(database) {
        let listen = format!("127.0.0.1:{}", free_port());
        let page = json!({ "url": "https://pay.shop.example", "listen": listen });
        let world = World::with().config("page", page).start(database).await;
        let id = world.shop.create(&order("order-1", "@sam:tally.localhost")).await;
        let here = format!("http://{listen}");
        let http = entering::http();
        let sign_in = async |token: &str, headers: &[(&str, &str)]| {
            let request = http.post(format!("{here}/t/{id}/sign-in/link")).header("content-type", FORM);
            let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
            request.body(format!("token={token}")).send().await.unwrap()
        };
        let token = async || {
            let link = world.shop.link(&id, "buyer", None).await;
            link.rsplit('/').next().unwrap().to_owned()
        };
        // Another site posts a token, with whatever it can have a browser say.
        let theirs = token().await;
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "https://evil.shop.example")],
            &[("origin", "http://pay.shop.example")],
            &[("origin", "null")],
            &[("origin", "https://pay.shop.example"), ("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[],
        ] {
            let answer = sign_in(&theirs, headers).await;
            assert_eq!(answer.status(), 403, "{headers:?}");
            assert!(answer.headers().get(SET_COOKIE).is_none(), "{headers:?}");
            has_all_headers(&answer, "a form of another site");
        }
        let ours = [("origin", "https://pay.shop.example"), ("sec-fetch-site", "same-origin")];
        let entered = sign_in(&theirs, &ours).await;
        assert_eq!(entered.status(), 303);
        let page = format!("{here}{}", entered.headers()[LOCATION].to_str().unwrap());
        let mine = entered.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let look = async |cookie: &str| {
            http.get(&page).header(COOKIE, cookie).send().await.unwrap().status().as_u16()
        };
        assert_eq!(look(&mine).await, 200);
        // A sibling can set a cookie for all hosts of its domain, but not by this name; and one of
        // the same name beside ours counts for nothing, and neither does ours.
        let (name, value) = mine.split_once('=').unwrap();
        let grant = name.strip_prefix("__Host-tallyroom-").unwrap();
        for prefix in ["tallyroom-", "__Secure-tallyroom-"] {
            assert_eq!(look(&format!("{prefix}{grant}={value}")).await, 401, "{prefix}");
        }
        let other = sign_in(&theirs, &ours).await;
        let planted = other.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        for both in [format!("{mine}; {planted}"), format!("{planted}; {mine}")] {
            assert_eq!(look(&both).await, 401);
        }
        assert_eq!(look(&mine).await, 200);
    }

    async fn every_refusal_carries_the_headers_of_the_page(database) {
        let world = World::with().page().start(database).await;
        let id = world.shop.create(&order("order-1", "@sam:tally.localhost")).await;
        let bea = Entered::by(&world.shop.link(&id, "buyer", None).await).await;
        let long = format!("event={}", "x".repeat(3_000_000));
        for (method, part, body, status) in [
            (Method::GET, "", "", 200),
            (Method::GET, "/nothing", "", 404),
            (Method::GET, "/files/0000", "", 404),
            (Method::PUT, "", "", 405),
            (Method::GET, "/messages", "", 405),
            (Method::OPTIONS, "", "", 405),
            (Method::POST, "/remove", long.as_str(), 413),
            (Method::POST, "/remove", "nothing=1", 422),
            (Method::POST, "/messages", "x", 400),
        ] {
            let what = format!("{method} {part}");
            let answer = bea.request(method, part).header("content-type", FORM).body(body.to_owned());
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), status, "{what}");
            has_all_headers(&answer, &what);
        }
        let http = Client::new();
        for (method, path, status) in [
            (Method::GET, "/".to_owned(), 404),
            (Method::GET, "/%ff".to_owned(), 404),
            (Method::GET, format!("/t/{id}"), 401),
            (Method::GET, format!("/t/{id}/live"), 401),
            (Method::GET, "/l/wrong".to_owned(), 404),
            (Method::GET, "/widget/wrong".to_owned(), 404),
            (Method::GET, "/assets/wrong".to_owned(), 404),
            (Method::POST, "/robots.txt".to_owned(), 405),
            (Method::GET, format!("/t/{id}/sign-in/shop"), 400),
        ] {
            let answer = http.request(method, world.page(&path)).send().await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
            has_all_headers(&answer, &path);
        }
        // From another site, with a cookie and without.
        for part in ["/messages", "/sign-in/link", "/sign-in", "/leave"] {
            let url = world.page(&format!("/t/{id}{part}"));
            let answer = http.post(url).header("origin", "https://evil.example").header(COOKIE, &bea.cookie);
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{part}");
            has_all_headers(&answer, part);
        }
    }
}

fn has_all_headers(answer: &Response, what: &str) {
    for name in HEADERS {
        assert!(answer.headers().contains_key(name), "{what}: no {name}");
    }
}
