//! Files in messages.

mod key;

use ruma::MxcUri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::plain_text;

pub use key::AttachmentKey;

/// A file in a message; everything about it is what its sender claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub mimetype: Option<String>,
    /// Bytes.
    pub size: Option<i64>,
    /// Where it is; none if the message names no valid place.
    pub mxc: Option<String>,
    /// Sent encrypted, with the key in the event.
    pub encrypted: bool,
    /// SHA-256, hex, of the key that the event names for it: several events may name the same
    /// address with different keys. None if it is not encrypted, or its key cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_digest: Option<String>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<i64>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
}

impl Attachment {
    /// The file in a message's content.
    pub(super) fn read(content: &Map<String, Value>) -> Self {
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        // Some clients encrypt attachments even where messages are not. Clients take that file
        // before the one that is not encrypted.
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

    /// Which file it is: its address, and for an encrypted one the digest of its key after `#`,
    /// since other keys make other files of the same bytes. None if it cannot be had.
    pub fn source(&self) -> Option<String> {
        let mxc = self.mxc.as_ref()?;
        match &self.key_digest {
            Some(digest) => Some(format!("{mxc}#{digest}")),
            None => Some(mxc.clone()).filter(|_| !self.encrypted),
        }
    }

    /// What is odd about it.
    pub(super) fn remark(&self) -> Option<&'static str> {
        if self.mxc.is_none() {
            return Some("the file's address is missing or invalid");
        }
        let is_unreadable = self.encrypted && self.key_digest.is_none();
        is_unreadable.then_some("the file is encrypted, and its key is missing or invalid")
    }
}

/// The address in a file's [source](Attachment::source), and the digest of the key if it is
/// encrypted.
pub fn address_of(source: &str) -> (&str, Option<&str>) {
    source.split_once('#').map_or((source, None), |(mxc, digest)| (mxc, Some(digest)))
}

/// The key with this digest in a raw event.
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

/// Whether this names a server and a media id and nothing else: no path, query or dots that could
/// lead an authenticated request somewhere else.
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
