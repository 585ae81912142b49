//! What the rules of a profile ask of an invoice, in whichever form it came.

use rust_decimal::Decimal;

use crate::invoice::rules::Form;

/// The fields of the model that are identifiers of parties, with a scheme.
pub(in crate::invoice) const IDENTIFIED_FIELDS: [&str; 8] = [
    "seller/electronic_address",
    "buyer/electronic_address",
    "seller/identifiers",
    "buyer/identifier",
    "payee/identifier",
    "seller/registration",
    "buyer/registration",
    "payee/registration",
];

/// A place in an invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::invoice) struct Place {
    /// The JSON pointer, relative to the invoice.
    pub(in crate::invoice) pointer: String,
    /// The element of an XML file, by its number. The root is 0.
    pub(in crate::invoice) element: usize,
    /// The attribute of that element, if the value stands in one.
    pub(in crate::invoice) attribute: Option<&'static str>,
}

/// A part of a value that stands beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::invoice) enum Part {
    /// The scheme of an identifier, or the list of a class.
    Scheme,
    /// The version of that list.
    Version,
    /// The name of an attached file.
    Filename,
    /// The media type of an attached file.
    Mime,
}

/// One way to pay. UBL and CII may name several.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::invoice) struct Means {
    /// Where it stands.
    pub(in crate::invoice) place: Place,
    /// The code (BT-81).
    pub(in crate::invoice) code: String,
    /// Whether it has an account to pay to (BG-17), a card (BG-18), or a direct debit (BG-19).
    pub(in crate::invoice) has_account: bool,
    pub(in crate::invoice) has_card: bool,
    pub(in crate::invoice) has_debit: bool,
    /// Whether a bank is named without an account (CII).
    pub(in crate::invoice) has_bank: bool,
    /// The number of the account to pay to (BT-84), the bank (BT-86), and the debited account (BT-91).
    pub(in crate::invoice) account: Option<String>,
    pub(in crate::invoice) bank: Option<String>,
    pub(in crate::invoice) debited: Option<String>,
    /// The mandate (BT-89), also if it says nothing.
    pub(in crate::invoice) mandate: Option<String>,
    /// The reference for the payment (BT-83).
    pub(in crate::invoice) reference: Option<String>,
}

/// An identifier with a scheme.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::invoice) struct Identified {
    pub(in crate::invoice) place: Place,
    /// Whether it is an electronic address.
    pub(in crate::invoice) is_address: bool,
    pub(in crate::invoice) scheme: String,
    pub(in crate::invoice) id: String,
}

/// An invoice in any form.
///
/// Fields are named as in JSON, such as `seller/address/city`. In XML, an element that is there but empty is
/// a place that says nothing.
pub(in crate::invoice) trait Document {
    /// The form in which it came.
    fn form(&self) -> Form;

    /// The places of a field, from a place. The field of a list is each of its elements.
    fn each(&self, from: &Place, field: &str) -> Vec<Place>;

    /// The text of a place, without white space around it.
    fn text(&self, at: &Place) -> String;

    /// A part of the value at a place.
    fn part(&self, at: &Place, part: Part) -> Option<String>;

    /// Each way to pay.
    fn means(&self) -> Vec<Means>;

    /// Whether it is a credit note of UBL.
    fn is_ubl_credit_note(&self) -> bool;

    /// Each identifier with a scheme, wherever it stands.
    fn identifiers(&self) -> Vec<Identified>;

    /// Each allowance and each charge, of the invoice or of a line.
    fn adjustments(&self, of: &Place) -> Vec<Place>;

    /// The base quantity (BT-149) of a line at its net price, and at its gross price, where CII may have
    /// another one.
    fn base_quantities(&self, line: &Place) -> [Option<Decimal>; 2];

    /// The terms of payment (BT-20) as they are written, with every line break.
    fn payment_terms(&self) -> Option<String>;

    /// The place in the file, if it is one.
    fn xpath(&self, at: &Place) -> Option<String>;

    /// Whether a field is there, also if it says nothing.
    fn has(&self, from: &Place, field: &str) -> bool {
        !self.each(from, field).is_empty()
    }

    /// Whether a field says something.
    fn says(&self, from: &Place, field: &str) -> bool {
        self.each(from, field).iter().any(|it| !self.text(it).is_empty())
    }

    /// The text of a field that is there.
    fn first(&self, from: &Place, field: &str) -> Option<String> {
        self.each(from, field).first().map(|it| self.text(it))
    }

    /// Every text of a field.
    fn texts(&self, field: &str) -> Vec<String> {
        self.each(&Place::default(), field).iter().map(|it| self.text(it)).collect()
    }

    /// The figure of a field; none if it is missing or no figure.
    fn figure(&self, from: &Place, field: &str) -> Option<Decimal> {
        self.first(from, field)?.parse().ok()
    }
}
