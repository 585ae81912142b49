//! Files in messages.

use ruma::MxcUri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words;

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
        // Some clients encrypt attachments even where messages are not.
        let file = content.get("file").and_then(Value::as_object);
        let url = file.and_then(|file| file.get("url")).and_then(Value::as_str).or(text("url"));
        let info = content.get("info").and_then(Value::as_object);
        let of_info = |key: &str| info.and_then(|info| info.get(key));
        let number = |key: &str| of_info(key).and_then(Value::as_i64).filter(|it| *it >= 0);
        Self {
            name: words::text(text("filename").or(text("body")).unwrap_or_default()),
            mimetype: of_info("mimetype").and_then(Value::as_str).map(words::text),
            size: number("size"),
            mxc: url.filter(|url| is_mxc(url)).map(str::to_owned),
            encrypted: file.is_some(),
            width: number("w"),
            height: number("h"),
            duration: number("duration"),
        }
    }

    /// What is odd about it.
    pub(super) fn remark(&self) -> Option<String> {
        self.mxc.is_none().then(|| "the file's address is missing or invalid".to_owned())
    }
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
