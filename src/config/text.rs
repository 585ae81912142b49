//! Serde functions for values that are texts in the file and have a type of their own here.

use ruma::RoomVersionId;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A URL, serialized without the trailing slash that parsing adds.
pub(super) mod url {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use url::Url;

    pub(crate) fn serialize<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::without_slash(url))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
        Url::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// An optional URL, serialized like [`url`].
pub(super) mod optional_url {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use url::Url;

    pub(crate) fn serialize<S: Serializer>(
        url: &Option<Url>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match url {
            Some(url) => super::url::serialize(url, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Url>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Url::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

/// Deserializes a room version from a text or a number: the Matrix specification makes it a text,
/// but people write `12` without quotes.
pub(super) fn room_version<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RoomVersionId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u32),
        Text(String),
    }

    let text = match Option::<Written>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Written::Number(number)) => number.to_string(),
        Some(Written::Text(text)) => text,
    };
    RoomVersionId::try_from(text).map(Some).map_err(D::Error::custom)
}

/// Returns the text of a URL without trailing slashes, so that a path can be appended.
pub(super) fn without_slash(url: &::url::Url) -> &str {
    url.as_str().trim_end_matches('/')
}
