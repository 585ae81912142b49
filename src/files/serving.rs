//! Decides with which HTTP headers files of people are served, so that a browser does not execute
//! them. This file does no I/O.

use std::ops::RangeInclusive;

use http_range_header::{RangeUnsatisfiableError, parse_range_header};

/// The media types that a browser may show. All other files can only be saved.
const HARMLESS_MEDIA_TYPES: [&str; 15] = [
    "application/pdf",
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/quicktime",
    "video/webm",
];

/// Returns the `Content-Type` of a file: its media type if that is harmless, by its registered name, or else
/// `application/octet-stream`.
pub fn shown_as(media_type: Option<&str>) -> &str {
    let registered = media_type.map(|it| match it {
        // What is named by its codec or its extension is known by its container. Element records the first of them.
        "audio/opus" => "audio/ogg",
        "audio/m4a" => "audio/mp4",
        "audio/x-flac" => "audio/flac",
        other => other,
    });
    registered.filter(|it| HARMLESS_MEDIA_TYPES.contains(it)).unwrap_or("application/octet-stream")
}

/// Which bytes of a file are answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Requested {
    /// All of them.
    Whole,
    /// From the first number to the last one, counted from 0.
    Part(RangeInclusive<u64>),
    /// The file has none of those that were asked for.
    Unsatisfiable,
}

/// Returns which bytes of a file with `size` bytes the value of a `Range` header asks for (RFC 9110, section 14.2).
/// Players of sound and video ask for parts. Several parts at once, and what is no range of bytes, are answered with
/// the whole file, as the RFC allows.
pub fn requested(range: Option<&str>, size: u64) -> Requested {
    let Some(Ok(ranges)) = range.map(parse_range_header) else { return Requested::Whole };
    match ranges.validate(size) {
        Ok(parts) => match parts.as_slice() {
            [part] => Requested::Part(part.clone()),
            _ => Requested::Whole,
        },
        Err(RangeUnsatisfiableError::Unsatisfiable) => Requested::Unsatisfiable,
        Err(_) => Requested::Whole,
    }
}

/// Returns the `Content-Disposition` of a file that is saved under this name (RFC 6266, RFC 8187).
pub fn disposition(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_served_by_registered_names_and_only_harmless_ones() {
        for (found, shown) in [
            (Some("audio/opus"), "audio/ogg"),
            (Some("audio/m4a"), "audio/mp4"),
            (Some("image/png"), "image/png"),
            (Some("image/heif"), "application/octet-stream"),
            (Some("text/html"), "application/octet-stream"),
            (None, "application/octet-stream"),
        ] {
            assert_eq!(shown_as(found), shown, "{found:?}");
        }
    }

    #[test]
    fn a_part_is_answered_only_where_one_is_asked_for() {
        for (range, expected) in [
            (None, Requested::Whole),
            (Some("bytes=0-"), Requested::Part(0..=9)),
            (Some("bytes=2-5"), Requested::Part(2..=5)),
            (Some("bytes=8-99"), Requested::Part(8..=9)),
            (Some("bytes=-3"), Requested::Part(7..=9)),
            (Some("bytes=10-"), Requested::Unsatisfiable),
            (Some("bytes=0-1,3-4"), Requested::Whole),
            (Some("bytes=5-2"), Requested::Whole),
            (Some("lines=1-2"), Requested::Whole),
        ] {
            assert_eq!(requested(range, 10), expected, "{range:?}");
        }
        assert_eq!(requested(Some("bytes=0-"), 0), Requested::Unsatisfiable);
    }

    #[test]
    fn any_name_fits_into_the_header() {
        assert_eq!(
            disposition("Rechnung \"März\"\r\n.pdf"),
            "attachment; filename=\"Rechnung _M_rz_.pdf\"; \
             filename*=UTF-8''Rechnung%20%22M%C3%A4rz%22.pdf"
        );
        assert!(disposition(&"x".repeat(5_000)).len() < 600);
    }
}
