//! How values that stand as text in the file become types, where serde needs telling.

use ruma::RoomVersionId;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A URL as text, written without the slash that parsing adds.
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

/// The same, or nothing.
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

/// A room version is text, but everybody writes `12` without quotes.
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

/// The URL's text without a slash at its end, so that a path can be put behind it.
pub(super) fn without_slash(url: &::url::Url) -> &str {
    url.as_str().trim_end_matches('/')
}
