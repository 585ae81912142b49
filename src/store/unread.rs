//! What a person has not read. Those who are told of it by e-mail or by their browser have it from here.

use std::sync::LazyLock;

use super::chat::where_line;

/// The lines `e` of a transaction ($1) after an entry ($2) that a person has neither said nor read, and that nobody has
/// removed. The person is one or two users: $3 and $4.
pub(super) static WHERE_UNREAD: LazyLock<String> = LazyLock::new(|| {
    let line = where_line();
    format!(
        "{line} AND e.seq > $2 AND e.sender NOT IN ($3, $4) AND e.redacted_by IS NULL AND e.erased IS NULL \
         AND e.sort_at > COALESCE((SELECT MAX(m.sort_at) FROM receipts r JOIN entries m \
         ON m.transaction_id = r.transaction_id AND m.event_id = r.event_id \
         WHERE r.transaction_id = $1 AND r.user_id IN ($3, $4)), -1)"
    )
});
