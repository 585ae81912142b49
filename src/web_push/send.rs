//! Tells browsers of what their people have not read.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use ipnet::IpNet;
use reqwest::StatusCode;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{Receiver, ServiceKey};
use crate::caller::{Bounds, Caller, Reply};
use crate::clock::now;
use crate::language::Locale;
use crate::logging::Failures;
use crate::store::{DueSubscription, Store, StoreError};
use crate::transaction::{PartyRole, Transaction};

/// The pause after a failure of the database.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The longest time without a look at what is due, if there is no hint.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// The shortest time between two looks.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// The greatest number of subscriptions that are read at the same time.
const READ_AT_ONCE: i64 = 200;
/// The greatest number of calls at the same time.
const CALLS_AT_ONCE: usize = 16;
/// After so many tries that failed, a browser is not told of this news. It is told of the next.
const MAX_TRIES: i64 = 8;
/// The pause after the first failure, in milliseconds. It doubles with each further one.
const MIN_PAUSE_MS: i64 = 10_000;
/// The greatest length of a name in a message, in characters.
const MAX_NAME_CHARS: usize = 200;

/// How long a push service may take for its answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns what may be called. A browser names its push service, so only public addresses are, beside those in the
/// networks that the config names.
pub fn bounds(networks: Vec<IpNet>) -> Bounds {
    Bounds {
        allow_http: !networks.is_empty(),
        networks,
        networks_key: "page.push_networks",
        timeout: CALL_TIMEOUT,
    }
}

/// What is needed to tell browsers.
#[derive(Clone, Debug)]
pub struct Told {
    /// The database.
    pub store: Store,
    /// Makes the calls.
    pub caller: Caller,
    /// The key of this service.
    pub key: ServiceKey,
}

/// Tells browsers what is new, until `stop`. One process does so at a time.
pub async fn tell_forever(told: Told, stop: CancellationToken) {
    let mut failures = Failures::default();
    let mut hints = told.store.hints().events.watch();
    let mut position = None;
    while !stop.is_cancelled() {
        hints.mark_unchanged();
        let look = tokio::select! {
            look = told.look(&mut position) => look,
            // Who was not told yet, or whose answer did not come, is told after the next start.
            () = stop.cancelled() => return,
        };
        let pause = match look {
            Ok(pause) => {
                failures.reset();
                pause
            }
            Err(error) => {
                if failures.should_log(error.to_string()) {
                    tracing::error!(%error, "cannot read which browsers are to be told; retrying");
                }
                RETRY_INTERVAL
            }
        };
        tokio::select! {
            _ = hints.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        tokio::time::sleep(SHORTEST_PAUSE).await;
    }
}

/// Where the look for news stands: the id of the last event that was looked at, and the one that is stored.
type Position = Option<(i64, i64)>;

impl Told {
    /// Notes what is new, and tells those who are due. Returns how long there is nothing to do.
    async fn look(&self, position: &mut Position) -> Result<Duration, StoreError> {
        let (mut at, mut stored) = match *position {
            Some(known) => known,
            None => {
                let stored = self.store.news_position().await?;
                (stored, stored)
            }
        };
        loop {
            let upto = self.store.note_news(at, &mut stored).await?;
            *position = Some((upto, stored));
            if upto == at {
                break;
            }
            at = upto;
        }
        let due = self.store.due_subscriptions(READ_AT_ONCE).await?;
        let told = stream::iter(due.into_iter().map(async |it| self.tell(&it).await))
            .buffer_unordered(CALLS_AT_ONCE);
        let told: Vec<Result<(), StoreError>> = told.collect().await;
        told.into_iter().collect::<Result<(), _>>()?;
        let next = self.store.next_due_subscription().await?;
        let wait = next.map(|next| u64::try_from(next - now()).unwrap_or_default());
        Ok(wait.map_or(LOOK_INTERVAL, Duration::from_millis).min(LOOK_INTERVAL))
    }

    /// Tells one browser, if there is something to tell.
    async fn tell(&self, due: &DueSubscription) -> Result<(), StoreError> {
        let Some((transaction, account)) = self.is_let_in(due).await? else {
            return self.store.delete_subscription(&due.id).await;
        };
        let own = (due.user_id.as_str(), account.as_deref());
        let unread = self.store.unread(&due.transaction_id, due.told_seq, own).await?;
        if unread.count == 0 {
            return self.store.told(&due.id, due.last_seq).await;
        }
        let from = unread.party.as_deref().and_then(PartyRole::from_text);
        let message = message(&transaction, from, unread.count, &due.language);
        let Some(reply) = self.call(due, &transaction, message).await else {
            return self.store.delete_subscription(&due.id).await;
        };
        match fate(&reply, due.tries, now()) {
            Fate::Told => self.store.told(&due.id, due.last_seq).await,
            Fate::Gone => self.store.delete_subscription(&due.id).await,
            Fate::Later(due_at) => self.store.put_off(&due.id, due_at).await,
        }
    }

    /// Returns the transaction, and the Matrix account of the person, if the person may still see it.
    async fn is_let_in(
        &self,
        due: &DueSubscription,
    ) -> Result<Option<(Transaction, Option<String>)>, StoreError> {
        let Some(id) = Ulid::from_string(&due.transaction_id).ok().filter(|_| due.is_open == 1)
        else {
            return Ok(None);
        };
        let Some(transaction) = self.store.transaction(id).await? else { return Ok(None) };
        let role = PartyRole::from_text(&due.party);
        let visitor = role.and_then(|role| transaction.terms.visitor(role, due.contact.as_deref()));
        let Some(visitor) = visitor else { return Ok(None) };
        let account = visitor.contact.and_then(|it| it.matrix).map(|it| it.to_string());
        Ok(Some((transaction, account)))
    }

    /// Calls the push service. `None` if what the browser gave leads nowhere.
    async fn call(
        &self,
        due: &DueSubscription,
        transaction: &Transaction,
        message: Vec<u8>,
    ) -> Option<Result<Reply, String>> {
        let receiver = Receiver::read(&due.public_key, &due.auth).ok()?;
        let endpoint = match self.caller.check(&due.endpoint) {
            Ok(endpoint) => endpoint,
            // The config may be changed back.
            Err(problem) => return Some(Err(problem)),
        };
        let topic = transaction.id.to_string();
        let (headers, body) = receiver.call(message, &topic, &self.key, &endpoint, now())?;
        Some(self.caller.post(&due.endpoint, headers, body).await)
    }
}

/// Returns what the browser shows, as JSON. It names the invoice and the party that wrote last, if it was one, and has no
/// words of people.
fn message(
    transaction: &Transaction,
    from: Option<PartyRole>,
    count: i64,
    language: &str,
) -> Vec<u8> {
    let locale = Locale::negotiate(Some(language), None, "en");
    let name = |text: &str| text.chars().take(MAX_NAME_CHARS).collect::<String>();
    let messages = locale.text_with("new-messages", &[("count", count.into())]);
    let number = name(&transaction.terms.invoice.number);
    let (title, body) = match from {
        Some(role) => (name(&transaction.terms.party(role).name), format!("{messages} · {number}")),
        None => (number, messages),
    };
    let message = json!({
        "title": title,
        "body": body,
        "page": format!("/t/{}", transaction.id),
        "lang": locale.tag(),
        "dir": if locale.is_rtl() { "rtl" } else { "ltr" },
    });
    message.to_string().into_bytes()
}

/// What becomes of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The push service has the message.
    Told,
    /// The browser wants nothing any more.
    Gone,
    /// It is tried again at this time, or when something else is new.
    Later(Option<i64>),
}

