//! Names of members, from names that people gave. Pure.

/// Longest name, in characters.
const MAX_NAME: usize = 80;

/// `files/0123456789abcdef-Offer.pdf`: unique by its digest, and nothing that could lead out of a
/// folder, hide, or be refused by a file system.
pub(super) fn file_member(sha256: &str, name: &str) -> String {
    let digest: String = sha256.chars().take(16).collect();
    let tame: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    let tame = tame.trim_matches(['.', '_', '-']);
    let length = tame.chars().count();
    // The end tells what it is.
    let short: String = tame.chars().skip(length.saturating_sub(MAX_NAME)).collect();
    let short = if short.is_empty() { "file" } else { &short };
    format!("files/{digest}-{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_lead_anywhere() {
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
