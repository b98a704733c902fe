//! RAM roles: names without regard to case, one account each, policies, and loading.

use bailey_domain::change::PolicyType;
use bailey_domain::id::RoleId;
use bailey_domain::name::RoleName;
use bailey_domain::operations::AssumeRole;
use bailey_domain::scope::{Assumption, RamScope};
use bailey_domain::{AccountId, Principal, UserId};
use bailey_store::{NewRole, RoleUpdate, Store};

use crate::support::{TestStore, first};
use crate::world::policy_name;

const READ: &str = "AliyunRAMReadOnlyAccess";

fn role_name(name: &str) -> RoleName {
    RoleName::parse("RoleName", name).unwrap()
}

fn trust(account: AccountId) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":"acs:ram::{account}:root"}}}}]}}"#
    )
}

impl TestStore {
    fn new_role(&self, account: AccountId, name: &str) -> NewRole {
        NewRole {
            role_id: RoleId::random(&self.clock),
            name: role_name(name),
            description: format!("about {name}"),
            trust_policy: trust(account),
            max_session_duration: 3600,
            allow_console_login: false,
        }
    }

    pub(crate) async fn create_role(&self, account: AccountId, name: &str) -> RoleId {
        let new = self.new_role(account, name);
        let scope = RamScope::role(account, "*");
        commit!(self, self.root(account), CreateRole on scope, |tx, permit| tx.insert_role(&permit, &new));
        new.role_id
    }

    async fn attach_to_role(&self, account: AccountId, role: RoleId, policy: &str) {
        let (scope, name) = (RamScope::role(account, "*"), policy_name(policy));
        commit!(self, self.root(account), AttachPolicyToRole on scope, |tx, permit| tx.attach_policy(&permit, role, PolicyType::System, &name, None));
    }

    /// Whether somebody may take a role now, as a store's directory has it.
    fn may_take(&self, store: &Store, account: AccountId, user: UserId, role: RoleId) -> bool {
        let scope =
            Assumption { role: Some(role), external_id: None, resource: RamScope::role(account, "operator") };
        store.directory().authorize::<AssumeRole>(&self.user(account, user), scope).is_ok()
    }
}

