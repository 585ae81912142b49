//! The EN 16931 invoice: model, money, rules, and XML in and out. Pure: no I/O.

mod amounts;
mod attached;
mod card;
mod currency;
mod date;
mod embedded;
mod epc;
mod further;
mod inspect;
mod limits;
mod model;
pub mod money;
mod objects;
mod original;
mod party;
mod payment_terms;
mod problem;
mod profile;
mod profile_rules;
mod qr;
mod rules;
mod settle;
mod strictness;
mod sub_lines;
mod transfer;
mod xml;

pub use attached::{AttachedFile, attached_contents, attached_file};
pub use currency::Currency;
pub use embedded::{Embedded, embedded_invoice, invoice_of_pdf, is_pdf};
pub use epc::epc_payload;
pub use further::{Further, Term, terms_to_compare};
pub use inspect::{Inspection, inspect, inspect_within};
pub use limits::{Limit, Limits, check_json};
pub use model::{
    Account, Address, Adjustment, AdjustmentInput, Attachment, Buyer, Card, Classification,
    Contact, Delivery, DirectDebit, Discount, Document, Identifier, Invoice, InvoiceInput, Item,
    ItemAttribute, Line, LineAdjustment, LineAdjustmentInput, LineInput, LineVat, Note, Payee,
    Payment, Period, PrecedingInvoice, Seller, TaxRepresentative, ThirdPartyPayment,
    ThirdPartyPaymentInput, Totals, TotalsInput, VatSubtotal, VatSubtotalInput,
};
pub use model::{address_schema, schema};
pub(crate) use objects::Objects;
pub(crate) use original::read_kept;
pub use original::{OriginalKind, parse_file, parse_file_within, read_file, without_mark, xml_of};
pub use party::PartyDetails;
pub use payment_terms::{EarlyPayment, early_discount, early_payments, payment_terms_text};
pub use problem::{Problem, Severity, in_a_line, listed, pointer, without_middle};
pub use profile::FacturxProfile;
pub use profile_rules::Claims;
pub(crate) use qr::code as qr_code;
pub use qr::svg as qr_svg;
pub use rules::{Form, Rule};
pub use settle::{Settled, settle, settle_within};
pub use strictness::Strictness;
pub use transfer::{Transfer, is_debited};
pub use xml::{
    AttachedContents, FromXml, LeftOver, LeftOvers, Places, Written, XmlFormat, XmlInvoice,
    refusal as why_not_written, write as write_xml,
};

/// Every rule that is run on an invoice, family by family.
pub fn all_rules() -> Vec<Rule> {
    rules::all().into_iter().chain(xml::syntax::all()).chain(profile_rules::all()).collect()
}
