//! Full text search: parses queries, splits texts into words, and makes snippets. It does no I/O; the
//! database finds and ranks.

mod query;
mod snippet;
mod tokens;

pub use query::{Query, Unsearchable};
pub use snippet::{Piece, snippet};
pub use tokens::searchable;
