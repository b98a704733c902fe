//! After any sequence of operations three directories answer alike: the one that the writer kept, one that follows
//! the feed, and one loaded from the database.

use crate::generator::Walk;
use crate::probes::{check, compare};

cases! {
    async fn after_hundreds_of_operations_everybody_agrees(test) {
        let follower = test.second().await;
        let mut admitted = 0;
        let mut walks = [Walk::new(test).await, Walk::new(test).await];
        for step in 0..400 {
            walks[step % 2].step().await;
            if step % 40 == 39 {
                follower.catch_up().await.unwrap();
                admitted += compare(test, test.store.directory(), follower.directory()).await;
                check(test).await;
            }
        }
        let done: usize = walks.iter().map(|walk| walk.done).sum();
        assert!(done > 200, "only {done} of 400 operations changed anything");
        let census = test.store.directory().census();
        assert!(census.users > 3 && census.members > 2 && census.keys > 2, "{census:?}");
        assert!(admitted > 10, "only {admitted} calls were admitted, so the comparisons compare little");
    }
}
