//! When access keys were last used, and how many identities there are.

use bailey_domain::access::Principal;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, ApiKeyId, Permit};
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
            (one.account, key, 2_000, "Ram"),
            (one.account, gone, 2_000, "Ram"),
            (one.account, foreign, 9_000, "Ram"),
        ]).await.unwrap();
        test.store.record_last_uses(&[(one.account, key, 1_000, "Sts")]).await.unwrap();
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

    async fn the_latest_call_of_an_api_key_is_kept_and_no_revision(test) {
        let (one, two) = test.two_homes().await;
        let revision = test.store.directory().revision();
        let (key, foreign, gone) = (one.key.0, two.key.0, ApiKeyId::random(&test.clock));
        let last = async |account, id| test.store.find_key(account, id).await.unwrap().unwrap().last_used_at;
        assert_eq!(last(one.account, key).await, None);
        let uses = [(one.account, key, 2_000, ()), (one.account, gone, 9_000, ()), (one.account, foreign, 9_000, ())];
        test.store.record_key_uses(&uses).await.unwrap();
        test.store.record_key_uses(&[(one.account, key, 1_000, ())]).await.unwrap();
        assert_eq!(last(one.account, key).await, Some(2_000), "a later word about an earlier use changes nothing");
        assert_eq!(last(two.account, foreign).await, None);
        assert_eq!(test.store.directory().revision(), revision);
        // What changes of a key leaves it, and no audit record holds it.
        commit!(test, test.root(one.account), DisableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, key, true));
        assert_eq!(last(one.account, key).await, Some(2_000));
        let shown = serde_json::to_value(test.store.find_key(one.account, key).await.unwrap()).unwrap();
        assert!(shown["apiKeyId"].is_string() && shown.get("lastUsedAt").is_none(), "{shown}");
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
