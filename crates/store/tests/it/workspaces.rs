//! Workspaces.

use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::name::WorkspaceName;
use bailey_domain::operations::ListMembers;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Reason, WorkspaceId};
use bailey_store::OpenModels;

use crate::world::{MODEL, model_name};

fn name(text: &str) -> WorkspaceName {
    WorkspaceName::parse("workspaceName", text).unwrap()
}

cases! {
    async fn an_account_sees_its_own_oldest_first(test) {
        let (one, two) = test.two_homes().await;
        let permit = permit!(test, test.root(one.account), ListWorkspaces on WholeAccount);
        let list = test.store.list_workspaces(&permit).await.unwrap();
        let ids: Vec<_> = list.iter().map(|workspace| workspace.workspace_id).collect();
        assert_eq!(ids, [one.default, one.first, one.second]);
        assert_eq!(list.iter().map(|workspace| workspace.is_default).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(list[1].service_site, "site");
        assert_eq!(test.store.find_workspace(one.account, one.first).await.unwrap().as_ref(), Some(&list[1]));
        assert_eq!(test.store.find_workspace(two.account, one.first).await.unwrap(), None);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_workspaces(one.account).await.unwrap(), 3);
        assert_eq!(tx.find_workspace(two.account, one.first).await.unwrap(), None);
        assert!(tx.is_default_workspace(one.default).await.unwrap());
        assert!(!tx.is_default_workspace(one.first).await.unwrap());
        tx.abandon().await.unwrap();
        // Root of one account is a stranger in the other.
        let refusal = test.store.directory().authorize::<ListMembers>(&test.root(two.account), one.first).unwrap_err();
        assert_eq!(refusal.reason, Reason::WorkspaceAccessDenied);
    }

    async fn names_are_unique_within_an_account(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let (id, taken) = (WorkspaceId::random(&test.clock), name("second"));
        let error = refused!(test, root, CreateWorkspace on WholeAccount, |tx, permit| tx.insert_workspace(&permit, id, &taken, ""));
        assert_eq!(error.code(), "EntityAlreadyExists.Workspace");
        let error = refused!(test, root, RenameWorkspace on one.first, |tx, permit| tx.rename_workspace(&permit, &taken));
        assert_eq!(error.code(), "EntityAlreadyExists.Workspace");
        let new = name("研发 · R&D");
        let renamed = commit!(test, root, RenameWorkspace on one.first, |tx, permit| tx.rename_workspace(&permit, &new));
        assert_eq!((renamed.workspace_id, renamed.name), (one.first, new));
        let other = test.store.find_workspace(two.account, two.first).await.unwrap().unwrap();
        assert_eq!(other.name.as_str(), "first");
    }

    async fn an_open_workspace_calls_every_model_future_ones_included(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        assert_eq!(test.admit(&one.key.1, "later"), Err(Reason::ModelUnknown));
        commit!(test, root, UpdateModelPermissions on one.first, |tx, permit| tx.open_models(&permit, OpenModels::Yes));
        for account in [one.account, two.account] {
            test.put_model(account, "later").await;
        }
        assert_eq!(test.admit(&one.key.1, "later"), Ok(()));
        assert_eq!(test.admit(&two.key.1, "later"), Err(Reason::ModelNotGranted));
        assert!(test.store.find_workspace(one.account, one.first).await.unwrap().unwrap().open_models);
        assert!(!test.store.find_workspace(one.account, one.second).await.unwrap().unwrap().open_models);
        commit!(test, root, UpdateModelPermissions on one.first, |tx, permit| tx.open_models(&permit, OpenModels::No));
        assert_eq!(test.admit(&one.key.1, "later"), Err(Reason::ModelNotGranted));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()), "what was granted one by one stays");
    }

    async fn a_deleted_workspace_takes_seats_grants_and_limits_along(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let limits = ModelLimits { requests: Some(Rate { amount: 5, period_seconds: 60 }), ..ModelLimits::NONE };
        let model = model_name(MODEL);
        for (account, workspace) in [(one.account, one.first), (two.account, two.first)] {
            commit!(test, test.root(account), UpdateModelLimits on workspace, |tx, permit| tx.put_limits(&permit, &model, limits));
        }
        // While it holds a key it cannot go.
        refused!(test, root, DeleteWorkspace on one.first, |tx, permit| tx.delete_workspace(&permit));
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_workspace_keys(one.first).await.unwrap(), 1);
        assert_eq!(tx.count_workspace_keys(one.second).await.unwrap(), 0);
        tx.abandon().await.unwrap();
        commit!(test, root, DeleteApiKey on one.first, |tx, permit| tx.delete_api_key(&permit, one.key.0));
        commit!(test, root, DeleteWorkspace on one.first, |tx, permit| tx.delete_workspace(&permit));

        assert_eq!(test.store.find_workspace(one.account, one.first).await.unwrap(), None);
        assert_eq!(test.store.directory().pages(one.first, one.alice), None);
        assert!(test.store.directory().authorize::<ListMembers>(&test.root(one.account), one.first).is_err());
        let mut raw = test.raw().await;
        for table in ["members", "model_grants"] {
            let left = raw.number(&format!("SELECT COUNT(*) FROM {table} WHERE workspace_id = '{}'", one.first)).await;
            assert_eq!(left, 0, "{table}");
        }
        let left = raw.texts("SELECT level_id FROM model_limits").await;
        assert_eq!(left, [two.first.to_string()]);
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        // Its name is free again.
        test.create_workspace(one.account, "first").await;
    }
}
