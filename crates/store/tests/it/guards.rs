//! Permission boundaries and control policies: one account each, kept over loading, gone with what they are on.

use bailey_domain::access::Attachee;
use bailey_domain::change::PolicyType;
use bailey_domain::operations::CreateWorkspace;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::{AccountId, UserId};
use bailey_store::{Guarding, Store};

use crate::support::TestStore;
use crate::world::{allow, policy_name};

const CUSTOM: PolicyType = PolicyType::Custom;
const MANAGES: &str = "AliyunBailianFullAccess";

impl TestStore {
    async fn bound(&self, account: AccountId, of: impl Into<Attachee>, policy_type: PolicyType, name: &str) {
        let (of, name) = (of.into(), policy_name(name));
        commit!(self, self.root(account), PutPermissionBoundary on RamScope::user(account, "*"), |tx, permit| tx.put_boundary(&permit, of, policy_type, &name));
    }

    async fn controlled(&self, account: AccountId, policy_type: PolicyType, name: &str) {
        let name = policy_name(name);
        commit!(self, self.root(account), AttachControlPolicy on RamScope::policy(account, "*"), |tx, permit| tx.attach_control_policy(&permit, policy_type, &name));
    }

    async fn guarding(&self, account: AccountId, name: &str) -> Guarding {
        let mut tx = self.store.write().await.unwrap();
        let guarding = tx.guarded_by(account, &policy_name(name)).await.unwrap();
        tx.abandon().await.unwrap();
        guarding
    }

    async fn control_policies(&self, account: AccountId) -> Vec<String> {
        let permit = permit!(self, self.root(account), ListControlPolicies on RamScope::policy(account, "*"));
        let listed = self.store.list_control_policies(&permit).await.unwrap();
        listed.iter().map(|one| one.policy_name.to_string()).collect()
    }

    async fn boundary_of(&self, account: AccountId, of: UserId) -> Option<String> {
        let permit = permit!(self, self.root(account), GetPermissionBoundary on RamScope::user(account, "*"));
        let found = self.store.find_boundary(&permit, of.into()).await.unwrap();
        found.map(|one| format!("{} {} {:?}", one.policy_type, one.policy_name, one.default_version))
    }

    /// Whether somebody may manage workspaces, as a store's directory has it.
    fn manages(&self, store: &Store, account: AccountId, user: UserId) -> bool {
        store.directory().authorize::<CreateWorkspace>(&self.user(account, user), WholeAccount).is_ok()
    }
}

