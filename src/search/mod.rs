//! Full text search: what a query means, and what is shown of a match. Pure; the databases'
//! engines find and rank.

mod query;
mod snippet;
mod tokens;

pub use query::{Query, Unsearchable};
pub use snippet::{Piece, snippet};
pub use tokens::searchable;
