//! Policies that count for the things of one workspace.

use bailey_domain::access::{Attachee, AttacheeKind};
use bailey_domain::change::PolicyType;
use bailey_domain::operations::{CreateWorkspace, RenameWorkspace};
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::{AccountId, UserId, WorkspaceId};

use crate::support::TestStore;
use crate::world::{allow, policy_name};

const SYSTEM: PolicyType = PolicyType::System;
const FULL: &str = "AliyunBailianFullAccess";

impl TestStore {
    async fn attach_for(&self, account: AccountId, user: UserId, name: &str, workspace: Option<WorkspaceId>) {
        let (scope, name) = (RamScope::user(account, "*"), policy_name(name));
        commit!(self, self.root(account), AttachPolicyToUser on scope, |tx, permit| tx.attach_policy(&permit, user, SYSTEM, &name, workspace));
    }

    /// Gives whether it was attached so.
    async fn detach_for(
        &self,
        account: AccountId,
        user: UserId,
        name: &str,
        workspace: Option<WorkspaceId>,
    ) -> bool {
        let (scope, name) = (RamScope::user(account, "*"), policy_name(name));
        commit!(self, self.root(account), DetachPolicyFromUser on scope, |tx, permit| tx.detach_policy(&permit, user, SYSTEM, &name, workspace))
    }

    fn may_rename(&self, account: AccountId, user: UserId, workspace: WorkspaceId) -> bool {
        self.store.directory().authorize::<RenameWorkspace>(&self.user(account, user), workspace).is_ok()
    }

    fn may_create(&self, account: AccountId, user: UserId) -> bool {
        self.store.directory().authorize::<CreateWorkspace>(&self.user(account, user), WholeAccount).is_ok()
    }
}

