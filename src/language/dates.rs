//! Formats dates and times of day with ICU. Some regions have another calendar by default, but the dates
//! of an invoice are Gregorian.

use icu_calendar::{Date as IcuDate, Gregorian};
use icu_datetime::fieldsets::{T, YMD, YMDE};
use icu_datetime::input::{DateTime as IcuDateTime, Time as IcuTime};
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_locale::Locale;
use jiff::civil::{Date, DateTime, Time};

/// Such as `1 July 2026`.
pub(super) fn date(locale: &Locale, date: Date) -> String {
    day(locale, date, YMD::long())
}

/// Such as `1 Jul 2026`.
pub(super) fn short_date(locale: &Locale, date: Date) -> String {
    day(locale, date, YMD::medium())
}

fn day(locale: &Locale, date: Date, fields: YMD) -> String {
    let formatter = FixedCalendarDateTimeFormatter::try_new(locale.into(), fields);
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

/// Such as `1 July 2026 at 14:02`.
pub(super) fn date_and_time(locale: &Locale, moment: DateTime) -> String {
    let fields = YMD::long().with_time_hm();
    let formatter = FixedCalendarDateTimeFormatter::try_new(locale.into(), fields);
    match (formatter, gregorian(moment.date()), of_day(moment.time())) {
        (Ok(formatter), Some(date), Some(time)) => {
            formatter.format(&IcuDateTime { date, time }).to_string()
        }
        _ => moment.to_string(),
    }
}

/// Hours and minutes, such as `14:02` or `2:02 PM`.
pub(super) fn time(locale: &Locale, time: Time) -> String {
    let formatter = NoCalendarFormatter::try_new(locale.into(), T::hm());
    match (formatter, of_day(time)) {
        (Ok(formatter), Some(time)) => formatter.format(&time).to_string(),
        _ => time.to_string(),
    }
}

fn of_day(time: Time) -> Option<IcuTime> {
    IcuTime::try_new(time.hour().unsigned_abs(), time.minute().unsigned_abs(), 0, 0).ok()
}

fn gregorian(date: Date) -> Option<IcuDate<Gregorian>> {
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    IcuDate::try_new_gregorian(date.year().into(), month, day).ok()
}
