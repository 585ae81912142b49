//! The back end of a shop, which calls our API.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{contract, entering, eventually};

pub const KEY: &str = "a-key-of-the-shop-0123456789";
pub const OTHER_KEY: &str = "a-key-of-another-shop-0123456789";

/// How long a room may take to be finished, on a busy machine.
const ROOM_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Shop {
    pub base: String,
    key: String,
    http: Client,
    /// Whether each call and each answer has to be as the OpenAPI document says.
    has_contract: bool,
}

impl Shop {
    pub fn new(port: u16, key: &str) -> Self {
        Self {
            base: format!("http://127.0.0.1:{port}"),
            key: key.to_owned(),
            http: entering::patient().build().unwrap(),
            has_contract: true,
        }
    }

    /// The same shop, with a new connection for each request.
    pub fn again(&self) -> Self {
        Self { http: entering::http(), ..self.clone() }
    }

    /// A program with another key, which calls the same server.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same shop, where an older version may answer, which has a document of its own.
    pub fn without_contract(&self) -> Self {
        Self { has_contract: false, ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// Sends a call. It and its answer have to be as the OpenAPI document says.
    pub async fn answer(request: RequestBuilder) -> (u16, Value) {
        let answer = contract::sent(request).await;
        (answer.status, answer.json())
    }

    /// Sends a call of this shop.
    async fn call(&self, request: RequestBuilder) -> (u16, Value) {
        if self.has_contract {
            return Self::answer(request).await;
        }
        let answer = contract::sent_unchecked(request).await;
        (answer.status, answer.json())
    }

    pub async fn post(&self, body: &Value) -> (u16, Value) {
        self.call(self.request(Method::POST, "/api/v1/transactions").json(body)).await
    }

    pub async fn post_xml(&self, query: &str, xml: &str) -> (u16, Value) {
        let path = format!("/api/v1/transactions?{query}");
        let request = self.request(Method::POST, &path).header("content-type", "application/xml");
        self.call(request.body(xml.to_owned())).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call(self.request(Method::GET, path)).await
    }

    pub async fn patch(&self, id: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/transactions/{id}");
        self.call(self.request(Method::PATCH, &path).json(body)).await
    }

    /// Hands in a transaction that must be accepted; its id.
    pub async fn create(&self, body: &Value) -> String {
        let (status, answer) = self.post(body).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub async fn transaction(&self, id: &str) -> Value {
        let (status, answer) = self.get(&format!("/api/v1/transactions/{id}")).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A new link for a contact of a party, or for the party as such.
    pub async fn link(&self, id: &str, party: &str, contact: Option<&str>) -> String {
        let link = self.new_link(id, &json!({ "party": party, "contact": contact })).await;
        link["url"].as_str().unwrap_or_else(|| panic!("{link}")).to_owned()
    }

    /// A new link; all that the answer says.
    pub async fn new_link(&self, id: &str, body: &Value) -> Value {
        let path = format!("/api/v1/transactions/{id}/links");
        let (status, answer) = self.call(self.request(Method::POST, &path).json(body)).await;
        assert_eq!(status, 201, "{answer}");
        answer
    }

    /// Waits until the room is finished; its id.
    pub async fn room(&self, id: &str) -> String {
        let transaction = eventually("a finished room", ROOM_TIMEOUT, || async {
            let transaction = self.transaction(id).await;
            (transaction["room"]["state"] == "ready").then_some(transaction)
        })
        .await;
        transaction["room"]["id"].as_str().unwrap().to_owned()
    }

    /// The whole record.
    pub async fn entries(&self, id: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |entry: &Value| entry["seq"].as_i64().unwrap());
            let path = format!("/api/v1/transactions/{id}/entries?after={after}&limit=500");
            let (status, page) = self.get(&path).await;
            assert_eq!(status, 200, "{page}");
            all.extend(page["entries"].as_array().unwrap().iter().cloned());
            if page["more"] == false {
                return all;
            }
        }
    }

    /// Searches, again and again until the search has looked at everything that was received before
    /// this call. (A further page looks at what the first one looked at.)
    pub async fn search(&self, query: &[(&str, &str)]) -> Value {
        let asked_at = jiff::Timestamp::now();
        eventually("a search that has looked at everything", Duration::from_secs(60), || async {
            let request = self.request(Method::GET, "/api/v1/entries").query(query);
            let (status, page) = self.call(request).await;
            assert_eq!(status, 200, "{page}");
            let until: jiff::Timestamp = page["searched_until"].as_str().unwrap().parse().unwrap();
            let is_further_page = query.iter().any(|(name, _)| *name == "cursor");
            (is_further_page || until > asked_at).then_some(page)
        })
        .await
    }

    /// Waits for the entry of this event.
    pub async fn entry(&self, id: &str, event: &str) -> Value {
        self.entry_within(id, event, Duration::from_secs(60)).await
    }

    pub async fn entry_within(&self, id: &str, event: &str, within: Duration) -> Value {
        eventually(&format!("an entry for {event}"), within, || async {
            self.entries(id).await.into_iter().find(|entry| entry["event_id"] == event)
        })
        .await
    }
}

/// A small, correct transaction between these contacts.
pub fn sample(external_id: &str, buyer: &str, seller: &str) -> Value {
    json!({
        "external_id": external_id,
        "status": "awaiting_payment",
        "invoice": {
            "number": "INV-2026-0042",
            "type": "380",
            "issue_date": "2026-06-01",
            "due_date": "2099-07-01",
            "currency": "EUR",
            "lines": [
                { "id": "1", "description": "Oak plank", "quantity": "10", "unit": "C62",
                  "unit_price": "45.00", "net_amount": "450.00",
                  "vat": { "category": "S", "rate": "20" } },
                { "id": "2", "description": "Delivery", "quantity": "1", "unit": "C62",
                  "unit_price": "78.75", "net_amount": "78.75",
                  "vat": { "category": "S", "rate": "20" } },
            ],
            "payment": { "means": "58", "iban": "DE02120300000000202051", "reference": "42" },
        },
        "buyer": { "name": "Birch GmbH", "contacts": [{ "matrix": buyer, "duty": "accounts payable" }] },
        "seller": { "name": "Acme Ltd", "contacts": [{ "matrix": seller, "duty": "sales" }] },
    })
}
