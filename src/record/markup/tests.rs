//! HTML as clients write it, and as attackers do.

use super::*;

/// Of a message that may answer another.
fn html(raw: &str) -> Option<String> {
    super::html(raw, QuoteBefore::Perhaps)
}

#[test]
fn only_what_the_spec_allows_is_left_of_html() {
    for raw in [
        "<script>alert(1)</script>x",
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"data:text/html,<script>\">x</a>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<p style=\"position:fixed\">x</p>",
        "<iframe src=//evil.example></iframe>",
        "<img src=\"https://evil.example/pixel.png\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<form action=//evil.example><input></form>",
        "<a href=\" java\nscript:alert(1)\">x</a>",
    ] {
        let safe = html(raw).unwrap().to_ascii_lowercase();
        for bad in [
            "<script",
            "onerror=alert(1)>",
            "javascript:",
            "<svg",
            "<iframe",
            "style=",
            "<form",
            "https://evil",
            "href=\"data:",
        ] {
            assert!(!safe.contains(bad), "{raw} became {safe}");
        }
    }
    let kept = "<p><strong>1,234.50</strong> <a href=\"https://x.example/\">x</a></p>";
    assert!(html(kept).unwrap().contains("<strong>1,234.50</strong>"));
    assert!(html(kept).unwrap().contains("https://x.example/"));
}

#[test]
fn html_too_deep_to_parse_is_not_parsed() {
    assert_eq!(html(&"<div>".repeat(30_000)), None);
    assert_eq!(html(&"<b><i>".repeat(3_000)), None);
    assert!(html(&"<p>one<br>".repeat(3_000)).is_some());
    assert!(html(&"<table><tr><td>x</td></tr></table>".repeat(1_000)).is_some());
}

#[test]
fn the_quote_of_a_reply_is_left_out() {
    let raw = "<mx-reply><blockquote>secret</blockquote></mx-reply>yes";
    assert_eq!(html(raw).unwrap(), "yes");
    assert_eq!(html("a<mx-reply><mx-reply>b</mx-reply>c</mx-reply>d").unwrap(), "ad");
    // A message that answers nothing has no such quote: what some clients show is not hidden.
    let own = super::html("<mx-reply>I pay 500</mx-reply>, yes", QuoteBefore::Never);
    assert_eq!(own.unwrap(), "I pay 500, yes");
}

#[test]
fn no_attribute_hides_a_bad_link_from_the_sanitiser() {
    for raw in [
        "<a class=x href=javascript:alert(1)>x</a>",
        "<a CLASS HREF='data:text/html,x'>x</a>",
        "<img alt=x src=https://evil.example/pixel.png>",
        "<svg><a aaa=1 href=javascript:alert(1)>x</a></svg>",
    ] {
        let safe = html(raw).unwrap();
        assert!(!safe.contains("href") && !safe.contains("src"), "{raw} became {safe}");
    }
    let kept = "<a href=\"https://x.example/\" target=\"_blank\">x</a>";
    assert_eq!(html(&kept.replace("<a", "<a class=x")).unwrap(), kept);
    let kept = "<img alt=\":)\" height=\"32\" src=\"mxc://x/y\">";
    assert_eq!(html(kept).unwrap(), kept);
}

#[test]
fn what_is_kept_stays_as_it_is_when_it_is_read_again() {
    for raw in [
        "<pre>\n\nx</pre>",
        "<a><table><a>",
        "<svg><style><img src=x onerror=y></style></svg>",
        "<p><font color=red data-mx-color=blue><p>x",
        "<math><a href=\"javascript:x\">",
        "a&#13;b&#0;c",
    ] {
        let safe = html(raw).unwrap();
        assert_eq!(html(&safe).unwrap(), safe, "{raw}");
    }
    // Line breaks at the start of `pre`: each reading takes one away.
    assert_eq!(html(&format!("<pre>{}x</pre>", "\n".repeat(50))), None);
}

#[test]
fn html_that_would_grow_too_much_is_left_out() {
    let colour = "c".repeat(30_000);
    let raw = format!("<p><font color={colour}></p>{}", "<div>x</div>".repeat(1_000));
    assert_eq!(html(&raw), None);
    assert_eq!(html(&"x".repeat(MAX_BYTES + 1)), None);
    assert!(html(&"&".repeat(MAX_BYTES)).is_some());
}
