//! A real load balancer, HAProxy, before several processes of the service.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::free_port;
use super::process::Process;

/// The ports of one process of the service, or of the load balancer.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub push: u16,
    pub api: u16,
    pub page: u16,
}

impl Ports {
    pub fn new() -> Self {
        Self { push: free_port(), api: free_port(), page: free_port() }
    }
}

/// What differs between the listeners of the service: their names, and which requests are sent to
/// another process if one ends before it has answered. A push can be repeated.
const LISTENERS: [Listener; 3] = [
    Listener { name: "push", port: |it| it.push, retry_on: "conn-failure empty-response" },
    Listener { name: "api", port: |it| it.api, retry_on: "conn-failure" },
    Listener { name: "page", port: |it| it.page, retry_on: "conn-failure" },
];

struct Listener {
    name: &'static str,
    port: fn(&Ports) -> u16,
    retry_on: &'static str,
}

/// Starts the load balancer.
pub fn start(folder: &Path, ports: Ports, processes: &[Ports]) -> Process {
    let mut config = "global\n    maxconn 4000\n\
        defaults\n    mode http\n    balance roundrobin\n    option redispatch 1\n    retries 3\n    \
        timeout connect 5s\n    timeout client 10m\n    timeout server 10m\n    timeout check 5s\n"
        .to_owned();
    for Listener { name, port, retry_on } in LISTENERS {
        let public = port(&ports);
        writeln!(config, "listen {name}\n    bind 127.0.0.1:{public}\n    retry-on {retry_on}")
            .unwrap();
        writeln!(config, "    option httpchk GET /health/live").unwrap();
        for (number, process) in processes.iter().enumerate() {
            let (port, check) = (port(process), process.api);
            writeln!(
                config,
                "    server process-{number} 127.0.0.1:{port} check port {check} inter 200ms \
                 fall 1 rise 1"
            )
            .unwrap();
        }
    }
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, config).unwrap();
    // Debian has it in a folder that not everybody's PATH has.
    let mut command = Command::new("sh");
    command.args(["-c", "PATH=$PATH:/usr/sbin exec haproxy -db -f \"$0\""]).arg(file);
    Process::start(&mut command, &folder.join("haproxy.log"))
}
