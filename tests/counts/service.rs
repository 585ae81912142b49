//! The API for shops and the invoice page over HTTP, in this process and without a homeserver.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use jiff::tz::TimeZone;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;
use tallyroom::api::{self, ApiState, Health};
use tallyroom::caller::Caller;
use tallyroom::clock::now;
use tallyroom::config::{Config, Registration};
use tallyroom::door::{self, Budget, ConnectionSlots, WrongKeys};
use tallyroom::export::Exporter;
use tallyroom::feed;
use tallyroom::files::Vault;
use tallyroom::fonts::Fonts;
use tallyroom::homeserver::{Homeserver, Pings};
use tallyroom::link::token::{Purpose, TokenKey};
use tallyroom::moment::Moment;
use tallyroom::page::limits::Limits;
use tallyroom::page::openid::OpenId;
use tallyroom::page::speaker::Ticket;
use tallyroom::page::{self, PageState, ticket};
use tallyroom::paper::Papers;
use tallyroom::seal::SigningKey;
use tallyroom::store::{NewGrant, Store, Way};
use tallyroom::transaction::PartyRole;
use tallyroom::webhook;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use ulid::Ulid;

/// Nothing listens at the homeserver's address, so every call to it fails at once.
const CONFIG: &str = "
homeserver: { domain: x, url: 'http://127.0.0.1:1' }
api: { keys: [ { shop: shop, key: 0123456789abcdef } ] }
page: { url: 'http://page.test' }
";
const API_KEY: &str = "0123456789abcdef";
/// The number of file descriptors that the parts of the service share.
const FILES: u64 = 4_096;
/// The number of connections that each listener has at most.
const MAX_CONNECTIONS: usize = 512;
/// How long a visitor is let in, in milliseconds.
const AN_HOUR: i64 = 3_600_000;

/// A running service. It stops when it is dropped.
pub struct Service {
    store: Store,
    key: TokenKey,
    http: Client,
    api: String,
    page: String,
    _folder: TempDir,
    _stop: DropGuard,
}

/// Somebody who may open the page of a transaction.
pub struct Visitor {
    transaction: Ulid,
    token: String,
}

impl Service {
    /// Starts a service with the connections of `store`.
    pub async fn start(store: &Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let key = folder.path().join("signing.key");
        let key = Arc::new(SigningKey::load_or_make(&key, config.bot_user_id()).unwrap());
        let registration = Registration::generate(&config);
        let homeserver = Homeserver::connect(&config, &registration).await.unwrap();
        let vault = Vault::open(&config.files).unwrap();
        let papers = Papers::new(store.clone(), vault.clone(), Fonts::none(), &key);
        let budget = Budget::of(FILES, 8).unwrap();
        let wrong_keys = WrongKeys::new(Vec::new());
        let (stop, config) = (CancellationToken::new(), Arc::new(config));
        let calls = api::router(ApiState {
            store: store.clone(),
            vault: vault.clone(),
            papers: papers.clone(),
            exporter: Exporter::new(store.clone(), vault.clone(), Arc::clone(&key)),
            token_key: TokenKey::from(&*key),
            wrong_keys: wrong_keys.clone(),
            known_keys: api::KnownKeys::default(),
            call_rate: api::CallRate::new(config.api.requests_per_minute),
            traces: api::Traces::default(),
            bodies: api::bodies(&config),
            downloads: api::downloads(&budget),
            uploads: api::uploads(&budget),
            news: feed::News::default(),
            waiting: api::WaitingPlaces::new(&budget),
            stop: stop.clone(),
            webhooks: webhook::Client::new(Caller::new(webhook::bounds(&config.webhooks)).unwrap()),
            webhook_tests: api::webhook_tests(),
            health: Health::new(
                store.clone(),
                homeserver.clone(),
                Arc::default(),
                Pings::default(),
            ),
            config: Arc::clone(&config),
        });
        let pages = page::router(PageState {
            store: store.clone(),
            vault: vault.clone(),
            moment: Moment::default(),
            homeserver,
            papers,
            exporter: Exporter::new(store.clone(), vault.clone(), Arc::clone(&key)),
            readings: Arc::default(),
            wrong_keys,
            limits: Arc::new(Limits::of(&config, &budget)),
            views: Arc::default(),
            key: TokenKey::from(&*key),
            openid: OpenId::new(&config).unwrap(),
            time_zone: TimeZone::UTC,
            web_push: None,
            stop: stop.clone(),
            config,
        });
        Self {
            store: store.clone(),
            key: TokenKey::from(&*key),
            http: Client::builder().no_proxy().redirect(Policy::none()).build().unwrap(),
            api: serve(calls, &stop).await,
            page: serve(pages, &stop).await,
            _folder: folder,
            _stop: stop.drop_guard(),
        }
    }

