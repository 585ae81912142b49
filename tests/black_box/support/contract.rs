//! The OpenAPI document as a contract: each call of a test that the service accepts, and each answer, has to be as the
//! document says.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Request, RequestBuilder};
use serde_json::{Value, json};
use tallyroom::api::openapi;

/// An answer whose body was read.
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answered {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Sends a call to the API, and checks it and its answer.
pub async fn sent(request: RequestBuilder) -> Answered {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let call = Call::of(&request);
    let answered = sent_unchecked(RequestBuilder::from_parts(client, request)).await;
    call.check(&answered);
    answered
}

/// Sends a call to the API of an older version, which has a document of its own.
pub async fn sent_unchecked(request: RequestBuilder) -> Answered {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.unwrap_or_default().to_vec();
    Answered { status, headers, body }
}

/// Checks an event, as the feed has it.
pub fn check_event(event: &Value) {
    check("/components/schemas/Event", event, "an event");
}

/// Checks an event, as it is sent to a webhook.
pub fn check_sent(event: &Value) {
    let kind = event["type"].as_str().unwrap_or_default();
    let pointer =
        format!("/webhooks/{}/post/requestBody/content/application~1json/schema", escaped(kind));
    assert!(openapi().pointer(&pointer).is_some(), "the document sends no {kind:?}: {event:#}");
    check(&pointer, event, "what a webhook is sent");
}

/// What is checked of a call.
struct Call {
    method: Method,
    path: String,
    query: Vec<String>,
    media_type: String,
    body: Option<Vec<u8>>,
}

impl Call {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            path: request.url().path().to_owned(),
            query: request.url().query_pairs().map(|(name, _)| name.into_owned()).collect(),
            media_type: media_type(request.headers()),
            body: request.body().and_then(|it| it.as_bytes()).map(<[u8]>::to_vec),
        }
    }

    fn check(&self, answer: &Answered) {
        let document = openapi();
        let Some(template) = self.template() else { return };
        let method = if self.method == Method::HEAD { Method::GET } else { self.method.clone() };
        let method = method.as_str().to_ascii_lowercase();
        let pointer = format!("/paths/{}/{method}", escaped(template));
        let status = answer.status;
        let what = format!("{} {} → {status}", self.method, self.path);
        let Some(operation) = document.pointer(&pointer) else {
            assert!([405, 200].contains(&status), "{what}: the document has no such call");
            return;
        };
        assert!(answer.headers.contains_key("x-request-id"), "{what}: X-Request-Id is missing");
        let found = &operation["responses"][status.to_string()];
        assert!(
            found.is_object(),
            "{what}: the document does not have this status: {}",
            answer.json()
        );
        let body_is_read = self.method != Method::HEAD && !answer.body.is_empty();
        if body_is_read {
            let media_type = media_type(&answer.headers);
            let content = &found["content"];
            let known = content.get(&media_type).is_some() || content.get("*/*").is_some();
            assert!(known, "{what}: the document has no {media_type:?} here");
            if content[&media_type]["schema"].is_object() && media_type.ends_with("json") {
                let schema =
                    format!("{pointer}/responses/{status}/content/{}/schema", escaped(&media_type));
                check(&schema, &answer.json(), &what);
            }
        }
        for (name, header) in found["headers"].as_object().into_iter().flatten() {
            let is_expected = header["$ref"] != "#/components/headers/Idempotent-Replayed"
                && !name.starts_with("RateLimit")
                // Only a call without a key, or with one of the wrong scopes, is told about keys.
                && !(name == "Retry-After" && answer.headers.contains_key("ratelimit"));
            assert!(!is_expected || answer.headers.contains_key(name), "{what}: {name} is missing");
        }
        if (200..300).contains(&status) {
            self.check_request(&pointer, operation, template, &what);
        }
    }

    /// What the service accepts is what the document describes.
    fn check_request(&self, pointer: &str, operation: &Value, template: &str, what: &str) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let known: Vec<_> = parameters
            .filter(|it| it["in"] == "query")
            .filter_map(|it| it["name"].as_str())
            .collect();
        for name in &self.query {
            assert!(known.contains(&name.as_str()), "{what}: {template} has no parameter {name}");
        }
        let media_type = &self.media_type;
        let content = &operation["requestBody"]["content"];
        if let Some(body) = self.body.as_ref().filter(|body| !body.is_empty()) {
            let known = content.get(media_type).is_some() || content.get("*/*").is_some();
            assert!(known, "{what}: the document takes no {media_type:?} here");
            if content.get(media_type).is_some() && media_type.ends_with("json") {
                let schema =
                    format!("{pointer}/requestBody/content/{}/schema", escaped(media_type));
                check(&schema, &serde_json::from_slice(body).unwrap(), what);
            }
        }
    }

    /// The path of the document that this call has. Fixed parts count more than parameters.
    fn template(&self) -> Option<&'static str> {
        let parts: Vec<&str> = self.path.split('/').collect();
        let fits = |template: &str| {
            let its: Vec<&str> = template.split('/').collect();
            its.len() == parts.len()
                && its.iter().zip(&parts).all(|(its, part)| its.starts_with('{') || its == part)
        };
        let paths = openapi()["paths"].as_object().unwrap().keys().map(String::as_str);
        paths.filter(|it| fits(it)).min_by_key(|it| it.matches('{').count())
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A name as a part of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Fails with all that the schema at this place of the document says against `value`.
fn check(pointer: &str, value: &Value, what: &str) {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let known = KNOWN.lock().unwrap().get(pointer).cloned();
    let validator = known.unwrap_or_else(|| {
        // The pointer stands in a fragment of a URI.
        let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
        let mut schema = openapi().clone();
        schema["$ref"] = json!(format!("#{fragment}"));
        let made = jsonschema::options().should_validate_formats(true).build(&schema);
        let made = Arc::new(made.unwrap_or_else(|error| panic!("{pointer}: {error}")));
        KNOWN.lock().unwrap().insert(pointer.to_owned(), made.clone());
        made
    });
    let problems: Vec<String> =
        validator.iter_errors(value).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(
        problems.is_empty(),
        "{what} is not as the document says: {}\n{value:#}",
        problems.join("\n")
    );
}
