//! What must hold whatever bytes come. Each module is a fuzz target; the main crate's tests run
//! the seeds and the corpus through the same code, which has to build as a part of them.

mod accepted;
pub mod bundle;
pub mod config;
pub mod invoice_pdf;
pub mod invoice_xml;
pub mod link;
pub mod push;
pub mod raw_event;
pub mod submission;
