//! Reads a submission or a patch from the body of a call.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, Method, header};

use futures_util::StreamExt;
use http_body::Body as _;

use super::ApiState;
use super::problem::{Accepted, Problem, repeated};
use crate::invoice::{self, InvoiceInput, Limits, OriginalKind, in_a_line};
use crate::quota::{Reserved, run_blocking};
use crate::transaction::{Accompaniment, Patch, Submission};

/// The content of a body. If it was sent as a file, also the media type and bytes of the file.
#[derive(Debug)]
pub(super) struct Received<T> {
    pub(super) content: T,
    pub(super) file: Option<(String, Bytes)>,
}

/// Whose body is received, and what limits it.
#[derive(Clone, Copy)]
pub(super) struct Receiver<'a> {
    pub(super) state: &'a ApiState,
    pub(super) shop: &'a String,
}

impl Receiver<'_> {
    /// The limits within which an invoice in the body is read.
    pub(super) fn limits(self) -> Limits {
        self.state.config.invoice.limits.clone()
    }
}

enum Kind {
    Json,
    /// Changes as RFC 7396 says.
    MergePatch,
    /// XML or PDF, with the content type that the caller named.
    File(String),
    Multipart,
}

const MERGE_PATCH: &str = "application/merge-patch+json";
const SUBMISSION: Accepted = Accepted {
    header: "accept-post",
    types: "application/json, application/xml, text/xml, application/pdf, multipart/form-data",
    advice: "Send `application/json`, or `application/xml` or `application/pdf` with the other fields as \
             query parameters, or `multipart/form-data` with the parts `invoice` (XML or PDF) and \
             `transaction` (JSON).",
};
const PATCH: Accepted = Accepted {
    header: "accept-patch",
    types: "application/json, application/merge-patch+json, application/xml, text/xml, application/pdf",
    advice: "Send `application/json` or `application/merge-patch+json` with what changes, or the new \
             invoice as `application/xml` or `application/pdf`.",
};
const JSON: Accepted = Accepted {
    header: "accept-post",
    types: "application/json",
    advice: "Send `application/json`.",
};
const MESSAGE: Accepted = Accepted {
    header: "accept-post",
    types: "application/json, multipart/form-data",
    advice: "Send `application/json`, or `multipart/form-data` with files.",
};
const JSON_PATCH: Accepted = Accepted {
    header: "accept-patch",
    types: "application/json, application/merge-patch+json",
    advice: "Send `application/json` or `application/merge-patch+json`.",
};

/// Reads `POST /api/v1/transactions`.
pub(super) async fn submission(
    request: Request,
    receiver: Receiver<'_>,
) -> Result<Received<Submission>, Problem> {
    let invalid = |problems: Vec<_>| Problem::content(&problems);
    let limits = receiver.limits();
    match kind(request.headers(), &SUBMISSION)? {
        Kind::Json => {
            let bytes = whole(request, receiver).await?;
            let read = read(move || {
                let content = Submission::from_json_within(&bytes, &limits)?;
                let file = to_keep(&content.invoice)?;
                Ok((content, file))
            });
            let (content, file) = read.await?;
            Ok(Received { content, file })
        }
        Kind::File(media_type) => {
            let with = Accompaniment::from_fields(query(&request)).map_err(invalid)?;
            let bytes = whole(request, receiver).await?;
            let file = bytes.clone();
            let content = read(move || Submission::from_file_within(&file, with, &limits)).await?;
            Ok(Received { content, file: Some((stored_type(&bytes, media_type), bytes)) })
        }
        Kind::MergePatch => Err(Problem::media_type(MERGE_PATCH, &SUBMISSION)),
        Kind::Multipart => {
            let (bytes, with) = parts(request, receiver).await?;
            let file = bytes.clone();
            let read = read(move || {
                let with = with.as_deref().map(Accompaniment::from_json).transpose()?;
                Submission::from_file_within(&file, with.unwrap_or_default(), &limits)
            });
            let content = read.await?;
            let xml = OriginalKind::Xml.media_type().to_owned();
            Ok(Received { content, file: Some((stored_type(&bytes, xml), bytes)) })
        }
    }
}

