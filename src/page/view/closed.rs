//! The pages for people who may not see the invoice. They show nothing of it, and tell what to do.

use maud::{Markup, html};
use ulid::Ulid;

use super::assets;
use super::document::{Script, languages, shell, shell_with};
use super::localized::{filled, text};
use crate::page::model::Reader;

/// The reason why a person does not see the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The link is invalid.
    Wrong,
    /// The link has expired.
    Expired,
    /// The shop has revoked the link.
    Revoked,
    /// There is no valid cookie.
    SignedOut,
    /// There is no such page.
    NotFound,
    /// The page was made for a person who is not signed in in this browser any more, but another
    /// person is.
    OtherSpeaker,
    /// The request changes something and does not name a grant.
    Nameless,
}

/// How a link of one's own can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The transaction.
    pub transaction: Ulid,
    /// Whether it is also sent by e-mail.
    pub by_mail: bool,
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

/// Returns the title and the text for scripts.
pub fn closed_texts(kind: Closed, reader: &Reader) -> [String; 2] {
    ["title", "text"].map(|part| text(reader, &format!("{}-{part}", kind.id())))
}

/// Returns the page with the reason. It loads no script. `has_address` tells whether the address of
/// the page shows it again, so that it can be opened in another language. It offers to `ask` for a link.
pub fn closed(kind: Closed, reader: &Reader, has_address: bool, ask: Option<Ask>) -> Markup {
    let title = text(reader, &format!("{}-title", kind.id()));
    let is_about_speaker = matches!(kind, Closed::OtherSpeaker | Closed::Nameless);
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                p { (text(reader, &format!("{}-text", kind.id()))) }
                @if let Some(ask) = ask { (ask_for_link(ask, reader)) }
                p.soft { (text(reader, "closed-sign-in")) }
            }
            // Another language would be another request, which may get another answer.
            @if has_address && !is_about_speaker { (languages(reader, None)) }
        }
    };
    shell(reader, &title, "alone", Script::None, &body)
}

/// Returns the page for any other problem, with its title and text. It gives back the text that was `refused`, to copy.
pub fn problem([title, detail]: &[String; 2], refused: Option<&str>, reader: &Reader) -> Markup {
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                p { (detail) }
                @if let Some(refused) = refused {
                    textarea rows="10" readonly dir="auto" aria-label=(title) { "\n" (refused) }
                }
                p.soft { (text(reader, "problem-go-back")) }
            }
        }
    };
    shell(reader, title, "alone", Script::None, &body)
}

/// Returns a page whose form signs its reader in. A script sends the form automatically. The
/// address itself changes nothing when it is opened, so that link previews and scanners do not use
/// up the token.
///
/// If it leads to the download of the conversation, `to` says so.
pub fn entrance(action: &str, token: &str, to: Option<&str>, reader: &Reader) -> Markup {
    let about = if to.is_some() { "entrance-download" } else { "entrance-open" };
    let title = text(reader, about);
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                form method="post" action=(action) id="entrance" {
                    input type="hidden" name="token" value=(token);
                    @if let Some(to) = to { input type="hidden" name="to" value=(to); }
                    p { (text(reader, &format!("{about}-text"))) }
                    p { button.button { (title) } }
                }
            }
        }
    };
    // The request of the form names the site from which it comes, but not the address, which has
    // the token.
    let origin_only = html! { meta name="referrer" content="strict-origin"; };
    shell_with(reader, &title, "alone", Script::AtOnce(assets::ENTRANCE), &origin_only, &body)
}

/// Returns the reason as a part of a page that was open when its grant ended.
pub fn closed_notice(kind: Closed, reader: &Reader) -> Markup {
    html! {
        section.closed tabindex="-1" {
            h1 { (text(reader, &format!("{}-title", kind.id()))) }
            p { (text(reader, &format!("{}-text", kind.id()))) }
            p.soft { (text(reader, "closed-sign-in")) }
        }
    }
}

/// Returns the form by which a contact gets a link of their own.
fn ask_for_link(Ask { transaction, by_mail }: Ask, reader: &Reader) -> Markup {
    let [label, about, example] = if by_mail {
        ["ask-label-or-mail", "ask-about-or-mail", "name@example.org"]
    } else {
        ["ask-label", "ask-about", "@name:example.org"]
    };
    html! {
        form.ask method="post" action=(format!("/t/{transaction}/sign-in/ask")) {
            label for="user" { (text(reader, label)) }
            input id="user" name="user" required maxlength="255" dir="ltr" autocomplete="username"
                autocapitalize="none" spellcheck="false" placeholder=(example)
                aria-describedby="ask-about";
            button.send { (text(reader, "ask-send")) }
            p.soft id="ask-about" { (text(reader, about)) }
        }
    }
}

/// Returns the answer to that form. It is the same for everybody.
pub fn asked(user: &str, bot: &str, reader: &Reader) -> Markup {
    let title = text(reader, "asked-title");
    // A Matrix ID begins with an @, and an e-mail address does not.
    let [told, again] = match user.starts_with('@') {
        true => ["asked-text", "asked-again"],
        false => ["asked-by-mail-text", "asked-by-mail-again"],
    };
    let [user, bot] = [user, bot].map(|it| html! { bdi { strong { (it) } } });
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                p { (filled(reader, told, &[("user", user), ("bot", bot)])) }
                p.soft { (text(reader, again)) }
            }
        }
    };
    shell(reader, &title, "alone", Script::None, &body)
}

/// Returns the page whose button ends the mails to whom the token names.
pub fn unsubscribe(token: &str, reader: &Reader) -> Markup {
    let title = text(reader, "unsubscribe-title");
    let body = html! {
        main {
            section.closed {
                h1 { (title) }
                form method="post" action=(format!("/u/{token}")) {
                    p { (text(reader, "unsubscribe-text")) }
                    p { button.button { (text(reader, "unsubscribe-send")) } }
                }
            }
            (languages(reader, None))
        }
    };
    shell(reader, &title, "alone", Script::None, &body)
}

/// Returns the answer to that form.
pub fn unsubscribed(reader: &Reader) -> Markup {
    let title = text(reader, "unsubscribed-title");
    let body = html! {
        main { section.closed { h1 { (title) } p { (text(reader, "unsubscribed-text")) } } }
    };
    shell(reader, &title, "alone", Script::None, &body)
}
