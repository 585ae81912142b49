//! Text and HTML as clients send them together, and as somebody does who wants two truths.

use super::*;

/// As it is kept.
fn differ(body: &str, html: &str) -> bool {
    let safe = markup::html(html, super::super::plain_text::QuoteBefore::Never).unwrap();
    super::differ(body, &safe)
}

#[test]
fn what_clients_send_says_one_thing() {
    let pill = "<a href=\"https://matrix.to/#/@ann:x.org\">Ann</a>: hello";
    for (body, html) in [
        ("**bold** text, bo**ld**", "<strong>bold</strong> text, bo<strong>ld</strong>"),
        (
            "a __b__ *c* _d_ ~~e~~ `f g`",
            "a <u>b</u> <em>c</em> <i>d</i> <del>e</del> <code>f g</code>",
        ),
        ("# Title\n\nfirst\nsecond", "<h1>Title</h1>\n<p>first<br />second</p>"),
        ("> said\n\nyes", "<blockquote>\n<p>said</p>\n</blockquote>\n<p>yes</p>"),
        ("- one\n- two\n  * three", "<ul><li>one</li><li>two<ul><li>three</li></ul></li></ul>"),
        ("1. one\n1. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("5) one", "<ol start=\"5\"><li>one</li></ol>"),
        (
            "```rust\nlet x = 5;\n```",
            "<pre><code class=\"language-rust\">let x = 5;\n</code></pre>",
        ),
        ("    let x", "<pre><code>let x\n</code></pre>"),
        (
            "see [here](https://x.org/a?b=1&c=2)",
            "see <a href=\"https://x.org/a?b=1&amp;c=2\">here</a>",
        ),
        ("see [here](https://x.org \"Title\")", "see <a href=\"https://x.org\">here</a>"),
        ("see https://x.org/a_b", "see <a href=\"https://x.org/a_b\">https://x.org/a_b</a>"),
        ("see <https://x.org>", "see <a href=\"https://x.org\">https://x.org</a>"),
        ("Offer: https://x.org/1", "<a href=\"https://x.org/1\">Offer</a>"),
        ("https://x.org/1", "<a href=\"https://x.org/1\">Open invoice</a>"),
        ("Ann: hello", pill),
        ("@ann:x.org: hello", pill),
        ("[Ann](https://matrix.to/#/@ann:x.org): hello", pill),
        ("hello @room", "hello @room"),
        (
            "fine :party:",
            "fine <img data-mx-emoticon src=\"mxc://x/y\" alt=\":party:\" title=\":party:\" height=\"32\">",
        ),
        (
            "fine :party:",
            "fine <img data-mx-emoticon src=\"mxc://x/y\" alt=\"party\" height=\"32\">",
        ),
        ("![plan](mxc://x/y)", "<img src=\"mxc://x/y\" alt=\"plan\">"),
        ("||he dies||", "<span data-mx-spoiler>he dies</span>"),
        ("||ending|he dies||", "<span data-mx-spoiler=\"ending\">he dies</span>"),
        (
            "[Spoiler for ending](mxc://x/y) ok",
            "<span data-mx-spoiler=\"ending\">he dies</span> ok",
        ),
        ("[Spoiler](mxc://x/y)", "<span data-mx-spoiler>he dies</span>"),
        (
            "a | b\n--|--\n1 | 2",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
        ),
        ("$x^2$", "<span data-mx-maths=\"x^2\"><code>x^2</code></span>"),
        (
            "a <b>b</b><br/>c <font color=\"red\">d</font>",
            "a <b>b</b><br>c <font color=\"red\">d</font>",
        ),
        ("5 < 6 && 7 > 6", "5 &lt; 6 &amp;&amp; 7 &gt; 6"),
        ("A &amp; B", "A &amp; B"),
        ("\u{201c}it\u{2019}s\u{201d} \u{2014} fine\u{2026}", "\"it's\" -- fine..."),
        ("1,234.50 EUR, 10 % off, -5, 10:30", "<b>1,234.50</b> EUR, 10 % off, -5, 10:30"),
        ("\u{2764}\u{fe0f} \u{1f44d}", "\u{2764} \u{1f44d}"),
        ("hello", "<font color=\"#f00\">h</font><font color=\"#0f0\">ello</font>"),
        ("one\n\n---\n\ntwo", "<p>one</p><hr><p>two</p>"),
        ("\\*not bold\\* **b**", "*not bold* <strong>b</strong>"),
    ] {
        assert!(!differ(body, html), "{body:?} and {html:?}: {:?}", words(body));
    }
}

#[test]
fn other_words_numbers_signs_and_orders_are_noticed() {
    for (body, html) in [
        ("I pay one hundred", "I pay <b>onethousandxyz</b>"),
        ("I pay 100", "I pay <b>1000</b>"),
        ("I pay 1.000", "I pay <b>1,000</b>"),
        ("I pay 10.50", "I pay <b>1050</b>"),
        ("5*6*7", "5<em>6</em>7"),
        ("-5", "<b>5</b>"),
        ("\u{20ac}100", "<b>$100</b>"),
        ("10 % off", "<b>10 off</b>"),
        ("yes?", "<b>yes</b>"),
        ("\u{1f44d}", "<b>\u{1f44e}</b>"),
        ("I do not accept", "I do <b>accept</b>"),
        ("I accept", "I do not <b>accept</b>"),
        ("Ann pays Bob", "<b>Bob</b> pays Ann"),
        ("Ann pays Bob 5", "Bob pays Ann <table><tr><td>5</td></tr></table>"),
        ("", "<b>I accept</b>"),
        ("I accept", "<b></b>"),
        ("I accept", "<img src=\"mxc://x/y\">"),
        ("I accept 500 ok", "<a href=\"https://x.org/500\">ok</a>"),
        ("pay https://good.org", "pay <a href=\"https://good.org/evil\">https://good.org/evil</a>"),
        ("pay Ann", "pay <a href=\"https://matrix.to/#/@ann:x.org\">Bob</a>"),
        ("[x](https://a.org/)", "<a href=\"https://b.org/\">x</a>"),
        ("<!-- I accept --> ok", "<b>ok</b>"),
        ("```never\nok\n```", "<pre><code>ok</code></pre>"),
        ("7. ok", "<b>ok</b>"),
        ("agree", "<table><thead><tr><th>do not</th></tr></thead><tr><td>agree</td></tr></table>"),
        ("he lives", "<span data-mx-spoiler=\"ending\">he dies</span>"),
    ] {
        assert!(differ(body, html), "{body:?} and {html:?}");
    }
}
