//! Elements as the text of a file.

use super::element::Element;

/// The namespaces that an invoice in UBL declares, beside that of its first element.
const OF_UBL: &str = " xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
                      xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\"";
/// The namespaces that an invoice in CII declares.
const OF_CII: &str = " xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\" \
                      xmlns:ram=\"urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100\" \
                      xmlns:udt=\"urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100\" \
                      xmlns:qdt=\"urn:un:unece:uncefact:data:standard:QualifiedDataType:100\"";

/// Writes a file in UTF-8, with a line for each element.
pub(super) fn print(root: &Element) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let (name, namespaces) = match root.name.strip_prefix("ubl:") {
        Some(name) => {
            let own = format!(" xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{name}-2\"");
            (name, own + OF_UBL)
        }
        None => (root.name, OF_CII.to_owned()),
    };
    element(root, name, &namespaces, 0, &mut out);
    out
}

fn element(it: &Element, name: &str, namespaces: &str, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    out.push_str(&indent);
    out.push('<');
    out.push_str(name);
    out.push_str(namespaces);
    for (name, value) in &it.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(value, out);
        out.push('"');
    }
    if it.text.is_empty() && it.children.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push('>');
    escape(&it.text, out);
    if !it.children.is_empty() {
        out.push('\n');
        for child in &it.children {
            element(child, child.name, "", depth + 1, out);
        }
        out.push_str(&indent);
    }
    out.push_str("</");
    out.push_str(name);
    out.push_str(">\n");
}

/// Writes a text. A character that XML 1.0 cannot hold (section 2.2) is left out.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_has_a_meaning_for_is_written_as_text() {
        let mut root = Element::with_text("ubl:Invoice", "a <b> & \"c\"\u{ffff}\u{1}");
        root.set("name", "\"x\"");
        let text = print(&root);
        assert!(text.contains(">a &lt;b&gt; &amp; &quot;c&quot;</Invoice>"), "{text}");
        assert!(text.contains("name=\"&quot;x&quot;\""), "{text}");
        assert!(quick_xml::Reader::from_str(&text).read_event().is_ok());
    }
}
