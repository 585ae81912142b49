//! The contents of the files that an invoice carries (BT-125).

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::invoice::model::{Attachment, Document};

/// The contents of files, by their SHA-256. A settled invoice has only the digests of the files that it
/// carries; the contents are in the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedContents(HashMap<String, Vec<u8>>);

impl AttachedContents {
    /// Those of the documents of an invoice that was read and not settled yet.
    pub fn of_documents(documents: &[Document]) -> Self {
        let attachments = documents.iter().filter_map(|it| it.attachment.as_ref());
        let files = attachments.filter_map(|it| it.bytes().ok().flatten());
        Self(files.map(|it| (format!("{:x}", Sha256::digest(&it)), it)).collect())
    }

    /// Whether the content of a file is one of these.
    pub fn has(&self, attachment: &Attachment) -> bool {
        self.of(attachment).is_some()
    }

    /// The content of a file, if it is one of these.
    pub(super) fn of(&self, attachment: &Attachment) -> Option<&[u8]> {
        self.0.get(attachment.sha256.as_deref()?).map(Vec::as_slice)
    }
}
