//! What becomes of a mail that arrives, whichever way it comes: it is said in the room by its contact, held back for the
//! shop, or only noted. A mail is taken in once, however often it is delivered.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use thiserror::Error;
use ulid::Ulid;

use crate::config::{Config, ReplyAddress};
use crate::files::{Arrived, Arriving, Vault};
use crate::link::token::TokenKey;
use crate::logging::abnormal_end;
use crate::mail::address;
use crate::mail::incoming::{self, Incoming, Kind, MailFile};
use crate::quota::run_blocking;
use crate::room::message_content::{self, MAX_TEXT_BYTES};
use crate::room::{Guest, speaker};
use crate::store::{self, MailContact, MailPart, NewMail, Silent, Store, StoreError, folded};
use crate::transaction::Visitor;

/// The greatest length of a mail, in bytes.
pub const MAX_MAIL_BYTES: usize = 50_000_000;
/// The name of the file that has the words of a mail which are too long for a message.
const LONG_TEXT_NAME: &str = "mail.txt";

/// Takes in mails.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// The database.
    pub store: Store,
    /// The file store.
    pub vault: Vault,
    /// The whole config.
    pub config: Arc<Config>,
    /// The key that signs addresses for answers.
    pub key: TokenKey,
    /// The address to which answers come.
    pub replies: ReplyAddress,
}

/// What became of a mail that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its words are on their way into the room.
    Said,
    /// It waits for the shop.
    Held,
    /// It was taken in before.
    Known,
    /// It is noted and says nothing.
    Silent,
}

/// Why a mail was not taken in.
#[derive(Debug, Error)]
pub enum Refused {
    /// It can never be taken in. The code is that of RFC 3463, and its author may read the sentence.
    #[error("{0} {1}")]
    ForGood(&'static str, String),
    /// It can be taken in later. The cause is for the log.
    #[error("4.3.0 Tallyroom cannot take in the mail at the moment.")]
    ForNow(#[source] anyhow::Error),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::ForNow(error.into())
    }
}

fn for_good(code: &'static str, why: impl Into<String>) -> Refused {
    Refused::ForGood(code, why.into())
}

impl Arrivals {
    /// Returns the contact whose answers come to an address.
    ///
    /// # Errors
    /// If there is no such address, or the database does not answer.
    pub async fn contact(&self, recipient: &str) -> Result<MailContact, Refused> {
        let id = address::read_reply_address(&self.key, recipient, &self.replies);
        let found = match id {
            Some(id) => self.store.mail_contact(id).await?,
            None => None,
        };
        found.ok_or_else(|| for_good("5.1.1", "Nobody has this address."))
    }

    /// Takes in a mail for this recipient. `sender` is the address in its envelope, and is empty if nobody is to answer it.
    /// When this returns without an error, all of it is on the disk.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn arrive(
        &self,
        recipient: &str,
        sender: &str,
        raw: Bytes,
    ) -> Result<Taken, Refused> {
        if raw.len() > MAX_MAIL_BYTES {
            let why = format!("A mail has at most {} MB.", MAX_MAIL_BYTES / 1_000_000);
            return Err(for_good("5.3.4", why));
        }
        let of = self.contact(recipient).await?;
        let envelope = sender.to_owned();
        let of_reading = raw.clone();
        let read = run_blocking(move || incoming::read(&of_reading, &envelope)).await;
        let read = read.map_err(|error| {
            Refused::ForNow(anyhow::anyhow!(
                "reading it ended abnormally: {}",
                abnormal_end(&error)
            ))
        })?;
        let mail = read.map_err(|unreadable| for_good("5.6.0", unreadable.to_string()))?;
        let digest = digest(&mail, &raw);
        if self.store.knows_mail(of.id, &digest).await? {
            return Ok(Taken::Known);
        }
        let id = Ulid::new();
        let silent = match &mail.kind {
            Kind::Automatic => Some(Silent::Automatic),
            Kind::Bounce(bounce) => Some(Silent::Bounce {
                status: bounce.status.clone(),
                is_permanent: bounce.is_permanent,
            }),
            Kind::Person => {
                (mail.words.is_empty() && mail.files.is_empty()).then_some(Silent::Empty)
            }
        };
        let transaction = of.transaction;
        if let Some(silent) = silent {
            self.store.note_silent_mail(&of, id, &digest, &silent).await?;
            tracing::info!(%transaction, mail = %id, ?silent, "noted a mail that says nothing");
            return Ok(Taken::Silent);
        }
        let (visitor, guest) = self.speaker(&of).await?;
        let Incoming { from, message_id, words, files, .. } = mail;
        let message_id = message_id.map(|id| format!("<{id}>"));
        let parts = self.parts(transaction, words, files).await?;
        let new = NewMail {
            id,
            digest: &digest,
            message_id: message_id.as_deref(),
            from: from.as_deref(),
            speaker: (&visitor, &guest),
            parts: &parts,
            is_doubtful: from.as_deref() != Some(folded(&of.address).as_str()),
        };
        let taken = self.store.take_mail(&of, new, &format!("mail {id}")).await?;
        tracing::info!(%transaction, mail = %id, parts = parts.len(), ?taken, "took in a mail");
        match taken {
            store::Taken::Said => Ok(Taken::Said),
            store::Taken::Held(_) => Ok(Taken::Held),
            store::Taken::Known => Ok(Taken::Known),
            store::Taken::TooManyHeld => {
                Err(for_good("5.7.1", "Too many mails wait for a decision of the seller."))
            }
        }
    }

