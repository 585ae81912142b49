//! Finds JSON objects with duplicate keys, because JSON parsers disagree on which value counts.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Returns whether any object in `raw` has a duplicate key. Returns false if `raw` is not JSON, or is
/// nested too deeply to be read.
pub(super) fn has_duplicate_keys(raw: &str) -> bool {
    serde_json::from_str::<HasDuplicates>(raw).is_ok_and(|found| found.0)
}

struct HasDuplicates(bool);

impl<'de> Deserialize<'de> for HasDuplicates {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DuplicateVisitor).map(Self)
    }
}

struct DuplicateVisitor;

impl<'de> Visitor<'de> for DuplicateVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut keys = HashSet::new();
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            found |= !keys.insert(key);
            found |= map.next_value::<HasDuplicates>()?.0;
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(HasDuplicates(inside)) = seq.next_element()? {
            found |= inside;
        }
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::has_duplicate_keys;

    #[test]
    fn duplicate_keys_are_found_at_any_depth() {
        for raw in
            [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":[{"c":1,"c":null}]}}]"#, r#"{"a":1,"\u0061":2}"#]
        {
            assert!(has_duplicate_keys(raw), "{raw}");
        }
        for raw in ["{}", "5", "not JSON", r#"{"a":{"a":1},"b":[1.5,-2,true,null,"a"]}"#] {
            assert!(!has_duplicate_keys(raw), "{raw}");
        }
    }
}
