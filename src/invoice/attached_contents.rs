//! The contents of the files in an original, so that they can be written into another form of the invoice.

use super::original::read_file;
use super::xml::AttachedContents;

impl AttachedContents {
    /// Those of an original: UBL, CII, or a PDF that carries one of them. None if it is no invoice.
    pub fn of_original(original: &[u8]) -> Self {
        let documents = read_file(original).map(|it| it.invoice.documents).unwrap_or_default();
        Self::of_documents(documents)
    }
}
