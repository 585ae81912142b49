//! The pushes of a load, or of the floor beside it.

use clap::Args;

use crate::events::Conversation;

/// How many pushes there are, and what is in them.
#[derive(Args, Clone)]
pub struct Load {
    /// The number of events in each push.
    #[arg(long, default_value_t = 1)]
    pub events: usize,
    /// The number of timed pushes.
    #[arg(long, default_value_t = 100)]
    pushes: usize,
    /// The number of pushes before the timed ones.
    #[arg(long, default_value_t = 5)]
    pub warm_up: usize,
    /// The pause after each push in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub pause: u64,
    /// No further push begins after this number of seconds.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// The number of rooms that are made up.
    #[arg(long, default_value_t = 20)]
    pub made_up_rooms: usize,
    /// Other seeds give other events, and other ids of pushes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Load {
    /// Returns the bodies of all pushes, those of the warm-up first.
    pub fn bodies(
        &self,
        rooms: Vec<String>,
        senders: Vec<String>,
    ) -> impl Iterator<Item = String> + use<> {
        let mut conversation = Conversation::new(self.seed, rooms, senders);
        let events = self.events;
        (0..self.warm_up + self.pushes).map(move |_| conversation.push(events))
    }
}
