//! Tags of roles and policies: one account each, found by, and gone with what they are on.

use bailey_domain::change::PolicyType;
use bailey_domain::operations::CreateWorkspace;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::tag::{Tag, TagFilter, TagKey, TagValue, Taggable, Tagged};
use bailey_domain::{AccountId, Caller, Principal};

use crate::support::{TestStore, all, first};
use crate::world::{allow, policy_name};

fn tag(key: &str, value: &str) -> Tag {
    Tag::parse(key, value).unwrap()
}

fn wanted(key: &str, value: Option<&str>) -> TagFilter {
    TagFilter { key: TagKey::parse(key).unwrap(), value: value.map(|value| TagValue::parse(value).unwrap()) }
}

fn on(kind: Taggable, name: &str) -> Tagged {
    Tagged::parse(kind, name).unwrap()
}

impl TestStore {
    async fn put(&self, account: AccountId, of: &Tagged, tags: &[Tag]) {
        let scope = of.kind.scope(account, of.name());
        commit!(self, self.root(account), TagResources on scope, |tx, permit| tx.put_tags(&permit, of, tags));
    }

    /// Name, and keys with values, of all of one kind.
    async fn held(&self, account: AccountId, kind: Taggable) -> Vec<(String, Vec<Tag>)> {
        let permit = permit!(self, self.root(account), ListTagResources on kind.scope(account, "*"));
        let rows = self.store.list_tags(&permit, kind).await.unwrap();
        rows.into_iter().map(|row| (row.row, row.tags)).collect()
    }
}

