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
use crate::room::{message_content, speaker};
use crate::store::{ArrivedMail, MailPart, folded};
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
        let parts = said_parts(&held);
        let mail = (mail_id, parts.as_slice());
        state.store.release_mail(of, mail, speaker, &correlation, &origin).await?;
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

/// Returns what is said in the room when a mail is released. If somebody else wrote it than the contact, its first line says
/// who, in a form that needs no language.
fn said_parts(mail: &ArrivedMail) -> Vec<MailPart> {
    let mut parts = mail.parts.clone();
    let sender = mail.sender.as_deref();
    if sender == Some(folded(&mail.address).as_str()) {
        return parts;
    }
    let author = format!("✉ {}", sender.unwrap_or("?"));
    let words = parts.iter_mut().find(|part| part.sha256.is_none());
    match words {
        Some(part) => {
            let text = part.content["body"].as_str().unwrap_or_default();
            part.content = message_content::plain(&format!("{author}:\n{text}"));
        }
        None => {
            parts.insert(0, MailPart { content: message_content::plain(&author), sha256: None });
        }
    }
    parts
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_says_so_when_it_is_released() {
        let file = || MailPart {
            content: message_content::file("a.pdf", "application/pdf", 1, None, None),
            sha256: Some("0".to_owned()),
        };
        let words = |text: &str| MailPart { content: message_content::plain(text), sha256: None };
        let of = |sender: Option<&str>, parts: Vec<MailPart>| {
            said_parts(&ArrivedMail {
                id: Ulid::new().to_string(),
                state: "held".to_owned(),
                detail: None,
                sender: sender.map(str::to_owned),
                arrived_at: 0,
                party: "buyer".to_owned(),
                contact: "jo".to_owned(),
                address: "Jo@buyer.example".to_owned(),
                parts,
            })
        };
        let mail = vec![file(), words("Yes")];
        assert_eq!(of(Some("jo@buyer.example"), mail.clone()), mail);
        let expected = vec![file(), words("✉ clerk@buyer.example:\nYes")];
        assert_eq!(of(Some("clerk@buyer.example"), mail.clone()), expected);
        assert_eq!(of(None, mail), [file(), words("✉ ?:\nYes")]);
        let only_file = of(Some("clerk@buyer.example"), vec![file()]);
        assert_eq!(only_file, [words("✉ clerk@buyer.example"), file()]);
    }
}
