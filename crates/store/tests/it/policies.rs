//! Custom policies and their versions.

use bailey_domain::Reason;
use bailey_domain::change::PolicyType;
use bailey_domain::operations::CreateWorkspace;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::{AccountId, UserId};
use bailey_store::{MakeDefault, PolicyVersion};

use crate::support::{TestStore, all, first};
use crate::world::{allow, policy_name};

const NOTHING: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sfm:Retrieve","Resource":"*"}]}"#;
const DENY: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"modelstudio:*","Resource":"*"}]}"#;

/// Adds a version and gives its number.
async fn add_version(test: &TestStore, account: AccountId, document: &str, make_default: MakeDefault) -> i64 {
    let (scope, name) = (RamScope::policy(account, "mine"), policy_name("mine"));
    let version = commit!(test, test.root(account), CreatePolicyVersion on scope, |tx, permit| tx.insert_policy_version(&permit, &name, document, make_default));
    assert_eq!(version.document, document);
    version.version
}

async fn delete_version(test: &TestStore, account: AccountId, version: i64) {
    let (scope, name) = (RamScope::policy(account, "mine"), policy_name("mine"));
    commit!(test, test.root(account), DeletePolicyVersion on scope, |tx, permit| tx.delete_policy_version(&permit, &name, version));
}

async fn versions(test: &TestStore, account: AccountId) -> (Vec<i64>, u64) {
    let permit = permit!(test, test.root(account), ListPolicyVersions on RamScope::policy(account, "mine"));
    let found = test.store.list_policy_versions(&permit, &policy_name("Mine")).await.unwrap();
    let (versions, default) = found.unwrap();
    (versions.iter().map(|version| version.version).collect(), default)
}

/// Why the user may not create a workspace; `None` when it may.
fn refusal(test: &TestStore, account: AccountId, user: UserId) -> Option<Reason> {
    let caller = test.user(account, user);
    let answer = test.store.directory().authorize::<CreateWorkspace>(&caller, WholeAccount);
    answer.err().map(|refusal| refusal.reason)
}

