//! The logo of a shop: a small picture, checked when the config is loaded, and served by us.

use sha2::{Digest, Sha256};

/// The greatest size of the file, in bytes. Each reader of an invoice loads it.
pub(crate) const MAX_BYTES: usize = 65_536;
/// The least and the greatest width and height, in pixels.
const SIDES: std::ops::RangeInclusive<usize> = 16..=2_000;
/// The greatest ratio of the longer side to the shorter one.
const MAX_RATIO: usize = 12;
/// The media types of pictures that every browser shows, with the end of a file's name.
const TYPES: [(&str, &str); 3] =
    [("image/png", "png"), ("image/jpeg", "jpg"), ("image/webp", "webp")];

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its name in the address: a digest of its content, so that browsers can cache it for ever.
    pub file_name: String,
    /// The media type.
    pub media_type: &'static str,
    /// Width and height in pixels.
    pub pixels: (usize, usize),
    /// The content.
    pub bytes: Vec<u8>,
}

impl Logo {
    /// Returns the logo with this content.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever writes the config.
    pub(crate) fn of(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("a file of {} bytes", bytes.len()));
        }
        let found = infer::get(&bytes).map(|it| it.mime_type());
        let known = TYPES.into_iter().find(|(media_type, _)| found == Some(media_type));
        let Some((media_type, extension)) = known else {
            return Err(match found {
                _ if is_svg(&bytes) => "an SVG file, which can contain programs".to_owned(),
                Some(other) => format!("a file of the type {other}"),
                None => "a file that is no picture".to_owned(),
            });
        };
        let size = imagesize::blob_size(&bytes).map_err(|_| "a broken picture".to_owned())?;
        let (width, height) = (size.width, size.height);
        if !SIDES.contains(&width) || !SIDES.contains(&height) {
            return Err(format!("a picture of {width} × {height} pixels"));
        }
        if width.max(height) > MAX_RATIO * width.min(height) {
            return Err(format!("a picture of {width} × {height} pixels, which is a stripe"));
        }
        let digest = format!("{:x}", Sha256::digest(&bytes));
        let file_name = format!("logo.{}.{extension}", digest.get(..32).unwrap_or(&digest));
        Ok(Self { file_name, media_type, pixels: (width, height), bytes })
    }

    /// Returns the address on this server.
    pub fn href(&self) -> String {
        format!("/assets/{}", self.file_name)
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    bytes.windows(4).take(1_000).any(|it| it == b"<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG that says this of its size. Nothing else of it is read here.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_logo_is_a_small_picture() {
        let logo = Logo::of(png(320, 80)).unwrap();
        assert_eq!((logo.media_type, logo.pixels), ("image/png", (320, 80)));
        assert!(logo.file_name.starts_with("logo.") && logo.file_name.ends_with(".png"));
        assert_ne!(Logo::of(png(321, 80)).unwrap().file_name, logo.file_name);
        for (bytes, problem) in [
            (png(15, 80), "a picture of 15 × 80 pixels"),
            (png(2_001, 800), "a picture of 2001 × 800 pixels"),
            (png(1_300, 100), "which is a stripe"),
            (vec![0; MAX_BYTES + 1], "a file of 65537 bytes"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "an SVG file"),
            (b"<?xml version=\"1.0\"?><svg/>".to_vec(), "an SVG file"),
            (b"GIF89a\x01\0\x01\0".to_vec(), "a file of the type image/gif"),
            (b"hello".to_vec(), "a file that is no picture"),
            (Vec::new(), "a file that is no picture"),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "a broken picture"),
        ] {
            let refused = Logo::of(bytes).unwrap_err();
            assert!(refused.contains(problem), "{refused}");
        }
    }
}
