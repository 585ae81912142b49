//! Reads the text of sanitised HTML, and the parts that a plain text may write in another way.

use std::collections::BTreeSet;

use ruma::html::{Html, NodeData, NodeRef};

/// Block elements, which begin and end a line.
pub(in crate::record) const BLOCKS: [&str; 22] = [
    "blockquote",
    "caption",
    "details",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "summary",
    "table",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "ul",
];
/// The maximum number of links, pictures and formulas in [`Reading::parts`]. Further ones are only
/// text.
const MAX_PARTS: usize = 100;

/// The text of HTML, and what a plain text with the same meaning may write in another way.
#[derive(Debug, Default)]
pub(in crate::record) struct Reading {
    /// The text, in order.
    pub(in crate::record) runs: Vec<Run>,
    /// The links, pictures and formulas.
    pub(in crate::record) parts: Vec<Part>,
    /// The hidden texts of spoilers, each with the reason before it.
    pub(in crate::record) spoilers: Vec<String>,
    /// The programming languages of code blocks.
    pub(in crate::record) languages: BTreeSet<String>,
    /// The names of the elements.
    pub(in crate::record) elements: BTreeSet<String>,
    /// Whether there are formulas.
    pub(in crate::record) has_maths: bool,
}

/// A stretch of text in one kind of place.
#[derive(Debug)]
pub(in crate::record) struct Run {
    pub(in crate::record) place: Place,
    pub(in crate::record) text: String,
}

/// The kind of place of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::record) enum Place {
    /// Not in a table.
    Flow,
    /// In a cell of a table.
    Cell,
    /// In the head of a column or row.
    Head,
}

/// A link, picture or formula, which a plain text may write in another way.
#[derive(Debug)]
pub(in crate::record) struct Part {
    /// The text in the HTML.
    pub(in crate::record) text: String,
    /// The forms in a plain text, longest first: an address, a Matrix id, the source of a formula.
    pub(in crate::record) forms: Vec<String>,
}