/// Decides by the answer of the push service (RFC 8030, sections 5, 7.3 and 8.4). `tries` have failed before.
fn fate(reply: &Result<Reply, String>, tries: i64, now: i64) -> Fate {
    let pause = match reply {
        Ok(reply) if reply.status.is_success() => return Fate::Told,
        Ok(reply) => match reply.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Fate::Gone,
            _ => reply.pause.and_then(|it| i64::try_from(it.as_millis()).ok()),
        },
        Err(_) => None,
    };
    let doublings = u32::try_from(tries.clamp(0, MAX_TRIES)).unwrap_or_default();
    let pause = pause.unwrap_or(MIN_PAUSE_MS << doublings);
    Fate::Later((tries + 1 < MAX_TRIES).then_some(now + pause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::sample;
    use serde_json::Value;

    #[test]
    fn the_answer_of_a_push_service_decides() {
        let answered = |status: u16, pause: Option<u64>, tries| {
            let status = StatusCode::from_u16(status).unwrap();
            fate(&Ok(Reply { status, pause: pause.map(Duration::from_secs) }), tries, 1_000)
        };
        for status in [200, 201, 202] {
            assert_eq!(answered(status, None, 3), Fate::Told);
        }
        for status in [404, 410] {
            assert_eq!(answered(status, None, 0), Fate::Gone);
        }
        assert_eq!(answered(429, Some(60), 0), Fate::Later(Some(61_000)));
        assert_eq!(answered(500, None, 0), Fate::Later(Some(11_000)));
        assert_eq!(answered(400, None, 2), Fate::Later(Some(41_000)));
        assert_eq!(fate(&Err(String::new()), 1, 0), Fate::Later(Some(20_000)));
        assert_eq!(fate(&Err(String::new()), MAX_TRIES - 1, 0), Fate::Later(None));
        assert_eq!(fate(&Err(String::new()), i64::MAX - 1, 0), Fate::Later(None));
    }

    #[test]
    fn a_message_names_the_party_and_the_invoice() {
        let transaction = sample();
        let told = |from| -> Value {
            serde_json::from_slice(&message(&transaction, from, 2, "de")).unwrap()
        };
        let message = told(Some(PartyRole::Seller));
        assert_eq!(message["title"], transaction.terms.seller.name);
        let number = &transaction.terms.invoice.number;
        let body = message["body"].as_str().unwrap();
        assert!(body.contains("2") && body.contains(number.as_str()), "{body}");
        assert_eq!((&message["lang"], &message["dir"]), (&"de".into(), &"ltr".into()));
        // Somebody who belongs to no party is not taken for one.
        assert_eq!(told(None)["title"], number.as_str());
    }
}
