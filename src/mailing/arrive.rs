//! What becomes of a mail that arrives, whichever way it comes: it is said in the room by its contact, held back for the
//! shop, or only noted. A mail is taken in once, however often it is delivered.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use thiserror::Error;
use ulid::Ulid;

use crate::config::{Config, ReplyAddress};
use crate::files::{Arrived, Arriving, Vault};
use crate::link::token::TokenKey;
use crate::logging::abnormal_end;
use crate::mail::incoming::{self, Incoming, Kind, MailFile, Ours};
use crate::mail::{address, file_without_secrets, without_secrets};
use crate::quota::run_blocking;
use crate::room::message_content::{self, MAX_TEXT_BYTES};
use crate::room::{Guest, speaker};
use crate::store::{
    self, Full, HeldBecause, MailContact, MailPart, NewMail, Silent, Store, StoreError, folded,
};
use crate::transaction::Visitor;

/// The greatest length of a mail, in bytes.
pub const MAX_MAIL_BYTES: usize = 50_000_000;
/// The name of the file that has the text of a mail, if its words are too long for a message or may not be all.
const TEXT_NAME: &str = "mail.txt";

/// The greatest length of the files of one mail that are searched for our secrets, in bytes.
const MAX_SEARCHED_BYTES: usize = 2_000_000;

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

