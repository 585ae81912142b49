//! `tallyroom webhook`: lists webhooks and what became of their deliveries, and has deliveries sent again. It uses only
//! the database, so it can run while the service runs.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use ulid::Ulid;

use super::open_store;
use super::system_user::origin;
use super::table::{cell, lines, time, time_or_dash};
use crate::api::{delivery_json, webhook_json};
use crate::config::Config;
use crate::event::EventId;
use crate::store::{DeliveryState, Store, Webhook};

/// Lists the webhooks of all shops. Addresses are shown without their path, because it may be a secret.
///
/// # Errors
/// If the database fails.
pub async fn list(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let webhooks = store.webhooks(None).await?;
    store.close().await;
    if as_json {
        let shown = webhooks.iter().map(|webhook| {
            let mut shown = webhook_json(webhook);
            shown["shop"] = json!(webhook.shop);
            shown["url"] = json!(host(webhook));
            shown
        });
        println!("{}", json!({ "webhooks": shown.collect::<Vec<Value>>() }));
        return Ok(());
    }
    let head = ["ID", "SHOP", "HOST", "TYPES", "STATE", "SINCE", "FAILURES"].map(str::to_owned);
    let rows = webhooks.iter().map(|webhook| {
        let state = match webhook.off_because.as_deref() {
            None => "on".to_owned(),
            Some("gone") => "off (410)".to_owned(),
            Some(_) => "off".to_owned(),
        };
        [
            webhook.id.to_string(),
            cell(&webhook.shop),
            cell(&host(webhook)),
            if webhook.types.is_empty() { "all".to_owned() } else { cell(&webhook.types) },
            state,
            time(webhook.off_since.unwrap_or(webhook.created_at)),
            webhook.failures.to_string(),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    print!("{}", lines(&rows));
    Ok(())
}

/// Lists the newest deliveries to a webhook, in all states or in one, newest event first.
///
/// # Errors
/// If there is no such webhook, or the database fails.
pub async fn deliveries(
    config: &Config,
    id: Ulid,
    state: Option<DeliveryState>,
    (as_json, limit): (bool, u32),
) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    find(&store, id).await?;
    let limit = i64::from(limit);
    let mut found = store.deliveries(id, state, i64::MAX, limit + 1).await?;
    store.close().await;
    let is_more = i64::try_from(found.len()).is_ok_and(|count| count > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if as_json {
        let shown: Vec<Value> = found.iter().map(delivery_json).collect();
        println!("{}", json!({ "deliveries": shown, "more": is_more }));
        return Ok(());
    }
    let head = ["EVENT", "TYPE", "TRANSACTION", "STATE", "TRIES", "LAST TRY", "STATUS", "PROBLEM"];
    let rows = found.iter().map(|row| {
        [
            EventId(row.event_id).to_string(),
            cell(&row.kind),
            cell(&row.transaction_id),
            row.state().to_owned(),
            row.tries.to_string(),
            time_or_dash(row.tried_at),
            row.status.map_or_else(|| "-".to_owned(), |it| it.to_string()),
            cell(row.problem.as_deref().unwrap_or_default()),
        ]
    });
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    print!("{}", lines(&rows));
    if is_more {
        println!("and older ones (show them with --limit)");
    }
    Ok(())
}

/// Has deliveries sent again: that of one event, or all dead ones.
///
/// # Errors
/// If there is no such webhook or delivery, or the database fails.
pub async fn replay(config: &Config, id: Ulid, event: Option<EventId>) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let webhook = find(&store, id).await?;
    let count = match event {
        None => {
            let mut count = 0;
            loop {
                let (replayed, more) = store.replay_dead((&webhook.shop, id), &origin()).await?;
                count += replayed;
                if !more {
                    break count;
                }
            }
        }
        Some(event) => {
            if !store.replay_delivery((&webhook.shop, id), event.0, &origin()).await? {
                bail!(
                    "the webhook {id} has no delivery of {event}; `tallyroom webhook deliveries {id}` lists them"
                );
            }
            1
        }
    };
    store.close().await;
    println!("deliveries that are sent again: {count}");
    if webhook.off_since.is_some() {
        println!("the webhook is off; they are sent when it is on");
    }
    Ok(())
}

/// Reads the id of an event.
///
/// # Errors
/// If the text is none.
pub fn parse_event(text: &str) -> anyhow::Result<EventId> {
    EventId::from_text(text).context("write the id of an event, such as evt_00000000000z8")
}

async fn find(store: &Store, id: Ulid) -> anyhow::Result<Webhook> {
    let found = store.webhooks(None).await?.into_iter().find(|it| it.id == id);
    found.with_context(|| format!("there is no webhook {id}; `tallyroom webhook list` names them"))
}

/// Returns where a webhook leads, without its path.
fn host(webhook: &Webhook) -> String {
    url::Url::parse(&webhook.url)
        .map(|it| it.origin().ascii_serialization())
        .unwrap_or_else(|_| "-".to_owned())
}
