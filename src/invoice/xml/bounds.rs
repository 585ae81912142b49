//! Limits of an XML file, which are checked before the file is parsed as a whole.
//!
//! A parser that builds a tree compares each attribute with all others of its element, and copies the
//! namespaces of all outer elements. So a small file could take seconds.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::problem::Problem;

/// The greatest number of attributes of an element, including declarations of namespaces.
const MAX_ATTRIBUTES: usize = 64;
/// The greatest number of namespaces that an element and its outer elements declare.
const MAX_NAMESPACES: usize = 32;
/// The greatest length of a tag, in bytes.
const MAX_TAG_BYTES: usize = 16 * 1024;
/// The greatest number of elements inside each other.
const MAX_DEPTH: usize = 64;
/// The greatest number of elements. An invoice with 10,000 lines has less than half of it.
const MAX_ELEMENTS: usize = 1_000_000;
/// The greatest length of the text of an element, in bytes. Only attached files may be longer.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// The end of the names of elements that contain an attached file, in both syntaxes.
const ATTACHED: &str = "BinaryObject";

/// Checks the limits.
///
/// # Errors
/// The first violation of a limit, with its place in the file.
pub(in crate::invoice) fn check(bytes: &[u8]) -> Result<(), Problem> {
    // The parser refuses a file that cannot be decoded, with a better message.
    let Some(text) = decoded(bytes) else { return Ok(()) };
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Open> = Vec::new();
    let mut elements = 0;
    loop {
        let start = reader.buffer_position();
        let place = || Place { text: &text, byte: usize::try_from(start).unwrap_or(usize::MAX) };
        let event = reader.read_event().map_err(|error| {
            let byte = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            Place { text: &text, byte }.problem(&format!("it is no well-formed XML: {error}"))
        })?;
        match event {
            Event::Eof => return Ok(()),
            Event::DocType(_) => {
                let what = "there is a document type declaration (DTD), which is not taken";
                return Err(place().problem(&format!("{what}; leave it out")));
            }
            Event::Start(tag) | Event::Empty(tag) if elements >= MAX_ELEMENTS => {
                let what = format!("more than {MAX_ELEMENTS} elements are not taken");
                return Err(place().problem(&format!("{what}; the next one is {}", name(&tag))));
            }
            Event::Start(tag) => {
                elements += 1;
                let around = open.last().map_or(0, |it| it.namespaces);
                let namespaces = check_tag(&tag, around).map_err(|what| place().problem(&what))?;
                if open.len() >= MAX_DEPTH {
                    let what = format!("{} stands inside {MAX_DEPTH} other elements", name(&tag));
                    return Err(place().problem(&format!("{what}; no more are taken")));
                }
                let is_attached = tag.local_name().as_ref().ends_with(ATTACHED.as_bytes());
                open.push(Open { name: name(&tag), namespaces, text: 0, is_attached });
            }
            Event::Empty(tag) => {
                elements += 1;
                let around = open.last().map_or(0, |it| it.namespaces);
                check_tag(&tag, around).map_err(|what| place().problem(&what))?;
            }
            Event::End(_) => drop(open.pop()),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                let length = reader.buffer_position().saturating_sub(start);
                let Some(element) = open.last_mut() else { continue };
                element.text += usize::try_from(length).unwrap_or(usize::MAX);
                if element.text > MAX_TEXT_BYTES && !element.is_attached {
                    let what =
                        format!("the text of {} is longer than {MAX_TEXT_BYTES}", element.name);
                    return Err(place().problem(&format!("{what} bytes; shorten it")));
                }
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
        }
    }
}

/// An element that has not ended so far.
struct Open {
    name: String,
    /// The number of namespaces that it and its outer elements declare.
    namespaces: usize,
    /// The length of its text so far, in bytes.
    text: usize,
    is_attached: bool,
}

