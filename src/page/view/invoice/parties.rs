//! Seller and buyer, and the facts of the document.

use maud::{Markup, html};

use super::super::localized::text;
use super::super::summary;
use crate::page::model::{Page, Reader};
use crate::transaction::Party;
use crate::wording::address;

/// Returns seller and buyer with their addresses.
pub(super) fn parties(page: &Page<'_>) -> Markup {
    let terms = &page.transaction.terms;
    html! {
        div.parties {
            (party(page.reader, "from", &terms.seller))
            (party(page.reader, "to", &terms.buyer))
        }
    }
}

fn party(reader: &Reader, label: &str, party: &Party) -> Markup {
    html! {
        section.party {
            h3 { (text(reader, label)) }
            address {
                strong dir="auto" { (party.name) }
                @if let Some(place) = &party.address {
                    @for line in address(place, &reader.locale) { span dir="auto" { (line) } }
                }
            }
            @if let Some(vat_id) = &party.vat_id {
                p.vat-id { (text(reader, "vat-id")) " " bdi { (vat_id) } }
            }
        }
    }
}

/// Returns dates and references.
pub(super) fn facts(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    let references = [
        ("buyer-reference", &invoice.buyer_reference),
        ("order-reference", &invoice.order_reference),
    ];
    html! {
        dl.facts {
            (summary::dates(page))
            @for (label, reference) in references {
                @if let Some(reference) = reference {
                    div { dt { (text(reader, label)) } dd { bdi { (reference) } } }
                }
            }
        }
    }
}
