//! An XML file as a tree of elements, and the limits within which one is built.
//!
//! Building takes time in proportion to the length of the file. A parser that compares each attribute with
//! all others of its element, or that copies the namespaces of all outer elements, would take seconds for a
//! small file.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::super::limits::{Limits, limit};
use super::super::problem::{Problem, without_middle};
use super::decode::decode;

/// Among so many elements in another one, a name is searched one by one; among more, in a table. Otherwise whoever
/// asks each of many elements for another one beside it would compare each with all.
const FEW: usize = 16;
/// How much of each end of an error of the parser is kept, in characters. It repeats names of elements.
const KEPT_CHARS_OF_ERROR: usize = 100;
/// The end of the names of elements that contain an attached file, in both syntaxes.
const ATTACHED: &str = "BinaryObject";

/// The prefixes by which paths name the namespaces of UBL 2.1 and CII D16B, whatever prefixes a file uses.
const NAMESPACES: [(&str, &str); 11] = [
    ("urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", "ubl"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2", "ubl"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2", "cbc"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2", "cac"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2", "ext"),
    ("urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100", "rsm"),
    ("urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100", "ram"),
    ("urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100", "udt"),
    ("urn:un:unece:uncefact:data:standard:QualifiedDataType:100", "qdt"),
    ("http://www.w3.org/2001/XMLSchema-instance", "xsi"),
    ("http://www.w3.org/2000/09/xmldsig#", "ds"),
];

/// An XML file.
#[derive(Debug)]
pub(super) struct Tree {
    /// The elements in the order in which they begin. The first one is the root.
    elements: Vec<Element>,
    /// The elements by name in each element that has more than [`FEW`].
    named: HashMap<Id, HashMap<Rc<str>, Vec<Id>>>,
    /// What was asked of an element before.
    answers: RefCell<Answers>,
}

/// The elements that answer a question about an element.
type Answers = HashMap<(Id, &'static str), Rc<[Id]>>;

/// The place of an element in its tree.
pub(super) type Id = usize;

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    /// The name with one of the prefixes of [`NAMESPACES`]; with the prefix of the file if its namespace
    /// is none of them. An element of another namespace whose prefix is one of ours (such as `cbc`) is named
    /// without its prefix, so that it is not taken for one of UBL or CII.
    pub(super) name: Rc<str>,
    /// The URI of its namespace, if it is none of [`NAMESPACES`].
    pub(super) foreign: Option<Rc<str>>,
    /// Its attributes without declarations of namespaces, in order.
    pub(super) attributes: Vec<Attribute>,
    /// Its own text, without that of other elements in it.
    pub(super) text: String,
    /// The elements in it.
    pub(super) children: Vec<Id>,
    /// Its place among the elements of its name in the element around it, from 1; none if it is the only one.
    pub(super) place: Option<usize>,
    /// The element around it; the root is around itself.
    pub(super) parent: Id,
    /// Whether its text was read.
    pub(super) is_read: Cell<bool>,
}

/// An attribute of an element.
#[derive(Debug)]
pub(super) struct Attribute {
    /// The name, with the prefix of the file if it has one.
    pub(super) name: String,
    pub(super) value: String,
    /// Whether it was read.
    pub(super) is_read: Cell<bool>,
}

