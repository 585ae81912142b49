//! Opens a link as a browser does, for tests that only need what follows.

use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response};

/// How long an answer may keep a test waiting before the test fails instead of hanging.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(180);

/// A client for tests, which fails when no byte of an answer comes for a long time.
pub fn patient() -> ClientBuilder {
    Client::builder().connect_timeout(ANSWER_TIMEOUT).read_timeout(ANSWER_TIMEOUT)
}

/// A client that stays where it is sent, with a new connection for each request: the service may end
/// one that waits for its next request at any time, even when that request is on its way.
pub fn http() -> Client {
    patient().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap()
}

/// Somebody who was let in.
#[derive(Clone)]
pub struct Entered {
    pub http: Client,
    origin: String,
    /// All that `Set-Cookie` said.
    pub set_cookie: String,
    /// `name=value`.
    pub cookie: String,
    /// Path and query of the page, as who they are.
    pub page: String,
}

impl Entered {
    /// Opens a link, or a shop's sign-in: looks at its page and sends the form.
    pub async fn by(link: &str) -> Self {
        let http = http();
        let shown = http.get(link).send().await.unwrap();
        assert_eq!(shown.status(), 200, "{link}");
        assert!(shown.headers().get(SET_COOKIE).is_none(), "looking lets nobody in");
        let html = shown.text().await.unwrap();
        let origin = url::Url::parse(link).unwrap().origin().ascii_serialization();
        let form = submit(&http, &origin, &html).await;
        assert_eq!(form.status(), 303, "{}", form.text().await.unwrap());
        let set_cookie = form.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        let page = form.headers()[LOCATION].to_str().unwrap().to_owned();
        Self { http, origin, set_cookie, cookie, page }
    }

    /// A request to a part of the page (empty: the page), in its name.
    pub fn request(&self, method: Method, part: &str) -> RequestBuilder {
        let (base, name) = self.page.split_once('?').unwrap();
        let url = format!("{}{base}{part}?{name}", self.origin);
        self.http.request(method, url).header(COOKIE, &self.cookie).header(ORIGIN, &self.origin)
    }
}

/// Sends the form of a page that lets people in.
pub async fn submit(http: &Client, origin: &str, html: &str) -> Response {
    let attribute = |name: &str| {
        let rest = html.split(&format!(" {name}=\"")).nth(1);
        rest.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{name}: {html}"))
    };
    let field = |name: &str| {
        let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
        Some(format!("{name}={}", rest.split('"').next()?))
    };
    let fields: Vec<String> = ["token", "to"].into_iter().filter_map(field).collect();
    let form = http.post(format!("{origin}{}", attribute("action"))).header(ORIGIN, origin);
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    form.header("accept", "text/html").body(fields.join("&")).send().await.unwrap()
}
