//! Pushes events to an application service, as a homeserver does.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Args;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::json;

use crate::client::Connection;
use crate::events::made_up_rooms;
use crate::load::Load;
use crate::times::Times;

/// The options of the subcommand.
#[derive(Args, Clone)]
pub struct Push {
    /// Host and port of the application service. If there are several, pushes in flight are spread
    /// over them.
    #[arg(long = "address", required = true)]
    addresses: Vec<String>,
    /// The token that the homeserver shows.
    #[arg(long)]
    token: String,
    /// A file with the id of a room on each line. Without it, the rooms are made up.
    #[arg(long)]
    rooms: Option<PathBuf>,
    /// Who says something. It can be given several times.
    #[arg(long = "sender", required = true)]
    senders: Vec<String>,
    #[command(flatten)]
    load: Load,
    /// The number of pushes that are sent before one of them is answered.
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Send no more than this number of events in a second.
    #[arg(long)]
    events_per_second: Option<f64>,
}

/// The pushes that are sent, and how far the senders are.
struct Queue {
    bodies: Vec<Bytes>,
    next: AtomicUsize,
    started: Instant,
    end: Instant,
}

impl Push {
    /// Measures, and prints the result.
    ///
    /// # Errors
    /// If the application service does not answer each push with 200.
    pub async fn run(self) -> anyhow::Result<()> {
        let bodies = self.bodies()?;
        let mut connection = Connection::open(&self.addresses[0]).await?;
        for (number, body) in bodies.iter().take(self.load.warm_up).enumerate() {
            self.send(&mut connection, &self.addresses[0], number, body.clone()).await?;
        }
        let started = Instant::now();
        let queue = Arc::new(Queue {
            bodies,
            next: AtomicUsize::new(self.load.warm_up),
            started,
            end: started + Duration::from_secs(self.load.seconds),
        });
        let senders: Vec<_> = (0..self.in_flight)
            .map(|number| tokio::spawn(self.clone().send_queued(number, Arc::clone(&queue))))
            .collect();
        let mut times = Times::default();
        for sender in senders {
            times.extend(sender.await??);
        }
        let seconds = started.elapsed().as_secs_f64();
        let events = times.len() * self.load.events;
        let with_warm_up = events + self.load.warm_up * self.load.events;
        println!(
            "{}",
            json!({
                "times": times.summary(), "events": events, "events_with_warm_up": with_warm_up,
                "seconds": seconds, "events_per_second": events as f64 / seconds,
            })
        );
        Ok(())
    }

    fn bodies(&self) -> anyhow::Result<Vec<Bytes>> {
        let rooms = match &self.rooms {
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("{file:?}"))?;
                text.lines().map(str::to_owned).collect()
            }
            None => made_up_rooms(self.load.made_up_rooms),
        };
        ensure!(!rooms.is_empty(), "the file of --rooms is empty");
        Ok(self.load.bodies(rooms, self.senders.clone()).map(Bytes::from).collect())
    }

    /// Sends what waits, over one connection, and returns how long each answer took.
    async fn send_queued(self, number: usize, queue: Arc<Queue>) -> anyhow::Result<Times> {
        let address = &self.addresses[number % self.addresses.len()];
        let mut connection = Connection::open(address).await?;
        let mut times = Times::default();
        loop {
            let place = queue.next.fetch_add(1, Ordering::Relaxed);
            if place >= queue.bodies.len() || Instant::now() > queue.end {
                return Ok(times);
            }
            self.wait_for_turn(place - self.load.warm_up, queue.started).await;
            let body = queue.bodies[place].clone();
            times.add(self.send(&mut connection, address, place, body).await?);
            if self.load.pause > 0 {
                tokio::time::sleep(Duration::from_millis(self.load.pause)).await;
            }
        }
    }

    /// Waits until a push may be sent at the wanted rate.
    async fn wait_for_turn(&self, pushes_before: usize, started: Instant) {
        if let Some(rate) = self.events_per_second {
            let after = (pushes_before * self.load.events) as f64 / rate;
            tokio::time::sleep_until((started + Duration::from_secs_f64(after)).into()).await;
        }
    }

    async fn send(
        &self,
        connection: &mut Connection,
        address: &str,
        number: usize,
        body: Bytes,
    ) -> anyhow::Result<Duration> {
        let path = format!("/_matrix/app/v1/transactions/seed{}-{number}", self.load.seed);
        let request = Request::put(path)
            .header("host", address)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        let answer = connection.ask(request).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == StatusCode::OK, "a push was answered {}: {text}", answer.status);
        Ok(answer.whole)
    }
}
