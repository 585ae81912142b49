//! Downloads one file from the homeserver to disk, and checks and decrypts it on the way.

use std::fs::File;

use anyhow::Context;
use ruma::MxcUri;

use super::arriving::{Arrived, Arriving};
use super::decrypting::Decrypting;
use super::retry::Outcome;
use crate::homeserver::{CallFailure, Homeserver};
use crate::record::AttachmentKey;

/// Downloads `mxc` into `file`, and decrypts it if there is a key. The inner error is a failed
/// download.
///
/// # Errors
/// Returns an error if the bytes cannot be written.
pub(super) async fn fetch(
    homeserver: &Homeserver,
    mxc: &str,
    key: Option<&AttachmentKey>,
    file: File,
    max_bytes: u64,
) -> anyhow::Result<Result<Arrived, Outcome>> {
    let too_large = Outcome::TooLarge(format!(
        "The file is larger than {max_bytes} bytes (files.max_megabytes)."
    ));
    let mut download = match homeserver.download(<&MxcUri>::from(mxc)).await {
        Ok(download) => download,
        Err(failure) => return Ok(Err(failure.into())),
    };
    if download.length().is_some_and(|length| length > max_bytes) {
        return Ok(Err(too_large));
    }
    let mut decrypting = key.map(Decrypting::with);
    let mut arriving = Arriving::into(file, max_bytes);
    loop {
        match download.next().await {
            Ok(Some(bytes)) => {
                let plain = decrypting.as_mut().map(|it| it.decrypt(bytes.as_ref()));
                let bytes = plain.as_deref().unwrap_or(bytes.as_ref());
                if !arriving.take(bytes).context("cannot write the downloaded bytes")? {
                    return Ok(Err(too_large));
                }
            }
            Ok(None) => {
                let is_digest_right = decrypting.is_none_or(Decrypting::finish);
                return Ok(if is_digest_right {
                    Ok(arriving.finish())
                } else {
                    Err(Outcome::Altered)
                });
            }
            Err(failure) => return Ok(Err(failure.into())),
        }
    }
}

impl From<CallFailure> for Outcome {
    fn from(failure: CallFailure) -> Self {
        match failure {
            _ if failure.refused_with("M_TOO_LARGE") => Self::TooLarge(failure.to_string()),
            CallFailure::Refused(_) => Self::Refused(failure.to_string()),
            CallFailure::RateLimited(pause) => Self::RateLimited(pause),
            CallFailure::Unknown { .. } => Self::Trouble(failure.to_string()),
        }
    }
}