/// Reads `PATCH /api/v1/transactions/{id}`.
pub(super) async fn patch(
    request: Request,
    receiver: Receiver<'_>,
) -> Result<Received<Patch>, Problem> {
    let limits = receiver.limits();
    match kind(request.headers(), &PATCH)? {
        Kind::Json => {
            let bytes = whole(request, receiver).await?;
            let content = read(move || Patch::from_json_within(&bytes, &limits)).await?;
            Ok(Received { content, file: None })
        }
        Kind::MergePatch => {
            let bytes = whole(request, receiver).await?;
            let content = read(move || Patch::from_merge_patch(&bytes, &limits)).await?;
            Ok(Received { content, file: None })
        }
        Kind::File(media_type) => {
            let status = query(&request).find(|(name, _)| name == "status").map(|(_, value)| value);
            let bytes = whole(request, receiver).await?;
            let file = bytes.clone();
            let content = read(move || Patch::from_file_within(&file, status, &limits)).await?;
            Ok(Received { content, file: Some((stored_type(&bytes, media_type), bytes)) })
        }
        Kind::Multipart => Err(Problem::media_type("multipart/form-data", &PATCH)),
    }
}

/// The invoice of a submission or patch in JSON as it is kept, with its media type; none if it carries no files.
pub(super) fn to_keep(
    invoice: &InvoiceInput,
) -> Result<Option<(String, Bytes)>, Vec<invoice::Problem>> {
    let kept = invoice.to_keep().map_err(|error| {
        vec![invoice::Problem::at("/invoice", format!("It cannot be kept: {error}."))]
    })?;
    Ok(kept.map(|it| (OriginalKind::Json.media_type().to_owned(), it.into())))
}

/// Parses or checks a body on another thread, because that takes seconds for long invoices.
pub(super) async fn read<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Vec<invoice::Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let read = run_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a body cannot be processed");
        Problem::try_again("The body could not be processed. Send the same call again.")
    })?;
    read.map_err(|problems| Problem::content(&problems))
}

/// Reads the body of a call without an invoice. It must be JSON.
pub(super) async fn json(request: Request) -> Result<Bytes, Problem> {
    let is_patch = request.method() == Method::PATCH;
    let accepted = if is_patch { &JSON_PATCH } else { &JSON };
    match kind(request.headers(), accepted)? {
        Kind::Json => short(request).await,
        Kind::MergePatch if is_patch => short(request).await,
        Kind::MergePatch => Err(Problem::media_type(MERGE_PATCH, accepted)),
        Kind::File(media_type) => Err(Problem::media_type(&media_type, accepted)),
        Kind::Multipart => Err(Problem::media_type("multipart/form-data", accepted)),
    }
}

/// Whether the body of a message is a form, and not JSON.
pub(super) fn is_form(request: &Request) -> Result<bool, Problem> {
    match kind(request.headers(), &MESSAGE)? {
        Kind::Json => Ok(false),
        Kind::Multipart => Ok(true),
        Kind::MergePatch => Err(Problem::media_type(MERGE_PATCH, &MESSAGE)),
        Kind::File(media_type) => Err(Problem::media_type(&media_type, &MESSAGE)),
    }
}

/// Reads a body as [`json`] does, but also accepts a request without body and content type, for
/// which it returns no bytes.
pub(super) async fn optional_json(request: Request) -> Result<Bytes, Problem> {
    let is_typed = request.headers().contains_key(header::CONTENT_TYPE);
    if is_typed { json(request).await } else { short(request).await }
}

fn kind(headers: &HeaderMap, accepted: &Accepted) -> Result<Kind, Problem> {
    let found = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let found = found.unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(Kind::Json),
        MERGE_PATCH => Ok(Kind::MergePatch),
        "application/xml" | "text/xml" | "application/pdf" => Ok(Kind::File(essence)),
        "multipart/form-data" => Ok(Kind::Multipart),
        _ => Err(Problem::media_type(found, accepted)),
    }
}

/// Returns the media type under which a file is kept: that of its content. Only XML has two, so there the
/// caller's word counts.
fn stored_type(file: &[u8], named: String) -> String {
    let kind = OriginalKind::of(file);
    match kind {
        OriginalKind::Xml if named.ends_with("/xml") => named,
        _ => kind.media_type().to_owned(),
    }
}

fn query(request: &Request) -> impl Iterator<Item = (String, String)> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>().into_iter()
}

/// The greatest size of a body without an invoice, in bytes. It is also how much of any body is read before memory
/// is reserved for it.
const SHORT_BYTES: usize = 64 * 1024;
/// How many times the allowed bytes are read of a body that is too large. Many clients read the answer only after
/// they have sent the whole body.
const DRAINED_TIMES: usize = 4;
/// How long these bytes are read.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a call waits for the memory for its body.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(20);