cases! {
    async fn a_boundary_is_one_accounts_and_is_there_after_loading(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "caps", &allow("ram:*")).await;
            test.attach(home.account, home.alice, PolicyType::System, MANAGES).await;
        }
        test.bound(one.account, one.alice, PolicyType::System, "AdministratorAccess").await;
        assert!(test.manages(&test.store, one.account, one.alice));
        test.bound(one.account, one.alice, CUSTOM, "CAPS").await;
        assert_eq!(test.boundary_of(one.account, one.alice).await.as_deref(), Some("Custom CAPS Some(1)"));
        assert_eq!(test.boundary_of(two.account, one.alice).await, None);
        assert!(!test.manages(&test.store, one.account, one.alice));
        assert!(test.manages(&test.store, two.account, two.alice));
        let loaded = test.second().await;
        assert!(!test.manages(&loaded, one.account, one.alice) && test.manages(&loaded, two.account, two.alice));
        loaded.close().await;
        let bounded = Guarding { bounded: vec![one.alice.into()], controls: false };
        assert_eq!(test.guarding(one.account, "caps").await, bounded);
        assert_eq!(test.guarding(two.account, "caps").await, Guarding::default());
        // Nobody of another account is bounded or let go.
        let (root, name) = (test.root(two.account), policy_name("caps"));
        let scope = || RamScope::user(two.account, "alice");
        let error = refused!(test, root.clone(), PutPermissionBoundary on scope(), |tx, permit| tx.put_boundary(&permit, one.alice.into(), CUSTOM, &name));
        assert_eq!(error.code(), "EntityNotExist.User");
        assert!(!commit!(test, root, DeletePermissionBoundary on scope(), |tx, permit| tx.delete_boundary(&permit, one.alice.into())));
        let none = policy_name("none");
        let error = refused!(test, test.root(one.account), PutPermissionBoundary on scope(), |tx, permit| tx.put_boundary(&permit, one.alice.into(), CUSTOM, &none));
        assert_eq!(error.code(), "EntityNotExist.Policy");
        assert!(commit!(test, test.root(one.account), DeletePermissionBoundary on scope(), |tx, permit| tx.delete_boundary(&permit, one.alice.into())));
        assert!(test.manages(&test.store, one.account, one.alice));
    }

    async fn a_boundary_goes_with_its_user(test) {
        let (one, _) = test.two_homes().await;
        test.create_policy(one.account, "caps", &allow("ram:*")).await;
        let user = test.create_user(one.account, "carol").await;
        test.bound(one.account, user, CUSTOM, "caps").await;
        commit!(test, test.root(one.account), DeleteUser on RamScope::user(one.account, "carol"), |tx, permit| tx.delete_user(&permit, user));
        assert_eq!(test.guarding(one.account, "caps").await, Guarding::default());
    }

    async fn control_policies_are_one_accounts_and_are_there_after_loading(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "caps", &allow("ram:*")).await;
            test.attach(home.account, home.alice, PolicyType::System, MANAGES).await;
        }
        test.controlled(one.account, CUSTOM, "Caps").await;
        assert!(!test.manages(&test.store, one.account, one.alice));
        assert!(test.manages(&test.store, two.account, two.alice));
        let loaded = test.second().await;
        assert!(!test.manages(&loaded, one.account, one.alice) && test.manages(&loaded, two.account, two.alice));
        loaded.close().await;
        let name = policy_name("caps");
        let scope = |account| RamScope::policy(account, "caps");
        let error = refused!(test, test.root(one.account), AttachControlPolicy on scope(one.account), |tx, permit| tx.attach_control_policy(&permit, CUSTOM, &name));
        assert_eq!(error.code(), "EntityAlreadyExists.ControlPolicy");
        let none = policy_name("none");
        let error = refused!(test, test.root(one.account), AttachControlPolicy on scope(one.account), |tx, permit| tx.attach_control_policy(&permit, CUSTOM, &none));
        assert_eq!(error.code(), "EntityNotExist.Policy");
        test.controlled(one.account, PolicyType::System, MANAGES).await;
        assert!(test.manages(&test.store, one.account, one.alice));
        assert_eq!(test.control_policies(one.account).await, ["Caps", MANAGES]);
        assert!(test.control_policies(two.account).await.is_empty());
        assert!(test.guarding(one.account, "caps").await.controls);
        assert_eq!(test.guarding(two.account, "caps").await, Guarding::default());
        assert!(!commit!(test, test.root(two.account), DetachControlPolicy on scope(two.account), |tx, permit| tx.detach_control_policy(&permit, CUSTOM, &name)));
        let manages = policy_name(MANAGES);
        for (policy_type, name) in [(PolicyType::System, &manages), (CUSTOM, &name)] {
            assert!(commit!(test, test.root(one.account), DetachControlPolicy on scope(one.account), |tx, permit| tx.detach_control_policy(&permit, policy_type, name)));
        }
        assert!(test.manages(&test.store, one.account, one.alice) && test.control_policies(one.account).await.is_empty());
    }

    async fn a_policy_that_stands_above_somebody_does_not_go(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            for name in ["bounds", "controls"] {
                test.create_policy(home.account, name, &allow("*")).await;
            }
        }
        test.bound(one.account, one.alice, CUSTOM, "bounds").await;
        test.controlled(one.account, CUSTOM, "controls").await;
        for (name, code) in [
            ("bounds", "DeleteConflict.Policy.PermissionBoundary"),
            ("controls", "DeleteConflict.Policy.ControlPolicy"),
        ] {
            let mut tx = test.store.write().await.unwrap();
            let error = tx.demand_unattached(one.account, &policy_name(name)).await.unwrap_err();
            assert_eq!(error.code(), code);
            tx.demand_unattached(two.account, &policy_name(name)).await.unwrap();
            tx.abandon().await.unwrap();
        }
    }
}
