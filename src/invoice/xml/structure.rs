//! The rules of CEN about the syntax of a file and not about what it means: UBL-SR, UBL-DT, CII-SR and CII-DT.
//!
//! Only those are run that CEN calls fatal. Its warnings are about elements that the model does not hold, which
//! are listed as left over.

use std::collections::{HashMap, HashSet};

use super::super::problem::{Problem, Severity};
use super::XmlFormat;
use super::counts::{Count, IN_CII, IN_UBL};
use super::tree::{Id, Tree};

/// An amount of UBL has at most this many decimals.
const MAX_DECIMALS: usize = 2;

/// Returns a finding for each violation.
pub(super) fn violations(tree: &Tree, format: XmlFormat) -> Vec<Problem> {
    let mut found = Vec::new();
    let rules = match format {
        XmlFormat::Ubl => IN_UBL,
        XmlFormat::Cii => IN_CII,
    };
    let by_name = ByName::of(rules);
    for id in tree.ids() {
        for rule in by_name.of_element(tree, id) {
            count(tree, id, rule, &mut found);
        }
        match format {
            XmlFormat::Ubl => in_ubl(tree, id, &mut found),
            XmlFormat::Cii => in_cii(tree, id, &mut found),
        }
    }
    let mut seen = HashSet::new();
    found.retain(|it: &Problem| seen.insert((it.rule.clone(), it.xpath.clone())));
    found
}

/// The counting rules by the name of their element, so that each element is compared with few.
struct ByName {
    named: HashMap<&'static str, Vec<&'static Count>>,
    ending: Vec<(&'static str, &'static Count)>,
    root: Vec<&'static Count>,
}

impl ByName {
    fn of(rules: &'static [Count]) -> Self {
        let mut all = Self { named: HashMap::new(), ending: Vec::new(), root: Vec::new() };
        for rule in rules {
            let name = rule.1.rsplit('/').next().unwrap_or_default();
            match name.strip_prefix('*') {
                Some(end) => all.ending.push((end, rule)),
                None if name.is_empty() => all.root.push(rule),
                None => all.named.entry(name).or_default().push(rule),
            }
        }
        all
    }

    fn of_element(&self, tree: &Tree, id: Id) -> Vec<&'static Count> {
        let name = &*tree.element(id).name;
        let mut rules: Vec<&Count> = if id == 0 { self.root.clone() } else { Vec::new() };
        let named = self.named.get(name).into_iter().flatten();
        rules.extend(named.filter(|rule| is_at(tree, id, rule.1)));
        rules.extend(self.ending.iter().filter(|(end, _)| name.ends_with(end)).map(|(_, it)| it));
        rules
    }
}

/// Whether an element is at the end of a path.
fn is_at(tree: &Tree, id: Id, path: &str) -> bool {
    let mut at = id;
    let mut names = path.rsplit('/').peekable();
    while let Some(name) = names.next() {
        if name.is_empty() {
            return at == 0;
        }
        if &*tree.element(at).name != name {
            return false;
        }
        if names.peek().is_some() {
            if at == 0 {
                return false;
            }
            at = tree.element(at).parent;
        }
    }
    true
}

fn count(tree: &Tree, id: Id, rule: &Count, found: &mut Vec<Problem>) {
    let (name, _, path, least, most) = *rule;
    let mut counted = vec![id];
    let mut number = 0;
    for step in path.split('/') {
        match step.strip_prefix('@') {
            Some(attribute) => {
                number =
                    counted.iter().filter(|id| tree.attribute(**id, attribute).is_some()).count();
            }
            None => {
                counted = counted.iter().flat_map(|id| tree.children(*id, step)).collect();
                number = counted.len();
            }
        }
    }
    if (least..=most).contains(&number) {
        return;
    }
    let says = match (least, most) {
        (0, 0) => format!("{path} must not stand here"),
        (1, 1) => format!("{path} must stand here exactly once, but stands here {number} times"),
        (1, _) => format!("{path} must stand here"),
        _ => format!("{path} may stand here at most {most} times, but stands here {number} times"),
    };
    found.push(broken(tree, id, name, &says));
}

