//! Access keys of root and of users.

use bailey_domain::access::Principal;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, AccountId};
use bailey_store::{AccessKey, NewAccessKey};

use crate::support::TestStore;

pub(crate) async fn create(test: &TestStore, account: AccountId, owner: Principal) -> AccessKey {
    let new = NewAccessKey {
        access_key_id: AccessKeyId::random(&test.clock),
        owner,
        sealed_secret: "sealed text".to_owned(),
    };
    commit!(test, test.root(account), CreateAccessKey on RamScope::user(account, "*"), |tx, permit| tx.insert_access_key(&permit, &new))
}

async fn ids(test: &TestStore, account: AccountId, owner: Principal) -> Vec<AccessKeyId> {
    let permit = permit!(test, test.root(account), ListAccessKeys on RamScope::user(account, "*"));
    let keys = test.store.list_access_keys(&permit, owner).await.unwrap();
    keys.iter().map(|key| key.access_key_id).collect()
}

cases! {
    async fn each_identity_has_its_own(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let keys = [create(test, one.account, alice).await, create(test, one.account, alice).await];
        let root = create(test, one.account, Principal::Root).await;
        assert_eq!(ids(test, one.account, alice).await, keys.each_ref().map(|key| key.access_key_id));
        assert_eq!(ids(test, one.account, Principal::User(one.bob)).await, []);
        // Root has the one from the founding too; the other account's root has only that.
        assert_eq!(ids(test, one.account, Principal::Root).await.len(), 2);
        assert_eq!(ids(test, two.account, Principal::Root).await.len(), 1);
        assert_eq!(ids(test, two.account, alice).await, []);

        let facts = test.store.directory().access_key(&keys[0].access_key_id).unwrap();
        assert_eq!((facts.account, facts.owner, facts.active), (one.account, alice, true));
        assert_eq!(&*facts.sealed_secret, "sealed text");
        assert!(!serde_json::to_string(&keys[0]).unwrap().contains("sealed"));

        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_access_keys(one.account, alice).await.unwrap(), 2);
        assert_eq!(tx.count_access_keys(one.account, Principal::Root).await.unwrap(), 2);
        assert_eq!(tx.count_access_keys(two.account, alice).await.unwrap(), 0);
        assert!(tx.has_access_keys(one.alice).await.unwrap());
        assert!(!tx.has_access_keys(one.bob).await.unwrap());
        let id = root.access_key_id;
        assert_eq!(tx.find_access_key(one.account, Principal::Root, id).await.unwrap(), Some(root));
        assert_eq!(tx.find_access_key(one.account, alice, id).await.unwrap(), None);
        assert_eq!(tx.find_access_key(two.account, Principal::Root, id).await.unwrap(), None);
        tx.abandon().await.unwrap();
    }

    async fn a_key_is_switched_off_and_on_and_deleted(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let key = create(test, one.account, alice).await;
        let other = create(test, two.account, Principal::User(two.alice)).await;
        let id = key.access_key_id;
        let scope = || RamScope::user(one.account, "alice");
        let active = || test.store.directory().access_key(&id).map(|facts| facts.active);
        for switch in [false, true] {
            let changed = commit!(test, test.root(one.account), UpdateAccessKey on scope(), |tx, permit| tx.update_access_key(&permit, &key, switch));
            assert_eq!((changed.active, active()), (switch, Some(switch)));
        }
        commit!(test, test.root(one.account), DeleteAccessKey on scope(), |tx, permit| tx.delete_access_key(&permit, id));
        assert_eq!(active(), None);
        assert_eq!(ids(test, one.account, alice).await, []);
        assert!(test.store.directory().access_key(&other.access_key_id).is_some());
    }

    /// A user that still has access keys cannot go: the keys would be nobody's.
    async fn a_user_with_access_keys_cannot_be_deleted(test) {
        let home = test.home().await;
        create(test, home.account, Principal::User(home.alice)).await;
        let scope = RamScope::user(home.account, "alice");
        refused!(test, test.root(home.account), DeleteUser on scope, |tx, permit| tx.delete_user(&permit, home.alice));
        assert!(test.store.directory().knows(home.account, Principal::User(home.alice)));
    }
}
