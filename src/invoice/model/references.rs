//! Other documents: preceding invoices, and what supports this one.

use jiff::civil::Date;

use super::group::group;
use super::term::Kind;
use super::values::Attachment;
use crate::invoice::date;

group! {
    /// An invoice that this one corrects, or that was paid before it (BG-3).
    PrecedingInvoice {
        number: (Option<String>),
            "BT-25", Kind::Text, "cbc:ID", "ram:IssuerAssignedID";
        #[serde(deserialize_with = "date::optional")]
        issue_date: (Option<Date>),
            "BT-26", Kind::Date, "cbc:IssueDate", "ram:FormattedIssueDateTime";
    }
}

group! {
    /// A document that supports the invoice (BG-24).
    Document {
        reference: (Option<String>),
            "BT-122", Kind::Text, "cbc:ID", "ram:IssuerAssignedID";
        description: (Option<String>),
            "BT-123", Kind::Prose, "cbc:DocumentDescription", "ram:Name";
        location: (Option<String>),
            "BT-124", Kind::Text, "cac:Attachment/cac:ExternalReference/cbc:URI", "ram:URIID";
        attachment: (Option<Attachment>),
            "BT-125", Kind::Attachment, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject",
            "ram:AttachmentBinaryObject";
    }
}