impl Tree {
    /// Reads a file.
    ///
    /// # Errors
    /// The first violation of a limit, or of the rules of XML, with its place in the file.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Problem> {
        let text = decode(bytes).map_err(|what| {
            let detail = format!("The file is no EN 16931 invoice that can be taken: it {what}.");
            Problem::at("", detail)
        })?;
        Builder::within(limits).build(&text)
    }

    /// The element at this place.
    pub(super) fn element(&self, id: Id) -> &Element {
        // Places come from this tree only.
        &self.elements[id]
    }

    /// The outermost element.
    pub(super) fn root(&self) -> &Element {
        self.element(0)
    }

    /// Every element, in the order of the file.
    pub(super) fn ids(&self) -> std::ops::Range<Id> {
        0..self.elements.len()
    }

    /// The elements with this name in an element.
    pub(super) fn children(&self, of: Id, name: &str) -> impl Iterator<Item = Id> {
        let table = self.named.get(&of);
        let ids = match table {
            Some(by_name) => by_name.get(name).map_or(&[][..], Vec::as_slice),
            None => &self.element(of).children,
        };
        let is_found = table.is_some();
        ids.iter().copied().filter(move |id| is_found || &*self.element(*id).name == name)
    }

    /// The answer to a question about an element, which is found only once. Many elements in it may depend on it.
    pub(super) fn remembered(
        &self,
        of: Id,
        question: &'static str,
        find: impl FnOnce() -> Vec<Id>,
    ) -> Rc<[Id]> {
        if let Some(known) = self.answers.borrow().get(&(of, question)) {
            return Rc::clone(known);
        }
        let found: Rc<[Id]> = find().into();
        self.answers.borrow_mut().insert((of, question), Rc::clone(&found));
        found
    }

    /// The text of an element without white space around it, and marks it as read.
    pub(super) fn read_text(&self, id: Id) -> &str {
        let element = self.element(id);
        element.is_read.set(true);
        element.text.trim()
    }

    /// The value of an attribute without white space around it, and marks it as read.
    pub(super) fn read_attribute(&self, id: Id, name: &str) -> Option<&str> {
        let found = self.element(id).attributes.iter().find(|it| it.name == name)?;
        found.is_read.set(true);
        Some(found.value.trim())
    }

    /// The value of an attribute as it stands in the file. It stays as unread as it was.
    pub(super) fn attribute(&self, id: Id, name: &str) -> Option<&str> {
        let found = self.element(id).attributes.iter().find(|it| it.name == name)?;
        Some(&found.value)
    }

    /// The XPath of an element, such as `/ubl:Invoice/cac:InvoiceLine[2]/cbc:ID`. The number is left out
    /// if there is one such element only.
    pub(super) fn xpath(&self, id: Id) -> String {
        let element = self.element(id);
        let around = if id == 0 { String::new() } else { self.xpath(element.parent) };
        let mut path = format!("{around}/{}", element.name);
        if let Some(place) = element.place {
            path.push_str(&format!("[{place}]"));
        }
        path
    }
}

/// A tree that is being built.
struct Builder<'a> {
    limits: &'a Limits,
    elements: Vec<Element>,
    open: Vec<Open>,
    names: HashMap<String, Rc<str>>,
}

/// An element that has not ended so far.
struct Open {
    id: Id,
    /// The number of namespaces that it and its outer elements declare.
    namespaces: usize,
    /// The length of its text so far, in bytes.
    text_bytes: usize,
    is_attached: bool,
}

impl<'a> Builder<'a> {
    fn within(limits: &'a Limits) -> Self {
        Self { limits, elements: Vec::new(), open: Vec::new(), names: HashMap::new() }
    }

    fn build(mut self, text: &str) -> Result<Tree, Problem> {
        let mut reader = NsReader::from_str(text);
        loop {
            let start = reader.buffer_position();
            let place = || Place { text, byte: usize::try_from(start).unwrap_or(usize::MAX) };
            let event = reader.read_event().map_err(|error| {
                let byte = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                let error = without_middle(error.to_string(), KEPT_CHARS_OF_ERROR);
                Place { text, byte }.problem(&format!("it is no well-formed XML: {error}"))
            })?;
            let length = usize::try_from(reader.buffer_position().saturating_sub(start));
            let length = length.unwrap_or(usize::MAX);
            let done = match event {
                Event::Eof if self.elements.is_empty() => {
                    Err("there is nothing; send the invoice as XML, JSON or PDF".to_owned())
                }
                Event::Eof if !self.open.is_empty() => {
                    let open = self.open.last().and_then(|it| self.elements.get(it.id));
                    let name = open.map(|it| shortened(&it.name)).unwrap_or_default();
                    Err(format!("the file ends inside <{name}>; send it whole"))
                }
                Event::Eof => {
                    number_alike(&mut self.elements);
                    let named = by_name(&self.elements);
                    let answers = RefCell::default();
                    return Ok(Tree { elements: self.elements, named, answers });
                }
                Event::DocType(kind) if is_web_page(&kind) => Err(
                    "there is a web page (HTML), not an invoice; send the invoice as XML, JSON \
                         or PDF"
                        .to_owned(),
                ),
                Event::DocType(_) => {
                    Err("there is a document type declaration (DTD), which is not \
                                          taken; leave it out"
                        .to_owned())
                }
                Event::Start(tag) => self.begin(&reader, &tag),
                Event::Empty(tag) => self.begin(&reader, &tag).map(|()| {
                    self.open.pop();
                }),
                Event::End(_) => {
                    self.open.pop();
                    Ok(())
                }
                Event::Text(text) => self.say(
                    length,
                    text.xml10_content().map_err(|error| error.to_string()).as_deref(),
                ),
                Event::CData(text) => self.say(
                    length,
                    text.xml10_content().map_err(|error| error.to_string()).as_deref(),
                ),
                Event::GeneralRef(reference) => self.say(length, referenced(&reference).as_deref()),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Ok(()),
            };
            done.map_err(|what| place().problem(&what))?;
        }
    }

