//! The endpoints that submit, show, list and change transactions.

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ruma::UserId;
use serde::Deserialize;
use serde_json::json;
use ulid::Ulid;

use super::body::{Received, Receiver};
use super::parameters::{Path, day, limit, number, one_of, span};
use super::problem::{Problem, repeated};
use super::{ApiState, RequestId, Shop, authentication, body, kept_files, precondition, present};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::invoice::Strictness;
use crate::store::{
    Attempt, Change, Changed, Created, InviteAgain, ListContact, ListCursor, ListOrder,
    ListRequest, NewRevision, Original, Page,
};
use crate::transaction::{PartyRole, Patch, Status, Transaction};

const DEFAULT_PAGE_SIZE: i64 = 20;
const MAX_PAGE_SIZE: i64 = 100;

/// `POST /api/v1/transactions`
pub(super) async fn create(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(authentication::Rules(rules)): Extension<authentication::Rules>,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    request: Request,
) -> Result<Response, Problem> {
    let received = body::submission(request, Receiver { state: &state, shop: &shop }).await?;
    let content = received.content;
    let accepted = body::read(move || content.accept()?.judged(rules)).await?;
    let new = NewRevision {
        terms: &accepted.terms,
        warnings: &accepted.warnings,
        original: original(received.file.as_ref()),
    };
    let external_id = &accepted.external_id;
    let new_id = attempt.map_or_else(Ulid::new, |Extension(attempt)| attempt.id);
    let created = state
        .store
        .create_transaction_as(new_id, &shop, external_id, new, &correlation, &origin)
        .await?;
    let (status, id) = match created {
        Created::New(id) => (StatusCode::CREATED, id),
        // An earlier attempt of this call made it.
        Created::Same(id) if id == new_id => (StatusCode::CREATED, id),
        Created::Same(id) => {
            // Nothing is created, but the answer shows it.
            state.traces.read(origin.does(Action::TransactionRead, &shop).to(id));
            (StatusCode::OK, id)
        }
        Created::Different(id) => {
            let detail = format!(
                "The transaction {id} already has the external_id {external_id:?}, with other \
                     content. To change it, PATCH /api/v1/transactions/{id}. To create a new \
                     transaction, choose another external_id."
            );
            return Err(Problem::conflict("external-id-taken", detail)
                .with("pointer", json!("/external_id"))
                .with("transaction", json!(id.to_string())));
        }
    };
    tracing::info!(transaction = %id, external_id, new = status == StatusCode::CREATED, "accepted a transaction");
    let location = [(header::LOCATION, format!("/api/v1/transactions/{id}"))];
    Ok((status, location, shown(&state, &shop, id).await?).into_response())
}

/// `GET /api/v1/transactions/{id}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    Ok(shown(&state, &shop, id).await?.into_response())
}

/// The query of a list of transactions.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    limit: Option<String>,
    cursor: Option<String>,
    sort: Option<String>,
    external_id: Option<String>,
    status: Option<String>,
    means: Option<String>,
    contact: Option<String>,
    party: Option<String>,
    unread: Option<String>,
    problem: Option<String>,
    issued_from: Option<String>,
    issued_to: Option<String>,
    due_from: Option<String>,
    due_to: Option<String>,
    created_from: Option<String>,
    created_to: Option<String>,
    updated_from: Option<String>,
    updated_to: Option<String>,
}

/// What a list can be sorted by, and whether the oldest come first then.
const ORDERS: [(&str, (ListOrder, bool)); 4] = [
    ("-created", (ListOrder::Created, false)),
    ("created", (ListOrder::Created, true)),
    ("-updated", (ListOrder::Updated, false)),
    ("updated", (ListOrder::Updated, true)),
];

const PARTIES: [(&str, PartyRole); 2] =
    [("buyer", PartyRole::Buyer), ("seller", PartyRole::Seller)];

