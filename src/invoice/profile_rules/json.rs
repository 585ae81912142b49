//! The JSON form of an invoice, as the rules of profiles see it.

use rust_decimal::Decimal;
use serde_json::Value;

use super::document::{Document, IDENTIFIED_FIELDS, Identified, Means, Part, Place};
use crate::invoice::rules::Form;

/// An invoice in JSON. A field that is not there is asked for only if its group is.
pub(super) struct Json<'a>(pub(super) &'a Value);

impl Json<'_> {
    fn value(&self, at: &Place) -> Option<&Value> {
        self.0.pointer(&at.pointer)
    }
}

impl Document for Json<'_> {
    fn form(&self) -> Form {
        Form::Json
    }

    fn each(&self, from: &Place, field: &str) -> Vec<Place> {
        let mut found = vec![from.clone()];
        for name in field.split('/').filter(|it| !it.is_empty()) {
            let mut next = Vec::new();
            for place in found {
                let pointer = format!("{}/{name}", place.pointer);
                match self.0.pointer(&pointer) {
                    Some(Value::Array(all)) => next.extend((0..all.len()).map(|index| Place {
                        pointer: format!("{pointer}/{index}"),
                        ..Place::default()
                    })),
                    None | Some(Value::Null) => {}
                    Some(_) => next.push(Place { pointer, ..Place::default() }),
                }
            }
            found = next;
        }
        found
    }

    fn text(&self, at: &Place) -> String {
        let value = self.value(at);
        let parts = ["id", "text"].iter().find_map(|part| value?.get(part)?.as_str());
        value.and_then(Value::as_str).or(parts).unwrap_or_default().trim().to_owned()
    }

    fn part(&self, at: &Place, part: Part) -> Option<String> {
        let name = match part {
            Part::Scheme => "scheme",
            Part::Version => "version",
            Part::Filename => "filename",
            Part::Mime => "mime",
        };
        self.value(at)?.get(name)?.as_str().map(str::to_owned)
    }

    fn means(&self) -> Vec<Means> {
        let root = Place::default();
        let Some(place) = self.each(&root, "payment").pop() else { return Vec::new() };
        let text = |field: &str| self.first(&place, field);
        let Some(code) = text("means") else { return Vec::new() };
        vec![Means {
            code,
            has_account: ["iban", "account_name", "bic"].iter().any(|it| self.has(&place, it)),
            has_card: self.has(&place, "card"),
            has_debit: self.has(&place, "direct_debit"),
            has_bank: false,
            account: text("iban"),
            bank: text("bic"),
            debited: text("direct_debit/account"),
            mandate: text("direct_debit/mandate"),
            reference: text("reference"),
            place,
        }]
    }

    fn is_ubl_credit_note(&self) -> bool {
        false
    }

    fn identifiers(&self) -> Vec<Identified> {
        let root = Place::default();
        let mut found = Vec::new();
        for field in IDENTIFIED_FIELDS {
            for place in self.each(&root, field) {
                let Some(scheme) = self.part(&place, Part::Scheme) else { continue };
                let is_address = field.ends_with("electronic_address");
                let id = self.text(&place);
                found.push(Identified { place, is_address, scheme, id });
            }
        }
        found
    }

    fn adjustments(&self, of: &Place) -> Vec<Place> {
        ["allowances", "charges"].iter().flat_map(|list| self.each(of, list)).collect()
    }

    fn base_quantities(&self, line: &Place) -> [Option<Decimal>; 2] {
        [self.figure(line, "base_quantity"), None]
    }

    fn xpath(&self, _: &Place) -> Option<String> {
        None
    }

    fn payment_terms(&self) -> Option<String> {
        // The line breaks around a text are no part of it in JSON.
        self.first(&Place::default(), "payment/terms").map(|it| format!("{it}\n"))
    }
}
