//! Where shops want to be told of events. What is sent to them begins in `webhook_events`.

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{from_json, parse_id, to_json};
use super::webhook_queues::{LONGEST_PAUSE_MS, LONGEST_PAUSE_OF_WORKING_MS};
use super::{Store, StoreError, Tx, audit_log};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::config::{Secret, WebhookEndpoint, new_webhook_secret};
use crate::notices::Work;

/// The greatest number of webhooks of a shop, without those of the config.
pub const MAX_WEBHOOKS_PER_SHOP: i64 = 16;
/// The greatest number of secrets of a webhook that sign at the same time.
pub const MAX_WEBHOOK_SECRETS: usize = 4;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, shop, url, types, secrets, in_config, created_at, off_since, off_because, failures ",
            "FROM webhooks ",
            $rest
        )
    };
}
const SELECT_WEBHOOK: &str = select!("WHERE shop = $1 AND id = $2 AND deleted_at IS NULL");
const SELECT_OF_SHOP: &str = select!("WHERE shop = $1 AND deleted_at IS NULL ORDER BY id");
const SELECT_ALL: &str = select!("WHERE deleted_at IS NULL ORDER BY shop, id");
const SELECT_TO_SEND: &str = select!(
    "WHERE id = $1 AND deleted_at IS NULL AND off_since IS NULL AND (paused_until <= $2 OR paused_until > $5) \
     AND EXISTS (SELECT 1 FROM webhook_queues q WHERE q.webhook_id = $1 AND q.transaction_id = $3 \
     AND (q.due_at <= $2 OR q.due_at > CASE WHEN failures = 0 THEN $4 ELSE $5 END))"
);
const COUNT_OF_SHOP: &str = "SELECT COUNT(*) FROM webhooks \
     WHERE shop = $1 AND in_config = 0 AND deleted_at IS NULL";
const INSERT_WEBHOOK: &str = "INSERT INTO webhooks \
     (id, shop, url, types, secrets, in_config, after_event, created_at) \
     VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT (id) DO NOTHING";
const UPSERT_OF_CONFIG: &str = "INSERT INTO webhooks \
     (id, shop, url, types, secrets, in_config, after_event, created_at) \
     VALUES ($1, $2, $3, $4, $5, 1, $6, $7) ON CONFLICT (id) DO UPDATE SET \
     types = excluded.types, secrets = excluded.secrets";
/// One that comes back into the config is as new, and on.
const RESET_OF_CONFIG: &str = "UPDATE webhooks SET deleted_at = NULL, after_event = $2, created_at = $3, \
     off_since = NULL, off_because = NULL, failures = 0, paused_until = 0 \
     WHERE id = $1 AND deleted_at IS NOT NULL";
const DELETE_QUEUES: &str = "DELETE FROM webhook_queues WHERE webhook_id = $1";
const DELETE_DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE webhook_id = $1";
const SELECT_OF_CONFIG: &str = "SELECT id FROM webhooks WHERE in_config = 1 AND deleted_at IS NULL";
/// Only what is named is changed, so two who change different values at once do not undo each other's change. Who turns it
/// on ($5 = 1) gives it a fresh start.
const UPDATE_WEBHOOK: &str = "UPDATE webhooks SET url = COALESCE($3, url), types = COALESCE($4, types), \
     off_since = CASE WHEN $5 = 1 THEN NULL WHEN $5 = 0 THEN COALESCE(off_since, $6) ELSE off_since END, \
     off_because = CASE WHEN $5 = 1 THEN NULL WHEN $5 = 0 AND off_since IS NULL THEN 'asked' \
     ELSE off_because END, failures = CASE WHEN $5 = 1 THEN 0 ELSE failures END, \
     paused_until = CASE WHEN $5 = 1 THEN 0 ELSE paused_until END \
     WHERE shop = $1 AND id = $2 AND deleted_at IS NULL";
/// Changes nothing but the lock, so that two who change a webhook at once wait for each other.
const LOCK_WEBHOOK: &str =
    "UPDATE webhooks SET secrets = secrets WHERE shop = $1 AND id = $2 AND deleted_at IS NULL";