    /// Begins an element.
    fn begin(&mut self, reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Result<(), String> {
        let (elements, depth) = (limit!(self.limits, elements), limit!(self.limits, xml_depth));
        if self.elements.len() >= elements.most {
            let what = format!("more than {} elements are not taken {elements}", elements.most);
            return Err(format!("{what}; the next one is {}", name(tag)));
        }
        let around = self.open.last().map_or(0, |it| it.namespaces);
        let (attributes, namespaces) = check_tag(tag, around, self.limits)?;
        if self.open.len() >= depth.most {
            let what = format!("{} stands inside {} other elements", name(tag), depth.most);
            return Err(format!("{what}; no more are taken {depth}"));
        }
        if self.open.is_empty() && !self.elements.is_empty() {
            return Err(format!("{} stands after the end of the first element", name(tag)));
        }
        let (namespace, local) = reader.resolver().resolve_element(tag.name());
        let local = String::from_utf8_lossy(local.as_ref()).into_owned();
        let uri = match namespace {
            ResolveResult::Bound(uri) => String::from_utf8_lossy(uri.as_ref()).into_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => {
                let what = format!("no namespace is declared for the prefix of {}", name(tag));
                return Err(format!("{what}; declare it"));
            }
        };
        let known = NAMESPACES.iter().find(|(it, _)| *it == uri).map(|(_, prefix)| *prefix);
        let full = match known {
            Some(prefix) => format!("{prefix}:{local}"),
            None => {
                let own = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                let prefix = own.split_once(':').map(|(prefix, _)| prefix);
                let is_taken = NAMESPACES.iter().any(|(_, it)| prefix == Some(*it));
                if is_taken { local.clone() } else { own }
            }
        };
        let foreign = known.is_none().then(|| self.interned(uri));
        let is_attached = local.ends_with(ATTACHED);
        let id = self.elements.len();
        let parent = self.open.last().map_or(id, |it| it.id);
        if parent != id
            && let Some(parent) = self.elements.get_mut(parent)
        {
            parent.children.push(id);
        }
        let name = self.interned(full);
        self.elements.push(Element {
            name,
            foreign,
            attributes,
            text: String::new(),
            children: Vec::new(),
            place: None,
            parent,
            is_read: Cell::new(false),
        });
        self.open.push(Open { id, namespaces, text_bytes: 0, is_attached });
        Ok(())
    }

    /// Adds to the text of the innermost element.
    fn say(&mut self, length: usize, text: Result<&str, &String>) -> Result<(), String> {
        let text = text.map_err(Clone::clone)?;
        let Some(open) = self.open.last_mut() else {
            return match (
                text.trim_start_matches('\u{feff}').trim().is_empty(),
                self.elements.is_empty(),
            ) {
                (true, _) => Ok(()),
                (false, true) => Err(
                    "there is text where XML begins with <; send the invoice as XML, JSON or PDF"
                        .to_owned(),
                ),
                (false, false) => {
                    Err("there is text after the end of the first element; take it out".to_owned())
                }
            };
        };
        open.text_bytes += length;
        let Some(element) = self.elements.get_mut(open.id) else { return Ok(()) };
        let limit = limit!(self.limits, xml_text_bytes);
        if limit.is_exceeded_by(open.text_bytes) && !open.is_attached {
            let name = shortened(&element.name);
            return Err(format!(
                "the text of <{name}> is longer than {} bytes; shorten it {limit}",
                limit.most
            ));
        }
        element.text.push_str(text);
        Ok(())
    }

    fn interned(&mut self, name: String) -> Rc<str> {
        self.names.entry(name).or_insert_with_key(|name| Rc::from(name.as_str())).clone()
    }
}

/// Sets the place of each element that is not the only one of its name. Paths are written for many elements,
/// so nobody may count those beside an element each time.
fn number_alike(elements: &mut [Element]) {
    let mut places = Vec::new();
    for element in elements.iter().filter(|it| it.children.len() > 1) {
        let mut alike: HashMap<&str, (Id, usize)> = HashMap::new();
        for id in &element.children {
            let Some(child) = elements.get(*id) else { continue };
            let (first, count) = alike.entry(&child.name).or_insert((*id, 0));
            *count += 1;
            match *count {
                1 => {}
                2 => places.extend([(*first, 1), (*id, 2)]),
                count => places.push((*id, count)),
            }
        }
    }
    for (id, place) in places {
        if let Some(element) = elements.get_mut(id) {
            element.place = Some(place);
        }
    }
}

/// The elements by name in each element that has many.
fn by_name(elements: &[Element]) -> HashMap<Id, HashMap<Rc<str>, Vec<Id>>> {
    let wide = elements.iter().enumerate().filter(|(_, it)| it.children.len() > FEW);
    wide.map(|(id, element)| {
        let mut named: HashMap<Rc<str>, Vec<Id>> = HashMap::new();
        for child in &element.children {
            if let Some(it) = elements.get(*child) {
                named.entry(Rc::clone(&it.name)).or_default().push(*child);
            }
        }
        (id, named)
    })
    .collect()
}

/// The character that a reference such as `&amp;` or `&#228;` stands for.
fn referenced(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|error| error.to_string())?;
    quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned).ok_or_else(|| {
        format!("&{}; is no reference that XML defines; write the character", shortened(&name))
    })
}

