//! Which sets of rules an invoice claims to follow, by its specification identifier (BT-24).

/// The identifiers of Peppol BIS Billing 3.0 and of Peppol BIS Self-Billing 3.0, and what those of other versions
/// have in them.
pub(super) const BILLING: &str =
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
pub(super) const SELF_BILLING: &str =
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0";
const BILLING_IN_ANY_VERSION: &str = "urn:fdc:peppol.eu:2017:poacc:billing:";
const SELF_BILLING_IN_ANY_VERSION: &str = "urn:fdc:peppol.eu:2017:poacc:selfbilling:";
/// The identifiers of XRechnung 3.0, of its extension, and of XRechnung CVD.
const XRECHNUNG: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0";
const EXTENSION: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0";
const CVD: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_0.9";
/// What the identifiers of XRechnung have in them, in any version; the second one up to 2.3.
const XRECHNUNG_IN_ANY_VERSION: [&str; 2] =
    ["urn:xeinkauf.de:kosit:xrechnung", "urn:xoev-de:kosit:standard:xrechnung"];

/// The sets of rules that an invoice claims to follow, beside EN 16931.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// XRechnung, in any version: the rules are those of version 3.0.
    pub xrechnung: bool,
    /// Whether it is named exactly as one that the rules are for (BR-DE-21).
    pub current_xrechnung: bool,
    /// The extension of XRechnung.
    pub extension: bool,
    /// XRechnung for the purchase of clean vehicles.
    pub cvd: bool,
    /// Peppol BIS Billing or Self-Billing, in any version: the rules are those of version 3.
    pub peppol: bool,
    /// Peppol BIS Self-Billing, in which the buyer issues the invoice.
    pub self_billing: bool,
}

impl Claims {
    /// Returns the sets that a specification identifier claims.
    pub fn of(specification: &str) -> Self {
        let specification = specification.trim();
        let self_billing = specification.contains(SELF_BILLING_IN_ANY_VERSION);
        Self {
            xrechnung: XRECHNUNG_IN_ANY_VERSION.iter().any(|it| specification.contains(it)),
            current_xrechnung: [XRECHNUNG, EXTENSION, CVD].contains(&specification),
            extension: specification == EXTENSION,
            cvd: specification == CVD,
            peppol: self_billing || specification.contains(BILLING_IN_ANY_VERSION),
            self_billing,
        }
    }

    /// Whether it claims none.
    pub fn is_empty(self) -> bool {
        !self.xrechnung && !self.peppol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_identifier_names_the_sets() {
        let none = Claims::default();
        let xrechnung = Claims { xrechnung: true, ..none };
        let current = Claims { current_xrechnung: true, ..xrechnung };
        for (specification, claims) in [
            ("", none),
            ("urn:cen.eu:en16931:2017", none),
            ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", none),
            (XRECHNUNG, current),
            (EXTENSION, Claims { extension: true, ..current }),
            (CVD, Claims { cvd: true, ..current }),
            (
                "urn:cen.eu:en16931:2017#compliant#urn:xoev-de:kosit:standard:xrechnung_2.2",
                xrechnung,
            ),
            ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_4.0", xrechnung),
            (BILLING, Claims { peppol: true, ..none }),
            (SELF_BILLING, Claims { peppol: true, self_billing: true, ..none }),
            (
                "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0#conformant#urn:x",
                Claims { peppol: true, ..none },
            ),
        ] {
            assert_eq!(Claims::of(specification), claims, "{specification}");
        }
        assert!(none.is_empty() && !xrechnung.is_empty());
    }
}
