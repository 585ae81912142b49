//! The parties of an invoice.

use serde::{Deserialize, Deserializer, Serialize};

/// A party as an XML invoice states it (BG-4, BG-7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartyDetails {
    /// The name (BT-27 or BT-44); empty if it is not stated.
    pub name: String,
    /// BT-31 or BT-48.
    pub vat_id: Option<String>,
    /// BG-5 or BG-8.
    pub address: Option<Address>,
}

/// A postal address (BG-5, BG-8).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Address {
    /// The street and the other lines before the city (BT-35, BT-36, BT-162).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// BT-37.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// BT-38.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// BT-39.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// BT-40, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl<'de> Deserialize<'de> for Address {
    /// Reads an address from its parts, or from one text that has a line for each line of the address.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            #[serde(default)]
            lines: Vec<String>,
            city: Option<String>,
            postal_code: Option<String>,
            region: Option<String>,
            country: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "an address is a text, or an object with `lines` (list of texts), `city`, \
                         `postal_code`, `region` and `country`"
        )]
        enum Form {
            Text(String),
            Parts(Parts),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => Self {
                lines: text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect(),
                ..Self::default()
            },
            Form::Parts(Parts { lines, city, postal_code, region, country }) => {
                Self { lines, city, postal_code, region, country }
            }
        })
    }
}
