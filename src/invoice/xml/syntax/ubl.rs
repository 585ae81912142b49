//! The rules of CEN about the syntax of UBL that do more than count.

use super::{at, broken, distinct, text, texts};
use crate::invoice::problem::Problem;
use crate::invoice::xml::tree::{Id, Tree};

/// What these rules say.
pub(super) const RULES: &[(&str, &str)] = &[
    (
        "UBL-DT-01",
        "An amount has at most two decimals, also if the rest are zeros; a price may have more.",
    ),
    ("UBL-CR-666", "The reference to the invoiced object has no attachment."),
    ("UBL-CR-673", "The reference to the invoiced object has no description."),
    ("UBL-SR-04", "There is at most one invoiced object (type of document 130)."),
    ("UBL-SR-12", "There is at most one VAT identifier of the seller."),
    ("UBL-SR-13", "There is at most one tax number of the seller."),
    ("UBL-SR-18", "There is at most one VAT identifier of the buyer."),
    ("UBL-SR-19", "A payee has one name, which is not that of the seller."),
    ("UBL-SR-20", "A payee has at most one identifier, and another name than the seller."),
    ("UBL-SR-21", "A payee has at most one registration, and another name than the seller."),
    ("UBL-SR-29", "There is at most one identifier of a creditor (SEPA)."),
    ("UBL-SR-30", "An allowance has at most one reason in words."),
    ("UBL-SR-31", "A charge has at most one reason in words."),
    (
        "UBL-SR-43",
        "A scheme or a type of a supporting document is only for the invoiced object (130), and in a credit note \
         for the project (50).",
    ),
    ("UBL-SR-44", "All references for the payment are the same."),
    ("UBL-SR-47", "All means of payment have the same code."),
];

/// An amount has at most this many decimals.
const MAX_DECIMALS: usize = 2;

pub(super) fn check(tree: &Tree, id: Id, found: &mut Vec<Problem>) {
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
    let around = tree.element(id).parent;
    // Each payee asks it. Of names that differ, two are enough: no name is the same as both.
    let seller = tree.remembered(around, "names of the seller", || {
        let all = at(tree, around, path);
        let first = all.first().copied();
        let other =
            all.into_iter().find(|it| first.is_some_and(|id| text(tree, id) != text(tree, *it)));
        first.into_iter().chain(other).collect()
    });
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
