//! All processes have the same signing key.

use ruma::owned_user_id;
use tallyroom::seal::{KeyMismatch, SigningKey, share_key};
use tokio::runtime::Runtime;

use super::bench::{self, Bench};

#[test]
fn a_process_with_another_key_is_refused_as_long_as_others_run() {
    let url = bench::postgres();
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str| {
        let owner = owned_user_id!("@_tallyroom_bot:x");
        SigningKey::load_or_make(&folder.path().join(name), owner).unwrap()
    };
    let (key, other_key) = (key("one"), key("other"));
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await.store, Bench::open(&url).await.store);
        let running = share_key(&one, &key).await.unwrap().unwrap();
        assert!(share_key(&two, &key).await.unwrap().is_none());
        let refused = share_key(&two, &other_key).await.unwrap_err();
        assert!(
            matches!(refused, KeyMismatch::OtherKey { theirs, .. } if theirs == key.public_key())
        );
        drop(running);
        let _running = share_key(&two, &other_key).await.unwrap().unwrap();
        assert!(one.fact("signing key").await.unwrap().as_deref() == Some(other_key.public_key()));
    });
}