/// A body and the memory that was reserved for it, which is free once nobody needs the body.
struct InMemory {
    body: Vec<u8>,
    _reserved: Option<Reserved>,
}

/// A body that was read before the handler.
#[derive(Clone)]
pub(super) struct PreRead(pub(super) Bytes);

/// A part of a body. The memory of the whole body is reserved as long as somebody needs the part.
struct Part {
    bytes: Bytes,
    _whole: Bytes,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for InMemory {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Reads a body with an invoice.
pub(super) async fn whole(request: Request, receiver: Receiver<'_>) -> Result<Bytes, Problem> {
    let limits = &receiver.state.config.invoice.limits;
    up_to(request, limits.file_bytes(), || limits.size_told(), Some(receiver)).await
}

async fn short(request: Request) -> Result<Bytes, Problem> {
    let told = || format!("At most {SHORT_BYTES} bytes are allowed in the body of this call.");
    up_to(request, SHORT_BYTES, told, None).await
}

async fn up_to(
    mut request: Request,
    most: usize,
    told: impl Fn() -> String,
    receiver: Option<Receiver<'_>>,
) -> Result<Bytes, Problem> {
    if let Some(PreRead(bytes)) = request.extensions_mut().remove() {
        return if bytes.len() > most { Err(Problem::too_large(told())) } else { Ok(bytes) };
    }
    let announced = request.body().size_hint().upper();
    let announced = announced.map(|it| usize::try_from(it).unwrap_or(usize::MAX));
    let mut chunks = request.into_body().into_data_stream();
    let (mut body, mut reserved) = (Vec::new(), None);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::unreadable("The connection ended before the whole body was received.")
        })?;
        if announced.is_some_and(|it| it > most) || body.len() + chunk.len() > most {
            drop((body, reserved));
            let rest = async {
                let mut drained = 0;
                while let Some(Ok(chunk)) = chunks.next().await
                    && drained < most.saturating_mul(DRAINED_TIMES)
                {
                    drained += chunk.len();
                }
            };
            tokio::time::timeout(DRAIN_TIMEOUT, rest).await.ok();
            return Err(Problem::too_large(told()));
        }
        if let Some(Receiver { state, shop }) = receiver
            && reserved.is_none()
            && body.len() + chunk.len() > SHORT_BYTES
        {
            let bytes = announced.unwrap_or(most);
            let waited = state.bodies.reserve(shop, bytes, MEMORY_TIMEOUT).await;
            reserved = Some(waited.map_err(|_| {
                Problem::try_again(
                    "Too many large bodies are being received at the moment (config key \
                     api.bodies_megabytes). Send the same call again.",
                )
            })?);
            body.reserve_exact(announced.unwrap_or_default().saturating_sub(body.len()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Bytes::from_owner(InMemory { body, _reserved: reserved }))
}

/// Reads the parts `invoice` and `transaction` of a multipart body.
async fn parts(
    request: Request,
    receiver: Receiver<'_>,
) -> Result<(Bytes, Option<Bytes>), Problem> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        Problem::unreadable(in_a_line(&error.body_text()))
    };
    let headers = request.headers().clone();
    let whole = whole(request, receiver).await?;
    let mut request = Request::new(Body::from(whole.clone()));
    *request.headers_mut() = headers;
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| Problem::unreadable(in_a_line(&error.body_text())))?;
    let (mut invoice, mut transaction) = (None, None);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let slot = match field.name() {
            Some("invoice") => &mut invoice,
            Some("transaction") => &mut transaction,
            other => {
                let name = repeated(other.unwrap_or_default());
                return Err(Problem::unreadable(format!(
                    "The part {name:?} is unknown. The parts are `invoice` (XML or PDF) and \
                     `transaction` (JSON)."
                )));
            }
        };
        *slot = Some(field.bytes().await.map_err(broken)?);
    }
    let invoice = invoice.ok_or_else(|| {
        Problem::unreadable("The part `invoice` with the XML or PDF file is missing. Add it.")
    })?;
    // A part is a copy, which keeps the memory that was reserved for the whole body.
    let invoice = Bytes::from_owner(Part { bytes: invoice, _whole: whole });
    Ok((invoice, transaction))
}
