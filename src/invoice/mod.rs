//! The EN 16931 invoice: model, money, rules and XML readers. Pure: no I/O.

mod currency;
mod date;
mod epc;
mod further;
mod limits;
mod model;
pub mod money;
mod owed;
mod party;
mod problem;
mod qr;
mod rules;
mod settle;
mod xml;

pub use currency::Currency;
pub use epc::epc_payload;
pub use further::{Term, further_terms};
pub use model::{
    Account, Address, Adjustment, AdjustmentInput, Attachment, Buyer, Card, Classification,
    Contact, Delivery, DirectDebit, Document, Identifier, Invoice, InvoiceInput, Item,
    ItemAttribute, Line, LineAdjustment, LineAdjustmentInput, LineInput, LineVat, Note, Payee,
    Payment, Period, PrecedingInvoice, Seller, TaxRepresentative, Totals, TotalsInput, VatSubtotal,
    VatSubtotalInput,
};
pub use owed::{Ended, Owed, status_to_show};
pub use party::PartyDetails;
pub use problem::{Problem, Severity};
pub(crate) use qr::code as qr_code;
pub use qr::svg as qr_svg;
pub use rules::{Form, Rule, all as all_rules};
pub use settle::{Settled, settle};
pub use xml::{FromXml, LeftOver, LeftOvers, XmlFormat, check as check_xml, read as read_xml};
