//! What one revision changed. Pure.

mod invoice;
mod parties;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Terms;
use crate::invoice::Currency;
use crate::invoice::money::exact;
use crate::invoice::status_to_show;

/// Most changes that are told one by one.
const MAX_CHANGES: usize = 50;
/// Longest text that is repeated, in characters.
const MAX_TEXT: usize = 300;

/// One difference between two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which: `status`, `number`, `due_date`, `line`, `due`, … There is a text `change-…` for
    /// each. `more` ends a long list: `after` is how many there are beyond it.
    pub what: &'static str,
    /// Of several (a line by its id, an allowance by its reason), which one.
    pub which: Option<String>,
    /// Before; none: there was none.
    pub before: Option<String>,
    /// Since; none: it is gone.
    pub after: Option<String>,
    /// How `before` and `after` are written.
    pub kind: ChangeKind,
}

/// How a changed value is written, so that the page can write it as its reader does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// As somebody wrote it.
    Text,
    /// ISO 8601.
    Date,
    /// A figure with a point, in this currency.
    Amount(Currency),
    /// A figure with a point, in this unit (UN/ECE Recommendation 20).
    Quantity(String),
}

/// What `after` says differently from `before`. What money goes where comes first, so that it is
/// never among those that a long list leaves out.
pub fn changes(before: &Terms, after: &Terms) -> Vec<Change> {
    let mut found = Found::default();
    // A word that asks for money which nobody owes is told nowhere.
    let status = |terms: &Terms| status_to_show(&terms.invoice, &terms.status).map(str::to_owned);
    if let Some(status_now) = status(after) {
        found.text("status", None, status(before).as_ref(), Some(&status_now));
    }
    invoice::payment(&before.invoice, &after.invoice, &mut found);
    invoice::totals(&before.invoice, &after.invoice, &mut found);
    invoice::head(&before.invoice, &after.invoice, &mut found);
    parties::parties(before, after, &mut found);
    invoice::body(&before.invoice, &after.invoice, &mut found);
    found.bounded()
}

/// The differences found so far.
#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn text(
        &mut self,
        what: &'static str,
        which: Option<&str>,
        before: Option<&String>,
        after: Option<&String>,
    ) {
        if before != after {
            let [before, after] = [before, after].map(|it| it.map(|text| shortened(text)));
            self.push(what, which, before, after, ChangeKind::Text);
        }
    }

    fn date(&mut self, what: &'static str, before: Option<Date>, after: Option<Date>) {
        if before != after {
            let [before, after] = [before, after].map(|it| it.map(|date| date.to_string()));
            self.push(what, None, before, after, ChangeKind::Date);
        }
    }

    /// Amounts in two currencies each need their own.
    fn amount(
        &mut self,
        what: &'static str,
        which: Option<&str>,
        before: (Decimal, Currency),
        after: (Decimal, Currency),
    ) {
        if before == after {
            return;
        }
        let same = before.1 == after.1;
        let text = |(amount, currency): (Decimal, Currency)| {
            Some(if same { exact(amount) } else { format!("{currency} {}", exact(amount)) })
        };
        let kind = if same { ChangeKind::Amount(after.1) } else { ChangeKind::Text };
        self.push(what, which, text(before), text(after), kind);
    }

    fn push(
        &mut self,
        what: &'static str,
        which: Option<&str>,
        before: Option<String>,
        after: Option<String>,
        kind: ChangeKind,
    ) {
        let which = which.map(shortened);
        self.0.push(Change { what, which, before, after, kind });
    }

    fn bounded(mut self) -> Vec<Change> {
        let beyond = self.0.len().saturating_sub(MAX_CHANGES);
        if beyond > 0 {
            self.0.truncate(MAX_CHANGES);
            self.push("more", None, None, Some(beyond.to_string()), ChangeKind::Text);
        }
        self.0
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