const SET_SECRETS: &str = "UPDATE webhooks SET secrets = $3 WHERE shop = $1 AND id = $2";
/// Whoever reads the database later does not find its secrets.
const DELETE_WEBHOOK: &str = "UPDATE webhooks SET deleted_at = $3, secrets = '[]' \
     WHERE shop = $1 AND id = $2 AND in_config = 0 AND deleted_at IS NULL";
const DELETE_OF_CONFIG: &str =
    "UPDATE webhooks SET deleted_at = $2, secrets = '[]' WHERE id = $1 AND in_config = 1";

/// A webhook. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The id.
    pub id: Ulid,
    /// The shop whose events it gets.
    pub shop: String,
    /// The address of the receiver, which may contain a secret.
    pub url: String,
    /// The names of the types that it gets, with commas between them. Empty means all.
    pub types: String,
    /// Its secrets, newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Whether it comes from the config.
    pub in_config: bool,
    /// When it was made.
    pub created_at: i64,
    /// Since when it is off. What happens meanwhile waits.
    pub off_since: Option<i64>,
    /// Why it is off: `asked` or `gone`.
    pub off_because: Option<String>,
    /// The number of tries in a row that failed.
    pub failures: i64,
}

impl Webhook {
    /// Returns the secrets that sign at a time.
    pub fn secrets_at(&self, time: i64) -> Vec<Secret> {
        let valid = self.secrets.iter().filter(|it| it.until.is_none_or(|until| until > time));
        valid.map(|it| it.secret.clone()).collect()
    }
}

/// A secret of a webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookSecret {
    /// The id of the call that made it. Empty if it comes from the config.
    pub id: String,
    /// The secret itself.
    #[serde(serialize_with = "exposed")]
    pub secret: Secret,
    /// When it signs nothing any more. `None` means never.
    pub until: Option<i64>,
}

impl WebhookSecret {
    /// Makes a new secret.
    pub fn random(id: Ulid) -> Self {
        Self { id: id.to_string(), secret: new_webhook_secret(), until: None }
    }
}

/// A secret is written out only for its column.
fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// A new webhook.
#[derive(Clone, Copy, Debug)]
pub struct NewWebhook<'a> {
    /// The id.
    pub id: Ulid,
    /// The shop whose events it gets.
    pub shop: &'a str,
    /// The address of the receiver.
    pub url: &'a str,
    /// The types that it gets.
    pub types: &'a str,
    /// Whether it is on.
    pub is_on: bool,
}

/// What a webhook is changed to. `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// The address of the receiver.
    pub url: Option<String>,
    /// The types that it gets.
    pub types: Option<String>,
    /// Whether it is on.
    pub is_on: Option<bool>,
}

/// What became of a wish to make a webhook.
#[derive(Clone, Debug)]
pub enum NewWebhookOutcome {
    /// It was made, now or by an earlier attempt of the same call.
    Made(Box<Webhook>),
    /// An earlier attempt of the same call made it, and it was deleted since.
    Deleted,
    /// The shop has too many.
    TooMany,
}

/// What became of a wish to change or delete a webhook.
#[derive(Clone, Debug)]
pub enum WebhookChanged {
    /// It is so now.
    Done(Box<Webhook>),
    /// The caller does not want to change it as it is.
    Refused,
    /// The shop has no such webhook, or none that can be deleted.
    Missing,
}

/// What became of a wish to make a secret of a webhook.
#[derive(Clone, Debug)]
pub enum NewSecretOutcome {
    /// It was made, now or by an earlier attempt of the same call.
    Made(Box<WebhookSecret>),
    /// The shop has no such webhook.
    Missing,
    /// The caller does not want to change it as it is.
    Refused,
    /// So many secrets sign that one of them would have to end before its time.
    TooMany,
}

#[derive(FromRow)]
pub(super) struct WebhookRow {
    id: String,
    shop: String,
    url: String,
    types: String,
    secrets: String,
    in_config: i64,
    created_at: i64,
    off_since: Option<i64>,
    off_because: Option<String>,
    failures: i64,
}

