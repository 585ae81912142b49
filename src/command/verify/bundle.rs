//! Verifies an exported bundle offline.

use std::path::PathBuf;

use anyhow::bail;

use super::{read_heads, summary, time, unproven_restore};
use crate::export::check_bundle;
use crate::names::HEAD_STATE;
use crate::record::chain::Outdated;
use crate::seal::Trust;

/// The bundle to verify, and what it is compared with.
#[derive(Clone, Debug, Default)]
pub struct BundleRequest {
    /// The file of the bundle.
    pub file: PathBuf,
    /// The public keys that are trusted for the seal. With an empty list, the verification only
    /// shows that nothing was changed since the bundle was sealed by any key.
    pub public_keys: Vec<String>,
    /// The files with signed heads that somebody else keeps.
    pub heads: Vec<PathBuf>,
    /// Whether to believe the acts that say that the database was restored from a backup.
    pub accept_restores: bool,
}

/// Verifies a bundle and prints the result.
///
/// # Errors
/// The first fault of the bundle.
pub fn bundle(request: BundleRequest) -> anyhow::Result<()> {
    let BundleRequest { file, public_keys, heads, accept_restores } = request;
    let has_keys = !public_keys.is_empty();
    let trust = if has_keys { Trust::Keys(public_keys) } else { Trust::Any };
    let heads = read_heads(&heads)?;
    let checked = match check_bundle(&file, &trust, &heads) {
        Ok(checked) => checked,
        Err(error) => bail!("{}: FAILS: {error:#}", file.display()),
    };
    if let Some(fault) = unproven_restore(&checked.verdict, accept_restores) {
        bail!("{}: FAILS {fault}", file.display());
    }
    println!("{}: {}", checked.transaction, summary(&checked.verdict));
    if checked.missing_files > 0 {
        println!(
            "{} files were not in the file store when the bundle was created",
            checked.missing_files
        );
    }
    if let Some(Outdated { first, count }) = checked.verdict.outdated {
        println!(
            "{count} entries, the first of them {first}, were derived by another version of \
             Tallyroom, and this version derives them differently; they are unchanged since they \
             were sealed"
        );
    }
    let sealed = time(checked.exported_at);
    if has_keys {
        println!("sealed on {sealed} with the key {}, which you gave", checked.public_key);
    } else {
        println!(
            "sealed on {sealed} with the key {}; to know whose key it is, compare it with the one \
             in the room (state event {HEAD_STATE}), and then give it with --public-key",
            checked.public_key
        );
    }
    Ok(())
}
