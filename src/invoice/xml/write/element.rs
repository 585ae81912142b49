//! The elements of a file that is being written, and how a value finds its place among them.

use super::schema::Schema;
use crate::invoice::xml::path::{Condition, Step};

/// An element.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    /// The name, with the prefix by which the paths name its namespace.
    pub(super) name: &'static str,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// Whether the last element of a path may be one that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is a new one.
    New,
    /// It may be there, because other values stand in it, too.
    Shared,
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    pub(super) fn with_text(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into(), ..Self::default() }
    }

    /// The first child with this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name == name)
    }

    pub(super) fn set(&mut self, attribute: &'static str, value: &str) {
        match self.attributes.iter_mut().find(|(name, _)| *name == attribute) {
            Some((_, before)) => value.clone_into(before),
            None => self.attributes.push((attribute, value.to_owned())),
        }
    }

    /// Returns the element at the end of a path, which is made as far as it is not there. `None` if the
    /// schema has no such place, or if it is taken.
    ///
    /// Elements that may not repeat are shared. Where a value needs a second one, the nearest element
    /// around it that may repeat is repeated.
    pub(super) fn place(&mut self, steps: &[Step], end: End, schema: &Schema) -> Option<&mut Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let usable = self.candidates(step, rest, end);
        let existing = usable.into_iter().find(|index| {
            let Some(child) = self.children.get(*index) else { return false };
            if rest.is_empty() { end == End::Shared } else { child.has_place(rest, end, schema) }
        });
        let index = match existing {
            Some(index) => index,
            None => {
                let made = self.may_have_another(step.name, schema).then(|| made(step))?;
                if !rest.is_empty() && !made.has_place(rest, end, schema) {
                    return None;
                }
                self.children.push(made);
                self.children.len() - 1
            }
        };
        self.children.get_mut(index)?.place(rest, end, schema)
    }

    /// Whether [`place`](Self::place) would find or make a place.
    pub(super) fn has_place(&self, steps: &[Step], end: End, schema: &Schema) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        let in_another = self.may_have_another(step.name, schema)
            && (rest.is_empty() || made(step).has_place(rest, end, schema));
        // Most rows have a place in a new element, so those that are there are not searched for each row.
        in_another
            || self.candidates(step, rest, end).into_iter().any(|index| {
                let Some(child) = self.children.get(index) else { return false };
                if rest.is_empty() {
                    end == End::Shared
                } else {
                    child.has_place(rest, end, schema)
                }
            })
    }

    fn may_have_another(&self, name: &str, schema: &Schema) -> bool {
        let Some((_, child)) = schema.child(self.name, name) else { return false };
        child.repeats || self.child(name).is_none()
    }

    /// The places of the children in which the rest of a path may be. A new element at the end of a path is in none
    /// of them, so an invoice's lines are not searched for each further line.
    fn candidates(&self, step: &Step, rest: &[Step], end: End) -> Vec<usize> {
        if rest.is_empty() && end == End::New { Vec::new() } else { self.usable(step) }
    }

    /// The places of the children that a step means.
    fn usable(&self, step: &Step) -> Vec<usize> {
        let named: Vec<usize> = (0..self.children.len())
            .filter(|index| self.children.get(*index).is_some_and(|it| it.name == step.name))
            .collect();
        match &step.condition {
            None => named,
            Some(Condition::Further(_)) => Vec::new(),
            Some(Condition::First(inner)) => {
                let has = |index: &&usize| {
                    self.children.get(**index).is_some_and(|it| it.child(inner).is_some())
                };
                named.iter().find(has).or(named.first()).copied().into_iter().collect()
            }
            Some(Condition::Text { at, attribute, is, negated }) => {
                let holds = |index: &usize| {
                    let texts = self.children.get(*index).map(|it| it.texts(at, *attribute));
                    texts.into_iter().flatten().any(|text| is.contains(&text)) != *negated
                };
                named.into_iter().filter(holds).collect()
            }
        }
    }

    /// The texts at a place in it.
    fn texts(&self, at: &[&str], attribute: Option<&str>) -> Vec<&str> {
        let Some((name, rest)) = at.split_first() else {
            return match attribute {
                None => vec![&self.text],
                Some(name) => {
                    let named = self.attributes.iter().filter(|(it, _)| *it == name);
                    named.map(|(_, value)| value.as_str()).collect()
                }
            };
        };
        let named = self.children.iter().filter(|it| it.name == *name);
        named.flat_map(|it| it.texts(rest, attribute)).collect()
    }

    /// Writes a text at a place in it, in new elements.
    fn say(&mut self, at: &[&'static str], attribute: Option<&'static str>, text: &str) {
        match (at.split_first(), attribute) {
            (Some((name, rest)), _) => {
                let mut inner = Self::new(name);
                inner.say(rest, attribute, text);
                self.children.push(inner);
            }
            (None, Some(attribute)) => self.set(attribute, text),
            (None, None) => text.clone_into(&mut self.text),
        }
    }

    /// Brings all children into the order of the schema, and adds those that have to be there, empty.
    pub(super) fn in_order(&mut self, schema: &Schema) {
        let name = self.name;
        for child in schema.children(name).iter().filter(|it| it.must) {
            if self.child(child.name).is_none() {
                self.children.push(Self::new(child.name));
            }
        }
        self.children.sort_by_key(|it| schema.child(name, it.name).map(|(place, _)| place));
        self.children.iter_mut().for_each(|it| it.in_order(schema));
    }
}

/// A new element for which the condition of its step holds.
pub(super) fn made(step: &Step) -> Element {
    let mut element = Element::new(step.name);
    if let Some(Condition::Text { at, attribute, is, negated: false }) = &step.condition {
        let text = is.first().copied().unwrap_or_default();
        element.say(at, *attribute, text);
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::xml::XmlFormat;

    fn steps(names: &[&'static str]) -> Vec<Step> {
        names.iter().map(|name| Step { name, condition: None }).collect()
    }

    #[test]
    fn a_value_that_needs_a_second_place_repeats_what_may_repeat() {
        let schema = Schema::for_format(XmlFormat::Ubl);
        let mut party = Element::new("cac:Party");
        let path = steps(&["cac:PartyIdentification", "cbc:ID"]);
        for id in ["1", "2"] {
            party.place(&path, End::New, schema).unwrap().text = id.to_owned();
        }
        assert_eq!(party.children.len(), 2);
        // A party has one legal entity with one number.
        let path = steps(&["cac:PartyLegalEntity", "cbc:CompanyID"]);
        assert!(party.place(&path, End::New, schema).is_some());
        assert!(party.place(&path, End::New, schema).is_none());
        let other = steps(&["cac:PartyLegalEntity", "cbc:RegistrationName"]);
        assert!(party.place(&other, End::New, schema).is_some());
        assert_eq!(party.children.len(), 3);
    }

    #[test]
    fn the_order_is_that_of_the_schema() {
        let schema = Schema::for_format(XmlFormat::Ubl);
        let mut terms = Element::new("cac:Contact");
        for name in ["cbc:ElectronicMail", "cbc:Name"] {
            terms.place(&steps(&[name]), End::New, schema).unwrap();
        }
        terms.in_order(schema);
        let names: Vec<_> = terms.children.iter().map(|it| it.name).collect();
        assert_eq!(names, ["cbc:Name", "cbc:ElectronicMail"]);
        assert!(terms.place(&steps(&["cbc:Nowhere"]), End::New, schema).is_none());
    }
}
