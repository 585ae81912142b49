//! Downloads: the invoice as PDF, as XML and as its original file, the files of the conversation, and the
//! assets of the page.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::limits::DOWNLOAD_WRITE_TIMEOUT;
use super::refusal::Refusal;
use super::session::Session;
use super::{PageState, view};
use crate::export::ExportError;
use crate::files::{Found, Requested, disposition, requested, shown_as};
use crate::invoice::{
    AttachedContents, Limits, OriginalKind, XmlFormat, attached_file, write_xml, xml_of,
};
use crate::paper::PaperError;
use crate::quota::{paced, run_blocking};
use crate::transaction::PartyRole;

/// How long a browser may keep what people sent.
const FOR_AN_HOUR: &str = "private, max-age=3600";
/// What a file may do that is opened by itself.
const NOTHING_ALLOWED: &str = "sandbox; default-src 'none'";

/// `GET /t/{id}/invoice.pdf`
pub(super) async fn pdf(
    State(state): State<PageState>,
    session: Session,
) -> Result<Response, Refusal> {
    let transaction = &session.transaction;
    let _place = state.limits.pdf(session.grant, &transaction.shop).await?;
    // The seller has nothing to pay.
    let with_code = session.visitor.role == PartyRole::Buyer;
    let name = format!("{}.pdf", transaction.terms.invoice.number);
    let standing = state.config.status.standing(transaction, session.reader.today);
    let locale = &session.reader.locale;
    let bytes = state.papers.of(transaction, &standing, locale, with_code).await;
    let bytes = bytes.map_err(|error| match error {
        PaperError::TooMany(too_many) => too_many.into(),
        PaperError::Failed(error) => {
            tracing::error!(%error, "cannot write an invoice as PDF");
            Refusal::try_again()
        }
    })?;
    Ok(attachment("application/pdf", &name, Body::from(bytes)))
}

/// Which syntax a visitor asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Syntax {
    syntax: Option<String>,
}

/// `GET /t/{id}/invoice.xml?syntax=ubl|cii`: the invoice in this syntax, whatever form it came in. CII if none
/// is named.
pub(super) async fn xml(
    State(state): State<PageState>,
    Query(Syntax { syntax }): Query<Syntax>,
    session: Session,
) -> Result<Response, Refusal> {
    let missing = || Refusal::problem(StatusCode::NOT_FOUND, "problem-no-file");
    let name = syntax.as_deref().unwrap_or(XmlFormat::Cii.name());
    let format = XmlFormat::from_name(name).ok_or_else(missing)?;
    let original = state.store.original(session.transaction.id).await?;
    let name = format!("{}.{}.xml", session.transaction.terms.invoice.number, format.name());
    let written = run_blocking(move || {
        let invoice = session.transaction.terms.whole_invoice();
        let original = original.as_ref().map(|(_, bytes)| bytes.as_slice());
        write_xml(&invoice, format, &AttachedContents::for_invoice(&invoice, original))
    });
    let written = written.await.map_err(|error| {
        tracing::error!(%error, "cannot write an invoice as XML");
        Refusal::try_again()
    })?;
    // The page has no link to a syntax in which the invoice cannot be written.
    let written = written.map_err(|_| missing())?;
    Ok(attachment("application/xml", &name, Body::from(written.xml)))
}

/// `GET /t/{id}/original`
pub(super) async fn original(
    State(state): State<PageState>,
    session: Session,
) -> Result<Response, Refusal> {
    let bytes = original_of(&state, &session).await?;
    Ok(original_as(OriginalKind::of(&bytes), bytes, &session))
}

/// `GET /t/{id}/original.xml`: the XML, also if it came in a PDF.
pub(super) async fn original_xml(
    State(state): State<PageState>,
    session: Session,
) -> Result<Response, Refusal> {
    let bytes = original_of(&state, &session).await?;
    if OriginalKind::of(&bytes) == OriginalKind::Json {
        return Err(Refusal::problem(StatusCode::NOT_FOUND, "problem-no-file"));
    }
    // It may have come in within higher limits than the present ones.
    let taken_out =
        run_blocking(move || xml_of(&bytes, &Limits::HIGHEST).map(Cow::into_owned)).await;
    let xml = taken_out
        .map_err(anyhow::Error::from)
        .and_then(|xml| xml.map_err(|problem| anyhow::anyhow!(problem.detail)));
    let xml = xml.map_err(|error| {
        tracing::error!(%error, "cannot take the invoice out of its original");
        Refusal::try_again()
    })?;
    Ok(original_as(OriginalKind::Xml, xml, &session))
}

/// `GET /t/{id}/attachments/{place}`: the file that a supporting document of the invoice carries.
pub(super) async fn attached(
    State(state): State<PageState>,
    Path((_, place)): Path<(String, usize)>,
    session: Session,
) -> Result<Response, Refusal> {
    let bytes = original_of(&state, &session).await?;
    let read = run_blocking(move || attached_file(&bytes, place)).await;
    let found = read.map_err(|error| {
        tracing::error!(%error, "cannot take a file out of an invoice");
        Refusal::try_again()
    })?;
    let missing = || Refusal::problem(StatusCode::NOT_FOUND, "problem-no-file");
    let file = found.ok().flatten().ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, shown_as(file.media_type.as_deref()).to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&file.name)),
        (header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED.to_owned()),
    ];
    Ok((headers, Body::from(file.bytes)).into_response())
}

