//! A person with a Matrix account and an ordinary client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::eventually;

static SENDS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone)]
pub struct Person {
    pub id: String,
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Person {
    /// Makes an account, as anybody may on a homeserver of these tests.
    pub async fn register(port: u16, user: &str, password: &str) -> Self {
        let body = json!({
            "auth": { "type": "m.login.dummy" }, "username": user, "password": password,
        });
        Self::enter(port, "register", &body).await
    }

    /// Signs in with the account's password.
    pub async fn sign_in(port: u16, user: &str, password: &str) -> Self {
        let body = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": user },
            "password": password,
        });
        Self::enter(port, "login", &body).await
    }

    async fn enter(port: u16, way: &str, body: &Value) -> Self {
        let base = format!("http://127.0.0.1:{port}/_matrix/client/v3");
        let http = super::entering::patient().build().unwrap();
        let answer: Value = http
            .post(format!("{base}/{way}"))
            .json(body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let text =
            |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self { id: text("user_id"), token: text("access_token"), base, http }
    }

    /// Any call; status and answer.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn ok(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Waits for the invitation and accepts it.
    pub async fn join(&self, room: &str) {
        eventually("an invitation to accept", Duration::from_secs(60), || async {
            let (status, _) =
                self.call(Method::POST, &format!("/join/{}", escape(room)), Some(json!({}))).await;
            (status == 200).then_some(())
        })
        .await;
    }

    pub async fn leave(&self, room: &str) {
        self.ok(Method::POST, &format!("/rooms/{}/leave", escape(room)), Some(json!({}))).await;
    }

    /// Sends any event; its id.
    pub async fn send(&self, room: &str, event_type: &str, content: Value) -> String {
        let id = SENDS.fetch_add(1, Ordering::Relaxed);
        let path = format!("/rooms/{}/send/{event_type}/t{id}", escape(room));
        let answer = self.ok(Method::PUT, &path, Some(content)).await;
        answer["event_id"].as_str().unwrap().to_owned()
    }

    pub async fn say(&self, room: &str, words: &str) -> String {
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": words })).await
    }

    pub async fn edit(&self, room: &str, event: &str, words: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {words}"),
            "m.new_content": { "msgtype": "m.text", "body": words },
            "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        });
        self.send(room, "m.room.message", content).await
    }

    pub async fn react(&self, room: &str, event: &str, key: &str) -> String {
        let relates_to = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
        self.send(room, "m.reaction", json!({ "m.relates_to": relates_to })).await
    }

    pub async fn redact(&self, room: &str, event: &str) -> String {
        let id = SENDS.fetch_add(1, Ordering::Relaxed);
        let path = format!("/rooms/{}/redact/{}/t{id}", escape(room), escape(event));
        let answer = self.ok(Method::PUT, &path, Some(json!({ "reason": "a slip" }))).await;
        answer["event_id"].as_str().unwrap().to_owned()
    }

    /// The content of a state event; none if there is no such event or it may not be seen.
    pub async fn state(&self, room: &str, event_type: &str, key: &str) -> Option<Value> {
        let path = format!("/rooms/{}/state/{event_type}/{key}", escape(room));
        let (status, answer) = self.call(Method::GET, &path, None).await;
        (status == 200).then_some(answer)
    }

    pub async fn set_state(&self, room: &str, event_type: &str, content: Value) -> u16 {
        let path = format!("/rooms/{}/state/{event_type}/", escape(room));
        self.call(Method::PUT, &path, Some(content)).await.0
    }

    /// An admin of the homeserver deletes a room, and waits until that is done.
    pub async fn delete_room(&self, room: &str, block: bool) {
        let base = self.base.replace("_matrix/client/v3", "_synapse/admin");
        let url = format!("{base}/v1/rooms/{}", escape(room));
        let request = self.http.delete(url).bearer_auth(&self.token);
        let answer = request.json(&json!({ "block": block, "purge": true })).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// An admin of the homeserver takes everybody out of a room, and keeps its history.
    pub async fn end_room(&self, room: &str) {
        let base = self.base.replace("_matrix/client/v3", "_synapse/admin");
        let url = format!("{base}/v1/rooms/{}", escape(room));
        let request = self.http.delete(url).bearer_auth(&self.token);
        let answer = request.json(&json!({ "block": false, "purge": false })).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// Deactivates an account (Synapse Admin API), its profile too if `erase`.
    pub async fn deactivate(&self, user: &str, erase: bool) {
        let base = self.base.replace("_matrix/client/v3", "_synapse/admin");
        let url = format!("{base}/v1/deactivate/{}", escape(user));
        let request = self.http.post(url).bearer_auth(&self.token);
        let answer = request.json(&json!({ "erase": erase })).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// One event, as the room shows it now.
    pub async fn event(&self, room: &str, event: &str) -> Value {
        self.ok(Method::GET, &format!("/rooms/{}/event/{}", escape(room), escape(event)), None)
            .await
    }

    /// The whole history that this person may see, oldest first.
    pub async fn history(&self, room: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let mut from = String::new();
        loop {
            let path = format!("/rooms/{}/messages?dir=f&limit=100{from}", escape(room));
            let page = self.ok(Method::GET, &path, None).await;
            events.extend(page["chunk"].as_array().unwrap().iter().cloned());
            match page["end"].as_str() {
                Some(end) if !page["chunk"].as_array().unwrap().is_empty() => {
                    from = format!("&from={end}");
                }
                _ => return events,
            }
        }
    }

    /// Rooms that this person is invited to.
    pub async fn invitations(&self) -> Vec<String> {
        // Synapse answers equal first syncs from memory for two minutes: make each another one.
        let number = SENDS.fetch_add(1, Ordering::Relaxed);
        let filter =
            escape(&json!({ "presence": { "not_types": [number.to_string()] } }).to_string());
        let answer = self.ok(Method::GET, &format!("/sync?timeout=0&filter={filter}"), None).await;
        let rooms = answer["rooms"]["invite"].as_object();
        rooms.into_iter().flat_map(|rooms| rooms.keys().cloned()).collect()
    }

    /// Uploads bytes; their `mxc://` address.
    pub async fn upload(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> String {
        let url = self.base.replace("client/v3", "media/v3");
        let answer: Value = self
            .http
            .post(format!("{url}/upload?filename={name}"))
            .bearer_auth(&self.token)
            .header("content-type", media_type)
            .body(bytes)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["content_uri"].as_str().unwrap().to_owned()
    }
}

fn escape(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
