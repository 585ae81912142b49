//! Lists what changed between two revisions. Pure.

mod invoice;
mod parties;
mod terms;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Terms;
use super::status::status_to_show;
use crate::invoice::Currency;
use crate::invoice::money::exact;

/// The greatest number of changes that are listed one by one.
const MAX_CHANGES: usize = 50;
/// The greatest length of a text in a change, in characters. Longer texts are cut.
const MAX_TEXT_CHARS: usize = 300;

/// One difference between two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The name of what changed: `status`, `number`, `due_date`, `line`, `due`, … Each has a text
    /// `change-…`. A business term without such a name is named by its id, such as `BT-12`, whose text is `bt-12`. `more` is the last element of a list that was cut, and its `after` is the number of
    /// changes that are left out.
    pub what: &'static str,
    /// The element that changed, if there are several: the id of a line, the reason of an allowance.
    pub which: Option<String>,
    /// The old value. `None` means that there was none.
    pub before: Option<String>,
    /// The new value. `None` means that it was removed.
    pub after: Option<String>,
    /// How `before` and `after` are written.
    pub kind: ChangeKind,
}

/// The format of a changed value, so that the page can format it for its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A text, or several values in one text.
    Text,
    /// A date (ISO 8601).
    Date,
    /// A number with a decimal point, in this currency.
    Amount(Currency),
    /// A number with a decimal point, in this unit (UN/ECE Recommendation 20).
    Quantity(String),
}

/// Returns the changes from `before` to `after`. Changes of the payment come first, so that they are
/// never cut from a long list.
pub fn changes(before: &Terms, after: &Terms) -> Vec<Change> {
    let mut found = Found::default();
    // A status that asks for a payment is not shown if nothing is owed.
    let status = |terms: &Terms| status_to_show(terms).map(str::to_owned);
    if let Some(status_now) = status(after) {
        found.text("status", None, status(before).as_ref(), Some(&status_now));
    }
    invoice::payment(&before.invoice, &after.invoice, &mut found);
    invoice::totals(&before.invoice, &after.invoice, &mut found);
    invoice::head(&before.invoice, &after.invoice, &mut found);
    parties::parties(before, after, &mut found);
    invoice::body(&before.invoice, &after.invoice, &mut found);
    terms::terms(&before.invoice, &after.invoice, &mut found);
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

    /// Adds a change of an amount. If the currency changed too, each amount names its own currency.
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
            let figure = exact(amount, currency);
            Some(if same { figure } else { format!("{currency} {figure}") })
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
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
