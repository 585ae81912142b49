//! Makes the names of members from the names that people gave their files. Pure.

/// The greatest length of the part of a name that comes from the file's own name, in characters.
const MAX_NAME_CHARS: usize = 80;

/// Returns a path such as `files/0123456789abcdef-Offer.pdf`. The digest makes it unique. It cannot
/// lead out of the folder, is not hidden, and is valid in every file system.
pub(super) fn file_member(sha256: &str, name: &str) -> String {
    let digest: String = sha256.chars().take(16).collect();
    let safe: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    let safe = safe.trim_matches(['.', '_', '-']);
    let length = safe.chars().count();
    // The end of the name is kept, because the extension says which type of file it is.
    let short: String = safe.chars().skip(length.saturating_sub(MAX_NAME_CHARS)).collect();
    let short = if short.is_empty() { "file" } else { &short };
    format!("files/{digest}-{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_anywhere() {
        let digest = "0123456789abcdef0123456789abcdef";
        for (name, expected) in [
            ("Offer.pdf", "Offer.pdf"),
            ("../../etc/passwd", "etc_passwd"),
            ("C:\\x\\y.exe", "C__x_y.exe"),
            ("", "file"),
            ("...", "file"),
            ("März 1\u{202e}fdp.exe", "März_1_fdp.exe"),
            (".hidden", "hidden"),
        ] {
            assert_eq!(file_member(digest, name), format!("files/0123456789abcdef-{expected}"));
        }
        let long = format!("{}.pdf", "x".repeat(5_000));
        assert!(file_member(digest, &long).ends_with("xxx.pdf"));
        assert!(file_member(digest, &long).len() < 110);
    }
}
