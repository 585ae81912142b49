//! How to pay: account, reference, and the code for a banking app.

use maud::{Markup, PreEscaped, html};

use super::super::localized::text;
use super::super::summary;
use crate::page::model::{Page, Reader};
use crate::wording::{self, PaymentDetail};

/// All that the invoice says about paying it, as long as somebody has to.
pub(super) fn payment(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    let owed = summary::owed(page);
    // Without any detail there still is the code, which has the payee's name and the amount.
    if owed.payable().is_none() || invoice.payment.is_none() {
        return html! {};
    }
    html! {
        section.payment {
            h3 { (text(reader, "payment")) }
            dl {
                @for it in wording::payment(invoice, owed, &reader.locale) { (detail(reader, &it)) }
            }
            @if let Some(code) = &page.qr {
                figure.qr {
                    div role="img" aria-label=(text(reader, "qr-label")) {
                        // Ours, made of modules only.
                        (PreEscaped(code))
                    }
                    figcaption { (text(reader, "qr-caption")) }
                }
            }
        }
    }
}

/// One detail, with the button by which the script copies it if it is worth copying.
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
