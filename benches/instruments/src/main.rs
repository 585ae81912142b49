//! The instruments of `scripts/performance`. Some put a load on a server, as a homeserver or as people
//! do. The others are the floors: the least that the same work can take on the same machine.
//!
//! Each subcommand prints what it measured as one line of JSON. All times are in milliseconds.

mod client;
mod events;
mod get;
mod insert;
mod load;
mod push;
mod read;
mod rows;
mod serve;
mod store;
mod times;
mod watch;
mod writer;

use clap::Parser;

/// What to measure with.
#[derive(Parser)]
#[command(about = "Loads and floors for scripts/performance")]
enum Instrument {
    /// Pushes events to an application service, as a homeserver does, and times the answers.
    Push(push::Push),
    /// Reads one address again and again, and times the first byte of each answer.
    Get(get::Get),
    /// Keeps many pages open, and says when they were told a word.
    Watch(watch::Watch),
    /// Floor: an application service that does the least with each push.
    Serve(serve::Serve),
    /// Floor: stores the events of each push in one commit, without HTTP.
    Insert(insert::Insert),
    /// Floor: reads all rows of a query.
    Read(read::Read),
}

fn main() -> anyhow::Result<()> {
    let instrument = Instrument::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match instrument {
        Instrument::Push(it) => runtime.block_on(it.run()),
        Instrument::Get(it) => runtime.block_on(it.run()),
        Instrument::Watch(it) => runtime.block_on(it.run()),
        Instrument::Serve(it) => runtime.block_on(it.run()),
        Instrument::Insert(it) => it.run(&runtime),
        Instrument::Read(it) => it.run(&runtime),
    }
}
