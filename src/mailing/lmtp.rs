//! Takes in mails by LMTP (RFC 2033) from a mail server on this machine. A mail is acknowledged for each receiver on its
//! own, once it is on the disk.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver, RequestReceiver};
use smtp_proto::{Error, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::arrive::{Arrivals, MAX_MAIL_BYTES, Refused, Taken};

/// The greatest number of connections. Further ones wait to be accepted; Postfix makes 20 by default.
const MAX_CONNECTIONS: usize = 20;
/// The greatest number of mails that are in memory at the same time.
const MAX_MAILS_AT_ONCE: usize = 4;
/// The greatest number of receivers of one mail (RFC 5321, section 4.5.3.1.8).
const MAX_RECEIVERS: usize = 100;
/// A connection ends after so many commands that were refused.
const MAX_REFUSALS: usize = 100;
/// How long the other side may be silent (RFC 5321, section 4.5.3.2.7).
const READ_TIMEOUT: Duration = Duration::from_secs(300);
/// How long the other side may take to read an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// The number of bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

/// Serves connections until `stop`.
pub async fn serve_lmtp(listener: TcpListener, arrivals: Arrivals, stop: CancellationToken) {
    let arrivals = Arc::new(arrivals);
    let memory = Arc::new(Semaphore::new(MAX_MAILS_AT_ONCE));
    let mut connections = JoinSet::new();
    loop {
        let has_place = connections.len() < MAX_CONNECTIONS;
        tokio::select! {
            accepted = listener.accept(), if has_place => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection {
                        stream,
                        arrivals: Arc::clone(&arrivals),
                        memory: Arc::clone(&memory),
                        stop: stop.clone(),
                    };
                    connections.spawn(connection.serve());
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection for mails; retrying");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    while connections.join_next().await.is_some() {}
}

/// What is to be done with a command.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Answer so.
    Answer(Cow<'static, str>),
    /// Say that a command was wrong.
    Refuse(&'static str),
    /// Find out whether there is such a receiver.
    Receiver(String),
    /// Read a mail.
    Mail,
    /// End the connection.
    Quit,
}

/// What a client has said so far.
#[derive(Debug, Default)]
struct Session {
    is_greeted: bool,
    sender: Option<String>,
    receivers: Vec<String>,
}

impl Session {
    /// Decides what is to be done with a command.
    fn take(&mut self, command: Result<Request<Cow<'_, str>>, Error>) -> Step {
        const ORDER: Step = Step::Refuse("503 5.5.1 This command does not come here.");
        let command = match command {
            Ok(command) => command,
            Err(Error::InvalidRecipientAddress | Error::InvalidSenderAddress) => {
                return Step::Refuse("501 5.1.3 This is no address.");
            }
            Err(Error::UnsupportedParameter { .. } | Error::InvalidParameter { .. }) => {
                return Step::Refuse("555 5.5.4 This parameter is not supported.");
            }
            Err(_) => return Step::Refuse("500 5.5.2 This is no command."),
        };
        match command {
            Request::Lhlo { .. } => {
                *self = Self { is_greeted: true, ..Self::default() };
                Step::Answer(
                    format!(
                        "250-tallyroom\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n\
                         250-SMTPUTF8\r\n250 SIZE {MAX_MAIL_BYTES}"
                    )
                    .into(),
                )
            }
            Request::Mail { from } if self.is_greeted && self.sender.is_none() => {
                if from.size > MAX_MAIL_BYTES {
                    return Step::Refuse("552 5.3.4 The mail is too large.");
                }
                self.sender = Some(from.address.into_owned());
                Step::Answer("250 2.1.0 OK".into())
            }
            Request::Rcpt { .. } if self.receivers.len() >= MAX_RECEIVERS => {
                Step::Refuse("452 4.5.3 Too many receivers.")
            }
            Request::Rcpt { to } if self.sender.is_some() => {
                Step::Receiver(to.address.into_owned())
            }
            // RFC 2033, section 4.2: without a receiver there is nothing to answer.
            Request::Data if self.sender.is_some() && !self.receivers.is_empty() => Step::Mail,
            Request::Data if self.sender.is_some() => {
                Step::Refuse("503 5.5.1 No receiver is known.")
            }
            Request::Mail { .. } | Request::Rcpt { .. } | Request::Data => ORDER,
            Request::Rset => {
                (self.sender, self.receivers) = (None, Vec::new());
                Step::Answer("250 2.0.0 OK".into())
            }
            Request::Noop { .. } => Step::Answer("250 2.0.0 OK".into()),
            Request::Vrfy { .. } => Step::Answer("252 2.5.0 Send a mail and see.".into()),
            Request::Quit => Step::Quit,
            // RFC 2033, section 4.1: a server for LMTP refuses the greetings of SMTP.
            _ => Step::Refuse("500 5.5.1 This is a server for LMTP, which has no such command."),
        }
    }
}

struct Connection {
    stream: TcpStream,
    arrivals: Arc<Arrivals>,
    memory: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Connection {
    async fn serve(mut self) {
        // A connection that ends is an everyday event; what was not acknowledged is sent again.
        if let Err(error) = self.talk().await {
            tracing::debug!(%error, "a connection for mails ended");
        }
    }

    async fn talk(&mut self) -> std::io::Result<()> {
        let mut session = Session::default();
        let mut receiver = RequestReceiver::default();
        let mut refusals = 0;
        let mut unread: Vec<u8> = Vec::new();
        self.answer("220 tallyroom LMTP").await?;
        loop {
            let mut bytes = unread.iter();
            let command = receiver.ingest(&mut bytes);
            let step = match command {
                Err(Error::NeedsMoreData { .. }) => None,
                command => Some(session.take(command)),
            };
            let rest = bytes.as_slice().to_vec();
            let Some(step) = step else {
                unread = match self.read().await? {
                    Some(bytes) => bytes,
                    None => return Ok(()),
                };
                continue;
            };
            unread = rest;
            match step {
                Step::Answer(answer) => self.answer(&answer).await?,
                Step::Receiver(address) => {
                    let answer = match self.arrivals.contact(&address).await {
                        Ok(_) => {
                            session.receivers.push(address);
                            "250 2.1.5 OK".to_owned()
                        }
                        Err(refused) => {
                            refusals += 1;
                            refusal(&refused)
                        }
                    };
                    self.answer(&answer).await?;
                }
                Step::Mail => {
                    unread = self.mail(&session, unread).await?;
                    (session.sender, session.receivers) = (None, Vec::new());
                }
                Step::Refuse(answer) => {
                    refusals += 1;
                    self.answer(answer).await?;
                }
                Step::Quit => return self.answer("221 2.0.0 Bye").await,
            }
            if refusals > MAX_REFUSALS {
                return self.answer("421 4.7.0 Too many commands were refused.").await;
            }
        }
    }

    /// Reads a mail, and takes it in for each receiver. Returns what was read behind it.
    async fn mail(&mut self, session: &Session, first: Vec<u8>) -> std::io::Result<Vec<u8>> {
        let memory = Arc::clone(&self.memory);
        // This never fails, because the semaphore is never closed.
        let _place = memory.acquire().await.ok();
        self.answer("354 Send the mail, and a line with a dot.").await?;
        let (mut data, mut mail, mut unread) = (DataReceiver::new(), Vec::new(), first);
        let mut beyond: Option<DummyDataReceiver> = None;
        loop {
            let mut bytes = unread.iter();
            let is_over = match &mut beyond {
                Some(receiver) => receiver.ingest(&mut bytes),
                None => data.ingest(&mut bytes, &mut mail),
            };
            if is_over {
                unread = bytes.as_slice().to_vec();
                break;
            }
            if beyond.is_none() && mail.len() > MAX_MAIL_BYTES {
                (beyond, mail) = (Some(DummyDataReceiver::new_data(&data)), Vec::new());
            }
            unread = match self.read().await? {
                Some(bytes) => bytes,
                None => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            };
        }
        let (mail, sender) = (Bytes::from(mail), session.sender.as_deref().unwrap_or_default());
        for receiver in &session.receivers {
            let answer = if beyond.is_some() {
                "552 5.3.4 The mail is too large.".to_owned()
            } else {
                match self.arrivals.arrive(receiver, sender, mail.clone()).await {
                    Ok(Taken::Said) => "250 2.0.0 It is said.".to_owned(),
                    Ok(Taken::Held) => "250 2.0.0 It waits for the seller.".to_owned(),
                    Ok(Taken::Known) => "250 2.0.0 It was taken in before.".to_owned(),
                    Ok(Taken::Silent) => "250 2.0.0 It is noted.".to_owned(),
                    Err(refused) => refusal(&refused),
                }
            };
            self.answer(&answer).await?;
        }
        Ok(unread)
    }

    /// Reads the next bytes. `None` at the end of the connection, or when the process stops.
    async fn read(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; READ_BYTES];
        let read = tokio::select! {
            read = in_time(READ_TIMEOUT, self.stream.read(&mut bytes)) => read?,
            () = self.stop.cancelled() => {
                self.answer("421 4.3.2 Tallyroom stops.").await?;
                0
            }
        };
        bytes.truncate(read);
        Ok(Some(bytes).filter(|it| !it.is_empty()))
    }

    async fn answer(&mut self, answer: &str) -> std::io::Result<()> {
        let line = format!("{answer}\r\n");
        in_time(WRITE_TIMEOUT, self.stream.write_all(line.as_bytes())).await
    }
}

async fn in_time<T>(
    time: Duration,
    work: impl Future<Output = std::io::Result<T>>,
) -> std::io::Result<T> {
    tokio::time::timeout(time, work)
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// Returns the answer to a mail that was not taken in.
fn refusal(refused: &Refused) -> String {
    match refused {
        Refused::ForGood(..) => format!("550 {refused}"),
        Refused::ForNow(cause) => {
            tracing::error!(error = format!("{cause:#}"), "cannot take in a mail; it comes again");
            format!("451 {refused}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Vec<Step> {
        let mut session = Session::default();
        let mut receiver = RequestReceiver::default();
        lines
            .iter()
            .map(|line| {
                let line = format!("{line}\r\n");
                let step = session.take(receiver.ingest(&mut line.as_bytes().iter()));
                if let Step::Receiver(address) = &step {
                    session.receivers.push(address.clone());
                }
                step
            })
            .collect()
    }

    fn codes(lines: &[&str]) -> Vec<String> {
        let code = |step: Step| match step {
            Step::Answer(answer) => answer[..3].to_owned(),
            Step::Refuse(answer) => answer[..3].to_owned(),
            Step::Receiver(address) => address,
            Step::Mail => "mail".to_owned(),
            Step::Quit => "quit".to_owned(),
        };
        said(lines).into_iter().map(code).collect()
    }

    #[test]
    fn commands_have_an_order() {
        let (greeting, from, to) =
            ("LHLO mx.example", "MAIL FROM:<a@x.example> SIZE=100", "RCPT TO:<b@y.example>");
        assert_eq!(
            codes(&[greeting, from, to, "DATA", "NOOP", "QUIT"]),
            ["250", "250", "b@y.example", "mail", "250", "quit"]
        );
        assert_eq!(codes(&[from]), ["503"], "nobody was greeted");
        assert_eq!(codes(&[greeting, to]), ["250", "503"], "there is no sender");
        assert_eq!(codes(&[greeting, from, "DATA"]), ["250", "250", "503"], "there is no receiver");
        assert_eq!(codes(&[greeting, from, from]), ["250", "250", "503"], "there is a sender");
        assert_eq!(codes(&[greeting, from, to, "RSET", "DATA"])[3..], ["250", "503"]);
        assert_eq!(codes(&[greeting, "MAIL FROM:<>", to])[1..], ["250", "b@y.example"]);
        let huge = format!("MAIL FROM:<a@x.example> SIZE={}", MAX_MAIL_BYTES + 1);
        assert_eq!(codes(&[greeting, &huge]), ["250", "552"]);
    }

    #[test]
    fn what_is_no_command_of_lmtp_is_refused() {
        for line in
            ["EHLO mx.example", "HELO mx.example", "STARTTLS", "AUTH PLAIN x", "nonsense", ""]
        {
            assert!(codes(&[line])[0].starts_with('5'), "{line}");
        }
    }

    #[test]
    fn dots_are_taken_off_and_a_mail_ends_at_a_line_with_a_dot_only() {
        let raw = b"a\r\n..b\r\n.\n.c\r\n\n.\n\r\n.\r\nQUIT\r\n";
        for piece in [1, 2, 3, raw.len()] {
            let (mut data, mut mail, mut rest) = (DataReceiver::new(), Vec::new(), Vec::new());
            let mut is_over = false;
            for bytes in raw.chunks(piece) {
                let mut bytes = bytes.iter();
                is_over = is_over || data.ingest(&mut bytes, &mut mail);
                if is_over {
                    rest.extend_from_slice(bytes.as_slice());
                }
            }
            assert_eq!(mail, b"a\r\n.b\r\n\n.c\r\n\n.\n\r\n", "in pieces of {piece}");
            assert_eq!(rest, b"QUIT\r\n");
        }
    }
}
