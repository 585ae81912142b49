//! What fuzzing began with and what it found holds what it must: each file of `fuzz/seeds` and
//! `fuzz/corpus` goes through the code of its target.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should fail")]
#![allow(unreachable_pub, reason = "nobody uses a test from outside")]

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

fn holds(target: &str, check: fn(&[u8])) {
    let mut looked_at = 0;
    for kind in ["seeds", "corpus"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target);
        for file in fs::read_dir(&folder).into_iter().flatten() {
            let file = file.unwrap().path();
            // What fails is known by its name.
            println!("{}", file.display());
            check(&fs::read(&file).unwrap());
            looked_at += 1;
        }
    }
    assert!(looked_at > 0, "{target} has no seeds");
}

#[test]
fn raw_events() {
    holds("raw_event", fuzz::raw_event::check);
}

#[test]
fn pushes() {
    holds("push", fuzz::push::check);
}

#[test]
fn submissions() {
    holds("submission", fuzz::submission::check);
}

#[test]
fn invoices_in_xml() {
    holds("invoice_xml", fuzz::invoice_xml::check);
}

#[test]
fn invoices_in_pdfs() {
    holds("invoice_pdf", fuzz::invoice_pdf::check);
}

#[test]
fn configs() {
    holds("config", fuzz::config::check);
}

#[test]
fn links_and_tickets() {
    holds("link", fuzz::link::check);
}

#[test]
fn bundles() {
    holds("bundle", fuzz::bundle::check);
}
