//! What a business term is, and where it stands in JSON, UBL and CII.

/// One business term or group of EN 16931-1, or of an extension of it that is in use.
#[derive(Debug)]
pub(in crate::invoice) struct Term {
    /// Such as `BT-1`. A group that stands in several places has one id for each of them, separated by
    /// spaces, in the order of [`Kind::Group`]'s `role`.
    pub(in crate::invoice) ids: &'static str,
    /// The name of the field in JSON.
    pub(in crate::invoice) json: &'static str,
    /// The kind of its value.
    pub(in crate::invoice) kind: Kind,
    /// Whether JSON may say `null`, which is the same as leaving the field out.
    pub(in crate::invoice) takes_null: bool,
    /// Where it stands in UBL 2.1, from the element of its group. The language of these paths is
    /// described in `xml/path.rs`. Empty if it does not stand there, or stands in its group's element.
    pub(in crate::invoice) ubl: &'static str,
    /// Where it stands in CII (D16B), in the same way.
    pub(in crate::invoice) cii: &'static str,
}

impl Term {
    /// The id in the place that `role` means.
    pub(in crate::invoice) fn id(&self, role: usize) -> &'static str {
        self.ids.split(' ').nth(role).or_else(|| self.ids.split(' ').next()).unwrap_or_default()
    }
}

/// The kind of a value: how it is read from XML and written to it, and what its JSON Schema is.
#[derive(Clone, Copy, Debug)]
pub(in crate::invoice) enum Kind {
    /// A text in one line. White space in XML is only layout.
    Text,
    /// A text that may have several lines. If XML repeats it, it is all of them, one below the other.
    Prose,
    /// A list of texts in one line: the lines of an address, one place in XML for each, separated by `+`.
    Lines,
    /// A code of a list.
    Code,
    /// The time at which VAT becomes due (BT-8): in UBL a code of UNTDID 2005, in CII of UNTDID 2475.
    VatPointCode,
    /// A currency of ISO 4217.
    Currency,
    /// An amount in the currency of the invoice.
    Amount,
    /// An amount in the currency of VAT accounting (BT-6).
    VatCurrencyAmount,
    /// A price, a quantity or a percentage, exact.
    Figure,
    /// A day.
    Date,
    /// An identifier, with the scheme that it belongs to.
    Identifier,
    /// A list of identifiers.
    Identifiers,
    /// An identifier of a classification, with its scheme and the version of the scheme; repeated.
    Classifications,
    /// A note (BG-1), with the code of its subject; repeated.
    Notes,
    /// A file in the invoice (BT-125), with its media type and name.
    Attachment,
    /// A group of terms, and which id of each of its terms counts here.
    Group(&'static [Term], usize),
    /// A group that repeats.
    Groups(&'static [Term], usize),
}
