//! Parses a submission or a patch from the bytes that a shop sent.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::json::{json, json_value, json_within};
use super::party::matrix_id;
use super::read_file::ReadFile;
use super::{Contact, Party, Patch, Submission};
use crate::invoice::{InvoiceInput, Limits, PartyDetails, Problem};
use crate::language::LanguageTag;
use crate::record::RedactionPolicy;

/// The fields of a submission that an XML invoice does not contain.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accompaniment {
    /// The shop's own id. If it is left out, the invoice number is used.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The status in the shop's own terms.
    #[serde(default)]
    pub status: Option<String>,
    /// The contacts of the buyer, and fields that replace those of the invoice.
    #[serde(default)]
    pub buyer: Option<Party>,
    /// The contacts of the seller, and fields that replace those of the invoice.
    #[serde(default)]
    pub seller: Option<Party>,
    /// Whether redacted content is kept or erased. If it is left out, the config decides.
    #[serde(default)]
    pub redactions: Option<RedactionPolicy>,
    /// The language of what the bot writes in the room. If it is left out, it is that of the shop.
    #[serde(default)]
    pub language: Option<LanguageTag>,
}

impl Accompaniment {
    /// Reads form fields: `external_id`, `status`, `language`, `buyer` and `seller`. The last two contain one
    /// Matrix ID and are repeated for each contact.
    ///
    /// # Errors
    /// All fields that are unknown, or contain no valid Matrix ID or no tag of a language with texts.
    pub fn from_fields(
        fields: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Problem>> {
        let mut this = Self::default();
        let mut problems = Vec::new();
        for (name, value) in fields {
            match name.as_str() {
                "external_id" => this.external_id = Some(value),
                "status" => this.status = Some(value),
                "language" => match LanguageTag::try_from(value) {
                    Ok(tag) => this.language = Some(tag),
                    Err(detail) => {
                        problems.push(Problem::at("/language", format!("`language`: {detail}.")));
                    }
                },
                "buyer" | "seller" => match matrix_id(&value) {
                    Ok(user) => {
                        let role = if name == "buyer" { &mut this.buyer } else { &mut this.seller };
                        let contact = Contact { matrix: Some(user), ..Contact::default() };
                        role.get_or_insert_default().contacts.push(contact);
                    }
                    Err(detail) => problems.push(Problem::at(format!("/{name}"), detail)),
                },
                _ => problems.push(Problem::at(
                    format!("/{name}"),
                    "This parameter is unknown. The parameters are `external_id`, `status`, `language`, \
                     `buyer` and `seller`. The last two take a Matrix ID and may be repeated.",
                )),
            }
        }
        if problems.is_empty() { Ok(this) } else { Err(problems) }
    }

    /// Parses JSON with `external_id`, `status`, `buyer`, `seller`, `redactions` and `language`, as in
    /// a submission.
    ///
    /// # Errors
    /// The first error in the JSON, with its pointer.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        json(bytes)
    }
}

impl Submission {
    /// Parses JSON within the default limits.
    ///
    /// # Errors
    /// Those of [`from_json_within`](Self::from_json_within).
    pub fn from_json(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        Self::from_json_within(bytes, &Limits::default())
    }

    /// Parses JSON.
    ///
    /// # Errors
    /// The first limit that it exceeds, or the first error in the JSON, with its pointer.
    pub fn from_json_within(bytes: &[u8], limits: &Limits) -> Result<Self, Vec<Problem>> {
        Ok(Self { limits: limits.clone(), ..json_within(bytes, limits)? })
    }

    /// Parses an EN 16931 invoice in UBL or CII, or in a PDF that carries one of them, within the default limits.
    ///
    /// # Errors
    /// Those of [`from_file_within`](Self::from_file_within).
    pub fn from_file(bytes: &[u8], with: Accompaniment) -> Result<Self, Vec<Problem>> {
        Self::from_file_within(bytes, with, &Limits::default())
    }

    /// Parses an EN 16931 invoice in UBL or CII, or in a PDF that carries one of them, and adds the fields
    /// that it does not contain.
    ///
    /// # Errors
    /// When the file is not such an invoice, or exceeds a limit.
    pub fn from_file_within(
        bytes: &[u8],
        with: Accompaniment,
        limits: &Limits,
    ) -> Result<Self, Vec<Problem>> {
        let (invoice, seller, buyer, file) = read_file(bytes, limits)?;
        let mut submission = Self {
            external_id: with.external_id.or_else(|| invoice.number.clone()).unwrap_or_default(),
            status: with.status,
            invoice,
            buyer: with.buyer.unwrap_or_default(),
            seller: with.seller.unwrap_or_default(),
            redactions: with.redactions,
            language: with.language,
            file: Some(file),
            limits: limits.clone(),
        };
        submission.complete_parties(buyer, seller);
        Ok(submission)
    }
}

