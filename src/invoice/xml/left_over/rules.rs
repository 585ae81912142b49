//! The rules of which CEN's artefacts (version 1.3.16) only warn: elements and attributes that EN 16931 does not
//! have (UBL-CR, UBL-DT, CII-SR, CII-DT). They are data, one path a line.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::path::SHORT_NAMES;
use super::super::tree::{Id, Tree};

static IN_UBL: LazyLock<Rules> = LazyLock::new(|| Rules::of(include_str!("ubl.txt")));
static IN_CII: LazyLock<Rules> = LazyLock::new(|| Rules::of(include_str!("cii.txt")));

/// What stands before a path that may begin anywhere.
const ANYWHERE: &str = "//";

/// Rules by their paths.
struct Rules(HashMap<String, &'static str>);

impl Rules {
    fn of(table: &'static str) -> Self {
        let rows = table.lines().filter(|it| !it.starts_with('#'));
        let rows = rows.filter_map(|it| it.split_once(' '));
        Self(rows.map(|(rule, path)| (in_full(path), rule)).collect())
    }

    /// The rule that a path from the outermost element breaks.
    fn at(&self, path: &[&str]) -> Option<&'static str> {
        let from_outside = self.0.get(&path.join("/"));
        let mut ends =
            (0..path.len()).map(|begin| format!("{ANYWHERE}{}", path[begin..].join("/")));
        from_outside.or_else(|| ends.find_map(|it| self.0.get(&it))).copied()
    }
}

/// A path without a short name at its beginning.
fn in_full(path: &str) -> String {
    let long = SHORT_NAMES.iter().find_map(|(short, long)| {
        let rest = path.strip_prefix(short)?;
        rest.starts_with('/').then(|| format!("{long}{rest}"))
    });
    long.unwrap_or_else(|| path.to_owned())
}

/// The rule that an element or its attribute breaks by being there, or the innermost element around it that
/// breaks one.
pub(super) fn broken_by(tree: &Tree, id: Id, attribute: Option<&str>) -> Option<&'static str> {
    let rules = if tree.root().name.starts_with("ubl:") { &IN_UBL } else { &IN_CII };
    let mut path: Vec<&str> = Vec::new();
    let mut at = id;
    while at != 0 {
        let element = tree.element(at);
        path.insert(0, &element.name);
        at = element.parent;
    }
    let of_attribute = attribute.and_then(|name| {
        let name = format!("@{name}");
        let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        rules.at(&path)
    });
    of_attribute.or_else(|| (1..=path.len()).rev().find_map(|end| rules.at(&path[..end])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_tables_names_a_rule_and_no_path_stands_twice() {
        for (table, rules) in
            [(include_str!("ubl.txt"), &IN_UBL), (include_str!("cii.txt"), &IN_CII)]
        {
            let rows: Vec<&str> = table.lines().filter(|it| !it.starts_with('#')).collect();
            assert_eq!(rules.0.len(), rows.len());
            for row in rows {
                let (rule, path) = row.split_once(' ').unwrap();
                let families = ["UBL-CR-", "UBL-DT-", "CII-SR-", "CII-DT-"];
                assert!(families.iter().any(|it| rule.starts_with(it)), "{row}");
                assert!(path.trim() == path && !path.is_empty(), "{row}");
            }
        }
    }

    #[test]
    fn a_rule_is_found_at_the_element_at_its_attribute_or_around_it() {
        let ubl = |path: &[&str]| IN_UBL.at(path);
        assert_eq!(ubl(&["cac:InvoicePeriod", "cbc:StartTime"]), Some("UBL-CR-012"));
        assert_eq!(ubl(&["cac:InvoicePeriod", "cbc:StartDate"]), None);
        assert_eq!(ubl(&["cac:InvoiceLine", "cac:Item", "@name"]), Some("UBL-DT-18"));
        let delivery = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery";
        let path: Vec<&str> = delivery.split('/').chain(["ram:ShipFromTradeParty"]).collect();
        assert_eq!(IN_CII.at(&path), Some("CII-SR-318"));
    }
}