/// What a mail says, and the files that belong to it, with their SHA-256.
struct Contents {
    parts: Vec<MailPart>,
    files: Vec<(String, File)>,
    /// The length of all files together.
    bytes: i64,
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
        let (envelope, ours, key) = (sender.to_owned(), self.ours(), self.key.clone());
        let of_reading = raw.clone();
        let read = blocking(move || {
            let mut mail = incoming::read(&of_reading, &envelope, &ours)?;
            take_secrets_out(&mut mail, &key);
            Ok::<_, incoming::Unreadable>(mail)
        });
        let mail = read.await?.map_err(|unreadable| for_good("5.6.0", unreadable.to_string()))?;
        let digest = digest(&mail, &raw);
        if self.store.knows_mail(of.id, &digest).await? {
            return Ok(Taken::Known);
        }
        let id = Ulid::new();
        let silent = match &mail.kind {
            Kind::Automatic => Some(Silent::Automatic),
            Kind::Bounce(bounce) => Some(Silent::Bounce {
                status: bounce.status.clone(),
                is_permanent: bounce.is_permanent_for(&of.address),
            }),
            Kind::Person | Kind::PerhapsProgram => {
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
        let (from, message_id) = (mail.from.clone(), mail.message_id.clone());
        let message_id = message_id.map(|id| format!("<{id}>"));
        let doubt = if from.as_deref() == Some(folded(&of.address).as_str()) {
            (mail.kind == Kind::PerhapsProgram).then_some(HeldBecause::PerhapsProgram)
        } else {
            Some(HeldBecause::OtherAddress)
        };
        let contents = self.contents(mail).await?;
        match self.store.full_for(&of, doubt.is_some(), contents.bytes).await? {
            Some(Full::Held) => return Err(too_many_held()),
            Some(Full::Hour) => {
                return Err(for_good("5.7.1", "You sent too many files in the last hour."));
            }
            None => {}
        }
        self.put(transaction, &contents.files).await?;
        let new = NewMail {
            id,
            digest: &digest,
            message_id: message_id.as_deref(),
            from: from.as_deref(),
            speaker: (&visitor, &guest),
            parts: &contents.parts,
            bytes: contents.bytes,
            doubt,
        };
        let taken = self.store.take_mail(&of, new, &format!("mail {id}")).await?;
        let parts = contents.parts.len();
        tracing::info!(%transaction, mail = %id, parts, ?taken, "took in a mail");
        if matches!(taken, store::Taken::Said | store::Taken::Held(_)) {
            // Until now nothing named the files, so their bytes may have been deleted with another file that had the same.
            // A failure is in the log, and the mail is taken in all the same.
            self.put(transaction, &contents.files).await.ok();
        } else {
            let files: Vec<&str> = contents.files.iter().map(|(it, _)| it.as_str()).collect();
            self.store.release_files_of_mail(id, &files).await?;
        }
        match taken {
            store::Taken::Said => Ok(Taken::Said),
            store::Taken::Held(_) => Ok(Taken::Held),
            store::Taken::Known => Ok(Taken::Known),
            store::Taken::TooManyHeld => Err(too_many_held()),
        }
    }

    /// Returns how mails of ours are known in answers to them.
    fn ours(&self) -> Ours {
        Ours {
            replies: self.replies.clone(),
            unsubscribe: self.config.unsubscribe_link(""),
            footers: self.config.mail_footers().map(str::to_owned).collect(),
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

    /// Returns what a mail says. Its files are on the disk, and not yet in the file store.
    async fn contents(&self, mail: Incoming) -> Result<Contents, Refused> {
        let Incoming { words, whole, mut files, .. } = mail;
        let is_long = words.len() > MAX_TEXT_BYTES;
        if let Some(text) = whole.or_else(|| is_long.then(|| words.clone())) {
            let (name, bytes) = (TEXT_NAME.to_owned(), text.into_bytes());
            files.insert(0, MailFile { name, bytes, is_text: true });
        }
        let (vault, max_megabytes) = (self.vault.clone(), self.config.files.max_megabytes);
        let arrived = blocking(move || {
            let arrive =
                |file: MailFile| Ok((arrived(&vault, max_megabytes, &file.bytes)?, file.name));
            files.into_iter().map(arrive).collect::<Result<Vec<_>, Refused>>()
        });
        let mut contents = Contents { parts: Vec::new(), files: Vec::new(), bytes: 0 };
        for (Arrived { file, sha256, size, media_type, pixels }, name) in arrived.await?? {
            let name = message_content::file_name(&name);
            let media_type = media_type.unwrap_or("application/octet-stream");
            let content = message_content::file(&name, media_type, size, pixels, None);
            contents.parts.push(MailPart { content, sha256: Some(sha256.clone()) });
            contents.files.push((sha256, file));
            contents.bytes = contents.bytes.saturating_add(size);
        }
        if !is_long && !words.is_empty() {
            let content = message_content::plain(&words);
            contents.parts.push(MailPart { content, sha256: None });
        }
        Ok(contents)
    }

    /// Puts files into the file store.
    async fn put(&self, transaction: Ulid, files: &[(String, File)]) -> Result<(), Refused> {
        for (sha256, file) in files {
            let file = file.try_clone().map_err(|error| Refused::ForNow(error.into()))?;
            self.vault.put(sha256, file).await.map_err(|error| {
                tracing::error!(%transaction, %error, "cannot store a file of a mail");
                Refused::ForNow(error)
            })?;
        }
        Ok(())
    }
}

fn too_many_held() -> Refused {
    for_good("5.7.1", "Too many mails wait for a decision of the seller.")
}

/// Does work that takes time, or waits for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    run_blocking(work).await.map_err(|error| {
        Refused::ForNow(anyhow::anyhow!("reading it ended abnormally: {}", abnormal_end(&error)))
    })
}

/// Writes a file of a mail to the disk.
fn arrived(vault: &Vault, max_megabytes: u64, bytes: &[u8]) -> Result<Arrived, Refused> {
    let disk = |error: std::io::Error| Refused::ForNow(error.into());
    let file = vault.temporary_file().map_err(disk)?;
    let mut arriving = Arriving::into(file, max_megabytes * 1_000_000);
    if !arriving.take(bytes).map_err(disk)? {
        return Err(for_good("5.3.4", format!("A file has at most {max_megabytes} MB.")));
    }
    Ok(arriving.finish())
}

