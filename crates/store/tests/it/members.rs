//! Members: seats and their epochs.

use bailey_domain::scope::WholeAccount;
use bailey_domain::{Page, Pages, Reason};
use bailey_store::NewMember;

use crate::support::{all, first};
use crate::world::{MODEL, seat};

cases! {
    async fn a_seat_is_given_once_and_read_back(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let pages = Pages::of(&[Page::ApiKey, Page::Prompts]);
        let new = NewMember { workspace: one.second, user: one.alice, pages };
        let member = commit!(test, root, AddMember on seat(one.second, one.alice), |tx, permit| tx.insert_member(&permit, new));
        assert_eq!((member.workspace_id, member.user_id, member.pages), (one.second, one.alice, pages));
        assert_eq!((member.user_name.as_str(), member.display_name.as_str()), ("alice", "shown"));
        assert_eq!((member.added_by.as_str(), member.created_at), ("root", root.now_ms));
        let error = refused!(test, root, AddMember on seat(one.second, one.alice), |tx, permit| tx.insert_member(&permit, new));
        assert_eq!(error.code(), "EntityAlreadyExists.Member");
        let permit = permit!(test, root, GetMember on seat(one.second, one.alice));
        assert_eq!(test.store.find_member(&permit).await.unwrap(), Some(member));
        let permit = permit!(test, root, GetMember on seat(one.first, one.bob));
        assert_eq!(test.store.find_member(&permit).await.unwrap(), None);
        assert_eq!(test.store.directory().pages(one.second, one.alice), Some(pages));
        assert_eq!(test.store.directory().pages(two.second, two.alice), None);
        // Whoever is not known to Model Studio cannot sit anywhere.
        let stranger = test.create_user(one.account, "stranger").await;
        let new = NewMember { user: stranger, ..new };
        refused!(test, root, AddMember on seat(one.second, stranger), |tx, permit| tx.insert_member(&permit, new));
    }

    async fn a_batch_gives_seats_in_several_workspaces_at_once(test) {
        let (one, _) = test.two_homes().await;
        let root = test.root(one.account);
        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<bailey_domain::operations::AddUsers>(&root, WholeAccount).unwrap();
        for (workspace, user) in [(one.default, one.alice), (one.second, one.alice), (one.first, one.bob)] {
            tx.insert_member(&permit, NewMember { workspace, user, pages: Pages::NONE }).await.unwrap();
        }
        tx.commit(permit, crate::support::record()).await.unwrap();
        for (workspace, user) in [(one.default, one.alice), (one.second, one.alice), (one.first, one.bob)] {
            assert_eq!(test.store.directory().pages(workspace, user), Some(Pages::NONE));
        }
    }

    async fn pages_are_set_as_a_whole_and_keep_the_seat(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let pages = Pages::of(&[Page::Playground]);
        let scope = seat(one.first, one.alice);
        let member = commit!(test, root, SetMemberPages on scope, |tx, permit| tx.set_member_pages(&permit, one.alice, pages));
        assert_eq!(member.pages, pages);
        assert_eq!(test.store.directory().pages(one.first, one.alice), Some(pages));
        assert_eq!(test.store.directory().pages(two.first, two.alice), Some(Pages::all()));
        // Page permissions never touch keys (rule 6).
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
    }

    /// Rule 7: the keys in that workspace die, those elsewhere live; added again, the old keys stay dead.
    async fn a_member_added_again_has_no_old_keys(test) {
        let (one, two) = test.two_homes().await;
        test.add_member(one.account, one.second, one.alice, Pages::all()).await;
        let caller = test.user(one.account, one.alice);
        let elsewhere = test.create_key(&caller, one.second, "").await;
        assert_eq!(test.remove_member(one.account, one.first, one.alice).await, 1);
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::OwnerNotMember));
        assert_eq!(test.admit(&elsewhere.1, MODEL), Ok(()));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        test.add_member(one.account, one.first, one.alice, Pages::all()).await;
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::OwnerNotMember));
        let new = test.create_key(&caller, one.first, "").await;
        assert_eq!(test.admit(&new.1, MODEL), Ok(()));
        // The dead one does not count among those that die.
        assert_eq!(test.remove_member(one.account, one.first, one.alice).await, 1);
        assert_eq!(test.admit(&new.1, MODEL), Err(Reason::OwnerNotMember));
    }

    /// `restoreKeys` gives back what the member made under earlier seats of this workspace, and nothing more.
    async fn keys_come_back_only_when_the_caller_says_so(test) {
        let (one, two) = test.two_homes().await;
        test.add_member(one.account, one.second, one.alice, Pages::all()).await;
        test.add_member(one.account, one.first, one.bob, Pages::all()).await;
        let caller = test.user(one.account, one.alice);
        let elsewhere = test.create_key(&caller, one.second, "").await;
        let off = test.create_key(&caller, one.first, "").await;
        commit!(test, test.root(one.account), DisableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, off.0, true));
        let bobs = test.create_key(&test.user(one.account, one.bob), one.first, "").await;
        for (workspace, user) in [(one.first, one.alice), (one.second, one.alice), (one.first, one.bob)] {
            test.remove_member(one.account, workspace, user).await;
        }
        let root = test.root(one.account);
        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<bailey_domain::operations::AddMember>(&root, seat(one.first, one.alice)).unwrap();
        let new = NewMember { workspace: one.first, user: one.alice, pages: Pages::NONE };
        tx.insert_member(&permit, new).await.unwrap();
        assert_eq!(tx.restore_keys(&permit, one.first, one.alice).await.unwrap(), 2);
        tx.commit(permit, crate::support::record()).await.unwrap();
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        assert_eq!(test.admit(&off.1, MODEL), Err(Reason::KeyDisabled));
        assert_eq!(test.admit(&elsewhere.1, MODEL), Err(Reason::OwnerNotMember));
        assert_eq!(test.admit(&bobs.1, MODEL), Err(Reason::OwnerNotMember));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    async fn members_are_listed_by_name_in_pages(test) {
        let (one, two) = test.two_homes().await;
        for name in ["Zoe", "Amy", "carl"] {
            let user = test.create_studio_user(one.account, name).await;
            test.add_member(one.account, one.first, user, Pages::NONE).await;
        }
        let permit = permit!(test, test.root(one.account), ListMembers on one.first);
        let mut cursor = first(3);
        let page = test.store.list_members(&permit, &cursor).await.unwrap();
        let names: Vec<_> = page.rows.iter().map(|member| member.user_name.as_str()).collect();
        assert_eq!(names, ["alice", "Amy", "carl"]);
        // Who comes and goes between two pages neither repeats nor hides others.
        test.remove_member(one.account, one.first, one.alice).await;
        test.add_member(one.account, one.first, one.bob, Pages::NONE).await;
        cursor.after = page.next.unwrap();
        let page = test.store.list_members(&permit, &cursor).await.unwrap();
        let names: Vec<_> = page.rows.iter().map(|member| member.user_name.as_str()).collect();
        assert_eq!((names, page.next), (vec!["Zoe"], None));
        let permit = permit!(test, test.root(two.account), ListMembers on two.second);
        let rows = test.store.list_members(&permit, &all()).await.unwrap().rows;
        assert_eq!(rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [two.bob]);
    }
}