cases! {
    async fn names_are_found_and_collide_without_regard_to_case(test) {
        let (one, two) = test.two_homes().await;
        let (mine, theirs) = (test.create_role(one.account, "Operator").await, test.create_role(two.account, "Operator").await);
        let found = test.store.find_role(one.account, &role_name("oPERATOR")).await.unwrap().unwrap();
        assert_eq!((found.role_id, found.name.as_str(), found.description.as_str()), (mine, "Operator", "about Operator"));
        assert_eq!((found.max_session_duration, found.allow_console_login, found.trust_policy), (3600, false, trust(one.account)));
        assert_eq!(test.store.find_role(two.account, &role_name("operator")).await.unwrap().unwrap().role_id, theirs);
        assert!(test.store.find_role_by_id(one.account, theirs).await.unwrap().is_none());
        let new = test.new_role(one.account, "OPERATOR");
        let error = refused!(test, test.root(one.account), CreateRole on RamScope::role(one.account, "*"), |tx, permit| tx.insert_role(&permit, &new));
        assert_eq!((error.code(), error.to_string().as_str()), ("EntityAlreadyExists.Role", "The role does already EXIST."));
    }

    async fn a_list_pages_through_the_accounts_own(test) {
        let (one, two) = test.two_homes().await;
        for name in ["b", "A", "c"] {
            test.create_role(one.account, name).await;
        }
        test.create_role(two.account, "ab").await;
        let (mut names, mut cursor) = (Vec::new(), first(2));
        loop {
            let permit = permit!(test, test.root(one.account), ListRoles on RamScope::role(one.account, "*"));
            let page = test.store.list_roles(&permit, &cursor, &[]).await.unwrap();
            names.extend(page.rows.iter().map(|role| role.row.name.to_string()));
            let Some(next) = page.next else { break };
            cursor.after = next;
        }
        assert_eq!(names, ["A", "b", "c"]);
    }

    /// Trust and policies reach the directory with the commit, and are there again after loading.
    async fn what_a_role_trusts_and_holds_is_in_the_directory(test) {
        let (one, two) = test.two_homes().await;
        let role = test.create_role(one.account, "Operator").await;
        test.attach_to_role(one.account, role, READ).await;
        for (account, user) in [(one.account, one.alice), (two.account, two.alice)] {
            test.attach(account, user, PolicyType::System, "AliyunSTSAssumeRoleAccess").await;
        }
        assert!(test.may_take(&test.store, one.account, one.alice, role));
        assert!(!test.may_take(&test.store, one.account, one.bob, role), "bob has no policy");
        assert!(!test.may_take(&test.store, two.account, two.alice, role), "a role of another account");
        let loaded = test.second().await;
        assert!(test.may_take(&loaded, one.account, one.alice, role));
        assert!(loaded.directory().knows(one.account, Principal::Role(role)));

        let found = test.store.find_role(one.account, &role_name("operator")).await.unwrap().unwrap();
        let nobody = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs.aliyuncs.com"}}]}"#;
        let update = RoleUpdate { trust_policy: Some(nobody.to_owned()), max_session_duration: Some(7200), ..RoleUpdate::default() };
        let changed = commit!(test, test.root(one.account), UpdateRole on RamScope::role(one.account, "Operator"), |tx, permit| tx.update_role(&permit, &found, &update));
        assert_eq!((changed.description.as_str(), changed.max_session_duration), ("about Operator", 7200));
        assert!(!test.may_take(&test.store, one.account, one.alice, role));
        // Another account's permit does not reach it.
        let error = refused!(test, test.root(two.account), UpdateRole on RamScope::role(two.account, "*"), |tx, permit| tx.update_role(&permit, &found, &update));
        assert_eq!(error.code(), "EntityNotExist.Role");
    }

    async fn only_a_role_without_policies_goes_and_only_ones_own(test) {
        let (one, two) = test.two_homes().await;
        let role = test.create_role(one.account, "Operator").await;
        test.attach_to_role(one.account, role, READ).await;
        let scope = || RamScope::role(one.account, "Operator");
        let foreign = RamScope::role(two.account, "*");
        let error = refused!(test, test.root(two.account), DeleteRole on foreign, |tx, permit| tx.delete_role(&permit, role));
        assert_eq!(error.code(), "EntityNotExist.Role");
        let mut tx = test.store.write().await.unwrap();
        assert!(tx.has_policies(role).await.unwrap());
        tx.abandon().await.unwrap();
        let error = refused!(test, test.root(one.account), DeleteRole on scope(), |tx, permit| tx.delete_role(&permit, role));
        assert_eq!(error.code(), "DeleteConflict.Role.Policy");
        assert!(test.store.directory().knows(one.account, Principal::Role(role)));
        let name = policy_name(READ);
        assert!(commit!(test, test.root(one.account), DetachPolicyFromRole on scope(), |tx, permit| tx.detach_policy(&permit, role, PolicyType::System, &name, None)));
        commit!(test, test.root(one.account), DeleteRole on scope(), |tx, permit| tx.delete_role(&permit, role));
        assert!(!test.store.directory().knows(one.account, Principal::Role(role)));
        assert!(test.store.find_role(one.account, &role_name("Operator")).await.unwrap().is_none());
        let new = test.new_role(one.account, "Late");
        let error = refused!(test, test.root(two.account), AttachPolicyToRole on RamScope::role(two.account, "*"), |tx, permit| tx.attach_policy(&permit, new.role_id, PolicyType::System, &name, None));
        assert_eq!(error.code(), "EntityNotExist.Role");
    }
}
