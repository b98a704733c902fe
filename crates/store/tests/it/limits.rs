//! Limits of models (rule 10).

use bailey_domain::Reason;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::operations::UpdateModelLimits;
use bailey_domain::scope::WholeAccount;

use crate::world::{MODEL, model_name};

const fn requests(amount: u64) -> ModelLimits {
    ModelLimits { requests: Some(Rate { amount, period_seconds: 60 }), ..ModelLimits::NONE }
}

cases! {
    async fn a_limit_counts_where_it_is_set(test) {
        let (one, two) = test.two_homes().await;
        let (root, model) = (test.root(one.account), model_name(MODEL));
        commit!(test, root, UpdateModelLimits on one.first, |tx, permit| tx.put_limits(&permit, &model, requests(1)));
        let other = test.create_key(&root, one.second, "").await;
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::RateWorkspace));
        assert_eq!(test.admit(&other.1, MODEL), Ok(()));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        // Raising it keeps the count; clearing it ends it.
        commit!(test, root, UpdateModelLimits on one.first, |tx, permit| tx.put_limits(&permit, &model, requests(2)));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::RateWorkspace));
        commit!(test, root, UpdateModelLimits on one.first, |tx, permit| tx.put_limits(&permit, &model, ModelLimits::default()));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        commit!(test, root, UpdateAccountModelLimits on WholeAccount, |tx, permit| tx.put_limits(&permit, &model, requests(0)));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::RateAccount));
        assert_eq!(test.admit(&other.1, MODEL), Err(Reason::RateAccount));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    async fn both_levels_are_listed(test) {
        let (one, two) = test.two_homes().await;
        test.put_model(one.account, "embed").await;
        let root = test.root(one.account);
        let both = ModelLimits {
            requests: Some(Rate { amount: 10, period_seconds: 60 }),
            tokens: Some(Rate { amount: u64::MAX, period_seconds: u32::MAX }),
            concurrency: Some(u32::MAX),
        };
        for name in [MODEL, "embed"] {
            let model = model_name(name);
            commit!(test, root, UpdateAccountModelLimits on WholeAccount, |tx, permit| tx.put_limits(&permit, &model, both));
        }
        let model = model_name(MODEL);
        commit!(test, root, UpdateModelLimits on one.first, |tx, permit| tx.put_limits(&permit, &model, requests(5)));
        let permit = permit!(test, root, ListModelLimits on one.first);
        let (account, workspace) = test.store.list_limits(&permit).await.unwrap();
        let names: Vec<_> = account.iter().map(|row| (row.model.as_str(), row.limits)).collect();
        assert_eq!(names, [("embed", both), (MODEL, both)]);
        let names: Vec<_> = workspace.iter().map(|row| (row.model.as_str(), row.limits)).collect();
        assert_eq!(names, [(MODEL, requests(5))]);
        let permit = permit!(test, root, ListModelLimits on one.second);
        assert_eq!(test.store.list_limits(&permit).await.unwrap().1, []);
        let permit = permit!(test, test.root(two.account), ListModelLimits on two.first);
        assert_eq!(test.store.list_limits(&permit).await.unwrap(), (Vec::new(), Vec::new()));

        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<UpdateModelLimits>(&root, one.first).unwrap();
        assert_eq!(tx.limits(&permit).await.unwrap().len(), 1);
        assert_eq!(tx.account_limits(&permit).await.unwrap().len(), 2);
        tx.abandon().await.unwrap();
    }

    async fn a_key_has_limits_of_its_own_as_long_as_it_is_there(test) {
        let (one, two) = test.two_homes().await;
        let (root, model, id) = (test.root(one.account), model_name(MODEL), one.key.0);
        let other = test.create_key(&root, one.first, "").await;
        commit!(test, root, UpdateApiKey on one.first, |tx, permit| tx.put_key_limits(&permit, id, &model, requests(1)));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::RateKey));
        assert_eq!(test.admit(&other.1, MODEL), Ok(()));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        let permit = permit!(test, root, GetApiKey on one.first);
        let listed = test.store.list_key_limits(&permit, id).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.limits).collect::<Vec<_>>(), [requests(1)]);
        assert_eq!(test.store.list_key_limits(&permit, other.0).await.unwrap(), []);
        // The keys of another workspace and of another account are not there at all.
        let permit = permit!(test, root, GetApiKey on one.second);
        assert_eq!(test.store.list_key_limits(&permit, id).await.unwrap(), []);
        let permit = permit!(test, test.root(two.account), GetApiKey on two.first);
        assert_eq!(test.store.list_key_limits(&permit, id).await.unwrap(), []);
        // A key that changes keeps them; a deleted one takes them along.
        commit!(test, root, DisableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, id, true));
        commit!(test, root, EnableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, id, false));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::RateKey));
        commit!(test, root, DeleteApiKey on one.first, |tx, permit| tx.delete_api_key(&permit, id));
        assert_eq!(test.raw().await.number("SELECT COUNT(*) FROM model_limits").await, 0);
    }
}
