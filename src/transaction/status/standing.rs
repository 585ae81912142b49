//! Whether money is asked for, and how much: the one decision that API, page, QR code, PDF, room and transcript follow.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::words::asks;
use super::{Status, StatusRules};
use crate::invoice::Invoice;
use crate::transaction::{Terms, Transaction};

/// What a document, its status and its payments ask of the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// The buyer has to pay this amount, which is greater than zero.
    Payable(Decimal),
    /// The document gives back this amount, which is zero or more. Nobody has to pay.
    Credited(Decimal),
    /// Everything was paid. Nobody has to pay.
    Nothing,
    /// According to the status, nobody expects money, whatever the document says.
    Ended(Status),
}

impl Owed {
    /// Returns the amount to pay, or `None` if nobody has to pay.
    pub fn payable(self) -> Option<Decimal> {
        match self {
            Self::Payable(amount) => Some(amount),
            _ => None,
        }
    }
}

/// How a transaction stands on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the status means on that day. A word that is not understood means no more than "issued".
    pub status: Status,
    /// The word to show: the shop's own, unless the payments or the day say something else. `None` if the word asks
    /// for money that nobody owes.
    pub word: Option<String>,
    /// What the shop's word means by itself. `None`: it is not understood.
    pub said: Option<Status>,
    /// What is asked of the buyer.
    pub owed: Owed,
    /// The sum of the payments that were handed in.
    pub paid: Decimal,
    /// What need not be paid because the payments came early enough for a discount.
    pub discount: Decimal,
    /// Until when it is to be paid, as long as it is to be paid.
    pub due_date: Option<Date>,
    /// The number of days since the due date, as long as it is to be paid and nobody disputes it; 0 if it is not over.
    pub days_late: i64,
    /// Whether the room is read-only.
    pub is_closed: bool,
}

impl Standing {
    /// Whether the shop's word is one that is understood.
    pub fn is_understood(&self) -> bool {
        self.said.is_some()
    }

    /// Returns the due date, if it is over and makes this overdue. `None`: it is not overdue, or the shop said that it is.
    pub fn overdue_by_itself(&self) -> Option<Date> {
        let is_overdue = self.status == Status::Overdue && self.said != Some(Status::Overdue);
        self.due_date.filter(|_| is_overdue)
    }

    /// Returns when this changes by itself, in milliseconds since 1970. `None` if only somebody changes it.
    pub fn changes_at(&self, rules: &StatusRules) -> Option<i64> {
        // How many days it is late is shown by the page only, which follows the day itself.
        let may_be_late = self.status != Status::Disputed && self.days_late == 0;
        self.due_date.filter(|_| may_be_late).and_then(|date| rules.end_of(date))
    }
}

/// What decides how a transaction stands on a day.
struct Known<'a> {
    shop: &'a str,
    /// The status.
    word: &'a str,
    /// The words that were its status, the newest first. The current one may be among them.
    earlier: &'a [String],
    invoice: &'a Invoice,
    /// The sum of the payments.
    paid: Decimal,
    discount: Decimal,
}

impl StatusRules {
    /// Returns how a transaction stands on this day.
    pub fn standing(&self, transaction: &Transaction, today: Date) -> Standing {
        let Transaction { shop, terms, paid, discount, statuses, .. } = transaction;
        let Terms { status: word, invoice, .. } = terms;
        self.judge(
            &Known { shop, word, earlier: statuses, invoice, paid: *paid, discount: *discount },
            today,
        )
    }

    /// Returns how an invoice of a shop stands on this day if its first status is `word` and this much was paid.
    pub fn standing_of(
        &self,
        shop: &str,
        word: &str,
        invoice: &Invoice,
        paid: Decimal,
        today: Date,
    ) -> Standing {
        self.judge(
            &Known { shop, word, earlier: &[], invoice, paid, discount: Decimal::ZERO },
            today,
        )
    }

    fn judge(&self, known: &Known<'_>, today: Date) -> Standing {
        let &Known { shop, word, earlier, invoice, paid, discount } = known;
        let meaning = self.meaning(shop, word);
        let due = invoice.totals.due;
        let is_credit = invoice.is_credit_note() || due < Decimal::ZERO;
        let left = due.abs() - paid - discount;
        let owed = match meaning {
            Some(meaning) if meaning.asks_nobody() => Owed::Ended(meaning),
            _ if let Some(ended) = self.ended_before(shop, word, earlier) => Owed::Ended(ended),
            _ if is_credit && left <= Decimal::ZERO && !paid.is_zero() => {
                Owed::Ended(Status::Refunded)
            }
            _ if is_credit => Owed::Credited(left),
            _ if left > Decimal::ZERO => Owed::Payable(left),
            _ => Owed::Nothing,
        };
        let is_disputed = meaning == Some(Status::Disputed);
        let due_date = owed.payable().and(invoice.due_date);
        let days_late = match due_date.filter(|_| !is_disputed) {
            Some(due_date) => due_date.until(today).map_or(0, |span| i64::from(span.get_days())),
            None => 0,
        };
        let days_late = days_late.max(0);
        let said = meaning.unwrap_or(Status::Issued);
        let status = match (said, owed) {
            (Status::Disputed | Status::Shipped, _) => said,
            (_, Owed::Ended(ended)) => ended,
            // Neither a credit note nor an invoice over nothing is paid by the buyer.
            (_, Owed::Credited(_)) => without_asking(said),
            (_, Owed::Nothing) if due.is_zero() && invoice.totals.paid.is_zero() => {
                without_asking(said)
            }
            (_, Owed::Nothing) => Status::Paid,
            (Status::Overdue, _) => said,
            _ if days_late > 0 => Status::Overdue,
            _ if !paid.is_zero() => Status::PartlyPaid,
            _ => said,
        };
        let word = if meaning.is_none() || meaning == Some(status) {
            Some(word.to_owned()).filter(|word| !asks(word, meaning) || owed.payable().is_some())
        } else if status == Status::Issued {
            None
        } else {
            Some(status.as_str().to_owned())
        };
        Standing {
            status,
            word,
            said: meaning,
            owed,
            paid,
            discount,
            due_date,
            days_late,
            is_closed: self.closing.contains(&status),
        }
    }

    /// Returns the status because of which nobody is asked for money any more, if `word` leaves that as it was. A word
    /// that is not understood does so, too.
    fn ended_before(&self, shop: &str, word: &str, earlier: &[String]) -> Option<Status> {
        let words = std::iter::once(word).chain(earlier.iter().map(String::as_str));
        let mut meanings = words.filter_map(|word| self.meaning(shop, word));
        let decisive = meanings.find(|it| !it.leaves_claim())?;
        // What was a draft counts since the status that followed.
        (decisive.asks_nobody() && decisive != Status::Draft).then_some(decisive)
    }
}

/// Returns the status of a document that asks for no money.
fn without_asking(said: Status) -> Status {
    match said {
        Status::PartlyPaid | Status::Overdue => Status::Issued,
        said => said,
    }
}

#[cfg(test)]
mod tests;
