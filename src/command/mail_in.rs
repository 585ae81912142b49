//! `tallyroom mail-in`: takes in one mail from the standard input, for mail servers that run a program for each mail.

use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;

use super::telling;
use crate::config::Config;
use crate::files::Vault;
use crate::link::token::TokenKey;
use crate::mailing::{Arrivals, MAX_MAIL_BYTES, Refused};
use crate::seal::SigningKey;
use crate::store::Store;

/// The exit codes that mail servers know (sysexits.h): wrong data, no such user, and try again.
const EX_DATAERR: u8 = 65;
const EX_NOUSER: u8 = 67;
const EX_TEMPFAIL: u8 = 75;
/// What Postfix writes in the place of the empty address of an automatic mail, unless it is told otherwise.
const NOBODY: &str = "MAILER-DAEMON";

/// Takes in the mail on the standard input. Returns the exit code: 0 if it is on the disk, 67 if there is no such receiver,
/// 65 if it can never be taken in, and 75 if it is to be delivered again. The reason goes to the standard error.
pub async fn run(config: anyhow::Result<Config>, sender: &str, recipient: &str) -> ExitCode {
    let outcome = match config {
        Ok(config) => take_in(&config, sender, recipient).await,
        Err(error) => Err(Refused::ForNow(error)),
    };
    let Err(refused) = outcome else { return ExitCode::SUCCESS };
    #[expect(clippy::print_stderr, reason = "the mail server tells it to the sender, or logs it")]
    {
        match &refused {
            Refused::ForGood(..) => eprintln!("{refused}"),
            Refused::ForNow(cause) => eprintln!("{refused} {cause:#}"),
        }
    }
    match refused {
        Refused::ForGood("5.1.1", _) => EX_NOUSER.into(),
        Refused::ForGood(..) => EX_DATAERR.into(),
        Refused::ForNow(_) => EX_TEMPFAIL.into(),
    }
}

async fn take_in(config: &Config, sender: &str, recipient: &str) -> Result<(), Refused> {
    let mut raw = Vec::new();
    let limit = u64::try_from(MAX_MAIL_BYTES).unwrap_or(u64::MAX) + 1;
    std::io::stdin().take(limit).read_to_end(&mut raw).map_err(|it| Refused::ForNow(it.into()))?;
    let sender = if sender.eq_ignore_ascii_case(NOBODY) { "" } else { sender };
    let arrivals = arrivals(config).await.map_err(Refused::ForNow)?;
    let taken = arrivals.arrive(recipient, sender, Bytes::from(raw)).await;
    arrivals.store.close().await;
    taken.map(drop)
}

async fn arrivals(config: &Config) -> anyhow::Result<Arrivals> {
    let replies = config.mail.replies.clone();
    let replies = replies.context("mail.replies is not set in the config")?;
    // Each mail starts this command, also while Tallyroom itself does not run. So it makes nothing that is not there.
    let file = &config.record.signing_key;
    let key = SigningKey::load(file, config.bot_user_id())?;
    let key = key.with_context(|| {
        format!("there is no signing key {}; start Tallyroom, which makes one", file.display())
    })?;
    let store = Store::open_as_it_is(&config.database).await;
    let store =
        store.with_context(|| format!("the database {} cannot be opened", config.database.url))?;
    Ok(Arrivals {
        store: telling(store),
        vault: Vault::open(&config.files)?,
        config: Arc::new(config.clone()),
        key: TokenKey::from(&key),
        replies,
    })
}
