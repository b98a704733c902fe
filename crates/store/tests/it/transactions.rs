//! A transaction is all or nothing, and writers wait for each other in an orderly way.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bailey_domain::Error;
use bailey_domain::access::Principal;
use bailey_domain::operations::{CreateUser, CreateWorkspace};
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_store::Committed;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::raw::Raw;
use crate::support::{TestStore, record};
use crate::world::{Home, user_name};

/// How many rows every table of interest has, and the revision.
async fn census(raw: &mut Raw) -> Vec<i64> {
    let mut counts = vec![raw.number("SELECT revision FROM installation").await];
    for table in ["users", "audit_records", "audit_heads", "changes"] {
        counts.push(raw.number(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

/// Creates a user, as control does.
async fn create(test: &TestStore, home: &Home, name: &str) -> Result<Committed, Error> {
    let root = test.root(home.account);
    let mut tx = test.store.write().await?;
    let permit = tx.authorize::<CreateUser>(&root, RamScope::user(home.account, name)).unwrap();
    let new = test.new_user(name);
    tx.insert_user(&permit, &new).await?;
    tx.commit(permit, record()).await
}

/// Drops a future after it was pending so many times; `None` when it was dropped.
struct Impatient<F> {
    inner: Pin<Box<F>>,
    patience: usize,
}

impl<F: Future> Future for Impatient<F> {
    type Output = Option<F::Output>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.inner.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.patience == 0 => Poll::Ready(None),
            Poll::Pending => {
                self.patience -= 1;
                Poll::Pending
            }
        }
    }
}

cases! {
    async fn what_is_given_up_or_dropped_leaves_nothing(test) {
        let home = test.home().await;
        let mut raw = test.raw().await;
        let before = census(&mut raw).await;
        let revision = test.store.directory().revision();
        for give_up in [true, false] {
            let root = test.root(home.account);
            let mut tx = test.store.write().await.unwrap();
            assert_eq!(tx.revision(), revision + 1);
            let permit = tx.authorize::<CreateUser>(&root, RamScope::user(home.account, "carol")).unwrap();
            let new = test.new_user("carol");
            tx.insert_user(&permit, &new).await.unwrap();
            assert!(tx.find_user(home.account, &new.name).await.unwrap().is_some());
            assert!(test.store.find_user(home.account, &new.name).await.unwrap().is_none());
            if give_up { tx.abandon().await.unwrap() } else { drop(tx) }
            assert!(!test.store.directory().knows(home.account, Principal::User(new.user_id)));
            let empty = test.store.write().await.unwrap();
            drop(empty);
            assert_eq!(census(&mut raw).await, before);
        }
        assert_eq!(create(test, &home, "carol").await.unwrap().revision, revision + 1);
    }

    /// A failed statement ends a transaction for good in PostgreSQL; nothing of it may be kept in SQLite either.
    async fn a_transaction_that_met_an_error_can_be_given_up(test) {
        let home = test.home().await;
        let mut raw = test.raw().await;
        let before = census(&mut raw).await;
        let root = test.root(home.account);
        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<CreateUser>(&root, RamScope::user(home.account, "alice")).unwrap();
        let fine = test.new_user("carol");
        tx.insert_user(&permit, &fine).await.unwrap();
        let taken = test.new_user("alice");
        tx.insert_user(&permit, &taken).await.unwrap_err();
        drop(tx);
        assert_eq!(census(&mut raw).await, before);
        create(test, &home, "carol").await.unwrap();
    }

    async fn a_request_may_be_dropped_at_any_moment(test) {
        let home = test.home().await;
        let mut raw = test.raw().await;
        let (mut finished, mut dropped) = (0, 0);
        for count in 0.. {
            if count >= 80 && dropped > 5 && finished > 5 {
                break;
            }
            assert!(count < 1000, "{dropped} dropped, {finished} finished: try other numbers");
            // SQLite is pending a few times in one request, PostgreSQL some twenty times, fewer on a busy machine: half of the
            // attempts for each.
            let patience = if count % 2 == 0 { count / 2 % 4 } else { count / 2 % 40 };
            let name = format!("user-{count}");
            let attempt = Impatient { inner: Box::pin(create(test, &home, &name)), patience };
            match attempt.await {
                Some(done) => {
                    done.unwrap();
                    finished += 1;
                }
                None => dropped += 1,
            }
            // Whoever comes next writes as if nothing had been, and knows what the dropped one did commit.
            let done = create(test, &home, &format!("next-{count}")).await.unwrap();
            assert_eq!(test.store.directory().revision(), done.revision);
            let there = test.store.find_user(home.account, &user_name(&name)).await.unwrap();
            let users = raw.number("SELECT COUNT(*) FROM users").await;
            assert_eq!(users, i64::try_from(test.store.directory().census().users).unwrap());
            if let Some(user) = there {
                assert!(test.store.directory().knows(home.account, Principal::User(user.user_id)));
            }
        }
    }

    async fn concurrent_writers_leave_no_gap(test) {
        let (one, two) = test.two_homes().await;
        let before = test.store.directory().revision();
        let names: Vec<_> = (0..60).map(|count| format!("user-{count}")).collect();
        let tasks = names.chunks(3).enumerate().map(|(place, names)| {
            let home = if place % 2 == 0 { &one } else { &two };
            async move {
                let mut revisions = Vec::new();
                for name in names {
                    revisions.push(create(test, home, name).await.unwrap().revision);
                }
                revisions
            }
        });
        let mut revisions: Vec<_> = join_all(tasks).await.into_iter().flatten().collect();
        revisions.sort_unstable();
        assert_eq!(revisions, (before + 1..=before + 60).collect::<Vec<_>>());
        let sequences = test.raw().await.numbers("SELECT COUNT(*) - MAX(sequence) FROM audit_records GROUP BY account_id").await;
        assert_eq!(sequences, [0, 0]);
    }

    /// The permission is decided from the state that the transaction changes: a right taken away by the writer before
    /// is not there any more.
    async fn a_writer_decides_from_what_the_one_before_it_left(test) {
        let home = test.home().await;
        test.attach(home.account, home.alice, bailey_domain::change::PolicyType::System, "AliyunBailianFullAccess").await;
        let alice = test.user(home.account, home.alice);
        let mut first = test.store.write().await.unwrap();
        let second = async {
            let tx = test.store.write().await.unwrap();
            let answer = tx.authorize::<CreateWorkspace>(&alice, WholeAccount);
            tx.abandon().await.unwrap();
            answer.is_ok()
        };
        let mut second = pin!(second);
        // The second waits for the first.
        assert!(second.as_mut().now_or_never().is_none());
        let scope = RamScope::user(home.account, "alice");
        let root = test.root(home.account);
        let permit = first.authorize::<bailey_domain::operations::DetachPolicyFromUser>(&root, scope).unwrap();
        let name = crate::world::policy_name("AliyunBailianFullAccess");
        first.detach_policy(&permit, home.alice, bailey_domain::change::PolicyType::System, &name, None).await.unwrap();
        first.commit(permit, record()).await.unwrap();
        assert!(!second.await);
    }

    /// However many writers wait, whoever only reads does not wait with them.
    async fn readers_do_not_wait_for_writers(test) {
        let home = test.home().await;
        let open = test.store.write().await.unwrap();
        let names: Vec<_> = (0..20).map(|count| format!("user-{count}")).collect();
        let mut writers: Vec<_> = names.iter().map(|name| Box::pin(create(test, &home, name))).collect();
        for writer in &mut writers {
            assert!(writer.as_mut().now_or_never().is_none());
        }
        let reads = async {
            for _ in 0..20 {
                // What waits goes on waiting, as it would on a busy server.
                for writer in &mut writers {
                    assert!(writer.as_mut().now_or_never().is_none());
                }
                test.store.find_user(home.account, &user_name("alice")).await.unwrap().unwrap();
                test.store.verify_account(home.account).await.unwrap().unwrap();
                test.store.catch_up().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(8), reads).await.expect("readers wait for writers");
        open.abandon().await.unwrap();
        for done in join_all(writers).await {
            done.unwrap();
        }
    }

    async fn a_commit_is_one_revision_and_one_record(test) {
        let home = test.home().await;
        let mut raw = test.raw().await;
        let before = census(&mut raw).await;
        let root = test.root(home.account);
        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<CreateUser>(&root, RamScope::user(home.account, "x")).unwrap();
        for name in ["x", "y", "z"] {
            let new = test.new_user(name);
            tx.insert_user(&permit, &new).await.unwrap();
        }
        tx.commit(permit, record()).await.unwrap();
        let after = census(&mut raw).await;
        let grown: Vec<_> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        assert_eq!(grown, [1, 3, 1, 0, 1]);
    }
}
