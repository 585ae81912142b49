//! Which scope a key needs for each call, and which calls are reads for the audit log. This is the one table of it;
//! docs/integrating.md shows it to the developers of shops.

use axum::extract::RawPathParams;
use axum::http::Method;
use ulid::Ulid;

use crate::access::{Action, Scope};

/// A call, as the router knows it, the scope that it needs, and what the audit log says if it is a plain read. What
/// else the log says is written by those who do it, before they answer.
type Call = (Method, &'static str, Scope, Option<Action>);

const CONTACTS: &str = "/api/v1/transactions/{id}/{party}/contacts";
const NOTES: &str = "/api/v1/transactions/{id}/notes";
const NOTE: &str = "/api/v1/transactions/{id}/notes/{note}";
const PAYMENT: &str = "/api/v1/transactions/{id}/payments/{payment}";
const MESSAGE: &str = "/api/v1/transactions/{id}/messages/{message}";
const HELD_MAILS: &str = "/api/v1/transactions/{id}/held-mails";
const WEBHOOK: &str = "/api/v1/webhooks/{webhook}";
const CONTACT: &str = "/api/v1/transactions/{id}/{party}/contacts/{contact}";

/// Every call that needs a key. A test compares it with the routes.
pub(super) const CALLS: &[Call] = &[
    (Method::GET, "/api/v1/transactions", Scope::Read, Some(Action::TransactionsListed)),
    (Method::POST, "/api/v1/transactions", Scope::Write, None),
    (Method::GET, "/api/v1/transactions/{id}", Scope::Read, Some(Action::TransactionRead)),
    (Method::PATCH, "/api/v1/transactions/{id}", Scope::Write, None),
    (Method::GET, "/api/v1/transactions/{id}/entries", Scope::Read, Some(Action::RecordRead)),
    (Method::GET, CONTACTS, Scope::Read, Some(Action::TransactionRead)),
    (Method::POST, CONTACTS, Scope::Write, None),
    (Method::GET, CONTACT, Scope::Read, Some(Action::TransactionRead)),
    (Method::PATCH, CONTACT, Scope::Write, None),
    (Method::DELETE, CONTACT, Scope::Write, None),
    (Method::POST, "/api/v1/transactions/{id}/invitations", Scope::Write, None),
    (Method::GET, "/api/v1/transactions/{id}/payments", Scope::Read, Some(Action::PaymentsListed)),
    (Method::POST, "/api/v1/transactions/{id}/payments", Scope::Write, None),
    (Method::GET, PAYMENT, Scope::Read, Some(Action::PaymentsListed)),
    (Method::DELETE, PAYMENT, Scope::Write, None),
    (Method::POST, "/api/v1/transactions/{id}/messages", Scope::Write, None),
    (Method::GET, MESSAGE, Scope::Read, Some(Action::MessageRead)),
    (Method::DELETE, MESSAGE, Scope::Write, None),
    (Method::GET, HELD_MAILS, Scope::Read, Some(Action::MailsRead)),
    (Method::POST, "/api/v1/transactions/{id}/held-mails/{mail}/release", Scope::Write, None),
    (Method::POST, "/api/v1/transactions/{id}/held-mails/{mail}/discard", Scope::Write, None),
    (Method::GET, NOTES, Scope::Read, Some(Action::NotesRead)),
    (Method::POST, NOTES, Scope::Write, None),
    (Method::GET, NOTE, Scope::Read, Some(Action::NotesRead)),
    (Method::DELETE, NOTE, Scope::Write, None),
    (Method::GET, "/api/v1/entries", Scope::Read, Some(Action::RecordsSearched)),
    (Method::POST, "/api/v1/invoices/check", Scope::Read, None),
    (Method::GET, "/api/v1/transactions/{id}/export", Scope::Read, None),
    (Method::GET, "/api/v1/transactions/{id}/files/{sha256}", Scope::Read, Some(Action::FileRead)),
    (
        Method::GET,
        "/api/v1/transactions/{id}/attachments/{place}",
        Scope::Read,
        Some(Action::FileRead),
    ),
    (Method::GET, "/api/v1/transactions/{id}/invoice.pdf", Scope::Read, Some(Action::FileRead)),
    (Method::GET, "/api/v1/transactions/{id}/invoice.xml", Scope::Read, Some(Action::FileRead)),
    (Method::GET, "/api/v1/transactions/{id}/original", Scope::Read, Some(Action::FileRead)),
    (Method::GET, "/api/v1/transactions/{id}/original.xml", Scope::Read, Some(Action::FileRead)),
    (Method::GET, "/api/v1/transactions/{id}/links", Scope::Links, Some(Action::LinksListed)),
    (Method::POST, "/api/v1/transactions/{id}/links", Scope::Links, None),
    (Method::DELETE, "/api/v1/transactions/{id}/links/{link}", Scope::Links, None),
    (Method::DELETE, "/api/v1/silenced-addresses/{address}", Scope::Write, None),
    (Method::GET, "/api/v1/events", Scope::Events, Some(Action::EventsRead)),
    (Method::GET, "/api/v1/webhooks", Scope::Events, Some(Action::WebhooksRead)),
    (Method::POST, "/api/v1/webhooks", Scope::Events, None),
    (Method::GET, WEBHOOK, Scope::Events, Some(Action::WebhooksRead)),
    (Method::PATCH, WEBHOOK, Scope::Events, None),
    (Method::DELETE, WEBHOOK, Scope::Events, None),
    (Method::POST, "/api/v1/webhooks/{webhook}/secrets", Scope::Events, None),
    (Method::POST, "/api/v1/webhooks/{webhook}/test", Scope::Events, None),
    (
        Method::GET,
        "/api/v1/webhooks/{webhook}/deliveries",
        Scope::Events,
        Some(Action::WebhooksRead),
    ),
    (Method::POST, "/api/v1/webhooks/{webhook}/deliveries/{event}/replay", Scope::Events, None),
    (Method::POST, "/api/v1/webhooks/{webhook}/replay", Scope::Events, None),
    (Method::GET, "/api/v1/audit", Scope::Audit, Some(Action::AuditRead)),
];

/// Returns the scope that a call of this route needs, and its name if it is a plain read. `None` if the route has
/// no such method. HEAD is as GET.
pub(super) fn needs_and_reads(method: &Method, route: &str) -> Option<(Scope, Option<Action>)> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let call = CALLS.iter().find(|(its, path, ..)| its == method && *path == route);
    call.map(|(_, _, scope, read)| (*scope, *read))
}

