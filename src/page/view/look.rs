//! What the shop sets of the look of the page: its logo, its colours, and a notice.

use maud::{Markup, PreEscaped, html};

use crate::config::{Colour, Ground, Shades};
use crate::page::model::Page;

/// Returns the logo. The name of the seller stands beside it, so it has no text of its own.
pub(super) fn logo(page: &Page<'_>) -> Markup {
    html! {
        @if let Some(logo) = page.look.and_then(|it| it.logo_file.as_ref()) {
            @let (width, height) = logo.pixels;
            img.logo src=(logo.href()) alt="" width=(width) height=(height);
        }
    }
}

/// Returns the notice above the invoice, if there is one for this reader.
pub(super) fn notice(page: &Page<'_>) -> Markup {
    let words = page.look.and_then(|it| it.notice.as_ref());
    html! {
        @if let Some(words) = words.and_then(|it| it.for_language(page.reader.locale.language())) {
            p.shop-notice role="note" dir="auto" { (words) }
        }
    }
}

/// Returns the colours as a style sheet, which comes after ours. On paper, ours count.
pub(super) fn colours(page: &Page<'_>) -> Markup {
    let [light, dark] = shades(page).map(|it| it.map(declarations).unwrap_or_default());
    if light.is_empty() && dark.is_empty() {
        return html! {};
    }
    // It has nothing in it but names and colours of ours.
    let style = format!(
        "@media screen and (prefers-color-scheme:light){{:root{{{light}}}}}\
         @media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    );
    html! { style nonce=(page.reader.nonce) { (PreEscaped(style)) } }
}

/// Returns the colours for the script of the widget, whose policy allows no style sheet of an answer.
pub(super) fn colours_for_script(page: &Page<'_>) -> Markup {
    let [light, dark] = shades(page).map(|it| it.map(declarations));
    html! {
        @if light.is_some() || dark.is_some() {
            div id="colours" hidden data-light=[light] data-dark=[dark] {}
        }
    }
}

/// Returns the colours by day and by night, each if the shop sets it.
fn shades(page: &Page<'_>) -> [Option<Shades>; 2] {
    let of = |accent: Option<Colour>, ground| accent.map(|it| Shades::of(it, ground));
    let look = page.look;
    [
        of(look.and_then(|it| it.accent), Ground::LIGHT),
        of(look.and_then(|it| it.accent_dark), Ground::DARK),
    ]
}

fn declarations(shades: Shades) -> String {
    let Shades { accent, on_accent, wash, mine } = shades;
    format!("--accent:{accent};--on-accent:{on_accent};--wash:{wash};--mine:{mine}")
}
