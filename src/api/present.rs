//! Presents transactions to the shop as JSON.

use std::collections::BTreeMap;

use ruma::UserId;
use serde_json::{Value, json};

use crate::clock::iso;
use crate::config::Config;
use crate::invoice::money::exact;
use crate::store::{Condition, Person, RoomRow, Silence, Store, StoreError, folded};
use crate::transaction::{PartyRole, Terms, Transaction};

/// Returns the transaction with its room and its record as JSON.
///
/// # Errors
/// When the database fails.
pub async fn present(
    store: &Store,
    config: &Config,
    transaction: &Transaction,
) -> Result<Value, StoreError> {
    let conditions = store.conditions(&transaction.shop, &[transaction.id]).await?;
    let condition = conditions.into_values().next().unwrap_or_default();
    let silenced = silenced(store, config, &transaction.shop, std::slice::from_ref(transaction));
    Ok(shown(config, transaction, &condition, &silenced.await?))
}

/// Returns a page of a shop's transactions with their rooms and records as JSON.
///
/// # Errors
/// When the database fails.
pub(super) async fn present_page(
    store: &Store,
    config: &Config,
    shop: &str,
    transactions: &[Transaction],
) -> Result<Vec<Value>, StoreError> {
    let ids: Vec<_> = transactions.iter().map(|it| it.id).collect();
    let mut conditions = store.conditions(shop, &ids).await?;
    let silenced = silenced(store, config, shop, transactions).await?;
    let shown = transactions.iter().map(|it| {
        let condition = conditions.remove(&it.id).unwrap_or_default();
        shown(config, it, &condition, &silenced)
    });
    Ok(shown.collect())
}

/// The addresses of contacts that a shop does not write to any more, in lower case, with the reason and the time.
type Silenced = BTreeMap<String, (Silence, i64)>;

/// Returns which of the contacts' addresses the shop does not write to any more.
async fn silenced(
    store: &Store,
    config: &Config,
    shop: &str,
    transactions: &[Transaction],
) -> Result<Silenced, StoreError> {
    if config.mail.smtp.is_none() {
        return Ok(Silenced::new());
    }
    let addresses = transactions.iter().flat_map(|it| it.terms.mail_contacts());
    store.silenced(shop, addresses.map(|(_, address)| address)).await
}

fn shown(
    config: &Config,
    transaction: &Transaction,
    condition: &Condition,
    silenced: &Silenced,
) -> Value {
    let Transaction { id, terms, .. } = transaction;
    let record = &condition.record;
    json!({
        "id": id.to_string(),
        "external_id": transaction.external_id,
        "revision": transaction.revision,
        "status": terms.status,
        "standing": self::standing(config, transaction),
        "invoice": terms.invoice,
        "buyer": terms.buyer,
        "seller": terms.seller,
        "redactions": terms.redactions.unwrap_or(config.record.redactions),
        "warnings": transaction.warnings,
        "room": condition.room.as_ref().map(|it| room(config, terms, it, condition)),
        "record": {
            "entries": record.seq,
            "unreadable": record.unreadable,
            "head": record.hash,
            "signed": record.signed.as_ref().map(|(seq, signed_at, public_key)| json!({
                "seq": seq,
                "signed_at": iso(*signed_at),
                "public_key": public_key,
            })),
        },
        "mail": mail(config, terms, condition, silenced),
        "page": config.page_link(id),
        "created_at": iso(transaction.created_at),
        "updated_at": iso(transaction.updated_at),
    })
}

/// Returns as JSON whether contacts are written to by e-mail.
fn mail(config: &Config, terms: &Terms, condition: &Condition, silenced: &Silenced) -> Value {
    let contact = |(role, address): (PartyRole, &str)| {
        let (state, since) = match silenced.get(&folded(address)) {
            _ if config.mail.smtp.is_none() => ("off", None),
            Some((Silence::Asked, since)) => ("unsubscribed", Some(*since)),
            Some((Silence::Bounced, since)) => ("bounced", Some(*since)),
            None => ("on", None),
        };
        let problem = (role.as_str().to_owned(), address.to_owned());
        json!({
            "party": role,
            "contact": address,
            "state": state,
            "since": since.and_then(iso),
            "problem": condition.mail_problems.get(&problem),
        })
    };
    terms.mail_contacts().map(contact).collect()
}

