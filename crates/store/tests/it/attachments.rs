//! Attaching policies and detaching them.

use bailey_domain::access::AttacheeKind;
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
            let error = refused!(test, test.root(one.account), AttachPolicyToUser on scope.clone(), |tx, permit| tx.attach_policy(&permit, one.alice, policy_type, &name, None));
            assert_eq!(error.code(), "EntityAlreadyExists.User.Policy");
            let gone = commit!(test, test.root(one.account), DetachPolicyFromUser on scope.clone(), |tx, permit| tx.detach_policy(&permit, one.alice, policy_type, &name, None));
            assert!(gone && !may());
            let gone = commit!(test, test.root(one.account), DetachPolicyFromUser on scope, |tx, permit| tx.detach_policy(&permit, one.alice, policy_type, &name, None));
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
        commit!(test, test.root(home.account), DetachPolicyFromUser on scope, |tx, permit| tx.detach_policy(&permit, home.alice, PolicyType::System, &name, None));
        let alice = test.user(home.account, home.alice);
        assert!(test.store.directory().authorize::<CreateWorkspace>(&alice, WholeAccount).is_err());
        assert_eq!(test.count_attachments(home.account, PolicyType::Custom, &name).await, 1);
        assert_eq!(test.count_attachments(home.account, PolicyType::System, &name).await, 0);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_policies_of(home.alice, PolicyType::Custom).await.unwrap(), 1);
        assert_eq!(tx.count_policies_of(home.alice, PolicyType::System).await.unwrap(), 0);
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
        let list = test.store.list_attached(&permit, one.alice).await.unwrap();
        let shown: Vec<_> = list
            .iter()
            .map(|row| (row.policy_type, row.policy_name.as_str(), row.default_version, row.description.is_some()))
            .collect();
        assert_eq!(shown, [("System", SYSTEM, None, false), ("Custom", "MINE", Some(1), true)]);
        assert_eq!(test.store.list_attached(&permit, two.alice).await.unwrap(), []);

        let permit = permit!(test, root, ListEntitiesForPolicy on RamScope::policy(one.account, "mine"));
        let entities = test.store.list_entities_for_policy(&permit, AttacheeKind::User, PolicyType::Custom, &policy_name("mine")).await.unwrap();
        let names: Vec<_> = entities.iter().map(|entity| (entity.name.as_str(), entity.id.clone())).collect();
        assert_eq!(names, [("alice", one.alice.to_string()), ("bob", one.bob.to_string())]);
        let none = test.store.list_entities_for_policy(&permit, AttacheeKind::User, PolicyType::System, &policy_name("mine")).await.unwrap();
        assert_eq!(none, []);
        let name = policy_name(&SYSTEM.to_lowercase());
        assert_eq!(test.store.count_system_attachments(one.account, &name).await.unwrap(), 1);
        assert_eq!(test.store.count_system_attachments(two.account, &name).await.unwrap(), 0);
    }

    /// A user's policies and a group's are kept apart, even of one name, and so are two accounts' groups.
    async fn a_group_holds_policies_of_its_own(test) {
        let (one, two) = test.two_homes().await;
        let (mine, theirs) = (test.create_group(one.account, "devs").await, test.create_group(two.account, "devs").await);
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", &allow("modelstudio:*")).await;
        }
        test.attach(one.account, one.alice, PolicyType::Custom, "mine").await;
        test.attach_to_group(one.account, mine, PolicyType::Custom, "mine").await;
        test.attach_to_group(two.account, theirs, PolicyType::System, SYSTEM).await;
        let (root, scope, name) = (test.root(one.account), RamScope::group(one.account, "devs"), policy_name("MINE"));
        let error = refused!(test, root, AttachPolicyToGroup on scope.clone(), |tx, permit| tx.attach_policy(&permit, mine, PolicyType::Custom, &name, None));
        assert_eq!(error.code(), "EntityAlreadyExists.Group.Policy");
        let error = refused!(test, root, AttachPolicyToGroup on scope.clone(), |tx, permit| tx.attach_policy(&permit, theirs, PolicyType::Custom, &name, None));
        assert_eq!(error.code(), "EntityNotExist.Group");

        let permit = permit!(test, root, ListPoliciesForGroup on scope.clone());
        let list = test.store.list_attached(&permit, mine).await.unwrap();
        assert_eq!(list.iter().map(|row| row.policy_name.as_str()).collect::<Vec<_>>(), ["mine"]);
        assert_eq!(test.store.list_attached(&permit, theirs).await.unwrap(), []);
        let permit = permit!(test, root, ListEntitiesForPolicy on RamScope::policy(one.account, "mine"));
        let groups = test.store.list_entities_for_policy(&permit, AttacheeKind::Group, PolicyType::Custom, &name).await.unwrap();
        let shown: Vec<_> = groups.iter().map(|group| (group.id.clone(), group.name.as_str(), group.text.as_str())).collect();
        assert_eq!(shown, [(mine.to_string(), "devs", "about devs")]);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_policies_of(mine, PolicyType::Custom).await.unwrap(), 1);
        assert_eq!(tx.count_policies_of(mine, PolicyType::System).await.unwrap(), 0);
        assert!(!tx.has_policies(one.bob).await.unwrap() && tx.has_policies(theirs).await.unwrap());
        tx.abandon().await.unwrap();

        // Another account's permit detaches nothing here.
        let other = test.root(two.account);
        let gone = commit!(test, other, DetachPolicyFromGroup on RamScope::group(two.account, "devs"), |tx, permit| tx.detach_policy(&permit, mine, PolicyType::Custom, &name, None));
        assert!(!gone);
        // What stands in the way of deleting the policy: the user first, then the group.
        let delete = async || refused!(test, root, DeletePolicy on RamScope::policy(one.account, "mine"), |tx, permit| tx.delete_policy(&permit, &name));
        assert_eq!(delete().await.code(), "DeleteConflict.Policy.User");
        commit!(test, root, DetachPolicyFromUser on RamScope::user(one.account, "alice"), |tx, permit| tx.detach_policy(&permit, one.alice, PolicyType::Custom, &name, None));
        let error = delete().await;
        assert_eq!(error.code(), "DeleteConflict.Policy.Group");
        assert_eq!(error.to_string(), "The policy CAN NOT been attached to any group while deleting the policy.");
        let gone = commit!(test, root, DetachPolicyFromGroup on scope, |tx, permit| tx.detach_policy(&permit, mine, PolicyType::Custom, &name, None));
        assert!(gone);
        commit!(test, root, DeletePolicy on RamScope::policy(one.account, "mine"), |tx, permit| tx.delete_policy(&permit, &name));
    }
}
