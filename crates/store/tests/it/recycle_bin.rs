//! The recycle bin: what lies in it opens nothing, and what comes back brings nothing with it.

use bailey_domain::access::Principal;
use bailey_domain::network_policy::NetworkPolicy;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, AccountId, Caller, UserId};
use bailey_store::{RETENTION_MS, RecycledUser};

use crate::access_keys::create;
use crate::support::{TestStore, all};
use crate::world::user_name;

async fn delete_user(test: &TestStore, account: AccountId, user: UserId) {
    let mut tx = test.store.write().await.unwrap();
    let permit = tx
        .authorize::<bailey_domain::operations::DeleteUser>(&test.root(account), RamScope::user(account, "*"))
        .unwrap();
    tx.recycle_user(&permit, user).await.unwrap();
    tx.delete_user(&permit, user).await.unwrap();
    tx.commit(permit, crate::support::record()).await.unwrap();
}

async fn delete_key(test: &TestStore, caller: Caller, owner: Principal, id: AccessKeyId) {
    let scope = RamScope::user(caller.account, "*");
    let mut tx = test.store.write().await.unwrap();
    let permit = tx.authorize::<bailey_domain::operations::DeleteAccessKey>(&caller, scope).unwrap();
    tx.recycle_access_key(&permit, owner, id).await.unwrap();
    tx.delete_access_key(&permit, id).await.unwrap();
    tx.commit(permit, crate::support::record()).await.unwrap();
}

async fn users(test: &TestStore, caller: Caller) -> Vec<RecycledUser> {
    let account = caller.account;
    let permit = permit!(test, caller, ListUsersInRecycleBin on RamScope::user(account, "*"));
    test.store.list_recycled_users(&permit, None, &all()).await.unwrap().rows
}

async fn keys(test: &TestStore, caller: Caller, owner: Principal) -> Vec<AccessKeyId> {
    let account = caller.account;
    let permit = permit!(test, caller, ListAccessKeysInRecycleBin on RamScope::user(account, "*"));
    let keys = test.store.list_recycled_access_keys(&permit, owner).await.unwrap();
    keys.iter().map(|key| key.access_key_id).collect()
}

