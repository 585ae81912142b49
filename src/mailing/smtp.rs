//! Hands a mail over to the server.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::{Address, Message};

use crate::config::{Encryption, MailServer};
use crate::mail::enhanced_status::no_such_recipient;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long everything before the content of a mail may take.
const ENVELOPE_TIMEOUT: Duration = Duration::from_secs(180);
/// How long the content may take, with the answer to it. Servers check what is in a mail before they take it: they have ten
/// minutes for the answer (RFC 5321, section 4.5.3.2.6). A mail that is sent again too early may arrive twice.
const CONTENT_TIMEOUT: Duration = Duration::from_secs(11 * 60);
/// How long the server may take to say goodbye.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

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
    hand_over(server, message).await.err().unwrap_or(Verdict::Taken)
}

async fn hand_over(server: &MailServer, message: &Message) -> Result<(), Verdict> {
    let in_time = |_| Verdict::Failed("the mail server did not answer in time".to_owned());
    let announced = announce(server, message.envelope());
    let announced = tokio::time::timeout(ENVELOPE_TIMEOUT, announced).await;
    let mut connection = announced.map_err(in_time)??;
    let content = message.formatted();
    let taken = tokio::time::timeout(CONTENT_TIMEOUT, connection.message(&content)).await;
    taken.map_err(in_time)?.map_err(about_mail)?;
    // It has the mail, whatever comes of this, and nothing waits for it.
    tokio::spawn(async move { tokio::time::timeout(QUIT_TIMEOUT, connection.abort()).await });
    Ok(())
}

/// Tells the server from whom and for whom a mail is. Returns the connection, on which the server waits for the content.
async fn announce(
    server: &MailServer,
    envelope: &Envelope,
) -> Result<AsyncSmtpConnection, Verdict> {
    let failed = |what: &'static str| move |error: Error| Verdict::Failed(problem(what, &error));
    let mut connection = connect(server).await.map_err(failed("the mail server"))?;
    let nobody = || Verdict::Refused("the mail is for nobody".to_owned());
    let to = envelope.to().first().ok_or_else(nobody)?;
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
    Ok(connection)
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

/// Reads a refusal of the recipient. Others than those that say that it does not exist are about the sender, or about what
/// the server may do: somebody can mend that, so the mail is tried again.
fn about_recipient(error: Error) -> Verdict {
    let problem = problem("the recipient", &error);
    let is_gone =
        error.is_permanent() && enhanced_code(&error).is_some_and(|it| no_such_recipient(&it));
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

fn enhanced_code(error: &Error) -> Option<String> {
    error.status()?;
    enhanced_code_in(&error.source()?.to_string()).map(str::to_owned)
}

/// Returns the enhanced code with which an answer begins (RFC 3463), such as `5.1.1`.
fn enhanced_code_in(answer: &str) -> Option<&str> {
    let word = answer.split_whitespace().next()?;
    let parts: Vec<&str> = word.split('.').collect();
    let is_number =
        |it: &&str| (1..=3).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit());
    (parts.len() == 3 && parts.iter().all(is_number)).then_some(word)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// What is made of a mail to a server that answers so to its recipient and to its content, and never to `QUIT`.
    async fn verdict(to_recipient: &str, to_content: &str) -> Verdict {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = MailServer::parse(&format!("smtp://127.0.0.1:{port}")).unwrap();
        let message = Message::builder()
            .from("invoices@shop.example".parse().unwrap())
            .to("ada@birch.example".parse().unwrap())
            .body("Hello".to_owned())
            .unwrap();
        let serving = async {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            let mut answer = "220 test";
            loop {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                answer = loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await.unwrap() == 0 {
                        return;
                    }
                    match line.trim_end() {
                        "DATA" => break "354 go on",
                        "." => break to_content,
                        it if it.starts_with("RCPT") => break to_recipient,
                        it if it.starts_with("EHLO") || it.starts_with("MAIL") => break "250 yes",
                        _ => {}
                    }
                };
            }
        };
        tokio::select! {
            verdict = deliver(&server, &message) => verdict,
            () = serving => unreachable!("the connection ends after the mail"),
        }
    }

    #[tokio::test]
    async fn only_a_code_about_the_mailbox_says_that_it_does_not_exist() {
        let refused = |codes: &str| format!("the mail server refused the recipient: {codes}");
        for (answer, codes) in
            [("550 5.1.1 nobody here", "550 5.1.1"), ("550 5.1.10 null MX", "550 5.1.10")]
        {
            assert_eq!(verdict(answer, "").await, Verdict::NoRecipient(refused(codes)), "{answer}");
        }
        for (answer, codes) in [
            ("550 relay not permitted", "550"),
            ("553 sorry", "553"),
            ("550 5.1.0 Sender address rejected", "550 5.1.0"),
            ("550 5.1.8 bad sender", "550 5.1.8"),
            ("450 5.1.1 not now", "450 5.1.1"),
            ("550 5.1.1.1 nobody here", "550"),
        ] {
            assert_eq!(verdict(answer, "").await, Verdict::Failed(refused(codes)), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_mail_is_taken_even_if_the_server_does_not_say_goodbye() {
        assert_eq!(verdict("250 yes", "250 taken").await, Verdict::Taken);
        let refused = "the mail server refused the mail: 554 5.6.0".to_owned();
        assert_eq!(verdict("250 yes", "554 5.6.0 no").await, Verdict::Refused(refused));
        let later = "the mail server refused the mail: 451".to_owned();
        assert_eq!(verdict("250 yes", "451 later").await, Verdict::Failed(later));
    }
}
