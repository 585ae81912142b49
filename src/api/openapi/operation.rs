//! One call of the OpenAPI document, put together step by step.

use axum::http::Method;
use serde_json::{Map, Value, json};

/// A call. Descriptions are in plain English, and the parts of a call that every one of its kind has (path parameters,
/// `Idempotency-Key`, refusals) are added when the document is written.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// The name by which programs that are generated from the document know the call.
    pub(super) id: &'static str,
    pub(super) group: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: String,
    pub(super) parameters: Vec<Value>,
    /// The content types of the body, with their schemas and examples.
    pub(super) content: Map<String, Value>,
    pub(super) needs_body: bool,
    /// The status of each answer that is not a refusal, with the answer.
    pub(super) answers: Vec<(u16, Value)>,
    /// The kinds of refusals that not every call of its kind has.
    pub(super) problems: Vec<&'static str>,
}

pub(super) fn get(
    path: &'static str,
    id: &'static str,
    group: &'static str,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::GET, path, id, group, summary)
}

pub(super) fn post(
    path: &'static str,
    id: &'static str,
    group: &'static str,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::POST, path, id, group, summary)
}

pub(super) fn patch(
    path: &'static str,
    id: &'static str,
    group: &'static str,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::PATCH, path, id, group, summary)
}

pub(super) fn remove(
    path: &'static str,
    id: &'static str,
    group: &'static str,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::DELETE, path, id, group, summary)
}

impl Operation {
    fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        group: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            group,
            summary,
            description: String::new(),
            parameters: Vec::new(),
            content: Map::new(),
            needs_body: true,
            answers: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Says more about the call.
    pub(super) fn says(self, description: &str) -> Self {
        Self { description: description.to_owned(), ..self }
    }

    /// Adds a query parameter.
    pub(super) fn query(mut self, name: &str, schema: Value, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "query", "description": description, "schema": schema,
        }));
        self
    }

    /// Adds a header of the request that the document has under its components.
    pub(super) fn header(mut self, name: &str) -> Self {
        self.parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        self
    }

    /// Adds a query parameter without which the call is refused.
    pub(super) fn needed_query(
        self,
        name: &str,
        schema: Value,
        description: &str,
        example: &str,
    ) -> Self {
        let mut this = self.query(name, schema, description);
        if let Some(parameter) = this.parameters.last_mut() {
            parameter["required"] = json!(true);
            parameter["example"] = json!(example);
        }
        this
    }

    /// Adds a content type of the body. A test sends the example.
    pub(super) fn takes(mut self, media_type: &str, schema: Value, example: Value) -> Self {
        self.content.insert(media_type.to_owned(), json!({ "schema": schema, "example": example }));
        self
    }

    /// Adds a content type of a body that is a file.
    pub(super) fn takes_file(mut self, media_type: &str) -> Self {
        self.content.insert(media_type.to_owned(), json!({ "schema": {} }));
        self
    }

    /// Adds a body with parts.
    pub(super) fn takes_form(mut self, schema: Value) -> Self {
        self.content.insert("multipart/form-data".to_owned(), json!({ "schema": schema }));
        self
    }

    /// Says that the body may be anything, in any content type.
    pub(super) fn takes_anything(self, example: Value) -> Self {
        let this = self.takes("application/json", json!({}), example);
        this.takes_file("application/xml").takes_file("application/pdf").takes_file("*/*")
    }

    /// Says that the call also works without a body.
    pub(super) fn body_is_optional(self) -> Self {
        Self { needs_body: false, ..self }
    }

    /// Adds an answer.
    pub(super) fn answers(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: Value,
    ) -> Self {
        let answer = json!({
            "description": description, "headers": {}, "content": { media_type: { "schema": schema } },
        });
        self.answers.push((status, answer));
        self
    }

    /// Says that an answer also comes in another media type, if the caller wants it.
    pub(super) fn also_as(mut self, status: u16, media_type: &str, schema: Value) -> Self {
        for (_, answer) in self.answers.iter_mut().filter(|(its, _)| *its == status) {
            answer["content"][media_type] = json!({ "schema": schema });
        }
        self
    }

    /// Adds an answer without a body.
    pub(super) fn nothing(mut self, status: u16, description: &str) -> Self {
        self.answers.push((status, json!({ "description": description, "headers": {} })));
        self
    }

    /// Says that an answer has this header.
    pub(super) fn gives(mut self, status: u16, header: &str) -> Self {
        for (_, answer) in self.answers.iter_mut().filter(|(its, _)| *its == status) {
            answer["headers"][header] = json!({ "$ref": format!("#/components/headers/{header}") });
        }
        self
    }

    /// Says that the answer has a tag, and that a caller who names it in `If-None-Match` is answered with 304.
    pub(super) fn tagged(self) -> Self {
        let this = self.header("IfNoneMatch").nothing(304, "The caller has this answer already.");
        this.gives(200, "ETag").gives(304, "ETag")
    }

    /// Says that the call is refused if `If-Match` does not name the present revision.
    pub(super) fn conditional(mut self) -> Self {
        self.problems.push("precondition-failed");
        self.header("IfMatch")
    }

    /// Adds kinds of refusals, as `problem.rs` lists them.
    pub(super) fn fails(mut self, kinds: &[&'static str]) -> Self {
        self.problems.extend(kinds);
        self
    }
}
