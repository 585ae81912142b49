//! E-mail to contacts who have an address and no Matrix account, and their answers.
//!
//! One process at a time sends. It follows the events: who may have something to read is due some time later.
//! If they have not read it by then, a mail is made, in one tx. Made mails are sent, and what became of each is noted
//! after each try. What a mail says is read from the record at that moment, and a link in it follows from its id. So
//! everything can be repeated: another try sends the same mail, with the same Message-ID.
//!
//! Each process takes in answers: by LMTP, or as a command for one mail.

mod arrive;
mod follow;
mod lmtp;
mod put_together;
mod remind;
mod send;
mod smtp;

pub use arrive::{Arrivals, MAX_MAIL_BYTES, Refused, Taken};
pub use lmtp::serve_lmtp;

use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, MailServer};
use crate::link::token::TokenKey;
use crate::store::Store;

/// The parts that are needed for mails.
#[derive(Debug)]
struct Mailer {
    store: Store,
    config: Arc<Config>,
    key: TokenKey,
    server: MailServer,
    /// The address of the sender.
    from: String,
    time_zone: TimeZone,
    /// Somebody waits for a mail, which was made.
    made: Notify,
}

/// Sends mails until `stop`, if the config names a server for them.
pub async fn mail_forever(
    store: Store,
    config: Arc<Config>,
    key: TokenKey,
    stop: CancellationToken,
) {
    let (Some(server), Some(from)) = (config.mail.server(), config.mail.from.clone()) else {
        if let Err(error) = store.stop_mails().await {
            tracing::error!(%error, "what waited to be sent by e-mail could not be forgotten");
        }
        return stop.cancelled().await;
    };
    let time_zone = TimeZone::get(&config.page.time_zone).unwrap_or(TimeZone::UTC);
    let made = Notify::new();
    let mailer = Mailer { store: store.clone(), config, key, server, from, time_zone, made };
    let mailer = Arc::new(mailer);
    store
        .alone("send mails", &stop, || async {
            tokio::join!(
                follow::follow_forever(Arc::clone(&mailer), stop.clone()),
                remind::remind_forever(Arc::clone(&mailer), stop.clone()),
                send::send_forever(Arc::clone(&mailer), stop.clone())
            );
        })
        .await;
}