fn broken(tree: &Tree, id: Id, rule: &str, says: &str) -> Problem {
    let xpath = tree.xpath(id);
    let problem = Problem::at("", format!("{rule}: In {xpath}, {says}."));
    problem.breaking(rule).of(Severity::Fatal).in_xml(xpath)
}

fn in_ubl(tree: &Tree, id: Id, found: &mut Vec<Problem>) {
    let element = tree.element(id);
    let around = tree.element(element.parent);
    let name = &*element.name;
    if name.ends_with("Amount") && !name.ends_with("PriceAmount") {
        let is_of_price = &*around.name == "cac:AllowanceCharge"
            && &*tree.element(around.parent).name == "cac:Price";
        let decimals = element.text.split_once('.').map_or(0, |(_, it)| it.chars().count());
        if decimals > MAX_DECIMALS && !is_of_price {
            let says = "an amount may have at most two decimals, also if the rest are zeros";
            found.push(broken(tree, id, "UBL-DT-01", says));
        }
    }
    match name {
        "cac:AdditionalDocumentReference" => {
            let kind = texts(tree, id, "cbc:DocumentTypeCode").next();
            let is_credit_note = &*tree.root().name == "ubl:CreditNote";
            let has_scheme =
                tree.children(id, "cbc:ID").any(|it| tree.attribute(it, "schemeID").is_some());
            let holds = match kind {
                Some("130") => true,
                Some("50") => is_credit_note,
                Some(_) => false,
                None => !has_scheme,
            };
            if !holds {
                let says = "a scheme or a type of document is only for the invoiced object (130), and in \
                            a credit note for the project (50)";
                found.push(broken(tree, id, "UBL-SR-43", says));
            }
            if kind == Some("130") {
                for (child, rule) in
                    [("cac:Attachment", "UBL-CR-666"), ("cbc:DocumentDescription", "UBL-CR-673")]
                {
                    if tree.children(id, child).next().is_some() {
                        found.push(broken(tree, id, rule, &format!("{child} must not stand here")));
                    }
                }
            }
        }
        "cac:AllowanceCharge" => {
            let is_charge =
                texts(tree, id, "cbc:ChargeIndicator").any(|it| matches!(it, "true" | "1"));
            let rule = if is_charge { "UBL-SR-31" } else { "UBL-SR-30" };
            if tree.children(id, "cbc:AllowanceChargeReason").count() > 1 {
                found.push(broken(tree, id, rule, "there may be one reason in words"));
            }
        }
        "cac:PayeeParty" => payee(tree, id, found),
        _ if id == 0 => root_of_ubl(tree, found),
        _ => {}
    }
}

/// The payee has to have another name than the seller, by three rules at once.
fn payee(tree: &Tree, id: Id, found: &mut Vec<Problem>) {
    let name = at(tree, id, "cac:PartyName/cbc:Name");
    let path = "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName";
    let seller = at(tree, tree.element(id).parent, path);
    let is_another =
        name.iter().any(|name| seller.iter().any(|it| text(tree, *it) != text(tree, *name)));
    let ids = at(tree, id, "cac:PartyIdentification/cbc:ID");
    let is_own = |id: &Id| {
        tree.attribute(*id, "schemeID").is_some_and(|it| !it.eq_ignore_ascii_case("SEPA"))
    };
    let ids = ids.into_iter().filter(is_own).count();
    let registrations = at(tree, id, "cac:PartyLegalEntity/cbc:CompanyID").len();
    let counted = [("UBL-SR-19", name.len()), ("UBL-SR-20", ids), ("UBL-SR-21", registrations)];
    for (rule, number) in counted {
        if number > 1 || !is_another {
            let says = "a payee has one name, which is not that of the seller, one identifier and one \
                        registration";
            found.push(broken(tree, id, rule, says));
        }
    }
}

