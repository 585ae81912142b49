//! Which status may be set now, and by whom.

use jiff::civil::Date;

use super::{Standing, Status, StatusRules};
use crate::transaction::{PartyRole, Transaction};

impl StatusRules {
    /// Returns what this party may set on the page now. Only the shop opens again what is closed.
    pub fn steps(&self, role: PartyRole, standing: &Standing) -> Vec<Status> {
        let next = if standing.is_closed { &[] } else { standing.status.next() };
        self.may_set(role).iter().copied().filter(|it| next.contains(it)).collect()
    }

    /// Returns the meanings that may follow if `word` may not follow the status of a transaction. `None`: it may. A
    /// word that is not understood may follow anything, and anything may follow it.
    pub fn refuses(
        &self,
        transaction: &Transaction,
        word: &str,
        today: Date,
    ) -> Option<&'static [Status]> {
        let Transaction { shop, terms, .. } = transaction;
        let said = self.meaning(shop, &terms.status)?;
        let wanted = self.meaning(shop, word)?;
        let stands = self.standing(transaction, today).status;
        let next = stands.next();
        let may_follow = [said, stands].contains(&wanted) || next.contains(&wanted);
        (!may_follow).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::NamedStatus;
    use super::*;

    #[test]
    fn an_impossible_status_is_refused_with_those_that_are_possible() {
        let name = "fertig".to_owned();
        let names = vec![NamedStatus { name, means: Status::Completed, shop: None }];
        let rules = StatusRules { names, ..StatusRules::default() };
        let refused = |from: &str, paid: i64, to: &str| {
            let mut transaction = crate::transaction::sample();
            transaction.terms.status = from.to_owned();
            transaction.paid = paid.into();
            let today = "2026-06-01".parse().unwrap();
            rules.refuses(&transaction, to, today).map(<[Status]>::to_vec)
        };
        for (from, paid, to) in [
            ("open", 0, "paid"),
            ("open", 0, "awaiting_payment"),
            ("open", 0, "with_the_lawyers"),
            ("with_the_lawyers", 0, "draft"),
            ("cancelled", 0, "void"),
            ("cancelled", 0, "cancelled"),
            ("cancelled", 0, "open"),
            ("fertig", 0, "disputed"),
            // It is paid by its payments.
            ("open", 54, "shipped"),
            ("open", 54, "paid"),
        ] {
            assert_eq!(refused(from, paid, to), None, "{from}, {paid} paid, to {to}");
        }
        for (from, paid, to) in [
            ("open", 0, "draft"),
            ("cancelled", 0, "paid"),
            ("fertig", 0, "accepted"),
            ("open", 54, "written_off"),
        ] {
            let allowed = refused(from, paid, to).unwrap();
            assert!(
                allowed.contains(&Status::Refunded),
                "{from}, {paid} paid, to {to}: {allowed:?}"
            );
        }
    }

    #[test]
    fn each_party_may_set_what_the_config_says_and_what_can_follow() {
        let rules = StatusRules::default();
        let steps = |role, word: &str| {
            let mut transaction = crate::transaction::sample();
            transaction.terms.status = word.to_owned();
            let today = "2026-06-01".parse().unwrap();
            rules.steps(role, &rules.standing(&transaction, today))
        };
        let (buyer, seller) = (PartyRole::Buyer, PartyRole::Seller);
        for (role, word, expected) in [
            (buyer, "open", vec![Status::Accepted, Status::Disputed]),
            (seller, "open", vec![Status::Shipped, Status::Paid]),
            (buyer, "disputed", vec![Status::Accepted]),
            (buyer, "paid", vec![Status::Disputed]),
            (seller, "paid", vec![Status::Shipped]),
            (buyer, "draft", vec![]),
            (buyer, "cancelled", vec![]),
            (seller, "completed", vec![]),
            (buyer, "written off", vec![]),
            (seller, "written off", vec![Status::Paid]),
        ] {
            assert_eq!(steps(role, word), expected, "{role:?} {word}");
        }
    }
}
