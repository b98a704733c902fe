//! Model grants of workspaces (rule 2).

use bailey_domain::Reason;
use bailey_domain::model::Grant;
use bailey_domain::operations::UpdateModelPermissions;

use crate::world::{INFERENCE, MODEL, model_name};

cases! {
    async fn a_grant_is_the_workspaces_and_can_be_taken_back(test) {
        let (one, two) = test.two_homes().await;
        test.add_member(one.account, one.second, one.alice, bailey_domain::Pages::all()).await;
        let elsewhere = test.create_key(&test.user(one.account, one.alice), one.second, "").await;
        for grant in [Grant::default(), Grant { inference: false, fine_tune: true, deploy: true }] {
            test.grant(one.account, one.first, MODEL, grant).await;
            assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::ModelNotGranted));
            assert_eq!(test.admit(&elsewhere.1, MODEL), Ok(()));
            assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
            test.grant(one.account, one.first, MODEL, INFERENCE).await;
            assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        }
    }

    async fn grants_are_listed_by_model(test) {
        let (one, two) = test.two_homes().await;
        for name in ["qwen-turbo", "embed"] {
            test.put_model(one.account, name).await;
        }
        let tune = Grant { inference: true, fine_tune: true, deploy: false };
        test.grant(one.account, one.first, "embed", tune).await;
        let permit = permit!(test, test.root(one.account), ListModelPermissions on one.first);
        let grants = test.store.list_grants(&permit).await.unwrap();
        let shown: Vec<_> = grants.iter().map(|grant| (grant.model.as_str(), grant.permissions)).collect();
        assert_eq!(shown, [("embed", tune), (MODEL, INFERENCE)]);
        let permit = permit!(test, test.root(two.account), ListModelPermissions on two.second);
        assert_eq!(test.store.list_grants(&permit).await.unwrap().len(), 1);
        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<UpdateModelPermissions>(&test.root(one.account), one.second).unwrap();
        assert_eq!(tx.grants(&permit).await.unwrap().len(), 1);
        tx.abandon().await.unwrap();
    }

    /// What the catalogue does not hold cannot be granted: the account's own catalogue.
    async fn only_models_of_the_account_can_be_granted(test) {
        let (one, two) = test.two_homes().await;
        test.put_model(two.account, "theirs").await;
        let model = model_name("theirs");
        refused!(test, test.root(one.account), UpdateModelPermissions on one.first, |tx, permit| tx.put_grant(&permit, &model, INFERENCE));
        assert_eq!(test.admit(&one.key.1, "theirs"), Err(Reason::ModelUnknown));
    }
}
