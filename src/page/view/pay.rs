//! The sheet that opens with "Pay": where the money goes, and telling the seller that it was sent.
//!
//! It is a dialog that the address `#pay` opens as well, so that it needs no script.

use maud::{Markup, PreEscaped, html};

use super::localized::{text, writing_as};
use crate::page::model::{Page, Paying, Reader};
use crate::wording::{self, PaymentDetail, TransferField, kind};

/// What the invoice says about paying it that the sheet repeats, because it may change what is paid.
const CONDITIONS: [&str; 2] = ["payment-discount", "payment-terms"];

/// Returns the link that opens the sheet, if the visitor can pay.
pub(super) fn link(page: &Page<'_>) -> Markup {
    html! {
        @if page.paying.is_some() { a.pay href="#pay" { (text(page.reader, "pay")) } }
    }
}

/// Returns the sheet. It is empty if the visitor cannot pay, so that news of the invoice always has a place for it.
pub(super) fn sheet(page: &Page<'_>) -> Markup {
    html! {
        dialog.sheet id="pay" closedby="any" aria-labelledby="pay-title" {
            @if let Some(paying) = &page.paying { (content(page, paying)) }
        }
    }
}

fn content(page: &Page<'_>, paying: &Paying) -> Markup {
    let reader = page.reader;
    let locale = &reader.locale;
    let terms = &page.transaction.terms;
    let amount = page.standing.owed.payable().unwrap_or_default();
    let amount = locale.amount(amount, terms.invoice.currency);
    let due = page
        .standing
        .due_date
        .map(|day| locale.text_with("due-on", &[("date", locale.date(day).into())]));
    let conditions: Vec<_> = wording::payment(&terms.invoice, &page.standing, locale)
        .into_iter()
        .filter(|it| CONDITIONS.contains(&it.id))
        .collect();
    html! {
        header {
            h2 id="pay-title" tabindex="-1" autofocus { (text(reader, "pay")) " " bdi { (amount) } }
            p.soft {
                bdi { (terms.seller.name) } " · "
                span { (kind(&terms.invoice, locale)) " " bdi { (terms.invoice.number) } }
                @if let Some(due) = &due { " · " span { (due) } }
            }
            a.close href="#summary" aria-label=(text(reader, "close")) { span aria-hidden="true" { "×" } }
        }
        @if let Some(link) = &paying.link {
            a.pay href=(link) target="_blank" rel="noopener noreferrer" {
                (text(reader, "pay-online")) " "
                span { bdi { (link.host_str().unwrap_or_default()) } }
            }
        }
        @if let Some(transfer) = &paying.transfer {
            section.transfer {
                h3 { (text(reader, "pay-by-transfer")) }
                dl { @for it in wording::transfer_fields(transfer, locale) { (field(reader, &it)) } }
                (code(page))
                @if let Some(payto) = transfer.payto() {
                    a.button.app href=(payto) { (text(reader, "pay-app")) }
                }
            }
        }
        @if !conditions.is_empty() {
            dl.conditions { @for it in &conditions { (detail(it)) } }
        }
        @if !page.standing.is_closed { (said(page, &amount)) }
    }
}

/// Returns one field of the form of a bank, to copy.
fn field(reader: &Reader, it: &TransferField) -> Markup {
    html! {
        div class=(it.id) {
            dt { (it.label) }
            dd {
                bdi { (it.shown) }
                button.copy type="button" hidden data-copy=(it.typed) data-done=(text(reader, "copied"))
                    aria-label=(reader.locale.labelled(&text(reader, "copy"), &it.label)) {
                    (text(reader, "copy"))
                }
            }
        }
    }
}

/// Returns one detail of how to pay.
pub(super) fn detail(it: &PaymentDetail) -> Markup {
    html! { div class=(it.id) { dt { (it.label) } dd { bdi { (it.shown) } } } }
}

/// Returns the QR code with all of it, if there is one.
pub(super) fn code(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    html! {
        @if let Some(code) = page.paying.as_ref().and_then(|it| it.qr.as_ref()) {
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

/// Returns the form that tells the seller of the payment. It is a message of the visitor, who can change its words.
fn said(page: &Page<'_>, amount: &str) -> Markup {
    let reader = page.reader;
    let number = page.transaction.terms.invoice.number.as_str();
    let arguments = [("amount", amount.into()), ("number", number.into())];
    let words = reader.locale.text_with("pay-said-words", &arguments);
    html! {
        details.said {
            summary { (text(reader, "pay-said")) }
            form method="post" enctype="multipart/form-data" action=(page.address.part("messages")) {
                @if !page.chat.client_id.is_empty() {
                    // A form that is sent twice is one message.
                    input type="hidden" name="client_id" value=(format!("paid {}", page.chat.client_id));
                }
                label {
                    (text(reader, "pay-said-label"))
                    textarea name="text" rows="2" required dir="auto" { (words) }
                }
                label { (text(reader, "pay-said-file")) input type="file" name="file" multiple; }
                p.speaker dir="auto" { (writing_as(page)) }
                button.send { (text(reader, "pay-said-send")) }
            }
        }
    }
}
