//! The EN 16931 invoice: model, money, rules and XML readers. Pure: no I/O.

mod codes;
mod date;
mod embedded;
mod epc;
mod further;
mod input;
mod limits;
mod model;
pub mod money;
mod original;
mod owed;
mod party;
mod problem;
mod qr;
mod rules;
mod settle;
mod xml;

pub use embedded::{Embedded, embedded_invoice, invoice_of_pdf, is_pdf};
pub use epc::epc_payload;
pub use further::{Term, further_terms};
pub use input::{AdjustmentInput, InvoiceInput, LineInput, TotalsInput};
pub use model::{
    Account, Adjustment, Currency, Invoice, Line, LineVat, Payment, Totals, VatSubtotal,
};
pub use original::{OriginalKind, read_file, xml_of};
pub use owed::{Ended, Owed, status_to_show};
pub use party::{Address, PartyDetails};
pub use problem::Problem;
pub(crate) use qr::code as qr_code;
pub use qr::svg as qr_svg;
pub use settle::{Settled, settle};
pub use xml::{FromXml, XmlFormat, read as read_xml};
