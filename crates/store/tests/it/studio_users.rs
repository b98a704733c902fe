//! Users known to Model Studio.

use bailey_domain::access::Principal;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Pages, Reason};

use crate::support::{all, first};
use crate::world::MODEL;

cases! {
    async fn a_user_is_added_once(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let carol = test.create_user(one.account, "Carol").await;
        let added = commit!(test, root, AddUser on WholeAccount, |tx, permit| tx.insert_studio_user(&permit, carol, "Carol C."));
        assert_eq!((added.user_id, added.user_name.as_str(), added.display_name.as_str()), (carol, "Carol", "Carol C."));
        assert_eq!((added.created_at, added.workspaces.len()), (root.now_ms, 0));
        let error = refused!(test, root, AddUsers on WholeAccount, |tx, permit| tx.insert_studio_user(&permit, carol, "x"));
        assert_eq!(error.code(), "EntityAlreadyExists.User");
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.find_studio_user(one.account, carol).await.unwrap(), Some(added));
        assert_eq!(tx.find_studio_user(two.account, carol).await.unwrap(), None);
        tx.abandon().await.unwrap();
    }

    async fn users_are_listed_by_name_with_their_workspaces(test) {
        let (one, two) = test.two_homes().await;
        test.add_member(one.account, one.second, one.alice, Pages::NONE).await;
        test.create_studio_user(one.account, "Abe").await;
        test.create_user(one.account, "not-in-studio").await;
        let permit = permit!(test, test.root(one.account), ListStudioUsers on WholeAccount);
        let page = test.store.list_studio_users(&permit, &first(2)).await.unwrap();
        let names: Vec<_> = page.rows.iter().map(|user| user.user_name.as_str()).collect();
        assert_eq!(names, ["Abe", "alice"]);
        assert_eq!(page.rows[1].workspaces, [one.first.to_string(), one.second.to_string()]);
        let mut cursor = all();
        cursor.after = page.next.unwrap();
        let page = test.store.list_studio_users(&permit, &cursor).await.unwrap();
        assert_eq!((page.rows.len(), page.rows[0].user_id), (1, one.bob));
        let permit = permit!(test, test.root(two.account), ListStudioUsers on WholeAccount);
        assert_eq!(test.store.list_studio_users(&permit, &all()).await.unwrap().rows.len(), 2);
    }

    /// Like removing the member everywhere: the RAM user stays, every seat and every key's life goes.
    async fn a_removed_user_leaves_every_workspace(test) {
        let (one, two) = test.two_homes().await;
        test.add_member(one.account, one.second, one.alice, Pages::all()).await;
        let caller = test.user(one.account, one.alice);
        let second = test.create_key(&caller, one.second, "").await;
        let off = test.create_key(&caller, one.second, "").await;
        commit!(test, test.root(one.account), DisableApiKey on one.second, |tx, permit| tx.switch_api_key(&permit, off.0, true));
        let killed = commit!(test, test.root(one.account), RemoveUser on WholeAccount, |tx, permit| tx.delete_studio_user(&permit, one.alice));
        assert_eq!(killed, 2);
        for key in [one.key, second] {
            assert_eq!(test.admit(&key.1, MODEL), Err(Reason::OwnerNotMember));
        }
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        assert!(test.store.directory().knows(one.account, Principal::User(one.alice)));
        assert_eq!(test.store.directory().pages(one.second, one.alice), None);
        // Added and seated again, the keys stay dead.
        commit!(test, test.root(one.account), AddUser on WholeAccount, |tx, permit| tx.insert_studio_user(&permit, one.alice, "back"));
        test.add_member(one.account, one.first, one.alice, Pages::all()).await;
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::OwnerNotMember));
    }
}