impl WebhookRow {
    pub(super) fn read(self) -> Result<Webhook, StoreError> {
        Ok(Webhook {
            id: parse_id(&self.id)?,
            secrets: from_json("secrets", &self.secrets)?,
            shop: self.shop,
            url: self.url,
            types: self.types,
            in_config: self.in_config != 0,
            created_at: self.created_at,
            off_since: self.off_since,
            off_because: self.off_because,
            failures: self.failures,
        })
    }
}

impl Store {
    /// Makes a webhook, which gets the events from now on, together with its line in the audit log. Its first secret has
    /// the same id.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is made.
    pub async fn add_webhook(
        &self,
        new: &NewWebhook<'_>,
        origin: &Origin,
    ) -> Result<NewWebhookOutcome, StoreError> {
        let id = new.id.to_string();
        let after = self.settled_end().await?;
        let mut tx = self.begin_audited(new.shop).await?;
        let insert = sqlx::query(INSERT_WEBHOOK)
            .bind(&id)
            .bind(new.shop)
            .bind(new.url)
            .bind(new.types)
            .bind(to_json(&[WebhookSecret::random(new.id)])?)
            .bind(after)
            .bind(now());
        let is_new = insert.execute(&mut *tx).await?.rows_affected() == 1;
        let change =
            WebhookChange { is_on: Some(new.is_on).filter(|_| is_new), ..WebhookChange::default() };
        let Some(webhook) = changed(&mut tx, (new.shop, new.id), &change).await? else {
            return Ok(NewWebhookOutcome::Deleted);
        };
        if is_new {
            let line = origin.does(Action::WebhookMade, new.shop).with(&id);
            audit_log::add(&mut tx, &[line]).await?;
            // The line locks the audit log of the shop. So this sees what others made at the same time.
            let count = sqlx::query_scalar(COUNT_OF_SHOP).bind(new.shop);
            let count: i64 = count.fetch_one(&mut *tx).await?;
            if count > MAX_WEBHOOKS_PER_SHOP {
                return Ok(NewWebhookOutcome::TooMany);
            }
            tx.commit().await?;
        }
        Ok(NewWebhookOutcome::Made(Box::new(webhook)))
    }

