//! The page inside a Matrix client. It has no chat, because the client shows the room.

use maud::{Markup, html};
use ulid::Ulid;

use super::assets;
use super::document::{Script, shell};
use super::localized::text;
use super::look;
use crate::page::model::{Page, Reader};

/// Returns the page before its user is known. Its script asks the client for an OpenID token, signs
/// in, and shows the answer.
pub fn widget(id: Ulid, reader: &Reader) -> Markup {
    let title = text(reader, "widget-title");
    let body = html! {
        main id="widget"
            data-sign-in=(format!("/t/{id}/sign-in"))
            data-refused=(text(reader, "widget-refused"))
            data-stranger=(text(reader, "widget-not-a-party")) {
            h1.hidden { (title) }
            p.soft role="status" { (text(reader, "widget-waiting")) }
        }
    };
    shell(reader, &title, "widget", Script::File(&assets::WIDGET), &body)
}

/// Returns the invoice that the script shows. It is the answer to the sign-in.
pub fn widget_invoice(page: &Page<'_>) -> Markup {
    html! {
        (look::colours_for_script(page))
        (look::notice(page))
        (super::update(page))
        p.foot {
            a href=(page.address.base()) target="_blank" rel="noopener" {
                (text(page.reader, "widget-open"))
            }
        }
    }
}
