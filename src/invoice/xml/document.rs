//! An XML invoice as the rules of profiles see it.
//!
//! Fields are found by the rows of the model, so that each rule is written once for JSON, UBL and CII.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::XmlFormat;
use super::path::{follow, parts_of, path_of, routes};
use super::text::one_line;
use super::tree::{Id, Tree};
use crate::invoice::model::InvoiceInput;
use crate::invoice::model::term::{Kind, Term};
use crate::invoice::profile_rules::{Document, IDENTIFIED_FIELDS, Identified, Means, Part, Place};
use crate::invoice::rules::Form;

/// An XML invoice.
pub(super) struct XmlDocument<'t> {
    pub(super) tree: &'t Tree,
    pub(super) format: XmlFormat,
}

impl XmlDocument<'_> {
    /// The terms of the group at a pointer.
    fn terms_at(pointer: &str) -> &'static [Term] {
        let mut terms = InvoiceInput::TERMS;
        for name in pointer.split('/').filter(|it| !it.is_empty()) {
            if let Some(Kind::Group(inner, _) | Kind::Groups(inner, _)) =
                terms.iter().find(|term| term.json == name).map(|term| term.kind)
            {
                terms = inner;
            }
        }
        terms
    }

    /// The places of a term in an element. Of a list of lines, the places of the first one.
    fn of_term(&self, from: &Place, term: &'static Term) -> Vec<Place> {
        let path =
            parts_of(term, path_of(term, self.format)).into_iter().next().unwrap_or_default();
        let repeats = matches!(
            term.kind,
            Kind::Groups(..) | Kind::Identifiers | Kind::Classifications | Kind::Notes
        );
        let pointer = format!("{}/{}", from.pointer, term.json);
        if path.is_empty() {
            return match term.kind {
                Kind::Group(..) => vec![Place { pointer, ..from.clone() }],
                _ => Vec::new(),
            };
        }
        let mut found = Vec::new();
        let mut index = 0;
        for route in routes(path) {
            for element in follow(self.tree, from.element, route) {
                if let Some(name) = route.attribute
                    && self.tree.attribute(element, name).is_none()
                {
                    continue;
                }
                let pointer = if repeats { format!("{pointer}/{index}") } else { pointer.clone() };
                found.push(Place { pointer, element, attribute: route.attribute });
                index += 1 + self.sub_lines(element);
            }
        }
        found
    }

    /// How many sub-lines a line has: the model holds them after it.
    fn sub_lines(&self, line: Id) -> usize {
        let inner = ["cac:SubInvoiceLine", "cac:SubCreditNoteLine"];
        inner
            .iter()
            .flat_map(|name| self.tree.children(line, name))
            .map(|id| 1 + self.sub_lines(id))
            .sum()
    }

    fn at(&self, of: Id, path: &str) -> Option<Id> {
        let mut found = of;
        for name in path.split('/') {
            found = self.tree.children(found, name).next()?;
        }
        Some(found)
    }

    fn has_at(&self, of: Id, path: &str) -> bool {
        self.at(of, path).is_some()
    }

    fn text_at(&self, of: Id, path: &str) -> Option<String> {
        self.at(of, path).map(|id| one_line(&self.tree.element(id).text))
    }

    fn means_of_ubl(&self, id: Id) -> Means {
        Means {
            place: Place { pointer: "/payment".to_owned(), element: id, attribute: None },
            code: self.text_at(id, "cbc:PaymentMeansCode").unwrap_or_default(),
            has_account: self.has_at(id, "cac:PayeeFinancialAccount"),
            has_card: self.has_at(id, "cac:CardAccount"),
            has_debit: self.has_at(id, "cac:PaymentMandate"),
            has_bank: false,
            account: self.text_at(id, "cac:PayeeFinancialAccount/cbc:ID"),
            bank: self
                .text_at(id, "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"),
            debited: self.text_at(id, "cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID"),
            mandate: self.text_at(id, "cac:PaymentMandate/cbc:ID"),
            reference: self.text_at(id, "cbc:PaymentID"),
        }
    }

    fn means_of_cii(&self, id: Id) -> Means {
        let settlement = self.tree.element(id).parent;
        let mandate =
            self.text_at(settlement, "ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID");
        let debited = self.text_at(id, "ram:PayerPartyDebtorFinancialAccount/ram:IBANID");
        let account = "ram:PayeePartyCreditorFinancialAccount";
        let number = |name: &str| self.text_at(id, &format!("{account}/{name}"));
        Means {
            place: Place { pointer: "/payment".to_owned(), element: id, attribute: None },
            code: self.text_at(id, "ram:TypeCode").unwrap_or_default(),
            has_account: self.has_at(id, account),
            has_card: self.has_at(id, "ram:ApplicableTradeSettlementFinancialCard"),
            has_debit: mandate.is_some()
                || debited.is_some()
                || self.has_at(settlement, "ram:CreditorReferenceID"),
            has_bank: self.has_at(id, "ram:PayeeSpecifiedCreditorFinancialInstitution")
                || self.has_at(id, "ram:PayerSpecifiedDebtorFinancialInstitution"),
            account: number("ram:IBANID").or_else(|| number("ram:ProprietaryID")),
            bank: self.text_at(id, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"),
            debited,
            mandate,
            reference: self.text_at(settlement, "ram:PaymentReference"),
        }
    }

    /// The first `ram:ApplicableHeaderTradeSettlement` of CII, or the root of UBL.
    fn around_payment(&self) -> Option<Id> {
        let path = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement";
        match self.format {
            XmlFormat::Ubl => Some(0),
            XmlFormat::Cii => self.at(0, path),
        }
    }

    /// The pointer of each element that is a field with the identifier of a party.
    fn pointers_of_identifiers(&self) -> HashMap<Id, String> {
        let root = Place::default();
        let places = IDENTIFIED_FIELDS.iter().flat_map(|field| self.each(&root, field));
        let mut pointers = HashMap::new();
        for place in places {
            pointers.entry(place.element).or_insert(place.pointer);
        }
        pointers
    }
}

