//! One file from the homeserver onto disk, looked at on its way.

use std::fs::File;

use anyhow::Context;
use ruma::MxcUri;

use super::arriving::{Arrived, Arriving};
use super::patience::Outcome;
use crate::homeserver::{CallFailure, Homeserver};

/// Downloads `mxc` into `file`. The inner error is about the download.
///
/// # Errors
/// When the disk does not take the bytes.
pub(super) async fn fetch(
    homeserver: &Homeserver,
    mxc: &str,
    file: File,
    max_bytes: u64,
) -> anyhow::Result<Result<Arrived, Outcome>> {
    let too_large =
        Outcome::TooLarge(format!("larger than {max_bytes} bytes (files.max_megabytes)"));
    let mut download = match homeserver.download(<&MxcUri>::from(mxc)).await {
        Ok(download) => download,
        Err(failure) => return Ok(Err(failure.into())),
    };
    if download.length().is_some_and(|length| length > max_bytes) {
        return Ok(Err(too_large));
    }
    let mut arriving = Arriving::into(file, max_bytes);
    loop {
        match download.next().await {
            Ok(Some(bytes)) => {
                if !arriving.take(bytes.as_ref()).context("writing the download")? {
                    return Ok(Err(too_large));
                }
            }
            Ok(None) => return Ok(Ok(arriving.finish())),
            Err(failure) => return Ok(Err(failure.into())),
        }
    }
}

impl From<CallFailure> for Outcome {
    fn from(failure: CallFailure) -> Self {
        match failure {
            _ if failure.refused_with("M_TOO_LARGE") => Self::TooLarge(failure.to_string()),
            CallFailure::Refused(_) => Self::Refused(failure.to_string()),
            CallFailure::RateLimited(pause) => Self::SlowDown(pause),
            CallFailure::Unknown { .. } => Self::Trouble(failure.to_string()),
        }
    }
}
