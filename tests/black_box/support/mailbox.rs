//! A receiver of mails, by LMTP from a mail server or by SMTP from the service itself. It keeps what it takes.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The address in `MAIL FROM`.
    pub from: String,
    /// The addresses in `RCPT TO`.
    pub to: Vec<String>,
    /// Header and body.
    pub raw: String,
}

pub struct Mailbox {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    taken: Vec<Taken>,
    /// For so many mails, the connection ends in the place of the answer that they were taken.
    unanswered: usize,
    /// Whether the answer to `QUIT` never comes.
    never_says_goodbye: bool,
}

impl Taken {
    /// The value of a header, unfolded. Empty if there is none.
    pub fn header(&self, name: &str) -> String {
        let head =
            self.raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
        let line = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        line.unwrap_or_default()
    }
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::default();
        let serving = Some(tokio::spawn(serve(listener, Arc::clone(&shared))));
        Self { port, shared, serving }
    }

    /// Where it takes mails by SMTP, as the config of Tallyroom names it.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// All mails so far, in their order.
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.lock().unwrap().taken.clone()
    }

    /// The number of mails so far.
    pub fn count(&self) -> usize {
        self.shared.lock().unwrap().taken.len()
    }

    /// For the next mails, the connection ends after they were taken, without an answer.
    pub fn leave_unanswered(&self, count: usize) {
        self.shared.lock().unwrap().unanswered = count;
    }

    /// From now on `QUIT` is never answered, and its connection stays open.
    pub fn never_say_goodbye(&self) {
        self.shared.lock().unwrap().never_says_goodbye = true;
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // A client that goes away in between has not handed anything in.
        let shared = Arc::clone(&shared);
        connections.spawn(async move { take(stream, &shared).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

async fn take(stream: TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut from, mut to, mut is_lmtp) = (String::new(), Vec::new(), false);
    stream.write_all(b"220 mailbox.test\r\n").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let address = || {
            let rest = line.split_once('<').map_or("", |it| it.1);
            rest.split('>').next().unwrap_or_default().to_owned()
        };
        let command = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match command.as_str() {
            "LHLO" | "EHLO" | "HELO" => {
                is_lmtp = command == "LHLO";
                "250-mailbox.test\r\n250 8BITMIME\r\n".to_owned()
            }
            "MAIL" => {
                (from, to) = (address(), Vec::new());
                "250 2.1.0 yes\r\n".to_owned()
            }
            "RCPT" => {
                to.push(address());
                "250 2.1.5 yes\r\n".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let raw = read_mail(&mut stream).await?;
                let answers = if is_lmtp { to.len() } else { 1 };
                let taken = Taken { from: from.clone(), to: to.clone(), raw };
                let is_answered = {
                    let mut shared = shared.lock().unwrap();
                    shared.taken.push(taken);
                    let is_answered = shared.unanswered == 0;
                    shared.unanswered = shared.unanswered.saturating_sub(1);
                    is_answered
                };
                if !is_answered {
                    return Ok(());
                }
                "250 2.0.0 taken\r\n".repeat(answers)
            }
            "QUIT" if shared.lock().unwrap().never_says_goodbye => continue,
            "QUIT" => {
                stream.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 2.0.0 yes\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Reads a mail up to the line with a dot, and takes off the dots that were put before lines with one.
async fn read_mail(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.as_slice() {
            b".\r\n" => return Ok(String::from_utf8_lossy(&raw).into_owned()),
            [b'.', rest @ ..] => raw.extend(rest),
            line => raw.extend(line),
        }
    }
}
