//! A ZIP file that is written from front to back, with the digest of each member.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// What is known of a member once it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// SHA-256 of its bytes, hex.
    pub(super) sha256: String,
    /// Bytes.
    pub(super) size: u64,
}

type Zip<W> = ZipWriter<StreamWriter<Gate<W>>>;

/// A ZIP file in the making. One that is dropped before its end has no end.
pub(super) struct Archive<W: Write> {
    zip: Option<Zip<W>>,
    members: BTreeMap<String, Member>,
    modified: zip::DateTime,
    closed: Arc<AtomicBool>,
}

/// Lets bytes pass until it is closed. A `ZipWriter` writes the end when it is dropped: after a
/// failure, that would make a part look like the whole.
struct Gate<W> {
    inner: W,
    closed: Arc<AtomicBool>,
}

/// How a member is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Compressed.
    Deflated,
    /// As it is: what people send is mostly compressed already.
    Stored,
}

/// The member that is being written.
pub(super) struct MemberWriter<'a, W: Write> {
    zip: &'a mut Zip<W>,
    digest: Sha256,
    size: u64,
}

impl<W: Write> Archive<W> {
    /// Everything in it gets this time, milliseconds since 1970.
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

    /// Adds a member; `write` writes its bytes.
    ///
    /// # Errors
    /// When `write` fails, or the bytes cannot be passed on; the archive cannot be completed then.
    pub(super) fn add<T>(
        &mut self,
        path: &str,
        packing: Packing,
        write: impl FnOnce(&mut MemberWriter<'_, W>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let options = SimpleFileOptions::default()
            .compression_method(match packing {
                Packing::Deflated => CompressionMethod::Deflated,
                Packing::Stored => CompressionMethod::Stored,
            })
            .last_modified_time(self.modified)
            .unix_permissions(0o644)
            // Sizes are not known before; entries and files may be larger than 4 GiB.
            .large_file(true);
        let zip = self.zip.as_mut().context("the archive has ended")?;
        zip.start_file(path, options)?;
        let mut writer = MemberWriter { zip, digest: Sha256::new(), size: 0 };
        let done = write(&mut writer)?;
        let member =
            Member { sha256: format!("{:x}", writer.digest.finalize()), size: writer.size };
        self.members.insert(path.to_owned(), member);
        Ok(done)
    }

    /// What was written so far, by path.
    pub(super) fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// Writes the end.
    ///
    /// # Errors
    /// When the bytes cannot be passed on.
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

/// UTC, as ZIP has it: to two seconds, from 1980 to 2107.
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