    /// Returns a webhook of a shop.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn webhook(&self, shop: &str, id: Ulid) -> Result<Option<Webhook>, StoreError> {
        let row = sqlx::query_as(SELECT_WEBHOOK).bind(shop).bind(id.to_string());
        let row: Option<WebhookRow> = row.fetch_optional(&self.pool).await?;
        row.map(WebhookRow::read).transpose()
    }

    /// Returns the webhooks of a shop, or of all shops, oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn webhooks(&self, shop: Option<&str>) -> Result<Vec<Webhook>, StoreError> {
        let select = match shop {
            Some(shop) => sqlx::query_as(SELECT_OF_SHOP).bind(shop),
            None => sqlx::query_as(SELECT_ALL),
        };
        let rows: Vec<WebhookRow> = select.fetch_all(&self.pool).await?;
        rows.into_iter().map(WebhookRow::read).collect()
    }

    /// Returns a webhook if it is on, and if the next delivery for a transaction is due.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn webhook_to_send(
        &self,
        id: Ulid,
        transaction: Ulid,
    ) -> Result<Option<Webhook>, StoreError> {
        let time = now();
        let row = sqlx::query_as(SELECT_TO_SEND)
            .bind(id.to_string())
            .bind(time)
            .bind(transaction.to_string())
            .bind(time + LONGEST_PAUSE_OF_WORKING_MS)
            .bind(time + LONGEST_PAUSE_MS);
        let row: Option<WebhookRow> = row.fetch_optional(&self.pool).await?;
        row.map(WebhookRow::read).transpose()
    }

    /// Changes a webhook, together with its line in the audit log, if it is still as the caller wants to change it.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn change_webhook(
        &self,
        shop: &str,
        id: Ulid,
        change: WebhookChange,
        origin: &Origin,
        is_as_wanted: impl FnOnce(&Webhook) -> bool,
    ) -> Result<WebhookChanged, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        match locked(&mut tx, shop, id).await? {
            None => return Ok(WebhookChanged::Missing),
            Some(before) if !is_as_wanted(&before) => return Ok(WebhookChanged::Refused),
            Some(_) => {}
        }
        let Some(after) = changed(&mut tx, (shop, id), &change).await? else {
            return Ok(WebhookChanged::Missing);
        };
        let line = origin.does(Action::WebhookChanged, shop).with(id);
        audit_log::add(&mut tx, &[line]).await?;
        if change.is_on == Some(true) {
            tx.makes(Work::Webhooks);
        }
        tx.commit().await?;
        Ok(WebhookChanged::Done(Box::new(after)))
    }

    /// Deletes a webhook with all that waits for it, together with its line in the audit log, if it is still as the
    /// caller wants to delete it. One of the config is not deleted. Returns it as it was.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is deleted.
    pub async fn delete_webhook(
        &self,
        shop: &str,
        id: Ulid,
        origin: &Origin,
        is_as_wanted: impl FnOnce(&Webhook) -> bool,
    ) -> Result<WebhookChanged, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        let before = match locked(&mut tx, shop, id).await? {
            None => return Ok(WebhookChanged::Missing),
            Some(before) if !is_as_wanted(&before) => return Ok(WebhookChanged::Refused),
            Some(before) => before,
        };
        let delete = sqlx::query(DELETE_WEBHOOK).bind(shop).bind(id.to_string()).bind(now());
        if delete.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(WebhookChanged::Missing);
        }
        let line = origin.does(Action::WebhookDeleted, shop).with(id);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(WebhookChanged::Done(Box::new(before)))
    }

    /// Gives a webhook a new secret with this id, together with its line in the audit log, if it is still as the caller
    /// wants to change it. Those before sign, too, until `until`. If there is a secret with this id, it is returned again.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn add_webhook_secret(
        &self,
        shop: &str,
        id: Ulid,
        secret: Ulid,
        until: i64,
        origin: &Origin,
        is_as_wanted: impl FnOnce(&Webhook) -> bool,
    ) -> Result<NewSecretOutcome, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        let Some(before) = locked(&mut tx, shop, id).await? else {
            return Ok(NewSecretOutcome::Missing);
        };
        if let Some(made) = before.secrets.iter().find(|it| it.id == secret.to_string()) {
            return Ok(NewSecretOutcome::Made(Box::new(made.clone())));
        }
        if !is_as_wanted(&before) {
            return Ok(NewSecretOutcome::Refused);
        }
        let new = WebhookSecret::random(secret);
        let secrets = rotated(&before.secrets, new.clone(), now(), until);
        if secrets.len() > MAX_WEBHOOK_SECRETS {
            return Ok(NewSecretOutcome::TooMany);
        }
        let set = sqlx::query(SET_SECRETS).bind(shop).bind(id.to_string());
        set.bind(to_json(&secrets)?).execute(&mut *tx).await?;
        let line = origin.does(Action::WebhookSecretMade, shop).with(id);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(NewSecretOutcome::Made(Box::new(new)))
    }

    /// Makes the webhooks of the config those of the database. One that is new there gets the events from now on.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn set_webhooks_of_config(
        &self,
        endpoints: &[WebhookEndpoint],
    ) -> Result<(), StoreError> {
        let known: Vec<String> = sqlx::query_scalar(SELECT_OF_CONFIG).fetch_all(&self.pool).await?;
        if endpoints.is_empty() && known.is_empty() {
            return Ok(());
        }
        let mut wanted: Vec<_> =
            endpoints.iter().map(|it| (id_in_config(it).to_string(), it)).collect();
        // In one order, so that two processes never wait for each other.
        wanted.sort_by(|one, other| one.0.cmp(&other.0));
        // One that is new gets the events from now on. Who only starts again does not wait for other txs.
        let is_known = wanted.iter().all(|it| known.contains(&it.0));
        let after = match self.handed_out_to_webhooks().await?.filter(|_| is_known) {
            Some(handed_out) => handed_out,
            None => self.settled_end().await?,
        };
        let mut tx = self.begin().await?;
        for (id, endpoint) in &wanted {
            let secrets = std::iter::once(&endpoint.secret).chain(&endpoint.previous_secret);
            let secrets: Vec<_> = secrets
                .map(|it| WebhookSecret { id: String::new(), secret: it.clone(), until: None })
                .collect();
            let upsert = sqlx::query(UPSERT_OF_CONFIG)
                .bind(id)
                .bind(&endpoint.shop)
                .bind(&endpoint.url)
                .bind(endpoint.types.as_deref().unwrap_or_default().replace(' ', ""))
                .bind(to_json(&secrets)?)
                .bind(after)
                .bind(now());
            upsert.execute(&mut *tx).await?;
            let reset = sqlx::query(RESET_OF_CONFIG).bind(id).bind(after).bind(now());
            if reset.execute(&mut *tx).await?.rows_affected() == 1 {
                // What waited when it was removed is not sent any more.
                sqlx::query(DELETE_QUEUES).bind(id).execute(&mut *tx).await?;
                sqlx::query(DELETE_DELIVERIES).bind(id).execute(&mut *tx).await?;
            }
        }
        for id in known.iter().filter(|id| !wanted.iter().any(|it| it.0 == **id)) {
            sqlx::query(DELETE_OF_CONFIG).bind(id).bind(now()).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
}

/// Returns the id of a webhook of the config, which follows from its shop and address.
fn id_in_config(endpoint: &WebhookEndpoint) -> Ulid {
    let digest = Sha256::digest(format!("{}\n{}", endpoint.shop, endpoint.url));
    Ulid::from(digest.iter().take(16).fold(0, |bits: u128, byte| (bits << 8) | u128::from(*byte)))
}

async fn webhook(tx: &mut Tx, shop: &str, id: Ulid) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query_as(SELECT_WEBHOOK).bind(shop).bind(id.to_string());
    let row: Option<WebhookRow> = row.fetch_optional(&mut **tx).await?;
    row.map(WebhookRow::read).transpose()
}

