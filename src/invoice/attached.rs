//! The files that an invoice carries (BT-125), in any form. Pure: no I/O.

use std::collections::HashMap;

use super::model::{Document, Invoice, InvoiceInput};
use super::original::{OriginalKind, read_kept, without_mark};
use super::problem::Problem;
use super::xml::AttachedContents;

/// A file that an invoice carries (BT-125).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// The name that the invoice gives it; the reference of its document (BT-122) if it gives none.
    pub name: String,
    /// The media type that the invoice claims.
    pub media_type: Option<String>,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Returns the file that the supporting document at this place (BG-24, from 0) of an original carries, or
/// `None` if there is none.
///
/// # Errors
/// If the original is no invoice, or the content is no Base64.
pub fn attached_file(original: &[u8], place: usize) -> Result<Option<AttachedFile>, Vec<Problem>> {
    let mut documents = documents(original)?.into_iter();
    let Some(document) = documents.nth(place) else { return Ok(None) };
    let Some(attachment) = document.attachment else { return Ok(None) };
    let bytes = attachment.bytes().map_err(|error| {
        let at = format!("/documents/{place}/attachment/content");
        vec![Problem::at(at, format!("The file is not in Base64: {error}."))]
    })?;
    Ok(bytes.map(|bytes| AttachedFile {
        name: attachment.filename.or(document.reference).unwrap_or_default(),
        media_type: attachment.mime,
        bytes,
    }))
}

/// The contents in Base64 of the files that an original carries, by their SHA-256 in hexadecimal digits. What
/// cannot be read is left out.
pub fn attached_contents(original: &[u8]) -> HashMap<String, String> {
    contents_of(documents(original).unwrap_or_default())
}

fn contents_of(documents: Vec<Document>) -> HashMap<String, String> {
    let attachments = documents.into_iter().filter_map(|it| it.attachment);
    let contents = attachments.filter_map(|mut it| {
        let content = it.content.clone()?;
        it.digest().ok()?;
        Some((it.sha256?, content))
    });
    contents.collect()
}

impl AttachedContents {
    /// Those of the files that an invoice names, which are in the original that it came in as. An original is not
    /// read for an invoice that names none.
    pub fn for_invoice(invoice: &Invoice, original: Option<&[u8]>) -> Self {
        let names_files = invoice.documents.iter().any(|it| it.attachment.is_some());
        original.filter(|_| names_files).map(Self::of_original).unwrap_or_default()
    }

    /// Those of an original: an invoice in any form. None if it is no invoice.
    pub fn of_original(original: &[u8]) -> Self {
        Self::of_documents(&documents(original).unwrap_or_default())
    }
}

/// The supporting documents (BG-24) of an original with what they carry.
fn documents(original: &[u8]) -> Result<Vec<Document>, Vec<Problem>> {
    if OriginalKind::of(original) == OriginalKind::Json {
        let invoice: InvoiceInput = serde_json::from_slice(without_mark(original))
            .map_err(|error| vec![Problem::at("", format!("It is no invoice: {error}."))])?;
        return Ok(invoice.documents);
    }
    Ok(read_kept(original)?.invoice.documents)
}

impl InvoiceInput {
    /// Whether it carries the content of a file.
    pub fn carries_files(&self) -> bool {
        let mut attachments = self.documents.iter().filter_map(|it| it.attachment.as_ref());
        attachments.any(|it| it.content.is_some())
    }

    /// The SHA-256 of each file whose content it carries. What cannot be read is left out.
    pub fn files_with_content(&self) -> Vec<String> {
        contents_of(self.documents.clone()).into_keys().collect()
    }

    /// The SHA-256 of each file that it names without its content.
    pub fn files_without_content(&self) -> Vec<String> {
        let attachments = self.documents.iter().filter_map(|it| it.attachment.as_ref());
        attachments.filter(|it| it.content.is_none()).filter_map(|it| it.sha256.clone()).collect()
    }

    /// Adds the content to each file that it names by its SHA-256 only, if `contents` has it. Returns whether all of
    /// them together have at most `most` bytes; otherwise the rest is not added.
    pub fn add_contents(&mut self, contents: &HashMap<String, String>, most: usize) -> bool {
        let mut bytes = 0_usize;
        for attachment in self.documents.iter_mut().filter_map(|it| it.attachment.as_mut()) {
            let known = attachment.sha256.as_ref().and_then(|it| contents.get(it));
            if let (None, Some(content)) = (&attachment.content, known) {
                // The same file may be named any number of times.
                bytes = bytes.saturating_add(content.len());
                if bytes > most {
                    return false;
                }
                attachment.content = Some(content.clone());
            }
        }
        true
    }

    /// The invoice as it is kept if it came as JSON and carries files, because a settled invoice does not hold
    /// them; none if it carries none.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn to_keep(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
        self.carries_files().then(|| serde_json::to_vec(self)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_in_an_xml_invoice_can_be_taken_out() {
        let invoice = include_bytes!("../../tests/invoices/ubl-tc434-example2.xml");
        let files: Vec<_> = (0..3).map(|place| attached_file(invoice, place).unwrap()).collect();
        let found: Vec<_> = files.iter().flatten().collect();
        assert_eq!(found.len(), 1, "{files:?}");
        assert_eq!(found[0].name, "test.pdf");
        assert_eq!(found[0].media_type.as_deref(), Some("application/pdf"));
        assert!(!found[0].bytes.is_empty());
    }

    #[test]
    fn a_file_in_a_json_invoice_can_be_taken_out_and_is_known_by_its_digest() {
        let file = json!({ "filename": "a.txt", "mime": "text/csv", "content": "aGVs\nbG8=" });
        let sent = json!({ "documents": [{ "reference": "A" }, { "attachment": file }] });
        let sent: InvoiceInput = serde_json::from_value(sent).unwrap();
        let kept = sent.to_keep().unwrap().unwrap();
        assert_eq!(attached_file(&kept, 0), Ok(None));
        assert_eq!(attached_file(&kept, 1).unwrap().unwrap().bytes, b"hello");
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let named = json!({ "documents": [{ "attachment": { "sha256": sha256, "size": 5 } }] });
        let mut named: InvoiceInput = serde_json::from_value(named).unwrap();
        assert_eq!(named.files_without_content(), [sha256]);
        assert_eq!(sent.files_with_content(), [sha256]);
        assert_eq!(named.to_keep().unwrap(), None);
        let mut twice = named.clone();
        twice.documents.extend(named.documents.clone());
        assert!(
            !twice.add_contents(&attached_contents(&kept), 15),
            "the same file of 8 bytes, twice"
        );
        assert!(named.add_contents(&attached_contents(&kept), 15));
        assert_eq!(
            attached_file(&named.to_keep().unwrap().unwrap(), 0).unwrap().unwrap().bytes,
            b"hello"
        );
    }
}
