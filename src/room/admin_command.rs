//! The commands that admins write to the bot in their room, and what it says there. It is in English, like the
//! command line and the log.

use jiff::civil::Time;

use super::command::after_prefix;
use super::{Message, command};
use crate::transaction::{PartyRole, Status};
use crate::wording::safe::{escape, one_line};

/// The longest text of others in a line, in characters.
const MAX_TEXT_CHARS: usize = 300;

/// The help.
const HELP: &[(&str, &str)] = &[
    ("list", "the newest transactions, with their status and their room"),
    ("problems", "what needs somebody, and why"),
    ("retry [ID]", "tries again what failed, in one transaction or in all"),
    ("invite ID", "invites the contacts of a transaction again who are not in the room"),
    ("link ID buyer|seller", "sends you a link to the invoice page, in a direct message"),
    (
        "close ID",
        "sets the status of a transaction to completed; `close ID cancelled` calls it off",
    ),
    (
        "quiet 22:00-07:00",
        "tells no problems in these hours, but after them; `quiet off` ends that",
    ),
];

/// What an admin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminCommand {
    /// The list of all commands.
    Help,
    /// The newest transactions.
    List,
    /// All problems.
    Problems,
    /// Try again what failed: in the transaction that is called so, or in all.
    Retry(Option<String>),
    /// Invite the contacts of a transaction again.
    Invite(String),
    /// A link to the page of a transaction.
    Link(String, PartyRole),
    /// Set the status of a transaction to one that ends it.
    Close(String, Status),
    /// When no problems are told.
    Quiet(Option<QuietHours>),
    /// Not understood, with what to write instead.
    Mistake(String),
}

/// The hours of each day in which the bot tells no problems. If `from` is after `until`, they go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    until: Time,
}

impl QuietHours {
    /// Reads `22:00-07:00`.
    pub fn of_text(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let hours = Self { from: time(from)?, until: time(until)? };
        (hours.from != hours.until).then_some(hours)
    }

    /// Whether it is quiet at this time.
    pub fn contain(self, time: Time) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

impl std::fmt::Display for QuietHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, until } = self;
        write!(f, "{}-{}", from.strftime("%H:%M"), until.strftime("%H:%M"))
    }
}

