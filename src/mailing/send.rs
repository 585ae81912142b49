//! Sends the mails that are due, some at the same time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use super::Mailer;
use super::smtp::{Verdict, deliver};
use crate::clock::now;
use crate::logging::{Failures, abnormal_end};
use crate::mail::{NoLetter, next_try};
use crate::store::{DueMail, MailFate, StoreError, is_unreadable};

/// The greatest number of mails that are sent at the same time.
const PLACES: usize = 8;
/// The shortest interval at which the database is asked for what is due.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Why a mail was not sent about something that the database has in another form.
const UNREADABLE: &str = "what it tells could not be read from the database; the log has the cause";
/// How long a mail waits after the database failed, so that others have their turn.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);

/// Sends mails until `stop`. Then it waits for those on their way.
pub(super) async fn send_forever(mailer: Arc<Mailer>, stop: CancellationToken) {
    let mut running: JoinSet<Ulid> = JoinSet::new();
    let mut busy: HashSet<Ulid> = HashSet::new();
    let mut failures = Failures::default();
    while !stop.is_cancelled() {
        let mut pause = POLL_INTERVAL;
        match mailer.due(&busy).await {
            Ok((due, next)) => {
                failures.reset();
                pause = next;
                for mail in due {
                    busy.insert(mail.id);
                    let mailer = Arc::clone(&mailer);
                    let span = tracing::info_span!("mail", mail = %mail.id);
                    running.spawn(
                        async move {
                            mailer.send(&mail).await;
                            mail.id
                        }
                        .instrument(span),
                    );
                }
            }
            Err(error) => {
                if failures.should_log(error.to_string()) {
                    tracing::error!(%error, "cannot read which mails are due; retrying");
                }
            }
        }
        tokio::select! {
            Some(done) = running.join_next() => finish(&mut busy, done),
            () = mailer.made.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        while let Some(done) = running.try_join_next() {
            finish(&mut busy, done);
        }
        if running.is_empty() {
            // A mail whose task ended abnormally is tried again.
            busy.clear();
        }
    }
    while running.join_next().await.is_some() {}
}

fn finish(busy: &mut HashSet<Ulid>, done: Result<Ulid, tokio::task::JoinError>) {
    match done {
        Ok(id) => drop(busy.remove(&id)),
        Err(error) => {
            let error = abnormal_end(&error);
            tracing::error!(%error, "the sending of a mail ended abnormally; retrying");
        }
    }
}

impl Mailer {
    /// Returns mails that are due and have a place, and how long to wait for others.
    async fn due(&self, busy: &HashSet<Ulid>) -> Result<(Vec<DueMail>, Duration), StoreError> {
        let free = PLACES.saturating_sub(busy.len());
        if free == 0 {
            return Ok((Vec::new(), POLL_INTERVAL));
        }
        let is_quiet = self.is_quiet();
        let mut due = self.store.due_mails(PLACES, is_quiet).await?;
        due.retain(|mail| !busy.contains(&mail.id));
        due.truncate(free);
        let pause = match due.is_empty() {
            true => self.store.pause_of_mails(POLL_INTERVAL).await?,
            false => POLL_INTERVAL,
        };
        Ok((due, pause))
    }

    async fn send(&self, mail: &DueMail) {
        let sent = async {
            let fate = self.try_to_send(mail).await?;
            self.tell(&fate);
            self.store.mail_tried(mail, &fate).await
        };
        if let Err(error) = sent.await {
            tracing::error!(%error, "the database failed; retrying this mail");
            tokio::time::sleep(PAUSE_AFTER_ERROR).await;
        }
    }

    async fn try_to_send(&self, mail: &DueMail) -> Result<MailFate, StoreError> {
        let verdict = match self.put_together(mail).await {
            Ok(Ok(Some(message))) => deliver(&self.server, &message).await,
            Ok(Ok(None)) => return Ok(MailFate::Pointless),
            Ok(Err(error @ NoLetter::NoRecipient)) => Verdict::NoRecipient(error.to_string()),
            Ok(Err(error @ NoLetter::Other(_))) => Verdict::Refused(error.to_string()),
            // It is tried again, and given up at last. Otherwise it would keep its place for ever.
            Err(error) if is_unreadable(&error) => {
                tracing::error!(%error, "what a mail tells cannot be read");
                Verdict::Failed(UNREADABLE.to_owned())
            }
            Err(error) => return Err(error),
        };
        Ok(fate(verdict, mail, (now(), rand::random())))
    }

    fn tell(&self, fate: &MailFate) {
        match fate {
            MailFate::Sent => tracing::debug!("a mail was sent"),
            MailFate::Pointless => tracing::debug!("a mail had nothing to say any more"),
            MailFate::Again(_, problem) => {
                tracing::info!(problem, "a mail was not taken; retrying");
            }
            MailFate::GivenUp(problem) => tracing::warn!(problem, "a mail was given up"),
            MailFate::Bounced(problem) => {
                tracing::warn!(problem, "the address of a contact is not written to any more");
            }
        }
    }
}

/// Returns what becomes of a mail after an answer of the server.
fn fate(verdict: Verdict, mail: &DueMail, (now, jitter): (i64, f64)) -> MailFate {
    match verdict {
        Verdict::Taken => MailFate::Sent,
        Verdict::NoRecipient(problem) => MailFate::Bounced(problem),
        Verdict::Refused(problem) => MailFate::GivenUp(problem),
        Verdict::Failed(problem) => match next_try(mail.tries + 1, mail.made_at, now, jitter) {
            Some(at) => MailFate::Again(at, problem),
            None => MailFate::GivenUp(problem),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY_MS;
    use crate::store::MailKind;

    #[test]
    fn the_answer_decides_what_becomes_of_a_mail() {
        let kind = MailKind::Words { from: 1, to: 2 };
        let mail = DueMail { id: Ulid::nil(), contact: Ulid::nil(), kind, made_at: 0, tries: 0 };
        let problem = || "452 4.3.1".to_owned();
        let after = |verdict, now| fate(verdict, &mail, (now, 0.0));
        assert_eq!(after(Verdict::Taken, 10), MailFate::Sent);
        assert_eq!(after(Verdict::NoRecipient(problem()), 10), MailFate::Bounced(problem()));
        assert_eq!(after(Verdict::Refused(problem()), 10), MailFate::GivenUp(problem()));
        assert_eq!(after(Verdict::Failed(problem()), 10), MailFate::Again(5_010, problem()));
        let late = 3 * DAY_MS;
        assert_eq!(after(Verdict::Failed(problem()), late), MailFate::GivenUp(problem()));
    }
}
