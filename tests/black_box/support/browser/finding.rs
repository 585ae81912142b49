//! Finds elements as a screen reader does: by role and name.

use serde_json::{Value, json};

use super::Visitor;
use crate::support::eventually;

use super::PATIENCE;

/// Whatever can be pressed.
const PRESSABLE: [&str; 8] =
    ["button", "link", "DisclosureTriangle", "menuitem", "checkbox", "radio", "tab", "switch"];
/// Whatever can be written into or chosen from.
const FIELDS: [&str; 4] = ["textbox", "searchbox", "combobox", "listbox"];

/// A part of the page: all of it, or one message.
#[derive(Clone, Debug)]
pub enum Part {
    Page,
    /// The newest message that has these words in it, not only in what it quotes.
    Message(String),
}

impl Part {
    /// A JavaScript expression for it.
    pub fn expression(&self) -> String {
        match self {
            Self::Page => "document.documentElement".to_owned(),
            Self::Message(words) => format!(
                "[...document.querySelectorAll('li[data-event], li[data-outgoing]')].filter(it => {{ \
                 const own = it.cloneNode(true); \
                 own.querySelectorAll('.quote').forEach(it => it.remove()); \
                 return own.textContent.includes({}); }}).at(-1) ?? null",
                json!(words)
            ),
        }
    }
}

impl Visitor {
    /// The element of this name that can be pressed.
    pub(super) async fn pressable(&self, part: &Part, name: &str) -> i64 {
        self.element(part, name, &PRESSABLE).await
    }

    /// The field with this label.
    pub(super) async fn field(&self, label: &str) -> i64 {
        self.element(&Part::Page, label, &FIELDS).await
    }

    /// Whether there is something to press of this name (`…` as in [`Visitor::presses`]), now.
    pub async fn offers(&self, part: &Part, name: &str) -> bool {
        matches!(self.named(part, name, &PRESSABLE).await, Ok(Some(_)))
    }

    async fn element(&self, part: &Part, name: &str, roles: &[&str]) -> i64 {
        let started = std::time::Instant::now();
        loop {
            if let Ok(Some(found)) = self.named(part, name, roles).await {
                return found;
            }
            if started.elapsed() > PATIENCE {
                let names = self.names(part, roles).await;
                let text = self.text().await;
                panic!("no {name:?} in {part:?}, only {names:?}, on the page:\n{text}");
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn named(&self, part: &Part, name: &str, roles: &[&str]) -> Result<Option<i64>, String> {
        let beginning = name.strip_suffix('…');
        let nodes = self.nodes(part, Some(name).filter(|_| beginning.is_none())).await?;
        let fits = |node: &&Value| {
            let is_named = beginning.is_none_or(|it| named(node).starts_with(it));
            is_named && roles.iter().any(|role| node["role"]["value"] == *role)
        };
        Ok(nodes.iter().find(fits).and_then(|node| node["backendDOMNodeId"].as_i64()))
    }

    /// All names of these roles.
    async fn names(&self, part: &Part, roles: &[&str]) -> Vec<String> {
        let nodes = self.nodes(part, None).await.unwrap_or_default();
        let fits = |node: &&Value| roles.iter().any(|role| node["role"]["value"] == *role);
        nodes.iter().filter(fits).map(|node| named(node).to_owned()).collect()
    }

    /// The accessibility tree's nodes that are not hidden.
    pub(super) async fn nodes(
        &self,
        part: &Part,
        name: Option<&str>,
    ) -> Result<Vec<Value>, String> {
        let Some(root) = self.page.handle(&part.expression()).await? else {
            return Ok(Vec::new());
        };
        let mut query = json!({ "objectId": root });
        if let Some(name) = name {
            query["accessibleName"] = json!(name);
        }
        let mut answer = self.page.call("Accessibility.queryAXTree", query).await?;
        let nodes: Vec<Value> = serde_json::from_value(answer["nodes"].take()).unwrap();
        Ok(nodes.into_iter().filter(|node| node["ignored"] != true).collect())
    }

    /// Waits for an element by CSS selector; its backend node id.
    pub(super) async fn selected(&self, selector: &str) -> i64 {
        let expression = format!("document.querySelector({})", json!(selector));
        eventually(&format!("{selector} on the page"), PATIENCE, || async {
            let object = self.page.handle(&expression).await.ok()??;
            self.node_of(object).await.ok()
        })
        .await
    }

    /// Waits for a message; its backend node id.
    pub(super) async fn part(&self, part: &Part) -> i64 {
        let started = std::time::Instant::now();
        loop {
            if let Ok(Some(object)) = self.page.handle(&part.expression()).await
                && let Ok(node) = self.node_of(object).await
            {
                return node;
            }
            if started.elapsed() > PATIENCE {
                panic!("no {part:?} on the page:\n{}", self.text().await);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn node_of(&self, object: String) -> Result<i64, String> {
        let node = self.page.call("DOM.describeNode", json!({ "objectId": object })).await?;
        node["node"]["backendNodeId"].as_i64().ok_or_else(|| node.to_string())
    }
}

fn named(node: &Value) -> &str {
    node["name"]["value"].as_str().unwrap_or_default()
}
