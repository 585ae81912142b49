//! A real mail server, Postfix, with a queue of its own in a temporary folder. It takes mails by SMTP on loopback and
//! hands them on by LMTP. Postfix itself has to be started by root.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::process::{Process, tail};
use super::{eventually, free_port};

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The programs of Postfix that take part, as `master.cf` names them.
const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
";

/// What is special about a Postfix.
#[derive(Clone, Debug, Default)]
pub struct PostfixPlan {
    routes: Vec<(String, u16)>,
    others: Option<u16>,
    refused: Vec<(String, String)>,
    piped: Option<(String, String)>,
    asks_first: bool,
}

pub struct Postfix {
    /// Where it takes mails by SMTP, from anybody on loopback and for everybody.
    pub port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl PostfixPlan {
    /// Mails for this domain go by LMTP to this port on loopback.
    pub fn route(mut self, domain: &str, port: u16) -> Self {
        self.routes.push((domain.to_owned(), port));
        self
    }

    /// Mails for all other domains go by LMTP to this port on loopback.
    pub fn others(mut self, port: u16) -> Self {
        self.others = Some(port);
        self
    }

    /// Each mail for this domain is given to a program, which the user nobody runs.
    pub fn pipe(mut self, domain: &str, command: &str) -> Self {
        self.piped = Some((domain.to_owned(), command.to_owned()));
        self
    }

    /// A mail for this address is refused with this answer, such as `550 5.1.1 nobody here`, when it is handed in.
    pub fn refusing(mut self, address: &str, answer: &str) -> Self {
        self.refused.push((address.to_owned(), answer.to_owned()));
        self
    }

    /// It asks whoever gets a mail before it takes the mail, as docs/mail.md has it, but for mails of this machine as well.
    pub fn asking_first(mut self) -> Self {
        self.asks_first = true;
        self
    }

    pub async fn start(self) -> Postfix {
        let folder = TempDir::new().unwrap();
        // Most of its programs run as another user.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let path = |name: &str| folder.path().join(name);
        for name in ["config", "queue", "data"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let owned = Command::new("chown").arg("postfix").arg(path("data")).status();
        assert!(owned.unwrap().success(), "there is no user postfix");
        std::fs::write(path("config/main.cf"), self.main_config(folder.path())).unwrap();
        let mut services = format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}");
        if let Some((_, command)) = &self.piped {
            let pipe = "piped unix - n n - 4 pipe\n  flags=Rq user=nobody null_sender= argv=";
            writeln!(services, "{pipe}{command}").unwrap();
        }
        std::fs::write(path("config/master.cf"), services).unwrap();
        let mut postfix = Postfix { port, folder, process: None };
        postfix.start_again().await;
        postfix
    }

    fn main_config(&self, folder: &Path) -> String {
        let folder = folder.display();
        let mut text = format!(
            "compatibility_level = 3.6\n\
             queue_directory = {folder}/queue\n\
             data_directory = {folder}/data\n\
             maillog_file = {folder}/mail.log\n\
             maillog_file_prefixes = {folder}\n\
             myhostname = mail.test\n\
             mydestination =\n\
             local_recipient_maps =\n\
             alias_maps =\n\
             inet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\n\
             recipient_delimiter = +\n\
             disable_dns_lookups = yes\n\
             smtpd_peername_lookup = no\n\
             smtpd_relay_restrictions = permit_mynetworks, reject\n\
             queue_run_delay = 1s\n\
             minimal_backoff_time = 1s\n\
             maximal_backoff_time = 2s\n"
        );
        if let Some(port) = self.others {
            writeln!(text, "default_transport = lmtp:inet:127.0.0.1:{port}").unwrap();
        }
        let table = |rows: Vec<String>| format!("inline:{{ {} }}", rows.join(", "));
        let routes = self.routes.iter();
        let routes = routes.map(|(name, port)| format!("{{{name} = lmtp:inet:127.0.0.1:{port}}}"));
        let piped = self.piped.iter().map(|(name, _)| format!("{{{name} = piped:}}"));
        let routes: Vec<String> = routes.chain(piped).collect();
        if !routes.is_empty() {
            writeln!(text, "transport_maps = {}", table(routes)).unwrap();
            writeln!(text, "piped_destination_recipient_limit = 1").unwrap();
        }
        if !self.refused.is_empty() {
            let refused = self.refused.iter();
            let refused = refused.map(|(address, answer)| format!("{{{address} = {answer}}}"));
            let refused = table(refused.collect());
            writeln!(text, "smtpd_recipient_restrictions = check_recipient_access {refused}")
                .unwrap();
        }
        if self.asks_first {
            writeln!(text, "smtpd_recipient_restrictions = reject_unverified_recipient").unwrap();
            writeln!(text, "unverified_recipient_reject_code = 550").unwrap();
        }
        text
    }
}

impl Postfix {
    pub fn with() -> PostfixPlan {
        PostfixPlan::default()
    }

