//! Bounds the nesting of HTML and the number of elements that a parser can make of it, without
//! parsing it. HTML that is refused here could take very long to parse, or overflow the stack.
//!
//! If all tags are well formed and allowed, an end tag ends its element. In any other HTML, no
//! element is assumed to end: an apparent end tag may be in a comment or an attribute, or belong to
//! an element that the parser ignores.

/// The maximum nesting of tags that is parsed. The specification recommends a limit of 100 to
/// clients.
const MAX_DEPTH: usize = 200;
/// The maximum number of tags that are parsed. The cost of siblings grows with their square.
const MAX_TAGS: usize = 10_000;
/// The maximum number of elements that a parser may make. With each tag, a parser may open all
/// elements again that the tag before closed too early.
const MAX_ELEMENTS: usize = 100_000;

/// Elements whose end tags count: those that the specification allows, and two that it allowed
/// before. None of them makes a parser read the following text by other rules.
const ALLOWED: [&str; 40] = [
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "del",
    "details",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "mx-reply",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];
/// Elements without content.
const VOID: [&str; 3] = ["br", "hr", "img"];
/// Elements that end where the next one with the same name begins.
const ENDED_BY_NEXT: [&str; 5] = ["li", "p", "td", "th", "tr"];

/// Returns whether HTML can be parsed in bounded time, memory and stack.
pub(super) fn is_bounded(raw: &str) -> bool {
    let tags = raw.bytes().filter(|byte| *byte == b'<').count();
    let depth = depth_of_well_formed(raw).unwrap_or_else(|| starts(raw));
    depth <= MAX_DEPTH && tags <= MAX_TAGS && depth.max(1) * tags <= MAX_ELEMENTS
}

/// Returns an upper bound for the number of start tags.
fn starts(raw: &str) -> usize {
    raw.as_bytes().array_windows().filter(|[a, b]| *a == b'<' && b.is_ascii_alphabetic()).count()
}

/// Returns how deep tags nest, or none if not all of them are well formed and allowed.
fn depth_of_well_formed(raw: &str) -> Option<usize> {
    let mut open: Vec<&str> = Vec::new();
    let mut deepest = 0;
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(end) = rest.strip_prefix('/') {
            let name = known_name(end)?;
            rest = end[name.len()..].trim_start_matches(SPACES).strip_prefix('>')?;
            // A parser may ignore any other end tag, or end more than one element with it.
            open.pop_if(|it| *it == name);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let name = known_name(rest)?;
            rest = after_attributes(&rest[name.len()..])?;
            if ENDED_BY_NEXT.contains(&name) {
                open.pop_if(|it| *it == name);
            }
            if !VOID.contains(&name) {
                open.push(name);
            }
            deepest = deepest.max(open.len());
        } else if rest.starts_with(['!', '?']) {
            return None;
        }
    }
    Some(deepest)
}

/// The white space of HTML.
const SPACES: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// Returns the name at the beginning of a tag, in lower case, if it is an allowed one.
fn known_name(tag: &str) -> Option<&'static str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = &tag[..tag.find(|c| !is_name(c))?];
    ALLOWED.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// Returns the text after a start tag, given the text after its name.
fn after_attributes(mut rest: &str) -> Option<&str> {
    loop {
        let trimmed = rest.trim_start_matches(SPACES);
        if let Some(after) = trimmed.strip_prefix("/>").or_else(|| trimmed.strip_prefix('>')) {
            return Some(after);
        }
        if trimmed.len() == rest.len() {
            return None;
        }
        rest = after_attribute(trimmed)?;
    }
}

/// Returns the text after the attribute at the beginning of `rest`.
fn after_attribute(rest: &str) -> Option<&str> {
    let ends_name = |c| SPACES.contains(&c) || "\"'<>/=".contains(c);
    let end = rest.find(ends_name).filter(|end| *end > 0)?;
    let rest = &rest[end..];
    let Some(value) = rest.strip_prefix('=') else { return Some(rest) };
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split_once(quote).map(|(_, after)| after);
        }
    }
    let ends_value = |c| SPACES.contains(&c) || "\"'<>=`".contains(c);
    let end = value.find(ends_value).filter(|end| *end > 0)?;
    Some(&value[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_end_do_not_nest() {
        for (raw, depth) in [
            ("no tags, 1 < 2", 0),
            ("<b>x</b><i>y</i>", 1),
            ("<p>one<br>two<p>three<hr/>", 1),
            ("<ul><li>a<li>b<ul><li>c</ul></ul>", 4),
            ("<A HREF='x>y' title=\"</a>\" target=_blank>x</A ><b>", 1),
            ("<div></p></div>", 1),
            ("<b><i></b></i>", 2),
        ] {
            assert_eq!(depth_of_well_formed(raw), Some(depth), "{raw}");
        }
    }

    #[test]
    fn what_can_hide_an_end_tag_is_not_well_formed() {
        for raw in [
            "<div><!--</div>-->",
            "<div></ ></div>",
            "<div><?x </div>?>",
            "<div><br title=\"</div>",
            "<div><br x\" y=\"</div>\">",
            "<div><br title = \"</div>\">",
            "<xmp><p title=\"</xmp><div>",
            "<svg><b></b></svg>",
            "<b",
            "<b x=\"1\"y>",
        ] {
            assert_eq!(depth_of_well_formed(raw), None, "{raw}");
        }
    }

    #[test]
    fn what_a_parser_could_make_too_much_of_is_refused() {
        let fonts: String = (0..100).map(|it| format!("<font color={it}>")).collect();
        for raw in [
            "<div>".repeat(300),
            "<div></x>".repeat(300),
            "<div><!--</div>-->".repeat(300),
            "<div><br title=\"</div>\">".repeat(300),
            "<div><br a=\"\"b=\"</div>\">".repeat(300),
            "<br>".repeat(20_000),
            format!("<p>{fonts}</p>{}", "<div>x</div>".repeat(2_000)),
        ] {
            assert!(!is_bounded(&raw), "{}", &raw[..40]);
        }
        for raw in [
            "<b>x</b> ".repeat(4_000),
            "<p>one<br>".repeat(3_000),
            "<table><tr><td>x</td></tr></table>".repeat(1_000),
            "<!-- as Pandoc writes --><p>x</p>".repeat(20),
        ] {
            assert!(is_bounded(&raw), "{}", &raw[..40]);
        }
    }
}
