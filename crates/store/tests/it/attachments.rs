//! Attaching policies to users and detaching them.

use bailey_domain::change::PolicyType;
use bailey_domain::operations::CreateWorkspace;
use bailey_domain::scope::{RamScope, WholeAccount};

use crate::world::{allow, policy_name};

const SYSTEM: &str = "AliyunBailianFullAccess";

cases! {
    async fn an_attached_policy_counts_until_it_is_detached(test) {
        let (one, two) = test.two_homes().await;
        let alice = test.user(one.account, one.alice);
        let may = || test.store.directory().authorize::<CreateWorkspace>(&alice, WholeAccount).is_ok();
        assert!(!may());
        for (policy_type, name) in [(PolicyType::System, SYSTEM), (PolicyType::Custom, "mine")] {
            test.create_policy(two.account, name, &allow("modelstudio:*")).await;
            if policy_type == PolicyType::Custom {
                test.create_policy(one.account, name, &allow("modelstudio:*")).await;
            }
            test.attach(one.account, one.alice, policy_type, name).await;
            assert!(may());
            let (scope, name) = (RamScope::user(one.account, "alice"), policy_name(&name.to_uppercase()));
            let error = refused!(test, test.root(one.account), AttachPolicyToUser on scope.clone(), |tx, permit| tx.attach_policy(&permit, one.alice, policy_type, &name));
            assert_eq!(error.code(), "EntityAlreadyExists.User.Policy");
            let gone = commit!(test, test.root(one.account), DetachPolicyFromUser on scope.clone(), |tx, permit| tx.detach_policy(&permit, one.alice, policy_type, &name));
            assert!(gone && !may());
            let gone = commit!(test, test.root(one.account), DetachPolicyFromUser on scope, |tx, permit| tx.detach_policy(&permit, one.alice, policy_type, &name));
            assert!(!gone);
        }
    }

    /// A custom policy of a system policy's name is another policy.
    async fn system_and_custom_policies_of_one_name_are_two(test) {
        let home = test.home().await;
        test.create_policy(home.account, SYSTEM, &allow("sfm:Retrieve")).await;
        for policy_type in [PolicyType::Custom, PolicyType::System] {
            test.attach(home.account, home.alice, policy_type, SYSTEM).await;
        }
        let (scope, name) = (RamScope::user(home.account, "alice"), policy_name(SYSTEM));
        commit!(test, test.root(home.account), DetachPolicyFromUser on scope, |tx, permit| tx.detach_policy(&permit, home.alice, PolicyType::System, &name));
        let alice = test.user(home.account, home.alice);
        assert!(test.store.directory().authorize::<CreateWorkspace>(&alice, WholeAccount).is_err());
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_attachments(home.account, PolicyType::Custom, &name).await.unwrap(), 1);
        assert_eq!(tx.count_attachments(home.account, PolicyType::System, &name).await.unwrap(), 0);
        assert_eq!(tx.count_user_policies(home.alice, PolicyType::Custom).await.unwrap(), 1);
        assert_eq!(tx.count_user_policies(home.alice, PolicyType::System).await.unwrap(), 0);
        tx.abandon().await.unwrap();
    }

    async fn both_lists_show_what_is_attached_in_this_account(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", &allow("sfm:*")).await;
        }
        test.attach(one.account, one.bob, PolicyType::Custom, "mine").await;
        test.attach(one.account, one.alice, PolicyType::System, SYSTEM).await;
        test.attach(one.account, one.alice, PolicyType::Custom, "MINE").await;
        test.attach(two.account, two.alice, PolicyType::Custom, "mine").await;

        let root = test.root(one.account);
        let permit = permit!(test, root, ListPoliciesForUser on RamScope::user(one.account, "alice"));
        let list = test.store.list_policies_for_user(&permit, one.alice).await.unwrap();
        let shown: Vec<_> = list
            .iter()
            .map(|row| (row.policy_type, row.policy_name.as_str(), row.default_version, row.description.is_some()))
            .collect();
        assert_eq!(shown, [("System", SYSTEM, None, false), ("Custom", "MINE", Some(1), true)]);
        assert_eq!(test.store.list_policies_for_user(&permit, two.alice).await.unwrap(), []);

        let permit = permit!(test, root, ListEntitiesForPolicy on RamScope::policy(one.account, "mine"));
        let entities = test.store.list_entities_for_policy(&permit, PolicyType::Custom, &policy_name("mine")).await.unwrap();
        let names: Vec<_> = entities.iter().map(|entity| (entity.name.as_str(), entity.user_id.clone())).collect();
        assert_eq!(names, [("alice", one.alice.to_string()), ("bob", one.bob.to_string())]);
        let none = test.store.list_entities_for_policy(&permit, PolicyType::System, &policy_name("mine")).await.unwrap();
        assert_eq!(none, []);
        let name = policy_name(&SYSTEM.to_lowercase());
        assert_eq!(test.store.count_system_attachments(one.account, &name).await.unwrap(), 1);
        assert_eq!(test.store.count_system_attachments(two.account, &name).await.unwrap(), 0);
    }
}
