//! Brings signed heads to witnesses, so that somebody else holds them: each witness has its own
//! pace, and a head stays on its way until it has arrived.

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

/// How often to look for heads to bring.
const IDLE: Duration = Duration::from_secs(1);
/// Heads read in one go.
const BATCH: i64 = 32;
/// How long a server may take for its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pause after a first failed try; it doubles with each further one.
const SHORTEST: Duration = Duration::from_secs(5);
/// Longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(3_600);

/// What is needed to bring heads somewhere.
struct Messenger {
    store: Store,
    homeserver: Homeserver,
    client: Client,
    stop: CancellationToken,
}

/// Brings heads to these witnesses, written as in the config, until `stop`.
pub async fn witness_forever(
    store: Store,
    homeserver: Homeserver,
    witnesses: Vec<String>,
    stop: CancellationToken,
) {
    if let Err(error) = store.delete_witnessings_except(&witnesses).await {
        tracing::error!(%error, "heads for former witnesses could not be removed");
    }
    // It follows nobody to another address than the configured one.
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "heads cannot be brought to witnesses");
            return stop.cancelled().await;
        }
    };
    let messenger = Messenger { store, homeserver, client, stop };
    join_all(witnesses.iter().map(|witness| messenger.serve(witness))).await;
    messenger.stop.cancelled().await;
}

impl Messenger {
    async fn serve(&self, name: &str) {
        let Some(witness) = Witness::parse(name) else { return };
        while !self.stop.is_cancelled() {
            match self.bring_due(name, &witness).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "heads for a witness could not be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// False if there was nothing to do.
    async fn bring_due(&self, name: &str, witness: &Witness) -> anyhow::Result<bool> {
        let due = self.store.due_witnessings(name, BATCH).await?;
        for head in &due {
            match self.bring(witness, &head.signed).await {
                Ok(()) => self.store.witnessed(name, head).await?,
                Err(error) => {
                    let problem = format!("{error:#}");
                    let until = now().saturating_add(pause(head));
                    tracing::warn!(witness = name, problem, "a witness did not take a head");
                    self.store.not_witnessed(name, head, until, &problem).await?;
                    break;
                }
            }
        }
        Ok(!due.is_empty())
    }

    async fn bring(&self, witness: &Witness, signed: &str) -> anyhow::Result<()> {
        let statement: Value = serde_json::from_str(signed).context("the head cannot be read")?;
        match witness {
            Witness::Url(url) => self.post(url, &statement).await,
            Witness::Room(room_id) => self.tell(room_id, signed, &statement).await,
        }
    }

    async fn post(&self, url: &Url, statement: &Value) -> anyhow::Result<()> {
        let answer = self.client.post(url.clone()).json(statement).send().await;
        let status = answer.map_err(reqwest::Error::without_url)?.status();
        anyhow::ensure!(status.is_success(), "it answered with HTTP {}", status.as_u16());
        Ok(())
    }

    /// The same head is told once, however often this is tried.
    async fn tell(
        &self,
        room_id: &OwnedRoomId,
        signed: &str,
        statement: &Value,
    ) -> anyhow::Result<()> {
        let send_id = format!("head-{:x}", Sha256::digest(signed));
        let content = told(statement);
        match self.homeserver.send_message(room_id, &send_id, &content).await {
            // Once somebody has invited the bot.
            Err(CallFailure::Refused(_)) => self.homeserver.join(room_id).await?,
            other => return Ok(other.map(drop)?),
        }
        self.homeserver.send_message(room_id, &send_id, &content).await?;
        Ok(())
    }
}

/// A message that people can read, with the statement in it.
fn told(statement: &Value) -> Value {
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

/// In milliseconds.
fn pause(head: &Witnessing) -> i64 {
    let doublings = u32::try_from(head.failures).unwrap_or(u32::MAX).min(10);
    let pause = (SHORTEST * 2_u32.pow(doublings)).min(LONGEST);
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
        let event = json!({ "type": "m.room.message", "content": told(&statement) });
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
