//! What the status of a transaction means: whether money is asked for and how much, which status may follow, and who
//! may set it. All parts take this from [`StatusRules::standing`].

mod next;
mod rules;
mod standing;
mod words;

pub use rules::{NamedStatus, StatusRules};
pub use standing::{Owed, Standing};
pub use words::status_to_show;

use serde::{Deserialize, Serialize};

/// The meaning of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The document is not final. Nobody is asked for money.
    Draft,
    /// The document counts, and its amount is to be paid.
    Issued,
    /// A part was paid. The rest is to be paid.
    PartlyPaid,
    /// Everything was paid.
    Paid,
    /// The due date is over, and something is still to be paid.
    Overdue,
    /// The buyer objects. What was to be paid is still shown as to be paid, but nobody is called late.
    Disputed,
    /// The buyer agrees with the document. What was not paid is to be paid.
    Accepted,
    /// The goods are on their way. What was not paid is to be paid.
    Shipped,
    /// Everything is done. Nobody is asked for money.
    Completed,
    /// A credit note took the place of the amount. Nobody is asked for money.
    Credited,
    /// The money was given back. Nobody is asked for money.
    Refunded,
    /// The transaction was called off. Nobody is asked for money.
    Cancelled,
    /// The seller no longer expects the money.
    WrittenOff,
}

use Status::{
    Accepted, Cancelled, Completed, Credited, Disputed, Draft, Issued, Overdue, Paid, PartlyPaid,
    Refunded, Shipped, WrittenOff,
};

impl Status {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Draft, Issued, PartlyPaid, Paid, Overdue, Disputed, Accepted, Shipped, Completed, Credited,
        Refunded, Cancelled, WrittenOff,
    ];

    /// The name in JSON, in the config, and as the status of a transaction.
    pub fn as_str(self) -> &'static str {
        match self {
            Draft => "draft",
            Issued => "issued",
            PartlyPaid => "partly_paid",
            Paid => "paid",
            Overdue => "overdue",
            Disputed => "disputed",
            Accepted => "accepted",
            Shipped => "shipped",
            Completed => "completed",
            Credited => "credited",
            Refunded => "refunded",
            Cancelled => "cancelled",
            WrittenOff => "written_off",
        }
    }

    /// Returns the status with this name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether nobody is asked for money, whatever the document says.
    pub fn asks_nobody(self) -> bool {
        matches!(self, Draft | Paid | Completed | Credited | Refunded | Cancelled | WrittenOff)
    }

    /// Whether it leaves it as it was whether money is asked for.
    pub fn leaves_claim(self) -> bool {
        matches!(self, Disputed | Accepted | Shipped)
    }

    /// Whether a person who sets it on the page has to say why.
    pub fn needs_reason(self) -> bool {
        self == Disputed
    }

    /// The other statuses that may follow this one.
    pub fn next(self) -> &'static [Self] {
        match self {
            Draft => &[Issued, PartlyPaid, Paid, Overdue, Shipped, Cancelled],
            Issued => &[
                PartlyPaid, Paid, Overdue, Disputed, Accepted, Shipped, Completed, Credited,
                Refunded, Cancelled, WrittenOff,
            ],
            PartlyPaid => &[
                Issued, Paid, Overdue, Disputed, Accepted, Shipped, Completed, Credited, Refunded,
                Cancelled, WrittenOff,
            ],
            Overdue => &[
                Issued, PartlyPaid, Paid, Disputed, Accepted, Shipped, Completed, Credited,
                Refunded, Cancelled, WrittenOff,
            ],
            Disputed => &[
                Issued, PartlyPaid, Paid, Overdue, Accepted, Shipped, Completed, Credited,
                Refunded, Cancelled, WrittenOff,
            ],
            Accepted => &[
                Issued, PartlyPaid, Paid, Overdue, Disputed, Shipped, Completed, Credited,
                Refunded, Cancelled, WrittenOff,
            ],
            Shipped => &[
                Issued, PartlyPaid, Paid, Overdue, Disputed, Accepted, Completed, Credited,
                Refunded, Cancelled, WrittenOff,
            ],
            // A payment may bounce, so what was paid can be open again.
            Paid => {
                &[Issued, PartlyPaid, Disputed, Shipped, Completed, Credited, Refunded, Cancelled]
            }
            // What was closed can be opened again.
            Completed => &[Issued, Paid, Disputed, Shipped, Credited, Refunded],
            Cancelled => &[Issued, Credited, Refunded],
            Credited => &[Issued, Refunded, Completed],
            Refunded => &[Issued, Paid, Disputed, Completed],
            WrittenOff => &[Issued, PartlyPaid, Paid, Completed, Cancelled],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for status in Status::ALL {
            assert_eq!(Status::from_text(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(words::meaning_of(status.as_str()), Some(status));
        }
    }

    #[test]
    fn what_can_follow_what() {
        for status in Status::ALL {
            let next = status.next();
            assert!(!next.contains(&status), "{status:?} follows itself without being named");
            // What was issued once never becomes a draft, and everything but a draft can be opened again.
            assert!(!next.contains(&Draft), "{status:?}");
            assert!(status == Issued || next.contains(&Issued), "{status:?}");
        }
        for (from, to, allowed) in [
            (Draft, Issued, true),
            (Draft, Disputed, false),
            (Draft, Refunded, false),
            (Issued, Paid, true),
            (Issued, Shipped, true),
            (Overdue, Disputed, true),
            (Disputed, Accepted, true),
            (Paid, Refunded, true),
            (Paid, Accepted, false),
            (Paid, WrittenOff, false),
            (Completed, Disputed, true),
            (Completed, Accepted, false),
            (Cancelled, Issued, true),
            (Cancelled, Paid, false),
            (Cancelled, Shipped, false),
            (Credited, Paid, false),
            (WrittenOff, Paid, true),
        ] {
            assert_eq!(from.next().contains(&to), allowed, "{from:?} to {to:?}");
        }
    }
}
