//! Verifies Matrix OpenID tokens: asks the homeserver that made a token to whom it belongs.
//!
//! Only the servers in the config are asked, at the addresses given there. There is no server
//! discovery, and redirects are not followed. So nobody can make this service send a request to an
//! address of their choice, for example in the internal network.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, redirect};
use ruma::{OwnedServerName, OwnedUserId, ServerName};
use serde::Deserialize;
use thiserror::Error;
use ulid::Ulid;
use url::Url;

use crate::config::Config;
use crate::homeserver::causes_of;
use crate::link::token::grant_id;

/// How long a homeserver may take for its whole answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The greatest length of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The greatest length of a token, in bytes. The tokens of Synapse have 24 characters.
const MAX_TOKEN_BYTES: usize = 1024;

/// The homeservers that are trusted to name their users.
#[derive(Clone, Debug)]
pub struct OpenId {
    client: Client,
    servers: Vec<(OwnedServerName, Url)>,
}

/// The reason why nobody is signed in. It contains no part of the token.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// The server is not trusted.
    #[error(
        "the server {0:?} is neither this service's homeserver nor listed under page.openid in the config"
    )]
    UnknownServer(String),
    /// The token is malformed, or its server does not know it (any more).
    #[error("the homeserver {0} does not know the token, which is wrong or has expired")]
    UnknownToken(OwnedServerName),
    /// The server named a user of another server.
    #[error("the homeserver {server} answered with {user:?}, which is not a user of this server")]
    NotItsUser {
        /// The server that was asked.
        server: OwnedServerName,
        /// The user that it named.
        user: String,
    },
    /// The server gave no usable answer. A later attempt may succeed.
    #[error("the homeserver {server} gave no valid answer about the token: {problem}")]
    NoAnswer {
        /// The server that was asked.
        server: OwnedServerName,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
}

impl OpenId {
    /// Trusts the homeserver of this service, and those under `page.openid`.
    ///
    /// # Errors
    /// Returns an error if the TLS back end cannot be set up.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let client =
            Client::builder().redirect(redirect::Policy::none()).timeout(ANSWER_TIMEOUT).build()?;
        let homeserver = &config.homeserver;
        let own = (homeserver.domain.clone(), homeserver.url.clone());
        let others = config.page.openid.iter().map(|it| (it.domain.clone(), it.url.clone()));
        Ok(Self { client, servers: std::iter::once(own).chain(others).collect() })
    }

    /// Asks the server that made a token to whom it belongs (Server-Server API, "OpenID").
    ///
    /// The token does not say what its owner may see. Its owner may have given it to somebody else,
    /// so each token must be accepted only once (see [`OpenId::grant_id`]).
    ///
    /// # Errors
    /// Returns the reason why nobody is signed in.
    pub async fn verify(
        &self,
        server_name: &str,
        access_token: &str,
    ) -> Result<OwnedUserId, Refused> {
        let (server, base) = self
            .servers
            .iter()
            .find(|(domain, _)| domain == server_name)
            .ok_or_else(|| Refused::UnknownServer(server_name.chars().take(255).collect()))?;
        if access_token.is_empty() || access_token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::UnknownToken(server.clone()));
        }
        let mut url = base.clone();
        url.set_path("/_matrix/federation/v1/openid/userinfo");
        url.query_pairs_mut().append_pair("access_token", access_token);
        let no_answer = |problem| Refused::NoAnswer { server: server.clone(), problem };
        // The address contains the token, so the error is written without the address.
        let answer =
            self.client.get(url).send().await.map_err(|error| no_answer(causes_of(&error)))?;
        let status = answer.status();
        let body = read(answer).await.map_err(no_answer)?;
        who_is_named(server, status, &body)
    }

    /// Returns the id of the grant that a token opens. It is always the same for one token.
    pub fn grant_id(server_name: &str, access_token: &str) -> Ulid {
        grant_id(&format!("openid\0{server_name}\0{access_token}"))
    }
}

/// Reads the answer of `server` about a token, and returns the owner of the token.
///
/// # Errors
/// Returns the reason why nobody is signed in.
pub fn who_is_named(
    server: &ServerName,
    status: StatusCode,
    body: &[u8],
) -> Result<OwnedUserId, Refused> {
    let no_answer = |problem| Refused::NoAnswer { server: server.to_owned(), problem };
    if status.is_client_error() && errcode(body) == "M_UNKNOWN_TOKEN" {
        return Err(Refused::UnknownToken(server.to_owned()));
    }
    if status != StatusCode::OK {
        return Err(no_answer(format!("HTTP {}", status.as_u16())));
    }
    let info: UserInfo = serde_json::from_slice(body)
        .map_err(|_| no_answer("the answer is not JSON with the key `sub`".to_owned()))?;
    user_of(server, &info.sub)
}

/// Returns the Matrix error code in an answer. It is empty if the answer is not a Matrix error, for
/// example if a proxy answered.
fn errcode(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    json["errcode"].as_str().unwrap_or_default().to_owned()
}

