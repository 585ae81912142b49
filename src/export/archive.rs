//! Writes a ZIP file from front to back, and computes the digest of each member.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// The digest and the size of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// The SHA-256 of its bytes, in hexadecimal.
    pub(super) sha256: String,
    /// The size in bytes.
    pub(super) size: u64,
}

type Zip<W> = ZipWriter<StreamWriter<Gate<W>>>;

/// A ZIP file that is being written. If it is dropped before `finish`, the file stays incomplete and
/// cannot be opened.
pub(super) struct Archive<W: Write> {
    zip: Option<Zip<W>>,
    members: BTreeMap<String, Member>,
    modified: zip::DateTime,
    closed: Arc<AtomicBool>,
}

/// Passes bytes on until it is closed, and then discards them. A `ZipWriter` writes the end of the
/// file when it is dropped, so after a failure an incomplete file would look complete.
struct Gate<W> {
    inner: W,
    closed: Arc<AtomicBool>,
}

/// How a member is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Compressed with Deflate.
    Deflated,
    /// Uncompressed. Most files that people send are already compressed.
    Stored,
}

/// The number of bytes that are collected before they are hashed and compressed. JSON and HTML are
/// written in pieces of a few bytes, and each piece would cost more than its bytes.
const BUFFER_BYTES: usize = 64 * 1024;
/// The level of compression, of 9. Of 12.5 MB of entries and their transcript, level 1 makes 2.4 MB,
/// level 2 1.7 MB, and level 6 1.5 MB. With level 6, reading and writing all of it takes one and a half
/// times the processor time of level 2; with level 1, hardly less.
const LEVEL: i64 = 2;

/// The member that is being written, behind a buffer.
pub(super) type Buffered<'a, W> = BufWriter<MemberWriter<'a, W>>;

/// The member that is being written.
pub(super) struct MemberWriter<'a, W: Write> {
    zip: &'a mut Zip<W>,
    digest: Sha256,
    size: u64,
}

impl<W: Write> Archive<W> {
    /// Starts an archive. All members get `time` (milliseconds since 1970) as their time of change.
    pub(super) fn new(inner: W, time: i64) -> Self {
        let closed = Arc::new(AtomicBool::new(false));
        let gate = Gate { inner, closed: Arc::clone(&closed) };
        Self {
            zip: Some(ZipWriter::new_stream(gate)),
            members: BTreeMap::new(),
            modified: zip_time(time).unwrap_or_default(),
            closed,
        }
    }

    /// Adds a member. `write` writes its bytes.
    ///
    /// # Errors
    /// When `write` fails or the output fails. The archive must not be completed then.
    pub(super) fn add<T>(
        &mut self,
        path: &str,
        packing: Packing,
        write: impl FnOnce(&mut Buffered<'_, W>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let (method, level) = match packing {
            Packing::Deflated => (CompressionMethod::Deflated, Some(LEVEL)),
            Packing::Stored => (CompressionMethod::Stored, None),
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level(level)
            .last_modified_time(self.modified)
            .unix_permissions(0o644)
            // The sizes are not known in advance, and members may be larger than 4 GiB.
            .large_file(true);
        let zip = self.zip.as_mut().context("the archive has ended")?;
        zip.start_file(path, options)?;
        let writer = MemberWriter { zip, digest: Sha256::new(), size: 0 };
        let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, writer);
        let done = write(&mut buffered)?;
        let writer = buffered.into_inner().map_err(IntoInnerError::into_error)?;
        let member =
            Member { sha256: format!("{:x}", writer.digest.finalize()), size: writer.size };
        self.members.insert(path.to_owned(), member);
        Ok(done)
    }

    /// The members that were written so far, by path.
    pub(super) fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// Writes the end of the archive, and returns the output.
    ///
    /// # Errors
    /// When the output fails.
    pub(super) fn finish(mut self) -> anyhow::Result<W> {
        let zip = self.zip.take().context("the archive has ended")?;
        Ok(zip.finish()?.into_inner().inner)
    }
}

impl<W: Write> Drop for Archive<W> {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed.load(Ordering::Relaxed) {
            return Ok(bytes.len());
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Write for MemberWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.zip.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or(bytes));
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// Converts a time (milliseconds since 1970) to UTC in the format of ZIP, which covers the years 1980
/// to 2107 with a precision of two seconds.
fn zip_time(milliseconds: i64) -> Option<zip::DateTime> {
    let time = jiff::Timestamp::from_millisecond(milliseconds).ok()?;
    let time = jiff::tz::Offset::UTC.to_datetime(time);
    let part = |number: i8| u8::try_from(number).ok();
    zip::DateTime::from_date_and_time(
        u16::try_from(time.year()).ok()?,
        part(time.month())?,
        part(time.day())?,
        part(time.hour())?,
        part(time.minute())?,
        part(time.second())?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_unfinished_is_no_archive() {
        let shared = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        struct Sink(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);
        impl Write for Sink {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.borrow_mut().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let write = |fails: bool| {
            shared.borrow_mut().clear();
            let mut archive = Archive::new(Sink(shared.clone()), 1_764_000_000_000);
            archive.add("a", Packing::Deflated, |out| Ok(out.write_all(b"hello")?)).unwrap();
            let failed = archive.add("b", Packing::Stored, |out| {
                out.write_all(b"half")?;
                if fails { anyhow::bail!("no more") } else { Ok(()) }
            });
            if failed.is_ok() {
                assert_eq!(archive.members()["b"].size, 4);
                archive.finish().unwrap();
            }
            zip::ZipArchive::new(io::Cursor::new(shared.borrow().clone()))
        };
        assert_eq!(write(false).unwrap().len(), 2);
        assert!(write(true).is_err());
    }
}
