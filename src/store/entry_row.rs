//! The rows of entries.

use sqlx::FromRow;

use super::StoreError;
use super::columns::from_json;
use crate::record::chain::Evidence;
use crate::record::{Entry, Erased, Fixed, Kind};

/// A statement that selects entries as [`Row`]. `$more` are further columns, `$rest` follows the
/// tables.
macro_rules! select_entries {
    ($more:expr, $rest:expr) => {
        concat!(
            "SELECT e.transaction_id, e.seq, e.hash, e.content, e.erased, e.room_id, e.event_id, ",
            "e.event_type, e.kind, e.sender, e.party, e.display_name, e.sent_at, e.received_at, ",
            "e.sort_at, e.source, e.text, e.html, e.relates_to, e.redacted_by, e.attachments, ",
            "e.membership, e.remark, j.absent_since",
            $more,
            " FROM entries e JOIN journal j ON j.room_id = e.room_id AND j.position = e.position ",
            $rest
        )
    };
}
pub(super) use select_entries;

/// The columns of an entry.
#[derive(FromRow)]
pub(super) struct Row {
    transaction_id: String,
    pub(super) seq: i64,
    hash: String,
    content: String,
    erased: Option<String>,
    room_id: String,
    event_id: String,
    event_type: String,
    kind: String,
    sender: String,
    party: String,
    display_name: Option<String>,
    sent_at: i64,
    received_at: i64,
    sort_at: i64,
    source: String,
    text: Option<String>,
    html: Option<String>,
    relates_to: Option<String>,
    redacted_by: Option<String>,
    attachments: String,
    membership: Option<String>,
    remark: Option<String>,
    absent_since: Option<i64>,
}

/// The columns of an entry and of its evidence.
#[derive(FromRow)]
pub(super) struct EvidenceRow {
    #[sqlx(flatten)]
    pub(super) row: Row,
    pub(super) raw: Option<String>,
    salt: Option<String>,
    derivation: i64,
    marker: Option<String>,
}

impl TryFrom<Row> for Entry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let relates_to = row.relates_to.as_deref().map(|it| from_json("relates_to", it));
        let membership = row.membership.as_deref().map(|it| from_json("membership", it));
        Ok(Self {
            fixed: Fixed {
                transaction: row.transaction_id,
                seq: row.seq,
                room_id: row.room_id,
                event_id: row.event_id,
                event_type: row.event_type,
                sender: row.sender,
                party: row.party,
                sent_at: row.sent_at,
                received_at: row.received_at,
                source: row.source,
                content: row.content,
            },
            hash: row.hash,
            erased: row.erased.as_deref().map(Erased::from_text),
            sort_at: row.sort_at,
            display_name: row.display_name,
            kind: Kind::from_text(&row.kind),
            text: row.text,
            html: row.html,
            relates_to: relates_to.transpose()?,
            attachments: from_json("attachments", &row.attachments)?,
            membership: membership.transpose()?,
            remark: row.remark,
            redacted_by: row.redacted_by,
            absent_since: row.absent_since,
        })
    }
}

impl TryFrom<EvidenceRow> for Evidence {
    type Error = StoreError;

    fn try_from(row: EvidenceRow) -> Result<Self, StoreError> {
        Ok(Self {
            entry: row.row.try_into()?,
            salt: row.salt,
            raw: row.raw,
            derivation: row.derivation,
            marker: row.marker,
        })
    }
}
