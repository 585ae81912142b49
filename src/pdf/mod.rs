//! stub
use crate::{invoice::Term, language::Locale, transaction::Terms};
#[derive(Debug)]
pub struct Document<'a> {
    pub terms: &'a Terms,
    pub locale: &'a Locale,
    pub further: &'a [Term],
    pub qr: Option<&'a str>,
}
pub fn invoice_pdf(_: &Document<'_>) -> Result<Vec<u8>, std::fmt::Error> {
    Ok(vec![])
}
