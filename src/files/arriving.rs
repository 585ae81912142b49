//! A file on its way onto disk, looked at as it comes; it is never whole in memory.

use std::fs::File;
use std::io::Write;

use sha2::{Digest, Sha256};

/// As much of a file as is looked at to tell what it is.
const LOOK_BYTES: usize = 8 * 1024;

/// A file of which some has come.
#[derive(Debug)]
pub struct Arriving {
    file: File,
    digest: Sha256,
    first: Vec<u8>,
    size: u64,
    max_bytes: u64,
}

/// A file that has come.
#[derive(Debug)]
pub struct Arrived {
    /// Its bytes, in a file without a name.
    pub file: File,
    /// SHA-256, hex.
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    /// As its first bytes say.
    pub media_type: Option<&'static str>,
}

impl Arriving {
    /// Into `file`, at most `max_bytes`.
    pub fn into(file: File, max_bytes: u64) -> Self {
        Self { file, digest: Sha256::new(), first: Vec::new(), size: 0, max_bytes }
    }

    /// Takes the next bytes; false if that is more than allowed.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn take(&mut self, bytes: &[u8]) -> std::io::Result<bool> {
        self.size += bytes.len() as u64;
        if self.size > self.max_bytes {
            return Ok(false);
        }
        let room = LOOK_BYTES.saturating_sub(self.first.len());
        self.first.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.digest.update(bytes);
        // Into the page cache: a few microseconds, no reason for another thread.
        self.file.write_all(bytes)?;
        Ok(true)
    }

    /// That was all.
    pub fn finish(self) -> Arrived {
        Arrived {
            file: self.file,
            sha256: format!("{:x}", self.digest.finalize()),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            media_type: infer::get(&self.first).map(|it| it.mime_type()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_bytes_whatever_pieces_it_comes_in() {
        let png = include_bytes!("../../assets/invoice.png");
        let mut digests = Vec::new();
        for piece in [1, 7, png.len()] {
            let mut arriving = Arriving::into(tempfile::tempfile().unwrap(), 1 << 20);
            for bytes in png.chunks(piece) {
                assert!(arriving.take(bytes).unwrap());
            }
            let arrived = arriving.finish();
            assert_eq!(arrived.media_type, Some("image/png"));
            assert_eq!(arrived.size, i64::try_from(png.len()).unwrap());
            digests.push(arrived.sha256);
        }
        digests.dedup();
        assert_eq!(digests.len(), 1);
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_as_soon_as_it_is() {
        let mut arriving = Arriving::into(tempfile::tempfile().unwrap(), 10);
        assert!(arriving.take(&[0; 10]).unwrap());
        assert!(!arriving.take(&[0]).unwrap());
    }
}
