//! Ids as text in a letter.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use ulid::Ulid;

pub(super) fn serialize<S: Serializer>(id: &Ulid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ulid, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
