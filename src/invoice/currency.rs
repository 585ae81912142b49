//! The currency of an invoice, and how many decimals an amount in it has.

use std::fmt;

use iso_currency::Currency as Iso;
use serde::{Deserialize, Deserializer, Serialize};

/// How many characters of a wrong code its refusal repeats.
const SHOWN_OF_CODE: usize = 10;
/// The number of decimals where ISO 4217 names no minor unit, as for gold (XAU) and for no currency at all
/// (XXX). It is the most that EN 16931 allows.
const DECIMALS_WITHOUT_MINOR_UNIT: u32 = 2;

/// Codes that EN 16931 allows (BR-CL-04) and ISO 4217 does not have or has no more: renminbi outside of China, and
/// the former dobra of São Tomé. Both have two decimals.
const ONLY_IN_EN_16931: [&str; 2] = ["CNH", "STD"];

/// BT-5: a code of ISO 4217, or one that EN 16931 has in its list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    decimals: u32,
}

impl Currency {
    /// The currency of this code.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(code: &str) -> Result<Self, String> {
        if let Some(iso) = Iso::from_code(code) {
            let decimals = iso.exponent().map_or(DECIMALS_WITHOUT_MINOR_UNIT, u32::from);
            return Ok(Self { code: iso.code(), decimals });
        }
        let other = ONLY_IN_EN_16931.into_iter().find(|it| *it == code);
        other.map(|code| Self { code, decimals: 2 }).ok_or_else(|| {
            let shown: String = code.chars().take(SHOWN_OF_CODE).collect();
            format!("{shown:?} is no currency of ISO 4217; write one such as \"EUR\"")
        })
    }

    /// The number of decimals of an amount, which is the minor unit of ISO 4217: 2 for EUR, 0 for JPY, 3
    /// for KWD, 4 for CLF.
    ///
    /// EN 16931 allows at most two decimals in an amount (the BR-DEC rules). Currencies with more keep
    /// theirs, because an amount that cannot be stated exactly cannot be paid exactly.
    pub fn decimals(self) -> u32 {
        self.decimals
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_has_the_decimals_of_its_minor_unit() {
        for (code, decimals) in [
            ("EUR", 2),
            ("JPY", 0),
            ("ISK", 0),
            ("KWD", 3),
            ("TND", 3),
            ("CLF", 4),
            ("UYW", 4),
            ("XAU", 2),
            ("XXX", 2),
            ("CNH", 2),
            ("STD", 2),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!((currency.decimals(), currency.to_string()), (decimals, code.to_owned()));
        }
    }
}
