//! A permit for one thing cannot act on another, whatever else the method is given: each of these would cross an
//! account or a workspace, or tell the directory something that the database does not hold.

use bailey_domain::access::Principal;
use bailey_domain::change::PolicyType;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::{AccessKeyId, Pages};
use bailey_store::{MakeDefault, NewAccessKey, NewMember, PolicyVersion};

use crate::world::{MODEL, allow, model_name, policy_name, provider, seat};

cases! {
    async fn a_user_of_another_account_is_nobody(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let ram = || RamScope::user(one.account, "alice");
        let error = refused!(test, root, DeleteUser on ram(), |tx, permit| tx.delete_user(&permit, two.alice));
        assert_eq!(error.code(), "EntityNotExist.User");
        let error = refused!(test, root, RemoveUser on WholeAccount, |tx, permit| tx.delete_studio_user(&permit, two.alice));
        assert_eq!(error.code(), "EntityNotExist.User");
        let stranger = test.create_user(two.account, "stranger").await;
        let error = refused!(test, root, AddUser on WholeAccount, |tx, permit| tx.insert_studio_user(&permit, stranger, "x"));
        assert_eq!(error.code(), "EntityNotExist.User");
        let everything = policy_name("AdministratorAccess");
        let error = refused!(test, root, AttachPolicyToUser on ram(), |tx, permit| tx.attach_policy(&permit, two.alice, PolicyType::System, &everything, None));
        assert_eq!(error.code(), "EntityNotExist.User");
        let new = NewAccessKey {
            access_key_id: AccessKeyId::random(&test.clock),
            owner: Principal::User(two.alice),
            sealed_secret: String::new(),
        };
        let error = refused!(test, root, CreateAccessKey on ram(), |tx, permit| tx.insert_access_key(&permit, &new));
        assert_eq!(error.code(), "EntityNotExist.User");
        let new = NewMember { workspace: one.first, user: two.alice, pages: Pages::all() };
        let error = refused!(test, root, AddMember on seat(one.first, two.alice), |tx, permit| tx.insert_member(&permit, new));
        assert_eq!(error.code(), "EntityNotExist.User");
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    async fn an_access_key_of_another_account_is_none(test) {
        let (one, two) = test.two_homes().await;
        let new = NewAccessKey {
            access_key_id: AccessKeyId::random(&test.clock),
            owner: Principal::User(two.alice),
            sealed_secret: "sealed".to_owned(),
        };
        let key = commit!(test, test.root(two.account), CreateAccessKey on RamScope::user(two.account, "alice"), |tx, permit| tx.insert_access_key(&permit, &new));
        let root = test.root(one.account);
        let scope = || RamScope::user(one.account, "alice");
        let error = refused!(test, root, UpdateAccessKey on scope(), |tx, permit| tx.update_access_key(&permit, &key, false));
        assert_eq!(error.code(), "EntityNotExist.User.AccessKey");
        let error = refused!(test, root, DeleteAccessKey on scope(), |tx, permit| tx.delete_access_key(&permit, key.access_key_id));
        assert_eq!(error.code(), "EntityNotExist.User.AccessKey");
    }

    async fn a_permit_for_one_seat_moves_no_other(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let new = NewMember { workspace: one.second, user: one.alice, pages: Pages::all() };
        refused!(test, root, AddMember on seat(one.first, one.alice), |tx, permit| tx.insert_member(&permit, new));
        let new = NewMember { workspace: one.first, user: one.bob, pages: Pages::all() };
        refused!(test, root, AddMember on seat(one.first, one.alice), |tx, permit| tx.insert_member(&permit, new));
        // The batch is for the whole account, and for no other one.
        let new = NewMember { workspace: two.second, user: one.alice, pages: Pages::all() };
        refused!(test, root, AddUsers on WholeAccount, |tx, permit| tx.insert_member(&permit, new));
        refused!(test, root, SetMemberPages on seat(one.second, one.alice), |tx, permit| tx.set_member_pages(&permit, one.bob, Pages::all()));
        refused!(test, root, RemoveMember on seat(one.second, one.alice), |tx, permit| tx.delete_member(&permit, one.bob));
        refused!(test, root, AddMember on seat(one.second, one.alice), |tx, permit| tx.restore_keys(&permit, one.first, one.alice));
        refused!(test, root, AddMember on seat(one.first, one.bob), |tx, permit| tx.restore_keys(&permit, one.first, one.alice));
        assert_eq!(test.store.directory().pages(one.second, one.bob), Some(Pages::NONE));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
    }

    /// Nobody is in the seat: there is nothing to change.
    async fn an_empty_seat_is_no_member(test) {
        let (one, _) = test.two_homes().await;
        let root = test.root(one.account);
        let empty = || seat(one.second, one.alice);
        let error = refused!(test, root, SetMemberPages on empty(), |tx, permit| tx.set_member_pages(&permit, one.alice, Pages::all()));
        assert_eq!(error.code(), "EntityNotExist.Member");
        let error = refused!(test, root, RemoveMember on empty(), |tx, permit| tx.delete_member(&permit, one.alice));
        assert_eq!(error.code(), "EntityNotExist.Member");
    }

    async fn a_permit_for_one_workspace_moves_no_key_of_another(test) {
        let (one, two) = test.two_homes().await;
        for (account, elsewhere) in [(one.account, one.second), (two.account, two.first)] {
            let root = test.root(account);
            let id = one.key.0;
            refused!(test, root, DisableApiKey on elsewhere, |tx, permit| tx.switch_api_key(&permit, id, true));
            let new = test.new_value(None);
            refused!(test, root, ResetApiKey on elsewhere, |tx, permit| tx.reset_api_key(&permit, id, &new));
            let mut key = test.store.find_key(one.account, id).await.unwrap().unwrap();
            key.description = "changed".to_owned();
            refused!(test, root, UpdateApiKey on elsewhere, |tx, permit| tx.update_api_key(&permit, &key));
            let (model, limits) = (model_name(MODEL), ModelLimits { requests: Some(Rate { amount: 0, period_seconds: 60 }), ..ModelLimits::NONE });
            let error = refused!(test, root, UpdateApiKey on elsewhere, |tx, permit| tx.put_key_limits(&permit, id, &model, limits));
            assert_eq!(error.code(), "EntityNotExist.ApiKey");
            let error = refused!(test, root, DeleteApiKey on elsewhere, |tx, permit| tx.delete_api_key(&permit, id));
            assert_eq!(error.code(), "EntityNotExist.ApiKey");
            let permit = permit!(test, root, GetApiKey on elsewhere);
            assert_eq!(test.store.find_api_key(&permit, id).await.unwrap(), None);
        }
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        assert!(test.store.find_key(two.account, one.key.0).await.unwrap().is_none());
    }

    /// What the directory could not apply after the commit would stop every later write.
    async fn what_is_not_there_is_refused_before_the_commit(test) {
        let home = test.home().await;
        let root = test.root(home.account);
        let user = || RamScope::user(home.account, "alice");
        let policy = || RamScope::policy(home.account, "none");
        let none = policy_name("none");
        for policy_type in [PolicyType::System, PolicyType::Custom] {
            let error = refused!(test, root, AttachPolicyToUser on user(), |tx, permit| tx.attach_policy(&permit, home.alice, policy_type, &none, None));
            assert_eq!(error.code(), "EntityNotExist.Policy");
            assert!(!commit!(test, root, DetachPolicyFromUser on user(), |tx, permit| tx.detach_policy(&permit, home.alice, policy_type, &none, None)));
        }
        let version = PolicyVersion { version: 1, document: allow("*"), created_at: 0 };
        refused!(test, root, SetDefaultPolicyVersion on policy(), |tx, permit| tx.set_default_policy_version(&permit, &none, &version));
        let document = allow("*");
        refused!(test, root, CreatePolicyVersion on policy(), |tx, permit| tx.insert_policy_version(&permit, &none, &document, MakeDefault::Yes));
        refused!(test, root, CreatePolicy on policy(), |tx, permit| tx.insert_policy(&permit, &none, "", "{}"));
        let absent = provider("none");
        let error = refused!(test, root, UpdateProvider on WholeAccount, |tx, permit| tx.update_provider(&permit, &absent));
        assert_eq!(error.code(), "EntityNotExist.Provider");
        let error = refused!(test, root, DeleteProvider on WholeAccount, |tx, permit| tx.delete_provider(&permit, &absent.provider.name));
        assert_eq!(error.code(), "EntityNotExist.Provider");

        test.create_policy(home.account, "mine", &allow("*")).await;
        let mine = policy_name("mine");
        let absent = PolicyVersion { version: 2, document: allow("*"), created_at: 0 };
        refused!(test, root, SetDefaultPolicyVersion on policy(), |tx, permit| tx.set_default_policy_version(&permit, &mine, &absent));
        refused!(test, root, CreatePolicyVersion on policy(), |tx, permit| tx.insert_policy_version(&permit, &mine, "{", MakeDefault::No));
        refused!(test, root, DeletePolicyVersion on policy(), |tx, permit| tx.delete_policy_version(&permit, &mine, 1));
        test.attach(home.account, home.alice, PolicyType::Custom, "mine").await;
        let error = refused!(test, root, DeletePolicy on policy(), |tx, permit| tx.delete_policy(&permit, &mine));
        assert_eq!(error.code(), "DeleteConflict.Policy.User");
    }
}
