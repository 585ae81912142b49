//! Files that a JSON invoice names by their digest only, because an earlier revision had their content.

use std::collections::HashMap;

use ulid::Ulid;

use super::problem::Problem;
use super::{ApiState, body};
use crate::invoice::{InvoiceInput, attached_contents};

/// The greatest number of originals that are searched for a file. Each may be as large as a body.
const MAX_ORIGINALS: usize = 20;

/// Adds the content to each file (BT-125) that the invoice names by its SHA-256 only, from the newest originals
/// of the transaction that have it. What none of them has stays without content.
///
/// Returns whether the invoice brings the content of a file that the current original does not have, so that
/// it has to be kept even if nothing else is new.
pub(super) async fn add(
    state: &ApiState,
    id: Ulid,
    invoice: &mut InvoiceInput,
) -> Result<bool, Problem> {
    if invoice.documents.is_empty() {
        return Ok(false);
    }
    let owned = std::mem::take(invoice);
    let (owned, sent) = body::read(move || {
        let sent = owned.to_keep().ok().flatten();
        Ok((owned, sent.map(|it| attached_contents(&it)).unwrap_or_default()))
    })
    .await?;
    *invoice = owned;
    let mut brings_files = false;
    if !sent.is_empty() {
        let current = state.store.original(id).await?.map(|(_, bytes)| bytes).unwrap_or_default();
        let current = contents_of(current).await?;
        brings_files = sent.keys().any(|it| !current.contains_key(it));
    }
    let mut before = i64::MAX;
    for _ in 0..MAX_ORIGINALS {
        if invoice.files_without_content().is_empty() {
            break;
        }
        let Some((revision, original)) = state.store.original_before(id, before).await? else {
            break;
        };
        before = revision;
        invoice.add_contents(&contents_of(original).await?);
    }
    Ok(brings_files)
}

async fn contents_of(original: Vec<u8>) -> Result<HashMap<String, String>, Problem> {
    if original.is_empty() {
        return Ok(HashMap::new());
    }
    body::read(move || Ok(attached_contents(&original))).await
}