impl Document for XmlDocument<'_> {
    fn form(&self) -> Form {
        self.format.into()
    }

    fn each(&self, from: &Place, field: &str) -> Vec<Place> {
        let mut found = vec![from.clone()];
        for name in field.split('/').filter(|it| !it.is_empty()) {
            let mut next = Vec::new();
            for place in found {
                let term = Self::terms_at(&place.pointer).iter().find(|term| term.json == name);
                next.extend(term.map(|term| self.of_term(&place, term)).unwrap_or_default());
            }
            found = next;
        }
        found
    }

    fn text(&self, at: &Place) -> String {
        let element = self.tree.element(at.element);
        let text = match at.attribute {
            Some(name) => self.tree.attribute(at.element, name).unwrap_or_default(),
            // In CII, the element of a date has another one in it.
            None if element.text.trim().is_empty() => match element.children.first() {
                Some(inner) => self.tree.element(*inner).text.as_str(),
                None => "",
            },
            None => element.text.as_str(),
        };
        one_line(text)
    }

    fn part(&self, at: &Place, part: Part) -> Option<String> {
        let attribute = |name: &str| self.tree.attribute(at.element, name).map(str::to_owned);
        match part {
            Part::Scheme => attribute("schemeID").or_else(|| attribute("listID")),
            Part::Version => attribute("listVersionID"),
            Part::Filename => attribute("filename"),
            Part::Mime => attribute("mimeCode"),
        }
    }

    fn means(&self) -> Vec<Means> {
        let name = match self.format {
            XmlFormat::Ubl => "cac:PaymentMeans",
            XmlFormat::Cii => "ram:SpecifiedTradeSettlementPaymentMeans",
        };
        let around = self.around_payment();
        let all = around.into_iter().flat_map(|id| self.tree.children(id, name));
        all.map(|id| match self.format {
            XmlFormat::Ubl => self.means_of_ubl(id),
            XmlFormat::Cii => self.means_of_cii(id),
        })
        .collect()
    }

    fn is_ubl_credit_note(&self) -> bool {
        &*self.tree.root().name == "ubl:CreditNote"
    }

    fn identifiers(&self) -> Vec<Identified> {
        let pointers = self.pointers_of_identifiers();
        let mut found = Vec::new();
        for id in self.tree.ids() {
            let element = self.tree.element(id);
            let around = &*self.tree.element(element.parent).name;
            let is_address = match &*element.name {
                "cbc:EndpointID" | "ram:URIID" => true,
                "cbc:CompanyID" | "ram:ID" | "ram:GlobalID" => false,
                "cbc:ID" if around == "cac:PartyIdentification" => false,
                _ => continue,
            };
            let Some(scheme) = self.tree.attribute(id, "schemeID") else { continue };
            found.push(Identified {
                place: Place {
                    pointer: pointers.get(&id).cloned().unwrap_or_default(),
                    element: id,
                    attribute: None,
                },
                is_address,
                scheme: scheme.to_owned(),
                id: one_line(&element.text),
            });
        }
        found
    }

    fn xpath(&self, at: &Place) -> Option<String> {
        Some(self.tree.xpath(at.element))
    }

    fn adjustments(&self, of: &Place) -> Vec<Place> {
        let is_line = of.pointer.starts_with("/lines");
        let (around, name) = match self.format {
            XmlFormat::Ubl => (Some(of.element), "cac:AllowanceCharge"),
            XmlFormat::Cii if is_line => (
                self.at(of.element, "ram:SpecifiedLineTradeSettlement"),
                "ram:SpecifiedTradeAllowanceCharge",
            ),
            XmlFormat::Cii => (self.around_payment(), "ram:SpecifiedTradeAllowanceCharge"),
        };
        let listed = ["allowances", "charges"].iter().flat_map(|list| self.each(of, list));
        let listed: HashMap<Id, Place> = listed.map(|it| (it.element, it)).collect();
        let all = around.into_iter().flat_map(|id| self.tree.children(id, name));
        all.map(|element| {
            let known = listed.get(&element).cloned();
            let pointer = format!("{}/allowances", of.pointer);
            known.unwrap_or(Place { pointer, element, attribute: None })
        })
        .collect()
    }

    fn base_quantities(&self, line: &Place) -> [Option<Decimal>; 2] {
        if self.format == XmlFormat::Ubl {
            return [self.figure(line, "base_quantity"), None];
        }
        ["ram:NetPriceProductTradePrice", "ram:GrossPriceProductTradePrice"].map(|price| {
            let path = format!("ram:SpecifiedLineTradeAgreement/{price}/ram:BasisQuantity");
            self.text_at(line.element, &path)?.parse().ok()
        })
    }

    fn payment_terms(&self) -> Option<String> {
        let path = match self.format {
            XmlFormat::Ubl => "cac:PaymentTerms/cbc:Note",
            XmlFormat::Cii => "ram:SpecifiedTradePaymentTerms/ram:Description",
        };
        let terms = self.at(self.around_payment()?, path)?;
        Some(self.tree.element(terms).text.clone())
    }
}
