//! An exported bundle, verified offline.

use std::path::PathBuf;

use anyhow::bail;

use super::{in_words, read_heads, time};
use crate::export::check_bundle;
use crate::names::HEAD_STATE;
use crate::record::chain::Outdated;
use crate::seal::Trust;

/// Which bundle to verify, and by what.
#[derive(Clone, Debug, Default)]
pub struct BundleRequest {
    /// The bundle.
    pub file: PathBuf,
    /// Keys that it may be sealed with; if there are none, it is only shown that nothing was
    /// changed since somebody sealed it.
    pub public_keys: Vec<String>,
    /// Files with signed heads that somebody else holds.
    pub heads: Vec<PathBuf>,
}

/// Verifies a bundle.
///
/// # Errors
/// The first thing that does not fit.
pub fn bundle(request: BundleRequest) -> anyhow::Result<()> {
    let BundleRequest { file, public_keys, heads } = request;
    let known = !public_keys.is_empty();
    let trust = if known { Trust::Keys(public_keys) } else { Trust::Any };
    let heads = read_heads(&heads)?;
    let checked = match check_bundle(&file, &trust, &heads) {
        Ok(checked) => checked,
        Err(error) => bail!("{}: FAILS: {error:#}", file.display()),
    };
    println!("{}: {}", checked.transaction, in_words(&checked.verdict));
    if checked.missing_files > 0 {
        println!("{} files were not in the file store when it was made", checked.missing_files);
    }
    if let Some(Outdated { first, count }) = checked.verdict.outdated {
        println!(
            "{count} entries, the first of them {first}, were derived by another version of \
             Tallyroom, and this one would write them otherwise; they are as they were sealed"
        );
    }
    let sealed = time(checked.exported_at);
    if known {
        println!("sealed on {sealed} with the key {}, which you gave", checked.public_key);
    } else {
        println!(
            "sealed on {sealed} with the key {}; to know whose it is, compare it with the one in \
             the room (state event {HEAD_STATE}) and give it with --public-key",
            checked.public_key
        );
    }
    Ok(())
}
