//! Calls of shops that carry an `Idempotency-Key`, and their answers.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{from_json, parse_id, to_json};
use super::{Store, StoreError};
use crate::clock::now;

/// How long a key and its answer are kept, in milliseconds.
pub(super) const KEPT_MS: i64 = 24 * 60 * 60_000;
/// After this time without an answer, in milliseconds, an attempt counts as lost, and another one may begin. Nothing
/// breaks if it was only slow.
const ATTEMPT_MS: i64 = 30_000;
/// The greatest number of keys that are kept for one shop. If there are more, the oldest are forgotten.
const MAX_KEYS_PER_SHOP: i64 = 100_000;
/// The greatest size of the bodies that are kept for one shop, in bytes. If they have more, the oldest are forgotten.
const MAX_BYTES_PER_SHOP: i64 = 64 * 1024 * 1024;
/// After how many new keys of a shop what is too much is deleted. Meanwhile there may be more.
const KEYS_PER_CLEANING: i64 = 256;

const DELETE_IF_EXPIRED: &str =
    "DELETE FROM repeated_calls WHERE shop = $1 AND call_key = $2 AND created_at <= $3";
const INSERT_CALL: &str = "INSERT INTO repeated_calls \
     (shop, call_key, number, fingerprint, id, attempt, attempted_at, created_at) VALUES ($1, $2, \
     (SELECT COALESCE(MAX(number), 0) + 1 FROM repeated_calls WHERE shop = $1), $3, $4, $4, $5, $5) \
     ON CONFLICT (shop, call_key) DO NOTHING";
const TAKE_OVER: &str = "UPDATE repeated_calls SET attempt = $4, attempted_at = $5 \
     WHERE shop = $1 AND call_key = $2 AND fingerprint = $3 AND status IS NULL \
     AND attempted_at <= $6";
const SELECT_CALL: &str = "SELECT number, fingerprint, id, attempted_at, status, headers, body \
     FROM repeated_calls WHERE shop = $1 AND call_key = $2";
const SET_ANSWER: &str = "UPDATE repeated_calls SET status = $4, headers = $5, body = $6 \
     WHERE shop = $1 AND call_key = $2 AND id = $3 AND status IS NULL";
const SET_ENDED: &str = "UPDATE repeated_calls SET attempted_at = 0 \
     WHERE shop = $1 AND call_key = $2 AND attempt = $3 AND status IS NULL";
pub(super) const DELETE_EXPIRED: &str = "DELETE FROM repeated_calls WHERE (shop, call_key) IN \
     (SELECT shop, call_key FROM repeated_calls WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";
const DELETE_EXCESS: &str = "DELETE FROM repeated_calls WHERE shop = $1 AND number <= $2";
const DELETE_EXCESS_BYTES: &str = "DELETE FROM repeated_calls WHERE shop = $1 AND number <= \
     (SELECT MAX(number) FROM (SELECT number, \
     SUM(COALESCE(LENGTH(body), 0)) OVER (ORDER BY number DESC) AS bytes \
     FROM repeated_calls WHERE shop = $1) newest WHERE bytes > $2)";

/// What there is to do about a call with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepeatedCall {
    /// Run it, and say how it ended.
    Run(Attempt),
    /// It was answered before.
    Answered(KeptAnswer),
    /// Another attempt is in progress. If it does not end, it counts as lost after this number of milliseconds.
    InProgress(i64),
    /// The key belongs to another call.
    OtherCall,
}

/// One attempt to run a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    shop: String,
    key: String,
    attempt: Ulid,
    /// The id for what the call makes. It is the same in each attempt, so what an earlier one has made is found.
    pub id: Ulid,
    /// Whether there was an attempt before, of which it is not known what it did.
    pub is_repeat: bool,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that are repeated with it.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    fingerprint: String,
    id: String,
    attempted_at: i64,
    status: Option<i64>,
    headers: Option<String>,
    body: Option<Vec<u8>>,
}

impl Row {
    fn answer(&self) -> Result<Option<KeptAnswer>, StoreError> {
        let Some(status) = self.status else { return Ok(None) };
        Ok(Some(KeptAnswer {
            status: u16::try_from(status).unwrap_or_default(),
            headers: from_json("headers", self.headers.as_deref().unwrap_or("[]"))?,
            body: self.body.clone().unwrap_or_default(),
        }))
    }
}