    /// Starts it again after it was killed. What is in its queue is delivered.
    pub async fn start_again(&mut self) {
        // Debian has it in a folder that not everybody's PATH has.
        let mut command = Command::new("sh");
        command.args(["-c", "PATH=$PATH:/usr/sbin exec postfix -c \"$0\" start-fg"]);
        command.arg(self.folder.path().join("config"));
        self.process = Some(Process::start(&mut command, &self.folder.path().join("start.log")));
        let (port, logs) = (self.port, self.logs());
        let process = self.process.as_mut().unwrap();
        eventually("that Postfix takes mails", START_TIMEOUT, || {
            assert!(
                !process.has_ended(),
                "Postfix ended\n{}",
                logs.each_ref().map(|it| tail(it)).join("\n")
            );
            async move { TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop) }
        })
        .await;
    }

    /// `kill -9` of all its processes, and gone when this returns.
    pub fn kill(&mut self) {
        self.process.take().unwrap().kill();
        // Its first process leaves the one that was started, and leads a group of its own.
        let file = self.folder.path().join("queue/pid/master.pid");
        let Ok(id) = std::fs::read_to_string(file) else { return };
        let group = format!("-{}", id.trim());
        while signal("KILL", &group) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where it takes mails, as the config of Tallyroom names it.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// What it says when a stranger wants to hand in a mail for this address.
    pub async fn says_of(&self, address: &str) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let mut stream = BufReader::new(stream);
        let recipient = format!("RCPT TO:<{address}>\r\n");
        let mut answer = String::new();
        for command in ["", "HELO stranger.test\r\n", "MAIL FROM:<a@stranger.test>\r\n", &recipient]
        {
            stream.write_all(command.as_bytes()).await.unwrap();
            answer.clear();
            stream.read_line(&mut answer).await.unwrap();
        }
        answer
    }

    /// The number of mails in its queue. A mail that it was killed in the midst of taking is none: nobody was told that it has
    /// it, and it is never delivered.
    pub fn queued(&self) -> usize {
        let queue = self.folder.path().join("queue");
        ["incoming", "active", "deferred"].iter().map(|name| files_in(&queue.join(name))).sum()
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default()
    }

    fn logs(&self) -> [PathBuf; 2] {
        ["start.log", "mail.log"].map(|name| self.folder.path().join(name))
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if std::thread::panicking() {
            println!("{}", self.logs().map(|it| tail(&it)).join("\n"));
        }
    }
}

/// Sends a signal to a process or, with a `-` before its id, to its group. Whether there is one.
fn signal(name: &str, id: &str) -> bool {
    // As the shell has it: not every system has a program of that name.
    let kill = format!("kill -{name} {id} 2>/dev/null");
    Command::new("sh").args(["-c", &kill]).status().unwrap().success()
}

/// The number of finished queue files in a folder and the folders in it: Postfix makes each executable once it is on the
/// disk as a whole. Those that come and go meanwhile may be counted or not.
fn files_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let is_finished =
        |path: &Path| std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o100 != 0);
    let count = |path: PathBuf| match path.is_dir() {
        true => files_in(&path),
        false => usize::from(is_finished(&path)),
    };
    entries.filter_map(Result::ok).map(|it| count(it.path())).sum()
}
