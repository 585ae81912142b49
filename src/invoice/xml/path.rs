//! The paths by which the rows of the model name places in UBL and CII.
//!
//! A path is a list of elements from the element of its group, such as `cac:OrderReference/cbc:ID`. It may end
//! with an attribute (`@unitCode`). Further places where the same value may stand follow after `|`: they are
//! read in this order, and the first is written.
//!
//! An element may have a condition in brackets:
//!
//! * `[cbc:ChargeIndicator=false]`: the place named in it has this text. Case does not matter.
//! * `[cbc:DocumentTypeCode!=130,50]`: that place has none of these texts, or is missing.
//! * `[first cac:PayeeFinancialAccount]`: the first one that has this element.
//! * `[further cac:PayeeFinancialAccount]`: all after that one.
//!
//! `Agreement`, `Delivery`, `Settlement` and `Line` at the beginning stand for the parts of a CII document.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::model::InvoiceInput;
use super::super::model::term::{Kind, Term};
use super::XmlFormat;
use super::tree::{Id, Tree};

/// What the short names at the beginning of a path stand for.
pub(super) const SHORT_NAMES: [(&str, &str); 4] = [
    ("Agreement", "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement"),
    ("Delivery", "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery"),
    ("Settlement", "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"),
    ("Line", "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem"),
];

/// One of the places that a path names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Route {
    /// The elements, from the outside in.
    pub(super) steps: Vec<Step>,
    /// The attribute of the last element, if the value is in one.
    pub(super) attribute: Option<&'static str>,
}

/// One element of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) condition: Option<Condition>,
}

/// Which of several elements with a name are meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// The text at this place is one of these, or (negated) none of them.
    Text {
        at: Vec<&'static str>,
        attribute: Option<&'static str>,
        is: Vec<&'static str>,
        negated: bool,
    },
    /// The first one that has this element.
    First(&'static str),
    /// All after the first one that has this element.
    Further(&'static str),
}

/// The paths of all terms, by their text.
static PATHS: LazyLock<HashMap<&'static str, Vec<Route>>> = LazyLock::new(|| {
    let mut paths = HashMap::new();
    add(InvoiceInput::TERMS, &mut paths);
    paths
});

fn add(terms: &'static [Term], paths: &mut HashMap<&'static str, Vec<Route>>) {
    for term in terms {
        for path in [term.ubl, term.cii] {
            for part in parts_of(term, path) {
                paths.entry(part).or_insert_with(|| parse(part));
            }
        }
        if let Kind::Group(terms, _) | Kind::Groups(terms, _) = term.kind {
            add(terms, paths);
        }
    }
}

/// The paths of a term: one for each part of a value that has several parts.
pub(super) fn parts_of(term: &Term, path: &'static str) -> Vec<&'static str> {
    if matches!(term.kind, Kind::Lines) { path.split('+').collect() } else { vec![path] }
}

/// The places that a path of the model names.
pub(super) fn routes(path: &'static str) -> &'static [Route] {
    PATHS.get(path).map_or(&[], Vec::as_slice)
}

/// A route as an XPath without its conditions.
pub(super) fn written(route: &Route) -> String {
    let steps = route.steps.iter().map(|step| step.name.to_owned());
    let attribute = route.attribute.map(|name| format!("@{name}"));
    steps.chain(attribute).collect::<Vec<_>>().join("/")
}

/// The path of a term in a syntax.
pub(super) fn path_of(term: &Term, format: XmlFormat) -> &'static str {
    match format {
        XmlFormat::Ubl => term.ubl,
        XmlFormat::Cii => term.cii,
    }
}

fn parse(path: &'static str) -> Vec<Route> {
    if path.is_empty() {
        return vec![Route::default()];
    }
    path.split('|').map(route).collect()
}

fn route(path: &'static str) -> Route {
    let mut route = Route::default();
    for (index, part) in split_outside_brackets(path).into_iter().enumerate() {
        if let Some(attribute) = part.strip_prefix('@') {
            route.attribute = Some(attribute);
            continue;
        }
        let long = SHORT_NAMES.iter().find(|(short, _)| index == 0 && *short == part);
        if let Some((_, long)) = long {
            route.steps.extend(long.split('/').map(|name| Step { name, condition: None }));
            continue;
        }
        let (name, condition) = match part.split_once('[') {
            None => (part, None),
            Some((name, condition)) => {
                (name, Some(parse_condition(condition.trim_end_matches(']'))))
            }
        };
        route.steps.push(Step { name, condition });
    }
    route
}

fn split_outside_brackets(path: &'static str) -> Vec<&'static str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in path.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '/' if depth == 0 => {
                parts.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[start..]);
    parts
}

fn parse_condition(text: &'static str) -> Condition {
    if let Some(name) = text.strip_prefix("first ") {
        return Condition::First(name);
    }
    if let Some(name) = text.strip_prefix("further ") {
        return Condition::Further(name);
    }
    let (place, values) = text.split_once('=').unwrap_or((text, ""));
    let negated = place.ends_with('!');
    let place = place.trim_end_matches('!');
    let (mut at, mut attribute) = (Vec::new(), None);
    for part in place.split('/') {
        match part.strip_prefix('@') {
            Some(name) => attribute = Some(name),
            None => at.push(part),
        }
    }
    Condition::Text { at, attribute, is: values.split(',').collect(), negated }
}

/// Returns the elements that a route leads to from `from`, in the order of the file. What its conditions
/// read is marked as read.
pub(super) fn follow(tree: &Tree, from: Id, route: &Route) -> Vec<Id> {
    let mut found = vec![from];
    for step in &route.steps {
        let mut next = Vec::new();
        for id in found {
            let named = tree.children(id, step.name);
            match &step.condition {
                None => next.extend(named),
                Some(Condition::Text { at, attribute, is, negated }) => next
                    .extend(named.filter(|id| holds(tree, *id, (at, *attribute), is) != *negated)),
                Some(Condition::First(name)) => {
                    next.extend(
                        named.filter(|id| tree.children(*id, name).next().is_some()).take(1),
                    );
                }
                Some(Condition::Further(name)) => {
                    next.extend(
                        named.filter(|id| tree.children(*id, name).next().is_some()).skip(1),
                    );
                }
            }
        }
        found = next;
    }
    found
}

/// Whether a place in an element has one of these texts.
fn holds(
    tree: &Tree,
    id: Id,
    (at, attribute): (&[&'static str], Option<&'static str>),
    is: &[&'static str],
) -> bool {
    let mut inner = vec![id];
    for name in at {
        inner =
            inner.into_iter().flat_map(|id| tree.children(id, name).collect::<Vec<_>>()).collect();
    }
    let texts = inner.into_iter().filter_map(|id| match attribute {
        Some(name) => tree.read_attribute(id, name),
        None => Some(tree.read_text(id)),
    });
    // xs:boolean may be written as a digit.
    let same = |text: &str, value: &str| {
        text.eq_ignore_ascii_case(value) || matches!((text, value), ("0", "false") | ("1", "true"))
    };
    texts.into_iter().any(|text| is.iter().any(|value| same(text, value)))
}