impl Store {
    /// Returns what there is to do about a call of a shop. If it is to be run, nobody else runs it until it has ended,
    /// or until it counts as lost.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value. In this case the call is not to be run.
    pub async fn begin_call(
        &self,
        shop: &str,
        key: &str,
        fingerprint: &str,
    ) -> Result<RepeatedCall, StoreError> {
        let (new, at) = (Ulid::new(), now());
        let attempt = |id, is_repeat| {
            let (shop, key) = (shop.to_owned(), key.to_owned());
            RepeatedCall::Run(Attempt { shop, key, attempt: new, id, is_repeat })
        };
        let mut tx = self.begin().await?;
        let expired = sqlx::query(DELETE_IF_EXPIRED).bind(shop).bind(key).bind(at - KEPT_MS);
        expired.execute(&mut *tx).await?;
        let insert = sqlx::query(INSERT_CALL).bind(shop).bind(key).bind(fingerprint);
        let insert = insert.bind(new.to_string()).bind(at);
        let is_new = insert.execute(&mut *tx).await?.rows_affected() == 1;
        let taken_over = !is_new && {
            let take = sqlx::query(TAKE_OVER).bind(shop).bind(key).bind(fingerprint);
            let take = take.bind(new.to_string()).bind(at).bind(at - ATTEMPT_MS);
            take.execute(&mut *tx).await?.rows_affected() == 1
        };
        let found: Row =
            sqlx::query_as(SELECT_CALL).bind(shop).bind(key).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        if is_new {
            self.forget_excess(shop, found.number).await;
            return Ok(attempt(new, false));
        }
        if taken_over {
            return Ok(attempt(parse_id(&found.id)?, true));
        }
        if found.fingerprint != fingerprint {
            return Ok(RepeatedCall::OtherCall);
        }
        let left = (found.attempted_at + ATTEMPT_MS - at).clamp(0, ATTEMPT_MS);
        Ok(found.answer()?.map_or(RepeatedCall::InProgress(left), RepeatedCall::Answered))
    }

