//! The page on which a developer reads the document and tries the calls. It loads nothing from elsewhere, and can be
//! read without scripts. The key that one types there stays in the memory of the browser's page.

use std::sync::LazyLock;

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value};

use super::calls::GROUPS;
use super::openapi;

const STYLE: &str = include_str!("../../../assets/api/docs.css");
const SCRIPT: &str = include_str!("../../../assets/api/docs.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// The methods of OpenAPI, in the order in which the calls of a path are shown.
const METHODS: [&str; 4] = ["post", "get", "patch", "delete"];

/// `GET /api/v1/docs`
pub(in crate::api) async fn show_page() -> Response {
    static HTML: LazyLock<String> = LazyLock::new(|| page().into_string());
    answer("text/html; charset=utf-8", &HTML)
}

/// `GET /api/v1/docs/style.css`
pub(in crate::api) async fn style() -> Response {
    answer("text/css; charset=utf-8", STYLE)
}

/// `GET /api/v1/docs/script.js`
pub(in crate::api) async fn script() -> Response {
    answer("text/javascript; charset=utf-8", SCRIPT)
}

fn answer(media_type: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}

fn page() -> Markup {
    let document = openapi();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "The API of Tallyroom" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/api/v1/docs/style.css";
                script src="/api/v1/docs/script.js" defer {}
            }
            body {
                header {
                    h1 { "The API of Tallyroom" }
                    p {
                        "Each call is described here, and can be sent from here. The description as a file: "
                        a href="/api/v1/openapi.json" { "openapi.json" } " (OpenAPI 3.1)."
                    }
                    p.key {
                        label for="key" { "API key" }
                        input #key type="password" autocomplete="off" spellcheck="false" aria-describedby="about-key";
                        span #about-key {
                            "It is kept by this page only, until you close or reload it. Calls are real: they "
                            "change the data of your shop."
                        }
                    }
                    nav aria-label="Groups" {
                        ul {
                            @for (name, _) in GROUPS { li { a href={ "#" (anchor(name)) } { (name) } } }
                            li { a href="#schemas" { "Schemas" } }
                        }
                    }
                }
                main {
                    @for (name, description) in GROUPS {
                        section id=(anchor(name)) {
                            h2 { (name) }
                            p { (description) }
                            @for (method, path, parameters, call) in calls_of(document, name) {
                                (shown_call(document, method, path, parameters, call))
                            }
                        }
                    }
                    section #schemas {
                        h2 { "Schemas" }
                        @for (name, schema) in members(&document["components"]["schemas"]) {
                            details id={ "schema-" (name) } {
                                summary { code { (name) } }
                                pre tabindex="0" aria-label={ "Schema " (name) } { (pretty(schema)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn anchor(group: &str) -> String {
    group.to_lowercase().replace(' ', "-")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A text in which names stand between backticks.
fn sentence(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// The calls of a group: method, path, the parameters in the path, and the call.
fn calls_of<'a>(
    document: &'a Value,
    group: &'a str,
) -> impl Iterator<Item = (&'static str, &'a String, &'a Value, &'a Value)> {
    members(&document["paths"]).flat_map(move |(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let call = item.get(method)?;
            let is_here = items(&call["tags"]).iter().any(|it| it == group);
            is_here.then_some((*method, path, &item["parameters"], call))
        })
    })
}

/// The parameter, header or schema that a reference names, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    target.and_then(|it| document.pointer(it)).unwrap_or(value)
}

fn shown_call(document: &Value, method: &str, path: &str, of_path: &Value, call: &Value) -> Markup {
    let id = text(call, "operationId");
    let parameters: Vec<&Value> = items(of_path)
        .iter()
        .chain(items(&call["parameters"]))
        .map(|it| resolved(document, it))
        .collect();
    let scope = call["security"][0]["key"][0].as_str();
    let content = &call["requestBody"]["content"];
    html! {
        details.call id=(id) {
            summary {
                span.method.{ (method) } { (method.to_uppercase()) }
                " " code { (path) } " "
                span { (text(call, "summary")) }
            }
            p { (sentence(text(call, "description"))) }
            p {
                @match scope {
                    Some(scope) => { "Needs a key with the scope " code { (scope) } "." }
                    None => "Needs no key.",
                }
            }
            form data-method=(method.to_uppercase()) data-path=(path) {
                @for parameter in parameters { (shown_parameter(id, parameter)) }
                @if content.is_object() { (shown_body(id, content)) }
                button type="submit" aria-label={ "Send: " (text(call, "summary")) } { "Send the call" }
                output.answer aria-label={ "Answer: " (text(call, "summary")) } {}
            }
            h3 { "Answers" }
            dl {
                @for (status, answer) in members(&call["responses"]) {
                    dt { (status) }
                    dd {
                        (sentence(text(answer, "description")))
                        @for (media_type, content) in members(&answer["content"]) {
                            " " code { (media_type) } " " (schema_link(&content["schema"]))
                        }
                    }
                }
            }
        }
    }
}

/// A link to the schema that is referred to, if one is.
fn schema_link(schema: &Value) -> Markup {
    let target = schema["$ref"].as_str().or(schema["allOf"][0]["$ref"].as_str());
    let name = target.and_then(|it| it.rsplit('/').next());
    html! { @if let Some(name) = name { a href={ "#schema-" (name) } { (name) } } }
}

fn shown_parameter(call: &str, parameter: &Value) -> Markup {
    let name = text(parameter, "name");
    let id = format!("{call}-{name}");
    let schema = &parameter["schema"];
    let is_required = parameter["required"] == true;
    html! {
        p.parameter {
            label for=(id) {
                code { (name) }
                " (" (text(parameter, "in")) @if is_required { ", required" } ")"
            }
            @if let Some(values) = schema["enum"].as_array() {
                select id=(id) data-in=(text(parameter, "in")) data-name=(name) aria-describedby={ "about-" (id) } {
                    @if !is_required { option value="" { "–" } }
                    @for value in values { option { (value.as_str().unwrap_or_default()) } }
                }
            } @else {
                input id=(id) data-in=(text(parameter, "in")) data-name=(name) aria-describedby={ "about-" (id) }
                    autocomplete="off" required[is_required]
                    value=[parameter["example"].as_str()];
            }
            span id={ "about-" (id) } { (sentence(text(parameter, "description"))) }
        }
    }
}

fn shown_body(call: &str, content: &Value) -> Markup {
    let of_type = |it: &Value| it.get("example").map(pretty).unwrap_or_default();
    let offered = members(content)
        .filter(|(name, _)| !["multipart/form-data", "*/*"].contains(&name.as_str()));
    let offered: Vec<_> = offered.collect();
    let (type_id, text_id, file_id) =
        (format!("{call}-type"), format!("{call}-body"), format!("{call}-file"));
    html! {
        p.parameter {
            label for=(type_id) { "Content type" }
            select.type id=(type_id) {
                @for (name, it) in &offered { option data-example=(of_type(it)) { (name) } }
            }
            @for (_, it) in &offered { " " (schema_link(&it["schema"])) }
        }
        p.parameter {
            label for=(text_id) { "Body" }
            textarea.body id=(text_id) rows="8" spellcheck="false" {
                (offered.first().map(|(_, it)| of_type(it)).unwrap_or_default())
            }
        }
        @if offered.len() > 1 {
            p.parameter {
                label for=(file_id) { "or a file as the body" }
                input.file id=(file_id) type="file";
            }
        }
    }
}