cases! {
    async fn a_policy_is_attached_once_for_each_workspace_and_once_for_the_account(test) {
        let (one, two) = test.two_homes().await;
        test.attach_for(two.account, two.alice, FULL, Some(two.first)).await;
        let answers = || {
            let may = |workspace| test.may_rename(one.account, one.alice, workspace);
            [may(one.first), may(one.second), may(one.default), test.may_create(one.account, one.alice)]
        };
        assert_eq!(answers(), [false; 4]);
        for workspace in [Some(one.first), Some(one.second), None] {
            test.attach_for(one.account, one.alice, FULL, workspace).await;
        }
        assert_eq!(answers(), [true; 4]);
        let (root, scope, name) = (test.root(one.account), RamScope::user(one.account, "*"), policy_name(&FULL.to_lowercase()));
        for workspace in [Some(one.first), None] {
            let error = refused!(test, root, AttachPolicyToUser on scope.clone(), |tx, permit| tx.attach_policy(&permit, one.alice, SYSTEM, &name, workspace));
            assert_eq!(error.code(), "EntityAlreadyExists.User.Policy");
        }
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_policies_of(one.alice, SYSTEM).await.unwrap(), 3, "each counts against the quota");
        tx.abandon().await.unwrap();
        // Each is taken away by itself.
        assert!(test.detach_for(one.account, one.alice, FULL, None).await);
        assert_eq!(answers(), [true, true, false, false]);
        assert!(test.detach_for(one.account, one.alice, FULL, Some(one.first)).await);
        assert_eq!(answers(), [false, true, false, false]);
        for workspace in [None, Some(one.first), Some(one.default), Some(two.first)] {
            assert!(!test.detach_for(one.account, one.alice, FULL, workspace).await);
        }
        assert_eq!(answers(), [false, true, false, false]);
        assert!(test.detach_for(one.account, one.alice, FULL, Some(one.second)).await);
        assert_eq!(answers(), [false; 4]);
        assert!(test.may_rename(two.account, two.alice, two.first), "the other account's stands");
    }

    async fn only_the_accounts_own_workspaces_are_resource_groups(test) {
        let (one, two) = test.two_homes().await;
        let (root, scope, name) = (test.root(one.account), RamScope::user(one.account, "*"), policy_name(FULL));
        for workspace in [two.first, WorkspaceId::random(&test.clock)] {
            let error = refused!(test, root, AttachPolicyToUser on scope.clone(), |tx, permit| tx.attach_policy(&permit, one.alice, SYSTEM, &name, Some(workspace)));
            assert_eq!((error.code(), error.to_string().as_str()), ("EntityNotExist.ResourceGroup", "The resource group does not exist."));
        }
        assert_eq!(test.count_attachments(one.account, SYSTEM, &name).await, 0);
    }

    async fn lists_say_for_what_each_policy_counts(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.attach_for(home.account, home.alice, FULL, Some(home.second)).await;
        }
        test.attach_for(one.account, one.alice, FULL, None).await;
        let root = test.root(one.account);
        let permit = permit!(test, root, ListPoliciesForUser on RamScope::user(one.account, "alice"));
        let list = test.store.list_attached(&permit, one.alice).await.unwrap();
        assert_eq!(list.iter().map(|row| row.workspace).collect::<Vec<_>>(), [Some(one.second), None]);
        let permit = permit!(test, root, ListEntitiesForPolicy on RamScope::system_policy(FULL));
        let users = test.store.list_entities_for_policy(&permit, AttacheeKind::User, SYSTEM, &policy_name(FULL)).await.unwrap();
        let shown: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.workspace_id.clone())).collect();
        assert_eq!(shown, [("alice", String::new()), ("alice", one.second.to_string())]);
    }

    /// What counts for one workspace only stands in the way of deleting a policy or what has it, like everything attached.
    async fn a_policy_for_one_workspace_is_attached_like_any_other(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", &allow("modelstudio:*")).await;
        }
        let (root, name, custom) = (test.root(one.account), policy_name("mine"), PolicyType::Custom);
        let group = test.create_group(one.account, "devs").await;
        test.join(one.account, group, one.alice).await;
        commit!(test, root, AttachPolicyToGroup on RamScope::group(one.account, "*"), |tx, permit| tx.attach_policy(&permit, group, custom, &name, Some(one.first)));
        assert!(test.may_rename(one.account, one.alice, one.first) && !test.may_rename(one.account, one.alice, one.second));
        let mut tx = test.store.write().await.unwrap();
        assert!(tx.has_policies(group).await.unwrap());
        tx.abandon().await.unwrap();
        let error = refused!(test, root, DeletePolicy on RamScope::policy(one.account, "mine"), |tx, permit| tx.delete_policy(&permit, &name));
        assert_eq!(error.code(), "DeleteConflict.Policy.Group");
        test.leave(one.account, group, one.alice).await;
        assert!(!test.may_rename(one.account, one.alice, one.first));
    }

    async fn a_deleted_workspace_takes_along_what_counts_for_it(test) {
        let (one, two) = test.two_homes().await;
        let group = test.create_group(one.account, "devs").await;
        let name = policy_name(FULL);
        for workspace in [None, Some(one.first), Some(one.second)] {
            test.attach_for(one.account, one.alice, FULL, workspace).await;
        }
        commit!(test, test.root(one.account), AttachPolicyToGroup on RamScope::group(one.account, "*"), |tx, permit| tx.attach_policy(&permit, group, SYSTEM, &name, Some(one.second)));
        test.attach_for(two.account, two.alice, FULL, Some(two.second)).await;
        commit!(test, test.root(one.account), DeleteWorkspace on one.second, |tx, permit| tx.delete_workspace(&permit));
        let mut raw = test.raw().await;
        let left = raw.texts(&format!("SELECT workspace_id FROM policy_attachments WHERE account_id = '{}' ORDER BY workspace_id", one.account)).await;
        assert_eq!(left, [String::new(), one.first.to_string()]);
        assert_eq!(test.count_attachments(two.account, SYSTEM, &name).await, 1);
        let directory = test.store.directory();
        assert!(directory.is_attached(one.account, SYSTEM, &name, one.alice.into(), Some(one.first)));
        assert!(!directory.is_attached(one.account, SYSTEM, &name, one.alice.into(), Some(one.second)));
        assert!(directory.is_attached(two.account, SYSTEM, &name, two.alice.into(), Some(two.second)));
    }

    /// A database from before there were resource groups: what was attached counts for the whole account.
    async fn what_was_attached_before_counts_for_the_account(test) {
        let (one, two) = test.two_homes().await;
        let group = test.create_group(two.account, "devs").await;
        test.join(two.account, group, two.bob).await;
        test.attach_for(one.account, one.alice, FULL, None).await;
        test.attach_to_group(two.account, group, SYSTEM, FULL).await;
        let mut raw = test.raw().await;
        for sql in [
            "CREATE TABLE earlier (account_id TEXT NOT NULL, principal_type TEXT NOT NULL, principal_id TEXT NOT NULL,
                policy_type TEXT NOT NULL, policy_name TEXT NOT NULL, folded_policy_name TEXT NOT NULL, attached_at BIGINT NOT NULL,
                PRIMARY KEY (account_id, principal_type, principal_id, policy_type, folded_policy_name))",
            "INSERT INTO earlier SELECT account_id, principal_type, principal_id, policy_type, policy_name,
                folded_policy_name, attached_at FROM policy_attachments",
            "DROP TABLE policy_attachments",
            "ALTER TABLE earlier RENAME TO policy_attachments",
            "CREATE INDEX policy_attachments_by_policy ON policy_attachments (account_id, policy_type, folded_policy_name)",
            "DELETE FROM _sqlx_migrations WHERE version = 10",
        ] {
            raw.execute(sql).await;
        }
        let upgraded = test.second().await;
        let name = policy_name(FULL);
        for (account, to) in [(one.account, Attachee::User(one.alice)), (two.account, Attachee::Group(group))] {
            assert!(upgraded.directory().is_attached(account, SYSTEM, &name, to, None));
        }
        crate::probes::compare(test, test.store.directory(), upgraded.directory()).await;
        upgraded.close().await;
        // And there may be others beside it from now on.
        test.attach_for(one.account, one.alice, FULL, Some(one.first)).await;
    }
}
