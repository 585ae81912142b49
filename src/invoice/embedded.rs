//! Takes the XML out of a PDF that carries an invoice: Factur-X 1.0, ZUGFeRD 2.x, and XRechnung in
//! ZUGFeRD. Pure: no I/O.
//!
//! Such a PDF (PDF/A-3, ISO 19005-3) has the XML as an associated file. Its file specification is in
//! the array `/AF` of the catalog (ISO 32000-2, 14.13), in the name tree `/EmbeddedFiles` (7.11.4), or in
//! both. Both are read, because many programs write only one of them.

mod attachments;

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Document, Error, LoadOptions};

use super::limits::{Limits, limit};
use super::problem::Problem;
use attachments::{Attachment, attachments};

/// The names of the XML, in lower case. Factur-X and ZUGFeRD since 2.1 name it `factur-x.xml`, ZUGFeRD
/// 1.0 and 2.0 `ZUGFeRD-invoice.xml`, and ZUGFeRD since 2.1 with the profile XRECHNUNG `xrechnung.xml`.
const NAMES: [&str; 3] = ["factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"];
/// What the PDF header begins with (ISO 32000-2, 7.5.2).
const HEADER: &[u8] = b"%PDF-";
/// Readers accept bytes before the header, within the first 1,024.
const HEADER_WITHIN: usize = 1_024;
/// How many names of attachments a refusal repeats.
const SHOWN_NAMES: usize = 5;

/// The XML that a PDF carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The name of the attachment, as it is in the PDF.
    pub name: String,
    /// The XML, unpacked.
    pub xml: Vec<u8>,
}

/// Whether the file is a PDF, by its first bytes. What begins like XML is none, whatever follows.
pub fn is_pdf(bytes: &[u8]) -> bool {
    let start = bytes.get(..HEADER_WITHIN).unwrap_or(bytes);
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    !text.starts_with(b"<") && start.windows(HEADER.len()).any(|window| window == HEADER)
}

/// What a PDF carries.
enum Found {
    Invoice(Embedded),
    /// No invoice, but attachments with these names.
    Others(Vec<String>),
}

/// Looks for the invoice that the PDF carries. `None` if there is none.
///
/// # Errors
/// If the PDF cannot be read, is encrypted with a password, is too large when it is unpacked, or carries
/// several different invoices.
pub fn embedded_invoice(pdf: &[u8]) -> Result<Option<Embedded>, Problem> {
    Ok(match look_into(pdf, &Limits::default())? {
        Found::Invoice(embedded) => Some(embedded),
        Found::Others(_) => None,
    })
}

/// Returns the invoice that the PDF carries, within the default limits.
///
/// # Errors
/// Those of [`invoice_of_pdf_within`].
pub fn invoice_of_pdf(pdf: &[u8]) -> Result<Embedded, Problem> {
    invoice_of_pdf_within(pdf, &Limits::default())
}

/// Returns the invoice that the PDF carries.
///
/// # Errors
/// Those of [`embedded_invoice`], and if there is no invoice. The detail says what the file is, and what to
/// send instead.
pub(super) fn invoice_of_pdf_within(pdf: &[u8], limits: &Limits) -> Result<Embedded, Problem> {
    match look_into(pdf, limits)? {
        Found::Invoice(embedded) => Ok(embedded),
        Found::Others(names) if names.is_empty() && !has_end(pdf) => {
            Err(refused("it is damaged or not complete"))
        }
        Found::Others(names) => Err(for_people_only(&names)),
    }
}

/// Whether the mark of the end of a PDF is near the end of the file (ISO 32000-2, 7.5.5).
fn has_end(pdf: &[u8]) -> bool {
    let end = pdf.get(pdf.len().saturating_sub(HEADER_WITHIN)..).unwrap_or(pdf);
    count(end, b"%%EOF") > 0
}

fn for_people_only(names: &[String]) -> Problem {
    let shown: Vec<_> = names.iter().take(SHOWN_NAMES).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > SHOWN_NAMES { " and others" } else { "" };
    let what = match names {
        [] => "It has no attachments".to_owned(),
        _ => format!("Its attachments are {}{more}", shown.join(", ")),
    };
    Problem::at(
        "",
        format!(
            "The file is a PDF for people only: it carries no invoice that a program can read. {what}. \
             Send a Factur-X or ZUGFeRD 2 PDF, which has the invoice in it as `factur-x.xml`, or the \
             invoice as XML (UBL or CII)."
        ),
    )
}

fn look_into(pdf: &[u8], limits: &Limits) -> Result<Found, Problem> {
    let streams = limit!(limits, pdf_streams);
    if streams.is_exceeded_by(count(pdf, b"endstream")) {
        return Err(refused(format!("it has more than {} streams {streams}", streams.most)));
    }
    // The library is meant to return an error for every file. If it does not, the file is to blame.
    let found = catch_unwind(AssertUnwindSafe(|| found_in(pdf, limits)));
    found.unwrap_or_else(|_| Err(refused("it is damaged")))
}

fn found_in(pdf: &[u8], limits: &Limits) -> Result<Found, Problem> {
    let structure = limit!(limits, pdf_structure_bytes);
    let options =
        LoadOptions { max_decompressed_size: Some(structure.most), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(pdf, options).map_err(|error| match error {
        Error::InvalidPassword | Error::Decryption(_) => encrypted(),
        Error::Decompress(_) => refused(format!(
            "a part of its structure cannot be unpacked, or has more than {} bytes {structure}",
            structure.most
        )),
        _ => refused("it is damaged or not complete"),
    })?;
    if document.is_encrypted() {
        return Err(encrypted());
    }
    let attachments = attachments(&document, limits).map_err(refused)?;
    let is_invoice = |it: &&Attachment<'_>| NAMES.contains(&it.name.to_lowercase().as_str());
    let mut found: Vec<Embedded> = Vec::new();
    // All of them are unpacked, so that different ones are noticed.
    let (size, mut left) = (limit!(limits, file_megabytes), limits.file_bytes().saturating_mul(2));
    for attachment in attachments.iter().filter(is_invoice) {
        let name = attachment.name.clone();
        let xml = match attachment.content(limits) {
            Ok(xml) => xml,
            Err(problem) => return Err(refused(format!("its attachment {name:?} {problem}"))),
        };
        left = left.checked_sub(xml.len()).ok_or_else(|| {
            let most = limits.file_bytes().saturating_mul(2);
            refused(format!("the invoices in it have more than {most} bytes together {size}"))
        })?;
        if !found.iter().any(|other| other.xml == xml) {
            found.push(Embedded { name, xml });
        }
    }
    match (found.pop(), found.as_slice()) {
        (None, _) => Ok(Found::Others(attachments.into_iter().map(|it| it.name).collect())),
        (Some(only), []) => Ok(Found::Invoice(only)),
        (Some(last), others) => {
            let names: Vec<_> =
                others.iter().chain([&last]).map(|it| format!("{:?}", it.name)).collect();
            let detail = format!(
                "The PDF carries {} different invoices: {}. Send the one that counts, as XML.",
                names.len(),
                names.join(", ")
            );
            Err(Problem::at("", detail))
        }
    }
}

fn encrypted() -> Problem {
    refused("it is encrypted with a password; send it without one, or send the invoice as XML")
}

fn refused(what: impl std::fmt::Display) -> Problem {
    Problem::at("", format!("The file is a PDF that cannot be read: {what}."))
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| *window == word).count()
}

#[cfg(test)]
mod tests;
