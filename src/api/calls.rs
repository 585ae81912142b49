//! Which scope a key needs for each call. This is the one table of it; docs/integrating.md shows it to the
//! developers of shops.

use axum::http::Method;

use crate::access::Scope;

/// A call, as the router knows it, and what it needs.
type Call = (Method, &'static str, Scope);

/// Every call that needs a key. A test compares it with the routes.
const CALLS: &[Call] = &[
    (Method::GET, "/api/v1/transactions", Scope::Read),
    (Method::POST, "/api/v1/transactions", Scope::Write),
    (Method::GET, "/api/v1/transactions/{id}", Scope::Read),
    (Method::PATCH, "/api/v1/transactions/{id}", Scope::Write),
    (Method::GET, "/api/v1/transactions/{id}/entries", Scope::Read),
    (Method::POST, "/api/v1/transactions/{id}/invitations", Scope::Write),
    (Method::GET, "/api/v1/entries", Scope::Read),
    (Method::POST, "/api/v1/invoices/check", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/export", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/files/{sha256}", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/attachments/{place}", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/invoice.pdf", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/invoice.xml", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/original", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/original.xml", Scope::Read),
    (Method::GET, "/api/v1/transactions/{id}/links", Scope::Links),
    (Method::POST, "/api/v1/transactions/{id}/links", Scope::Links),
    (Method::DELETE, "/api/v1/transactions/{id}/links/{link}", Scope::Links),
];

/// Returns the scope that a call of this route needs, or `None` if the route has no such method. HEAD needs
/// what GET needs.
pub(super) fn needed_scope(method: &Method, route: &str) -> Option<Scope> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let call = CALLS.iter().find(|(its, path, _)| its == method && *path == route);
    call.map(|(_, _, scope)| *scope)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ROUTER: &str = include_str!("mod.rs");
    const DOCUMENT: &str = include_str!("../../docs/integrating.md");

    /// Returns the method and the path of each route for shops, out of the code of the router.
    fn routes() -> BTreeSet<(String, String)> {
        let (_, shops) = ROUTER.split_once("let shops = Router::new()").unwrap();
        let (shops, _) = shops.split_once(".layer(").unwrap();
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
        let table = CALLS.iter().map(|(method, path, _)| (method.to_string(), (*path).to_owned()));
        assert_eq!(table.clone().count(), CALLS.len());
        assert_eq!(table.collect::<BTreeSet<_>>(), routes());
    }

    #[test]
    fn the_documents_say_which_scope_each_call_needs() {
        for (method, path, scope) in CALLS {
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
        assert_eq!(needed_scope(&Method::GET, one), Some(Scope::Read));
        assert_eq!(needed_scope(&Method::HEAD, one), Some(Scope::Read));
        assert_eq!(needed_scope(&Method::PATCH, one), Some(Scope::Write));
        assert_eq!(needed_scope(&Method::DELETE, one), None);
        assert_eq!(needed_scope(&Method::GET, "/api/v1/transactions/1"), None);
    }
}