cases! {
    async fn a_tag_is_put_replaced_and_taken_off_in_its_account(test) {
        let (one, two) = test.two_homes().await;
        for account in [one.account, two.account] {
            test.create_role(account, "Operator").await;
            test.create_policy(account, "Operator", &allow("sfm:*")).await;
        }
        let role = on(Taggable::Role, "oPERATOR");
        test.put(one.account, &role, &[tag("team", "red"), tag("stage", "")]).await;
        test.put(one.account, &role, &[tag("team", "blue"), tag("Team", "other")]).await;
        let there = vec![tag("Team", "other"), tag("stage", ""), tag("team", "blue")];
        assert_eq!(test.held(one.account, Taggable::Role).await, [("Operator".to_owned(), there)]);
        for (account, kind) in [(one.account, Taggable::Policy), (two.account, Taggable::Role), (two.account, Taggable::Policy)] {
            assert_eq!(test.held(account, kind).await, [("Operator".to_owned(), vec![])], "another thing of the name");
        }
        test.put(two.account, &role, &[tag("team", "theirs")]).await;
        let keys = [TagKey::parse("team").unwrap(), TagKey::parse("nothing").unwrap()];
        commit!(test, test.root(one.account), UntagResources on RamScope::role(one.account, "operator"), |tx, permit| tx.delete_tags(&permit, &role, &keys));
        let there = vec![tag("Team", "other"), tag("stage", "")];
        assert_eq!(test.held(one.account, Taggable::Role).await, [("Operator".to_owned(), there)]);
        assert_eq!(test.held(two.account, Taggable::Role).await, [("Operator".to_owned(), vec![tag("team", "theirs")])]);
    }

    async fn what_is_not_the_accounts_takes_no_tag(test) {
        let (one, two) = test.two_homes().await;
        test.create_role(two.account, "Operator").await;
        test.create_policy(two.account, "mine", &allow("sfm:*")).await;
        for (of, code) in [(on(Taggable::Role, "Operator"), "EntityNotExist.Role"), (on(Taggable::Policy, "mine"), "EntityNotExist.Policy")] {
            let scope = of.kind.scope(one.account, of.name());
            let tags = [tag("team", "red")];
            let error = refused!(test, test.root(one.account), TagResources on scope.clone(), |tx, permit| tx.put_tags(&permit, &of, &tags));
            assert_eq!(error.code(), code);
            let keys = [TagKey::parse("team").unwrap()];
            let error = refused!(test, test.root(one.account), UntagResources on scope, |tx, permit| tx.delete_tags(&permit, &of, &keys));
            assert_eq!(error.code(), code);
        }
    }

    /// Policies ask for the tags of the role that acts: in the directory of the writer, in one that follows the feed, and in
    /// one that is loaded.
    async fn every_directory_knows_the_tags_of_roles(test) {
        let (one, two) = test.two_homes().await;
        let document = allow("modelstudio:*").replace(r#""Version":"1""#, r#""Version":"1-extended""#).replace(
            r#""Resource":"*""#,
            r#""Resource":"*","Condition":{"StringEquals":{"acs:PrincipalTag/team":"red"}}"#,
        );
        assert!(document.contains("1-extended") && document.contains("PrincipalTag"));
        let follower = test.second().await;
        let mut roles = Vec::new();
        for account in [one.account, two.account] {
            let role = test.create_role(account, "Operator").await;
            test.create_policy(account, "reds", &document).await;
            let (scope, name) = (RamScope::role(account, "operator"), policy_name("reds"));
            commit!(test, test.root(account), AttachPolicyToRole on scope, |tx, permit| tx.attach_policy(&permit, role, PolicyType::Custom, &name, None));
            roles.push(Caller { principal: Principal::Role(role), ..test.root(account) });
        }
        let agreed = async |expected: [bool; 2]| {
            follower.catch_up().await.unwrap();
            let loaded = test.second().await;
            for directory in [test.store.directory(), follower.directory(), loaded.directory()] {
                let may = |role: &Caller| directory.authorize::<CreateWorkspace>(role, WholeAccount).is_ok();
                assert_eq!([may(&roles[0]), may(&roles[1])], expected);
            }
        };
        agreed([false, false]).await;
        let role = on(Taggable::Role, "oPERATOR");
        test.put(one.account, &role, &[tag("team", "red"), tag("stage", "")]).await;
        test.put(two.account, &role, &[tag("team", "blue")]).await;
        agreed([true, false]).await;
        test.put(one.account, &role, &[tag("team", "blue")]).await;
        test.put(two.account, &role, &[tag("team", "red")]).await;
        agreed([false, true]).await;
        let keys = [TagKey::parse("team").unwrap()];
        let scope = RamScope::role(two.account, "operator");
        commit!(test, test.root(two.account), UntagResources on scope, |tx, permit| tx.delete_tags(&permit, &role, &keys));
        agreed([false, false]).await;
    }

    async fn tags_go_with_what_they_are_on(test) {
        let (one, two) = test.two_homes().await;
        let mut roles = Vec::new();
        for account in [one.account, two.account] {
            roles.push(test.create_role(account, "Operator").await);
            test.create_policy(account, "mine", &allow("sfm:*")).await;
            test.put(account, &on(Taggable::Role, "Operator"), &[tag("team", "red")]).await;
            test.put(account, &on(Taggable::Policy, "mine"), &[tag("team", "red")]).await;
        }
        let role = roles[0];
        commit!(test, test.root(one.account), DeleteRole on RamScope::role(one.account, "Operator"), |tx, permit| tx.delete_role(&permit, role));
        let name = policy_name("mine");
        commit!(test, test.root(one.account), DeletePolicy on RamScope::policy(one.account, "mine"), |tx, permit| tx.delete_policy(&permit, &name));
        test.create_role(one.account, "Operator").await;
        test.create_policy(one.account, "mine", &allow("sfm:*")).await;
        for (kind, name) in [(Taggable::Role, "Operator"), (Taggable::Policy, "mine")] {
            assert_eq!(test.held(one.account, kind).await, [(name.to_owned(), vec![])]);
            assert_eq!(test.held(two.account, kind).await, [(name.to_owned(), vec![tag("team", "red")])]);
        }
    }

    async fn lists_show_tags_and_find_by_them_page_by_page(test) {
        let (one, two) = test.two_homes().await;
        for name in ["a", "B", "c", "d"] {
            test.create_role(one.account, name).await;
            test.create_policy(one.account, name, &allow("sfm:*")).await;
            for kind in [Taggable::Role, Taggable::Policy] {
                let team = if name == "c" { "blue" } else { "red" };
                test.put(one.account, &on(kind, name), &[tag("team", team), tag("only", name)]).await;
            }
        }
        test.create_role(two.account, "ab").await;
        test.put(two.account, &on(Taggable::Role, "ab"), &[tag("team", "red")]).await;
        let roles = permit!(test, test.root(one.account), ListRoles on RamScope::role(one.account, "*"));
        let policies = permit!(test, test.root(one.account), ListPolicies on RamScope::policy(one.account, "*"));
        let page = test.store.list_roles(&roles, &first(1), &[]).await.unwrap();
        assert_eq!(page.rows[0].tags, [tag("only", "a"), tag("team", "red")]);
        let red = [wanted("team", Some("red"))];
        let (mut of_roles, mut of_policies) = (first(2), first(2));
        let (mut names, mut pages) = (Vec::new(), 0);
        loop {
            let page = test.store.list_roles(&roles, &of_roles, &red).await.unwrap();
            let same = test.store.list_policies(&policies, &of_policies, &red).await.unwrap();
            assert_eq!(page.next, same.next);
            assert_eq!(page.rows.iter().map(|row| &row.tags).collect::<Vec<_>>(), same.rows.iter().map(|row| &row.tags).collect::<Vec<_>>());
            names.extend(page.rows.iter().map(|row| row.row.name.to_string()));
            pages += 1;
            let Some(next) = page.next else { break };
            (of_roles.after, of_policies.after) = (next.clone(), next);
        }
        assert_eq!((names, pages), (vec!["a".to_owned(), "B".to_owned(), "d".to_owned()], 2));
        for (filters, count) in [
            (vec![wanted("team", None)], 4),
            (vec![wanted("team", Some("red")), wanted("only", Some("B"))], 1),
            (vec![wanted("team", Some("blue")), wanted("only", Some("B"))], 0),
            (vec![wanted("Team", None)], 0),
        ] {
            assert_eq!(test.store.list_roles(&roles, &all(), &filters).await.unwrap().rows.len(), count, "{filters:?}");
        }
    }
}
