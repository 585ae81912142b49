//! The votes in polls as text. A vote names its answers by id, and their words stand in the poll.
//! The poll may arrive after the vote, change, or be erased.

use sqlx::{Any, Executor};

use super::entry_row::{EvidenceRow, select_entries};
use super::{StoreError, Tx, search};
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

/// Writes the words of the votes in a poll into the search index. If `only` is the id of a vote,
/// only that vote is written.
pub(super) async fn index_votes(
    tx: &mut Tx,
    transaction_id: &str,
    poll: &str,
    only: Option<&str>,
) -> Result<(), StoreError> {
    let (ballots, votes) = read(&mut **tx, transaction_id, poll).await?;
    for vote in votes {
        let fixed = &vote.fixed;
        if only.is_some_and(|only| only != fixed.event_id) {
            continue;
        }
        let choices = ballots.choices(&fixed.event_id).unwrap_or_default();
        // Nobody searches for the ids of answers whose words are unknown.
        let known: Vec<_> = choices.into_iter().filter(|choice| choice.text.is_some()).collect();
        let indexed = search::Indexed {
            transaction_id,
            seq: fixed.seq,
            party: &fixed.party,
            sort_at: vote.sort_at,
            kind: vote.kind,
            words: &in_words(&known),
        };
        search::index(tx, indexed).await?;
    }
    Ok(())
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