/// Takes the secrets of our mails out of the words of a mail, and out of its files with text.
fn take_secrets_out(mail: &mut Incoming, key: &TokenKey) {
    mail.words = without_secrets(key, &mail.words);
    mail.whole = mail.whole.take().map(|it| without_secrets(key, &it));
    let mut searched = 0;
    for file in mail.files.iter_mut().filter(|it| it.is_text) {
        searched += file.bytes.len();
        if searched > MAX_SEARCHED_BYTES {
            break;
        }
        file.bytes = file_without_secrets(key, &file.bytes);
    }
}

/// Returns by what a mail is known when it is delivered again. Servers on the way change its header.
fn digest(mail: &Incoming, raw: &[u8]) -> String {
    let digest = match &mail.message_id {
        Some(id) => Sha256::digest(format!("id\0{id}")),
        None => {
            let begin = raw.windows(2).position(|it| it == b"\n\n" || it == b"\n\r");
            let body = raw.get(begin.unwrap_or_default()..).unwrap_or_default();
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            Sha256::new()
                .chain_update(format!("body\0{}\0{}\0", text(&mail.from), text(&mail.date)))
                .chain_update(body)
                .finalize()
        }
    };
    format!("{digest:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours {
            replies: "replies@mail.shop.example".to_owned().try_into().unwrap(),
            unsubscribe: None,
            footers: Vec::new(),
        }
    }

    #[test]
    fn our_secrets_are_taken_out_of_words_and_of_files_with_text() {
        let key = crate::link::token::tests::key();
        let token = key.sign(crate::link::token::Purpose::Link, &[Ulid::new()]);
        let part = |head: &str| format!("--x\r\n{head}\r\n\r\nSubject: y\r\n\r\nSee {token}\r\n");
        let raw = [
            "From: a@x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n".to_owned(),
            part("Content-Type: text/plain"),
            part("Content-Type: message/rfc822"),
            part("Content-Type: application/octet-stream; name=Page.HTML"),
            part("Content-Type: text/csv; name=a.csv"),
            part("Content-Type: application/pdf; name=a.pdf"),
            "--x--\r\n".to_owned(),
        ];
        let mut mail = incoming::read(raw.concat().as_bytes(), "a@x", &ours()).unwrap();
        take_secrets_out(&mut mail, &key);
        assert!(mail.words.contains("See …"), "{}", mail.words);
        let has_secret = |it: &MailFile| String::from_utf8_lossy(&it.bytes).contains(&token);
        let found: Vec<_> =
            mail.files.iter().map(|it| (it.name.as_str(), has_secret(it))).collect();
        let expected =
            [("file.eml", false), ("Page.HTML", false), ("a.csv", false), ("a.pdf", true)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_mail_is_known_by_its_id_or_else_by_its_author_date_and_body() {
        let ours = ours();
        let of = |raw: &str| {
            digest(&incoming::read(raw.as_bytes(), "a@x", &ours).unwrap(), raw.as_bytes())
        };
        let one = of("Message-ID: <1@x>\r\nFrom: a@x\r\n\r\nYes");
        assert_eq!(of("Received: by y\r\nMessage-ID: <1@x>\r\nFrom: a@x\r\n\r\nYes"), one);
        assert_ne!(of("Message-ID: <2@x>\r\nFrom: a@x\r\n\r\nYes"), one);
        let nameless = of("From: a@x\r\nDate: Monday\r\n\r\nYes");
        assert_eq!(of("Received: by y\r\nFrom: a@x\r\nDate: Monday\r\n\r\nYes"), nameless);
        for other in [
            "From: a@x\r\nDate: Monday\r\n\r\nNo",
            "From: b@x\r\nDate: Monday\r\n\r\nYes",
            "From: a@x\r\nDate: Tuesday\r\n\r\nYes",
        ] {
            assert_ne!(of(other), nameless, "{other}");
        }
    }
}
