//! The world of one test: a homeserver, a database, and the service between them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Executor};
use tallyroom::event::EventId;
use tempfile::TempDir;

use super::balancer::{self, Ports};
use super::process::{Process, tail};
use super::proxy::Proxy;
use super::shop::{KEY, OTHER_KEY};
use super::synapse::{self, Synapse};
use super::{Database, Person, Shop, entering, eventually, free_port};

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The program of this build.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_tallyroom");
pub const DOMAIN: &str = "tally.localhost";

pub struct World {
    pub folder: TempDir,
    pub shop: Shop,
    pub other_shop: Shop,
    pub proxy: Option<Proxy>,
    pub push_port: u16,
    page_port: u16,
    pub synapse_port: u16,
    synapse_version: Option<&'static str>,
    synapse: Option<Synapse>,
    processes: Vec<Instance>,
    balancer: Option<Process>,
    descriptors: Option<u32>,
    /// The program of the service: that of this build, unless the plan named another one.
    pub program: PathBuf,
    http: reqwest::Client,
}

/// One of the processes of the service, with its own config.
pub struct Instance {
    pub shop: Shop,
    config: PathBuf,
    log: PathBuf,
    page_port: u16,
    process: Option<Process>,
}

impl Instance {
    /// A process that has not been started. The config says that it listens at these ports.
    fn new(folder: &Path, name: &str, config: &Value, ports: Ports) -> Self {
        let file = folder.join(format!("{name}.yaml"));
        std::fs::write(&file, serde_json::to_string_pretty(config).unwrap()).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let (shop, log) = (Shop::new(ports.api, KEY), folder.join(format!("{name}.log")));
        Self { shop, config: file, log, page_port: ports.page, process: None }
    }