/// Reads a message to the bot in the room of the admins. Returns none if it is none.
pub fn admin_command(text: &str) -> Option<AdminCommand> {
    let words: Vec<&str> = after_prefix(text)?.split_whitespace().collect();
    let (word, arguments) = words.split_first().map_or(("help", &[][..]), |(it, rest)| (*it, rest));
    let mistake = |usage: &str| AdminCommand::Mistake(format!("Write {} {usage}", command::PREFIX));
    let one = |arguments: &[&str]| match arguments {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    Some(match (word.to_lowercase().as_str(), arguments) {
        ("help", _) => AdminCommand::Help,
        ("list", []) => AdminCommand::List,
        ("problems", []) => AdminCommand::Problems,
        ("retry", [] | [_]) => AdminCommand::Retry(one(arguments)),
        ("invite", _) => one(arguments).map_or_else(
            || mistake("invite ID, with the id or the external_id of a transaction"),
            AdminCommand::Invite,
        ),
        ("link", [id, party]) if PartyRole::from_text(party).is_some() => {
            let party = PartyRole::from_text(party).unwrap_or(PartyRole::Buyer);
            AdminCommand::Link((*id).to_owned(), party)
        }
        ("link", _) => mistake("link ID buyer, or link ID seller"),
        ("close", [id] | [id, "completed"]) => {
            AdminCommand::Close((*id).to_owned(), Status::Completed)
        }
        ("close", [id, "cancelled"]) => AdminCommand::Close((*id).to_owned(), Status::Cancelled),
        ("close", _) => mistake("close ID, or close ID cancelled"),
        ("quiet", ["off"]) => AdminCommand::Quiet(None),
        ("quiet", [hours]) if QuietHours::of_text(hours).is_some() => {
            AdminCommand::Quiet(QuietHours::of_text(hours))
        }
        ("quiet", _) => mistake("quiet 22:00-07:00, or quiet off"),
        _ => mistake("help, which lists what I understand"),
    })
}

/// The answer to [`AdminCommand::Help`].
pub fn admin_help() -> Message {
    let items = HELP.iter().map(|(usage, about)| format!("{} {usage}: {about}", command::PREFIX));
    list("This is what I understand:", items)
}

/// A message with a head and a list. All texts are shortened and made safe.
pub fn list(head: &str, items: impl Iterator<Item = String>) -> Message {
    let (mut body, mut html) = (head.to_owned(), format!("<p>{}</p>\n<ul>\n", escape(head)));
    for item in items {
        let item = one_line(&item, MAX_TEXT_CHARS);
        body.push_str(&format!("\n- {item}"));
        html.push_str(&format!("<li>{}</li>\n", escape(&item)));
    }
    html.push_str("</ul>");
    Message { body, formatted_body: html }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_understood_and_each_mistake_is_answered_with_what_to_write() {
        use AdminCommand::{Close, Help, Invite, Link, List, Mistake, Problems, Quiet, Retry};
        let quiet = QuietHours::of_text("22:00-07:00");
        for (text, expected) in [
            ("!tally", Help),
            ("!tally list", List),
            ("!tally PROBLEMS", Problems),
            ("!tally retry", Retry(None)),
            ("!tally retry order-1", Retry(Some("order-1".to_owned()))),
            ("!tally invite order-1", Invite("order-1".to_owned())),
            ("!tally link order-1 seller", Link("order-1".to_owned(), PartyRole::Seller)),
            ("!tally quiet 22:00-07:00", Quiet(quiet)),
            ("!tally close order-1", Close("order-1".to_owned(), Status::Completed)),
            ("!tally close order-1 cancelled", Close("order-1".to_owned(), Status::Cancelled)),
            ("!tally quiet off", Quiet(None)),
        ] {
            assert_eq!(admin_command(text), Some(expected), "{text}");
        }
        for (text, usage) in [
            ("!tally retry a b", "help"),
            ("!tally invite", "invite ID"),
            ("!tally link order-1", "link ID buyer"),
            ("!tally link order-1 bank", "link ID buyer"),
            ("!tally close order-1 paid", "close ID cancelled"),
            ("!tally quiet 25:00-07:00", "quiet 22:00-07:00"),
            ("!tally quiet 07:00-07:00", "quiet 22:00-07:00"),
            ("!tally dance", "help"),
        ] {
            let Some(Mistake(words)) = admin_command(text) else { panic!("{text}") };
            assert!(words.contains(usage), "{text}: {words}");
        }
        assert_eq!(admin_command("retry"), None);
    }

    #[test]
    fn quiet_hours_go_over_midnight() {
        let at = |text: &str| Time::strptime("%H:%M", text).unwrap();
        let night = QuietHours::of_text("22:00-07:00").unwrap();
        let noon = QuietHours::of_text("12:00-13:30").unwrap();
        for (time, in_night, in_noon) in [
            ("21:59", false, false),
            ("22:00", true, false),
            ("00:00", true, false),
            ("06:59", true, false),
            ("07:00", false, false),
            ("12:00", false, true),
            ("13:30", false, false),
        ] {
            assert_eq!(
                (night.contain(at(time)), noon.contain(at(time))),
                (in_night, in_noon),
                "{time}"
            );
        }
        assert_eq!(night.to_string(), "22:00-07:00");
    }

    #[test]
    fn what_others_wrote_cannot_break_a_list() {
        let message =
            list("Problems", ["<b>\nx\u{202e}".to_owned(), "y".repeat(5_000)].into_iter());
        assert_eq!(message.body.lines().count(), 3);
        assert!(message.formatted_body.contains("&lt;b&gt; x") && message.body.len() < 1_000);
    }
}
