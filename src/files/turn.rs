//! Decides which file is worked on next. This file does no I/O.
//!
//! Files of our homeserver have their own workers, so that they never wait for another homeserver. One shop does not
//! get all of them, because a PDF may keep a worker for as long as its first page is being drawn.
//! The workers for files of other homeservers are limited: to one for each homeserver, to some for
//! each shop, and to one for all homeservers that failed before. So neither unreachable homeservers
//! nor the many files of one shop ever use all of them.

use crate::store::DueFile;

/// The number of workers for files of our homeserver.
const MAX_NEAR_WORKERS: usize = 4;
/// The greatest number of these workers for files of one shop.
const MAX_NEAR_WORKERS_PER_SHOP: usize = 3;
/// The number of workers for files of other homeservers.
const MAX_FAR_WORKERS: usize = 4;
/// The greatest number of these workers for files of one shop.
const MAX_FAR_WORKERS_PER_SHOP: usize = 2;
/// The greatest number of these workers for homeservers that failed the last time.
const MAX_FAILED_SERVER_WORKERS: usize = 1;
/// The number of all workers.
pub(super) const MAX_WORKERS: usize = MAX_NEAR_WORKERS + MAX_FAR_WORKERS;

/// Returns the indexes of the waiting files to begin with now, in this order. The files `in_hand`
/// are already being worked on.
pub(super) fn choose(waiting: &[DueFile], in_hand: &[DueFile]) -> Vec<usize> {
    let mut taken: Vec<&DueFile> = in_hand.iter().collect();
    let mut chosen = Vec::new();
    loop {
        let best = waiting
            .iter()
            .enumerate()
            .filter(|(_, file)| can_start(file, &taken))
            // Files of our homeserver come first, and then those of the shop with the fewest
            // workers.
            .min_by_key(|(index, file)| {
                let of_shop = taken.iter().filter(|it| it.shop == file.shop && it.far == file.far);
                (file.far, of_shop.count(), *index)
            });
        let Some((index, file)) = best else { return chosen };
        chosen.push(index);
        taken.push(file);
    }
}

/// Whether what was read of a waiting file may be wrong after the work on the file `ended`: that is
/// the same file, or one of the same other homeserver, which may have failed. If the waiting file
/// was begun then, it would be tried twice without a pause.
pub(super) fn is_outdated(file: &DueFile, ended: &DueFile) -> bool {
    file.mxc == ended.mxc || (file.far == 1 && ended.far == 1 && file.server == ended.server)
}

/// Whether a worker is free for the file, if the files `taken` have workers.
fn can_start(file: &DueFile, taken: &[&DueFile]) -> bool {
    if taken.iter().any(|it| it.mxc == file.mxc) {
        return false;
    }
    let count = |matches: &dyn Fn(&DueFile) -> bool| {
        taken.iter().filter(|it| it.far == file.far && matches(it)).count()
    };
    if file.far == 0 {
        return count(&|_| true) < MAX_NEAR_WORKERS
            && count(&|it| it.shop == file.shop) < MAX_NEAR_WORKERS_PER_SHOP;
    }
    let has_failed = |it: &DueFile| it.server_failures > 0;
    count(&|_| true) < MAX_FAR_WORKERS
        && count(&|it| it.server == file.server) == 0
        && count(&|it| it.shop == file.shop) < MAX_FAR_WORKERS_PER_SHOP
        && (!has_failed(file) || count(&has_failed) < MAX_FAILED_SERVER_WORKERS)
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
        // The same holds if all workers for other homeservers are busy.
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
        assert_eq!(names(&waiting, &[&waiting[..3], &waiting[10..]].concat()), [""; 0]);
        // One shop does not take all workers.
        assert_eq!(names(&waiting[..10], &[]), ["a0", "a1", "a2"]);
    }

    #[test]
    fn what_ended_work_changed_is_read_again() {
        let ended = file("1", "a", "x", 0);
        for (waiting, outdated) in [
            (file("1", "a", "x", 0), true),
            (file("2", "b", "x", 0), true),
            (file("3", "a", "y", 0), false),
        ] {
            assert_eq!(is_outdated(&waiting, &ended), outdated, "{}", waiting.mxc);
        }
        // Our homeserver answers for one file and not for another.
        let (one, other) = (file("1", "a", "us", 0), file("2", "a", "us", 0));
        assert!(is_outdated(&one, &one) && !is_outdated(&other, &one));
    }

    #[test]
    fn a_file_in_hand_is_not_taken_again() {
        let waiting = [file("1", "a", "us", 0)];
        assert_eq!(names(&waiting, &waiting), [""; 0]);
    }
}