/// Returns how a transaction stands now as JSON.
pub(super) fn standing(config: &Config, transaction: &Transaction) -> Value {
    let standing = config.standing(transaction);
    let currency = transaction.terms.invoice.currency;
    let amount = |amount| exact(amount, currency);
    json!({
        "means": standing.status,
        "understood": standing.is_understood(),
        "to_pay": standing.owed.payable().map(amount),
        "paid": amount(standing.paid),
        "due_date": standing.due_date,
        "days_late": standing.days_late,
        "closed": standing.is_closed,
    })
}

/// Returns the room of a transaction as JSON.
fn room(config: &Config, terms: &Terms, room: &RoomRow, condition: &Condition) -> Value {
    let Condition { people, handed_over, problems, rooms, .. } = condition;
    let of = |user: &UserId| people.get(user.as_str()).cloned().unwrap_or_default();
    let members: Vec<Value> = terms
        .matrix_contacts()
        .map(|(role, user)| member(role, user, &of(user), handed_over.contains(user.as_str())))
        .collect();
    let mut unreached: Vec<Value> = members
        .iter()
        .filter(|it| it["problem"].is_string())
        .map(|it| json!({ "matrix": it["matrix"], "problem": it["problem"] }))
        .collect();
    // Former contacts who could not be removed.
    let is_former = |user: &str| !terms.matrix_contacts().any(|(_, it)| it == user);
    unreached.extend(
        people.values().filter(|it| is_former(&it.user_id)).filter_map(|it| {
            Some(json!({ "matrix": it.user_id, "problem": it.problem.as_ref()? }))
        }),
    );
    let problem = room.problem.as_ref().or(problems.first().map(|it| &it.problem));
    let earlier: Vec<_> = rooms
        .iter()
        .filter(|it| Some(&it.room_id) != room.room_id.as_ref())
        .map(|it| json!({ "id": it.room_id, "since": iso(it.since), "why": it.why }))
        .collect();
    json!({
        "id": room.room_id,
        "alias": format!("#{}:{}", room.alias_localpart, config.homeserver.domain),
        "state": room.state(problems),
        "version": room.room_version,
        "problem": problem,
        "problems": problems.iter().map(|it| json!({
            "step": it.step,
            "problem": it.problem,
            "since": iso(it.since),
            "retry_at": iso(it.retry_at),
        })).collect::<Vec<_>>(),
        "members": members,
        "unreached": unreached,
        "earlier": earlier,
        "encrypted_at": room.encrypted_at.and_then(iso),
    })
}

/// Returns the membership of a contact in the room as JSON.
fn member(role: PartyRole, user: &UserId, person: &Person, handed_over: bool) -> Value {
    let is_missing = person.missing_since.is_some();
    let failed = person.problem.clone();
    let (membership, since, problem) = match person.membership.as_deref() {
        Some("join") => ("joined", person.since, None),
        Some("ban") => ("banned", person.since, Some(BANNED.to_owned())),
        Some("leave") if person.declined == 1 => ("declined", person.since, None),
        Some("leave") => ("left", person.since, None),
        Some("knock") => ("knocking", person.since, failed),
        _ if is_missing => {
            ("does_not_exist", person.missing_since, Some(NO_SUCH_ACCOUNT.to_owned()))
        }
        Some("invite") => ("invited", person.since, None),
        _ if failed.is_some() => ("unreachable", person.failing_since, failed),
        _ if handed_over => ("not_invited", None, Some(INVITATION_PENDING.to_owned())),
        _ => ("not_invited", None, None),
    };
    json!({
        "matrix": user,
        "party": role,
        "membership": membership,
        "since": since.map(iso),
        "problem": problem,
    })
}

