//! Sends any command of the DevTools protocol, as JSON.

use std::borrow::Cow;

use chromiumoxide::{Command, Method, Page};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

#[derive(Debug)]
struct Raw {
    method: &'static str,
    parameters: Value,
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.parameters.serialize(to)
    }
}

impl Method for Raw {
    fn identifier(&self) -> Cow<'static, str> {
        self.method.into()
    }
}

impl Command for Raw {
    type Response = Value;
}

/// What the browser answers, or why it does not.
pub async fn call(page: &Page, method: &'static str, parameters: Value) -> Result<Value, String> {
    let answer = page.execute(Raw { method, parameters }).await;
    answer.map(|it| it.result).map_err(|error| format!("{method}: {error}"))
}

/// A JavaScript expression's value, as JSON.
pub async fn evaluate(page: &Page, expression: &str) -> Result<Value, String> {
    run(page, json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }))
        .await
        .map(|mut it| it["value"].take())
}

/// A JavaScript expression's value, as a handle; none for null.
pub async fn handle(page: &Page, expression: &str) -> Result<Option<String>, String> {
    let object = run(page, json!({ "expression": expression })).await?;
    Ok(object["objectId"].as_str().map(str::to_owned))
}

async fn run(page: &Page, parameters: Value) -> Result<Value, String> {
    let mut answer = call(page, "Runtime.evaluate", parameters).await?;
    match answer.get("exceptionDetails") {
        Some(details) => Err(format!("{details}")),
        None => Ok(answer["result"].take()),
    }
}
