//! Values that have parts: identifiers with a scheme, notes with a subject, attached files.

use base64::engine::general_purpose::STANDARD as BASE64;
use base64::{DecodeError, Engine};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use sha2::{Digest, Sha256};

use super::group::Blank;
use crate::invoice::objects::object;

/// An identifier. In JSON it is a text, or an object if a scheme is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifier {
    /// The identifier itself.
    pub id: String,
    /// The scheme that it belongs to: a code of ISO 6523 (such as `0088` for GS1) or, for an electronic
    /// address, of the EAS list.
    pub scheme: Option<String>,
}

/// A class to which an item belongs (BT-158).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classification {
    /// The class itself.
    pub id: String,
    /// The list of classes, a code of UNTDID 7143, such as `STI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The version of that list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A note (BG-1). In JSON it is a text, or an object if its subject is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The subject, a code of UNTDID 4451, such as `REG` (BT-21).
    pub subject: Option<String>,
    /// BT-22.
    pub text: String,
}

/// A file in the invoice (BT-125).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The name of the file.
    #[serde(default, skip_serializing_if = "Blank::is_blank")]
    pub filename: Option<String>,
    /// Its media type, such as `application/pdf`.
    #[serde(default, skip_serializing_if = "Blank::is_blank")]
    pub mime: Option<String>,
    /// Its content, in Base64 (RFC 4648, section 4). A settled invoice does not hold it: it stays in the
    /// original.
    #[serde(default, skip_serializing_if = "Blank::is_blank")]
    pub content: Option<String>,
    /// The length of its content, in bytes.
    #[serde(default, skip_serializing_if = "Blank::is_blank")]
    pub size: Option<usize>,
    /// The SHA-256 of its content, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Blank::is_blank")]
    pub sha256: Option<String>,
}

impl Attachment {
    /// Returns the content as bytes, or `None` if it has none.
    ///
    /// # Errors
    /// If the content is no Base64. White space in it does not matter.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>, DecodeError> {
        let Some(content) = &self.content else { return Ok(None) };
        let content: String = content.split_whitespace().collect();
        BASE64.decode(content).map(Some)
    }

    /// Replaces the content by its length and digest.
    ///
    /// # Errors
    /// If the content is no Base64.
    pub(in crate::invoice) fn digest(&mut self) -> Result<(), DecodeError> {
        if let Some(bytes) = self.bytes()? {
            self.size = Some(bytes.len());
            self.sha256 = Some(format!("{:x}", Sha256::digest(&bytes)));
            self.content = None;
        }
        Ok(())
    }
}

/// A text, or an object with the text and one thing that qualifies it.
#[derive(Deserialize)]
#[serde(untagged, bound = "T: Deserialize<'de>")]
enum Qualified<T> {
    Text(String),
    Parts(#[serde(deserialize_with = "object")] T),
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Parts<'a> {
            id: &'a str,
            scheme: &'a str,
        }
        match &self.scheme {
            None => to.serialize_str(&self.id),
            Some(scheme) => Parts { id: &self.id, scheme }.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            id: String,
            scheme: Option<String>,
        }
        let expected = "an identifier is a text, or an object with `id` and `scheme`";
        Ok(match Qualified::deserialize(from).map_err(|_| D::Error::custom(expected))? {
            Qualified::Text(id) => Self { id, scheme: None },
            Qualified::Parts(Parts { id, scheme }) => Self { id, scheme },
        })
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Parts<'a> {
            subject: &'a str,
            text: &'a str,
        }
        match &self.subject {
            None => to.serialize_str(&self.text),
            Some(subject) => Parts { subject, text: &self.text }.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            subject: Option<String>,
            text: String,
        }
        let expected = "a note is a text, or an object with `subject` and `text`";
        Ok(match Qualified::deserialize(from).map_err(|_| D::Error::custom(expected))? {
            Qualified::Text(text) => Self { subject: None, text },
            Qualified::Parts(Parts { subject, text }) => Self { subject, text },
        })
    }
}
