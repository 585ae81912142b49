//! The profile of Factur-X (ZUGFeRD 2) that an invoice belongs to.

use super::model::Invoice;
use super::model::walk::walk;
use super::xml::CORE_INVOICE;

/// The part of a specification (BT-24) that names a profile of Factur-X.
const FACTURX: &str = "urn:factur-x.eu:1p0:";
/// The part of a specification (BT-24) that names XRechnung, but not its extension.
const XRECHNUNG: [&str; 2] = [":kosit:xrechnung_", ":kosit:standard:xrechnung_"];

/// A profile of Factur-X, from the one with the least to the one with the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacturxProfile {
    /// Totals without lines and without a VAT breakdown. It is no invoice in the sense of EN 16931.
    Minimum,
    /// An invoice without lines.
    BasicWl,
    /// An invoice with lines and the most usual terms.
    Basic,
    /// All of EN 16931.
    En16931,
    /// EN 16931 and what goes beyond it, such as lines that group others.
    Extended,
    /// EN 16931 with the rules of XRechnung.
    Xrechnung,
}

impl FacturxProfile {
    /// The profile of an invoice. What the invoice holds decides how much a profile must have: without lines it
    /// is MINIMUM or BASIC WL, and with lines that group others, or are no part of the sums, EXTENDED.
    /// Otherwise the specification (BT-24) decides, if it names a profile that has a place for all of it. Any
    /// other invoice is one of EN 16931.
    pub fn of(invoice: &Invoice) -> Self {
        if invoice.lines.is_empty() {
            // BASIC WL demands the breakdown (BR-CO-18).
            let has_breakdown = !invoice.vat_breakdown.is_empty();
            return if has_breakdown { Self::BasicWl } else { Self::Minimum };
        }
        let specification = invoice.specification.as_deref().unwrap_or_default();
        let claimed = specification.split_once(FACTURX).map(|(_, name)| name);
        let is_extended = invoice.lines.iter().any(|it| it.role.is_some() || it.parent.is_some());
        if is_extended || claimed == Some("extended") {
            Self::Extended
        } else if XRECHNUNG.iter().any(|it| specification.contains(it)) {
            Self::Xrechnung
        } else if claimed == Some("basic") && fits_basic(invoice) {
            Self::Basic
        } else {
            Self::En16931
        }
    }

    /// The specification (BT-24) of an invoice in this profile. XRechnung has versions: an invoice that names
    /// one keeps it.
    pub fn specification(self, invoice: &Invoice) -> String {
        let stated = invoice.specification.as_deref();
        let of_xrechnung = stated.filter(|it| XRECHNUNG.iter().any(|name| it.contains(name)));
        match self {
            Self::Minimum => format!("{FACTURX}minimum"),
            Self::BasicWl => format!("{FACTURX}basicwl"),
            Self::Basic => format!("{CORE_INVOICE}#compliant#{FACTURX}basic"),
            Self::En16931 => CORE_INVOICE.to_owned(),
            Self::Extended => format!("{CORE_INVOICE}#conformant#{FACTURX}extended"),
            Self::Xrechnung => of_xrechnung.map_or_else(
                || format!("{CORE_INVOICE}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"),
                str::to_owned,
            ),
        }
    }

    /// The `ConformanceLevel` in the XMP metadata of a Factur-X PDF.
    pub fn conformance_level(self) -> &'static str {
        match self {
            Self::Minimum => "MINIMUM",
            Self::BasicWl => "BASIC WL",
            Self::Basic => "BASIC",
            Self::En16931 => "EN 16931",
            Self::Extended => "EXTENDED",
            Self::Xrechnung => "XRECHNUNG",
        }
    }
}

/// Whether BASIC has a place for every term of an invoice.
fn fits_basic(invoice: &Invoice) -> bool {
    let Ok(value) = serde_json::to_value(invoice) else { return false };
    let mut fits = invoice.totals.rounding.is_zero();
    walk(&value, |leaf| {
        let beyond = leaf.groups.iter().map(|(id, _)| *id).chain([leaf.id]);
        fits &= !beyond.into_iter().any(|id| NOT_IN_BASIC.contains(&id));
    });
    fits
}

/// The terms and groups of EN 16931 that the schema of BASIC has no place for. Rounding (BT-114) is one, too,
/// but a settled invoice always states it.
const NOT_IN_BASIC: [&str; 23] = [
    "BT-7", "BT-11", "BT-14", "BT-15", "BT-17", "BT-18", "BT-33", "BG-6", "BG-9", "BT-82", "BT-85",
    "BT-86", "BG-18", "BG-24", "BT-154", "BT-128", "BT-132", "BT-133", "BT-155", "BT-156",
    "BT-158", "BT-159", "BG-32",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{Form, InvoiceInput, settle};

    fn invoice(more: &str) -> Invoice {
        let text =
            format!(r#"{{"number": "1", "issue_date": "2026-06-01", "currency": "EUR", {more}}}"#);
        let input: InvoiceInput = serde_json::from_str(&text).unwrap();
        settle(input, Form::Json).unwrap().invoice
    }

    const LINE: &str = r#""lines": [{"description": "A", "quantity": "1", "unit_price": "1", "vat": {"category": "Z", "rate": "0"}}]"#;

    #[test]
    fn what_an_invoice_holds_and_claims_decides_its_profile() {
        let totals = r#""totals": {"without_vat": "1", "vat": "0", "with_vat": "1", "due": "1"}"#;
        let row =
            r#""vat_breakdown": [{"category": "Z", "rate": "0", "taxable": "1", "tax": "0"}]"#;
        let claims = |urn: &str| format!(r#"{LINE}, "specification": "{urn}""#);
        let basic = "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic";
        let xrechnung = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0";
        let peppol = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
        let group = LINE.replace("\"A\"", r#""A", "role": "DETAIL", "parent": "0""#);
        for (more, level, specification) in [
            (format!(r#"{totals}, "vat_breakdown": []"#), "MINIMUM", "urn:factur-x.eu:1p0:minimum"),
            (format!("{totals}, {row}"), "BASIC WL", "urn:factur-x.eu:1p0:basicwl"),
            (LINE.to_owned(), "EN 16931", "urn:cen.eu:en16931:2017"),
            (claims(peppol), "EN 16931", "urn:cen.eu:en16931:2017"),
            (claims(basic), "BASIC", basic),
            (
                format!(r#"{}, "project_reference": "P""#, claims(basic)),
                "EN 16931",
                "urn:cen.eu:en16931:2017",
            ),
            (claims(xrechnung), "XRECHNUNG", xrechnung),
            (group, "EXTENDED", "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended"),
        ] {
            let invoice = invoice(&more);
            let profile = FacturxProfile::of(&invoice);
            assert_eq!(profile.conformance_level(), level, "{more}");
            assert_eq!(profile.specification(&invoice), specification);
        }
    }
}
