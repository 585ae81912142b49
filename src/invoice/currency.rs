//! Currencies of ISO 4217.

use std::fmt;

use iso_currency::Currency as Iso;
use serde::{Deserialize, Deserializer, Serialize};

/// How many characters of a wrong code its refusal repeats.
const SHOWN_OF_CODE: usize = 10;

/// BT-5: a code of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(Iso);

impl Currency {
    /// The currency of this code.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(code: &str) -> Result<Self, String> {
        Iso::from_code(code).map(Self).ok_or_else(|| {
            let shown: String = code.chars().take(SHOWN_OF_CODE).collect();
            format!("{shown:?} is no currency of ISO 4217; write one such as \"EUR\"")
        })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
