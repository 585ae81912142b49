//! The Synapse of a test. Each is a process of its own, forked from one that has loaded everything: the
//! loading takes two seconds of processor time, which is most of what a start takes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::process::tail;

/// How long one may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// A version; none is today's.
type Version = Option<&'static str>;

/// One for each version, as long as this process runs.
static LAUNCHERS: Mutex<BTreeMap<Version, Launcher>> = Mutex::new(BTreeMap::new());

/// `scripts/synapse launch`. It keeps the process id of a Synapse until we know that it has ended, so
/// that no other process can have it by then.
struct Launcher {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// It ends when we do: then there are no more orders.
    _process: Child,
}

impl Launcher {
    fn start(version: Version) -> Self {
        let mut command = script(version);
        command.arg("launch").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        Self {
            orders: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            _process: process,
        }
    }

    fn answer(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "no Synapse can be started");
        answer.trim_end().to_owned()
    }
}

fn ask(version: Version, order: &str) -> String {
    let mut launchers = LAUNCHERS.lock().unwrap_or_else(PoisonError::into_inner);
    launchers.entry(version).or_insert_with(|| Launcher::start(version)).answer(order)
}

/// Runs a command of the script, with these arguments.
pub fn run_script(version: Version, arguments: &Value) {
    let answer = ask(version, &format!("do {arguments}"));
    assert_eq!(answer, "yes", "scripts/synapse {arguments}");
}

/// The script that knows about Synapse.
fn script(version: Version) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/synapse"));
    command.args(version.into_iter().flat_map(|it| ["--version", it]));
    command
}

/// A Synapse that the test started, and only ever ends by its own process id.
pub struct Synapse {
    version: Version,
    process: Pid,
    has_ended: bool,
    out: PathBuf,
}

impl Synapse {
    /// Starts what was configured in this folder.
    pub fn start(version: Version, folder: &Path) -> Self {
        let process = ask(version, &format!("start {}", folder.display()));
        let process = process.parse().ok().and_then(Pid::from_raw).unwrap();
        Self { version, process, has_ended: false, out: folder.with_extension("out") }
    }

    /// `kill -9`, and gone when this returns.
    pub fn kill(self) {
        drop(self);
    }

    /// SIGTERM, and gone when this returns.
    pub async fn terminate(mut self) {
        self.signal(Signal::TERM);
        let started = Instant::now();
        while !self.has_ended() {
            assert!(started.elapsed() < END_TIMEOUT, "did not end\n{}", self.tail());
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub fn has_ended(&mut self) -> bool {
        let order = format!("ended {}", self.process.as_raw_nonzero());
        self.has_ended = self.has_ended || ask(self.version, &order) == "yes";
        self.has_ended
    }

    /// The end of what it said beside its log.
    pub fn tail(&self) -> String {
        tail(&self.out)
    }

    fn signal(&mut self, signal: Signal) {
        if !self.has_ended() {
            kill_process(self.process, signal).unwrap();
        }
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let started = Instant::now();
        while !self.has_ended() && started.elapsed() < END_TIMEOUT {
            std::thread::sleep(PAUSE);
        }
    }
}
