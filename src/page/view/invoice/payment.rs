//! How to pay: the account, the reference, and the QR code for a banking app.

use maud::{Markup, PreEscaped, html};

use super::super::localized::text;
use crate::page::model::{Page, Reader};
use crate::wording::{self, PaymentDetail};

/// Returns how to pay, as long as somebody has to pay.
pub(super) fn payment(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    if page.standing.owed.payable().is_none() || invoice.payment.is_none() {
        return html! {};
    }
    html! {
        section.payment {
            h3 { (text(reader, "payment")) }
            dl {
                @for it in wording::payment(invoice, &page.standing, &reader.locale) { (detail(reader, &it)) }
            }
            @if let Some(code) = &page.qr {
                figure.qr {
                    div role="img" aria-label=(text(reader, "qr-label")) {
                        // Our own SVG, which has only the modules of the code.
                        (PreEscaped(code))
                    }
                    figcaption { (text(reader, "qr-caption")) }
                }
            }
        }
    }
}

/// Returns one detail, with a button that copies it if it is for a banking app.
fn detail(reader: &Reader, it: &PaymentDetail) -> Markup {
    html! {
        div class=(it.id) {
            dt { (it.label) }
            dd {
                bdi { (it.shown) }
                @if let Some(copied) = &it.copied {
                    button.copy type="button" hidden data-copy=(copied)
                        data-done=(text(reader, "copied"))
                        aria-label=(format!("{}: {}", text(reader, "copy"), it.label)) {
                        (text(reader, "copy"))
                    }
                }
            }
        }
    }
}