const NO_SUCH_ACCOUNT: &str =
    "The homeserver has no such account, or the account is deactivated. Check the Matrix ID.";
const BANNED: &str =
    "Somebody has banned this contact from the room. A new invitation removes the ban.";
const INVITATION_PENDING: &str =
    "The homeserver of this contact has not answered the invitation yet.";

#[cfg(test)]
mod tests {
    use sqlx::{AnyConnection, AssertSqlSafe, Connection};

    use super::*;
    use crate::access::Origin;
    use crate::config::DatabaseConfig;
    use crate::store::{Created, ListRequest, NewRevision};
    use crate::transaction::Contact;

    #[tokio::test]
    async fn a_list_of_problems_has_exactly_the_transactions_that_show_one() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tallyroom.db").display());
        let database = json!({ "url": url, "max_connections": 2 });
        let database: DatabaseConfig = serde_json::from_value(database).unwrap();
        let store = Store::open(&database).await.unwrap();
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let mut terms = crate::transaction::sample().terms;
        let contact = "@contact:example.org";
        let user = UserId::parse(contact).unwrap();
        terms.buyer.contacts = vec![Contact { matrix: Some(user), ..Contact::default() }];
        let former = "@former:example.org";
        let member = |user: &str, membership: &str, missing: bool, problem: bool| {
            let membership = match membership {
                "" => "NULL".to_owned(),
                some => format!("'{some}'"),
            };
            let missing = if missing { "1" } else { "NULL" };
            let problem = if problem { "'no'" } else { "NULL" };
            format!(
                "INSERT INTO members (transaction_id, user_id, membership, missing_since, problem) \
                 VALUES ('ID', '{user}', {membership}, {missing}, {problem})"
            )
        };
        let far = |user: &str| {
            format!(
                "INSERT INTO far_invitations (transaction_id, user_id, server, since, due_at) \
                 VALUES ('ID', '{user}', 'example.org', 0, 0)"
            )
        };
        let mut cases = vec![
            Vec::new(),
            vec!["UPDATE rooms SET problem = 'no' WHERE transaction_id = 'ID'".to_owned()],
            vec![
                "INSERT INTO room_problems (transaction_id, step, problem, failures, since, retry_at) \
                 VALUES ('ID', 'name', 'no', 1, 0, 0)"
                    .to_owned(),
            ],
            vec![far(contact)],
            vec![far(former)],
        ];
        for user in [contact, former] {
            for membership in ["", "invite", "join", "leave", "ban", "knock"] {
                for (missing, problem) in
                    [(false, false), (true, false), (false, true), (true, true)]
                {
                    let member = member(user, membership, missing, problem);
                    cases.push(vec![member.clone()]);
                    cases.push(vec![member, far(user)]);
                }
            }
        }
        let config = Config::default();
        let origin = Origin::Command { user: "root".to_owned() };
        let mut shown = 0;
        for (number, changes) in cases.iter().enumerate() {
            let new = NewRevision { terms: &terms, warnings: &[], original: None };
            let shop = number.to_string();
            let created = store.create_transaction(&shop, "order", new, "test", &origin).await;
            let Ok(Created::New(id)) = created else { panic!("{created:?}") };
            for change in changes {
                let change = change.replace("ID", &id.to_string());
                sqlx::query(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
            }
            let transaction = store.transaction(id).await.unwrap().unwrap();
            let room = present(&store, &config, &transaction).await.unwrap()["room"].clone();
            let has_problem =
                room["problem"].is_string() || !room["unreached"].as_array().unwrap().is_empty();
            shown += usize::from(has_problem);
            let listed = async |problem| {
                let request = ListRequest {
                    shop: &shop,
                    limit: 1,
                    problem: Some(problem),
                    ..ListRequest::default()
                };
                store.list(request).await.unwrap().transactions.len() == 1
            };
            assert_eq!(
                (listed(true).await, listed(false).await),
                (has_problem, !has_problem),
                "{changes:?}: {room}"
            );
        }
        assert!(shown > 10 && shown < cases.len() - 10, "{shown}");
        store.close().await;
    }
}
