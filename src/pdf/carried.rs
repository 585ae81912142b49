//! The invoice for programs, which the PDF carries (Factur-X 1.0, ZUGFeRD 2.x).

use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::metadata::DateTime;

use crate::invoice::FacturxProfile;

/// The version of Factur-X, as its metadata name it.
const VERSION: &str = "1.0";
/// The version of XRechnung if the invoice names none.
const XRECHNUNG_VERSION: &str = "3.0";
/// What stands before the version in the specification (BT-24) of XRechnung.
const XRECHNUNG: &str = "xrechnung_";

/// An invoice as CII, and its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedInvoice {
    /// The XML (CII D16B), in UTF-8.
    pub xml: String,
    /// The profile of the XML.
    pub profile: FacturxProfile,
    /// The specification (BT-24) in the XML.
    pub specification: String,
}

impl CarriedInvoice {
    /// The name of the file in the PDF. XRechnung has another one (ZUGFeRD 2.1 and later).
    pub(super) fn file_name(&self) -> &'static str {
        match self.profile {
            FacturxProfile::Xrechnung => "xrechnung.xml",
            _ => "factur-x.xml",
        }
    }

    /// The version that the metadata name: that of the schema of Factur-X, or that of XRechnung.
    pub(super) fn version(&self) -> &str {
        if self.profile != FacturxProfile::Xrechnung {
            return VERSION;
        }
        let stated = self.specification.rsplit_once(XRECHNUNG).map(|(_, version)| version);
        let is_version = |text: &&str| {
            !text.is_empty()
                && text.len() <= 8
                && text.bytes().all(|it| it.is_ascii_digit() || it == b'.')
        };
        stated.filter(is_version).unwrap_or(XRECHNUNG_VERSION)
    }

    /// The XML as an associated file. MINIMUM and BASIC WL do not say all that the pages say, so their XML
    /// is only data of the PDF; every other profile is an alternative to the pages (Factur-X 1.0, 6.2.2).
    pub(super) fn file(&self, at: DateTime) -> EmbeddedFile {
        let is_part = matches!(self.profile, FacturxProfile::Minimum | FacturxProfile::BasicWl);
        EmbeddedFile {
            path: self.file_name().to_owned(),
            mime_type: MimeType::new("text/xml"),
            description: Some("Factur-X invoice".to_owned()),
            association_kind: if is_part {
                AssociationKind::Data
            } else {
                AssociationKind::Alternative
            },
            data: self.xml.clone().into_bytes().into(),
            modification_date: Some(at),
            compress: Some(true),
            location: None,
        }
    }
}
