//! Writes the bytes of a file to disk as they arrive, and computes their digest and media type. A
//! file is never whole in memory.

use std::fs::File;
use std::io::{BufReader, Seek, Write};

use sha2::{Digest, Sha256};

/// The number of bytes at the start of a file that are used to find its media type.
const MEDIA_TYPE_BYTES: usize = 8 * 1024;

/// A file that is being written.
#[derive(Debug)]
pub struct Arriving {
    file: File,
    digest: Sha256,
    first: Vec<u8>,
    size: u64,
    max_bytes: u64,
}

/// A file that was written completely.
#[derive(Debug)]
pub struct Arrived {
    /// A file without a name that has the bytes.
    pub file: File,
    /// The SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// The size in bytes.
    pub size: i64,
    /// The media type that follows from the first bytes.
    pub media_type: Option<&'static str>,
    /// Width and height in pixels, if it is a picture and states them.
    pub pixels: Option<(u32, u32)>,
}

impl Arriving {
    /// Begins to write at most `max_bytes` to `file`.
    pub fn into(file: File, max_bytes: u64) -> Self {
        Self { file, digest: Sha256::new(), first: Vec::new(), size: 0, max_bytes }
    }

    /// Writes the next bytes. Returns false if the file is larger than allowed.
    ///
    /// # Errors
    /// Returns an error if the bytes cannot be written.
    pub fn take(&mut self, bytes: &[u8]) -> std::io::Result<bool> {
        self.size += bytes.len() as u64;
        if self.size > self.max_bytes {
            return Ok(false);
        }
        let missing = MEDIA_TYPE_BYTES.saturating_sub(self.first.len());
        self.first.extend_from_slice(bytes.get(..missing).unwrap_or(bytes));
        self.digest.update(bytes);
        // This writes to the page cache in a few microseconds, so it needs no thread of its own.
        self.file.write_all(bytes)?;
        Ok(true)
    }

    /// Ends the file and returns what is known of it.
    pub fn finish(self) -> Arrived {
        let media_type = infer::get(&self.first).map(|it| it.mime_type());
        let is_picture = media_type.is_some_and(|it| it.starts_with("image/"));
        Arrived {
            pixels: is_picture.then(|| pixels(&self.file)).flatten(),
            media_type,
            file: self.file,
            sha256: format!("{:x}", self.digest.finalize()),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
        }
    }
}

/// Returns width and height of a picture as it is shown. It only reads a few bytes, which are in the page cache.
fn pixels(picture: &File) -> Option<(u32, u32)> {
    let mut from_start = picture;
    from_start.rewind().ok()?;
    let size = imagesize::reader_size(BufReader::new(picture)).ok()?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    Some(if lies_on_its_side(picture) { (height, width) } else { (width, height) })
}

/// Whether a photo was taken with the camera on its side, so that programs turn it before they show it (Exif 2.3,
/// `Orientation`, 5 to 8).
fn lies_on_its_side(picture: &File) -> bool {
    let mut from_start = picture;
    if from_start.rewind().is_err() {
        return false;
    }
    let read = exif::Reader::new().read_from_container(&mut BufReader::new(picture));
    let orientation = read
        .ok()
        .and_then(|it| it.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0));
    orientation.is_some_and(|it| (5..=8).contains(&it))
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
            assert_eq!(arrived.pixels, Some((256, 256)));
            assert_eq!(arrived.size, i64::try_from(png.len()).unwrap());
            digests.push(arrived.sha256);
        }
        digests.dedup();
        assert_eq!(digests.len(), 1);
    }

    #[test]
    fn a_photo_has_the_size_at_which_it_is_shown() {
        // A JPEG that says of itself: 300 pixels wide, 200 high, and how the camera was held.
        let photo = |orientation: u8| {
            let mut bytes =
                b"\xff\xd8\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"
                    .to_vec();
            bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
            bytes.extend(b"\xff\xc0\0\x0b\x08\0\xc8\x01\x2c\x01\x01\x11\0\xff\xd9");
            let mut arriving = Arriving::into(tempfile::tempfile().unwrap(), 1 << 20);
            assert!(arriving.take(&bytes).unwrap());
            arriving.finish()
        };
        for (orientation, expected) in
            [(1, (300, 200)), (3, (300, 200)), (6, (200, 300)), (8, (200, 300))]
        {
            let arrived = photo(orientation);
            assert_eq!((arrived.media_type, arrived.pixels), (Some("image/jpeg"), Some(expected)));
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_as_soon_as_it_is() {
        let mut arriving = Arriving::into(tempfile::tempfile().unwrap(), 10);
        assert!(arriving.take(&[0; 10]).unwrap());
        assert!(!arriving.take(&[0]).unwrap());
    }
}
