//! Reads the files that messages name.

mod key;

use ruma::MxcUri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::plain_text;
use super::remark::Remark;

pub use key::AttachmentKey;

/// A file in a message. All fields are what the sender claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file name.
    pub name: String,
    /// The media type.
    pub mimetype: Option<String>,
    /// The size in bytes.
    pub size: Option<i64>,
    /// The `mxc://` address; none if the message names no valid one.
    pub mxc: Option<String>,
    /// Whether the file was sent encrypted, with the key in the event.
    pub encrypted: bool,
    /// The SHA-256, in hex, of the key in the event, since several events may name the same address
    /// with different keys. None if the file is not encrypted, or its key cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_digest: Option<String>,
    /// The width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    /// The height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<i64>,
    /// The duration in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
}

impl Attachment {
    /// Reads the file in the content of a message.
    pub(super) fn read(content: &Map<String, Value>) -> Self {
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        // Some clients encrypt attachments even in rooms without encryption. Clients prefer the
        // encrypted file to the one that is not encrypted.
        let file = content.get("file").and_then(Value::as_object);
        let file = file.filter(|file| file.get("url").is_some_and(Value::is_string));
        let url = file.and_then(|file| file.get("url")).and_then(Value::as_str).or(text("url"));
        let info = content.get("info").and_then(Value::as_object);
        let of_info = |key: &str| info.and_then(|info| info.get(key));
        let number = |key: &str| of_info(key).and_then(Value::as_i64).filter(|it| *it >= 0);
        Self {
            name: plain_text::text(text("filename").or(text("body")).unwrap_or_default()),
            mimetype: of_info("mimetype").and_then(Value::as_str).map(plain_text::text),
            size: number("size"),
            mxc: url.filter(|url| is_mxc(url)).map(str::to_owned),
            encrypted: file.is_some(),
            key_digest: file.and_then(AttachmentKey::read).map(|key| key.digest()),
            width: number("w"),
            height: number("h"),
            duration: number("duration"),
        }
    }

    /// Returns what identifies the file: its address, followed by `#` and the digest of its key if it
    /// is encrypted, since another key makes another file of the same bytes. None if the file cannot
    /// be fetched or decrypted.
    pub fn source(&self) -> Option<String> {
        let mxc = self.mxc.as_ref()?;
        match &self.key_digest {
            Some(digest) => Some(format!("{mxc}#{digest}")),
            None => Some(mxc.clone()).filter(|_| !self.encrypted),
        }
    }

    /// Returns a remark for the reader if the file cannot be fetched or decrypted.
    pub(super) fn remark(&self) -> Option<Remark> {
        if self.mxc.is_none() {
            return Some(Remark::FileWithoutAddress);
        }
        let is_unreadable = self.encrypted && self.key_digest.is_none();
        is_unreadable.then_some(Remark::FileWithoutKey)
    }
}

/// Splits a file's [source](Attachment::source) into its address and, if the file is encrypted, the
/// digest of its key.
pub fn address_of(source: &str) -> (&str, Option<&str>) {
    source.split_once('#').map_or((source, None), |(mxc, digest)| (mxc, Some(digest)))
}

/// Returns the key with this digest from a raw event.
pub fn key_in(raw: &str, digest: &str) -> Option<AttachmentKey> {
    let event: Value = serde_json::from_str(raw).ok()?;
    let content = event.get("content")?;
    let contents = [content.get("m.new_content"), Some(content)];
    let keys = contents
        .into_iter()
        .flatten()
        .filter_map(|it| AttachmentKey::read(it.get("file")?.as_object()?));
    keys.into_iter().find(|key| key.digest() == digest)
}

/// Returns whether the URL consists of a server and a media id only. A path, a query or dots could
/// direct an authenticated request to another place.
fn is_mxc(url: &str) -> bool {
    <&MxcUri>::from(url).parts().is_ok_and(|(_, media_id)| {
        !media_id.is_empty()
            && media_id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strict_media_address_counts() {
        assert!(is_mxc("mxc://example.org/AbC_-9"));
        for bad in [
            "",
            "https://x/y",
            "mxc://",
            "mxc://x",
            "mxc://x/",
            "mxc://x/../../y",
            "mxc://x/a?b",
            "mxc:///a",
            "mxc://x/a/b",
            "mxc://x y/a",
        ] {
            assert!(!is_mxc(bad), "{bad}");
        }
    }
}