cases! {
    async fn numbers_of_versions_are_never_given_again(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", NOTHING).await;
        }
        assert_eq!(add_version(test, one.account, NOTHING, MakeDefault::No).await, 2);
        assert_eq!(add_version(test, one.account, NOTHING, MakeDefault::Yes).await, 3);
        delete_version(test, one.account, 2).await;
        delete_version(test, one.account, 1).await;
        assert_eq!(add_version(test, one.account, NOTHING, MakeDefault::No).await, 4);
        delete_version(test, one.account, 4).await;
        assert_eq!(add_version(test, one.account, NOTHING, MakeDefault::No).await, 5);
        assert_eq!(versions(test, one.account).await, (vec![3, 5], 3));
        assert_eq!(versions(test, two.account).await, (vec![1], 1));
        // The one that makes room goes the same way.
        let (scope, name) = (RamScope::policy(one.account, "mine"), policy_name("mine"));
        commit!(test, test.root(one.account), CreatePolicyVersion on scope, |tx, permit| tx.delete_policy_version(&permit, &name, 5));
        assert_eq!(add_version(test, one.account, NOTHING, MakeDefault::No).await, 6);
        let mut tx = test.store.write().await.unwrap();
        let rows = tx.policy_versions(one.account, &name).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), [3, 6]);
        tx.abandon().await.unwrap();
    }

    /// What counts is the default version, from the moment it is made the default.
    async fn the_default_version_is_what_counts(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", NOTHING).await;
            test.attach(home.account, home.alice, PolicyType::Custom, "mine").await;
        }
        assert_eq!(refusal(test, one.account, one.alice), Some(Reason::ImplicitDeny));
        let give = allow("modelstudio:*");
        add_version(test, one.account, &give, MakeDefault::No).await;
        assert_eq!(refusal(test, one.account, one.alice), Some(Reason::ImplicitDeny));
        let (scope, name) = (|| RamScope::policy(one.account, "mine"), policy_name("mine"));
        let second = PolicyVersion { version: 2, document: give, created_at: 0 };
        commit!(test, test.root(one.account), SetDefaultPolicyVersion on scope(), |tx, permit| tx.set_default_policy_version(&permit, &name, &second));
        assert_eq!(refusal(test, one.account, one.alice), None);
        assert_eq!(refusal(test, two.account, two.alice), Some(Reason::ImplicitDeny));
        assert_eq!(add_version(test, one.account, DENY, MakeDefault::Yes).await, 3);
        assert_eq!(refusal(test, one.account, one.alice), Some(Reason::ExplicitDeny));

        let permit = permit!(test, test.root(one.account), GetPolicyVersion on scope());
        let found = test.store.find_policy_version(&permit, &name, 3).await.unwrap().unwrap();
        assert_eq!((found.0.document.as_str(), found.1), (DENY, true));
        let found = test.store.find_policy_version(&permit, &name, 2).await.unwrap().unwrap();
        assert_eq!((found.0.version, found.1), (2, false));
        assert_eq!(test.store.find_policy_version(&permit, &name, 9).await.unwrap(), None);
        let error = test.store.find_policy_version(&permit, &policy_name("none"), 1).await.unwrap_err();
        assert_eq!(error.code(), "EntityNotExist.Policy");
    }

    async fn names_collide_without_regard_to_case_within_an_account(test) {
        let (one, two) = test.two_homes().await;
        test.create_policy(one.account, "mine", NOTHING).await;
        let (root, name, scope) = (test.root(one.account), policy_name("MINE"), RamScope::policy(one.account, "MINE"));
        let error = refused!(test, root, CreatePolicy on scope, |tx, permit| tx.insert_policy(&permit, &name, "", NOTHING));
        assert_eq!(error.code(), "EntityAlreadyExists.Policy");
        test.create_policy(two.account, "MINE", DENY).await;
        let permit = permit!(test, root, GetPolicy on RamScope::policy(one.account, "mine"));
        let policy = test.store.find_policy(&permit, &name).await.unwrap().unwrap();
        assert_eq!((policy.name.as_str(), policy.default_version, policy.attachment_count), ("mine", 1, Some(0)));
        let version = test.store.find_default_version(&permit, &policy).await.unwrap().unwrap();
        assert_eq!(version.document, NOTHING);
        assert!(test.store.policy_exists(one.account, PolicyType::Custom, &name).await.unwrap());
        assert!(!test.store.policy_exists(one.account, PolicyType::Custom, &policy_name("other")).await.unwrap());
    }

    async fn a_description_changes_alone(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", NOTHING).await;
        }
        let (root, name, scope) = (test.root(one.account), policy_name("mine"), || RamScope::policy(one.account, "mine"));
        commit!(test, root, UpdatePolicyDescription on scope(), |tx, permit| tx.update_policy_description(&permit, &name, "for whom"));
        let mut tx = test.store.write().await.unwrap();
        let policy = tx.find_policy(one.account, &name).await.unwrap().unwrap();
        assert_eq!((policy.description.as_str(), policy.updated_at), ("for whom", root.now_ms));
        assert!(policy.created_at < policy.updated_at);
        assert_eq!(tx.find_policy(two.account, &name).await.unwrap().unwrap().description, "");
        assert_eq!(tx.count_policies(one.account).await.unwrap(), 1);
        tx.abandon().await.unwrap();
    }

    /// A policy that takes the name of a deleted one gives nothing to whoever had the old one.
    async fn a_deleted_policy_takes_its_versions_along(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", &allow("modelstudio:*")).await;
            test.attach(home.account, home.alice, PolicyType::Custom, "mine").await;
        }
        add_version(test, one.account, DENY, MakeDefault::No).await;
        let (root, name, scope) = (test.root(one.account), policy_name("mine"), || RamScope::policy(one.account, "mine"));
        commit!(test, root, DetachPolicyFromUser on scope(), |tx, permit| tx.detach_policy(&permit, one.alice, PolicyType::Custom, &name, None));
        commit!(test, root, DeletePolicy on scope(), |tx, permit| tx.delete_policy(&permit, &name));
        let left = test.raw().await.texts("SELECT account_id FROM policy_versions").await;
        assert_eq!(left, [two.account.to_string()]);
        let permit = permit!(test, root, ListPolicyVersions on scope());
        assert_eq!(test.store.list_policy_versions(&permit, &name).await.unwrap(), None);
        test.create_policy(one.account, "mine", &allow("*")).await;
        assert_eq!(versions(test, one.account).await, (vec![1], 1));
        assert_eq!(refusal(test, one.account, one.alice), Some(Reason::ImplicitDeny));
        assert_eq!(refusal(test, two.account, two.alice), None);
    }

    async fn policies_are_listed_by_name_in_pages(test) {
        let (one, two) = test.two_homes().await;
        for name in ["b", "A", "c-1"] {
            test.create_policy(one.account, name, NOTHING).await;
        }
        test.create_policy(two.account, "aa", NOTHING).await;
        test.attach(one.account, one.bob, PolicyType::Custom, "B").await;
        let permit = permit!(test, test.root(one.account), ListPolicies on RamScope::policy(one.account, "*"));
        let page = test.store.list_policies(&permit, &first(2), &[]).await.unwrap();
        let shown: Vec<_> = page.rows.iter().map(|policy| (policy.row.name.as_str(), policy.row.attachment_count)).collect();
        assert_eq!(shown, [("A", Some(0)), ("b", Some(1))]);
        let mut cursor = all();
        cursor.after = page.next.unwrap();
        let page = test.store.list_policies(&permit, &cursor, &[]).await.unwrap();
        assert_eq!((page.rows.len(), page.rows[0].row.name.as_str(), page.next), (1, "c-1", None));
    }
}
