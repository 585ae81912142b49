//! Which status may be set now, and by whom.

use jiff::civil::Date;

use super::{Standing, Status, StatusRules};
use crate::transaction::{PartyRole, Transaction};

impl StatusRules {
    /// Returns what this party may set now, without what was said already. Only the shop opens again what is closed.
    pub fn steps(&self, role: PartyRole, standing: &Standing) -> Vec<Status> {
        let next = if standing.is_closed { &[] } else { standing.status.next() };
        let may_follow = |it: &Status| next.contains(it) && standing.said != Some(*it);
        self.may_set(role).iter().copied().filter(may_follow).collect()
    }

    /// Returns the word by which a party gives a transaction the status that it wants. `None`: that was said already, or
    /// it stands like that.
    ///
    /// # Errors
    /// What this party may set instead, if it may not set that status now.
    pub fn decide(
        &self,
        role: PartyRole,
        wanted: Status,
        transaction: &Transaction,
        today: Date,
    ) -> Result<Option<String>, Vec<Status>> {
        let standing = self.standing(transaction, today);
        if standing.said == Some(wanted) || standing.status == wanted {
            return Ok(None);
        }
        let possible = self.steps(role, &standing);
        match possible.contains(&wanted) {
            true => Ok(Some(wanted.as_str().to_owned())),
            false => Err(possible),
        }
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

    #[test]
    fn a_step_is_taken_once_and_only_where_it_can_follow() {
        let (buyer, seller) = (PartyRole::Buyer, PartyRole::Seller);
        let rules = StatusRules::default();
        let decide = |role, said: &str, paid: i64, wanted| {
            let mut transaction = crate::transaction::sample();
            transaction.terms.status = said.to_owned();
            transaction.terms.invoice.due_date = "2026-06-30".parse().ok();
            transaction.paid = paid.into();
            rules.decide(role, wanted, &transaction, "2026-08-01".parse().unwrap())
        };
        let takes = |word: &str| Ok(Some(word.to_owned()));
        let refused = |possible: &[Status]| Err(possible.to_vec());
        let (accepted, disputed) = (Status::Accepted, Status::Disputed);
        for (role, said, paid, wanted, decided) in [
            (buyer, "open", 0, accepted, takes("accepted")),
            // It is overdue again, and partly paid, but that was said already.
            (buyer, "accepted", 0, accepted, Ok(None)),
            (buyer, "Approved", 20, accepted, Ok(None)),
            (buyer, "accepted", 20, disputed, takes("disputed")),
            (buyer, "disputed", 0, disputed, Ok(None)),
            (seller, "shipped", 0, Status::Shipped, Ok(None)),
            // It is paid by its payments.
            (seller, "open", 54, Status::Paid, Ok(None)),
            (buyer, "open", 54, accepted, refused(&[disputed])),
            (buyer, "open", 0, Status::Paid, refused(&[accepted, disputed])),
            (seller, "cancelled", 0, Status::Shipped, refused(&[])),
        ] {
            let case = format!("{role:?} wants {wanted:?} after {said}, {paid} paid");
            assert_eq!(decide(role, said, paid, wanted), decided, "{case}");
        }
        let mut accepted_late = crate::transaction::sample();
        accepted_late.terms.status = "accepted".to_owned();
        accepted_late.terms.invoice.due_date = "2026-06-30".parse().ok();
        let standing = rules.standing(&accepted_late, "2026-08-01".parse().unwrap());
        assert_eq!(
            (standing.status, rules.steps(buyer, &standing)),
            (Status::Overdue, vec![disputed])
        );
    }
}
