//! Makes links of the web and e-mail addresses that people write.

use std::sync::LazyLock;

use linkify::{LinkFinder, LinkKind};
use maud::{Markup, html};

/// What a page that is opened from ours gets to know of it: nothing. It counts as no recommendation of ours either.
pub(super) const REL: &str = "noopener noreferrer nofollow";
/// The schemes of web addresses that become links.
const SCHEMES: [&str; 2] = ["http://", "https://"];
static FINDER: LazyLock<LinkFinder> = LazyLock::new(LinkFinder::new);

/// Returns a text in which the addresses are links.
pub(super) fn with_links(text: &str) -> Markup {
    html! {
        @for span in FINDER.spans(text) {
            @match span.kind() {
                Some(LinkKind::Url) if is_web(span.as_str()) => {
                    a href=(span.as_str()) target="_blank" rel=(REL) dir="ltr" { (span.as_str()) }
                }
                Some(LinkKind::Email) => {
                    a href=(mailto(span.as_str())) rel=(REL) dir="ltr" { (span.as_str()) }
                }
                _ => (span.as_str()),
            }
        }
    }
}

fn is_web(address: &str) -> bool {
    SCHEMES
        .into_iter()
        .any(|scheme| address.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme)))
}

/// Returns the link of an e-mail address (RFC 6068). It states a receiver, and neither a subject nor words.
fn mailto(address: &str) -> String {
    let mut link = "mailto:".to_owned();
    for c in address.chars() {
        match c {
            '%' => link.push_str("%25"),
            '?' => link.push_str("%3F"),
            '&' => link.push_str("%26"),
            '#' => link.push_str("%23"),
            c => link.push(c),
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the addresses of the links in a text.
    fn links(text: &str) -> Vec<String> {
        let html = with_links(text).into_string();
        let links = html.split("<a href=\"").skip(1);
        links.map(|it| it.split('"').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn addresses_are_links_without_the_punctuation_around_them() {
        for (text, expected) in [
            ("See https://acme.example/a?b=1&c=2.", "https://acme.example/a?b=1&amp;c=2"),
            ("(http://acme.example/x_(y))", "http://acme.example/x_(y)"),
            ("HTTPS://ACME.EXAMPLE/, then", "HTTPS://ACME.EXAMPLE/"),
            ("انظر https://acme.example/عرض؟", "https://acme.example/عرض؟"),
            ("mail bea@birch.example!", "mailto:bea@birch.example"),
            ("sales?bcc=x&body=Pay@acme.example", "mailto:sales%3Fbcc=x%26body=Pay@acme.example"),
            ("https://x.example/\"onclick=alert(1)", "https://x.example/"),
        ] {
            assert_eq!(links(text), [expected], "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_link() {
        for text in [
            "javascript:alert(1)",
            "javascript://x.example/%0aalert(1)",
            "data:text/html,x",
            "ftp://acme.example/x",
            "acme.example",
            "@bea:birch.example",
            "12:30",
        ] {
            assert_eq!(with_links(text).into_string(), html! { (text) }.into_string(), "{text}");
        }
    }

    #[test]
    fn a_link_opens_elsewhere_and_the_rest_is_escaped() {
        assert_eq!(
            with_links("<b> https://x.example/ & y").into_string(),
            "&lt;b&gt; <a href=\"https://x.example/\" target=\"_blank\" \
             rel=\"noopener noreferrer nofollow\" dir=\"ltr\">https://x.example/</a> &amp; y"
        );
    }
}