cases! {
    async fn a_user_comes_back_with_nothing(test) {
        let (one, two) = test.two_homes().await;
        let (api_key, _) = one.key;
        let before = test.store.find_user_by_id(one.account, one.alice).await.unwrap().unwrap();
        delete_user(test, one.account, one.alice).await;
        assert!(!test.store.directory().knows(one.account, Principal::User(one.alice)));
        assert_eq!(users(test, test.root(two.account)).await, []);
        let recycled = users(test, test.root(one.account)).await.remove(0);
        assert_eq!(recycled.user, before);
        let permit = permit!(test, test.root(one.account), ListUsersInRecycleBin on RamScope::user(one.account, "*"));
        for (name, count) in [("ALICE", 1), ("bob", 0)] {
            let found = test.store.list_recycled_users(&permit, Some(&user_name(name)), &all()).await.unwrap();
            assert_eq!(found.rows.len(), count, "{name}");
        }
        assert_eq!(test.store.find_recycled_user(two.account, one.alice, test.now()).await.unwrap(), None);

        let scope = || RamScope::user(one.account, "alice");
        commit!(test, test.root(one.account), RestoreUserFromRecycleBin on scope(), |tx, permit| tx.restore_user(&permit, &recycled));
        assert_eq!(test.store.find_user_by_id(one.account, one.alice).await.unwrap(), Some(before));
        assert!(test.store.directory().knows(one.account, Principal::User(one.alice)));
        assert_eq!(users(test, test.root(one.account)).await, []);
        assert_eq!(test.store.directory().pages(one.first, one.alice), None, "the seat is not back");
        // A seat that is given anew does not find the key of before either.
        commit!(test, test.root(one.account), AddUser on bailey_domain::scope::WholeAccount,
            |tx, permit| tx.insert_studio_user(&permit, one.alice, "Alice"));
        test.add_member(one.account, one.first, one.alice, bailey_domain::Pages::default()).await;
        assert!(test.store.directory().pages(one.first, one.alice).is_some());
        assert_eq!(test.store.directory().key_owner(one.account, api_key), None);
        assert_eq!(test.store.find_key(one.account, api_key).await.unwrap(), None);
        assert!(test.store.find_key(two.account, two.key.0).await.unwrap().is_some());
    }

    async fn a_name_that_is_taken_meanwhile_keeps_the_user_in_the_bin(test) {
        let home = test.home().await;
        delete_user(test, home.account, home.alice).await;
        test.create_user(home.account, "Alice").await;
        let recycled = users(test, test.root(home.account)).await.remove(0);
        let scope = RamScope::user(home.account, "alice");
        let error = refused!(test, test.root(home.account), RestoreUserFromRecycleBin on scope, |tx, permit| tx.restore_user(&permit, &recycled));
        assert_eq!(error.code(), "EntityAlreadyExists.User");
        assert_eq!(users(test, test.root(home.account)).await.len(), 1);
    }

    async fn an_access_key_comes_back_switched_off_and_as_narrow_as_it_was(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let id = create(test, one.account, alice).await.access_key_id;
        let text = r#"{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["10.0.0.0/8"]}]}"#;
        let policy = NetworkPolicy::parse(text).unwrap();
        let scope = || RamScope::user(one.account, "alice");
        commit!(test, test.root(one.account), SetAccessKeyPolicy on scope(), |tx, permit| tx.update_access_key_policy(&permit, id, &policy));
        delete_key(test, test.root(one.account), alice, id).await;
        assert!(test.store.directory().access_key(&id).is_none());
        assert_eq!(keys(test, test.root(one.account), alice).await, [id]);
        assert!(keys(test, test.root(one.account), Principal::User(one.bob)).await.is_empty());
        assert!(keys(test, test.root(two.account), alice).await.is_empty());
        assert!(test.store.find_recycled_access_key(two.account, id, test.now()).await.unwrap().is_none());
        let recycled = test.store.find_recycled_access_key(one.account, id, test.now()).await.unwrap().unwrap();
        assert!(!serde_json::to_string(&recycled).unwrap().contains("sealed"));
        commit!(test, test.root(one.account), RestoreAccessKeyFromRecycleBin on scope(), |tx, permit| tx.restore_access_key(&permit, &recycled));
        let facts = test.store.directory().access_key(&id).unwrap();
        assert_eq!((facts.owner, facts.active, &*facts.sealed_secret), (alice, false, "sealed text"));
        assert_eq!(test.store.directory().network_policy(one.account, Some(&id)), policy);
        assert!(keys(test, test.root(one.account), alice).await.is_empty());
    }

    async fn three_keys_at_most_and_thirty_days(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let mut deleted = Vec::new();
        for _ in 0..4 {
            let id = create(test, one.account, alice).await.access_key_id;
            delete_key(test, test.root(one.account), alice, id).await;
            deleted.insert(0, id);
        }
        let foreign = create(test, two.account, Principal::User(two.alice)).await.access_key_id;
        delete_key(test, test.root(two.account), Principal::User(two.alice), foreign).await;
        assert_eq!(keys(test, test.root(one.account), alice).await, deleted[..3], "the oldest made room");
        delete_user(test, one.account, one.bob).await;
        let late = || {
            let caller = test.root(one.account);
            Caller { now_ms: caller.now_ms + RETENTION_MS, ..caller }
        };
        assert_eq!(users(test, test.root(one.account)).await.len(), 1);
        assert_eq!(users(test, late()).await, []);
        assert!(keys(test, late(), alice).await.is_empty());
        // Whoever deletes next throws away what is over, of this account alone.
        let id = create(test, one.account, alice).await.access_key_id;
        delete_key(test, late(), alice, id).await;
        let mut raw = test.raw().await;
        assert_eq!(raw.number("SELECT COUNT(*) FROM recycled_users").await, 0);
        assert_eq!(raw.number("SELECT COUNT(*) FROM recycled_access_keys").await, 2);
    }

    async fn what_goes_for_good_takes_its_keys_along(test) {
        let home = test.home().await;
        let (alice, bob) = (Principal::User(home.alice), Principal::User(home.bob));
        for owner in [alice, bob] {
            let id = create(test, home.account, owner).await.access_key_id;
            delete_key(test, test.root(home.account), owner, id).await;
        }
        delete_user(test, home.account, home.alice).await;
        assert_eq!(keys(test, test.root(home.account), alice).await.len(), 1, "the user lies in the bin, so may the key");
        let scope = || RamScope::user(home.account, "alice");
        commit!(test, test.root(home.account), DeleteUserInRecycleBin on scope(), |tx, permit| tx.purge_user(&permit, home.alice));
        assert!(keys(test, test.root(home.account), alice).await.is_empty());
        // Bob goes without the bin.
        commit!(test, test.root(home.account), DeleteUser on RamScope::user(home.account, "bob"), |tx, permit| tx.delete_user(&permit, home.bob));
        assert!(keys(test, test.root(home.account), bob).await.is_empty());
        let error = refused!(test, test.root(home.account), DeleteUserInRecycleBin on scope(), |tx, permit| tx.purge_user(&permit, home.bob));
        assert_eq!(error.code(), "EntityNotExist.User");
        let error = refused!(test, test.root(home.account), DeleteAccessKeyInRecycleBin on scope(),
            |tx, permit| tx.purge_access_key(&permit, AccessKeyId::random(&test.clock)));
        assert_eq!(error.code(), "EntityNotExist.User.AccessKey");
    }
}
