//! Files that a JSON invoice names by their digest only, because an earlier revision had their content.

use std::collections::{BTreeSet, HashMap, HashSet};

use ulid::Ulid;

use super::problem::Problem;
use super::{ApiState, body};
use crate::invoice::{InvoiceInput, attached_contents};

/// Adds the content to each file (BT-125) that the invoice names by its SHA-256 only, from the originals of the
/// transaction. What none of them has stays without content.
///
/// Each original is read only once to list the files in it, when it is searched for the first time. After that,
/// only the originals are read that have one of the files, and no more than may be handed in at once.
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
        let sent = owned.files_with_content();
        Ok((owned, sent))
    })
    .await?;
    *invoice = owned;
    let mut brings_files = false;
    if !sent.is_empty() {
        let current = state.store.original(id).await?.map(|(_, bytes)| bytes).unwrap_or_default();
        let current = contents_of(current).await?;
        brings_files = sent.iter().any(|it| !current.contains_key(it));
    }
    let named: HashSet<String> = invoice.files_without_content().into_iter().collect();
    if named.is_empty() {
        return Ok(brings_files);
    }
    list_new_originals(state, id).await?;
    let limits = &state.config.invoice.limits;
    let most = limits.file_bytes();
    let too_large = || Problem::too_large(limits.size_told());
    let (mut found, mut bytes) = (HashMap::new(), 0_usize);
    let listed = state.store.attached_files(id).await?.into_iter();
    let revisions: BTreeSet<i64> =
        listed.filter(|(sha256, _)| named.contains(sha256)).map(|(_, revision)| revision).collect();
    for revision in revisions {
        let original = state.store.original_of(id, revision).await?.unwrap_or_default();
        let contents = contents_of(original).await?.into_iter();
        for (sha256, content) in contents.filter(|(sha256, _)| named.contains(sha256)) {
            bytes = bytes.saturating_add(content.len());
            found.insert(sha256, content);
        }
        if bytes > most {
            return Err(too_large());
        }
    }
    if invoice.add_contents(&found, most) { Ok(brings_files) } else { Err(too_large()) }
}

/// Lists the files of each original that came since a file was searched for the last time.
async fn list_new_originals(state: &ApiState, id: Ulid) -> Result<(), Problem> {
    while let Some((revision, original)) = state.store.unlisted_original(id).await? {
        let contents = contents_of(original).await?;
        let digests = contents.keys().map(String::as_str);
        state.store.list_attached_files(id, revision, digests).await?;
    }
    Ok(())
}

async fn contents_of(original: Vec<u8>) -> Result<HashMap<String, String>, Problem> {
    if original.is_empty() {
        return Ok(HashMap::new());
    }
    body::read(move || Ok(attached_contents(&original))).await
}
