//! What CEN asks of a file itself: its structure (UBL-SR, UBL-DT, CII-SR, CII-DT), the codes in it, and what the
//! model does not hold.
//!
//! Of the rules about structure, only those are run that CEN calls fatal. Its warnings are about elements that
//! the model does not hold, which are listed as left over, with the rule.

mod cii;
mod codes;
mod counts;
mod existence;
mod profile;
mod ubl;

use std::collections::{HashMap, HashSet};

use super::XmlFormat;
use super::tree::{Id, Tree};
use crate::invoice::problem::{Problem, Severity};
use crate::invoice::profile_rules::Claims;
use crate::invoice::rules::Rule;
use codes::is_within;
use counts::{Count, IN_CII, IN_UBL};

/// Every rule about structure.
pub(in crate::invoice) fn all() -> Vec<Rule> {
    let mut all: Vec<Rule> = Vec::new();
    for (family, counts, others) in
        [("Structure of UBL", IN_UBL, ubl::RULES), ("Structure of CII", IN_CII, cii::RULES)]
    {
        let counted = counts.iter().map(|(id, around, path, least, most)| {
            let around =
                if *around == "/" { "the invoice" } else { around.trim_start_matches('/') };
            (*id, format!("In {around}: {}.", how_often(path, *least, *most)))
        });
        let others = others.iter().map(|(id, says)| (*id, (*says).to_owned()));
        let mut rules: Vec<(&str, String)> = counted.chain(others).collect();
        rules.sort();
        rules.dedup_by_key(|(id, _)| *id);
        all.extend(rules.into_iter().map(|(id, says)| Rule {
            id: id.to_owned(),
            family,
            severity: Severity::Fatal,
            says,
        }));
    }
    all
}

fn how_often(path: &str, least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => format!("no {path}"),
        (1, 1) => format!("exactly one {path}"),
        (1, _) => format!("at least one {path}"),
        (_, 1) => format!("at most one {path}"),
        _ => format!("at most {most} {path}"),
    }
}

/// Returns a finding for each violation.
pub(super) fn violations(tree: &Tree, format: XmlFormat, claims: Claims) -> Vec<Problem> {
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
            XmlFormat::Ubl => ubl::check(tree, id, &mut found),
            XmlFormat::Cii => cii::check(tree, id, &mut found),
        }
    }
    found.extend(codes::unknown(tree, format));
    found.extend(existence::violations(tree, format));
    found.extend(profile::violations(tree, format, claims));
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
    let are = match number {
        0 => "there is none".to_owned(),
        1 => "there is one".to_owned(),
        _ => format!("there are {number}"),
    };
    let says = format!("there must be {}, but {are}", how_often(path, least, most));
    found.push(broken(tree, id, name, &says));
}

fn broken(tree: &Tree, id: Id, rule: &str, says: &str) -> Problem {
    let xpath = tree.xpath(id);
    let problem = Problem::at("", format!("{rule}: In {xpath}, {says}."));
    problem.breaking(rule).of(Severity::Fatal).in_xml(xpath)
}

/// How many different texts the elements of a name have.
fn distinct(tree: &Tree, name: &str) -> usize {
    let named = tree.ids().filter(|id| &*tree.element(*id).name == name);
    named.map(|id| tree.element(id).text.as_str()).collect::<HashSet<_>>().len()
}

/// The elements at a path in an element.
fn at(tree: &Tree, of: Id, path: &str) -> Vec<Id> {
    let mut found = vec![of];
    for name in path.split('/') {
        found = found.iter().flat_map(|id| tree.children(*id, name)).collect();
    }
    found
}

fn text(tree: &Tree, id: Id) -> &str {
    tree.element(id).text.trim()
}

fn texts<'t>(tree: &'t Tree, of: Id, name: &'t str) -> impl Iterator<Item = &'t str> {
    tree.children(of, name).map(|id| text(tree, id))
}
