//! JSON Merge Patch (RFC 7396): the members of a patch replace those of what is there, and `null` removes one.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Applies a patch to `target`. Objects are merged member by member. Everything else, lists among them, is replaced.
pub(super) fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(target.remove(&name)),
            Value::Object(inner) => {
                let member = target.entry(name).or_insert_with(|| Value::Object(Map::new()));
                match member {
                    Value::Object(member) => merge(member, inner),
                    other => *other = merged_into_nothing(inner),
                }
            }
            other => drop(target.insert(name, other)),
        }
    }
}

/// What a patch says about an object that is not there: all of its members but those that it removes.
fn merged_into_nothing(patch: Map<String, Value>) -> Value {
    let mut target = Map::new();
    merge(&mut target, patch);
    Value::Object(target)
}

/// Reads a member that a patch names, so that `null` differs from a member that is left out. What cannot be removed
/// is read as `T`, which `null` is not; what can be removed is read as an option.
pub(super) fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        // RFC 7396, appendix A, as far as both sides are objects.
        for (target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
            (json!({"a":"foo"}), json!({"a":{"b":null}}), json!({"a":{}})),
        ] {
            let (Value::Object(mut merged), Value::Object(patch)) = (target, patch) else {
                panic!("both are objects")
            };
            merge(&mut merged, patch);
            assert_eq!(Value::Object(merged), result);
        }
    }
}
