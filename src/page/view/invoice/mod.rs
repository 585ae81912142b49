//! The invoice, laid out like one on paper.

mod history;
mod lines;
mod parties;
mod payment;
mod steps;
mod totals;

use maud::{Markup, html};

use super::localized::text;
use crate::invoice::{OriginalKind, Term, XmlFormat, why_not_written};
use crate::page::model::Page;
use crate::wording::{kind, term};

/// Returns the whole invoice.
pub(super) fn article(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let terms = &page.transaction.terms;
    html! {
        article.invoice id="invoice" tabindex="-1" aria-labelledby="invoice-title"
            data-revision=(page.transaction.version()) {
            div.title {
                h2 id="invoice-title" { (kind(&terms.invoice, &reader.locale)) " " bdi { (terms.invoice.number) } }
                (downloads(page))
            }
            (steps::steps(page))
            (parties::parties(page))
            (parties::facts(page))
            (lines::table(page))
            div.sums {
                (totals::vat_breakdown(page))
                (totals::totals(page))
            }
            (payment::payment(page))
            @if !terms.invoice.notes.is_empty() {
                section.notes {
                    h3 { (text(reader, "notes")) }
                    @for note in &terms.invoice.notes { p dir="auto" { (note.text) } }
                }
            }
            @let further: Vec<_> = page.further().iter().filter(|it| it.line.is_none()).collect();
            @if !further.is_empty() {
                section.more {
                    h3 { (text(reader, "further")) }
                    (list(page, &further))
                }
            }
            (attached_files(page))
            (also_in_the_file(page))
            (history::history(page))
        }
    }
}

/// Returns a list of the files that the invoice carries (BT-125), to open.
fn attached_files(page: &Page<'_>) -> Markup {
    let documents = page.transaction.terms.invoice.documents.iter().enumerate();
    let mut files = documents
        .filter_map(|(place, it)| Some((place, it, it.attachment.as_ref()?)))
        .filter(|(place, ..)| page.read.files.contains(place))
        .peekable();
    html! {
        @if files.peek().is_some() {
            section.more {
                h3 { (text(page.reader, "attached-files")) }
                ul {
                    @for (place, document, file) in files {
                        @let name = file.filename.as_ref().or(document.reference.as_ref());
                        li {
                            a href=(page.address.part(&format!("attachments/{place}"))) {
                                bdi { (name.map_or("…", String::as_str)) }
                            }
                            @if let Some(about) = &document.description {
                                " " span dir="auto" { (about) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns a list of what the file says beyond the model of an invoice, as it stands there.
fn also_in_the_file(page: &Page<'_>) -> Markup {
    let (reader, also) = (page.reader, &page.read.further.left_over);
    html! {
        @if !also.is_empty() {
            section.more {
                h3 { (text(reader, "also-in-the-file")) }
                dl.further {
                    @for it in &also.listed {
                        div { dt { code { (it.path) } } dd dir="auto" { (it.value) } }
                    }
                }
                @if also.more > 0 {
                    @let count = [("count", also.more.into())];
                    p { (reader.locale.text_with("also-in-the-file-more", &count)) }
                }
            }
        }
    }
}

/// Returns a list of business terms with their names.
fn list(page: &Page<'_>, further: &[&Term]) -> Markup {
    html! {
        dl.further {
            @for it in further {
                @let (label, value) = term(it, &page.reader.locale);
                div { dt { (label) } dd dir="auto" { (value) } }
            }
        }
    }
}

/// Returns the button for the PDF, and beside it what else there is, folded.
fn downloads(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let link = |part: &str, label: String| {
        html! { a.button href=(page.address.part(part)) { (label) } }
    };
    let original = page.read.original;
    html! {
        div.downloads role="group" aria-label=(text(reader, "downloads")) {
            (link("invoice.pdf", text(reader, "download-pdf")))
            details {
                summary.button { (text(reader, "download-more")) }
                ul {
                    li { (link("conversation.zip", text(reader, "download-conversation"))) }
                    @if matches!(original, Some(OriginalKind::Xml | OriginalKind::Pdf)) {
                        li { (link("original", text(reader, "download-original"))) }
                    }
                    @if original == Some(OriginalKind::Pdf) {
                        li { (link("original.xml", as_xml(page, "download-xml"))) }
                    }
                    @for format in XmlFormat::BOTH {
                        @if why_not_written(&page.transaction.terms.invoice, format).is_none() {
                            li { (written(page, format)) }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the link to the invoice in this syntax.
fn written(page: &Page<'_>, format: XmlFormat) -> Markup {
    let address = format!("{}&syntax={}", page.address.part("invoice.xml"), format.name());
    let label = match format {
        XmlFormat::Ubl => "download-ubl",
        XmlFormat::Cii => "download-cii",
    };
    html! { a.button href=(address) { (as_xml(page, label)) } }
}

/// Returns the words for the document in an XML syntax, such as "Credit note as UBL".
fn as_xml(page: &Page<'_>, text_id: &str) -> String {
    let locale = &page.reader.locale;
    let kind = kind(&page.transaction.terms.invoice, locale);
    locale.text_with(text_id, &[("kind", kind.into())])
}
