//! Days and times of day, as ICU writes them. Some regions have another calendar by default, but
//! the days of an invoice are Gregorian.

use icu_calendar::{Date as IcuDate, Gregorian};
use icu_datetime::fieldsets::{T, YMD, YMDE};
use icu_datetime::input::Time as IcuTime;
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_locale::Locale;
use jiff::civil::{Date, Time};

/// Such as `1 July 2026`.
pub(super) fn date(locale: &Locale, date: Date) -> String {
    let formatter = FixedCalendarDateTimeFormatter::try_new(locale.into(), YMD::long());
    match (formatter, gregorian(date)) {
        (Ok(formatter), Some(day)) => formatter.format(&day).to_string(),
        _ => date.to_string(),
    }
}

/// Such as `Wednesday 1 July 2026`.
pub(super) fn weekday_and_date(locale: &Locale, date: Date) -> String {
    let formatter = FixedCalendarDateTimeFormatter::try_new(locale.into(), YMDE::long());
    match (formatter, gregorian(date)) {
        (Ok(formatter), Some(day)) => formatter.format(&day).to_string(),
        _ => date.to_string(),
    }
}

/// Hours and minutes, such as `14:02` or `2:02 PM`.
pub(super) fn time(locale: &Locale, time: Time) -> String {
    let (hour, minute) = (time.hour().unsigned_abs(), time.minute().unsigned_abs());
    let formatter = NoCalendarFormatter::try_new(locale.into(), T::hm());
    match (formatter, IcuTime::try_new(hour, minute, 0, 0)) {
        (Ok(formatter), Ok(time)) => formatter.format(&time).to_string(),
        _ => format!("{hour:02}:{minute:02}"),
    }
}

fn gregorian(date: Date) -> Option<IcuDate<Gregorian>> {
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    IcuDate::try_new_gregorian(date.year().into(), month, day).ok()
}
