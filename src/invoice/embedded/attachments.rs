//! The attachments of a PDF.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Error, Object, ObjectId, Stream, decode_text_string};

use crate::invoice::limits::{Limit, Limits, limit};

/// The keys under which a file specification has its name, and its file; the better one comes first
/// (ISO 32000-2, table 43).
const KEYS: [&[u8]; 2] = [b"UF", b"F"];
/// The greatest length of a name, in bytes.
const MAX_NAME_BYTES: usize = 1_000;

/// A file in a PDF.
pub(super) struct Attachment<'a> {
    /// Its name, without folders.
    pub(super) name: String,
    stream: &'a Stream,
}

impl Attachment<'_> {
    /// Returns the content, unpacked.
    ///
    /// # Errors
    /// If it is larger than a file may be, or cannot be unpacked. The error continues a sentence that begins
    /// with the attachment.
    pub(super) fn content(&self, limits: &Limits) -> Result<Vec<u8>, String> {
        let (most, limit) = (limits.file_bytes(), limit!(limits, file_megabytes));
        let unpacked = if self.stream.dict.has(b"Filter") {
            self.stream.decompressed_content_with_limit(most)
        } else {
            Ok(self.stream.content.clone())
        };
        match unpacked {
            Ok(bytes) if bytes.len() <= most => Ok(bytes),
            Ok(_) | Err(Error::Decompress(_)) => {
                Err(format!("cannot be unpacked, or has more than {most} bytes {limit}"))
            }
            Err(_) => Err("cannot be unpacked".to_owned()),
        }
    }
}

/// Returns all attachments of the document, each once. What is not as it should be is left out.
///
/// # Errors
/// If there are too many. The error continues a sentence about the file.
pub(super) fn attachments<'a>(
    document: &'a Document,
    limits: &Limits,
) -> Result<Vec<Attachment<'a>>, String> {
    let Ok(catalog) = document.catalog() else {
        return Err("it has no catalog".to_owned());
    };
    let nodes_limit = limit!(limits, pdf_attachments);
    let mut search = Search {
        document,
        seen: BTreeSet::new(),
        nodes_limit,
        left: nodes_limit.most,
        depth_limit: limit!(limits, pdf_list_depth),
        found: Vec::new(),
    };
    for specification in search.array(catalog, b"AF").into_iter().flatten() {
        search.add(specification)?;
    }
    let names = search.dictionary(catalog, b"Names");
    if let Some(root) = names.and_then(|names| names.get(b"EmbeddedFiles").ok()) {
        search.walk(root, 0)?;
    }
    Ok(search.found)
}

struct Search<'a> {
    document: &'a Document,
    /// The objects that were looked at, so that a circle ends.
    seen: BTreeSet<ObjectId>,
    /// How many nodes and file specifications are looked at.
    nodes_limit: Limit,
    /// How many more of them may be looked at.
    left: usize,
    /// How deep the name tree may be.
    depth_limit: Limit,
    found: Vec<Attachment<'a>>,
}

impl<'a> Search<'a> {
    fn dictionary(&self, of: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
        self.resolved(of.get(key).ok()?).1.as_dict().ok()
    }

    fn array(&self, of: &'a Dictionary, key: &[u8]) -> Option<&'a Vec<Object>> {
        self.resolved(of.get(key).ok()?).1.as_array().ok()
    }

    fn resolved(&self, object: &'a Object) -> (Option<ObjectId>, &'a Object) {
        self.document.dereference(object).unwrap_or((None, &Object::Null))
    }

    /// Whether the object is looked at for the first time.
    ///
    /// # Errors
    /// If there were too many already.
    fn is_new(&mut self, id: Option<ObjectId>) -> Result<bool, String> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            let limit = self.nodes_limit;
            let most = limit.most;
            format!("it has more than {most} attachments and parts of their list {limit}")
        })?;
        Ok(id.is_none_or(|id| self.seen.insert(id)))
    }

    /// Walks through a node of the name tree (ISO 32000-2, 7.9.6).
    fn walk(&mut self, node: &'a Object, depth: usize) -> Result<(), String> {
        let limit = self.depth_limit;
        if limit.is_exceeded_by(depth) {
            let most = limit.most;
            return Err(format!("the list of its attachments is more than {most} deep {limit}"));
        }
        let (id, node) = self.resolved(node);
        let Ok(node) = node.as_dict() else { return Ok(()) };
        if !self.is_new(id)? {
            return Ok(());
        }
        // Names and values take turns.
        let values = self.array(node, b"Names").into_iter().flatten().skip(1).step_by(2);
        for specification in values {
            self.add(specification)?;
        }
        for kid in self.array(node, b"Kids").into_iter().flatten() {
            self.walk(kid, depth + 1)?;
        }
        Ok(())
    }

    /// Adds the file of a file specification (ISO 32000-2, 7.11.3).
    fn add(&mut self, specification: &'a Object) -> Result<(), String> {
        let (id, specification) = self.resolved(specification);
        let Ok(specification) = specification.as_dict() else { return Ok(()) };
        if !self.is_new(id)? {
            return Ok(());
        }
        let name = KEYS.iter().find_map(|key| {
            let text = self.resolved(specification.get(key).ok()?).1;
            let is_short = text.as_str().is_ok_and(|bytes| bytes.len() <= MAX_NAME_BYTES);
            is_short.then(|| decode_text_string(text).ok()).flatten()
        });
        let files = self.dictionary(specification, b"EF");
        let file = KEYS.iter().find_map(|key| {
            let (id, object) = self.resolved(files?.get(key).ok()?);
            object.as_stream().ok().map(|stream| (id, stream))
        });
        if let (Some(name), Some((id, stream))) = (name, file)
            && id.is_none_or(|id| self.seen.insert(id))
        {
            let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned();
            self.found.push(Attachment { name, stream });
        }
        Ok(())
    }
}
