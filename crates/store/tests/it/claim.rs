//! One process serves a PostgreSQL database at a time. A SQLite file is guarded by the data directory's lock instead.

use bailey_store::Location;

cases! {
    async fn a_database_is_claimed_by_one_process_until_it_ends(test) {
        test.store.claim().await.unwrap();
        let other = test.second().await;
        if let Location::File(_) = test.location {
            other.claim().await.unwrap();
            return;
        }
        for _ in 0..3 {
            let error = other.claim().await.unwrap_err();
            assert_eq!(error.code(), "ServiceUnavailable");
        }
        // It can be read and written all the same: the command line does.
        test.found().await;
        other.catch_up().await.unwrap();
        test.store.close().await;
        // The server lets go of the lock when it has seen the connection end.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while other.claim().await.is_err() {
            assert!(std::time::Instant::now() < deadline, "the claim outlives its store");
        }
    }
}
