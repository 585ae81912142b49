//! What one revision changed. Pure.

use super::Terms;

/// One difference between two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which: `status`, `number`, `due_date`, `line`, `total`, … The page has a text `change-…`.
    pub what: &'static str,
    /// Of several (a line, a contact), which one.
    pub which: Option<String>,
    /// Before; none: there was none.
    pub before: Option<String>,
    /// Since; none: it is gone.
    pub after: Option<String>,
}

/// What `after` says differently from `before`.
pub fn changes(before: &Terms, after: &Terms) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.status != after.status {
        changes.push(Change {
            what: "status",
            which: None,
            before: Some(before.status.clone()),
            after: Some(after.status.clone()),
        });
    }
    changes
}
