//! The limits of an invoice that EN 16931 does not have. They protect the process, its database and the rooms.
//!
//! Each is a key under `invoice.limits` of the config, and each refusal names its key. What other limits set is no
//! key: a figure has at most 28 digits, because its arithmetic has no more, and at most 15 of them stand before the
//! point, so that sums fit, too (`money`); and an event of a room has at most 65,536 bytes (Matrix, Client-Server API,
//! "Size limits").

mod exceeded;
mod in_json;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::problem::Problem;
pub(super) use exceeded::exceeded;
pub use in_json::check_json;

/// The bytes of a megabyte.
const MEGABYTE: usize = 1_000_000;

/// Makes the struct, its defaults, and its greatest values from one table.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $default:literal, at most $highest:literal;)+) => {
        /// The limits within which an invoice is read. They come from the config; a program without one uses the
        /// defaults.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: usize,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// The greatest values that the config may set. What was taken in before is read within these, so that
            /// nobody loses an invoice by lowering a limit.
            pub const HIGHEST: Self = Self { $($name: $highest,)+ };
        }
    };
}

limits! {
    /// The greatest size of an invoice as it is handed in, in MB of 1,000,000 bytes: the body of a call, a file on
    /// the command line, or the XML that a PDF carries. It is in memory as a whole, and the database keeps it in
    /// one value, which both databases limit to 1 GB.
    file_megabytes: 50, at most 500;
    /// The greatest length of a code or an account number, in characters. Like each text, a longer one than 50,000
    /// does not fit into an event of the room.
    code_chars: 200, at most 50_000;
    /// The greatest length of another text in one line, such as a name, a number or a reference, in characters.
    text_chars: 1_000, at most 50_000;
    /// The greatest length of a text that may have several lines, in characters.
    long_text_chars: 20_000, at most 50_000;
    /// The greatest number of lines, and of rows of each other list. A row takes some kilobytes of memory.
    rows: 100_000, at most 1_000_000;
    /// The greatest number of notes, of further accounts, and of discounts. They are in one event of the room.
    notes_or_accounts: 100, at most 10_000;
    /// The greatest number of elements of an XML file, and of values in JSON. Each takes some hundred bytes of
    /// memory.
    elements: 2_000_000, at most 20_000_000;
    /// The greatest number of XML elements inside each other. They are walked through by recursion.
    xml_depth: 64, at most 256;
    /// The greatest number of attributes of an XML element, including declarations of namespaces. They are
    /// searched one by one.
    xml_attributes: 64, at most 1_000;
    /// The greatest number of namespaces that an XML element and its outer elements declare. They are searched one
    /// by one for each element.
    xml_namespaces: 32, at most 256;
    /// The greatest length of a tag in XML, in bytes.
    xml_tag_bytes: 16_384, at most 1_000_000;
    /// The greatest length of the text of an XML element, in bytes. Only attached files may be longer.
    xml_text_bytes: 262_144, at most 10_000_000;
    /// The greatest number of streams in a PDF. Each page, font and picture is one, and each costs time.
    pdf_streams: 2_000, at most 20_000;
    /// The greatest size of a compressed part of a PDF's own structure when it is unpacked, in bytes. Programs put
    /// at most some hundred objects into one, which is some tens of kilobytes.
    pdf_structure_bytes: 1_000_000, at most 16_000_000;
    /// The greatest number of attachments of a PDF and of parts of their list.
    pdf_attachments: 2_000, at most 20_000;
    /// The greatest depth of the list of the attachments of a PDF. It is walked through by recursion; a list of
    /// millions of files has less.
    pdf_list_depth: 16, at most 64;
}

/// One limit, for a refusal that names its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The greatest number that is allowed.
    pub most: usize,
    key: &'static str,
}

impl Limit {
    /// Returns a limit that a key under `invoice.limits` sets. Use [`limit!`], which takes both from one name.
    pub(super) const fn new(most: usize, key: &'static str) -> Self {
        Self { most, key }
    }

    /// Whether this number is too great.
    pub fn is_exceeded_by(self, number: usize) -> bool {
        number > self.most
    }

    /// Returns why a text is too long for a limit of characters, if it is.
    pub fn length_problem(self, text: &str) -> Option<String> {
        let (most, length) = (self.most, text.chars().count());
        let told = || format!("At most {most} characters are allowed here, not {length} {self}.");
        self.is_exceeded_by(length).then(told)
    }
}

/// Says which key sets the limit, in brackets, for the end of a sentence.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(config key {})", self.key)
    }
}

/// Returns a field of [`Limits`] with the path of its key.
macro_rules! limit {
    ($limits:expr, $name:ident) => {
        $crate::invoice::limits::Limit::new(
            $limits.$name,
            concat!("invoice.limits.", stringify!($name)),
        )
    };
}
pub(super) use limit;

impl Limits {
    /// The greatest size of an invoice as it is handed in, in bytes.
    pub fn file_bytes(&self) -> usize {
        self.file_megabytes.saturating_mul(MEGABYTE)
    }

    /// Returns why a file of this size cannot be an invoice, if it cannot.
    ///
    /// # Errors
    /// A sentence with the key of the limit.
    pub fn check_size(&self, bytes: usize) -> Result<(), Problem> {
        if bytes > self.file_bytes() {
            return Err(Problem::at(
                "",
                format!("The file has {bytes} bytes. {}", self.size_told()),
            ));
        }
        Ok(())
    }

    /// A sentence about the greatest size of an invoice, with its key.
    pub fn size_told(&self) -> String {
        let limit = limit!(self, file_megabytes);
        format!(
            "At most {} bytes are allowed here, which is {} MB {limit}.",
            self.file_bytes(),
            limit.most
        )
    }

    /// Returns how the length of a name of a party (BT-27, BT-44) is limited.
    pub fn of_name(&self) -> Limit {
        limit!(self, text_chars)
    }

    /// Returns how the length of a code or an identifier of a party (BT-31, BT-48) is limited.
    pub fn of_code(&self) -> Limit {
        limit!(self, code_chars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_key_and_its_present_value() {
        let limits = Limits { file_megabytes: 2, ..Limits::default() };
        let told = limits.check_size(2_000_001).unwrap_err().detail;
        assert_eq!(
            told,
            "The file has 2000001 bytes. At most 2000000 bytes are allowed here, which is 2 MB (config key \
             invoice.limits.file_megabytes)."
        );
        assert_eq!(limits.check_size(2_000_000), Ok(()));
        assert!(limits.of_name().is_exceeded_by(1_001) && !limits.of_name().is_exceeded_by(1_000));
    }
}
