//! Entries as JSON for shops.

use serde_json::{Value, json};

use crate::clock::iso;
use crate::record::{Choice, Entry, Erased, in_words, named_redaction, times_differ};
use crate::store::FileRow;

/// Returns one entry as JSON.
///
/// `objection` says why an edit, redaction, vote or end of a poll has no effect. `choices` are the
/// choices of a vote. `files` are the known files of the entry's attachments.
pub fn entry(
    entry: &Entry,
    objection: Option<&str>,
    choices: Option<&[Choice]>,
    files: &[FileRow],
) -> Value {
    let fixed = &entry.fixed;
    let attachments: Vec<Value> = entry
        .attachments
        .iter()
        .map(|attachment| {
            let mut json = json!(attachment);
            let source = attachment.source();
            let file = files.iter().find(|file| Some(&file.mxc) == source.as_ref());
            json["file"] = file.map_or(Value::Null, |file| stored_file(&fixed.transaction, file));
            json
        })
        .collect();
    json!({
        "seq": fixed.seq,
        "kind": entry.kind,
        "type": fixed.event_type,
        "event_id": fixed.event_id,
        "room_id": fixed.room_id,
        "sender": fixed.sender,
        "party": fixed.party,
        "display_name": entry.display_name,
        "sent_at": iso(fixed.sent_at),
        "received_at": iso(fixed.received_at),
        "sort_at": iso(entry.sort_at),
        "source": fixed.source,
        "times_differ": times_differ(fixed.sent_at, fixed.received_at),
        "text": choices.map(in_words).or_else(|| entry.text.clone()),
        "html": entry.html,
        "relates_to": entry.relates_to,
        "redacted": entry.redacted_by.is_some(),
        "redacted_by": named_redaction(entry.redacted_by.as_deref()),
        "erased": entry.erased.as_ref().map(|erased| match erased {
            Erased::Redacted(_) => "redacted",
            Erased::Forgotten => "forgotten",
        }),
        "ignored": objection,
        "absent_since": entry.absent_since.and_then(iso),
        "attachments": attachments,
        "choices": choices,
        "remark": entry.remark,
        "hash": entry.hash,
    })
}

/// Returns the state of a file as JSON.
fn stored_file(transaction: &str, file: &FileRow) -> Value {
    let stored = file.sha256.as_ref().filter(|_| file.state == "stored");
    json!({
        "state": file.state,
        "sha256": file.sha256,
        "size": file.size,
        "media_type": file.media_type,
        "problem": file.problem,
        "href": stored.map(|it| format!("/api/v1/transactions/{transaction}/files/{it}")),
    })
}
