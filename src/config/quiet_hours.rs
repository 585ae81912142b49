//! The hours of the day in which no mail is sent that nobody waits for.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Two times of day, such as `21:00-07:00`. The second one is not part of the hours any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuietHours {
    from: Time,
    to: Time,
}

impl QuietHours {
    /// Returns when the quiet hours end, if `now` is in them. Both are in milliseconds since 1970.
    pub fn end(self, now: i64, time_zone: &TimeZone) -> Option<i64> {
        let here = time_zone.to_datetime(Timestamp::from_millisecond(now).ok()?);
        let time = here.time();
        let (day, is_quiet) = if self.from < self.to {
            (here.date(), (self.from..self.to).contains(&time))
        } else if time < self.to {
            (here.date(), true)
        } else {
            (here.date().tomorrow().ok()?, time >= self.from)
        };
        let end = time_zone.to_timestamp(day.to_datetime(self.to)).ok()?.as_millisecond();
        // In the night in which clocks are put back, a time of day comes twice. They end at the first one.
        Some(end).filter(|end| is_quiet && *end > now)
    }
}

impl TryFrom<String> for QuietHours {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let times = text.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
        match times {
            Some((from, to)) if from != to => Ok(Self { from, to }),
            _ => Err("no two different times of day"),
        }
    }
}

impl From<QuietHours> for String {
    fn from(hours: QuietHours) -> Self {
        hours.to_string()
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QuietHours { from, to } = self;
        write!(f, "{}-{}", from.strftime("%H:%M"), to.strftime("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> QuietHours {
        text.to_owned().try_into().unwrap()
    }

    /// When the quiet hours end, as a time in UTC.
    fn end(hours: QuietHours, zone: &str, now: &str) -> Option<String> {
        let now: Timestamp = now.parse().unwrap();
        let end = hours.end(now.as_millisecond(), &TimeZone::get(zone).unwrap())?;
        Some(Timestamp::from_millisecond(end).unwrap().to_string())
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let night = hours("21:00-07:00");
        for (now, until) in [
            ("2026-03-01T20:59:59Z", None),
            ("2026-03-01T21:00:00Z", Some("2026-03-02T07:00:00Z")),
            ("2026-03-02T06:59:59Z", Some("2026-03-02T07:00:00Z")),
            ("2026-03-02T07:00:00Z", None),
        ] {
            assert_eq!(end(night, "UTC", now).as_deref(), until, "{now}");
        }
        let noon = hours("12:00-13:30");
        assert_eq!(end(noon, "UTC", "2026-03-01T11:59:00Z"), None);
        let until = Some("2026-03-01T13:30:00Z".to_owned());
        assert_eq!(end(noon, "UTC", "2026-03-01T12:10:00Z"), until);
    }

    #[test]
    fn hours_are_those_of_the_time_zone() {
        let (night, here) = (hours("21:00-07:00"), "Europe/Vienna");
        let until = |now| end(night, here, now);
        assert_eq!(until("2026-01-10T20:00:00Z"), Some("2026-01-11T06:00:00Z".to_owned()));
        assert_eq!(until("2026-07-10T19:00:00Z"), Some("2026-07-11T05:00:00Z".to_owned()));
        // The clocks are put forward, and back.
        assert_eq!(until("2026-03-28T22:00:00Z"), Some("2026-03-29T05:00:00Z".to_owned()));
        assert_eq!(until("2026-10-24T22:00:00Z"), Some("2026-10-25T06:00:00Z".to_owned()));
        // 02:30 comes twice in that night.
        let short = hours("01:00-02:30");
        let until = |now| end(short, here, now);
        assert_eq!(until("2026-10-25T00:10:00Z"), Some("2026-10-25T00:30:00Z".to_owned()));
        assert_eq!(until("2026-10-25T01:10:00Z"), None);
    }

    #[test]
    fn other_texts_are_no_hours() {
        assert_eq!(hours("9:00 - 17:05").to_string(), "09:00-17:05");
        for text in ["", "21:00", "21:00-21:00", "21-7", "24:00-07:00", "21:00-07:60", "a-b"] {
            assert!(QuietHours::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