    /// The address of a path on its server of the invoice page.
    pub fn page(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.page_port)
    }

    fn launch(&mut self, mut command: Command) {
        command.arg("run").arg("--config").arg(&self.config);
        self.process = Some(Process::start(&mut command, &self.log));
    }

    async fn wait_until_ready(&mut self, synapse_log: &Path) {
        let process = self.process.as_mut().unwrap();
        for _ in 0..START_TIMEOUT.as_millis() / 50 {
            let request = self.shop.request(reqwest::Method::GET, "/health/ready");
            if request.send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(!process.has_ended(), "the service ended\n{}", process.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the service is not ready\n{}\n{}", process.tail(), tail(synapse_log));
    }
}

/// What is special about a world.
#[derive(Default)]
pub struct Plan {
    proxied: bool,
    has_page: bool,
    processes: usize,
    synapse_version: Option<&'static str>,
    descriptors: Option<u32>,
    program: Option<PathBuf>,
    other_servers: Vec<String>,
    config: Value,
    homeserver: Value,
}

impl World {
    /// Nothing special; everything runs.
    pub async fn start(database: Database) -> Self {
        Self::with().start(database).await
    }

    pub fn with() -> Plan {
        Plan { processes: 1, config: json!({}), homeserver: json!({}), ..Plan::default() }
    }

    pub fn config_file(&self) -> PathBuf {
        self.processes[0].config.clone()
    }

    /// A new account of an administrator of the homeserver.
    pub async fn admin(&self, name: &str) -> Person {
        let password = password(name);
        let synapse = self.folder.path().join("synapse");
        let arguments = json!(["register", synapse, name, password, "--admin"]);
        synapse::run_script(self.synapse_version, &arguments);
        Person::sign_in(self.synapse_port, name, &password).await
    }

    /// A new account.
    pub async fn person(&self, name: &str) -> Person {
        Person::register(self.synapse_port, name, &password(name)).await
    }

    pub fn bot(&self) -> String {
        format!("@_tallyroom_bot:{DOMAIN}")
    }

    pub async fn start_tallyroom(&mut self) {
        self.launch_tallyroom();
        self.wait_for_tallyroom().await;
    }

    /// Starts the service without waiting for it.
    pub fn launch_tallyroom(&mut self) {
        for number in 0..self.processes.len() {
            self.launch_process(number);
        }
    }

    /// Starts one of the service's processes without waiting for it.
    pub fn launch_process(&mut self, number: usize) {
        let command = match self.descriptors {
            Some(most) => within(most, &self.program),
            None => tallyroom(&self.program),
        };
        self.processes[number].launch(command);
    }

    /// Waits until all of the service's processes are ready.
    pub async fn wait_for_tallyroom(&mut self) {
        for number in 0..self.processes.len() {
            self.wait_for_process(number).await;
        }
    }

    /// Waits until one of the service's processes is ready.
    pub async fn wait_for_process(&mut self, number: usize) {
        let log = self.synapse_log();
        self.processes[number].wait_until_ready(&log).await;
    }

    /// Starts another process of the service on the same database, without a load balancer. The
    /// homeserver does not push to it.
    pub async fn start_another(&self) -> Instance {
        let config = std::fs::read_to_string(self.config_file()).unwrap();
        let (mut config, ports) = (serde_json::from_str(&config).unwrap(), Ports::new());
        listen_at(&mut config, ports);
        let mut another = Instance::new(self.folder.path(), "another", &config, ports);
        another.launch(tallyroom(&self.program));
        another.wait_until_ready(&self.synapse_log()).await;
        another
    }

    pub fn kill_tallyroom(&mut self) {
        for number in 0..self.processes.len() {
            self.kill_process(number);
        }
    }

    pub fn kill_process(&mut self, number: usize) {
        self.processes[number].process.take().unwrap().kill();
    }

    pub async fn terminate_tallyroom(&mut self) -> (ExitStatus, Duration) {
        self.terminate_process(0).await
    }

    pub async fn terminate_process(&mut self, number: usize) -> (ExitStatus, Duration) {
        self.processes[number].process.take().unwrap().terminate().await
    }

    pub fn tallyroom(&self) -> &Process {
        self.processes[0].process.as_ref().unwrap()
    }

    /// The API of one of the service's processes.
    pub fn api_of(&self, number: usize) -> &Shop {
        &self.processes[number].shop
    }

    pub async fn start_synapse(&mut self) {
        let folder = self.folder.path().join("synapse");
        self.synapse = Some(Synapse::start(self.synapse_version, &folder));
        let url = format!("http://127.0.0.1:{}/_matrix/client/versions", self.synapse_port);
        let process = self.synapse.as_mut().unwrap();
        for _ in 0..START_TIMEOUT.as_millis() / 50 {
            if self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(!process.has_ended(), "Synapse ended\n{}", process.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Synapse is not ready\n{}", tail(&self.synapse_log()));
    }

    pub fn kill_synapse(&mut self) {
        self.synapse.take().unwrap().kill();
    }

    pub async fn stop_synapse(&mut self) {
        self.synapse.take().unwrap().terminate().await;
    }

    /// Runs a subcommand with this world's config; exit status, standard output, standard error.
    pub fn run(&self, arguments: &[&str]) -> (ExitStatus, String, String) {
        self.run_with(&[], arguments)
    }

    /// As [`Self::run`], with these environment variables.
    pub fn run_with(
        &self,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> (ExitStatus, String, String) {
        let (command, rest) = arguments.split_first().unwrap();
        let output = tallyroom(&self.program)
            .envs(variables.iter().copied())
            .arg(command)
            .arg("--config")
            .arg(self.config_file())
            .args(rest)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (output.status, text(&output.stdout), text(&output.stderr))
    }

    /// Writes into the database behind the service's back; how many rows that touched.
    pub async fn sql(&self, statement: &str) -> u64 {
        let mut connection = self.database().await;
        let done = connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await;
        let rows = done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected();
        connection.close().await.unwrap();
        rows
    }

    /// One text out of the database; none for NULL or no row.
    pub async fn sql_text(&self, query: &str) -> Option<String> {
        let mut connection = self.database().await;
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()));
        let text: Option<Option<String>> = query.fetch_optional(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        text.flatten()
    }

    /// A connection to the service's database.
    pub async fn database(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let config: Value =
            serde_json::from_str(&std::fs::read_to_string(self.config_file()).unwrap()).unwrap();
        let url = config["database"]["url"].as_str().unwrap();
        let mut connection = AnyConnection::connect(url).await.unwrap();
        if url.starts_with("sqlite") {
            connection.execute("PRAGMA busy_timeout = 15000").await.unwrap();
        }
        connection
    }

    /// The events of a shop in the order of the feed: the transaction and the id of each.
    pub async fn events(&self, shop: &str) -> Vec<(String, EventId)> {
        let mut connection = self.database().await;
        let select = "SELECT transaction_id, id FROM events WHERE shop = $1 ORDER BY id";
        let rows: Vec<(String, i64)> =
            sqlx::query_as(select).bind(shop).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.into_iter().map(|(transaction, id)| (transaction, EventId(id))).collect()
    }

    /// Everything that the service has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.processes[0].log).unwrap_or_default()
    }

    /// The address of a path on the invoice page's server.
    pub fn page(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.page_port)
    }

    /// Where the service listens: for pushes, for shops, for people.
    pub fn listeners(&self) -> [String; 3] {
        let config = std::fs::read_to_string(self.config_file()).unwrap();
        let config: Value = serde_json::from_str(&config).unwrap();
        let of = |section: &str| config[section]["listen"].as_str().unwrap_or_default().to_owned();
        [of("appservice"), of("api"), of("page")]
    }

    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("this world has no proxy: World::with().proxy()")
    }

    /// A secret out of the registration file.
    pub fn token(&self, name: &str) -> String {
        let file = self.folder.path().join("registration.yaml");
        let text = std::fs::read_to_string(file).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(": ").unwrap().1.trim_matches('"').to_owned()
    }

    /// A call to the homeserver as the bot.
    pub async fn as_bot(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/_matrix/client/v3/{path}", self.synapse_port);
        let request = self.http.request(method, url).query(&[("user_id", self.bot())]);
        let answer = request.bearer_auth(self.token("as_token")).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// A push, as the homeserver makes it; the status and body of the answer.
    pub async fn push(&self, id: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}/_matrix/app/v1/transactions/{id}", self.push_port);
        let request = self.http.put(url).bearer_auth(self.token("hs_token")).body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    fn synapse_log(&self) -> PathBuf {
        self.folder.path().join("synapse/homeserver.log")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for instance in &mut self.processes {
            instance.process = None;
        }
        self.balancer = None;
        self.synapse = None;
        if std::thread::panicking() {
            for instance in &self.processes {
                println!("{}", tail(&instance.log));
            }
            if std::env::var_os("KEEP").is_some() {
                self.folder.disable_cleanup(true);
                println!("kept: {}", self.folder.path().display());
            }
        }
    }
}

impl Plan {
    /// With a proxy between the service and the homeserver.
    pub fn proxy(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// With the invoice page, at [`World::page`].
    pub fn page(mut self) -> Self {
        self.has_page = true;
        self
    }

    /// With so many processes of the service, behind a load balancer.
    pub fn processes(mut self, count: usize) -> Self {
        self.processes = count;
        self
    }

    /// With a homeserver of another version than today's (one of `scripts/synapse versions`).
    pub fn synapse(mut self, version: &'static str) -> Self {
        self.synapse_version = Some(version);
        self
    }

    /// With a service that may have so many files and connections open.
    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// With this program in the place of the one of this build.
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// With a homeserver that may speak with this one.
    pub fn federates_with(mut self, server: &str) -> Self {
        self.other_servers.push(server.to_owned());
        self
    }

    /// With these keys in a section of the config, or with this list as a whole section.
    pub fn config(mut self, section: &str, keys: Value) -> Self {
        self.config[section] = keys;
        self
    }

    /// With this key in the config of the homeserver.
    pub fn homeserver(mut self, key: &str, value: Value) -> Self {
        self.homeserver[key] = value;
        self
    }

    pub async fn start(self, database: Database) -> World {
        let mut world = self.prepare(database).await;
        world.start_synapse().await;
        world.start_tallyroom().await;
        world
    }

    /// Everything is written; nothing runs yet.
    pub async fn prepare(self, database: Database) -> World {
        let folder = TempDir::new().unwrap();
        let synapse_port = free_port();
        let each: Vec<Ports> = (0..self.processes).map(|_| Ports::new()).collect();
        let is_balanced = each.len() > 1;
        let public = if is_balanced { Ports::new() } else { each[0] };
        let proxy = match self.proxied {
            true => Some(Proxy::start(synapse_port).await),
            false => None,
        };
        let homeserver_port = proxy.as_ref().map_or(synapse_port, |proxy| proxy.port);
        let mut config = json!({
            "homeserver": { "url": format!("http://127.0.0.1:{homeserver_port}"), "domain": DOMAIN },
            "appservice": { "url": format!("http://127.0.0.1:{}", public.push) },
            "api": {
                "keys": [{ "shop": "shop", "key": KEY }, { "shop": "other", "key": OTHER_KEY, "language": "de" }],
            },
            "database": { "url": database.create(folder.path()).await },
            "log": { "level": "info,tallyroom=debug", "format": "json" },
        });
        if self.has_page {
            config["page"] = json!({ "url": format!("http://127.0.0.1:{}", public.page) });
        }
        listen_at(&mut config, each[0]);
        for (section, keys) in self.config.as_object().unwrap() {
            let Some(keys) = keys.as_object() else {
                config[section] = keys.clone();
                continue;
            };
            for (key, value) in keys {
                config[section][key] = value.clone();
            }
        }
        let mut processes = vec![Instance::new(folder.path(), "tallyroom", &config, each[0])];
        for (number, ports) in each.iter().enumerate().skip(1) {
            listen_at(&mut config, *ports);
            let name = format!("tallyroom-{}", number + 1);
            processes.push(Instance::new(folder.path(), &name, &config, *ports));
        }
        let balancer = is_balanced.then(|| balancer::start(folder.path(), public, &each));
        let program = self.program.unwrap_or_else(|| PathBuf::from(PROGRAM));
        let made = tallyroom(&program)
            .arg("generate-registration")
            .arg("--config")
            .arg(&processes[0].config)
            .output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut configure = vec!["configure".to_owned(), path("synapse")];
        configure.extend(["--port".to_owned(), synapse_port.to_string()]);
        configure.extend(["--server-name".to_owned(), DOMAIN.to_owned()]);
        configure.extend(["--registration".to_owned(), path("registration.yaml")]);
        for other in &self.other_servers {
            configure.extend(["--federate-with".to_owned(), other.clone()]);
        }
        synapse::run_script(self.synapse_version, &json!(configure));
        let homeserver_file = folder.path().join("synapse/homeserver.yaml");
        let text = std::fs::read_to_string(&homeserver_file).unwrap();
        let mut homeserver: Value = serde_json::from_str(&text).unwrap();
        // So that a new account takes one call, and no start of a script.
        homeserver["enable_registration"] = json!(true);
        homeserver["enable_registration_without_verification"] = json!(true);
        for (key, value) in self.homeserver.as_object().unwrap() {
            homeserver[key] = value.clone();
        }
        std::fs::write(&homeserver_file, homeserver.to_string()).unwrap();
        World {
            shop: Shop::new(public.api, KEY),
            other_shop: Shop::new(public.api, OTHER_KEY),
            proxy,
            push_port: public.push,
            page_port: public.page,
            synapse_port,
            synapse_version: self.synapse_version,
            synapse: None,
            processes,
            balancer,
            descriptors: self.descriptors,
            program,
            http: entering::http(),
            folder,
        }
    }
}

/// A transaction with its room, both parties in it.
pub struct Deal {
    pub id: String,
    pub room: String,
    pub buyer: Person,
    pub seller: Person,
}

impl World {
    /// Buyer and seller, a transaction between them, and both in its room.
    pub async fn deal(&self) -> Deal {
        let (buyer, seller) = (self.person("buyer").await, self.person("seller").await);
        let id = self.shop.create(&super::sample("order-1", &buyer.id, &seller.id)).await;
        let room = self.shop.room(&id).await;
        buyer.join(&room).await;
        seller.join(&room).await;
        Deal { id, room, buyer, seller }
    }

    /// Waits until `ask` answers for this world.
    pub async fn eventually<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        ask: impl FnMut() -> F,
    ) -> T {
        eventually(what, Duration::from_secs(60), ask).await
    }
}

/// Sets where a process listens, as far as the config has it listen.
fn listen_at(config: &mut Value, ports: Ports) {
    for (section, port) in [("appservice", ports.push), ("api", ports.api), ("page", ports.page)] {
        if config.get(section).is_some() {
            config[section]["listen"] = json!(format!("127.0.0.1:{port}"));
        }
    }
}

fn password(name: &str) -> String {
    format!("password of {name}")
}

fn tallyroom(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}

/// The program, with at most so many files and connections.
fn within(descriptors: u32, program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.env_clear().arg("-c").arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""));
    command.arg(program);
    command
}