fn root_of_ubl(tree: &Tree, found: &mut Vec<Problem>) {
    let is_vat = |id: &Id| texts(tree, *id, "cbc:ID").any(|it| it.eq_ignore_ascii_case("VAT"));
    let tax_ids = |party: &str, of_vat: bool| -> usize {
        let schemes = at(tree, 0, &format!("{party}/cac:Party/cac:PartyTaxScheme"));
        let fits = |id: &Id| {
            let schemes: Vec<Id> = tree.children(*id, "cac:TaxScheme").collect();
            schemes.iter().any(|it| is_vat(it) == of_vat)
        };
        let ids = schemes.into_iter().filter(fits);
        ids.map(|id| tree.children(id, "cbc:CompanyID").count()).sum()
    };
    let objects = at(tree, 0, "cac:AdditionalDocumentReference")
        .into_iter()
        .filter(|id| texts(tree, *id, "cbc:DocumentTypeCode").any(|it| it == "130"))
        .map(|id| tree.children(id, "cbc:ID").count())
        .sum();
    let creditors = tree.ids().filter(|id| {
        &*tree.element(*id).name == "cbc:ID"
            && &*tree.element(tree.element(*id).parent).name == "cac:PartyIdentification"
            && tree.attribute(*id, "schemeID").is_some_and(|it| it.eq_ignore_ascii_case("SEPA"))
    });
    for (rule, number, what) in [
        ("UBL-SR-04", objects, "invoiced object (type of document 130)"),
        ("UBL-SR-12", tax_ids("cac:AccountingSupplierParty", true), "VAT identifier of the seller"),
        ("UBL-SR-13", tax_ids("cac:AccountingSupplierParty", false), "tax number of the seller"),
        ("UBL-SR-18", tax_ids("cac:AccountingCustomerParty", true), "VAT identifier of the buyer"),
        ("UBL-SR-29", creditors.count(), "identifier of a creditor (SEPA)"),
        ("UBL-SR-44", distinct(tree, "cbc:PaymentID"), "reference for the payment"),
        ("UBL-SR-47", distinct(tree, "cbc:PaymentMeansCode"), "means of payment"),
    ] {
        if number > 1 {
            let says = format!("there may be one {what}, but there are {number}");
            found.push(broken(tree, 0, rule, &says));
        }
    }
}

