//! From the HTML that a client sent to HTML that is safe to keep and to show.

mod nesting;
mod reading;

pub(super) use reading::{BLOCKS, Part, Place, Reading, plain_text, reading};

use ruma::html::{Html, NodeData, NodeRef, SanitizerConfig};

use super::plain_text::{self, QuoteBefore};

/// Longest HTML that is looked at, in bytes: no event is longer.
const MAX_BYTES: usize = 64 * 1024;
/// Longest HTML that is kept, in bytes: what was sent, with every character written as five.
const MAX_SAFE_BYTES: usize = 5 * MAX_BYTES;
/// How often HTML is read and written until it stays as it is.
const MAX_PASSES: usize = 6;

/// Elements whose content is not for reading.
const NEVER_TEXT: [&str; 6] = ["script", "style", "template", "noscript", "iframe", "title"];
/// What the spec lets links begin with, and what identifies Matrix rooms and users.
const LINK_SCHEMES: [&str; 6] = ["http:", "https:", "ftp:", "mailto:", "magnet:", "matrix:"];
/// What the spec lets the addresses of pictures begin with.
const PICTURE_SCHEMES: [&str; 1] = ["mxc:"];

/// The HTML with only the tags, attributes and link schemes that the spec allows ("m.room.message
/// msgtypes"). None if it is too deep or too long to be looked at.
///
/// The quote of what a message answers (`mx-reply`) is left out where there may be one. In any
/// other message its words stay: some clients show them.
///
/// Read and written once more, it stays as it is. So whoever reads it sees what was checked here:
/// a parser moves misplaced tags, and what was harmless in one place may not be so in another.
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
    // Parsing calls itself for each level, and copies what fixes wrong nesting.
    if !nesting::is_bounded(raw) {
        return None;
    }
    let html = Html::parse(raw);
    // The content of a tag that is not allowed stays as text; of these it was never meant to be.
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

/// Removes what links must not lead to; tells how many bytes there are at least. Calls itself at
/// most 100 levels deep: the sanitiser removed whatever was deeper.
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
