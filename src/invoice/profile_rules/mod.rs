//! The rules of the profiles of EN 16931 that an invoice claims to follow: XRechnung and Peppol BIS Billing 3.
//!
//! The yardsticks are the rules that KoSIT publishes for XRechnung 3.0.2 (version 2.5.0), and those that OpenPeppol
//! publishes for Peppol BIS Billing: for UBL release 3.0.21, and for CII release 3.0.19, which is the last one with
//! rules for CII. Those of Peppol BIS Self-Billing (release 3.0.2, for UBL only) are the same without the rules of
//! countries, with another identifier, process and types. The sentences are our own.
//!
//! A rule asks for fields by their names in JSON, so it is written once for all three forms. What only XML has, such
//! as empty elements, is in `xml/syntax/profile.rs`.

mod checker;
mod claims;
mod document;
mod extension;
mod identifiers;
mod json;
mod national;
mod numbers;
mod parties;
mod patterns;
mod peppol;
mod xrechnung;

use serde_json::Value;

pub(super) use checker::broken;
pub use claims::Claims;
pub(super) use document::{Document, IDENTIFIED_FIELDS, Identified, Means, Part, Place};
pub(super) use extension::{has_scheme, is_media_type};
pub(super) use identifiers::is_address_scheme;

use super::problem::{Problem, Severity};
use super::rules::Rule;
use checker::{Checker, Entry, Naming};
use document::Document as Doc;
use json::Json;

/// The rules of CEN that are warnings in an invoice that claims XRechnung.
const SOFTENED: [&str; 2] = ["BR-CL-21", "BR-CL-23"];

/// Every rule of the profiles.
pub(super) fn all() -> Vec<Rule> {
    let mut all = Vec::new();
    let mut add = |family: &'static str, entries: &mut dyn Iterator<Item = Entry>| {
        all.extend(entries.map(|(id, severity, says)| Rule {
            id: id.to_owned(),
            family,
            severity,
            says: says.to_owned(),
        }));
    };
    add("XRechnung", &mut xrechnung::rules());
    add("Extension of XRechnung", &mut extension::RULES.iter().copied());
    add("XRechnung for clean vehicles", &mut extension::CVD_RULES.iter().copied());
    add("Peppol BIS Billing", &mut peppol::RULES.iter().copied());
    add("Peppol: identifiers and codes", &mut identifiers::RULES.iter().copied());
    add("Peppol: Germany", &mut xrechnung::german());
    for (family, rules) in national::RULES {
        add(family, &mut rules.iter().copied());
    }
    all
}

/// Runs the rules of the profiles that a JSON invoice claims, and returns a finding for each violation.
pub(super) fn check_json(invoice: &Value, claims: Claims) -> Vec<Problem> {
    check(&Json(invoice), claims)
}

/// Runs the rules of the profiles that an invoice claims, and returns a finding for each violation.
pub(super) fn check(doc: &dyn Doc, claims: Claims) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut run = |naming: Naming, is_xrechnung: bool, rules: &[fn(&mut Checker<'_>)]| {
        let is_self_billing = claims.self_billing && !is_xrechnung;
        let mut checker = Checker { doc, naming, is_xrechnung, is_self_billing, found: Vec::new() };
        for rules in rules {
            rules(&mut checker);
        }
        found.append(&mut checker.found);
    };
    if claims.xrechnung {
        run(xrechnung::named, true, &[xrechnung::check]);
        run(peppol::named_in_xrechnung, true, &[peppol::check]);
    }
    if claims.extension {
        run(extension::named, true, &[extension::check]);
    }
    if claims.cvd {
        run(extension::named, true, &[extension::check_vehicles]);
    }
    if claims.peppol {
        run(peppol::named, false, &[peppol::check]);
        run(identifiers::named, false, &[identifiers::check]);
    }
    if claims.peppol && !claims.self_billing {
        run(national::named, false, &[national::check]);
        if parties::are_both_german(doc) && doc.form() != super::rules::Form::Cii {
            run(xrechnung::named_german, false, &[xrechnung::check]);
        }
    }
    if claims.xrechnung && !claims.current_xrechnung {
        found.extend(xrechnung::named("BR-DE-21").map(|it| broken(&it, "/specification")));
    }
    found
}

/// Takes out the findings in whose place a profile has rules of its own, and softens those that it takes less
/// seriously.
pub(super) fn weigh(findings: &mut Vec<Problem>, claims: Claims) {
    let is = |it: &Problem, rules: &[&str]| {
        it.rule.as_ref().is_some_and(|it| rules.contains(&it.as_str()))
    };
    if claims.extension {
        findings.retain(|it| !is(it, &extension::REPLACED));
    }
    if claims.cvd {
        findings.retain(|it| !is(it, &[extension::REPLACED_BY_CVD]));
    }
    if claims.xrechnung {
        for finding in findings.iter_mut().filter(|it| is(it, &SOFTENED)) {
            finding.severity = Some(Severity::Warning);
        }
    }
}

/// The name and weight of a rule, as the profile of an invoice has it.
pub(super) fn entry(rule: &str, claims: Claims) -> Option<Entry> {
    let in_peppol = || peppol::named(rule).or_else(|| identifiers::named(rule));
    let in_xrechnung = || {
        let of_extension = || extension::named(rule).filter(|_| claims.extension);
        xrechnung::named(rule).or_else(|| peppol::named_in_xrechnung(rule)).or_else(of_extension)
    };
    let peppol = if claims.peppol { in_peppol() } else { None };
    peppol.or_else(|| if claims.xrechnung { in_xrechnung() } else { None })
}

#[cfg(test)]
mod tests;
