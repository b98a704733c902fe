//! When access keys were last used, and how many identities there are.

use bailey_domain::access::Principal;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, Permit};
use bailey_store::{IdentityCounts, LastUse};

use crate::access_keys::create;
use crate::support::TestStore;

fn used(at_ms: i64, service: &str) -> LastUse {
    LastUse { at_ms, service: service.to_owned() }
}

async fn kept(
    test: &TestStore,
    permit: &Permit<bailey_domain::operations::GetAccessKeyLastUsed>,
    owner: Principal,
    id: AccessKeyId,
) -> Option<LastUse> {
    test.store.find_last_use(permit, owner, id).await.unwrap()
}

cases! {
    async fn the_latest_use_is_kept_and_survives(test) {
        let (one, two) = test.two_homes().await;
        let (alice, other) = (Principal::User(one.alice), Principal::User(two.alice));
        let (key, beside, foreign) = (
            create(test, one.account, alice).await.access_key_id,
            create(test, one.account, alice).await.access_key_id,
            create(test, two.account, other).await.access_key_id,
        );
        let here = permit!(test, test.root(one.account), GetAccessKeyLastUsed on RamScope::user(one.account, "alice"));
        let there = permit!(test, test.root(two.account), GetAccessKeyLastUsed on RamScope::user(two.account, "alice"));
        assert_eq!(kept(test, &here, alice, key).await, None);
        let gone = AccessKeyId::random(&test.clock);
        // A key under the wrong account is no key of that account.
        test.store.record_last_uses(&[
            (one.account, key, used(2_000, "Ram")),
            (one.account, gone, used(2_000, "Ram")),
            (one.account, foreign, used(9_000, "Ram")),
        ]).await.unwrap();
        test.store.record_last_uses(&[(one.account, key, used(1_000, "Sts"))]).await.unwrap();
        let second = test.second().await;
        assert_eq!(second.find_last_use(&here, alice, key).await.unwrap(), Some(used(2_000, "Ram")));
        second.close().await;
        assert_eq!(kept(test, &here, alice, beside).await, None);
        assert_eq!(kept(test, &there, other, foreign).await, None);
        for (permit, owner, id) in [(&here, alice, gone), (&here, Principal::User(one.bob), key), (&there, alice, key)] {
            let error = test.store.find_last_use(permit, owner, id).await.unwrap_err();
            assert_eq!(error.code(), "EntityNotExist.User.AccessKey");
        }
    }

    async fn identities_are_counted_by_account(test) {
        let (one, two) = test.two_homes().await;
        let caller = test.root(one.account);
        let before = test.store.count_identities(&permit!(test, caller, GetAccountSummary on RamScope::account(one.account))).await.unwrap();
        let there = test.store.count_identities(&permit!(test, test.root(two.account), GetAccountSummary on RamScope::account(two.account))).await.unwrap();
        assert_eq!(before, there, "both homes are alike");
        assert!(before.users >= 2);
        test.create_user(one.account, "zoe").await;
        let after = test.store.count_identities(&permit!(test, caller, GetAccountSummary on RamScope::account(one.account))).await.unwrap();
        assert_eq!(after, IdentityCounts { users: before.users + 1, ..before });
    }
}
