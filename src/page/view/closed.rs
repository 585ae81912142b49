//! What those see who may not see the invoice: nothing of it, but what to do.

use maud::{Markup, html};

use super::assets;
use super::document::{languages, shell, shell_with};
use super::localized::text;
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
    /// The page was made for somebody who is not signed in in this browser any more, while
    /// somebody else is.
    OtherSpeaker,
    /// The request changes something and does not say for whom.
    Nameless,
}

impl Closed {
    fn id(self) -> &'static str {
        match self {
            Self::Wrong => "closed-wrong",
            Self::Expired => "closed-expired",
            Self::Revoked => "closed-revoked",
            Self::SignedOut => "closed-signed-out",
            Self::NotFound => "closed-not-found",
            Self::OtherSpeaker => "closed-other-speaker",
            Self::Nameless => "closed-nameless",
        }
    }
}

/// Title and text of it, for scripts.
pub fn closed_texts(kind: Closed, reader: &Reader) -> [String; 2] {
    ["title", "text"].map(|part| text(reader, &format!("{}-{part}", kind.id())))
}

/// The page for it; it loads no script. `has_address`: its address shows it again, so that it can be
/// read in another language.
pub fn closed(kind: Closed, reader: &Reader, has_address: bool) -> Markup {
    let title = text(reader, &format!("{}-title", kind.id()));
    let is_about_speaker = matches!(kind, Closed::OtherSpeaker | Closed::Nameless);
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                (words(kind, reader))
            }
            // Another language would be another request, which might be answered otherwise.
            @if has_address && !is_about_speaker { (languages(reader, None)) }
        }
    };
    shell(reader, &title, "alone", None, &body)
}

/// The page for whatever else was not done: title and text.
pub fn problem([title, detail]: &[String; 2], reader: &Reader) -> Markup {
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                p { (detail) }
                p.soft { (text(reader, "problem-go-back")) }
            }
        }
    };
    shell(reader, title, "alone", None, &body)
}

/// A page whose form signs its reader in, by itself where scripts run: looking at an address
/// changes nothing, so that previews and scanners use nothing up.
pub fn entrance(action: &str, token: &str, reader: &Reader) -> Markup {
    let title = text(reader, "entrance-title");
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                form method="post" action=(action) id="entrance" {
                    input type="hidden" name="token" value=(token);
                    p { (text(reader, "entrance-text")) }
                    p { button.button { (text(reader, "entrance-open")) } }
                }
            }
        }
    };
    // The form's request says from which site it comes, and nothing of the address.
    let origin_only = html! { meta name="referrer" content="strict-origin"; };
    shell_with(reader, &title, "alone", Some(&assets::ENTRANCE), &origin_only, &body)
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
