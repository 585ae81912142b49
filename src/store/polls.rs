//! The votes in polls as text. A vote names its answers by id, and their words stand in the poll.
//! The poll may arrive after the vote, change, or be erased.

use sqlx::{Any, Executor};

use super::entry_row::{EvidenceRow, select_entries};
use super::search_rows::NewRow;
use super::{StoreError, Tx};
use crate::record::{Ballots, Entry, Kind, in_words};

/// Selects a poll, its edits and its votes.
const SELECT_POLL_AND_VOTES: &str = concat!(
    "SELECT * FROM (",
    select_entries!(
        ", j.raw, j.salt, e.derivation, e.marker",
        "WHERE e.transaction_id = $1 AND e.event_id = $2 AND e.kind = 'poll_start'"
    ),
    ") p UNION ALL SELECT * FROM (",
    select_entries!(
        ", j.raw, j.salt, e.derivation, e.marker",
        "WHERE e.transaction_id = $1 AND e.target = $2 AND e.kind IN ('edit', 'poll_response')"
    ),
    ") v"
);

/// Returns what the search index is to hold about each vote in a poll, with the event id of the
/// vote. Votes that are erased are left out.
pub(super) async fn votes_for_index(
    tx: &mut Tx,
    transaction_id: &str,
    shop: &str,
    poll: &str,
) -> Result<Vec<(String, NewRow)>, StoreError> {
    let (ballots, votes) = read(&mut **tx, transaction_id, poll).await?;
    let row = |vote: Entry| {
        let fixed = vote.fixed;
        let choices = ballots.choices(&fixed.event_id).unwrap_or_default();
        // Nobody searches for the ids of answers whose words are unknown.
        let known: Vec<_> = choices.into_iter().filter(|choice| choice.text.is_some()).collect();
        let place = (transaction_id, fixed.seq);
        let whose = (shop, fixed.party.as_str());
        let row = NewRow::new(place, whose, vote.sort_at, vote.kind, &in_words(&known));
        (fixed.event_id, row)
    };
    Ok(votes.into_iter().map(row).collect())
}

/// Reads a poll and its votes, except those that are erased.
async fn read<'e, E>(
    executor: E,
    transaction_id: &str,
    poll: &str,
) -> Result<(Ballots, Vec<Entry>), StoreError>
where
    E: Executor<'e, Database = Any>,
{
    let rows: Vec<EvidenceRow> = sqlx::query_as(SELECT_POLL_AND_VOTES)
        .bind(transaction_id)
        .bind(poll)
        .fetch_all(executor)
        .await?;
    let mut ballots = Ballots::default();
    let mut votes = Vec::new();
    for row in rows {
        let Some(raw) = row.raw else { continue };
        let entry = Entry::try_from(row.row)?;
        ballots.add(&entry, &raw);
        if entry.kind == Kind::PollResponse {
            votes.push(entry);
        }
    }
    Ok((ballots, votes))
}
