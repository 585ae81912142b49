//! The columns of `entries`: both statements that write an entry are built from the lists here.

use std::sync::OnceLock;

use super::columns::to_json;
use super::many_rows::{ManyRows, in_exact_pieces};
use super::{StoreError, Tx};
use crate::record::{
    Attachment, DERIVATION_VERSION, Derived, Entry, Fixed, Kind, MembershipChange,
    REDACTED_BEFORE_ARRIVAL, Relation, sort_at,
};

/// A value of a column.
enum Value {
    Text(Option<String>),
    Number(i64),
}

/// The columns that one statement writes: the name of each, and its value.
type Columns = Vec<(&'static str, Value)>;

/// The part of an entry that is derived from the raw event, and is written again when the event is
/// derived again.
#[derive(Clone, Copy)]
pub(super) struct DerivedPart<'a> {
    pub(super) kind: Kind,
    pub(super) text: Option<&'a str>,
    pub(super) html: Option<&'a str>,
    pub(super) relation: Option<&'a Relation>,
    pub(super) attachments: &'a [Attachment],
    pub(super) membership: Option<&'a MembershipChange>,
    pub(super) remark: Option<&'a str>,
    /// The send id of one of our messages.
    pub(super) marker: Option<&'a str>,
}

/// A new entry: everything that is not derived from the content of the raw event.
pub(super) struct NewEntry<'a> {
    pub(super) fixed: &'a Fixed,
    /// The hash of the link in the chain.
    pub(super) hash: &'a str,
    /// The position of the raw event in the journal of its room.
    pub(super) position: i64,
    /// The name of the sender in the room.
    pub(super) display_name: Option<&'a str>,
    /// Whether the event was redacted before it reached Tallyroom.
    pub(super) is_redacted: bool,
}

impl<'a> DerivedPart<'a> {
    /// Takes the derived part from a newly derived event.
    pub(super) fn of_event(derived: &'a Derived) -> Self {
        Self {
            kind: derived.kind,
            text: derived.text.as_deref(),
            html: derived.html.as_deref(),
            relation: derived.relates_to.as_ref(),
            attachments: &derived.attachments,
            membership: derived.membership.as_ref(),
            remark: derived.remark.as_deref(),
            marker: derived.marker.as_deref(),
        }
    }

    /// Takes the derived part from an entry that was derived again.
    pub(super) fn of_entry(entry: &'a Entry, marker: Option<&'a str>) -> Self {
        Self {
            kind: entry.kind,
            text: entry.text.as_deref(),
            html: entry.html.as_deref(),
            relation: entry.relates_to.as_ref(),
            attachments: &entry.attachments,
            membership: entry.membership.as_ref(),
            remark: entry.remark.as_deref(),
            marker,
        }
    }

    /// The id of the event that the entry refers to.
    pub(super) fn target(&self) -> Option<&'a str> {
        self.relation.map(|relation| relation.event_id.as_str())
    }

    /// The id of the event that the entry edits or redacts.
    pub(super) fn changed(&self) -> Option<&'a str> {
        let relation = self.relation.filter(|relation| relation.changes_its_target())?;
        Some(&relation.event_id)
    }

    /// The columns that are written when an event is derived for the first time and again.
    fn columns(&self) -> Result<Columns, StoreError> {
        Ok(vec![
            ("kind", text(self.kind.as_str())),
            ("text", optional(self.text)),
            ("html", optional(self.html)),
            ("relates_to", Value::Text(self.relation.map(to_json).transpose()?)),
            ("target", optional(self.target())),
            ("attachments", Value::Text(Some(to_json(self.attachments)?))),
            ("membership", Value::Text(self.membership.map(to_json).transpose()?)),
            ("remark", optional(self.remark)),
            ("marker", optional(self.marker)),
            ("derivation", Value::Number(DERIVATION_VERSION)),
        ])
    }
}

impl NewEntry<'_> {
    /// The columns that are written once.
    fn columns(&self) -> Columns {
        let fixed = self.fixed;
        vec![
            ("transaction_id", text(&fixed.transaction)),
            ("seq", Value::Number(fixed.seq)),
            ("hash", text(self.hash)),
            ("content", text(&fixed.content)),
            ("room_id", text(&fixed.room_id)),
            ("position", Value::Number(self.position)),
            ("event_id", text(&fixed.event_id)),
            ("event_type", text(&fixed.event_type)),
            ("sender", text(&fixed.sender)),
            ("party", text(&fixed.party)),
            ("display_name", optional(self.display_name)),
            ("sent_at", Value::Number(fixed.sent_at)),
            ("received_at", Value::Number(fixed.received_at)),
            ("sort_at", Value::Number(sort_at(fixed))),
            ("source", text(&fixed.source)),
            ("redacted_by", optional(self.is_redacted.then_some(REDACTED_BEFORE_ARRIVAL))),
        ]
    }
}

/// Inserts entries.
pub(super) async fn insert(
    tx: &mut Tx,
    entries: &[(NewEntry<'_>, DerivedPart<'_>)],
) -> Result<(), StoreError> {
    static STATEMENT: OnceLock<ManyRows> = OnceLock::new();
    for piece in in_exact_pieces(entries) {
        let mut values = Vec::new();
        for (new, derived) in piece {
            values.extend(new.columns());
            values.extend(derived.columns()?);
        }
        let statement = STATEMENT.get_or_init(|| {
            let count = values.len() / piece.len();
            let names: Vec<_> = values.iter().take(count).map(|(name, _)| *name).collect();
            let before = format!("INSERT INTO entries ({}) VALUES ", names.join(", "));
            ManyRows::built(before, count, String::new())
        });
        bound(sqlx::query(statement.in_tx(tx, piece.len())), values).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Writes the derived part of an entry again. Returns false if the entry is erased or missing.
pub(super) async fn update(
    tx: &mut Tx,
    fixed: &Fixed,
    derived: &DerivedPart<'_>,
) -> Result<bool, StoreError> {
    static STATEMENT: OnceLock<String> = OnceLock::new();
    let columns = derived.columns()?;
    let statement = STATEMENT.get_or_init(|| {
        let assignments: Vec<_> = columns
            .iter()
            .zip(3..)
            .map(|((name, _), number)| format!("{name} = ${number}"))
            .collect();
        format!(
            "UPDATE entries SET {} WHERE transaction_id = $1 AND seq = $2 AND erased IS NULL",
            assignments.join(", ")
        )
    });
    let query = sqlx::query(statement.as_str()).bind(&fixed.transaction).bind(fixed.seq);
    let written = bound(query, columns).execute(&mut **tx).await?.rows_affected();
    Ok(written > 0)
}

type Query<'a> = sqlx::query::Query<'a, sqlx::Any, sqlx::any::AnyArguments>;

/// Binds the values of `columns` in their order.
fn bound(query: Query<'_>, columns: Columns) -> Query<'_> {
    columns.into_iter().fold(query, |query, (_, value)| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
    })
}

fn text(value: &str) -> Value {
    optional(Some(value))
}

fn optional(value: Option<&str>) -> Value {
    Value::Text(value.map(str::to_owned))
}
