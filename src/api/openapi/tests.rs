use std::collections::BTreeSet;
use std::path::Path;

use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

use super::super::calls::CALLS;
use super::super::{
    audit, entries, events, export, invoice_xml, notes, paper, search, transactions, webhooks,
};
use super::*;
use crate::event::EventKind;

/// The calls that need no key.
const OPEN: [(&str, &str); 1] = [("GET", "/api/v1/invoice.schema.json")];

#[test]
fn every_call_is_described_once_and_nothing_else_is() {
    let operations = operations();
    let described: Vec<_> =
        operations.iter().map(|it| (it.method.to_string(), it.path.to_owned())).collect();
    let of_table = CALLS.iter().map(|(method, path, ..)| (method.to_string(), (*path).to_owned()));
    let open = OPEN.map(|(method, path)| (method.to_owned(), path.to_owned()));
    let calls: BTreeSet<_> = of_table.chain(open).collect();
    assert_eq!(described.iter().cloned().collect::<BTreeSet<_>>(), calls);
    assert_eq!(described.len(), calls.len(), "no call is described twice");
    let ids: BTreeSet<_> = operations.iter().map(|it| it.id).collect();
    assert_eq!(ids.len(), operations.len(), "the ids differ");
    for operation in &operations {
        let Operation { path, group, .. } = operation;
        assert!(GROUPS.iter().any(|(name, _)| name == group), "{path}: there is no group {group}");
        let (named, described) = (names_in(path).count(), path_parameters(path).count());
        assert_eq!(named, described, "{path}: `path_parameter` lacks one");
        assert!(operation.answers.iter().any(|(status, _)| *status < 300), "{path} has no answer");
        for kind in &operation.problems {
            assert!(KINDS.iter().any(|(its, ..)| its == kind), "{path}: there is no kind {kind}");
        }
    }
}

#[test]
fn the_scope_of_each_call_is_that_of_the_table() {
    for (method, path, scope, _) in CALLS {
        let method = method.as_str().to_ascii_lowercase();
        let security = &openapi()["paths"][path][method]["security"];
        assert_eq!(security, &json!([{ "key": [scope.as_str()] }]), "{path}");
    }
}

/// The names of the parameters that a query has, as serde says them when it meets another one.
fn parameters_of<T: DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let refused = Query::<T>::try_from_uri(&Uri::from_static("/?no-such=1")).unwrap_err();
    let told = refused.body_text();
    let (_, expected) = told.split_once("expected ").unwrap_or_else(|| panic!("{told}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_parameters_of_each_query_are_described() {
    let queries = [
        (
            "transactions::ListQuery",
            "/api/v1/transactions",
            parameters_of::<transactions::ListQuery>(),
        ),
        (
            "entries::EntriesQuery",
            "/api/v1/transactions/{id}/entries",
            parameters_of::<entries::EntriesQuery>(),
        ),
        (
            "notes::NotesQuery",
            "/api/v1/transactions/{id}/notes",
            parameters_of::<notes::NotesQuery>(),
        ),
        (
            "export::ExportQuery",
            "/api/v1/transactions/{id}/export",
            parameters_of::<export::ExportQuery>(),
        ),
        ("search::SearchQuery", "/api/v1/entries", parameters_of::<search::SearchQuery>()),
        ("audit::AuditQuery", "/api/v1/audit", parameters_of::<audit::AuditQuery>()),
        ("events::EventsQuery", "/api/v1/events", parameters_of::<events::EventsQuery>()),
        (
            "webhooks::DeliveriesQuery",
            "/api/v1/webhooks/{webhook}/deliveries",
            parameters_of::<webhooks::DeliveriesQuery>(),
        ),
        (
            "paper::PaperQuery",
            "/api/v1/transactions/{id}/invoice.pdf",
            parameters_of::<paper::PaperQuery>(),
        ),
        (
            "invoice_xml::InvoiceXmlQuery",
            "/api/v1/transactions/{id}/invoice.xml",
            parameters_of::<invoice_xml::InvoiceXmlQuery>(),
        ),
    ];
    for (name, path, read) in &queries {
        let parameters = openapi()["paths"][*path]["get"]["parameters"].as_array().unwrap();
        let described = parameters.iter().filter(|it| it["in"] == "query");
        let described: BTreeSet<_> =
            described.map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(&described, read, "{name}");
    }
    // No other call has a query that this test does not know.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let Ok(code) = std::fs::read_to_string(&file) else { continue };
        let module = file.file_stem().unwrap().to_string_lossy().into_owned();
        for after in code.split("Query<").skip(1) {
            if let Some((name, _)) = after.split_once('>') {
                found.insert(format!("{module}::{name}"));
            }
        }
    }
    let known: BTreeSet<_> = queries.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn every_kind_of_refusal_is_in_the_document_with_its_status() {
    let document = openapi().to_string();
    // Every call can be answered with it, so it stands in the description of the whole.
    for (kind, ..) in KINDS.iter().filter(|(kind, ..)| *kind != "method-not-allowed") {
        assert!(document.contains(&format!("\"urn:tallyroom:problem:{kind}\"")), "{kind}");
    }
    for (_, item) in openapi()["paths"].as_object().unwrap() {
        for (_, call) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            for (status, answer) in call["responses"].as_object().unwrap() {
                let schema = &answer["content"]["application/problem+json"]["schema"];
                let types = schema["allOf"][1]["properties"]["type"]["enum"].as_array();
                for kind in types.into_iter().flatten() {
                    let name =
                        kind.as_str().unwrap().strip_prefix("urn:tallyroom:problem:").unwrap();
                    let listed = KINDS.iter().find(|(kind, ..)| *kind == name).unwrap();
                    assert_eq!(&listed.1.to_string(), status, "{kind}");
                }
            }
        }
    }
}

#[test]
fn every_type_of_event_is_described_as_it_is_answered_and_sent() {
    let mapping = &openapi()["components"]["schemas"]["Event"]["discriminator"]["mapping"];
    let sent = openapi()["webhooks"].as_object().unwrap();
    for kind in EventKind::ALL {
        let kind = kind.as_str();
        let schema = openapi().pointer(mapping[kind].as_str().unwrap().trim_start_matches('#'));
        assert_eq!(schema.unwrap()["properties"]["type"]["const"], kind);
        assert!(sent[kind]["post"].is_object(), "{kind}");
    }
    assert_eq!(mapping.as_object().unwrap().len(), EventKind::ALL.len());
    // And the test event.
    assert_eq!(sent.len(), EventKind::ALL.len() + 1);
}

#[test]
fn every_reference_leads_to_something() {
    fn check(value: &Value) {
        if let Some(target) = value["$ref"].as_str() {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(openapi().pointer(pointer).is_some(), "{target}");
        }
        match value {
            Value::Object(members) => members.values().for_each(check),
            Value::Array(items) => items.iter().for_each(check),
            _ => {}
        }
    }
    check(openapi());
}
