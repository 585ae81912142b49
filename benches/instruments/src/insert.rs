//! Floor: the rows of each push in one commit that waits for the disk. No HTTP, no JSON.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::events::made_up_rooms;
use crate::load::Load;
use crate::rows::{Row, rows_of};
use crate::store::{Database, Store};
use crate::times::Times;

/// The options of the subcommand.
#[derive(Args)]
pub struct Insert {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    load: Load,
}

impl Insert {
    /// Measures, and prints the result.
    ///
    /// # Errors
    /// If no database is named, or if it fails.
    pub fn run(self, runtime: &Runtime) -> anyhow::Result<()> {
        let mut store = runtime.block_on(Store::of(&self.database))?;
        runtime.block_on(store.make_table())?;
        let pushes = self.pushes()?;
        let end = Instant::now() + Duration::from_secs(self.load.seconds);
        let mut times = Times::default();
        let mut busy = Duration::ZERO;
        for (number, rows) in pushes.iter().enumerate() {
            let started = Instant::now();
            store.insert(rows)?;
            let took = started.elapsed();
            if number >= self.load.warm_up {
                times.add(took);
                busy += took;
            }
            if Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(self.load.pause));
        }
        let per_second = (times.len() * self.load.events) as f64 / busy.as_secs_f64();
        println!("{}", json!({ "times": times.summary(), "events_per_second": per_second }));
        Ok(())
    }

    fn pushes(&self) -> anyhow::Result<Vec<Vec<Row>>> {
        let senders = ["@buyer", "@seller"].map(|name| format!("{name}:tally.localhost"));
        let rooms = made_up_rooms(self.load.made_up_rooms);
        let bodies = self.load.bodies(rooms, senders.into());
        bodies.map(|body| Ok(rows_of(body.as_bytes())?)).collect()
    }
}
