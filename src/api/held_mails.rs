//! The endpoints for answers by e-mail that are held back, and for mails that could not be delivered.

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::Path;
use super::problem::{Problem, repeated};
use super::transactions::{find, transaction_id};
use super::{ApiState, RequestId, Shop, authentication, messages};
use crate::access::Origin;
use crate::clock::iso;
use crate::room::speaker;
use crate::store::{ArrivedMail, MailPart};
use crate::transaction::PartyRole;

/// `GET /api/v1/transactions/{id}/held-mails`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let mails = state.store.held_mails(id).await?;
    let (held, bounced): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.state == "held");
    let held: Vec<Value> = held.into_iter().map(shown).collect();
    let bounced = bounced.into_iter().map(|mail| {
        json!({
            "id": mail.id,
            "party": mail.party,
            "contact": mail.contact,
            "to": mail.address,
            "status": mail.detail,
            "arrived_at": iso(mail.arrived_at),
        })
    });
    Ok(Json(json!({ "mails": held, "undelivered": bounced.collect::<Vec<_>>() })))
}

/// `POST /api/v1/transactions/{id}/held-mails/{mail}/release`
pub(super) async fn release(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path((id, mail)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    let transaction = find(&state, &shop, id).await?;
    let (mail_id, held) = find_mail(&state, id, &mail).await?;
    if held.state == "held" {
        messages::check_writable(&state, &transaction).await?;
        let party = PartyRole::from_text(&held.party);
        let found = party
            .and_then(|party| speaker(&state.config, &transaction, party, Some(&held.contact)));
        let Some((visitor, guest)) = found else {
            let detail =
                "The contact to whom the mail was sent is no longer a contact of this transaction.";
            return Err(Problem::conflict("former-contact", detail));
        };
        let of = (shop.as_str(), id);
        let speaker = (&visitor, &guest);
        state.store.release_mail(of, mail_id, speaker, &correlation, &origin).await?;
        tracing::info!(transaction = %id, mail = %mail_id, "released a mail");
    }
    Ok(Json(shown(&find_mail(&state, id, &mail).await?.1)))
}

/// `POST /api/v1/transactions/{id}/held-mails/{mail}/discard`
pub(super) async fn discard(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path((id, mail)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let (mail_id, _) = find_mail(&state, id, &mail).await?;
    state.store.discard_mail((&shop, id), mail_id, &origin).await?;
    Ok(Json(shown(&find_mail(&state, id, &mail).await?.1)))
}

async fn find_mail(state: &ApiState, id: Ulid, mail: &str) -> Result<(Ulid, ArrivedMail), Problem> {
    let missing = || {
        let mail = repeated(mail);
        Problem::not_found(format!("No mail {mail:?} to this transaction was held back."))
    };
    let mail_id = Ulid::from_string(mail).map_err(|_| missing())?;
    let found = state.store.arrived_mail(id, mail_id).await?.ok_or_else(missing)?;
    Ok((mail_id, found))
}

/// Returns a mail of a person as JSON.
fn shown(mail: &ArrivedMail) -> Value {
    let ArrivedMail { id, state, detail, sender, arrived_at, party, contact, address: _, parts } =
        mail;
    let text = parts.iter().find(|part| part.sha256.is_none()).map(|part| &part.content["body"]);
    let file = |part: &MailPart| {
        let MailPart { content, sha256 } = part;
        json!({
            "name": content["filename"],
            "media_type": content["info"]["mimetype"],
            "size": content["info"]["size"],
            "sha256": sha256,
        })
    };
    json!({
        "id": id,
        "state": state,
        "reason": detail,
        "from": sender,
        "party": party,
        "contact": contact,
        "text": text,
        "files": parts.iter().filter(|part| part.sha256.is_some()).map(file).collect::<Vec<_>>(),
        "arrived_at": iso(*arrived_at),
    })
}