async fn read(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(bytes) = answer.chunk().await.map_err(|error| causes_of(&error))? {
        if body.len() + bytes.len() > MAX_ANSWER_BYTES {
            return Err(format!("the answer has more than {MAX_ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

/// Checks that the server names one of its own users.
fn user_of(server: &ServerName, sub: &str) -> Result<OwnedUserId, Refused> {
    let user = OwnedUserId::try_from(sub).ok().filter(|user| user.server_name() == server);
    user.ok_or_else(|| Refused::NotItsUser {
        server: server.to_owned(),
        user: sub.chars().take(255).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::RawQuery;
    use axum::http::header;
    use axum::response::{IntoResponse, Redirect};
    use axum::routing::get;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const PATH: &str = "/_matrix/federation/v1/openid/userinfo";

    /// Starts a homeserver `example.org` that gives this answer and counts its calls.
    async fn homeserver<R>(answer: impl Fn(String) -> R + Clone + Send + Sync + 'static) -> Fake
    where
        R: IntoResponse + 'static,
    {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let handler = async move |RawQuery(query): RawQuery| {
            counted.fetch_add(1, Ordering::Relaxed);
            answer(query.unwrap_or_default()).into_response()
        };
        let router = Router::new().route(PATH, get(handler.clone())).route("/else", get(handler));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::default();
        let address = listener.local_addr().unwrap();
        config.homeserver.url = Url::parse(&format!("http://{address}")).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Fake { calls, openid: OpenId::new(&config).unwrap() }
    }

    struct Fake {
        calls: Arc<AtomicUsize>,
        openid: OpenId,
    }

    impl Fake {
        async fn verify(&self, token: &str) -> Result<OwnedUserId, Refused> {
            let outcome = self.openid.verify("example.org", token).await;
            if let Err(refused) = &outcome {
                let text = format!("{refused} {refused:?}");
                assert!(!text.contains("canary"), "{text}");
            }
            outcome
        }
    }

    fn sub(user: &str) -> impl IntoResponse + use<> {
        axum::Json(serde_json::json!({ "sub": user }))
    }

    #[tokio::test]
    async fn the_server_is_asked_about_the_token_as_it_is() {
        let fake = homeserver(|query| sub(&format!("@{query}:example.org"))).await;
        let user = fake.verify("canary &x=1#").await.unwrap();
        assert_eq!(user.localpart(), "access_token=canary+%26x%3D1%23");
    }

    #[tokio::test]
    async fn a_server_vouches_for_its_own_users_only() {
        for user in ["@a:example.com", "@a:sub.example.org", "@a:example.org:8448", "a", "", "@:"] {
            let fake = homeserver(move |_| sub(user)).await;
            let refused = fake.verify("canary").await.unwrap_err();
            assert!(matches!(refused, Refused::NotItsUser { .. }), "{refused}");
        }
    }

    #[tokio::test]
    async fn servers_that_are_not_in_the_config_are_not_called() {
        let fake = homeserver(|_| sub("@a:example.org")).await;
        for name in ["127.0.0.1", "example.com", "", "example.org:8448", "EXAMPLE.ORG", "@"] {
            let refused = fake.openid.verify(name, "canary").await.unwrap_err();
            assert_eq!(refused, Refused::UnknownServer(name.to_owned()));
        }
        assert_eq!(fake.calls.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn an_unknown_token_differs_from_a_server_that_fails() {
        let unknown = serde_json::json!({ "errcode": "M_UNKNOWN_TOKEN", "error": "unknown" });
        let fake =
            homeserver(move |_| (StatusCode::UNAUTHORIZED, axum::Json(unknown.clone()))).await;
        assert!(matches!(fake.verify("canary").await, Err(Refused::UnknownToken(_))));
        assert!(matches!(fake.verify("").await, Err(Refused::UnknownToken(_))));
        let long = "canary".repeat(1_000);
        assert!(matches!(fake.verify(&long).await, Err(Refused::UnknownToken(_))));
        // The answer of a proxy says nothing about the token.
        for status in [400, 401, 403, 404, 502] {
            let status = StatusCode::from_u16(status).unwrap();
            let fake = homeserver(move |_| (status, "404 page not found")).await;
            assert!(
                matches!(fake.verify("canary").await, Err(Refused::NoAnswer { .. })),
                "{status}"
            );
        }
        let nobody = OpenId {
            client: Client::new(),
            servers: vec![(
                ruma::server_name!("example.org").to_owned(),
                Url::parse("http://127.0.0.1:1").unwrap(),
            )],
        };
        let refused = nobody.verify("example.org", "canary").await.unwrap_err();
        assert!(matches!(refused, Refused::NoAnswer { .. }));
        assert!(!format!("{refused} {refused:?}").contains("canary"), "{refused}");
    }

    #[tokio::test]
    async fn no_redirect_is_followed() {
        let fake = homeserver(|_| Redirect::temporary("/else")).await;
        assert!(matches!(fake.verify("canary").await, Err(Refused::NoAnswer { .. })));
        assert_eq!(fake.calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_invalid_answer_is_refused() {
        let long = format!("{{\"sub\":\"@a:example.org\",\"x\":\"{}\"}}", "x".repeat(70_000));
        for answer in ["", "{}", "[]", "{\"sub\":7}", "canary", long.as_str()] {
            let answer = answer.to_owned();
            let json = [(header::CONTENT_TYPE, "application/json")];
            let fake = homeserver(move |_| (json.clone(), answer.clone())).await;
            let refused = fake.verify("canary").await.unwrap_err();
            assert!(matches!(refused, Refused::NoAnswer { .. }), "{refused}");
        }
    }

    #[test]
    fn each_token_of_each_server_opens_a_grant_of_its_own() {
        let id = OpenId::grant_id("a", "x");
        assert_eq!(id, OpenId::grant_id("a", "x"));
        assert_ne!(id, OpenId::grant_id("b", "x"));
        assert_ne!(id, OpenId::grant_id("a", "y"));
    }
}
