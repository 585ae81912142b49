//! The keys for the API that were made by a command.

use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, audit_log};
use crate::access::{Action, Origin, Scopes};
use crate::clock::now;

const INSERT_KEY: &str = "INSERT INTO api_keys (id, shop, name, digest, scopes, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (shop, name) DO NOTHING";
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, shop, name, scopes, created_at, used_at, revoked_at FROM api_keys ",
            $rest
        )
    };
}
const SELECT_KEY: &str = select!("WHERE digest = $1 AND revoked_at IS NULL");
const SELECT_KEYS: &str = select!("ORDER BY shop, id");
const SELECT_SHOP: &str = "SELECT shop FROM api_keys WHERE shop = $1 LIMIT 1";
const REVOKE_KEY: &str = "UPDATE api_keys SET revoked_at = $3 \
     WHERE shop = $1 AND name = $2 AND revoked_at IS NULL";
const SELECT_NAME: &str = "SELECT name FROM api_keys WHERE shop = $1 AND name = $2";
const SET_USED: &str =
    "UPDATE api_keys SET used_at = $2 WHERE id = $1 AND COALESCE(used_at, 0) < $2";

/// A key in the database. Times are milliseconds since 1970.
#[derive(Clone, Debug, FromRow)]
pub struct ApiKeyRow {
    /// The id, a ULID.
    pub id: String,
    /// The shop that it opens.
    pub shop: String,
    /// The name, which no other key of the shop has or had.
    pub name: String,
    /// The names of its scopes. See [`Scopes::stored`].
    pub scopes: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was last used, to the minute.
    pub used_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}

/// A new key.
#[derive(Clone, Copy, Debug)]
pub struct NewApiKey<'a> {
    /// The shop that it opens.
    pub shop: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it may be used for.
    pub scopes: &'a Scopes,
    /// The digest of its text.
    pub digest: &'a str,
}

impl Store {
    /// Adds a key, together with its line in the audit log. Returns false if the shop has, or had, a key of this
    /// name.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is added.
    pub async fn add_api_key(
        &self,
        key: NewApiKey<'_>,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let insert = sqlx::query(INSERT_KEY)
            .bind(Ulid::new().to_string())
            .bind(key.shop)
            .bind(key.name)
            .bind(key.digest)
            .bind(key.scopes.to_string())
            .bind(now());
        if insert.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        let line = origin.does(Action::KeyMade, key.shop).with(key.name);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns the key with this digest, unless it is revoked. Each call with such a key asks this anew:
    /// one row by an index, so that a revoked key opens nothing from then on, at any process.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn api_key(&self, digest: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        sqlx::query_as(SELECT_KEY).bind(digest).fetch_optional(&self.pool).await
    }

    /// Returns all keys, revoked ones too, by shop, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        sqlx::query_as(SELECT_KEYS).fetch_all(&self.pool).await
    }

    /// Whether a key was ever made for this shop.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn has_api_key_of(&self, shop: &str) -> Result<bool, StoreError> {
        let found: Option<String> =
            sqlx::query_scalar(SELECT_SHOP).bind(shop).fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }

    /// Revokes a key for ever, together with its line in the audit log, unless it is revoked already. Returns false if the shop has no key of
    /// this name.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn revoke_api_key(
        &self,
        shop: &str,
        name: &str,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoke = sqlx::query(REVOKE_KEY).bind(shop).bind(name).bind(now());
        if revoke.execute(&mut *tx).await?.rows_affected() == 0 {
            // Either it is revoked already, which has its line, or there is none.
            let found: Option<String> = sqlx::query_scalar(SELECT_NAME)
                .bind(shop)
                .bind(name)
                .fetch_optional(&mut *tx)
                .await?;
            return Ok(found.is_some());
        }
        let line = origin.does(Action::KeyRevoked, shop).with(name);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes when keys (by their ids) were last used, in one tx.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is noted.
    pub async fn api_keys_used(&self, uses: &[(String, i64)]) -> Result<(), StoreError> {
        let mut uses: Vec<_> = uses.iter().collect();
        // In one order, so that two processes never wait for each other.
        uses.sort_unstable();
        let mut tx = self.begin().await?;
        for (id, at) in uses {
            sqlx::query(SET_USED).bind(id).bind(at).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::KeyText;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn a_key_opens_until_it_is_revoked_and_its_name_is_never_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let origin = Origin::Command { user: "root".to_owned() };
        let (key, scopes) = (KeyText::random().digest(), "read".parse().unwrap());
        let new = NewApiKey { shop: "shop", name: "till", scopes: &scopes, digest: &key };
        assert!(!store.has_api_key_of("shop").await.unwrap());
        assert!(store.add_api_key(new, &origin).await.unwrap());
        assert!(store.has_api_key_of("shop").await.unwrap());
        let other = KeyText::random().digest();
        assert!(!store.add_api_key(NewApiKey { digest: &other, ..new }, &origin).await.unwrap());
        let elsewhere = NewApiKey { digest: &other, shop: "elsewhere", ..new };
        assert!(store.add_api_key(elsewhere, &origin).await.unwrap());

        let row = store.api_key(&key).await.unwrap().unwrap();
        assert_eq!((row.shop.as_str(), row.name.as_str(), row.used_at), ("shop", "till", None));
        assert_eq!(Scopes::stored(&row.scopes), scopes);
        // Of two processes, the later use counts, whichever of them writes last.
        for at in [7, 5] {
            store.api_keys_used(&[(row.id.clone(), at)]).await.unwrap();
        }
        assert_eq!(store.api_key(&key).await.unwrap().unwrap().used_at, Some(7));

        assert!(store.revoke_api_key("shop", "till", &origin).await.unwrap());
        assert!(!store.revoke_api_key("shop", "tills", &origin).await.unwrap());
        assert!(store.api_key(&key).await.unwrap().is_none());
        assert!(store.api_key(&other).await.unwrap().is_some());
        assert!(!store.add_api_key(NewApiKey { digest: "another", ..new }, &origin).await.unwrap());
        let revoked = store.api_keys().await.unwrap().pop().unwrap().revoked_at;
        assert!(revoked.is_some());
        store.revoke_api_key("shop", "till", &origin).await.unwrap();
        assert_eq!(store.api_keys().await.unwrap().pop().unwrap().revoked_at, revoked);
        let log = store.audit_log_of("shop", 0, None, 10).await.unwrap();
        let told = log.iter().map(|it| (it.action.as_str(), it.subject.as_deref()));
        let (made, revoked) = (("key.made", Some("till")), ("key.revoked", Some("till")));
        assert_eq!(told.collect::<Vec<_>>(), [made, revoked]);
    }
}
