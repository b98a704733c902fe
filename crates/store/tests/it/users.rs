//! RAM users: names without regard to case, one account each, and what goes with them.

use bailey_domain::Reason;
use bailey_domain::access::Principal;
use bailey_domain::change::PolicyType;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_store::{NewUser, UserUpdate};

use crate::support::{all, first};
use crate::world::{MODEL, policy_name, user_name};

cases! {
    async fn names_are_found_and_collide_without_regard_to_case(test) {
        let (one, two) = test.two_homes().await;
        let found = test.store.find_user(one.account, &user_name("ALICE")).await.unwrap().unwrap();
        assert_eq!((found.user_id, found.name.as_str()), (one.alice, "alice"));
        let other = test.store.find_user(two.account, &user_name("Alice")).await.unwrap().unwrap();
        assert_eq!(other.user_id, two.alice);
        assert!(test.store.find_user(one.account, &user_name("alice2")).await.unwrap().is_none());
        assert!(test.store.find_user_by_id(one.account, two.alice).await.unwrap().is_none());
        assert_eq!(test.store.find_user_by_id(two.account, two.alice).await.unwrap(), Some(other));

        let new = test.new_user("aLiCe");
        let root = test.root(one.account);
        let scope = RamScope::user(one.account, "aLiCe");
        let error = refused!(test, root, CreateUser on scope, |tx, permit| tx.insert_user(&permit, &new));
        assert_eq!(error.code(), "EntityAlreadyExists.User");
        assert!(!test.store.directory().knows(one.account, Principal::User(new.user_id)));
    }

    async fn everything_that_was_given_reads_back(test) {
        let (account, _) = test.found().await;
        let root = test.root(account);
        let new = NewUser {
            display_name: "Ålice Ä.".to_owned(),
            email: "alice@example.com".to_owned(),
            mobile_phone: "86-1860000****".to_owned(),
            comments: "line one\nline two".to_owned(),
            ..test.new_user("Alice.B")
        };
        let user = commit!(test, root, CreateUser on RamScope::user(account, "x"), |tx, permit| tx.insert_user(&permit, &new));
        assert_eq!((user.created_at, user.updated_at), (root.now_ms, root.now_ms));
        assert_eq!(user.display_name, new.display_name);
        assert_eq!((user.email.as_str(), user.comments.as_str()), ("alice@example.com", "line one\nline two"));
        assert_eq!(user.mobile_phone, new.mobile_phone);
        assert_eq!(test.store.find_user(account, &new.name).await.unwrap(), Some(user));
    }

    async fn a_rename_moves_the_name_and_keeps_the_person(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let alice = test.store.find_user(one.account, &user_name("alice")).await.unwrap().unwrap();
        let scope = RamScope::user(one.account, "alice");
        let update = UserUpdate { name: Some(user_name("Carol")), ..UserUpdate::default() };
        let carol = commit!(test, root, UpdateUser on scope.clone(), |tx, permit| tx.update_user(&permit, &alice, &update));
        assert_eq!((carol.user_id, carol.name.as_str(), carol.created_at), (alice.user_id, "Carol", alice.created_at));
        assert_eq!(carol.updated_at, root.now_ms);
        assert!(test.store.find_user(one.account, &user_name("alice")).await.unwrap().is_none());
        assert!(test.store.find_user(two.account, &user_name("alice")).await.unwrap().is_some());
        // The keys are the person's and go on.
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));

        let update = UserUpdate { name: Some(user_name("BOB")), ..UserUpdate::default() };
        let error = refused!(test, root, UpdateUser on scope.clone(), |tx, permit| tx.update_user(&permit, &carol, &update));
        assert_eq!(error.code(), "EntityAlreadyExists.User");
        // Another spelling of one's own name is no conflict.
        let update = UserUpdate { name: Some(user_name("CAROL")), comments: Some("c".to_owned()), ..UserUpdate::default() };
        let carol = commit!(test, root, UpdateUser on scope, |tx, permit| tx.update_user(&permit, &carol, &update));
        assert_eq!((carol.name.as_str(), carol.comments.as_str()), ("CAROL", "c"));
    }

    /// Policies that name a user by its ARN follow the new name, at once.
    async fn a_rename_changes_what_policies_about_the_name_say(test) {
        let home = test.home().await;
        let document = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"modelstudio:*","Resource":"*",
                "Condition":{{"StringEquals":{{"acs:PrincipalARN":"acs:ram::{}:user/carol"}}}}}}]}}"#,
            home.account
        );
        test.create_policy(home.account, "for-carol", &document).await;
        test.attach(home.account, home.alice, PolicyType::Custom, "for-carol").await;
        let alice = test.user(home.account, home.alice);
        let may = || test.store.directory().authorize::<bailey_domain::operations::CreateWorkspace>(&alice, WholeAccount).is_ok();
        assert!(!may());
        let user = test.store.find_user(home.account, &user_name("alice")).await.unwrap().unwrap();
        let update = UserUpdate { name: Some(user_name("carol")), ..UserUpdate::default() };
        commit!(test, test.root(home.account), UpdateUser on RamScope::user(home.account, "alice"), |tx, permit| tx.update_user(&permit, &user, &update));
        assert!(may());
    }

    async fn users_are_listed_by_name_in_pages(test) {
        let (one, two) = test.two_homes().await;
        for name in ["Zoe", "_x", "9", "Bobby", "carol"] {
            test.create_user(one.account, name).await;
        }
        let root = test.root(one.account);
        let permit = permit!(test, root, ListUsers on RamScope::user(one.account, "*"));
        let whole = test.store.list_users(&permit, &all()).await.unwrap();
        let names: Vec<_> = whole.rows.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, ["9", "_x", "alice", "bob", "Bobby", "carol", "Zoe"]);
        assert!(whole.next.is_none());
        let mut cursor = first(3);
        let mut paged = Vec::new();
        let next = loop {
            let page = test.store.list_users(&permit, &cursor).await.unwrap();
            paged.extend(page.rows);
            match page.next {
                Some(next) if paged.len() < 6 => cursor.after = next,
                next => break next,
            }
        };
        // The seventh comes with the third page.
        assert_eq!(paged.len(), 6);
        cursor.after = next.unwrap();
        paged.extend(test.store.list_users(&permit, &cursor).await.unwrap().rows);
        assert_eq!(paged, whole.rows);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_users(one.account).await.unwrap(), 7);
        assert_eq!(tx.count_users(two.account).await.unwrap(), 2);
        tx.abandon().await.unwrap();
    }

    /// The seats go with the user; the keys stay as rows so that their refusals can be explained.
    async fn a_deleted_user_loses_seats_and_keys(test) {
        let (one, two) = test.two_homes().await;
        test.add_member(one.account, one.second, one.alice, bailey_domain::Pages::all()).await;
        let caller = test.user(one.account, one.alice);
        let second = test.create_key(&caller, one.second, "second").await;
        let off = test.create_key(&caller, one.second, "off").await;
        commit!(test, test.root(one.account), DisableApiKey on one.second, |tx, permit| tx.switch_api_key(&permit, off.0, true));
        let scope = RamScope::user(one.account, "alice");
        let killed = commit!(test, test.root(one.account), DeleteUser on scope, |tx, permit| tx.delete_user(&permit, one.alice));
        assert_eq!(killed, 2, "the live ones, and not the one that was switched off before");
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::OwnerDeleted));
        assert_eq!(test.admit(&second.1, MODEL), Err(Reason::OwnerDeleted));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        assert!(test.store.find_user(one.account, &user_name("alice")).await.unwrap().is_none());
        assert!(test.store.find_user_by_id(two.account, two.alice).await.unwrap().is_some());
        let key = test.store.find_key(one.account, one.key.0).await.unwrap().unwrap();
        assert_eq!((key.owner, key.owner_name.as_str()), (Principal::User(one.alice), ""));
        let permit = permit!(test, test.root(one.account), ListMembers on one.second);
        let left = test.store.list_members(&permit, &all()).await.unwrap().rows;
        assert_eq!(left.iter().map(|member| member.user_id).collect::<Vec<_>>(), [one.bob]);
        // The name is free again, and whoever takes it inherits nothing.
        let again = test.create_user(one.account, "alice").await;
        assert_ne!(again, one.alice);
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::OwnerDeleted));
    }

    /// Left over attachments would make the database unloadable.
    async fn a_deleted_user_leaves_no_attachment_behind(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.attach(home.account, home.alice, PolicyType::System, "AliyunBailianFullAccess").await;
        }
        let mut tx = test.store.write().await.unwrap();
        assert!(tx.has_policies(one.alice).await.unwrap());
        assert!(!tx.has_policies(one.bob).await.unwrap());
        tx.abandon().await.unwrap();
        let scope = RamScope::user(one.account, "alice");
        commit!(test, test.root(one.account), DeleteUser on scope, |tx, permit| tx.delete_user(&permit, one.alice));
        let name = policy_name("AliyunBailianFullAccess");
        assert_eq!(test.count_attachments(one.account, PolicyType::System, &name).await, 0);
        assert_eq!(test.count_attachments(two.account, PolicyType::System, &name).await, 1);
    }
}
