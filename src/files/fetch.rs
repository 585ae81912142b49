//! One file from the homeserver onto disk, looked at on its way.

use std::fs::File;
use std::io::Write;

use anyhow::Context;
use ruma::MxcUri;
use sha2::{Digest, Sha256};

use super::patience::Outcome;
use crate::homeserver::{CallFailure, Homeserver};

/// As much of a file as is looked at to tell what it is.
const LOOK_BYTES: usize = 8 * 1024;

/// What came.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Its bytes, in a file without a name.
    pub(super) file: File,
    /// SHA-256, hex.
    pub(super) sha256: String,
    /// Bytes.
    pub(super) size: i64,
    /// As its first bytes say.
    pub(super) media_type: Option<&'static str>,
}

/// Downloads `mxc` into `file`. The inner error is about the download.
///
/// # Errors
/// When the disk does not take the bytes.
pub(super) async fn fetch(
    homeserver: &Homeserver,
    mxc: &str,
    mut file: File,
    max_bytes: u64,
) -> anyhow::Result<Result<Fetched, Outcome>> {
    let too_large = Outcome::TooLarge { limit: max_bytes };
    let mut download = match homeserver.download(<&MxcUri>::from(mxc)).await {
        Ok(download) => download,
        Err(failure) => return Ok(Err(failure.into())),
    };
    if download.length().is_some_and(|length| length > max_bytes) {
        return Ok(Err(too_large));
    }
    let mut digest = Sha256::new();
    let mut first = Vec::with_capacity(LOOK_BYTES);
    let mut size: u64 = 0;
    loop {
        let bytes = match download.next().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(failure) => return Ok(Err(failure.into())),
        };
        let bytes = bytes.as_ref();
        size += bytes.len() as u64;
        if size > max_bytes {
            return Ok(Err(too_large));
        }
        let room = LOOK_BYTES - first.len();
        first.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        digest.update(bytes);
        // Into the page cache: a few microseconds, no reason for another thread.
        file.write_all(bytes).context("writing the download")?;
    }
    Ok(Ok(Fetched {
        file,
        sha256: format!("{:x}", digest.finalize()),
        size: i64::try_from(size).unwrap_or(i64::MAX),
        media_type: infer::get(&first).map(|it| it.mime_type()),
    }))
}

impl From<CallFailure> for Outcome {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Refused(_) => Self::Refused(failure.to_string()),
            CallFailure::RateLimited(pause) => Self::SlowDown(pause),
            CallFailure::Unknown { .. } => Self::Trouble(failure.to_string()),
        }
    }
}