    /// Returns the contact as a visitor of the room and the guest who writes for them there.
    async fn speaker(&self, of: &MailContact) -> Result<(Visitor, Guest), Refused> {
        let transaction = self.store.transaction(of.transaction).await?;
        let transaction =
            transaction.ok_or_else(|| for_good("5.1.1", "Nobody has this address."))?;
        if self.config.standing(&transaction).is_closed {
            return Err(for_good("5.7.1", "This conversation is closed."));
        }
        if self.store.room(transaction.id).await?.is_some_and(|it| it.encrypted_at.is_some()) {
            return Err(for_good("5.7.1", "This conversation takes no answers by mail."));
        }
        let speaker = speaker(&self.config, &transaction, of.role, Some(&of.address));
        speaker.ok_or_else(|| for_good("5.7.1", "You are no longer a contact of this transaction."))
    }

    /// Puts the files into the file store, and returns what the mail says.
    async fn parts(
        &self,
        transaction: Ulid,
        words: String,
        files: Vec<MailFile>,
    ) -> Result<Vec<MailPart>, Refused> {
        let words = self.without_links(&words);
        let mut files = files;
        let is_long = words.len() > MAX_TEXT_BYTES;
        if is_long {
            let (name, bytes) = (LONG_TEXT_NAME.to_owned(), words.clone().into_bytes());
            files.insert(0, MailFile { name, bytes });
        }
        let mut parts = Vec::new();
        for MailFile { name, bytes } in files {
            let Arrived { file, sha256, size, media_type, pixels } = self.arrived(&bytes)?;
            let name = message_content::file_name(&name);
            let media_type = media_type.unwrap_or("application/octet-stream");
            let content = message_content::file(&name, media_type, size, pixels, None);
            self.vault.put(&sha256, file).await.map_err(|error| {
                tracing::error!(%transaction, %error, "cannot store a file of a mail");
                Refused::ForNow(error)
            })?;
            parts.push(MailPart { content, sha256: Some(sha256) });
        }
        if !is_long && !words.is_empty() {
            parts.push(MailPart { content: message_content::plain(&words), sha256: None });
        }
        Ok(parts)
    }

    /// Writes a file of a mail to the disk.
    fn arrived(&self, bytes: &[u8]) -> Result<Arrived, Refused> {
        let max_bytes = self.config.files.max_megabytes * 1_000_000;
        let disk = |error: std::io::Error| Refused::ForNow(error.into());
        let mut arriving = Arriving::into(self.vault.temporary_file().map_err(disk)?, max_bytes);
        if !arriving.take(bytes).map_err(disk)? {
            let why = format!("A file has at most {} MB.", self.config.files.max_megabytes);
            return Err(for_good("5.3.4", why));
        }
        Ok(arriving.finish())
    }

    /// Returns the words without the tokens of the links in our mails. A program may quote our mail in a form that nobody
    /// knows, and its link would let everybody in the room act as its reader.
    fn without_links(&self, words: &str) -> String {
        let begins = [self.config.signed_link(""), self.config.unsubscribe_link("")];
        let begins = begins.into_iter().flatten();
        begins.fold(words.to_owned(), |words, begin| without_tokens(&words, &begin))
    }
}

/// Returns the text with `…` for what follows `begin`, up to the end of the address.
fn without_tokens(text: &str, begin: &str) -> String {
    let mut parts = text.split(begin);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        kept.push_str(begin);
        kept.push('…');
        kept.push_str(part.trim_start_matches(is_token));
    }
    kept
}

/// Returns by what a mail is known when it is delivered again. Servers on the way change its header.
fn digest(mail: &Incoming, raw: &[u8]) -> String {
    let digest = match &mail.message_id {
        Some(id) => Sha256::digest(format!("id\0{id}")),
        None => {
            let begin = raw.windows(2).position(|it| it == b"\n\n" || it == b"\n\r");
            Sha256::new()
                .chain_update(b"body\0")
                .chain_update(raw.get(begin.unwrap_or_default()..).unwrap_or_default())
                .finalize()
        }
    };
    format!("{digest:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_links_are_left_out() {
        let begin = "https://pay.example.org/l/";
        let text = format!("See {begin}AbC-_9 or <{begin}x>.\nhttps://pay.example.org/t/1 {begin}");
        let expected = format!("See {begin}… or <{begin}…>.\nhttps://pay.example.org/t/1 {begin}…");
        assert_eq!(without_tokens(&text, begin), expected);
    }

    #[test]
    fn a_mail_is_known_by_its_id_or_else_by_its_body() {
        let of =
            |raw: &str| digest(&incoming::read(raw.as_bytes(), "a@x").unwrap(), raw.as_bytes());
        let one = of("Message-ID: <1@x>\r\nFrom: a@x\r\n\r\nYes");
        assert_eq!(of("Received: by y\r\nMessage-ID: <1@x>\r\nFrom: a@x\r\n\r\nYes"), one);
        assert_ne!(of("Message-ID: <2@x>\r\nFrom: a@x\r\n\r\nYes"), one);
        let nameless = of("From: a@x\r\n\r\nYes");
        assert_eq!(of("Received: by y\r\nFrom: a@x\r\n\r\nYes"), nameless);
        assert_ne!(of("From: a@x\r\n\r\nNo"), nameless);
    }
}
