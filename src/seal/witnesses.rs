//! Sends signed heads to witnesses, so that somebody outside keeps copies of them. Each witness is
//! served independently of the others, and a head is sent again until the witness has accepted it.

use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use reqwest::{Client, redirect};
use ruma::OwnedRoomId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::now;
use crate::config::Witness;
use crate::homeserver::{CallFailure, Homeserver};
use crate::names::HEAD_STATE;
use crate::store::{Store, Witnessing};

/// The pause before the next look for heads to send, if there were none.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The greatest number of heads that are read in one batch.
const BATCH_SIZE: i64 = 32;
/// The timeout of a request to a witness.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// The pause after the first failed try. It doubles with each further failure.
const MIN_BACKOFF: Duration = Duration::from_secs(5);
/// The longest pause between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(3_600);

/// Sends heads to witnesses.
struct Sender {
    store: Store,
    homeserver: Homeserver,
    client: Client,
    stop: CancellationToken,
}

/// Sends heads to these witnesses, which are written as in the config. Returns when `stop` is
/// cancelled.
pub async fn witness_forever(
    store: Store,
    homeserver: Homeserver,
    witnesses: Vec<String>,
    stop: CancellationToken,
) {
    if let Err(error) = store.delete_witnessings_except(&witnesses).await {
        tracing::error!(%error, "the heads for removed witnesses cannot be deleted");
    }
    // Redirects are not followed: heads go only to the configured address.
    let client =
        Client::builder().redirect(redirect::Policy::none()).timeout(REQUEST_TIMEOUT).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "heads cannot be sent to witnesses: there is no HTTP client");
            return stop.cancelled().await;
        }
    };
    let sender = Sender { store, homeserver, client, stop };
    join_all(witnesses.iter().map(|witness| sender.serve(witness))).await;
    sender.stop.cancelled().await;
}

impl Sender {
    async fn serve(&self, name: &str) {
        let Some(witness) = Witness::parse(name) else { return };
        while !self.stop.is_cancelled() {
            match self.send_due(name, &witness).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the heads for a witness cannot be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Sends the heads that are due to one witness. Returns false if there were none.
    async fn send_due(&self, name: &str, witness: &Witness) -> anyhow::Result<bool> {
        let due = self.store.due_witnessings(name, BATCH_SIZE).await?;
        for head in &due {
            match self.send(witness, &head.signed).await {
                Ok(()) => self.store.witnessed(name, head).await?,
                Err(error) => {
                    let problem = format!("{error:#}");
                    let until = now().saturating_add(pause(head));
                    tracing::warn!(
                        witness = name,
                        problem,
                        "a witness did not accept a head; the next try follows"
                    );
                    self.store.not_witnessed(name, head, until, &problem).await?;
                    break;
                }
            }
        }
        Ok(!due.is_empty())
    }

    async fn send(&self, witness: &Witness, signed: &str) -> anyhow::Result<()> {
        let statement: Value = serde_json::from_str(signed).context("the head cannot be read")?;
        match witness {
            Witness::Url(url) => self.post(url, &statement).await,
            Witness::Room(room_id) => self.send_to_room(room_id, signed, &statement).await,
        }
    }

    async fn post(&self, url: &Url, statement: &Value) -> anyhow::Result<()> {
        let answer = self.client.post(url.clone()).json(statement).send().await;
        let status = answer.map_err(reqwest::Error::without_url)?.status();
        anyhow::ensure!(status.is_success(), "the server answered with HTTP {}", status.as_u16());
        Ok(())
    }

    /// Sends a head to a room. All tries use the same send id, so the message appears once.
    async fn send_to_room(
        &self,
        room_id: &OwnedRoomId,
        signed: &str,
        statement: &Value,
    ) -> anyhow::Result<()> {
        let send_id = format!("head-{:x}", Sha256::digest(signed));
        let content = message_with(statement);
        match self.homeserver.send_message(room_id, &send_id, &content).await {
            // The bot is probably not a member. It joins, if somebody has invited it.
            Err(CallFailure::Refused(_)) => self.homeserver.join(room_id).await?,
            other => return Ok(other.map(drop)?),
        }
        self.homeserver.send_message(room_id, &send_id, &content).await?;
        Ok(())
    }
}

/// The content of a message with a text that people can read, and the statement under a key of its
/// own.
fn message_with(statement: &Value) -> Value {
    let field = |name: &str| statement.get(name).cloned().unwrap_or_default();
    let text = |name: &str| field(name).as_str().unwrap_or_default().to_owned();
    let body = format!(
        "Signed head of transaction {}: {} entries, hash {}; {} acts, hash {}",
        text("transaction"),
        field("seq"),
        text("hash"),
        field("acts"),
        text("acts_hash"),
    );
    json!({ "msgtype": "m.notice", "body": body, HEAD_STATE: statement })
}

/// The pause before the next try, in milliseconds.
fn pause(head: &Witnessing) -> i64 {
    let doublings = u32::try_from(head.failures).unwrap_or(u32::MAX).min(10);
    let pause = (MIN_BACKOFF * 2_u32.pow(doublings)).min(MAX_BACKOFF);
    i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::heads_in;

    #[test]
    fn what_a_room_is_told_can_be_given_to_verify() {
        let statement = json!({ "transaction": "01T", "seq": 3, "hash": "aa", "acts": 1,
            "acts_hash": "bb", "signatures": {} });
        let event = json!({ "type": "m.room.message", "content": message_with(&statement) });
        assert_eq!(heads_in(&event.to_string()).unwrap(), [statement]);
    }

    #[test]
    fn pauses_grow_up_to_an_hour() {
        let after = |failures| {
            pause(&Witnessing { transaction_id: String::new(), signed: String::new(), failures })
        };
        assert_eq!((after(0), after(1), after(60)), (5_000, 10_000, 3_600_000));
    }
}
