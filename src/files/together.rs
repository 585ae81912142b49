//! Stores things together: those that come while others are being stored share the next commit.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things that wait to be stored.
#[derive(Debug)]
pub(super) struct Together<T> {
    waiting: Mutex<Vec<T>>,
    /// Held by the one who stores.
    turn: tokio::sync::Mutex<()>,
}

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T> Together<T> {
    /// Has a thing stored, together with all others that wait then. When the call returns, `store` is done with it:
    /// this one, or that of somebody else who took it along.
    pub(super) async fn store<F, Done>(&self, thing: T, store: F)
    where
        F: FnOnce(Vec<T>) -> Done,
        Done: Future<Output = ()>,
    {
        self.waiting().push(thing);
        let _turn = self.turn.lock().await;
        let all = std::mem::take(&mut *self.waiting());
        if !all.is_empty() {
            store(all).await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn what_comes_while_others_are_stored_is_stored_together() {
        let together = Arc::new(Together::default());
        let stored = Arc::new(Mutex::new(Vec::new()));
        let disk = Arc::new(Semaphore::new(0));
        let begun = Arc::new(Semaphore::new(0));
        let mut all = Vec::new();
        for number in 0..8 {
            let (together, stored) = (Arc::clone(&together), Arc::clone(&stored));
            let (disk, has_begun) = (Arc::clone(&disk), Arc::clone(&begun));
            all.push(tokio::spawn(async move {
                let seen = Arc::clone(&stored);
                let store = async move |things: Vec<i32>| {
                    has_begun.add_permits(1);
                    disk.acquire().await.unwrap().forget();
                    stored.lock().unwrap().push(things);
                };
                together.store(number, store).await;
                let is_stored = seen.lock().unwrap().concat().contains(&number);
                assert!(is_stored, "{number} is not stored yet");
            }));
            if number == 0 {
                begun.acquire().await.unwrap().forget();
            }
        }
        while together.waiting().len() < 7 {
            tokio::task::yield_now().await;
        }
        disk.add_permits(8);
        for one in all {
            one.await.unwrap();
        }
        let mut stored = stored.lock().unwrap().clone();
        stored[1].sort_unstable();
        assert_eq!(stored, [vec![0], (1..8).collect()]);
    }
}
