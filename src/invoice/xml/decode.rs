//! Decodes the bytes of an XML file (XML 1.0, section 4.3.3).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::super::problem::Problem;

/// How far from its beginning a file declares its encoding, in bytes.
const DECLARATION_BYTES: usize = 256;
/// Why a file is taken to be in an encoding that its first bytes show.
const AS_IT_BEGINS: &str = "as its first bytes say";

/// Decodes a file by its byte order mark, or else by the encoding that it declares, or else as UTF-8.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with "The file".
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let (encoding, why) = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => (encoding, AS_IT_BEGINS),
        // UTF-16 without a mark: `<` is the first character.
        None if bytes.starts_with(&[0, b'<']) => (UTF_16BE, AS_IT_BEGINS),
        None if bytes.starts_with(&[b'<', 0]) => (UTF_16LE, AS_IT_BEGINS),
        None => match declared(bytes) {
            None => (UTF_8, "in which XML is if it declares no other"),
            Some(label) => {
                let known = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                    format!("is in the encoding {label:?}, which is unknown; send it in UTF-8")
                })?;
                // What was read as text of one byte each is no UTF-16, whatever it declares. Programs that
                // write XML to a text in memory declare that.
                if known == UTF_16LE || known == UTF_16BE {
                    (UTF_8, "which it must be, as it is not the UTF-16 that it declares")
                } else {
                    (known, "as it declares")
                }
            }
        },
    };
    let (text, has_errors) = encoding.decode_with_bom_removal(bytes);
    if has_errors {
        let name = encoding.name();
        let place = match std::str::from_utf8(bytes) {
            Err(error) if encoding == UTF_8 => {
                format!(" (the first one is byte {})", error.valid_up_to())
            }
            _ => String::new(),
        };
        return Err(format!(
            "holds bytes that are no {name}{place}, {why}; send it in UTF-8, or declare its encoding in its \
             first line"
        ));
    }
    Ok(text)
}

/// Says that a file declares an encoding of one byte for a letter, and is UTF-8. It is read as it declares, as other
/// programs read it.
pub(super) fn doubt(bytes: &[u8]) -> Option<Problem> {
    let label = declared(bytes).filter(|_| Encoding::for_bom(bytes).is_none())?;
    Encoding::for_label(label.as_bytes()).filter(|it| it.is_single_byte())?;
    let is_utf_8 = !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok();
    let detail = format!(
        "The file declares the encoding {label}, but it is UTF-8: letters such as ü are read wrong. Declare UTF-8."
    );
    is_utf_8.then(|| Problem::at("", detail))
}

/// Returns the encoding that the XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..DECLARATION_BYTES.min(bytes.len()))?;
    let start = String::from_utf8_lossy(start);
    let declaration = start.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_the_encoding_that_it_declares() {
        for (declared, bytes) in [
            ("ISO-8859-1", &b"\xfc"[..]),
            ("windows-1252", b"\xfc"),
            ("UTF-8", "ü".as_bytes()),
            ("ISO-8859-15", b"\xfc"),
        ] {
            let head = format!("<?xml version='1.0' encoding='{declared}'?><a>");
            let file = [head.as_bytes(), bytes, b"</a>"].concat();
            assert!(decode(&file).unwrap().ends_with("<a>ü</a>"), "{declared}");
        }
        let ascii = b"<?xml version=\"1.0\" encoding=\"US-ASCII\"?><a>b</a>";
        assert!(decode(ascii).unwrap().ends_with("<a>b</a>"));
        for (order, units) in [
            (&[][..], "<a>ü</a>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            (&[0xfe, 0xff], "<a>ü</a>".encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(decode(&[order, &units].concat()).unwrap(), "<a>ü</a>");
        }
    }

    #[test]
    fn what_declares_utf_16_and_has_one_byte_for_a_letter_is_utf_8() {
        for label in ["utf-16", "UTF-16", "UTF-16BE"] {
            let file = format!("<?xml version=\"1.0\" encoding=\"{label}\"?><a>ü</a>");
            assert!(decode(file.as_bytes()).unwrap().ends_with("<a>ü</a>"), "{label}");
        }
    }

    #[test]
    fn utf_8_that_declares_an_encoding_of_one_byte_is_told() {
        let file = |label: &str, text: &[u8]| {
            let head = format!("<?xml version='1.0' encoding='{label}'?><a>");
            [head.as_bytes(), text, b"</a>"].concat()
        };
        let told = doubt(&file("ISO-8859-1", "Größe".as_bytes())).unwrap().detail;
        assert!(told.contains("ISO-8859-1") && told.contains("UTF-8"), "{told}");
        for (label, text) in [
            ("ISO-8859-1", &b"Gr\xf6\xdfe"[..]),
            ("ISO-8859-1", b"plain"),
            ("UTF-8", "Größe".as_bytes()),
            ("GB18030", "Größe".as_bytes()),
        ] {
            assert_eq!(doubt(&file(label, text)), None, "{label}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_names_the_encoding() {
        let unknown = decode(b"<?xml version='1.0' encoding='EBCDIC-XY'?><a/>").unwrap_err();
        assert!(unknown.contains("EBCDIC-XY"), "{unknown}");
        let wrong = decode(b"<a>\xfc</a>").unwrap_err();
        assert!(wrong.contains("no UTF-8 (the first one is byte 3)"), "{wrong}");
        assert!(wrong.contains("in which XML is if it declares no other"), "{wrong}");
        let wrong = decode(b"<?xml version='1.0' encoding='UTF-16'?><a>\xfc</a>").unwrap_err();
        assert!(wrong.contains("no UTF-8 (the first one is byte 42)"), "{wrong}");
        assert!(wrong.contains("as it is not the UTF-16 that it declares"), "{wrong}");
        let wrong = decode(b"<?xml version='1.0' encoding='GB18030'?><a>\xff</a>").unwrap_err();
        assert!(wrong.contains("no gb18030, as it declares"), "{wrong}");
        let wrong = decode(b"\xef\xbb\xbf<a>\xfc</a>").unwrap_err();
        assert!(wrong.contains("as its first bytes say"), "{wrong}");
    }
}
