//! The files in a record.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication};

/// What a browser may show by itself; anything else is only ever saved.
const HARMLESS: [&str; 12] = [
    "application/pdf",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/quicktime",
    "video/webm",
];

/// `GET /api/v1/transactions/{id}/files/{sha256}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, sha256)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let missing = || Problem::not_found(format!("This transaction has no file {sha256:?}."));
    let file = state.store.file_with_digest(id, &sha256).await?.ok_or_else(missing)?;
    let name = state.store.file_name(id, &file.mxc).await?.unwrap_or_default();
    let bytes = state.vault.get(&sha256).await.map_err(|error| {
        tracing::error!(%error, file = file.mxc, "a kept file can not be read");
        Problem::try_again("The file store did not answer.")
    })?;
    let bytes = bytes.ok_or_else(|| {
        tracing::error!(file = file.mxc, sha256, "a kept file is not in the file store");
        missing()
    })?;
    let media_type =
        file.media_type.filter(|it| HARMLESS.contains(&it.as_str())).unwrap_or_else(octets);
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_LENGTH, file.size.unwrap_or_default().to_string()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        (header::ETAG, format!("\"{sha256}\"")),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    Ok((headers, Body::from_stream(bytes)).into_response())
}

fn octets() -> String {
    "application/octet-stream".to_owned()
}

/// To be saved under this name (RFC 6266, RFC 8187).
pub(super) fn disposition(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_fits_into_the_header() {
        assert_eq!(
            disposition("Rechnung \"März\"\r\n.pdf"),
            "attachment; filename=\"Rechnung _M_rz_.pdf\"; \
             filename*=UTF-8''Rechnung%20%22M%C3%A4rz%22.pdf"
        );
        assert!(disposition(&"x".repeat(5_000)).len() < 600);
    }
}