impl ListQuery {
    /// What is to be listed.
    fn request<'a>(&'a self, shop: &'a str) -> Result<ListRequest<'a>, Problem> {
        let sort = one_of("sort", self.sort.as_deref(), &ORDERS)?;
        let (order, oldest_first) = sort.unwrap_or_default();
        let cursor = self.cursor.as_deref().map(|text| {
            cursor_of(order, text).ok_or_else(|| {
                let detail = "`cursor` must be the value of `next` in an earlier answer with the same `sort`.";
                Problem::parameter("cursor", detail)
            })
        });
        let cursor = cursor.transpose()?;
        if self.status.as_deref() == Some("") {
            let detail = "`status` must not be empty. Leave it out to list every status.";
            return Err(Problem::parameter("status", detail));
        }
        let contact = self.contact.as_deref();
        let contact = match contact {
            None => None,
            Some("") => {
                let detail = "`contact` must not be empty. Leave it out to list every contact.";
                return Err(Problem::parameter("contact", detail));
            }
            Some(user) if user.starts_with('@') => {
                UserId::parse(user).map_err(|_| {
                    let detail =
                        "This is not a Matrix ID. It must look like `@accounts:example.org`.";
                    Problem::parameter("contact", detail)
                })?;
                Some(ListContact::Matrix(user))
            }
            Some(email) if email.contains('@') => Some(ListContact::Email(email)),
            Some(name) => Some(ListContact::Name(name)),
        };
        let party = one_of("party", self.party.as_deref(), &PARTIES)?;
        if party.is_some() && contact.is_none() {
            let detail = "`party` says on which side the `contact` is. Send both of them.";
            return Err(Problem::parameter("party", detail));
        }
        let time = |name, text: &Option<String>| span(name, text.as_deref());
        Ok(ListRequest {
            shop,
            cursor,
            order,
            oldest_first,
            limit: limit(self.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?,
            status: self.status.as_deref(),
            contact,
            party,
            unread: one_of("unread", self.unread.as_deref(), &PARTIES)?,
            problem: one_of(
                "problem",
                self.problem.as_deref(),
                &[("true", true), ("false", false)],
            )?,
            issued: (
                day("issued_from", self.issued_from.as_deref())?,
                day("issued_to", self.issued_to.as_deref())?,
            ),
            due: (
                day("due_from", self.due_from.as_deref())?,
                day("due_to", self.due_to.as_deref())?,
            ),
            created_from: time("created_from", &self.created_from)?.map(|(from, _)| from),
            created_until: time("created_to", &self.created_to)?.map(|(_, until)| until),
            updated_from: time("updated_from", &self.updated_from)?.map(|(from, _)| from),
            updated_until: time("updated_to", &self.updated_to)?.map(|(_, until)| until),
        })
    }
}

/// Reads a cursor: an id, and in a list by the last change also its time.
fn cursor_of(order: ListOrder, text: &str) -> Option<ListCursor> {
    let (id, updated_at) = match order {
        ListOrder::Created => (text, 0),
        ListOrder::Updated => {
            let (id, time) = text.split_once('-')?;
            (id, number(time)?)
        }
    };
    Some(ListCursor { updated_at, id: Ulid::from_string(id).ok()? })
}

fn cursor_text(order: ListOrder, cursor: ListCursor) -> String {
    match order {
        ListOrder::Created => cursor.id.to_string(),
        ListOrder::Updated => format!("{}-{}", cursor.id, cursor.updated_at),
    }
}

/// `GET /api/v1/transactions`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let request = query.request(&shop)?;
    let meanings = Status::ALL.map(|it| (it.as_str(), it));
    let means = one_of("means", query.means.as_deref(), &meanings)?;
    let page = match &query.external_id {
        Some(external_id) => {
            let has_filter = request.has_filter() || means.is_some();
            if has_filter || query.cursor.is_some() || query.sort.is_some() {
                let detail = "`external_id` names one transaction. Leave out the other filters, `cursor` and `sort`.";
                return Err(Problem::parameter("external_id", detail));
            }
            let found = state.store.transaction_called(&shop, external_id).await?;
            Page { transactions: found.into_iter().collect(), next: None }
        }
        None => match means {
            None => state.store.list(request).await?,
            Some(means) => list_by_meaning(&state, request, means).await?,
        },
    };
    let transactions =
        present::present_page(&state.store, &state.config, &shop, &page.transactions).await?;
    let next = page.next.map(|cursor| cursor_text(request.order, cursor));
    Ok(Json(json!({ "transactions": transactions, "next": next })).into_response())
}