/// Checks a tag, and returns its attributes and the number of namespaces that are declared inside the
/// element.
fn check_tag(
    tag: &BytesStart<'_>,
    around: usize,
    limits: &Limits,
) -> Result<(Vec<Attribute>, usize), String> {
    let bytes = limit!(limits, xml_tag_bytes);
    if bytes.is_exceeded_by(tag.len()) {
        return Err(format!(
            "the tag of {} is longer than {} bytes; shorten it {bytes}",
            name(tag),
            bytes.most
        ));
    }
    let (mut attributes, mut count, mut namespaces) = (Vec::new(), 0, around);
    let mut names = HashSet::new();
    // The parser would compare each attribute with all others.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute
            .map_err(|error| format!("an attribute of {} cannot be read: {error}", name(tag)))?;
        count += 1;
        let limit = limit!(limits, xml_attributes);
        if limit.is_exceeded_by(count) {
            let what = format!("{} has more than {} attributes", name(tag), limit.most);
            return Err(format!("{what}; leave out those that no invoice needs {limit}"));
        }
        if !names.insert(attribute.key) {
            let twice = shortened(&String::from_utf8_lossy(attribute.key.as_ref()));
            return Err(format!("{} has the attribute {twice} twice; keep one", name(tag)));
        }
        if attribute.key.as_namespace_binding().is_some() {
            namespaces += 1;
            continue;
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| format!("an attribute of {} cannot be read: {error}", name(tag)))?;
        attributes.push(Attribute {
            name: String::from_utf8_lossy(attribute.key.as_ref()).into_owned(),
            value: value.into_owned(),
            is_read: Cell::new(false),
        });
    }
    let limit = limit!(limits, xml_namespaces);
    if limit.is_exceeded_by(namespaces) {
        let what = format!("{} and the elements around it declare", name(tag));
        return Err(format!(
            "{what} more than {} namespaces; declare those that are used, once {limit}",
            limit.most
        ));
    }
    Ok((attributes, namespaces))
}

/// Whether a document type declaration is that of HTML.
fn is_web_page(kind: &[u8]) -> bool {
    kind.trim_ascii_start().get(..4).is_some_and(|it| it.eq_ignore_ascii_case(b"html"))
}

/// Returns the name of an element for an error message.
fn name(tag: &BytesStart<'_>) -> String {
    format!("<{}>", shortened(&String::from_utf8_lossy(tag.name().as_ref())))
}

fn shortened(name: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    name.chars().take(SHOWN_CHARS).collect()
}

struct Place<'a> {
    text: &'a str,
    byte: usize,
}

impl Place<'_> {
    fn problem(&self, what: &str) -> Problem {
        let before = self.text.as_bytes().get(..self.byte).unwrap_or(self.text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let detail = format!(
            "The file is no EN 16931 invoice that can be taken: in line {line}, at byte {}, {what}.",
            self.byte
        );
        Problem::at("", detail)
    }
}

#[cfg(test)]
mod tests;