    /// Keeps the answer of a call, whichever attempt it is of. If another attempt was answered before, because this one
    /// took too long, returns the answer of that one.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn keep_answer(
        &self,
        attempt: &Attempt,
        answer: &KeptAnswer,
    ) -> Result<Option<KeptAnswer>, StoreError> {
        let Attempt { shop, key, id, .. } = attempt;
        let set = sqlx::query(SET_ANSWER).bind(shop).bind(key).bind(id.to_string());
        let set = set.bind(i64::from(answer.status)).bind(to_json(&answer.headers)?);
        if self.write_one(set.bind(answer.body.clone())).await? == 1 {
            return Ok(None);
        }
        let row = sqlx::query_as(SELECT_CALL).bind(shop).bind(key);
        let row: Option<Row> = row.fetch_optional(&self.pool).await?;
        row.map_or(Ok(None), |row| row.answer())
    }

    /// Notes that an attempt has ended without an answer to keep, so that the next one can begin at once.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn end_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let Attempt { shop, key, attempt, .. } = attempt;
        self.run(sqlx::query(SET_ENDED).bind(shop).bind(key).bind(attempt.to_string())).await
    }

    /// Deletes what is too much. Whatever fails is done the next time.
    async fn forget_excess(&self, shop: &str, number: i64) {
        if number % KEYS_PER_CLEANING != 0 {
            return;
        }
        let keys = sqlx::query(DELETE_EXCESS).bind(shop).bind(number - MAX_KEYS_PER_SHOP);
        let bytes = sqlx::query(DELETE_EXCESS_BYTES).bind(shop).bind(MAX_BYTES_PER_SHOP);
        for deletion in [keys, bytes] {
            if let Err(error) = self.run(deletion).await {
                tracing::debug!(%error, "old calls are not deleted yet");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;

    async fn begin(store: &Store, key: &str, fingerprint: &str) -> RepeatedCall {
        store.begin_call("shop", key, fingerprint).await.unwrap()
    }

    fn run(call: RepeatedCall) -> Attempt {
        let RepeatedCall::Run(attempt) = call else { panic!("{call:?}") };
        attempt
    }

    async fn age(store: &Store, column: &str, milliseconds: i64) {
        let update = format!("UPDATE repeated_calls SET {column} = {column} - {milliseconds}");
        store.run(sqlx::query(sqlx::AssertSqlSafe(update))).await.unwrap();
    }

    #[tokio::test]
    async fn a_call_is_run_by_one_at_a_time_and_its_answer_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let first = run(begin(&store, "a", "1").await);
        assert!(!first.is_repeat);
        let RepeatedCall::InProgress(left) = begin(&store, "a", "1").await else { panic!() };
        assert!(left > 0 && left <= ATTEMPT_MS);
        assert_eq!(begin(&store, "a", "2").await, RepeatedCall::OtherCall);
        assert!(!run(begin(&store, "b", "2").await).is_repeat);
        assert!(matches!(
            store.begin_call("another", "a", "2").await.unwrap(),
            RepeatedCall::Run(_)
        ));

        let headers = vec![("location".to_owned(), "/x".to_owned())];
        let answer = KeptAnswer { status: 201, headers, body: b"{}".to_vec() };
        assert_eq!(store.keep_answer(&first, &answer).await.unwrap(), None);
        assert_eq!(begin(&store, "a", "1").await, RepeatedCall::Answered(answer.clone()));
        age(&store, "attempted_at", ATTEMPT_MS).await;
        assert_eq!(begin(&store, "a", "1").await, RepeatedCall::Answered(answer.clone()));
        assert_eq!(begin(&store, "a", "2").await, RepeatedCall::OtherCall);
        age(&store, "created_at", KEPT_MS).await;
        assert_ne!(run(begin(&store, "a", "2").await).id, first.id);
    }

    #[tokio::test]
    async fn what_ended_without_an_answer_is_run_again_with_the_same_id() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let first = run(begin(&store, "a", "1").await);
        store.end_attempt(&first).await.unwrap();
        let second = run(begin(&store, "a", "1").await);
        assert!(second.is_repeat && second.id == first.id);
        // It counts as lost, and another one is faster.
        age(&store, "attempted_at", ATTEMPT_MS).await;
        let third = run(begin(&store, "a", "1").await);
        assert_eq!(third.id, first.id);
        let answer = |status| KeptAnswer { status, headers: Vec::new(), body: Vec::new() };
        assert_eq!(store.keep_answer(&third, &answer(201)).await.unwrap(), None);
        assert_eq!(store.keep_answer(&second, &answer(200)).await.unwrap(), Some(answer(201)));
        store.end_attempt(&second).await.unwrap();
        assert_eq!(begin(&store, "a", "1").await, RepeatedCall::Answered(answer(201)));
        // The one that counts as lost is faster after all.
        let slow = run(begin(&store, "b", "1").await);
        age(&store, "attempted_at", ATTEMPT_MS).await;
        let next = run(begin(&store, "b", "1").await);
        assert_eq!(store.keep_answer(&slow, &answer(200)).await.unwrap(), None);
        assert_eq!(store.keep_answer(&next, &answer(201)).await.unwrap(), Some(answer(200)));
    }

    #[tokio::test]
    async fn what_is_too_much_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let keys = async || {
            let count = "SELECT COUNT(*) FROM repeated_calls";
            sqlx::query_scalar::<_, i64>(count).fetch_one(&store.pool).await.unwrap()
        };
        begin(&store, "first", "1").await;
        assert_eq!(keys().await, 1);
        // As if there had been many.
        let all = MAX_KEYS_PER_SHOP - MAX_KEYS_PER_SHOP % KEYS_PER_CLEANING;
        store.forget_excess("shop", all).await;
        assert_eq!(keys().await, 1);
        store.forget_excess("shop", all + KEYS_PER_CLEANING).await;
        assert_eq!(keys().await, 0);
        // As if the first answers had been long.
        for (key, bytes) in [("a", MAX_BYTES_PER_SHOP / 2 + 1), ("b", MAX_BYTES_PER_SHOP / 2)] {
            let attempt = run(begin(&store, key, "1").await);
            let answer = KeptAnswer { status: 200, headers: Vec::new(), body: Vec::new() };
            store.keep_answer(&attempt, &answer).await.unwrap();
            let long = "UPDATE repeated_calls SET body = zeroblob($1) WHERE call_key = $2";
            store.run(sqlx::query(long).bind(bytes).bind(key)).await.unwrap();
        }
        store.forget_excess("shop", KEYS_PER_CLEANING).await;
        assert!(matches!(begin(&store, "b", "1").await, RepeatedCall::Answered(_)));
        assert!(matches!(begin(&store, "a", "1").await, RepeatedCall::Run(_)));
    }
}
