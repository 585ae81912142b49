//! A postal address.

use serde::{Deserialize, Deserializer, Serialize};

use super::group::Blank;
use super::term::{Kind, Term};
use crate::invoice::objects::object;

/// A postal address: of the seller (BG-5), of the buyer (BG-8), of the tax representative (BG-12), or the
/// one that was delivered to (BG-15).
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

impl Address {
    /// The terms of an address, with an id for each of the four places where one stands.
    pub(in crate::invoice) const TERMS: &'static [Term] = &[
        Term {
            ids: "BT-35 BT-50 BT-64 BT-75",
            json: "lines",
            kind: Kind::Lines,
            takes_null: false,
            ubl: "cbc:StreetName+cbc:AdditionalStreetName+cac:AddressLine/cbc:Line",
            cii: "ram:LineOne+ram:LineTwo+ram:LineThree",
        },
        Term {
            ids: "BT-37 BT-52 BT-66 BT-77",
            json: "city",
            kind: Kind::Text,
            takes_null: true,
            ubl: "cbc:CityName",
            cii: "ram:CityName",
        },
        Term {
            ids: "BT-38 BT-53 BT-67 BT-78",
            json: "postal_code",
            kind: Kind::Text,
            takes_null: true,
            ubl: "cbc:PostalZone",
            cii: "ram:PostcodeCode",
        },
        Term {
            ids: "BT-39 BT-54 BT-68 BT-79",
            json: "region",
            kind: Kind::Text,
            takes_null: true,
            ubl: "cbc:CountrySubentity",
            cii: "ram:CountrySubDivisionName",
        },
        Term {
            ids: "BT-40 BT-55 BT-69 BT-80",
            json: "country",
            kind: Kind::Code,
            takes_null: true,
            ubl: "cac:Country/cbc:IdentificationCode",
            cii: "ram:CountryID",
        },
    ];
}

impl Blank for Address {
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
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
            Parts(#[serde(deserialize_with = "object")] Parts),
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
