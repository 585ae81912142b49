//! Collects the files that the entries of a record name.

use std::collections::HashMap;

use crate::record::Entry;
use crate::record::fault::{Fault, Place};

/// A file that entries name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The name of the file in the first entry.
    pub name: String,
    /// The seqs of the entries that name it.
    pub entries: Vec<i64>,
    /// The times of receipt of the first and the last of them, in milliseconds since 1970.
    pub named_at: (i64, i64),
}

/// The files that the entries of a record name, by source.
#[derive(Clone, Debug, Default)]
pub struct NamedFiles(HashMap<String, NamedFile>);

impl NamedFiles {
    /// Adds the files that an entry names.
    pub fn note(&mut self, entry: &Entry) {
        let (seq, at) = (entry.fixed.seq, entry.fixed.received_at);
        for attachment in &entry.attachments {
            let Some(source) = attachment.source() else { continue };
            let (name, entries) = (attachment.name.clone(), Vec::new());
            let named = NamedFile { name, entries, named_at: (at, at) };
            let file = self.0.entry(source).or_insert(named);
            file.entries.push(seq);
            file.named_at = (file.named_at.0.min(at), file.named_at.1.max(at));
        }
    }

    /// Removes and returns the file with this source.
    pub fn remove(&mut self, source: &str) -> Option<NamedFile> {
        self.0.remove(source)
    }

    /// Checks that all files were removed.
    ///
    /// # Errors
    /// A fault about the file that the first entry names of those left. `what` says what is wrong.
    pub fn none_left(self, what: &str) -> Result<(), Fault> {
        let first = self.0.into_iter().min_by_key(|(_, file)| file.entries.first().copied());
        let Some((source, file)) = first else { return Ok(()) };
        let entry = file.entries.first().copied().unwrap_or_default();
        Err(Fault::at(Place::File(source), format!("is named by entry {entry}, but {what}")))
    }
}
