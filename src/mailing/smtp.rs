//! Hands a mail over to the server.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::{Address, Message};

use crate::config::{Encryption, MailServer};

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a whole delivery may take. Servers check what is in a mail before they take it.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(180);

/// What the server made of a mail. The problems are our words and codes of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has the mail.
    Taken,
    /// There is no such recipient.
    NoRecipient(String),
    /// It will never take this mail.
    Refused(String),
    /// It has not taken the mail, or it is not known whether it has.
    Failed(String),
}

/// Sends a mail to its one recipient.
pub(super) async fn deliver(server: &MailServer, message: &Message) -> Verdict {
    match tokio::time::timeout(DELIVERY_TIMEOUT, hand_over(server, message)).await {
        Ok(Ok(())) => Verdict::Taken,
        Ok(Err(verdict)) => verdict,
        Err(_) => Verdict::Failed("the mail server did not answer in time".to_owned()),
    }
}

async fn hand_over(server: &MailServer, message: &Message) -> Result<(), Verdict> {
    let failed = |what: &'static str| move |error: Error| Verdict::Failed(problem(what, &error));
    let mut connection = connect(server).await.map_err(failed("the mail server"))?;
    let (envelope, body) = (message.envelope(), message.formatted());
    let Some(to) = envelope.to().first() else { return Ok(()) };
    let mut parameters = Vec::new();
    let is_ascii = |it: &Address| it.to_string().is_ascii();
    if !is_ascii(to) || !envelope.from().is_none_or(is_ascii) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Verdict::Refused("the mail server takes ASCII addresses only".to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let from = Mail::new(envelope.from().cloned(), parameters);
    connection.command(from).await.map_err(failed("the sender"))?;
    connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(about_recipient)?;
    connection.command(Data).await.map_err(about_mail)?;
    connection.message(&body).await.map_err(about_mail)?;
    // It has the mail, whatever comes of this.
    connection.abort().await;
    Ok(())
}

async fn connect(server: &MailServer) -> Result<AsyncSmtpConnection, Error> {
    let tls = || TlsParameters::new(server.host.clone());
    let wrapped = if server.encryption == Encryption::Tls { Some(tls()?) } else { None };
    let name = ClientId::default();
    let address = (server.host.as_str(), server.port);
    let timeout = Some(CONNECT_TIMEOUT);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(address, timeout, &name, wrapped, None::<IpAddr>)
            .await?;
    if server.encryption == Encryption::StartTls {
        connection.starttls(tls()?, &name).await?;
    }
    if let Some((user, password)) = &server.login {
        let login = Credentials::new(user.clone(), password.clone());
        connection.auth(DEFAULT_MECHANISMS, &login).await?;
    }
    Ok(connection)
}

/// Reads a refusal of the recipient. Only a code that is about the mailbox itself says that it does not exist: others are
/// about the sender, or about what the server may do.
fn about_recipient(error: Error) -> Verdict {
    let problem = problem("the recipient", &error);
    if !error.is_permanent() {
        return Verdict::Failed(problem);
    }
    let is_gone = match enhanced_code(&error).as_deref() {
        Some(code) => code.starts_with("5.1.") || code == "5.2.1",
        None => {
            error.status().is_some_and(|code| ["550", "551", "553"].contains(&&*code.to_string()))
        }
    };
    if is_gone { Verdict::NoRecipient(problem) } else { Verdict::Failed(problem) }
}

fn about_mail(error: Error) -> Verdict {
    let problem = problem("the mail", &error);
    if error.is_permanent() { Verdict::Refused(problem) } else { Verdict::Failed(problem) }
}

/// Returns what went wrong, in our words and with the codes of the server. What else the server says may repeat what
/// people wrote.
fn problem(what: &str, error: &Error) -> String {
    match (error.status(), enhanced_code(error)) {
        (Some(code), Some(enhanced)) => {
            format!("the mail server refused {what}: {code} {enhanced}")
        }
        (Some(code), None) => format!("the mail server refused {what}: {code}"),
        (None, _) if error.is_tls() => {
            "the connection to the mail server could not be encrypted".to_owned()
        }
        (None, _) => "the mail server could not be reached, or the connection was lost".to_owned(),
    }
}

/// Returns the enhanced code of an answer (RFC 3463), such as `5.1.1`.
fn enhanced_code(error: &Error) -> Option<String> {
    error.status()?;
    let said = error.source()?.to_string();
    let word = said.split_whitespace().next()?;
    let parts: Vec<&str> = word.split('.').collect();
    let is_number =
        |it: &&str| (1..=3).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit());
    (parts.len() == 3 && parts.iter().all(is_number)).then(|| word.to_owned())
}
