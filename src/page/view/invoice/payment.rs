//! How to pay: account, reference, and the code for a banking app.

use maud::{Markup, PreEscaped, html};

use super::super::localized::{in_fours, known, text};
use super::super::summary;
use crate::invoice::Payment;
use crate::page::model::{Page, Reader};

/// All that the invoice says about paying it, as long as somebody has to.
pub(super) fn payment(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let asks = summary::owed(page).payable().is_some();
    let payment = page.transaction.terms.invoice.payment.as_ref().filter(|_| asks);
    let Some(payment) = payment else { return html! {} };
    html! {
        section.payment {
            h3 { (text(reader, "payment")) }
            dl { (details(reader, payment)) }
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

fn details(reader: &Reader, payment: &Payment) -> Markup {
    let means = payment.means.as_deref().map(|code| {
        known(reader, &format!("means-{}", code.to_lowercase())).unwrap_or_else(|| code.to_owned())
    });
    html! {
        @if let Some(means) = means { (row(reader, "payment-means", &means, None)) }
        @if let Some(name) = &payment.account_name {
            (row(reader, "payment-account-name", name, Some(name)))
        }
        @if let Some(iban) = &payment.iban {
            (row(reader, "payment-iban", &in_fours(iban), Some(iban)))
        }
        @if let Some(bic) = &payment.bic { (row(reader, "payment-bic", bic, Some(bic))) }
        @if let Some(reference) = &payment.reference {
            (row(reader, "payment-reference", reference, Some(reference)))
        }
        @for account in &payment.further_accounts {
            @let shown = [Some(in_fours(&account.iban)), account.bic.clone()];
            @let shown = shown.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            (row(reader, "payment-further-account", &shown, Some(&account.iban)))
        }
        @if let Some(terms) = &payment.terms {
            div.terms { dt { (text(reader, "payment-terms")) } dd dir="auto" { (terms) } }
        }
    }
}

/// One detail, with what the script's button copies if it is worth copying.
fn row(reader: &Reader, label: &str, shown: &str, copied: Option<&str>) -> Markup {
    let label_text = text(reader, label);
    html! {
        div class=(label) {
            dt { (label_text) }
            dd {
                bdi { (shown) }
                @if let Some(copied) = copied {
                    button.copy type="button" hidden data-copy=(copied)
                        data-done=(text(reader, "copied"))
                        aria-label=(format!("{}: {label_text}", text(reader, "copy"))) {
                        (text(reader, "copy"))
                    }
                }
            }
        }
    }
}