    /// Calls the API as the shop. Returns the answer.
    pub async fn get(&self, path: &str) -> Value {
        let bytes = self.download(path).await;
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Calls the API as the shop. Returns the bytes of the answer.
    pub async fn download(&self, path: &str) -> Vec<u8> {
        self.download_with(API_KEY, path).await
    }

    /// Calls the API with this key. Returns the bytes of the answer.
    pub async fn download_with(&self, key: &str, path: &str) -> Vec<u8> {
        let url = format!("{}/api/v1/{path}", self.api);
        let answer = self.http.get(url).bearer_auth(key).send().await.unwrap();
        answer.error_for_status().unwrap().bytes().await.unwrap().to_vec()
    }

    /// Lets somebody in who speaks for this party.
    pub async fn visitor(&self, transaction: Ulid, role: PartyRole) -> Visitor {
        let (grant, expires_at) = (Ulid::new(), now() + AN_HOUR);
        let new =
            NewGrant { id: grant, transaction, role, contact: None, way: Way::Link, expires_at };
        assert!(self.store.open_grant(&new).await.unwrap());
        let session = self.store.open_session(transaction, grant, expires_at).await.unwrap();
        let held = Ticket { transaction, grant, session };
        Visitor { transaction, token: ticket::write(&self.key, Purpose::Bearer, &held) }
    }

    /// Writes a message on the page as this visitor.
    pub async fn write(&self, visitor: &Visitor, text: &str) {
        let url = format!("{}/t/{}/messages", self.page, visitor.transaction);
        let form = reqwest::multipart::Form::new().text("text", text.to_owned()).text("id", "1");
        let post = self.http.post(url).bearer_auth(&visitor.token).multipart(form);
        post.send().await.unwrap().error_for_status().unwrap();
    }

    /// Opens the page, or a part of it, as this visitor. Returns its HTML.
    pub async fn open(&self, visitor: &Visitor, part: &str) -> String {
        let url = format!("{}/t/{}{part}", self.page, visitor.transaction);
        let answer = self.http.get(url).bearer_auth(&visitor.token).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    /// Opens the stream of news of a page in a language, from the beginning of the record.
    pub async fn news(&self, visitor: &Visitor, language: &str) -> News {
        self.news_after(visitor, language, 0).await
    }

    /// Opens the stream of news of a page that says that it has got the entries up to `after`.
    pub async fn news_after(&self, visitor: &Visitor, language: &str, after: i64) -> News {
        let path = format!("/t/{}/live?after={after}&revision=1", visitor.transaction);
        let url = format!("{}{path}", self.page);
        let request = self.http.get(url).header("accept-language", language);
        let answer = request.bearer_auth(&visitor.token).send().await.unwrap();
        News { answer: answer.error_for_status().unwrap(), unread: String::new() }
    }
}

/// The news of an open page.
pub struct News {
    answer: Response,
    unread: String,
}

impl News {
    /// Reads up to a word. Returns what was read.
    pub async fn until(&mut self, word: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(word) {
                let rest = self.unread.split_off(at + word.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            let piece = self.answer.chunk().await.unwrap();
            self.unread.push_str(&String::from_utf8_lossy(&piece.expect("more news")));
        }
    }
}

fn config(folder: &Path) -> Config {
    Config::of_text(CONFIG, &folder.join("config.yaml"), std::iter::empty()).unwrap()
}

/// Serves a router. Returns its address.
async fn serve(router: Router, stop: &CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(door::serve(
        listener,
        router,
        ConnectionSlots::new(MAX_CONNECTIONS),
        stop.clone(),
    ));
    address
}
