//! Two stores on one database, as two processes have it.

use bailey_domain::change::PolicyType;
use bailey_domain::operations::{CreateUser, CreateWorkspace, DisableApiKey};
use bailey_domain::scope::{RamScope, WholeAccount};
use futures_util::future::join_all;

use crate::support::record;
use crate::world::policy_name;

cases! {
    async fn what_one_writes_the_other_learns_by_catching_up(test) {
        let (one, _) = test.two_homes().await;
        let other = test.second().await;
        test.create_user(one.account, "carol").await;
        commit!(test, test.root(one.account), DisableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, one.key.0, true));
        assert_eq!(other.directory().revision() + 2, test.store.directory().revision());
        other.catch_up().await.unwrap();
        crate::probes::compare(test, test.store.directory(), other.directory()).await;
        // A second time there is nothing to do.
        other.catch_up().await.unwrap();
        assert_eq!(other.directory().revision(), test.store.directory().revision());
    }

    /// The other's next write decides from what the first one left, without anybody having told it.
    async fn what_one_writes_counts_in_the_others_next_write(test) {
        let (one, _) = test.two_homes().await;
        test.attach(one.account, one.alice, PolicyType::System, "AliyunBailianFullAccess").await;
        let other = test.second().await;
        let alice = test.user(one.account, one.alice);
        let (scope, name) = (RamScope::user(one.account, "alice"), policy_name("AliyunBailianFullAccess"));
        commit!(test, test.root(one.account), DetachPolicyFromUser on scope, |tx, permit| tx.detach_policy(&permit, one.alice, PolicyType::System, &name, None));
        assert!(other.directory().authorize::<CreateWorkspace>(&alice, WholeAccount).is_ok(), "it has not heard of it yet");
        let tx = other.write().await.unwrap();
        assert!(tx.authorize::<CreateWorkspace>(&alice, WholeAccount).is_err());
        assert_eq!(tx.revision(), test.store.directory().revision() + 1);
        tx.abandon().await.unwrap();

        // And back: the other writes, the first one follows.
        let root = test.root(one.account);
        let mut tx = other.write().await.unwrap();
        let permit = tx.authorize::<DisableApiKey>(&root, one.first).unwrap();
        tx.switch_api_key(&permit, one.key.0, true).await.unwrap();
        tx.commit(permit, record()).await.unwrap();
        test.create_user(one.account, "carol").await;
        other.catch_up().await.unwrap();
        crate::probes::compare(test, test.store.directory(), other.directory()).await;
    }

    async fn both_write_at_once_without_gaps(test) {
        let (one, two) = test.two_homes().await;
        let other = test.second().await;
        let before = test.store.directory().revision();
        let tasks = (0..20).map(|place| {
            let (store, home) = if place % 2 == 0 { (&test.store, &one) } else { (&other, &two) };
            async move {
                let (name, root) = (format!("user-{place}"), test.root(home.account));
                let mut tx = store.write().await.unwrap();
                let permit = tx.authorize::<CreateUser>(&root, RamScope::user(home.account, &name)).unwrap();
                let new = test.new_user(&name);
                tx.insert_user(&permit, &new).await.unwrap();
                tx.commit(permit, record()).await.unwrap().revision
            }
        });
        let mut revisions = join_all(tasks).await;
        revisions.sort_unstable();
        assert_eq!(revisions, (before + 1..=before + 20).collect::<Vec<_>>());
        for store in [&test.store, &other] {
            store.catch_up().await.unwrap();
        }
        crate::probes::compare(test, test.store.directory(), other.directory()).await;
    }

    /// A process may start while another one writes, and reads a whole state.
    async fn a_store_opens_beside_writers(test) {
        let (one, _) = test.two_homes().await;
        let writing = async {
            for count in 0..20 {
                test.create_policy(one.account, &format!("p{count}"), &crate::world::allow("sfm:*")).await;
            }
        };
        let opening = async {
            for _ in 0..4 {
                let fresh = test.second().await;
                fresh.catch_up().await.unwrap();
                fresh.close().await;
            }
        };
        futures_util::future::join(writing, opening).await;
    }
}
