//! The description of the API as an OpenAPI 3.1 document, and the page on which one can read and try it.
//!
//! It is put together from the code: the calls and their scopes from `calls.rs` of the API, the kinds of refusals from
//! `problem.rs`, the invoice from its model, and what only people can say from `calls.rs` and `schemas.rs` of this
//! folder. Tests compare it with the routes and with the parameters that are read, and all black-box tests check
//! their calls and the answers against it.

mod calls;
mod events;
mod operation;
mod page;
mod schemas;
mod webhooks;

pub(super) use page::{script, show_page, style};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use self::calls::{GROUPS, operations, path_parameter};
use self::operation::Operation;
use super::calls::needs_and_reads;
use super::problem::KINDS;

/// The document. It is the same as long as the process runs.
static DOCUMENT: LazyLock<Value> = LazyLock::new(written);

/// Returns the document.
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

/// `GET /api/v1/openapi.json`
pub(super) async fn show() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

fn written() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let method = operation.method.as_str().to_ascii_lowercase();
        let path = paths.entry(operation.path).or_insert_with(|| {
            let parameters: Vec<Value> = path_parameters(operation.path).collect();
            if parameters.is_empty() { json!({}) } else { json!({ "parameters": parameters }) }
        });
        path[method] = described(operation);
    }
    let groups: Vec<Value> = GROUPS
        .iter()
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    let mut schemas = schemas::schemas();
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.extend(events::event_schemas());
        schemas.extend(webhooks::webhook_schemas());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tallyroom",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A Matrix room for every commercial transaction. Each GET also answers HEAD. Another \
                method is answered with 405, and `Allow` lists those that there are.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": groups,
        "paths": paths,
        "webhooks": events::sent_to_webhooks(),
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of the shop, which `tallyroom key create` makes. The scopes that a call \
                        needs stand beside it.",
                },
            },
            "parameters": {
                "IdempotencyKey": header_parameter(
                    "Idempotency-Key",
                    Some(r#"^(?!""$)[!-~]{1,255}$"#),
                    "The call is run once, and a repeat with the same key is answered as the first time. Draw a \
                     new key for each call, such as a UUID.",
                ),
                "IfMatch": header_parameter(
                    "If-Match",
                    Some(TAG),
                    "The `ETag` of an earlier answer. If somebody has changed the same thing since, the call is \
                     refused with 412.",
                ),
                "IfNoneMatch": header_parameter(
                    "If-None-Match",
                    None,
                    "The `ETag` of an earlier answer. If this one would be the same, it is 304.",
                ),
                "LastEventId": header_parameter(
                    "Last-Event-ID",
                    None,
                    "Of a stream only: the `id` of the last event that arrived. It precedes `after`.",
                ),
            },
            "headers": headers(),
            "schemas": schemas,
        },
    })
}

/// The form of an entity tag.
const TAG: &str = r#"^(W/)?"[!#-~]*"$|^\*$"#;

fn header_parameter(name: &str, pattern: Option<&str>, description: &str) -> Value {
    let mut schema = json!({ "type": "string" });
    if let Some(pattern) = pattern {
        schema["pattern"] = json!(pattern);
    }
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}

fn headers() -> Value {
    let header =
        |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    let text = || json!({ "type": "string" });
    let seconds = || json!({ "type": "integer", "minimum": 1 });
    json!({
        "ETag": header("The tag of this answer.", text()),
        "Location": header("The address of what was made.", text()),
        "Allow": header("The methods that there are.", text()),
        "Accept-Post": header("The content types that are read.", text()),
        "Accept-Patch": header("The content types that are read.", text()),
        "WWW-Authenticate": header("What is missing (RFC 6750).", text()),
        "Retry-After": header("When to try again, in seconds.", seconds()),
        "X-Request-Id": header("The id of the call in the log, which the caller may choose.", text()),
        "Idempotent-Replayed": header("The answer is that of an earlier call.", json!({ "const": "true" })),
        "RateLimit-Policy": header("How often the key may call, if that is limited.", text()),
        "RateLimit": header("How many calls are left.", text()),
    })
}

/// The names of the parameters in a path, in their order.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|it| it.split('}').next())
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    names_in(path).filter_map(|name| {
        let (schema, description) = path_parameter(name)?;
        Some(json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": schema,
        }))
    })
}

