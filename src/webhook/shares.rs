//! Who gets the free places: a fair share for each shop and each webhook, so that a slow receiver, or a shop with many
//! events, does not keep the others waiting.

use std::collections::HashMap;

/// The greatest number of deliveries to one webhook at the same time, at one process.
const MAX_PER_WEBHOOK: usize = 8;

/// A webhook with deliveries that are due, and how many of them run.
#[derive(Clone, Debug)]
pub(super) struct Claim<'a> {
    pub(super) shop: &'a str,
    /// Whether its last try failed. Then it gets one place, until it takes something again.
    pub(super) is_failing: bool,
    pub(super) running: usize,
}

/// Returns how many of the free places each claim gets. There are `places` in all, of which a shop has at most half.
pub(super) fn shares(claims: &[Claim<'_>], places: usize, mut free: usize) -> Vec<usize> {
    let most_per_shop = (places / 2).max(1);
    let mut given = vec![0; claims.len()];
    let mut of_shop: HashMap<&str, usize> = HashMap::new();
    for claim in claims {
        *of_shop.entry(claim.shop).or_default() += claim.running;
    }
    // One place in each round, until nobody can take another one.
    let mut has_given = true;
    while has_given {
        has_given = false;
        for (claim, given) in claims.iter().zip(&mut given) {
            let most = if claim.is_failing { 1 } else { MAX_PER_WEBHOOK.min(most_per_shop) };
            let shop = of_shop.entry(claim.shop).or_default();
            if free > 0 && claim.running + *given < most && *shop < most_per_shop {
                (*given, *shop, free) = (*given + 1, *shop + 1, free - 1);
                has_given = true;
            }
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(shop: &str, running: usize) -> Claim<'_> {
        Claim { shop, is_failing: false, running }
    }

    #[test]
    fn places_are_shared_evenly_within_the_bounds_of_webhook_and_shop() {
        assert_eq!(shares(&[claim("a", 0), claim("b", 0)], 32, 32), [8, 8]);
        assert_eq!(shares(&[claim("a", 0), claim("b", 0)], 32, 5), [3, 2]);
        let three = [claim("a", 0), claim("a", 0), claim("a", 0), claim("b", 0)];
        assert_eq!(shares(&three, 32, 32), [6, 5, 5, 8]);
        assert_eq!(shares(&[claim("a", 7), claim("a", 8), claim("b", 0)], 32, 17), [1, 0, 8]);
        assert_eq!(shares(&[claim("a", 0)], 1, 1), [1]);
        assert_eq!(shares(&[], 32, 32), [0; 0]);
    }

    #[test]
    fn a_receiver_that_fails_is_tried_with_one_at_a_time() {
        let failing = |running| Claim { is_failing: true, ..claim("a", running) };
        assert_eq!(shares(&[failing(0), claim("b", 0)], 32, 32), [1, 8]);
        assert_eq!(shares(&[failing(1)], 32, 32), [0]);
    }
}