async fn original_of(state: &PageState, session: &Session) -> Result<Vec<u8>, Refusal> {
    let missing = || Refusal::problem(StatusCode::NOT_FOUND, "problem-no-file");
    let original = state.store.original(session.transaction.id).await?;
    original.map(|(_, bytes)| bytes).ok_or_else(missing)
}

fn original_as(kind: OriginalKind, bytes: Vec<u8>, session: &Session) -> Response {
    let name = format!("{}.{}", session.transaction.terms.invoice.number, kind.extension());
    attachment(kind.media_type(), &name, Body::from(bytes))
}

fn attachment(media_type: &str, name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition(name)),
    ];
    (headers, body).into_response()
}

/// `GET /t/{id}/files/{sha256}`: the browser shows pictures, and saves other files.
pub(super) async fn file(
    State(state): State<PageState>,
    Path((_, sha256)): Path<(String, String)>,
    headers: HeaderMap,
    session: Session,
) -> Result<Response, Refusal> {
    let id = session.transaction.id;
    let missing = || Refusal::problem(StatusCode::NOT_FOUND, "problem-no-file");
    let file = state.store.file_with_digest(id, &sha256).await?.ok_or_else(missing)?;
    let name = state.store.file_name(id, &file.mxc).await?.unwrap_or_default();
    let place = state.limits.download(session.grant, &session.transaction.shop).await?;
    let size = file.size.and_then(|it| u64::try_from(it).ok()).unwrap_or_default();
    // The answers have nothing that a browser could compare with `If-Range`.
    let range = headers.get(header::RANGE).filter(|_| !headers.contains_key(header::IF_RANGE));
    let part = match requested(range.and_then(|it| it.to_str().ok()), size) {
        Requested::Whole => None,
        Requested::Part(part) => Some(part),
        Requested::Unsatisfiable => {
            let all = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, all).into_response());
        }
    };
    let bytes = state.vault.get_part(&sha256, part.clone()).await.map_err(|error| {
        tracing::error!(%error, "cannot read a stored file");
        Refusal::try_again()
    })?;
    let Found::Bytes(bytes) = bytes else { return Err(missing()) };
    let media_type = shown_as(file.media_type.as_deref());
    let is_picture = media_type.starts_with("image/");
    let attached = disposition(&name);
    let disposition =
        if is_picture { attached.replacen("attachment", "inline", 1) } else { attached };
    let length = part.as_ref().map_or(size, |it| it.end() - it.start() + 1);
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, FOR_AN_HOUR.to_owned()),
        (header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED.to_owned()),
    ];
    let body = Body::from_stream(paced(bytes, DOWNLOAD_WRITE_TIMEOUT, place));
    let mut response = (headers, body).into_response();
    if let Some(part) = part {
        let (first, last) = part.into_inner();
        let range = HeaderValue::try_from(format!("bytes {first}-{last}/{size}"));
        response.headers_mut().extend(range.ok().map(|it| (header::CONTENT_RANGE, it)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// `GET /t/{id}/files/{sha256}/first-page`: the first page of a PDF as a picture.
pub(super) async fn first_page(
    State(state): State<PageState>,
    Path((_, sha256)): Path<(String, String)>,
    session: Session,
) -> Result<Response, Refusal> {
    let missing = || Refusal::problem(StatusCode::NOT_FOUND, "problem-no-file");
    let file = state.store.file_with_digest(session.transaction.id, &sha256).await?;
    file.filter(|it| it.page_width.is_some()).ok_or_else(missing)?;
    let _place = state.limits.download(session.grant, &session.transaction.shop).await?;
    let picture = state.store.first_page(&sha256).await?.ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, FOR_AN_HOUR),
        (header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED),
    ];
    Ok((headers, picture).into_response())
}

/// `GET /t/{id}/conversation.zip`: what the page shows of the conversation, with its files, for reading and keeping.
pub(super) async fn conversation(
    State(state): State<PageState>,
    session: Session,
) -> Result<Response, Refusal> {
    let Session { transaction, grant, reader, .. } = &session;
    let place = state.limits.conversation(*grant, &transaction.shop)?;
    let locale = reader.locale.clone();
    let pieces =
        state.exporter.conversation(&transaction.shop, transaction.id, locale, place).await;
    let pieces = pieces.map_err(|error| match error {
        ExportError::TooMany(too_many) => too_many.into(),
        ExportError::Failed(error) => {
            tracing::error!(%error, "a conversation cannot be written");
            Refusal::try_again()
        }
    })?;
    let name = format!("{}.zip", transaction.terms.invoice.number);
    Ok(attachment("application/zip", &name, Body::from_stream(pieces)))
}

/// `GET /assets/{name}`: the name contains the hash of the content, so a browser may cache it
/// forever. So do the logos of the shops. An asset of another version of the program is answered with ours, which is not cached.
pub(super) async fn asset(
    State(state): State<PageState>,
    Path(name): Path<String>,
) -> Result<Response, StatusCode> {
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    if let Some(logo) = state.config.logo(&name) {
        let headers = [(header::CONTENT_TYPE, logo.media_type), (header::CACHE_CONTROL, FOR_EVER)];
        return Ok((headers, logo.bytes.clone()).into_response());
    }
    let (asset, caching) = match view::assets::find(&name) {
        Some(asset) => (asset, FOR_EVER),
        None => {
            let ours = view::assets::of_other_version(&name).ok_or(StatusCode::NOT_FOUND)?;
            (ours, "no-store")
        }
    };
    let headers = [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, caching)];
    Ok((headers, asset.bytes).into_response())
}

/// `GET /robots.txt`: asks search engines not to index anything.
pub(super) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}