/// Locks a webhook, and returns it.
async fn locked(tx: &mut Tx, shop: &str, id: Ulid) -> Result<Option<Webhook>, StoreError> {
    let lock = sqlx::query(LOCK_WEBHOOK).bind(shop).bind(id.to_string());
    lock.execute(&mut **tx).await?;
    webhook(tx, shop, id).await
}

/// Changes a webhook. Returns it, or `None` if the shop has no such one.
async fn changed(
    tx: &mut Tx,
    (shop, id): (&str, Ulid),
    change: &WebhookChange,
) -> Result<Option<Webhook>, StoreError> {
    sqlx::query(UPDATE_WEBHOOK)
        .bind(shop)
        .bind(id.to_string())
        .bind(&change.url)
        .bind(&change.types)
        .bind(change.is_on.map(i64::from))
        .bind(now())
        .execute(&mut **tx)
        .await?;
    webhook(tx, shop, id).await
}

/// Returns the secrets with a new one at their head. Those before end at `until`, if not sooner, and those that have
/// ended at `now` are left out.
fn rotated(
    before: &[WebhookSecret],
    new: WebhookSecret,
    now: i64,
    until: i64,
) -> Vec<WebhookSecret> {
    let before = before.iter().map(|it| {
        let until = Some(it.until.map_or(until, |its| its.min(until)));
        WebhookSecret { until, ..it.clone() }
    });
    let left = before.filter(|it| it.until.is_none_or(|until| until > now));
    std::iter::once(new).chain(left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};

    #[test]
    fn a_new_secret_ends_those_before_it_in_time() {
        let secret = |until| WebhookSecret { until, ..WebhookSecret::random(Ulid::new()) };
        let before = [secret(None), secret(Some(150)), secret(Some(50))];
        let new = secret(None);
        let after = rotated(&before, new.clone(), 100, 200);
        let told: Vec<_> = after.iter().map(|it| (it.secret.expose(), it.until)).collect();
        let [first, second, _] = before.each_ref().map(|it| it.secret.expose());
        assert_eq!(told, [(new.secret.expose(), None), (first, Some(200)), (second, Some(150))]);
        // At once.
        assert_eq!(rotated(&before, new.clone(), 100, 100).len(), 1);
    }

    #[tokio::test]
    async fn no_secret_ends_before_its_time_because_there_are_many() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = Ulid::new();
        let new = NewWebhook { id, shop: "shop", url: "https://h/", types: "", is_on: true };
        store.add_webhook(&new, &root()).await.unwrap();
        let add = async |until| {
            store
                .add_webhook_secret("shop", id, Ulid::new(), until, &root(), |_| true)
                .await
                .unwrap()
        };
        for _ in 1..MAX_WEBHOOK_SECRETS {
            assert!(matches!(add(now() + 60_000).await, NewSecretOutcome::Made(_)));
        }
        assert!(matches!(add(now() + 60_000).await, NewSecretOutcome::TooMany));
        // Who ends those before makes room.
        assert!(matches!(add(now()).await, NewSecretOutcome::Made(_)));
        assert_eq!(store.webhook("shop", id).await.unwrap().unwrap().secrets.len(), 1);
    }

    #[tokio::test]
    async fn a_webhook_that_comes_back_into_the_config_is_as_new() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let endpoint = WebhookEndpoint {
            shop: "shop".to_owned(),
            url: "https://h/".to_owned(),
            secret: new_webhook_secret(),
            previous_secret: None,
            types: None,
        };
        let set = async |endpoints: &[WebhookEndpoint]| {
            store.set_webhooks_of_config(endpoints).await.unwrap();
        };
        set(std::slice::from_ref(&endpoint)).await;
        let id = id_in_config(&endpoint);
        let off = WebhookChange { is_on: Some(false), ..WebhookChange::default() };
        store.change_webhook("shop", id, off, &root(), |_| true).await.unwrap();
        // A start with the same config changes nothing of that.
        set(std::slice::from_ref(&endpoint)).await;
        assert!(store.webhook("shop", id).await.unwrap().unwrap().off_since.is_some());
        for insert in [
            "INSERT INTO webhook_deliveries (webhook_id, event_id, transaction_id, kind, since) VALUES ($1, 1, 't', 'k', 1)",
            "INSERT INTO webhook_queues (webhook_id, transaction_id, due_at) VALUES ($1, 't', 1)",
        ] {
            store.run(sqlx::query(insert).bind(id.to_string())).await.unwrap();
        }
        set(&[]).await;
        assert!(store.webhook("shop", id).await.unwrap().is_none());
        set(std::slice::from_ref(&endpoint)).await;
        assert!(store.webhook("shop", id).await.unwrap().unwrap().off_since.is_none());
        assert!(store.deliveries(id, None, 9, 9).await.unwrap().is_empty());
        assert!(store.due_webhooks().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_stored_of_secrets_signs_and_what_is_printed_shows_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = Ulid::new();
        let new = NewWebhook { id, shop: "shop", url: "https://h/", types: "", is_on: true };
        let made = store.add_webhook(&new, &root()).await.unwrap();
        assert!(!format!("{made:?}").contains("whsec_"));
        store
            .add_webhook_secret("shop", id, Ulid::new(), now() + 60_000, &root(), |_| true)
            .await
            .unwrap();
        let webhook = store.webhook("shop", id).await.unwrap().unwrap();
        assert_eq!(webhook.secrets_at(now()).len(), 2);
        assert_eq!(webhook.secrets_at(now() + 60_000).len(), 1);
        assert!(webhook.secrets_at(now())[0].expose().starts_with("whsec_"));
        assert!(store.webhook("other", id).await.unwrap().is_none());
        let deleted = store.delete_webhook("shop", id, &root(), |_| true).await.unwrap();
        assert!(matches!(deleted, WebhookChanged::Done(_)));
        assert!(store.webhook("shop", id).await.unwrap().is_none());
        let left: Vec<String> = sqlx::query_scalar("SELECT secrets FROM webhooks")
            .fetch_all(&store.pool)
            .await
            .unwrap();
        assert_eq!(left, ["[]"]);
        for _ in 0..MAX_WEBHOOKS_PER_SHOP {
            let next = NewWebhook { id: Ulid::new(), ..new };
            store.add_webhook(&next, &root()).await.unwrap();
        }
        let next = NewWebhook { id: Ulid::new(), ..new };
        let refused = store.add_webhook(&next, &root()).await.unwrap();
        assert!(matches!(refused, NewWebhookOutcome::TooMany));
    }
}
