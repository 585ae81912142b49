//! What an installation decides about the statuses: a section of the config.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Status;
use super::words::{folded, meaning_of};
use crate::record::digest::canonical;
use crate::transaction::PartyRole;

/// A shop's own name for a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedStatus {
    /// The name, in any spelling.
    pub name: String,
    /// What it means.
    pub means: Status,
    /// The shop that uses it. `None` means all shops.
    #[serde(default)]
    pub shop: Option<String>,
}

impl NamedStatus {
    /// Returns the status whose name this is, if it is another one than what it shall mean.
    pub fn is_of_another(&self) -> Option<Status> {
        let name = folded(&self.name);
        Status::ALL
            .into_iter()
            .find(|it| folded(it.as_str()) == name)
            .filter(|it| *it != self.means)
    }
}

/// The rules for the statuses of transactions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRules {
    /// The shops' own names.
    pub names: Vec<NamedStatus>,
    /// What a buyer may set on the page.
    pub buyer: Vec<Status>,
    /// What a seller may set on the page.
    pub seller: Vec<Status>,
    /// The statuses that make the room read-only.
    pub closing: Vec<Status>,
    /// The time zone in which due dates end. It is `page.time_zone`, and is set when the config is loaded.
    #[serde(skip, default = "utc")]
    pub time_zone: TimeZone,
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

impl Default for StatusRules {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            buyer: vec![Status::Accepted, Status::Disputed],
            seller: vec![Status::Shipped, Status::Paid],
            closing: vec![Status::Completed, Status::Cancelled],
            time_zone: TimeZone::UTC,
        }
    }
}

impl StatusRules {
    /// Returns what a shop's word means, or `None` if it is not understood. The names in the config go first, and
    /// those of one shop before those of all shops.
    pub fn meaning(&self, shop: &str, word: &str) -> Option<Status> {
        let word = folded(word);
        let named = |own: bool| {
            let of_shop = |it: &&NamedStatus| match &it.shop {
                Some(its) => own && its == shop,
                None => !own,
            };
            self.names.iter().filter(of_shop).find(|it| folded(&it.name) == word)
        };
        named(true).or_else(|| named(false)).map(|it| it.means).or_else(|| meaning_of(&word))
    }

    /// What this party may set on the page, if it may follow.
    pub fn may_set(&self, role: PartyRole) -> &[Status] {
        match role {
            PartyRole::Buyer => &self.buyer,
            PartyRole::Seller => &self.seller,
        }
    }

    /// Returns a text that is another one if a transaction may stand differently under other rules, at whatever time: the
    /// SHA-256, in hex, of all that decides it.
    pub fn digest(&self) -> String {
        let zone = self.time_zone.iana_name().unwrap_or_default();
        format!("{:x}", Sha256::digest(canonical(&(&self.names, &self.closing, zone))))
    }

    /// Returns the date at this time, in milliseconds since 1970.
    pub fn date_at(&self, milliseconds: i64) -> Date {
        let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
        self.time_zone.to_datetime(time).date()
    }

    /// Returns when this date is over, in milliseconds since 1970: at the first moment of the next day, also where
    /// that is not midnight. `None` if it is out of range.
    pub fn end_of(&self, date: Date) -> Option<i64> {
        let midnight = date.tomorrow().ok()?.to_datetime(Time::midnight());
        // Where the clocks skip midnight, this is the moment at which they do so.
        Some(self.time_zone.to_timestamp(midnight).ok()?.as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str, means: Status, shop: Option<&str>) -> NamedStatus {
        NamedStatus { name: name.to_owned(), means, shop: shop.map(str::to_owned) }
    }

    #[test]
    fn names_of_the_config_go_first_and_those_of_the_shop_before_others() {
        let names = vec![
            name("In Mahnung", Status::Overdue, None),
            name("fertig", Status::Completed, None),
            name("fertig", Status::Shipped, Some("tools")),
            name("closed", Status::Issued, Some("tools")),
        ];
        let rules = StatusRules { names, ..StatusRules::default() };
        for (shop, word, meaning) in [
            ("tools", "in_mahnung", Some(Status::Overdue)),
            ("tools", "FERTIG", Some(Status::Shipped)),
            ("other", "fertig", Some(Status::Completed)),
            ("tools", "closed", Some(Status::Issued)),
            ("other", "closed", Some(Status::Completed)),
            ("other", "with_the_lawyers", None),
        ] {
            assert_eq!(rules.meaning(shop, word), meaning, "{word} of {shop}");
        }
    }

    #[test]
    fn the_digest_changes_with_what_decides_how_a_transaction_stands() {
        let digest = |change: fn(&mut StatusRules)| {
            let mut rules = StatusRules::default();
            change(&mut rules);
            rules.digest()
        };
        let same = digest(|_| ());
        assert_eq!(digest(|rules| rules.buyer.clear()), same);
        let changed = [
            digest(|rules| rules.names.push(name("fertig", Status::Completed, None))),
            digest(|rules| rules.names.push(name("fertig", Status::Completed, Some("tools")))),
            digest(|rules| rules.closing.clear()),
            digest(|rules| rules.time_zone = TimeZone::get("Europe/Berlin").unwrap()),
        ];
        for (place, one) in changed.iter().enumerate() {
            assert!(*one != same && !changed[..place].contains(one), "{place}");
        }
    }

    #[test]
    fn a_date_ends_where_the_installation_is() {
        let in_zone = |name| StatusRules {
            time_zone: TimeZone::get(name).unwrap(),
            ..StatusRules::default()
        };
        for (zone, date, end) in [
            ("UTC", "2026-07-31", "2026-08-01T00:00:00Z"),
            ("Europe/Berlin", "2026-07-31", "2026-07-31T22:00:00Z"),
            ("Pacific/Auckland", "2026-07-31", "2026-07-31T12:00:00Z"),
            ("America/Los_Angeles", "2026-07-31", "2026-08-01T07:00:00Z"),
            // The clocks went forward at midnight, so this day began at 01:00.
            ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"),
            // The clocks go back on this day.
            ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"),
        ] {
            let rules = in_zone(zone);
            let date: Date = date.parse().unwrap();
            let end = end.parse::<Timestamp>().unwrap().as_millisecond();
            assert_eq!(rules.end_of(date), Some(end), "{zone} {date}");
            assert_eq!(rules.date_at(end - 1), date, "{zone}");
            assert!(rules.date_at(end) > date, "{zone}");
        }
    }
}