/// Returns a call as OpenAPI has it, with all that follows from its route, its method and its body.
fn described(operation: Operation) -> Value {
    let kinds = kinds(&operation);
    let Operation {
        method, path, id, group, summary, description, mut parameters, content, ..
    } = operation;
    let scope = needs_and_reads(&method, path).map(|(scope, _)| scope.as_str());
    if is_run_once(&method, scope) {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for (status, mut answer) in operation.answers {
        add_common_headers(&mut answer, scope.is_some());
        if is_run_once(&method, scope) {
            answer["headers"]["Idempotent-Replayed"] = reference_to_header("Idempotent-Replayed");
        }
        responses.insert(status.to_string(), answer);
    }
    for (status, refusal) in refusals(&kinds, &method, scope.is_some()) {
        responses.insert(status.to_string(), refusal);
    }
    let mut described = json!({
        "operationId": id,
        "tags": [group],
        "summary": summary,
        "responses": responses,
    });
    if !description.is_empty() {
        described["description"] = json!(description);
    }
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    if !content.is_empty() {
        described["requestBody"] = json!({ "required": operation.needs_body, "content": content });
    }
    // OpenAPI 3.1 has names of roles here for every way to say who calls.
    described["security"] = match scope {
        Some(scope) => json!([{ "key": [scope] }]),
        None => json!([]),
    };
    described
}

/// Whether `Idempotency-Key` is heard.
fn is_run_once(method: &Method, scope: Option<&str>) -> bool {
    *method == Method::POST && scope.is_some()
}

/// All kinds of refusals of a call.
fn kinds(operation: &Operation) -> BTreeSet<&'static str> {
    let Operation { method, path, content, problems, .. } = operation;
    let mut kinds: BTreeSet<&'static str> = problems.iter().copied().collect();
    let needs_key = needs_and_reads(method, path).is_some();
    let has_body = !content.is_empty();
    let takes_any = content.contains_key("*/*");
    for (applies, some) in [
        (
            needs_key,
            &[
                "missing-key",
                "insufficient-scope",
                "invalid-parameter",
                "too-many",
                "try-again",
                "too-slow",
            ][..],
        ),
        (path.contains('{'), &["not-found"]),
        (has_body, &["unreadable-body", "too-large"]),
        (has_body && !takes_any, &["invalid-content", "unsupported-media-type"]),
        (
            is_run_once(method, needs_key.then_some("")),
            &["call-in-progress", "idempotency-key-reused"],
        ),
    ] {
        if applies {
            kinds.extend(some);
        }
    }
    kinds
}

/// Returns the refusals by status.
fn refusals(
    kinds: &BTreeSet<&'static str>,
    method: &Method,
    needs_key: bool,
) -> BTreeMap<u16, Value> {
    let mut by_status: BTreeMap<u16, Vec<(&str, &str)>> = BTreeMap::new();
    for (kind, status, meaning) in KINDS.iter().filter(|(kind, ..)| kinds.contains(kind)) {
        by_status.entry(*status).or_default().push((kind, meaning));
    }
    let refusal = |status: u16, kinds: Vec<(&str, &str)>| {
        let meanings: Vec<_> =
            kinds.iter().map(|(kind, meaning)| format!("`{kind}`: {meaning}")).collect();
        let types: Vec<_> =
            kinds.iter().map(|(kind, _)| format!("urn:tallyroom:problem:{kind}")).collect();
        let schema = json!({
            "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "type": { "enum": types }, "status": { "const": status } } },
            ],
        });
        let mut refusal = json!({
            "description": meanings.join(" "),
            "headers": {},
            "content": { "application/problem+json": { "schema": schema } },
        });
        add_common_headers(&mut refusal, needs_key);
        let header = match status {
            401 | 403 => Some("WWW-Authenticate"),
            415 if *method == Method::PATCH => Some("Accept-Patch"),
            415 => Some("Accept-Post"),
            429 | 503 => Some("Retry-After"),
            _ => None,
        };
        if let Some(header) = header {
            refusal["headers"][header] = reference_to_header(header);
        }
        refusal
    };
    by_status.into_iter().map(|(status, kinds)| (status, refusal(status, kinds))).collect()
}

fn reference_to_header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn add_common_headers(answer: &mut Value, needs_key: bool) {
    answer["headers"]["X-Request-Id"] = reference_to_header("X-Request-Id");
    if needs_key {
        for name in ["RateLimit-Policy", "RateLimit"] {
            answer["headers"][name] = reference_to_header(name);
        }
    }
}

#[cfg(test)]
mod tests;
