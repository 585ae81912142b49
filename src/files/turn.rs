//! Whose file is worked on next. Pure.
//!
//! Files that need no other homeserver have workers of their own, so that nothing far away keeps
//! them waiting. The workers for files of other homeservers are shared out: one for each
//! homeserver, some for each shop, and one for all homeservers that failed before. So neither dead
//! homeservers nor the many files of one shop ever take them all.

use crate::store::DueFile;

/// Workers for files that need no other homeserver.
const NEAR_AT_ONCE: usize = 4;
/// Workers for files of other homeservers.
const FAR_AT_ONCE: usize = 4;
/// How many of those the files of one shop may take.
const FAR_OF_A_SHOP: usize = 2;
/// How many of those homeservers may take that failed the last time.
const SUSPECTS_AT_ONCE: usize = 1;
/// All workers.
pub(super) const AT_ONCE: usize = NEAR_AT_ONCE + FAR_AT_ONCE;

/// Which of the files that wait, in this order, are to be worked on now beside those in hand.
pub(super) fn choose(waiting: &[DueFile], in_hand: &[DueFile]) -> Vec<usize> {
    let mut taken: Vec<&DueFile> = in_hand.iter().collect();
    let mut chosen = Vec::new();
    loop {
        let best = waiting
            .iter()
            .enumerate()
            .filter(|(_, file)| may_start(file, &taken))
            // Near ones first, then the shop that has the fewest in hand.
            .min_by_key(|(index, file)| {
                let of_shop = taken.iter().filter(|it| it.shop == file.shop && it.far == file.far);
                (file.far, of_shop.count(), *index)
            });
        let Some((index, file)) = best else { return chosen };
        chosen.push(index);
        taken.push(file);
    }
}

fn may_start(file: &DueFile, taken: &[&DueFile]) -> bool {
    if taken.iter().any(|it| it.mxc == file.mxc) {
        return false;
    }
    let count = |matches: &dyn Fn(&DueFile) -> bool| {
        taken.iter().filter(|it| it.far == file.far && matches(it)).count()
    };
    if file.far == 0 {
        return count(&|_| true) < NEAR_AT_ONCE;
    }
    let is_suspect = |it: &DueFile| it.server_failures > 0;
    count(&|_| true) < FAR_AT_ONCE
        && count(&|it| it.server == file.server) == 0
        && count(&|it| it.shop == file.shop) < FAR_OF_A_SHOP
        && (!is_suspect(file) || count(&is_suspect) < SUSPECTS_AT_ONCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(mxc: &str, shop: &str, server: &str, server_failures: i64) -> DueFile {
        let far = i64::from(server != "us");
        let (mxc, shop, server) = (mxc.to_owned(), shop.to_owned(), server.to_owned());
        DueFile { mxc, shop, server, far, server_failures, ..DueFile::default() }
    }

    fn names(waiting: &[DueFile], in_hand: &[DueFile]) -> Vec<String> {
        choose(waiting, in_hand).into_iter().map(|it| waiting[it].mxc.clone()).collect()
    }

    #[test]
    fn files_of_our_homeserver_come_first_and_never_wait_for_others() {
        let dead: Vec<_> =
            (0..45).map(|n| file(&format!("d{n}"), "a", &format!("dead{n}"), 1)).collect();
        let mut waiting = dead.clone();
        waiting.push(file("near", "a", "us", 0));
        assert_eq!(names(&waiting, &[]), ["near", "d0"]);
        // Whatever is in hand of other homeservers.
        assert_eq!(names(&waiting, &dead[..4]), ["near"]);
    }

    #[test]
    fn a_homeserver_has_one_try_in_flight_over_all_shops() {
        let waiting = [file("1", "a", "x", 0), file("2", "b", "x", 0), file("3", "b", "y", 0)];
        assert_eq!(names(&waiting, &[]), ["1", "3"]);
        assert_eq!(names(&waiting, &[file("0", "c", "x", 0)]), ["3"]);
    }

    #[test]
    fn homeservers_that_failed_before_share_one_worker() {
        let waiting = [file("1", "a", "x", 3), file("2", "b", "y", 1), file("3", "b", "z", 0)];
        assert_eq!(names(&waiting, &[]), ["1", "3"]);
    }

    #[test]
    fn one_shop_does_not_take_all_workers_for_other_homeservers() {
        let mut waiting: Vec<_> =
            (0..10).map(|n| file(&format!("a{n}"), "a", &format!("s{n}"), 0)).collect();
        waiting.push(file("b", "b", "t", 0));
        assert_eq!(names(&waiting, &[]), ["a0", "b", "a1"]);
    }

    #[test]
    fn shops_take_turns() {
        let mut waiting: Vec<_> = (0..10).map(|n| file(&format!("a{n}"), "a", "us", 0)).collect();
        waiting.push(file("b", "b", "us", 0));
        assert_eq!(names(&waiting, &[]), ["a0", "b", "a1", "a2"]);
        assert_eq!(names(&waiting, &waiting[..3]), ["b"]);
        assert_eq!(names(&waiting, &waiting[..4]), [""; 0]);
    }

    #[test]
    fn a_file_in_hand_is_not_taken_again() {
        let waiting = [file("1", "a", "us", 0)];
        assert_eq!(names(&waiting, &waiting), [""; 0]);
    }
}
