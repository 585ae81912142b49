//! How deep HTML nests and how much a parser can make of it, told without parsing it: what is
//! refused here would be slow, or end the process with its stack used up.
//!
//! Where all tags are well formed and allowed, an end tag ends what its start tag began. Anywhere
//! else nothing is believed to have an end: what looks like an end tag may stand in a comment or
//! an attribute, or belong to an element that a parser ignores.

/// Deepest nesting of tags that is parsed. The spec asks clients for 100.
const MAX_DEPTH: usize = 200;
/// Most tags that are parsed; siblings cost their square.
const MAX_TAGS: usize = 10_000;
/// Most elements that a parser may make: with each tag, it may open everything again that the
/// tag before closed too early.
const MAX_ELEMENTS: usize = 100_000;

/// Elements of which an end tag is believed: those that the spec allows, with two that it did
/// once. None of them makes a parser read what follows by other rules.
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
/// Elements that hold nothing.
const VOID: [&str; 3] = ["br", "hr", "img"];
/// Elements that the next of their name ends.
const ENDED_BY_NEXT: [&str; 5] = ["li", "p", "td", "th", "tr"];

/// Whether it can be parsed in bounded time, memory and stack.
pub(super) fn is_bounded(raw: &str) -> bool {
    let tags = raw.bytes().filter(|byte| *byte == b'<').count();
    let depth = depth_of_well_formed(raw).unwrap_or_else(|| starts(raw));
    depth <= MAX_DEPTH && tags <= MAX_TAGS && depth.max(1) * tags <= MAX_ELEMENTS
}

/// How many tags there can be at most that begin an element.
fn starts(raw: &str) -> usize {
    raw.as_bytes().array_windows().filter(|[a, b]| *a == b'<' && b.is_ascii_alphabetic()).count()
}

/// How deep tags nest; none if not all of them are well formed and allowed.
fn depth_of_well_formed(raw: &str) -> Option<usize> {
    let mut open: Vec<&str> = Vec::new();
    let mut deepest = 0;
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(end) = rest.strip_prefix('/') {
            let name = known_name(end)?;
            rest = end[name.len()..].trim_start_matches(SPACES).strip_prefix('>')?;
            // Any other end tag may be ignored, or end more than one element.
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

/// White space in HTML.
const SPACES: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// The name that a tag begins with, in lower case, if it is an allowed one.
fn known_name(tag: &str) -> Option<&'static str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = &tag[..tag.find(|c| !is_name(c))?];
    ALLOWED.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// What follows a start tag, given what follows its name.
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
