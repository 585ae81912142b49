//! Turns HTML from clients into HTML that is safe to store and to show.

mod nesting;
mod reading;

pub(super) use reading::{BLOCKS, Part, Place, Reading, plain_text, reading};

use ruma::html::{Html, NodeData, NodeRef, SanitizerConfig};

use super::plain_text::{self, QuoteBefore};

/// The maximum length of HTML that is parsed, in bytes. No event is longer.
const MAX_BYTES: usize = 64 * 1024;
/// The maximum length of sanitised HTML, in bytes: the longest input with each character escaped by
/// five.
const MAX_SAFE_BYTES: usize = 5 * MAX_BYTES;
/// The maximum number of passes in which HTML is sanitised until it stays the same.
const MAX_PASSES: usize = 6;

/// Elements whose content is no text for people.
const NEVER_TEXT: [&str; 6] = ["script", "style", "template", "noscript", "iframe", "title"];
/// The URL schemes that the specification allows in links, and the scheme of Matrix URIs.
const LINK_SCHEMES: [&str; 6] = ["http:", "https:", "ftp:", "mailto:", "magnet:", "matrix:"];
/// The URL schemes that the specification allows for pictures.
const PICTURE_SCHEMES: [&str; 1] = ["mxc:"];

/// Returns the HTML with only the tags, attributes and link schemes that the specification allows
/// ("m.room.message msgtypes"), or none if it is nested too deeply or too long.
///
/// The quote before a reply (`mx-reply`) is removed if the message may have one. In any other message
/// its text stays, because some clients show it.
///
/// The result does not change when it is sanitised again. A parser moves misplaced tags, and what is
/// harmless in one place may be harmful in another. So a browser that parses the result must find
/// exactly what was checked here.
pub(super) fn html(raw: &str, quote: QuoteBefore) -> Option<String> {
    if raw.len() > MAX_BYTES {
        return None;
    }
    let mut safe = sanitised(raw, quote)?;
    for _ in 1..MAX_PASSES {
        let again = sanitised(&safe, quote)?;
        if again == safe {
            return Some(safe);
        }
        safe = again;
    }
    None
}

fn sanitised(raw: &str, quote: QuoteBefore) -> Option<String> {
    // The parser is recursive, and copies elements to fix wrong nesting.
    if !nesting::is_bounded(raw) {
        return None;
    }
    let html = Html::parse(raw);
    // If a tag is not allowed, its content stays as text, except for these elements.
    let rules = SanitizerConfig::compat().remove_elements(NEVER_TEXT);
    let rules = match quote {
        QuoteBefore::Never => rules.ignore_elements(["mx-reply"]),
        QuoteBefore::Perhaps | QuoteBefore::Expected => rules.remove_reply_fallback(),
    };
    html.sanitize_with(&rules);
    let mut bytes = 0;
    for node in html.children() {
        bytes += remove_bad_links(&node);
    }
    (bytes <= MAX_SAFE_BYTES).then(|| plain_text::readable(&html.to_string()))
}

/// Removes links with other schemes, and returns a lower bound for the bytes of the HTML. The
/// recursion is at most 100 levels deep, because the sanitiser removed everything deeper.
///
/// The sanitiser of ruma-html 0.8 checks the scheme of a link only if no attribute without a
/// scheme stands before it in the alphabet: `<a class="" href="javascript:…">` passes.
fn remove_bad_links(node: &NodeRef) -> usize {
    let mut bytes = 0;
    match node.data() {
        NodeData::Text(text) => bytes += text.borrow().len(),
        NodeData::Element(element) => {
            let mut attributes = element.attrs.borrow_mut();
            attributes.retain(|it| is_allowed(&element.name.local, &it.name.local, &it.value));
            bytes += attributes.iter().map(|it| it.value.len()).sum::<usize>();
        }
        _ => {}
    }
    for child in node.children() {
        bytes += remove_bad_links(&child);
    }
    bytes
}

fn is_allowed(element: &str, attribute: &str, value: &str) -> bool {
    let schemes = match (element, attribute) {
        ("a", "href") => LINK_SCHEMES.as_slice(),
        ("img", "src") => PICTURE_SCHEMES.as_slice(),
        _ => return true,
    };
    schemes.iter().any(|scheme| value.starts_with(scheme))
}

#[cfg(test)]
mod tests;