/// How many transactions of a list are looked at for what their status means, for one page.
const MAX_MEANINGS_LOOKED_AT: usize = 1_000;

/// Returns a page of the transactions whose status means this now. What it means follows from the config, the payments and
/// the day, so no database knows it: the list is read in pieces until the page is full.
async fn list_by_meaning(
    state: &ApiState,
    request: ListRequest<'_>,
    means: Status,
) -> Result<Page, Problem> {
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut page = Page { transactions: Vec::new(), next: request.cursor };
    let mut looked_at = 0;
    loop {
        let piece = ListRequest { limit: MAX_PAGE_SIZE, cursor: page.next, ..request };
        let piece = state.store.list(piece).await?;
        page.next = piece.next;
        let count = piece.transactions.len();
        let is_whole = i64::try_from(count).is_ok_and(|count| count >= MAX_PAGE_SIZE);
        looked_at += count;
        for transaction in piece.transactions {
            if state.config.standing(&transaction).status != means {
                continue;
            }
            if page.transactions.len() == limit {
                let last = page.transactions.last();
                page.next = last.map(|it| ListCursor { updated_at: it.updated_at, id: it.id });
                return Ok(page);
            }
            page.transactions.push(transaction);
        }
        // With another filter, a piece that is not full has looked at as many already.
        let is_full = page.transactions.len() == limit || looked_at >= MAX_MEANINGS_LOOKED_AT;
        if page.next.is_none() || is_full || !is_whole {
            return Ok(page);
        }
    }
}

/// `PATCH /api/v1/transactions/{id}`
pub(super) async fn change(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(authentication::Rules(rules)): Extension<authentication::Rules>,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let headers = request.headers().clone();
    let received = body::patch(request, Receiver { state: &state, shop: &shop }).await?;
    let (correlation, origin) = (correlation.as_str(), &origin);
    let call = Call { shop: &shop, id, headers: &headers, rules, correlation, origin };
    // An invoice is merged outside of the tx, because that may take long. If another caller changes the invoice
    // meanwhile, it is merged again; each time, somebody's change was taken in.
    let mut received = Some(received);
    for _ in 0..MAX_MERGES {
        let Some(this) = received.take() else { break };
        if this.content.merge.is_some() {
            received = Some(Received { content: this.content.clone(), file: None });
        }
        if apply(&state, call, this).await?.is_some() {
            return Ok(shown(&state, &shop, id).await?.into_response());
        }
    }
    Err(Problem::try_again(
        "Too many others change this invoice at the same time. Nothing was changed; send the same call again.",
    ))
}

/// How often the changes to an invoice are merged again, because the invoice was changed by others meanwhile.
const MAX_MERGES: usize = 100;

/// Who changes which transaction, and on which conditions.
#[derive(Clone, Copy)]
struct Call<'a> {
    shop: &'a str,
    id: Ulid,
    headers: &'a HeaderMap,
    rules: Strictness,
    correlation: &'a str,
    origin: &'a Origin,
}

/// A reason why a patch is not applied.
enum NotApplied {
    /// The invoice is not the one any more with which the changes were merged.
    OtherInvoice,
    Problem(Problem),
}

