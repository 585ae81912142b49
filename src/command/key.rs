//! `tallyroom key`: makes, lists and revokes the keys with which shops call the API. It uses only the database,
//! so it can run while the service runs, which needs no restart.

use anyhow::bail;
use serde_json::{Value, json};

use super::open_store;
use super::system_user::origin;
use super::table::{cell, lines, time, time_or_dash};
use crate::access::{KeyText, Scopes};
use crate::config::{Config, is_shop_name, name_of_key};
use crate::store::{ApiKeyRow, NewApiKey};

/// Makes a key and prints it. It cannot be shown again.
///
/// # Errors
/// If a name is not valid, if the shop has or had a key of this name, or if the database fails.
pub async fn create(
    config: &Config,
    shop: &str,
    name: &str,
    scopes: &Scopes,
) -> anyhow::Result<()> {
    for (what, text) in [("shop", shop), ("name", name)] {
        if !is_shop_name(text) {
            bail!("the {what} must have 1 to 64 letters, digits, `-`, `_` and `.`");
        }
    }
    let store = open_store(config).await?;
    let key = KeyText::random();
    let digest = key.digest();
    let is_new =
        store.add_api_key(NewApiKey { shop, name, scopes, digest: &digest }, &origin()).await?;
    store.close().await;
    if !is_new {
        bail!(
            "the shop {shop} has or had a key with the name {name}; choose another name, so that the \
             keys are not confused"
        );
    }
    println!("{}", key.expose());
    Ok(())
}

/// Lists the keys: those that were made, and those of the config.
///
/// # Errors
/// If the database fails.
pub async fn list(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let made = store.api_keys().await?;
    store.close().await;
    let of_config: Vec<(String, &str)> =
        config.api.keys.iter().enumerate().map(|(at, it)| (name_of_key(at), &*it.shop)).collect();
    if as_json {
        let made = made.iter().map(made_json);
        let of_config = of_config.iter().map(|(name, shop)| {
            json!({ "shop": shop, "name": name, "scopes": Scopes::all().names(), "in_config": true })
        });
        println!("{}", json!({ "keys": made.chain(of_config).collect::<Vec<Value>>() }));
        return Ok(());
    }
    let head = ["SHOP", "NAME", "SCOPES", "CREATED", "LAST USED", "REVOKED"].map(str::to_owned);
    let made = made.iter().map(|key| {
        [
            cell(&key.shop),
            cell(&key.name),
            cell(&key.scopes),
            time(key.created_at),
            time_or_dash(key.used_at),
            time_or_dash(key.revoked_at),
        ]
    });
    let of_config = of_config.iter().map(|(name, shop)| {
        let [created, used, revoked] = ["in the config", "-", "-"].map(str::to_owned);
        [cell(shop), name.clone(), Scopes::all().to_string(), created, used, revoked]
    });
    let rows: Vec<_> = std::iter::once(head).chain(made).chain(of_config).collect();
    print!("{}", lines(&rows));
    Ok(())
}

/// Revokes a key for ever.
///
/// # Errors
/// If the shop has no key of this name, or the database fails.
pub async fn revoke(config: &Config, shop: &str, name: &str) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let is_known = store.revoke_api_key(shop, name, &origin()).await?;
    store.close().await;
    if !is_known {
        bail!(
            "the shop {shop} has no key with the name {name} that was made by `tallyroom key create`; \
             `tallyroom key list` names the keys, and those of the config are removed there"
        );
    }
    println!("the key {name} of the shop {shop} opens nothing any more");
    Ok(())
}

fn made_json(key: &ApiKeyRow) -> Value {
    json!({
        "shop": key.shop,
        "name": key.name,
        "scopes": Scopes::stored(&key.scopes).names(),
        "in_config": false,
        "created_at": time(key.created_at),
        "used_at": key.used_at.map(time),
        "revoked_at": key.revoked_at.map(time),
    })
}
