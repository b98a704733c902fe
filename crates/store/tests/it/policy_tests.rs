//! The tests of custom policies.

use bailey_domain::AccountId;
use bailey_domain::scope::RamScope;

use crate::support::TestStore;
use crate::world::{allow, policy_name};

async fn tests_of(test: &TestStore, account: AccountId, policy: &str) -> Option<String> {
    let permit = permit!(test, test.root(account), GetPolicyTests on RamScope::policy(account, policy));
    test.store.find_policy_tests(&permit, &policy_name(policy)).await.unwrap()
}

cases! {
    async fn tests_are_a_policys_own_and_go_with_it(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            for policy in ["mine", "other"] {
                test.create_policy(home.account, policy, &allow("sfm:*")).await;
            }
        }
        let (root, scope, name) = (test.root(one.account), || RamScope::policy(one.account, "mine"), policy_name("Mine"));
        for text in ["[1]", "[2]"] {
            commit!(test, root, PutPolicyTests on scope(), |tx, permit| tx.put_policy_tests(&permit, &name, Some(text)));
        }
        let theirs = policy_name("mine");
        commit!(test, test.root(two.account), PutPolicyTests on RamScope::policy(two.account, "mine"), |tx, permit| tx.put_policy_tests(&permit, &theirs, Some("[3]")));
        assert_eq!(tests_of(test, one.account, "mine").await.as_deref(), Some("[2]"));
        assert_eq!(tests_of(test, one.account, "other").await, None);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.policy_tests(one.account, &name).await.unwrap().as_deref(), Some("[2]"));
        assert_eq!(tx.policy_tests(two.account, &name).await.unwrap().as_deref(), Some("[3]"));
        tx.abandon().await.unwrap();

        commit!(test, root, PutPolicyTests on scope(), |tx, permit| tx.put_policy_tests(&permit, &name, None));
        assert_eq!(tests_of(test, one.account, "mine").await, None);
        assert_eq!(tests_of(test, two.account, "mine").await.as_deref(), Some("[3]"));
        commit!(test, root, PutPolicyTests on scope(), |tx, permit| tx.put_policy_tests(&permit, &name, Some("[4]")));
        commit!(test, root, DeletePolicy on scope(), |tx, permit| tx.delete_policy(&permit, &name));
        test.create_policy(one.account, "mine", &allow("sfm:*")).await;
        assert_eq!(tests_of(test, one.account, "mine").await, None);
        assert_eq!(tests_of(test, two.account, "mine").await.as_deref(), Some("[3]"));
    }

    async fn there_are_no_tests_of_no_policy(test) {
        let (one, two) = test.two_homes().await;
        test.create_policy(two.account, "mine", &allow("sfm:*")).await;
        let (root, scope, name) = (test.root(one.account), RamScope::policy(one.account, "mine"), policy_name("mine"));
        let error = refused!(test, root, PutPolicyTests on scope, |tx, permit| tx.put_policy_tests(&permit, &name, Some("[1]")));
        assert_eq!(error.code(), "EntityNotExist.Policy");
    }
}