fn in_cii(tree: &Tree, id: Id, found: &mut Vec<Problem>) {
    let element = tree.element(id);
    let name = &*element.name;
    let mut must = |holds: bool, rule: &str, says: &str| {
        if !holds {
            found.push(broken(tree, id, rule, says));
        }
    };
    let has = |attribute: &str| tree.attribute(id, attribute).is_some();
    let has_child = |name: &str| tree.children(id, name).next().is_some();
    if name.ends_with("ID") {
        let attributes = ["schemeName", "schemeAgencyName", "schemeDataURI", "schemeURI"];
        let plain = is_plain_id(tree, id);
        for (index, attribute) in attributes.into_iter().enumerate() {
            let number = if plain { index + 1 } else { index + 101 };
            let says = format!("@{attribute} must not stand here");
            must(!has(attribute), &format!("CII-DT-{number:03}"), &says);
        }
        if plain {
            for (index, attribute) in
                ["schemeID", "schemeAgencyID", "schemeVersionID"].into_iter().enumerate()
            {
                let says = format!("@{attribute} must not stand here");
                must(!has(attribute), &format!("CII-DT-{:03}", index + 5), &says);
            }
        }
    }
    if name.ends_with("Amount") && name != "ram:TaxTotalAmount" {
        let says = "the currency is only at totals of VAT";
        must(!has("currencyID"), "CII-DT-031", says);
        must(!has("currencyCodeListVersionID"), "CII-DT-032", says);
    }
    if name.ends_with("Quantity") && has("unitCode") {
        let says = "a unit stands at the quantities of the lines";
        must(is_unit_at_lines(tree), "CII-DT-033", says);
    }
    if name.ends_with("TradeTax") && has_child("ram:TypeCode") {
        let is_vat = texts(tree, id, "ram:TypeCode").any(|it| it == "VAT");
        must(is_vat, "CII-DT-037", "the type of the tax is VAT");
    }
    if name.ends_with("ReferencedDocument") {
        let is_document = name == "ram:AdditionalReferencedDocument";
        let kind = texts(tree, id, "ram:TypeCode").next();
        let is_support = is_document && kind == Some("916");
        for (rule, child, may) in [
            ("CII-DT-015", "ram:URIID", is_support),
            (
                "CII-DT-018",
                "ram:TypeCode",
                is_document && matches!(kind, Some("50" | "130" | "916")),
            ),
            ("CII-DT-021", "ram:Name", is_support),
            ("CII-DT-022", "ram:AttachmentBinaryObject", is_support),
            ("CII-DT-024", "ram:ReferenceTypeCode", is_document && kind == Some("130")),
            ("CII-DT-027", "ram:FormattedIssueDateTime", name == "ram:InvoiceReferencedDocument"),
        ] {
            must(may || !has_child(child), rule, &format!("{child} must not stand here"));
        }
    }
    if name == "udt:DateTimeString" && tree.attribute(id, "format") == Some("102") {
        let is_day = super::date::is_compact(element.text.trim());
        must(is_day, "CII-DT-097", "a day in the format 102 is written such as 20260601");
    }
    if name == "ram:SpecifiedTradeProduct" && has_child("ram:GlobalID") {
        let mut ids = tree.children(id, "ram:GlobalID");
        let has_scheme = ids.any(|it| tree.attribute(it, "schemeID").is_some());
        must(has_scheme, "CII-SR-046", "the standard identifier names its scheme");
    }
    if name == "ram:ApplicableHeaderTradeSettlement" {
        let without = tree.children(id, "ram:SpecifiedTradeSettlementPaymentMeans").any(|means| {
            let is_transfer =
                texts(tree, means, "ram:TypeCode").any(|it| matches!(it, "30" | "58"));
            let account = at(tree, means, "ram:PayeePartyCreditorFinancialAccount");
            let has_number = account.iter().any(|it| {
                ["ram:IBANID", "ram:ProprietaryID"]
                    .iter()
                    .any(|name| tree.children(*it, name).next().is_some())
            });
            is_transfer && !has_number
        });
        let says = "a credit transfer (30 or 58) has an account to pay to";
        must(!without, "CII-SR-470", says);
    }
    if id == 0 {
        let of_means = |child: &str| -> usize {
            let means = tree.ids().filter(|id| {
                &*tree.element(*id).name == "ram:SpecifiedTradeSettlementPaymentMeans"
            });
            let texts: HashSet<&str> = means.flat_map(|id| texts(tree, id, child)).collect();
            texts.len()
        };
        must(
            of_means("ram:TypeCode") <= 1,
            "CII-SR-467",
            "all means of payment have the same code",
        );
        let says = "all means of payment have the same text";
        must(of_means("ram:Information") <= 1, "CII-SR-468", says);
        let says = "all codes for the date on which VAT becomes due are the same";
        must(distinct(tree, "ram:DueDateTypeCode") <= 1, "CII-SR-462", says);
    }
}

/// Whether the quantity of any line has a unit.
fn is_unit_at_lines(tree: &Tree) -> bool {
    let path = "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem/\
                ram:SpecifiedLineTradeDelivery/ram:BilledQuantity";
    at(tree, 0, path).into_iter().any(|id| tree.attribute(id, "unitCode").is_some())
}

/// Whether CEN wants an identifier without any scheme.
fn is_plain_id(tree: &Tree, id: Id) -> bool {
    [
        "/rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
        "/rsm:ExchangedDocument/ram:ID",
        "ram:AssociatedDocumentLineDocument/ram:LineID",
        "ram:SpecifiedTradeProduct/ram:SellerAssignedID",
    ]
    .iter()
    .any(|path| is_at(tree, id, path))
}

/// How many different texts the elements of a name have.
fn distinct(tree: &Tree, name: &str) -> usize {
    let named = tree.ids().filter(|id| &*tree.element(*id).name == name);
    named.map(|id| tree.element(id).text.as_str()).collect::<HashSet<_>>().len()
}

/// The elements at a path in an element.
pub(super) fn at(tree: &Tree, of: Id, path: &str) -> Vec<Id> {
    let mut found = vec![of];
    for name in path.split('/') {
        found = found.iter().flat_map(|id| tree.children(*id, name)).collect();
    }
    found
}

fn text(tree: &Tree, id: Id) -> &str {
    tree.element(id).text.trim()
}

pub(super) fn texts<'t>(tree: &'t Tree, of: Id, name: &'t str) -> impl Iterator<Item = &'t str> {
    tree.children(of, name).map(|id| text(tree, id))
}
