//! What the credential report is made of, and the report that is kept.

use bailey_domain::access::Principal;
use bailey_domain::scope::RamScope;

use crate::access_keys::create;

cases! {
    async fn it_tells_of_this_accounts_identities_and_the_last_one_is_kept(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let (used, idle) = (create(test, one.account, alice).await, create(test, one.account, alice).await);
        create(test, two.account, Principal::User(two.bob)).await;
        test.store.record_last_uses(&[(one.account, used.access_key_id, 4_000, "Ram")]).await.unwrap();
        let scope = || RamScope::account(one.account);
        let read = || permit!(test, test.root(one.account), GetCredentialReport on scope());
        assert_eq!(test.store.find_credential_report(&read()).await.unwrap(), None);

        let all = commit!(test, test.root(one.account), GenerateCredentialReport on scope(), |tx, permit| tx.list_credentials(&permit));
        assert_eq!(all[0].name, None);
        assert_eq!(all[0].keys.len(), 1, "root's from the founding");
        let names: Vec<_> = all[1..].iter().map(|user| user.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["alice", "bob"]);
        let keys: Vec<_> = all[1].keys.iter().map(|key| (key.active, key.created_at, key.last_used_at)).collect();
        assert_eq!(keys, [(true, used.created_at, Some(4_000)), (true, idle.created_at, None)]);
        assert_eq!(all[2].keys, []);

        for content in ["first\n", "second\n"] {
            commit!(test, test.root(one.account), GenerateCredentialReport on scope(), |tx, permit| tx.put_credential_report(&permit, content));
        }
        let kept = test.store.find_credential_report(&read()).await.unwrap().unwrap();
        assert_eq!(kept.content, "second\n");
        let there = permit!(test, test.root(two.account), GetCredentialReport on RamScope::account(two.account));
        assert_eq!(test.store.find_credential_report(&there).await.unwrap(), None);
    }
}