/// Applies a patch. Returns none if the invoice was changed by somebody else since it was merged.
async fn apply(
    state: &ApiState,
    call: Call<'_>,
    mut received: Received<Patch>,
) -> Result<Option<()>, Problem> {
    let Call { shop, id, headers, rules, correlation, origin } = call;
    let mut base = None;
    if received.content.merge.is_some() {
        let current = find(state, shop, id).await?;
        if !precondition::allows(headers, current.revision) {
            return Err(Problem::precondition(current.revision));
        }
        let (content, invoice) = (received.content, current.terms.invoice);
        let merge = move || Ok((content.with_merged_invoice(&invoice)?, invoice));
        let (merged, invoice) = body::read(merge).await?;
        (received.content, base) = (merged, Some(invoice));
    }
    let brings_files = match &mut received.content {
        Patch { invoice: Some(invoice), file: None, .. } => {
            let brings_files = kept_files::add(state, id, invoice).await?;
            let owned = std::mem::take(invoice);
            let read = body::read(move || {
                let kept = body::to_keep(&owned)?;
                Ok((owned, kept))
            });
            (*invoice, received.file) = read.await?;
            brings_files
        }
        _ => false,
    };
    let names_contacts = received.content.names_contacts();
    let file = original(received.file.as_ref());
    let content = received.content;
    // The invoice of another patch was taken in before.
    let rules = if content.invoice.is_some() { rules } else { Strictness::Warn };
    let decide = |transaction: &Transaction| {
        if !precondition::allows(headers, transaction.revision) {
            return Err(NotApplied::Problem(Problem::precondition(transaction.revision)));
        }
        if base.is_some_and(|base| base != transaction.terms.invoice) {
            return Err(NotApplied::OtherInvoice);
        }
        // It changes nothing, so nothing is checked: the terms may be from before the present rules.
        if content.is_empty() {
            return Ok(None);
        }
        let refused = |problems: Vec<_>| NotApplied::Problem(Problem::content(&problems));
        // This runs inside the tx that locks the row, so it cannot move to another task.
        let apply = || content.apply(&transaction.terms, &transaction.warnings);
        let (terms, warnings) = tokio::task::block_in_place(apply).map_err(refused)?;
        let warnings = rules.judge(warnings).map_err(refused)?;
        let (statuses, today) = (&state.config.status, state.config.status.date_at(now()));
        if let Some(allowed) = statuses.refuses(transaction, &terms.status, today) {
            return Err(NotApplied::Problem(impossible(&terms.status, transaction, allowed)));
        }
        let is_new = terms != transaction.terms || names_contacts || brings_files;
        let invite_again =
            if names_contacts { InviteAgain::Everybody } else { InviteAgain::Nobody };
        Ok(is_new.then_some(Change { terms, warnings, invite_again }))
    };
    match state.store.change_transaction(shop, id, file, correlation, origin, decide).await? {
        Changed::To(revision) => {
            tracing::info!(transaction = %id, revision, "changed a transaction")
        }
        // The answer shows the transaction all the same.
        Changed::Same => state.traces.read(origin.does(Action::TransactionRead, shop).to(id)),
        Changed::Refused(NotApplied::OtherInvoice) => return Ok(None),
        Changed::Refused(NotApplied::Problem(problem)) => return Err(problem),
        Changed::Missing => return Err(missing(&id.to_string())),
    }
    Ok(Some(()))
}

/// 409: a status that cannot follow the present one.
fn impossible(wanted: &str, transaction: &Transaction, allowed: &[Status]) -> Problem {
    let names: Vec<_> = allowed.iter().map(|it| it.as_str()).collect();
    let detail = format!(
        "The status {:?} cannot follow {:?}. These meanings can: {}. A word that has none of the meanings of \
         docs/integrating.md can follow anything.",
        repeated(wanted),
        repeated(&transaction.terms.status),
        names.join(", ")
    );
    Problem::conflict("impossible-transition", detail)
        .with("pointer", json!("/status"))
        .with("allowed", json!(names))
}

/// Reads a transaction id in a path. A text that is not a ULID is answered as an unknown id.
pub(super) fn transaction_id(text: &str) -> Result<Ulid, Problem> {
    Ulid::from_string(text).map_err(|_| missing(text))
}

/// Returns the shop's transaction with this id, or 404.
pub(super) async fn find(state: &ApiState, shop: &str, id: Ulid) -> Result<Transaction, Problem> {
    state.store.transaction_of(shop, id).await?.ok_or_else(|| missing(&id.to_string()))
}

pub(super) fn missing(id: &str) -> Problem {
    Problem::not_found(format!("There is no transaction {:?}.", repeated(id)))
}

fn original(file: Option<&(String, axum::body::Bytes)>) -> Option<Original<'_>> {
    file.map(|(media_type, bytes)| Original { media_type, bytes })
}

async fn shown(state: &ApiState, shop: &str, id: Ulid) -> Result<impl IntoResponse, Problem> {
    let transaction = find(state, shop, id).await?;
    let shown = present::present(&state.store, &state.config, &transaction).await?.to_string();
    let etag = precondition::etag(transaction.revision, shown.as_bytes());
    Ok(([(header::ETAG, etag.as_str()), (header::CONTENT_TYPE, "application/json")], shown)
        .into_response())
}
