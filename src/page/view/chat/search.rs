//! The form to search the conversation, and what was found.

use maud::{Markup, html};

use super::super::localized::{about, called, day_and_time, encoded, text};
use crate::page::model::{Address, Found, Hit, Reader};

/// The greatest length of the words to search for, in characters.
const MAX_WORDS_CHARS: usize = 200;

/// Returns the form, which is folded until it is used, and what was found.
pub(super) fn search(found: Option<&Found>, reader: &Reader, address: &Address) -> Markup {
    html! {
        details.search open[found.is_some()] {
            summary { (text(reader, "search")) }
            form role="search" method="get" action=(format!("{}#messages", address.page())) {
                input type="hidden" name="grant" value=(address.grant);
                input type="search" name="find" required maxlength=(MAX_WORDS_CHARS) dir="auto"
                    aria-label=(text(reader, "search-words")) value=[found.map(|it| &it.words)];
                button { (text(reader, "search")) }
            }
            div id="found" role="status" {
                @if let Some(found) = found { (hits(found, reader, address)) }
            }
        }
    }
}

fn hits(found: &Found, reader: &Reader, address: &Address) -> Markup {
    html! {
        @if found.hits.is_empty() {
            p dir="auto" { (about(reader, "search-nothing", "words", &found.words)) }
        }
        ol { @for hit in &found.hits { li { (link(hit, reader, address)) } } }
    }
}

/// Returns a link to a line. Without scripts, it opens the part of the conversation that ends with the line.
fn link(hit: &Hit, reader: &Reader, address: &Address) -> Markup {
    let before = hit.at.saturating_add(1);
    let href = format!("{}&before={before}_#{}", address.page(), encoded(&hit.event));
    html! {
        a.hit href=(href) data-hit=(hit.event) {
            span.soft dir="auto" { (called(reader, &hit.by)) " · " (day_and_time(reader, hit.at)) }
            span.excerpt dir="auto" {
                @for piece in &hit.pieces {
                    @if piece.is_match { mark { (piece.text) } } @else { (piece.text) }
                }
            }
        }
    }
}
