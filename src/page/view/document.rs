//! The HTML document around invoice and conversation.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{self, Asset};
use super::localized::{seen_as, text};
use super::{chat, invoice, look, notes, pay, summary};
use crate::language::Language;
use crate::page::model::{Address, Page, Reader};
use crate::wording::kind;

/// Returns the whole page.
pub fn page(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let terms = &page.transaction.terms;
    let title = reader.locale.text_with(
        "page-title",
        &[
            ("kind", kind(&terms.invoice, &page.reader.locale).into()),
            ("number", terms.invoice.number.as_str().into()),
            ("seller", terms.seller.name.as_str().into()),
        ],
    );
    let body = html! {
        a.skip href="#invoice" { (text(reader, "skip-to-invoice")) }
        a.skip href="#messages" { (text(reader, "skip-to-messages")) }
        a.skip href="#compose" { (text(reader, "skip-to-compose")) }
        (summary::header(page))
        nav.tabs aria-label=(text(reader, "tabs")) {
            a href="#invoice" { (text(reader, "tab-invoice")) }
            a href="#messages" { (text(reader, "tab-messages")) span.unread hidden {} }
        }
        main {
            div.paper {
                (look::notice(page))
                (invoice::article(page))
                (notes::section(page))
                (footer(page))
            }
            (chat::section(page))
        }
        // Outside of the invoice, which is hidden while a phone shows the messages.
        (pay::sheet(page))
    };
    let head = html! { (same_origin()) (look::colours(page)) };
    shell_with(reader, &title, "", Script::File(&assets::SCRIPT), &head, &body)
}

/// The referrer policy of all pages whose address has no secret.
fn same_origin() -> Markup {
    html! { meta name="referrer" content="same-origin"; }
}

/// The script of a document.
pub(super) enum Script {
    None,
    /// Runs once the document is there.
    File(&'static Asset),
    /// Stands in the document, and runs before the style sheet is there.
    AtOnce(&'static str),
}

/// Returns a document with this body.
pub(super) fn shell(
    reader: &Reader,
    title: &str,
    class: &str,
    script: Script,
    body: &Markup,
) -> Markup {
    shell_with(reader, title, class, script, &same_origin(), body)
}

/// Returns a document with this body. `head` has its referrer policy, and what comes after the style sheet.
pub(super) fn shell_with(
    reader: &Reader,
    title: &str,
    class: &str,
    script: Script,
    head: &Markup,
    body: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(reader.locale.tag()) dir=(if reader.locale.is_rtl() { "rtl" } else { "ltr" }) {
            head {
                meta charset="utf-8";
                meta name="viewport"
                    content="width=device-width, initial-scale=1, interactive-widget=resizes-content";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                title { (title) }
                // For previews of a link, which say nothing of what it leads to.
                @if class == "alone" {
                    meta property="og:title" content=(text(reader, "widget-title"));
                    meta property="og:description" content=(text(reader, "preview-text"));
                }
                // A style sheet that is not there yet holds back every script after it.
                @if let Script::AtOnce(script) = script {
                    script nonce=(reader.nonce) { (PreEscaped(script)) }
                }
                link rel="icon" href=(assets::ICON.href()) type="image/svg+xml";
                link rel="stylesheet" href=(assets::STYLE.href()) nonce=(reader.nonce);
                (head)
                @if let Script::File(script) = script {
                    script type="module" src=(script.href()) nonce=(reader.nonce) {}
                }
            }
            body class=[Some(class).filter(|class| !class.is_empty())] { (body) }
        }
    }
}

/// Returns the footer: the languages, the name of the visitor, and the button to sign out.
fn footer(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    html! {
        footer.foot {
            (languages(reader, Some(&page.address)))
            p dir="auto" { (seen_as(page)) }
            form method="post" action=(page.address.part("leave")) {
                button.plain { (text(reader, "leave")) }
            }
        }
    }
}

/// Returns the links to this page in each language. `address` names the grant of the visitor.
pub(super) fn languages(reader: &Reader, address: Option<&Address>) -> Markup {
    let grant = address.map(|address| format!("grant={}&", address.grant)).unwrap_or_default();
    let current = reader.locale.language();
    html! {
        nav.languages aria-label=(text(reader, "language")) {
            ul {
                @for language in Language::ALL {
                    @let tag = language.tag();
                    li {
                        a href=(format!("?{grant}lang={tag}")) lang=(tag) hreflang=(tag)
                            aria-current=[(language == current).then_some("true")] {
                            (language.own_name())
                        }
                    }
                }
            }
        }
    }
}
