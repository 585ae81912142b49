//! Decides what the room of a transaction should be and which step comes next. This folder does no
//! I/O.

mod admin_command;
mod announcement;
mod answer;
mod claim;
mod command;
mod guest;
mod invoice_state;
pub mod message_content;
mod next;
mod notice;
mod ours;
mod payment_notice;
mod plan;
mod problem_news;
mod state_event;
mod step;
mod watch;
mod widget;

pub use admin_command::{AdminCommand, QuietHours, admin_command, admin_help, list};
pub use announcement::{announcement, content_with_mentions};
pub use answer::{
    Asked, LinkFor, answer, reason_missing, sentence, status_refused, status_set, with_link,
};
pub use claim::{Verdict, judge};
pub use command::{Command, Request, Wish, is_request, request};
pub use guest::{Guest, speaker};
pub use next::{needed_steps, next_step};
pub use notice::{encryption_notice, removal_reason, tombstone};
pub use ours::{Sign, sign};
pub use payment_notice::{PaymentNews, payment_notice};
pub use plan::{Message, RoomPlan, Setting};
pub use problem_news::{News, SeenProblem, news};
pub use state_event::{StateEvent, missing_state};
pub use step::{Known, Member, Needed, Next, PageMessage, Step, Wanted};
pub use watch::{Change, Repairs, Successor, change, is_creator, judge_successor};
