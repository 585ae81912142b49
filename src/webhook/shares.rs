//! Who gets the free places: a fair share for each shop and each webhook, so that a slow receiver, or a shop with many
//! events, does not keep the others waiting. A place is given for a turn of about a second, and then given anew.

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

/// Returns how many of the free places each claim gets. There are `places` in all, of which a shop has at most half. Each
/// free place goes to the claim whose shop has the fewest, and of these to the one that has the fewest itself.
pub(super) fn shares(claims: &[Claim<'_>], places: usize, mut free: usize) -> Vec<usize> {
    let most_per_shop = (places / 2).max(1);
    let mut given = vec![0; claims.len()];
    let mut of_shop: HashMap<&str, usize> = HashMap::new();
    for claim in claims {
        *of_shop.entry(claim.shop).or_default() += claim.running;
    }
    while free > 0 {
        let next = claims
            .iter()
            .zip(&mut given)
            .filter_map(|(claim, given)| {
                let most = if claim.is_failing { 1 } else { MAX_PER_WEBHOOK.min(most_per_shop) };
                let shop = of_shop.get(claim.shop).copied().unwrap_or_default();
                let its = claim.running + *given;
                (its < most && shop < most_per_shop).then_some((shop, its, claim.shop, given))
            })
            .min_by_key(|(shop, its, ..)| (*shop, *its));
        let Some((_, _, shop, given)) = next else { break };
        *given += 1;
        *of_shop.entry(shop).or_default() += 1;
        free -= 1;
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
    fn a_place_that_is_free_again_goes_to_whom_has_the_fewest() {
        // All others are slow and have what they may have.
        let slow = [claim("a", 8), claim("a", 7), claim("b", 8), claim("b", 8), claim("c", 0)];
        assert_eq!(shares(&slow, 32, 1), [0, 0, 0, 0, 1]);
        // Within a shop, too, wherever it stands in the list.
        assert_eq!(shares(&[claim("a", 7), claim("a", 0)], 32, 1), [0, 1]);
        assert_eq!(shares(&[claim("a", 0), claim("a", 7)], 32, 1), [1, 0]);
        assert_eq!(shares(&[claim("a", 5), claim("a", 0), claim("b", 3)], 32, 2), [0, 0, 2]);
    }

    #[test]
    fn a_receiver_that_fails_is_tried_with_one_at_a_time() {
        let failing = |running| Claim { is_failing: true, ..claim("a", running) };
        assert_eq!(shares(&[failing(0), claim("b", 0)], 32, 32), [1, 8]);
        assert_eq!(shares(&[failing(1)], 32, 32), [0]);
    }
}
