//! What a file says beyond what was read from it.

mod rules;

use std::collections::HashSet;

use super::super::problem::{Problem, Severity};
use super::tree::{Element, Id, Tree};

/// The greatest number of values that are listed.
const MAX_LISTED: usize = 200;
/// The greatest number of characters of a value that are kept.
const MAX_VALUE_CHARS: usize = 1_000;

/// Attributes that say of which list a code is, or how to check the file, and nothing of the invoice.
const OF_LISTS: [&str; 14] = [
    "listID",
    "listName",
    "listAgencyID",
    "listAgencyName",
    "listVersionID",
    "listURI",
    "listSchemeURI",
    "schemeName",
    "schemeAgencyID",
    "schemeAgencyName",
    "schemeVersionID",
    "schemeURI",
    "schemeDataURI",
    "languageID",
];

/// A value of a file that the model of an invoice does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    /// The XPath of the element or attribute, with the usual prefixes of UBL and CII.
    pub path: String,
    /// The value.
    pub value: String,
    /// The rule by which CEN's artefacts warn of it, such as `UBL-CR-004`. None if EN 16931 has the element, but
    /// allows it fewer times.
    pub rule: Option<&'static str>,
    /// Whether EN 16931 allows this element once, and an earlier one was read.
    pub is_again: bool,
}

/// What a file says beyond the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOvers {
    /// The values in the order of the file; at most [`MAX_LISTED`].
    pub listed: Vec<LeftOver>,
    /// How many more there are.
    pub more: usize,
}

impl LeftOvers {
    /// Whether the file says nothing beyond the model.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// A warning for each value, which names its place but does not repeat it: warnings may be logged.
    pub fn warnings(&self) -> Vec<Problem> {
        let warning = |it: &LeftOver| {
            let what = match it.is_again {
                true => {
                    "stands in the file again. EN 16931 has it once, and the first one is taken"
                }
                false => "is in the file, but is no business term of EN 16931",
            };
            let says = format!(
                "{} {what}. It is kept in the original, and the page lists it as also in the file.",
                it.path
            );
            let problem = match it.rule {
                Some(rule) => {
                    Problem::at("", format!("{rule}: {says}")).breaking(rule).of(Severity::Warning)
                }
                None => Problem::at("", says),
            };
            problem.in_xml(it.path.clone())
        };
        let mut warnings: Vec<Problem> = self.listed.iter().map(warning).collect();
        if self.more > 0 {
            let detail = format!(
                "{} more values are in the file that are no business terms of EN 16931. They are kept \
                 in the original.",
                self.more
            );
            warnings.push(Problem::at("", detail));
        }
        warnings
    }
}

/// Returns each text and attribute that was not read, without what only repeats that a tax is VAT.
pub(super) fn left_over(tree: &Tree) -> LeftOvers {
    let mut found = LeftOvers::default();
    let mut add = |path: &dyn Fn() -> String, value: &str, id: Id, attribute: Option<&str>| {
        if found.listed.len() < MAX_LISTED {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            let value = value.chars().take(MAX_VALUE_CHARS).collect();
            let rule = rules::broken_by(tree, id, attribute);
            let is_again = rule.is_none() && attribute.is_none() && was_read_before(tree, id);
            found.listed.push(LeftOver { path: path(), value, rule, is_again });
        } else {
            found.more += 1;
        }
    };
    let means = means_of_payment(tree);
    for id in tree.ids() {
        let element = tree.element(id);
        let text = element.text.trim();
        if !text.is_empty() && !element.is_read.get() && !is_structure(tree, id, &means) {
            add(&|| tree.xpath(id), text, id, None);
        }
        for attribute in &element.attributes {
            let value = attribute.value.trim();
            let says = !value.is_empty() && !attribute.is_read.get();
            if says && !is_of_a_list(element, &attribute.name) {
                let name = attribute.name.as_str();
                add(&|| format!("{}/@{name}", tree.xpath(id)), value, id, Some(name));
            }
        }
    }
    found
}

/// Whether an element stands again, by itself or in a group that does, and the first one was read.
fn was_read_before(tree: &Tree, id: Id) -> bool {
    let mut names: Vec<&str> = Vec::new();
    let mut at = id;
    while at != 0 {
        let element = tree.element(at);
        let first = || tree.children(element.parent, &element.name).next();
        if element.place.is_some_and(|it| it > 1)
            && let Some(first) = first()
        {
            let step = |at: Option<Id>, name: &&str| tree.children(at?, name).next();
            let same = names.iter().rev().fold(Some(first), step);
            if same.is_some_and(|it| tree.element(it).is_read.get()) {
                return true;
            }
        }
        names.push(&element.name);
        at = element.parent;
    }
    false
}

/// The codes of the means of payment (BT-81) that were read. UBL and CII repeat them for each account.
fn means_of_payment(tree: &Tree) -> HashSet<&str> {
    let elements = tree.ids().map(|id| (id, tree.element(id)));
    let read = elements.filter(|(id, it)| it.is_read.get() && is_means_of_payment(tree, *id));
    read.map(|(_, it)| it.text.trim()).collect()
}

fn is_means_of_payment(tree: &Tree, id: Id) -> bool {
    let element = tree.element(id);
    let around = &*tree.element(element.parent).name;
    matches!(
        (around, &*element.name),
        ("cac:PaymentMeans", "cbc:PaymentMeansCode")
            | ("ram:SpecifiedTradeSettlementPaymentMeans", "ram:TypeCode")
    )
}

/// Whether an element only says what its place says anyway: that the tax is VAT, that the discount of a price
/// (BT-147) is no charge, the version of UBL; or the means of payment once more.
fn is_structure(tree: &Tree, id: Id, means_of_payment: &HashSet<&str>) -> bool {
    let element = tree.element(id);
    let parent = tree.element(element.parent);
    let around = &*parent.name;
    let before = &*tree.element(parent.parent).name;
    let is_false = element.text.trim() == "false";
    let is_vat = element.text.trim().eq_ignore_ascii_case("VAT");
    match &*element.name {
        "cbc:ID" => is_vat && around == "cac:TaxScheme",
        "ram:TypeCode" => {
            is_vat && matches!(around, "ram:ApplicableTradeTax" | "ram:CategoryTradeTax")
                || is_means_of_payment(tree, id) && means_of_payment.contains(element.text.trim())
        }
        "cbc:UBLVersionID" => true,
        "cbc:ChargeIndicator" => is_false && before == "cac:Price",
        "udt:Indicator" => is_false && before == "ram:AppliedTradeAllowanceCharge",
        "cbc:PaymentMeansCode" => {
            is_means_of_payment(tree, id) && means_of_payment.contains(element.text.trim())
        }
        _ => false,
    }
}

fn is_of_a_list(element: &Element, attribute: &str) -> bool {
    OF_LISTS.contains(&attribute)
        || attribute.starts_with("xsi:")
        || attribute.starts_with("xml:")
        // The amount itself is listed.
        || (attribute == "currencyID" && !element.is_read.get())
}
