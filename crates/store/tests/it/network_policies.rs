//! Network policies of access keys: the directory has them before the commit returns, and after loading.

use std::net::IpAddr;

use bailey_domain::access::Principal;
use bailey_domain::directory::NetworkLevel;
use bailey_domain::network_policy::NetworkPolicy;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, Caller};

use crate::access_keys::create;

fn only(network: &str) -> NetworkPolicy {
    let text = format!(
        r#"{{"Status":"Active","Statements":[{{"Type":"ClassicWhiteList","IPList":["{network}"]}}]}}"#
    );
    NetworkPolicy::parse(&text).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

cases! {
    async fn a_keys_own_policy_stands_instead_of_the_accounts(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let (key, beside) = (create(test, one.account, alice).await, create(test, one.account, alice).await);
        let foreign = create(test, two.account, Principal::User(two.alice)).await;
        let (inside, outside) = (address("10.1.2.3"), address("172.16.0.1"));
        let kept_out = |id: &AccessKeyId, account, from| test.store.directory().kept_out(account, Some(id), from);
        assert_eq!(kept_out(&key.access_key_id, one.account, outside), None);

        commit!(test, test.root(one.account), SetAccessKeyPolicyForAccount on RamScope::account(one.account),
            |tx, permit| tx.update_account_access_key_policy(&permit, &only("10.0.0.0/8")));
        assert_eq!(kept_out(&key.access_key_id, one.account, inside), None);
        assert_eq!(kept_out(&key.access_key_id, one.account, outside), Some(NetworkLevel::Account));
        assert_eq!(kept_out(&foreign.access_key_id, two.account, outside), None);

        let scope = || RamScope::user(one.account, "alice");
        commit!(test, test.root(one.account), SetAccessKeyPolicy on scope(),
            |tx, permit| tx.update_access_key_policy(&permit, key.access_key_id, &only("172.16.0.0/12")));
        assert_eq!(kept_out(&key.access_key_id, one.account, outside), None);
        assert_eq!(kept_out(&key.access_key_id, one.account, inside), Some(NetworkLevel::AccessKey));
        assert_eq!(kept_out(&beside.access_key_id, one.account, outside), Some(NetworkLevel::Account));

        // Switching the key off and on leaves its policy.
        for active in [false, true] {
            commit!(test, test.root(one.account), UpdateAccessKey on scope(), |tx, permit| tx.update_access_key(&permit, &key, active));
        }
        assert_eq!(kept_out(&key.access_key_id, one.account, inside), Some(NetworkLevel::AccessKey));
        let read = test.store.directory().network_policy(one.account, Some(&key.access_key_id));
        assert_eq!(read, only("172.16.0.0/12"));
        assert_eq!(test.store.directory().network_policy(two.account, Some(&key.access_key_id)), NetworkPolicy::default());

        // An inactive one of the key does not count.
        commit!(test, test.root(one.account), SetAccessKeyPolicy on scope(),
            |tx, permit| tx.update_access_key_policy(&permit, key.access_key_id, &NetworkPolicy::default()));
        assert_eq!(kept_out(&key.access_key_id, one.account, outside), Some(NetworkLevel::Account));
        let error = refused!(test, test.root(one.account), SetAccessKeyPolicy on scope(),
            |tx, permit| tx.update_access_key_policy(&permit, foreign.access_key_id, &only("10.0.0.0/8")));
        assert_eq!(error.code(), "EntityNotExist.User.AccessKey");
    }

    async fn whoever_sets_a_policy_is_not_locked_out_by_it(test) {
        let home = test.home().await;
        let own = create(test, home.account, Principal::Root).await.access_key_id;
        let other = create(test, home.account, Principal::User(home.alice)).await.access_key_id;
        let caller = Caller { access_key: Some(own), source_ip: address("10.1.2.3"), ..test.root(home.account) };
        let would = |target: Option<&AccessKeyId>, policy: &NetworkPolicy| test.store.directory().would_lock_out(&caller, target, policy);
        let (here, elsewhere) = (only("10.0.0.0/8"), only("172.16.0.0/12"));
        assert!(would(Some(&own), &elsewhere) && would(None, &elsewhere));
        assert!(!would(Some(&own), &here) && !would(None, &here) && !would(Some(&other), &elsewhere));
        assert!(!would(None, &NetworkPolicy::default()));
        // With a policy of its own the key does not mind the account's, until its own is switched off.
        commit!(test, test.root(home.account), SetAccessKeyPolicy on RamScope::user(home.account, "root"),
            |tx, permit| tx.update_access_key_policy(&permit, own, &here));
        assert!(!would(None, &elsewhere));
        commit!(test, test.root(home.account), SetAccessKeyPolicyForAccount on RamScope::account(home.account),
            |tx, permit| tx.update_account_access_key_policy(&permit, &elsewhere));
        assert!(would(Some(&own), &NetworkPolicy::default()));
    }
}