/// Returns the text of sanitised HTML without markup, with each block on its own line.
pub(in crate::record) fn plain_text(html: &str) -> String {
    let all: String = reading(html).runs.into_iter().map(|run| run.text).collect();
    let lines = all.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads sanitised HTML.
pub(in crate::record) fn reading(html: &str) -> Reading {
    let mut reading = Reading::default();
    for node in Html::parse(html).children() {
        reading.read(&node, Place::Flow);
    }
    reading
}

impl Reading {
    /// Reads one node. The recursion is at most 100 levels deep, because the sanitiser removed
    /// everything deeper.
    fn read(&mut self, node: &NodeRef, place: Place) {
        let element = match node.data() {
            NodeData::Text(text) => return self.add_text(place, &text.borrow()),
            NodeData::Element(element) => element,
            _ => return,
        };
        let name = &*element.name.local;
        self.elements.insert(name.to_owned());
        let attributes = element.attrs.borrow();
        let attribute = |key: &str| {
            let found = attributes.iter().find(|it| &*it.name.local == key);
            found.map(|it| it.value.to_string())
        };
        match name {
            "br" => self.add_text(place, "\n"),
            "img" => {
                let alt = attribute("alt").filter(|alt| !alt.trim().is_empty());
                let title = attribute("title");
                let text = alt.or_else(|| title.clone()).unwrap_or_default();
                self.add_text(place, &text);
                self.add_part(text, [attribute("src"), title].into_iter().flatten().collect());
            }
            "td" | "th" => {
                let place = if name == "td" { Place::Cell } else { Place::Head };
                self.add_text(place, "\t");
                self.read_children(node, place);
                self.add_text(place, "\t");
            }
            "a" => {
                let text = self.read_children(node, place);
                self.add_part(
                    text,
                    attribute("href").map(|href| forms_of(&href)).unwrap_or_default(),
                );
            }
            "span" | "div" if attribute("data-mx-maths").is_some() => {
                self.has_maths = true;
                let text = self.read_children(node, place);
                self.add_part(text, attribute("data-mx-maths").into_iter().collect());
            }
            "span" if attribute("data-mx-spoiler").is_some() => {
                let reason = attribute("data-mx-spoiler").filter(|it| !it.is_empty());
                let reason = reason.map(|it| format!("({it}) ")).unwrap_or_default();
                self.add_text(place, &reason);
                let hidden = self.read_children(node, place);
                self.spoilers.push(format!("{reason}{hidden}"));
            }
            "code" => {
                let classes = attribute("class").unwrap_or_default();
                let languages = classes.split(' ').filter_map(|it| it.strip_prefix("language-"));
                self.languages.extend(languages.map(str::to_owned));
                self.read_children(node, place);
            }
            block if BLOCKS.contains(&block) => {
                self.add_text(place, "\n");
                self.read_children(node, place);
                self.add_text(place, "\n");
            }
            _ => {
                self.read_children(node, place);
            }
        }
    }

    /// Reads the children of a node, and returns their text.
    fn read_children(&mut self, node: &NodeRef, place: Place) -> String {
        let before: usize = self.runs.iter().map(|run| run.text.len()).sum();
        for child in node.children() {
            self.read(&child, place);
        }
        let mut skip = before;
        let mut words = String::new();
        for run in &self.runs {
            match run.text.get(skip..) {
                Some(rest) => {
                    words.push_str(rest);
                    skip = 0;
                }
                None => skip -= run.text.len(),
            }
        }
        words
    }

    fn add_text(&mut self, place: Place, text: &str) {
        match self.runs.last_mut() {
            Some(run) if run.place == place => run.text.push_str(text),
            _ => self.runs.push(Run { place, text: text.to_owned() }),
        }
    }

    fn add_part(&mut self, text: String, mut forms: Vec<String>) {
        forms.retain(|form| !form.trim().is_empty());
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        if self.parts.len() < MAX_PARTS && !forms.is_empty() {
            self.parts.push(Part { text, forms });
        }
    }
}

/// Returns the forms in which a plain text may write the target of a link: its address, or the Matrix
/// id in that address ("matrix.to navigation", "Matrix URI scheme").
fn forms_of(href: &str) -> Vec<String> {
    let decoded = form_urlencoded::parse(
        format!("x={}", href.replace('+', "%2B").replace('&', "%26")).as_bytes(),
    )
    .next()
    .map(|(_, value)| value.into_owned())
    .unwrap_or_default();
    let id = decoded.strip_prefix("https://matrix.to/#/").map(str::to_owned);
    let uri = decoded.strip_prefix("matrix:").and_then(|path| {
        let (kind, rest) = path.split_once('/')?;
        let sigil = match kind {
            "u" => '@',
            "r" => '#',
            "roomid" => '!',
            _ => return None,
        };
        Some(format!("{sigil}{rest}"))
    });
    let id = id.or(uri).map(|id| id.split('?').next().unwrap_or_default().to_owned());
    let address = href.strip_prefix("mailto:").map(str::to_owned);
    [Some(href.to_owned()), Some(decoded), id, address].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_reads_as_its_words() {
        for (html, words) in [
            ("a<b>b</b>c<br>d<p>e</p>f", "abc\nd\ne\nf"),
            ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
            ("<table><tr><td>1</td><td>2</td></tr></table>", "1\t\t2"),
            ("<img src=\"mxc://x/y\" alt=\":party:\"> <img src=\"mxc://x/y\">", ":party:"),
            ("<span data-mx-spoiler=\"ending\">he dies</span>", "(ending) he dies"),
            ("&lt;b&gt; &amp; x", "<b> & x"),
        ] {
            assert_eq!(plain_text(html), words, "{html}");
        }
    }

    #[test]
    fn a_link_is_known_by_what_it_leads_to() {
        assert!(forms_of("https://matrix.to/#/%40a%3Ax.org").contains(&"@a:x.org".to_owned()));
        assert!(forms_of("matrix:u/a:x.org?action=chat").contains(&"@a:x.org".to_owned()));
        assert!(forms_of("mailto:a@x.org").contains(&"a@x.org".to_owned()));
    }
}
