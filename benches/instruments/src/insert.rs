//! Floor: the rows of each push in one commit that waits for the disk. No HTTP, no JSON.

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::events::{Conversation, made_up_rooms};
use crate::rows::{Row, rows_of};
use crate::store::{Database, Store};
use crate::times::Times;

/// The options of the subcommand.
#[derive(Args)]
pub struct Insert {
    #[command(flatten)]
    database: Database,
    /// The number of events in each push.
    #[arg(long, default_value_t = 1)]
    events: usize,
    /// The number of timed pushes.
    #[arg(long, default_value_t = 100)]
    pushes: usize,
    /// The number of pushes before the timed ones.
    #[arg(long, default_value_t = 5)]
    warm_up: usize,
    /// The pause after each push in milliseconds.
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// No further push begins after this number of seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The number of rooms in which the events are.
    #[arg(long, default_value_t = 20)]
    made_up_rooms: usize,
    /// Other seeds give other events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Insert {
    /// Measures, and prints the result.
    ///
    /// # Errors
    /// If no database is named, or if it fails.
    pub fn run(self, runtime: &Runtime) -> anyhow::Result<()> {
        let mut store = runtime
            .block_on(Store::open(&self.database))?
            .context("name a database with --sqlite or --postgres")?;
        runtime.block_on(store.make_table())?;
        let pushes = self.pushes()?;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let mut times = Times::default();
        let mut busy = Duration::ZERO;
        for (number, rows) in pushes.iter().enumerate() {
            let started = Instant::now();
            store.insert(rows)?;
            let took = started.elapsed();
            if number >= self.warm_up {
                times.add(took);
                busy += took;
            }
            if Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(self.pause));
        }
        let per_second = (times.len() * self.events) as f64 / busy.as_secs_f64();
        println!("{}", json!({ "times": times.summary(), "events_per_second": per_second }));
        Ok(())
    }

    fn pushes(&self) -> anyhow::Result<Vec<Vec<Row>>> {
        let senders = ["@buyer", "@seller"].map(|name| format!("{name}:tally.localhost"));
        let rooms = made_up_rooms(self.made_up_rooms);
        let mut conversation = Conversation::new(self.seed, rooms, senders.into());
        let all = self.warm_up + self.pushes;
        (0..all).map(|_| Ok(rows_of(conversation.push(self.events).as_bytes())?)).collect()
    }
}