/// Returns the transaction that a call names in its path. The parameters are those that the handler gets, so an id
/// with percent-encoded characters names the same transaction here and there.
pub(super) fn transaction_in(parameters: &RawPathParams) -> Option<Ulid> {
    let (_, id) = parameters.iter().find(|(name, _)| *name == "id")?;
    Ulid::from_string(id).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ROUTER: &str = include_str!("mod.rs");
    const DOCUMENT: &str = include_str!("../../docs/integrating.md");

    /// Returns the method and the path of each route for shops, out of the code of the router.
    fn routes() -> BTreeSet<(String, String)> {
        let (_, shops) = ROUTER.split_once("let answers = Router::new()").unwrap();
        let (shops, _) = shops.split_once("let shops = ").unwrap();
        let mut routes = BTreeSet::new();
        for route in shops.split(".route(").skip(1) {
            let mut quoted = route.split('"');
            let path = quoted.nth(1).unwrap();
            let before = routes.len();
            for method in ["get", "post", "put", "patch", "delete"] {
                // Either the first one of the route, or one that is added to it.
                if [",", ".", " "].iter().any(|it| route.contains(&format!("{it}{method}("))) {
                    routes.insert((method.to_uppercase(), path.to_owned()));
                }
            }
            assert!(routes.len() > before, "no method is found in {route}");
        }
        routes
    }

    #[test]
    fn every_route_for_shops_needs_a_scope() {
        let table = CALLS.iter().map(|(method, path, ..)| (method.to_string(), (*path).to_owned()));
        assert_eq!(table.clone().count(), CALLS.len());
        assert_eq!(table.collect::<BTreeSet<_>>(), routes());
    }

    #[test]
    fn the_documents_say_which_scope_each_call_needs() {
        for (method, path, scope, _) in CALLS {
            let rows = DOCUMENT.lines().filter(|row| {
                let call = row.strip_prefix(&format!("| `{method} {path}"));
                call.is_some_and(|rest| rest.starts_with(['`', '?']))
            });
            let rows: Vec<&str> = rows.collect();
            assert_eq!(rows.len(), 1, "{method} {path} has one row in docs/integrating.md");
            let named = format!("| `{}` |", scope.as_str());
            assert!(rows[0].contains(&named), "{method} {path} needs {named}: {}", rows[0]);
        }
    }

    #[test]
    fn a_call_needs_what_the_table_says() {
        let one = "/api/v1/transactions/{id}";
        let read = Some((Scope::Read, Some(Action::TransactionRead)));
        assert_eq!(needs_and_reads(&Method::GET, one), read);
        assert_eq!(needs_and_reads(&Method::HEAD, one), read);
        assert_eq!(needs_and_reads(&Method::PATCH, one), Some((Scope::Write, None)));
        assert_eq!(needs_and_reads(&Method::DELETE, one), None);
        assert_eq!(needs_and_reads(&Method::GET, "/api/v1/transactions/1"), None);
    }
}
