//! Decides with which HTTP headers files of people are served, so that a browser does not execute
//! them. This file does no I/O.

/// The media types that a browser may show. All other files can only be saved.
const HARMLESS_MEDIA_TYPES: [&str; 12] = [
    "application/pdf",
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

/// Returns the `Content-Type` of a file: its media type if that is harmless, or else
/// `application/octet-stream`.
pub fn shown_as(media_type: Option<&str>) -> &str {
    media_type.filter(|it| HARMLESS_MEDIA_TYPES.contains(it)).unwrap_or("application/octet-stream")
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
    fn any_name_fits_into_the_header() {
        assert_eq!(
            disposition("Rechnung \"März\"\r\n.pdf"),
            "attachment; filename=\"Rechnung _M_rz_.pdf\"; \
             filename*=UTF-8''Rechnung%20%22M%C3%A4rz%22.pdf"
        );
        assert!(disposition(&"x".repeat(5_000)).len() < 600);
    }
}
