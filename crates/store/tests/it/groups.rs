//! RAM groups: names without regard to case, one account each, who is in them, and what that gives.

use bailey_domain::Caller;
use bailey_domain::change::PolicyType;
use bailey_domain::operations::CreateWorkspace;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_store::GroupUpdate;

use crate::support::{all, first};
use crate::world::{group_name, policy_name};

const SYSTEM: &str = "AliyunBailianFullAccess";

cases! {
    async fn names_are_found_and_collide_without_regard_to_case(test) {
        let (one, two) = test.two_homes().await;
        let (mine, theirs) = (test.create_group(one.account, "Devs").await, test.create_group(two.account, "Devs").await);
        let found = test.store.find_group(one.account, &group_name("dEVS")).await.unwrap().unwrap();
        assert_eq!((found.group_id, found.name.as_str(), found.comments.as_str()), (mine, "Devs", "about Devs"));
        assert_eq!(found.created_at, found.updated_at);
        assert_eq!(test.store.find_group(two.account, &group_name("devs")).await.unwrap().unwrap().group_id, theirs);
        assert!(test.store.find_group(one.account, &group_name("dev")).await.unwrap().is_none());
        let new = test.new_group("DEVS");
        let error = refused!(test, test.root(one.account), CreateGroup on RamScope::group(one.account, "*"), |tx, permit| tx.insert_group(&permit, &new));
        assert_eq!((error.code(), error.to_string().as_str()), ("EntityAlreadyExists.Group", "The group does already EXIST."));
    }

    async fn a_rename_keeps_members_and_policies(test) {
        let (one, two) = test.two_homes().await;
        let group = test.create_group(one.account, "devs").await;
        test.create_group(one.account, "Other").await;
        test.join(one.account, group, one.alice).await;
        test.attach_to_group(one.account, group, PolicyType::System, SYSTEM).await;
        let (root, scope) = (test.root(one.account), RamScope::group(one.account, "devs"));
        let before = test.store.find_group(one.account, &group_name("devs")).await.unwrap().unwrap();
        let update = GroupUpdate { name: Some(group_name("Engineers")), comments: None };
        let after = commit!(test, root, UpdateGroup on scope.clone(), |tx, permit| tx.update_group(&permit, &before, &update));
        assert_eq!((after.group_id, after.name.as_str(), after.comments.as_str()), (group, "Engineers", "about devs"));
        assert_eq!((after.created_at, after.updated_at), (before.created_at, root.now_ms));
        let alice = test.user(one.account, one.alice);
        assert!(test.store.directory().authorize::<CreateWorkspace>(&alice, WholeAccount).is_ok());
        let permit = permit!(test, root, ListUsersForGroup on scope.clone());
        assert_eq!(test.store.list_users_for_group(&permit, group, &all()).await.unwrap().rows.len(), 1);

        let update = GroupUpdate { name: Some(group_name("OTHER")), comments: None };
        let error = refused!(test, root, UpdateGroup on scope.clone(), |tx, permit| tx.update_group(&permit, &after, &update));
        assert_eq!(error.code(), "EntityAlreadyExists.Group");
        // Another spelling of its own name is no conflict; empty comments are none.
        let update = GroupUpdate { name: Some(group_name("ENGINEERS")), comments: Some(String::new()) };
        let after = commit!(test, root, UpdateGroup on scope, |tx, permit| tx.update_group(&permit, &after, &update));
        assert_eq!((after.name.as_str(), after.comments.as_str()), ("ENGINEERS", ""));
        // Another account's permit does not reach it.
        let scope = RamScope::group(two.account, "*");
        let error = refused!(test, test.root(two.account), UpdateGroup on scope, |tx, permit| tx.update_group(&permit, &after, &update));
        assert_eq!(error.code(), "EntityNotExist.Group");
    }

    /// What a group's policies give begins with joining and ends with leaving, from whichever side it changes.
    async fn a_groups_policies_count_for_whoever_is_in_it(test) {
        let (one, two) = test.two_homes().await;
        let group = test.create_group(one.account, "devs").await;
        test.create_group(two.account, "devs").await;
        let (alice, bob) = (test.user(one.account, one.alice), test.user(one.account, one.bob));
        let may = |caller: &Caller| test.store.directory().authorize::<CreateWorkspace>(caller, WholeAccount).is_ok();
        test.join(one.account, group, one.alice).await;
        assert!(!may(&alice));
        test.attach_to_group(one.account, group, PolicyType::System, SYSTEM).await;
        assert!(may(&alice) && !may(&bob));
        test.join(one.account, group, one.bob).await;
        assert!(may(&bob) && !may(&test.user(two.account, two.alice)));
        assert!(test.leave(one.account, group, one.alice).await);
        assert!(!may(&alice) && may(&bob));
        assert!(!test.leave(one.account, group, one.alice).await, "she has left already");
        let name = policy_name(SYSTEM);
        let scope = RamScope::group(one.account, "devs");
        commit!(test, test.root(one.account), DetachPolicyFromGroup on scope, |tx, permit| tx.detach_policy(&permit, group, PolicyType::System, &name, None));
        assert!(!may(&bob));
    }

    async fn nobody_joins_across_accounts_or_twice(test) {
        let (one, two) = test.two_homes().await;
        let (mine, theirs) = (test.create_group(one.account, "devs").await, test.create_group(two.account, "devs").await);
        let (root, scope) = (test.root(one.account), RamScope::group(one.account, "*"));
        let error = refused!(test, root, AddUserToGroup on scope.clone(), |tx, permit| tx.insert_group_member(&permit, theirs, one.alice));
        assert_eq!(error.code(), "EntityNotExist.Group");
        let error = refused!(test, root, AddUserToGroup on scope.clone(), |tx, permit| tx.insert_group_member(&permit, mine, two.alice));
        assert_eq!(error.code(), "EntityNotExist.User");
        test.join(one.account, mine, one.alice).await;
        test.join(two.account, theirs, two.alice).await;
        let error = refused!(test, root, AddUserToGroup on scope.clone(), |tx, permit| tx.insert_group_member(&permit, mine, one.alice));
        assert_eq!((error.code(), error.to_string().as_str()), ("EntityAlreadyExists.User.Group", "The user has already joined the group."));
        let gone = commit!(test, root, RemoveUserFromGroup on scope.clone(), |tx, permit| tx.delete_group_member(&permit, theirs, two.alice));
        assert!(!gone, "a permit of one account takes nobody out of another's group");
        let empty = test.create_group(two.account, "empty").await;
        let error = refused!(test, root, DeleteGroup on scope, |tx, permit| tx.delete_group(&permit, empty));
        assert_eq!(error.code(), "EntityNotExist.Group");
    }

    async fn lists_show_this_accounts_groups_and_members_in_pages(test) {
        let (one, two) = test.two_homes().await;
        for name in ["Zoo", "apes", "_x"] {
            test.create_group(one.account, name).await;
        }
        let apes = test.store.find_group(one.account, &group_name("apes")).await.unwrap().unwrap().group_id;
        let theirs = test.create_group(two.account, "bees").await;
        test.join(two.account, theirs, two.alice).await;
        let root = test.root(one.account);
        let permit = permit!(test, root, ListGroups on RamScope::group(one.account, "*"));
        let whole = test.store.list_groups(&permit, &all()).await.unwrap();
        assert_eq!(whole.rows.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["_x", "apes", "Zoo"]);
        let mut cursor = first(2);
        let page = test.store.list_groups(&permit, &cursor).await.unwrap();
        cursor.after = page.next.unwrap();
        let rest = test.store.list_groups(&permit, &cursor).await.unwrap();
        assert_eq!((rest.rows, rest.next), (whole.rows[2..].to_vec(), None));

        for user in [one.bob, one.alice] {
            test.join(one.account, apes, user).await;
        }
        let permit = permit!(test, root, ListUsersForGroup on RamScope::group(one.account, "apes"));
        let mut cursor = first(1);
        let page = test.store.list_users_for_group(&permit, apes, &cursor).await.unwrap();
        assert_eq!(page.rows[0].name.as_str(), "alice");
        cursor.after = page.next.unwrap();
        let rest = test.store.list_users_for_group(&permit, apes, &cursor).await.unwrap();
        assert_eq!((rest.rows.len(), rest.rows[0].name.as_str(), rest.next), (1, "bob", None));
        assert!(page.rows[0].joined_at > rest.rows[0].joined_at, "bob joined first");
        assert!(test.store.list_users_for_group(&permit, theirs, &all()).await.unwrap().rows.is_empty());

        let permit = permit!(test, root, ListGroupsForUser on RamScope::user(one.account, "alice"));
        let joined = test.store.list_groups_for_user(&permit, one.alice).await.unwrap();
        let shown: Vec<_> = joined.iter().map(|group| (group.group_id, group.name.as_str(), group.comments.as_str())).collect();
        assert_eq!(shown, [(apes, "apes", "about apes")]);
        assert_eq!(test.store.list_groups_for_user(&permit, two.alice).await.unwrap(), []);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!((tx.count_groups(one.account).await.unwrap(), tx.count_groups(two.account).await.unwrap()), (3, 1));
        assert_eq!((tx.count_groups_of(one.alice).await.unwrap(), tx.count_groups_of(two.bob).await.unwrap()), (1, 0));
        tx.abandon().await.unwrap();
    }

    async fn a_group_is_deleted_when_nothing_hangs_on_it(test) {
        let home = test.home().await;
        let group = test.create_group(home.account, "devs").await;
        test.join(home.account, group, home.alice).await;
        test.attach_to_group(home.account, group, PolicyType::System, SYSTEM).await;
        let (root, scope) = (test.root(home.account), RamScope::group(home.account, "devs"));
        let delete = async || refused!(test, root, DeleteGroup on scope.clone(), |tx, permit| tx.delete_group(&permit, group));
        assert_eq!(delete().await.code(), "DeleteConflict.Group.User");
        test.leave(home.account, group, home.alice).await;
        assert_eq!(delete().await.code(), "DeleteConflict.Group.Policy");
        let name = policy_name(SYSTEM);
        commit!(test, root, DetachPolicyFromGroup on scope.clone(), |tx, permit| tx.detach_policy(&permit, group, PolicyType::System, &name, None));
        commit!(test, root, DeleteGroup on scope.clone(), |tx, permit| tx.delete_group(&permit, group));
        assert!(test.store.find_group(home.account, &group_name("devs")).await.unwrap().is_none());
        assert_eq!(delete().await.code(), "EntityNotExist.Group");
        // Another group of that name inherits nothing.
        let again = test.create_group(home.account, "devs").await;
        test.join(home.account, again, home.alice).await;
        assert_ne!(again, group);
        let alice = test.user(home.account, home.alice);
        assert!(test.store.directory().authorize::<CreateWorkspace>(&alice, WholeAccount).is_err());
    }

    /// A place left over would make the database unloadable.
    async fn a_deleted_user_leaves_no_place_in_a_group_behind(test) {
        let (one, two) = test.two_homes().await;
        let (mine, theirs) = (test.create_group(one.account, "devs").await, test.create_group(two.account, "devs").await);
        test.join(one.account, mine, one.alice).await;
        test.join(two.account, theirs, two.alice).await;
        let scope = RamScope::user(one.account, "alice");
        commit!(test, test.root(one.account), DeleteUser on scope, |tx, permit| tx.delete_user(&permit, one.alice));
        let mut tx = test.store.write().await.unwrap();
        assert!(!tx.has_members(mine).await.unwrap() && tx.has_members(theirs).await.unwrap());
        tx.abandon().await.unwrap();
    }
}
