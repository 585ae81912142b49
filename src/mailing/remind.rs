//! Reminds buyers of what they have to pay, on the days that their shop wants.
//!
//! Once a day, the invoices are looked up whose due date is so many days away. That the reminders of a day were made is noted
//! after the last of them, and each is made once. So a day that was looked at in part is looked at again.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::Mailer;
use crate::clock::now;
use crate::config::Reminders;
use crate::logging::Failures;
use crate::store::{StoreError, folded, is_unreadable};
use crate::transaction::{PartyRole, Standing, Status};

/// How often it is asked whether the reminders of a day are to be made.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// The hours in which reminders are made.
const HOURS: Range<i8> = 9..20;
/// The greatest number of days whose reminders are made on one day, if there was no process to make them before.
const MAX_DAYS: i64 = 3;
/// The greatest number of transactions that are read at a time.
const READ_AT_ONCE: i64 = 100;

/// Reminds buyers until `stop`, if a shop wants that.
pub(super) async fn remind_forever(mailer: Arc<Mailer>, stop: CancellationToken) {
    if mailer.config.mail.reminders.is_empty() {
        return;
    }
    let mut failures = Failures::default();
    let mut done = None;
    loop {
        // What is interrupted is done again.
        let reminded = tokio::select! {
            reminded = mailer.remind(&mut done) => reminded,
            () = stop.cancelled() => return,
        };
        match reminded {
            Ok(()) => failures.reset(),
            Err(error) if failures.should_log(error.to_string()) => {
                tracing::error!(%error, "reminders cannot be made; retrying");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

impl Mailer {
    /// Makes the reminders of today, unless this is `done`, and those of the days before for which nobody made them.
    async fn remind(&self, done: &mut Option<Date>) -> Result<(), StoreError> {
        let today = day_of_reminders(now(), &self.time_zone).filter(|day| *done != Some(*day));
        let Some(today) = today.filter(|_| !self.is_quiet()) else { return Ok(()) };
        for reminders in &self.config.mail.reminders {
            self.note_due_dates(&reminders.shop).await?;
        }
        for day in days_to_make(self.store.reminded_upto().await?, today) {
            for reminders in &self.config.mail.reminders {
                for reminder in reminders_of(reminders, day) {
                    self.remind_shop(&reminders.shop, reminder).await?;
                }
            }
        }
        self.store.set_reminded_upto(today).await?;
        *done = Some(today);
        Ok(())
    }

    /// Has the due dates of a shop's invoices noted that came before due dates were noted for all.
    async fn note_due_dates(&self, shop: &str) -> Result<(), StoreError> {
        let mut after = Ulid::nil();
        while let Some(last) = self.store.note_next_dates(shop, after).await? {
            after = last;
        }
        Ok(())
    }

    /// Reminds the buyers of a shop whose invoices are due on a day.
    async fn remind_shop(&self, shop: &str, reminder: (Date, i64)) -> Result<(), StoreError> {
        let mut after = Ulid::nil();
        loop {
            let due = self.store.due_on(shop, reminder.0, after, READ_AT_ONCE).await?;
            let Some(last) = due.last() else { return Ok(()) };
            after = *last;
            for id in due {
                match self.remind_buyer(id, reminder).await {
                    Err(error) if is_unreadable(&error) => {
                        tracing::error!(%error, transaction = %id, "whom to remind cannot be read");
                    }
                    reminded => reminded?,
                }
            }
        }
    }

    async fn remind_buyer(&self, id: Ulid, reminder: (Date, i64)) -> Result<(), StoreError> {
        let Some(transaction) = self.store.transaction(id).await? else { return Ok(()) };
        if !is_asked(&self.config.standing(&transaction), reminder.0) {
            return Ok(());
        }
        let contacts = transaction.terms.mail_contacts();
        let buyers = contacts.filter(|(role, _)| *role == PartyRole::Buyer).map(|it| it.1);
        let mut buyers: Vec<&str> = buyers.collect();
        if buyers.is_empty() {
            return Ok(());
        }
        let silenced = self.store.silenced(&transaction.shop, buyers.iter().copied()).await?;
        buyers.retain(|address| !silenced.contains_key(&folded(address)));
        self.store.make_reminders(id, &buyers, reminder).await
    }
}

/// Whether a buyer is asked for money by this date, and has not objected.
pub(super) fn is_asked(standing: &Standing, due_date: Date) -> bool {
    standing.due_date == Some(due_date) && standing.status != Status::Disputed
}

/// Returns the day whose reminders are made at this time (milliseconds since 1970). None: it is too early or too late.
fn day_of_reminders(now: i64, time_zone: &TimeZone) -> Option<Date> {
    let here = time_zone.to_datetime(Timestamp::from_millisecond(now).ok()?);
    HOURS.contains(&here.hour()).then(|| here.date())
}

/// Returns the days whose reminders are made today if those up to `last` were made.
fn days_to_make(last: Option<Date>, today: Date) -> impl Iterator<Item = Date> {
    let back = (0..MAX_DAYS).rev().filter_map(move |days| today.checked_sub(days.days()).ok());
    back.filter(move |day| last.map_or(*day == today, |last| *day > last))
}

/// Returns the due dates of which buyers are reminded on a day, each with the number of days from there to that day.
fn reminders_of(reminders: &Reminders, day: Date) -> Vec<(Date, i64)> {
    let before = reminders.before_days.iter().map(|days| -i64::from(*days));
    let after = reminders.after_days.iter().map(|days| i64::from(*days));
    before
        .chain(after)
        .filter_map(|days| Some((day.checked_sub(days.days()).ok()?, days)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::{StatusRules, sample};

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn reminders_are_made_by_day_where_the_seller_is() {
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        let day = |at: &str| {
            let at: Timestamp = at.parse().unwrap();
            day_of_reminders(at.as_millisecond(), &vienna).map(|it| it.to_string())
        };
        assert_eq!(day("2026-07-01T06:59:59Z"), None);
        assert_eq!(day("2026-07-01T07:00:00Z").as_deref(), Some("2026-07-01"));
        assert_eq!(day("2026-07-01T17:59:59Z").as_deref(), Some("2026-07-01"));
        assert_eq!(day("2026-07-01T18:00:00Z"), None);
    }

    #[test]
    fn days_without_a_process_are_made_up_for() {
        let days = |last: Option<&str>| -> Vec<String> {
            let days = days_to_make(last.map(date), date("2026-07-10"));
            days.map(|it| it.to_string()).collect()
        };
        assert_eq!(days(None), ["2026-07-10"]);
        assert_eq!(days(Some("2026-07-09")), ["2026-07-10"]);
        assert_eq!(days(Some("2026-07-08")), ["2026-07-09", "2026-07-10"]);
        assert_eq!(days(Some("2026-01-01")), ["2026-07-08", "2026-07-09", "2026-07-10"]);
        assert_eq!(days(Some("2026-07-10")), [""; 0]);
        assert_eq!(days(Some("2026-07-11")), [""; 0]);
    }

    #[test]
    fn a_reminder_is_so_many_days_before_or_after_a_due_date() {
        let (before_days, after_days) = (vec![7, 3], vec![1]);
        let reminders = Reminders { shop: "shop".to_owned(), before_days, after_days };
        assert_eq!(
            reminders_of(&reminders, date("2026-06-30")),
            [(date("2026-07-07"), -7), (date("2026-07-03"), -3), (date("2026-06-29"), 1)]
        );
        assert_eq!(reminders_of(&reminders, Date::MAX), [(Date::MAX.yesterday().unwrap(), 1)]);
    }

    #[test]
    fn only_whoever_is_asked_for_money_is_reminded() {
        let due_date = date("2026-07-01");
        let is_asked = |word: &str, paid: i64, of: Date| {
            let mut transaction = sample();
            transaction.terms.status = word.to_owned();
            transaction.terms.invoice.due_date = Some(due_date);
            transaction.paid = paid.into();
            is_asked(&StatusRules::default().standing(&transaction, date("2026-07-08")), of)
        };
        assert!(is_asked("open", 0, due_date) && is_asked("open", 20, due_date));
        assert!(is_asked("accepted", 0, due_date) && is_asked("overdue", 0, due_date));
        assert!(!is_asked("open", 0, date("2026-07-02")));
        assert!(!is_asked("open", 54, due_date));
        for word in ["draft", "disputed", "paid", "cancelled", "written off"] {
            assert!(!is_asked(word, 0, due_date), "{word}");
        }
    }
}
