//! Files of people to people, so that a browser does nothing with them by itself. Pure.

/// What a browser may show by itself; anything else is only ever saved.
const HARMLESS: [&str; 12] = [
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

/// The media type to send a file with: as its first bytes say, if that is harmless.
pub fn shown_as(media_type: Option<&str>) -> &str {
    media_type.filter(|it| HARMLESS.contains(it)).unwrap_or("application/octet-stream")
}

/// To be saved under this name (RFC 6266, RFC 8187).
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
