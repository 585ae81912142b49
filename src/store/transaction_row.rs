//! The rows of transactions and of their revisions.

use sqlx::FromRow;

use super::columns::{decimal, from_json, parse_id};
use super::{StoreError, Weight};
use crate::invoice::{Invoice, Problem};
use crate::language::LanguageTag;
use crate::record::RedactionPolicy;
use crate::transaction::{Terms, Transaction};

/// A statement that selects transactions with their current revision as [`Row`].
macro_rules! select_transactions {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.shop, t.external_id, t.revision, t.paid, t.discount, t.payment_changes, t.statuses, r.status, r.invoice, r.buyer, ",
            "r.seller, r.warnings, r.redactions, r.language, t.created_at, t.updated_at FROM transactions t ",
            "JOIN revisions r ON r.transaction_id = t.id AND r.revision = t.revision ",
            $rest
        )
    };
}
pub(super) use select_transactions;

/// The columns of a transaction and of its current revision.
#[derive(FromRow)]
pub(super) struct Row {
    #[sqlx(flatten)]
    outline: Outline,
    #[sqlx(flatten)]
    revision: RevisionRow,
}

/// The columns of a transaction.
#[derive(FromRow)]
pub(super) struct Outline {
    pub(super) id: String,
    pub(super) shop: String,
    pub(super) external_id: String,
    pub(super) revision: i64,
    /// The sum of the payments.
    pub(super) paid: String,
    pub(super) discount: String,
    pub(super) payment_changes: i64,
    /// One a line.
    pub(super) statuses: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

/// The columns of a revision.
#[derive(FromRow)]
pub(super) struct RevisionRow {
    status: String,
    invoice: String,
    buyer: String,
    seller: String,
    warnings: String,
    redactions: Option<String>,
    language: Option<String>,
}

/// The content of a revision.
#[derive(Clone, Debug)]
pub(super) struct RevisionData {
    terms: Terms,
    warnings: Vec<Problem>,
    /// The size of its JSON, in bytes.
    bytes: usize,
}

/// The number of bytes of JSON that count as one value of the [`Weight`].
const BYTES_PER_VALUE: usize = 256;

impl Weight for RevisionData {
    fn weight(&self) -> usize {
        1 + self.bytes / BYTES_PER_VALUE
    }
}

/// Reads an invoice from its column. An invoice that was stored before numbers were cut may hold the whole number of a card.
/// The column keeps it, because the act of the revision covers it, but nobody is shown more than BR-51 allows.
pub(super) fn stored_invoice(column: &str) -> Result<Invoice, StoreError> {
    let mut invoice: Invoice = from_json("invoice", column)?;
    invoice.cut_card_number();
    Ok(invoice)
}

/// Reads the redaction policy from its column.
pub(super) fn redactions(column: Option<&str>) -> Option<RedactionPolicy> {
    match column {
        Some("honour") => Some(RedactionPolicy::Honour),
        Some("retain") => Some(RedactionPolicy::Retain),
        _ => None,
    }
}

impl Outline {
    /// Adds the content of the revision to a transaction.
    pub(super) fn with(
        self,
        RevisionData { terms, warnings, .. }: RevisionData,
    ) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            id: parse_id(&self.id)?,
            shop: self.shop,
            external_id: self.external_id,
            revision: self.revision,
            terms,
            warnings,
            paid: decimal("paid", &self.paid)?,
            discount: decimal("discount", &self.discount)?,
            payment_changes: self.payment_changes,
            statuses: self.statuses.lines().map(str::to_owned).collect(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl TryFrom<RevisionRow> for RevisionData {
    type Error = StoreError;

    fn try_from(row: RevisionRow) -> Result<Self, StoreError> {
        let terms = Terms {
            invoice: stored_invoice(&row.invoice)?,
            buyer: from_json("buyer", &row.buyer)?,
            seller: from_json("seller", &row.seller)?,
            redactions: redactions(row.redactions.as_deref()),
            language: row.language.as_deref().and_then(LanguageTag::of),
            status: row.status,
        };
        Ok(Self {
            terms,
            warnings: from_json("warnings", &row.warnings)?,
            bytes: row.invoice.len() + row.buyer.len() + row.seller.len() + row.warnings.len(),
        })
    }
}

impl TryFrom<Row> for Transaction {
    type Error = StoreError;

    fn try_from(Row { outline, revision }: Row) -> Result<Self, StoreError> {
        outline.with(revision.try_into()?)
    }
}