/// Checks a tag, and returns the number of namespaces that are declared inside the element.
fn check_tag(tag: &BytesStart<'_>, around: usize) -> Result<usize, String> {
    if tag.len() > MAX_TAG_BYTES {
        return Err(format!(
            "the tag of {} is longer than {MAX_TAG_BYTES} bytes; shorten it",
            name(tag)
        ));
    }
    let (mut attributes, mut namespaces) = (0, around);
    // Duplicates are not checked here, because that compares each attribute with all others.
    for attribute in tag.attributes().with_checks(false).flatten() {
        attributes += 1;
        namespaces += usize::from(attribute.key.as_namespace_binding().is_some());
        if attributes > MAX_ATTRIBUTES {
            let what = format!("{} has more than {MAX_ATTRIBUTES} attributes", name(tag));
            return Err(format!("{what}; leave out those that no invoice needs"));
        }
    }
    if namespaces > MAX_NAMESPACES {
        let what = format!("{} and the elements around it declare", name(tag));
        return Err(format!(
            "{what} more than {MAX_NAMESPACES} namespaces; declare those that are used, once"
        ));
    }
    Ok(namespaces)
}

/// Returns the name of an element for an error message.
fn name(tag: &BytesStart<'_>) -> String {
    const SHOWN: usize = 60;
    let name = String::from_utf8_lossy(tag.name().as_ref()).chars().take(SHOWN).collect::<String>();
    format!("<{name}>")
}

struct Place<'a> {
    text: &'a str,
    byte: usize,
}

impl Place<'_> {
    fn problem(&self, what: &str) -> Problem {
        let before = self.text.as_bytes().get(..self.byte).unwrap_or(self.text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Problem::at(
            "",
            format!(
                "The file is no EN 16931 invoice that can be taken: in line {line}, at byte {}, {what}.",
                self.byte
            ),
        )
    }
}

/// Decodes the file as XML 1.0 defines it (section 4.3.3): UTF-16 starts with a byte order mark.
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.as_chunks::<2>().0.iter().map(|it| unit(*it));
        char::decode_utf16(units).collect::<Result<String, _>>().ok().map(Cow::Owned)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(xml: &str) -> String {
        check(xml.as_bytes()).expect_err("it is beyond the bounds").detail
    }

    fn attributes(number: usize) -> String {
        (0..number).map(|it| format!(" a{it}=''")).collect()
    }

    #[test]
    fn what_is_beyond_the_bounds_is_named_with_its_place() {
        let namespaces: String = (0..33).map(|it| format!(" xmlns:n{it}='urn:{it}'")).collect();
        let deep = ["<d>", "</d>"].map(|it| it.repeat(65)).concat();
        let long = format!("<a>\n<note>{}</note></a>", "x".repeat(MAX_TEXT_BYTES + 1));
        for (xml, words) in [
            (
                format!("<a>\n\n<b{}/></a>", attributes(65)),
                "in line 3, at byte 5, <b> has more than 64 attributes",
            ),
            (format!("<a{}></a>", attributes(5_000)), "longer than 16384 bytes"),
            (format!("<a{namespaces}/>"), "<a> and the elements around it declare more than 32"),
            (deep, "at byte 192, <d> stands inside 64"),
            (long, "in line 2, at byte 10, the text of <note>"),
            (format!("<a></{}>", "b".repeat(100_000)), "ill-formed document"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_owned(), "document type"),
            ("<a>\n<b></a>".to_owned(), "in line 2"),
        ] {
            let told = refused(&xml);
            assert!(told.contains(words) && told.chars().count() < 1_100, "{words}: {told}");
        }
    }

    #[test]
    fn namespaces_of_elements_around_count_too() {
        let nested: String = (0..33).map(|it| format!("<a xmlns:n{it}='urn:{it}'>")).collect();
        assert!(refused(&[nested, "</a>".repeat(33)].concat()).contains("namespaces"));
        let beside: String = (0..100).map(|it| format!("<a xmlns:n{it}='urn:{it}'/>")).collect();
        check(format!("<all>{beside}</all>").as_bytes()).unwrap();
    }

    #[test]
    fn the_same_holds_in_any_encoding() {
        let xml = format!("<b{}/>", attributes(65));
        for (mark, units) in [
            ([0xff, 0xfe], xml.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            ([0xfe, 0xff], xml.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert!(check(&[&mark[..], &units].concat()).is_err());
        }
        assert!(check(&[b"\xef\xbb\xbf", xml.as_bytes()].concat()).is_err());
    }

    #[test]
    fn an_attached_file_may_be_long() {
        let file = "QUJD".repeat(MAX_TEXT_BYTES);
        let element = "cbc:EmbeddedDocumentBinaryObject";
        check(format!("<a><{element}>{file}</{element}></a>").as_bytes()).unwrap();
    }
}
