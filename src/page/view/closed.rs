//! What those see who may not see the invoice: nothing of it, but what to do.

use maud::{Markup, html};

use super::document::{languages, shell};
use super::words::text;
use crate::page::model::Reader;

/// Why somebody sees nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The address is damaged.
    Wrong,
    /// The link is too old.
    Expired,
    /// The shop withdrew the link.
    Revoked,
    /// There is no valid cookie.
    SignedOut,
    /// There is no such page.
    NotFound,
}

impl Closed {
    fn id(self) -> &'static str {
        match self {
            Self::Wrong => "closed-wrong",
            Self::Expired => "closed-expired",
            Self::Revoked => "closed-revoked",
            Self::SignedOut => "closed-signed-out",
            Self::NotFound => "closed-not-found",
        }
    }
}

/// Title and text of it, for scripts.
pub fn closed_words(kind: Closed, reader: &Reader) -> [String; 2] {
    ["title", "text"].map(|part| text(reader, &format!("{}-{part}", kind.id())))
}

/// The page for it; it loads no script.
pub fn closed(kind: Closed, reader: &Reader) -> Markup {
    let title = text(reader, &format!("{}-title", kind.id()));
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                (words(kind, reader))
            }
            (languages(reader))
        }
    };
    shell(reader, &title, "alone", None, &body)
}

/// The same as a part of a page that was open when its link ended.
pub fn closed_notice(kind: Closed, reader: &Reader) -> Markup {
    html! {
        section.closed tabindex="-1" {
            h1 { (text(reader, &format!("{}-title", kind.id()))) }
            (words(kind, reader))
        }
    }
}

fn words(kind: Closed, reader: &Reader) -> Markup {
    html! {
        p { (text(reader, &format!("{}-text", kind.id()))) }
        p.soft { (text(reader, "closed-sign-in")) }
    }
}