impl Patch {
    /// Parses JSON within the default limits.
    ///
    /// # Errors
    /// Those of [`from_json_within`](Self::from_json_within).
    pub fn from_json(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        Self::from_json_within(bytes, &Limits::default())
    }

    /// Parses JSON.
    ///
    /// # Errors
    /// The first limit that it exceeds, or the first error in the JSON, with its pointer.
    pub fn from_json_within(bytes: &[u8], limits: &Limits) -> Result<Self, Vec<Problem>> {
        Ok(Self { limits: limits.clone(), ..json_within(bytes, limits)? })
    }

    /// Parses JSON whose invoice names only what changes in it (RFC 7396). Otherwise as
    /// [`from_json_within`](Self::from_json_within).
    ///
    /// # Errors
    /// The first limit that it exceeds, or the first error in the JSON, with its pointer.
    pub fn from_merge_patch(bytes: &[u8], limits: &Limits) -> Result<Self, Vec<Problem>> {
        let mut whole: Map<String, Value> = json_within(bytes, limits)?;
        let merge = match whole.remove("invoice") {
            None => None,
            Some(Value::Object(changes)) => Some(changes),
            Some(_) => {
                let detail = "The invoice cannot be removed or be something else than an object.";
                return Err(vec![Problem::at("/invoice", detail)]);
            }
        };
        Ok(Self { limits: limits.clone(), merge, ..json_value(Value::Object(whole))? })
    }

    /// Parses a new version of the invoice in UBL or CII, or in a PDF that carries one of them, within the
    /// default limits.
    ///
    /// # Errors
    /// Those of [`from_file_within`](Self::from_file_within).
    pub fn from_file(bytes: &[u8], status: Option<String>) -> Result<Self, Vec<Problem>> {
        Self::from_file_within(bytes, status, &Limits::default())
    }

    /// Parses a new version of the invoice in UBL or CII, or in a PDF that carries one of them.
    ///
    /// # Errors
    /// When the file is not such an invoice, or exceeds a limit.
    pub fn from_file_within(
        bytes: &[u8],
        status: Option<String>,
        limits: &Limits,
    ) -> Result<Self, Vec<Problem>> {
        let (invoice, _, _, file) = read_file(bytes, limits)?;
        Ok(Self {
            invoice: Some(invoice),
            status,
            file: Some(file),
            limits: limits.clone(),
            ..Self::default()
        })
    }
}

fn read_file(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(InvoiceInput, PartyDetails, PartyDetails, ReadFile), Vec<Problem>> {
    let under = |problem: Problem| problem.under("/invoice");
    ReadFile::read(bytes, limits).map_err(|problems| problems.into_iter().map(under).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_speak_of_json_and_never_of_rust() {
        let whole = r#"{"external_id":"a","invoice":{"number":"1","issue_date":"2026-06-01",
            "currency":"EUR","lines":[]},"buyer":{"name":"B"},"seller":{"name":"S"}}"#;
        let whole: serde_json::Value = serde_json::from_str(whole).unwrap();
        let values = ["7", "7.5", "-1", "true", "null", "\"x\"", "[]", "[1]", "{}", "{\"a\":1}"];
        let places = [
            "",
            "/external_id",
            "/invoice",
            "/invoice/number",
            "/invoice/issue_date",
            "/invoice/currency",
            "/invoice/lines",
            "/buyer",
            "/buyer/name",
            "/buyer/contacts",
            "/invoice/payment",
            "/invoice/totals",
            "/invoice/note",
            "/redactions",
            "/language",
            "/status",
        ];
        let rust = [
            "struct",
            "enum",
            "tuple",
            "variant `",
            "newtype",
            "Option",
            "sequence",
            "unit",
            "i64",
            "u64",
            "f64",
            "u32",
            " map",
            "untagged",
            "boolean",
        ];
        for place in places {
            for value in values {
                let mut json = whole.clone();
                let value: serde_json::Value = serde_json::from_str(value).unwrap();
                match place.rsplit_once('/') {
                    None => json = value,
                    Some((parent, key)) => json.pointer_mut(parent).unwrap()[key] = value,
                }
                let Err(problems) = Submission::from_json(json.to_string().as_bytes()) else {
                    continue;
                };
                for it in problems {
                    let found = rust.iter().find(|word| it.detail.contains(**word));
                    assert_eq!(found, None, "{place}: {}", it.detail);
                }
            }
        }
        let long = format!("{{\"{}\":1}}", "é".repeat(100_000));
        for it in Submission::from_json(long.as_bytes()).unwrap_err() {
            assert!(it.pointer.is_empty() && it.detail.chars().count() < 1_100, "{}", it.detail);
            assert!(it.detail.starts_with("Unknown field") && it.detail.contains("`invoice`"));
        }
    }
}
