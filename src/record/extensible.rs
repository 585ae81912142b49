//! Reads the text of extensible events (MSC1767).

use serde_json::{Map, Value};

/// Returns the text of a content block, in any of the forms that MSC1767 has had. Plain text is
/// preferred to other media types.
pub(super) fn extensible_text(content: &Map<String, Value>) -> Option<String> {
    let block = content.get("m.text").or_else(|| content.get("org.matrix.msc1767.text"))?;
    let text = match block {
        Value::Array(forms) => {
            let is_plain = |form: &&Value| {
                let mimetype = form.get("mimetype").and_then(Value::as_str);
                mimetype.is_none_or(|it| it == "text/plain")
            };
            let plain = forms.iter().filter(is_plain);
            plain.chain(forms).find_map(|form| form.get("body")?.as_str())
        }
        other => other.as_str(),
    };
    text.map(str::to_owned)
}
