//! Reads a message of the shop from the body of a call. Its files go to the disk while they arrive.

use std::time::Duration;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use serde::Deserialize;
use serde_json::json;

use super::problem::{Problem, repeated};
use super::{ApiState, body};
use crate::files::{Arrived, Arriving};
use crate::invoice::{self, in_a_line};
use crate::record::{MAX_NAME_CHARS, plain_name};
use crate::room::Guest;
use crate::room::message_content::{self, MAX_FILES, MAX_TEXT_BYTES, tidy_text};
use crate::transaction::{self, Transaction};

/// The greatest length of a field other than the text, in bytes.
const MAX_FIELD_BYTES: usize = 1_000;
/// How long the rest of a form is read that is refused. Many clients read the answer only after they have sent the whole
/// body.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// What the shop says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    /// Plain text or Markdown.
    #[serde(default)]
    pub(super) text: String,
    /// The name under which it is said. Without it, that of the seller.
    name: Option<String>,
    /// What is said of the files. Only a form has it.
    #[serde(skip)]
    pub(super) description: Option<String>,
    /// The files, with their names.
    #[serde(skip)]
    pub(super) files: Vec<(String, Arrived)>,
}

impl Message {
    /// Returns what the message says, as bytes that are the same for the same message.
    pub(super) fn content(&self) -> Vec<u8> {
        let files = self.files.iter().map(|(name, file)| json!([name, file.sha256]));
        let files: Vec<_> = files.collect();
        json!([self.text, self.name, self.description, files]).to_string().into_bytes()
    }

    /// Checks what was read, and returns the guest through whom it is said.
    pub(super) fn guest(
        &self,
        transaction: &Transaction,
        server: &ruma::ServerName,
    ) -> Result<Guest, Problem> {
        let refuse = |pointer, detail: &str| invalid(invoice::Problem::at(pointer, detail));
        if self.text.is_empty() && self.files.is_empty() {
            return Err(refuse("/text", "Send a text, or a file, or both."));
        }
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(long_text());
        }
        let given = self.name.as_deref().unwrap_or(&transaction.terms.seller.name);
        if self.name.is_some() && given.chars().count() > MAX_NAME_CHARS {
            let detail = format!("A name has at most {MAX_NAME_CHARS} characters. Shorten it.");
            return Err(refuse("/name", &detail));
        }
        let Some(name) = plain_name(given) else {
            return Err(refuse("/name", "A name needs a visible character."));
        };
        let too_long = "The name of the homeserver is too long for a user of its own.";
        Guest::of_shop(transaction.id, &name, server).ok_or_else(|| refuse("/name", too_long))
    }

    /// Trims what cannot be meant.
    fn tidied(mut self) -> Self {
        self.text = tidy_text(&self.text).trim_end().to_owned();
        self.description = self.description.map(|it| tidy_text(&it)).filter(|it| !it.is_empty());
        self.name = self.name.filter(|name| !name.is_empty());
        self
    }
}

/// Reads `POST /api/v1/transactions/{id}/messages`: JSON, or a form with files.
pub(super) async fn read(
    state: &ApiState,
    shop: &str,
    request: Request,
) -> Result<Message, Problem> {
    if !body::is_form(&request)? {
        let bytes = body::json(request).await?;
        let message: Message = transaction::json(&bytes).map_err(|it| invalid_all(&it))?;
        return Ok(message.tidied());
    }
    let _place = state.uploads.take(&shop.to_owned()).map_err(|too_many| {
        let detail = "Too many messages with files of this shop are being received. Send the same call again.";
        Problem::too_many(too_many, detail)
    })?;
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| Problem::unreadable(in_a_line(&error.body_text())))?;
    let read = read_form(state, &mut form).await;
    if read.is_err() {
        let rest = async { while let Ok(Some(_)) = form.next_field().await {} };
        tokio::time::timeout(DRAIN_TIMEOUT, rest).await.ok();
    }
    Ok(read?.tidied())
}

async fn read_form(state: &ApiState, form: &mut Multipart) -> Result<Message, Problem> {
    let mut message = Message::default();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if message.files.len() == MAX_FILES => {
                let detail = format!("At most {MAX_FILES} files are allowed in one message.");
                return Err(Problem::too_large(detail));
            }
            "file" => {
                let name = message_content::file_name(field.file_name().unwrap_or_default());
                message.files.push((name, store_file(state, field).await?));
            }
            "text" => {
                let text = read_text(field, MAX_TEXT_BYTES).await?;
                message.text = text.ok_or_else(long_text)?;
            }
            "name" | "description" => {
                let Some(text) = read_text(field, MAX_FIELD_BYTES).await? else {
                    let detail = format!("At most {MAX_FIELD_BYTES} bytes are allowed here.");
                    return Err(invalid(invoice::Problem::at(format!("/{name}"), detail)));
                };
                let slot =
                    if name == "name" { &mut message.name } else { &mut message.description };
                *slot = Some(text);
            }
            _ => {
                let name = repeated(&name);
                return Err(Problem::unreadable(format!(
                    "The part {name:?} is unknown. The parts are `text`, `name`, `description`, and one `file` for \
                     each file."
                )));
            }
        }
    }
    Ok(message)
}

/// Reads the text of a field. Returns `None` if it has more than `most` bytes.
async fn read_text(mut field: Field<'_>, most: usize) -> Result<Option<String>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Ok(None);
        }
    }
    String::from_utf8(bytes).map(Some).map_err(|_| Problem::unreadable("A field is not UTF-8."))
}

/// Writes the file of a field to disk while it arrives.
async fn store_file(state: &ApiState, mut field: Field<'_>) -> Result<Arrived, Problem> {
    let disk = |error: std::io::Error| {
        tracing::error!(%error, "cannot write a file of a shop's message to disk");
        Problem::try_again("The file cannot be stored at the moment. Send the same call again.")
    };
    let megabytes = state.config.files.max_megabytes;
    let file = state.vault.temporary_file().map_err(disk)?;
    let mut arriving = Arriving::into(file, megabytes * 1_000_000);
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if !arriving.take(&chunk).map_err(disk)? {
            let detail = format!(
                "At most {megabytes} megabytes are allowed in one file (config key files.max_megabytes)."
            );
            return Err(Problem::too_large(detail));
        }
    }
    Ok(arriving.finish())
}

fn broken(error: &MultipartError) -> Problem {
    Problem::unreadable(in_a_line(&error.body_text()))
}

fn long_text() -> Problem {
    let detail = format!("A text has at most {MAX_TEXT_BYTES} bytes. Shorten it, or send a file.");
    invalid(invoice::Problem::at("/text", detail))
}

fn invalid(problem: invoice::Problem) -> Problem {
    invalid_all(&[problem])
}

fn invalid_all(problems: &[invoice::Problem]) -> Problem {
    Problem::invalid_content("The message cannot be accepted as it is", problems)
}
