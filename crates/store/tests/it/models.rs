//! The model catalogue.

use bailey_domain::Reason;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::{Capability, Price};
use bailey_domain::scope::WholeAccount;

use crate::world::{INFERENCE, MODEL, model, model_name};

cases! {
    async fn a_model_reads_back_and_changes_as_a_whole(test) {
        let (one, two) = test.two_homes().await;
        let mut changed = model(MODEL, "demo");
        changed.capabilities.push(Capability::Embedding);
        changed.prices.push(Price { kind: "input".to_owned(), micro_per_thousand_tokens: u64::MAX });
        changed.routes.clear();
        commit!(test, test.root(one.account), PutModel on WholeAccount, |tx, permit| tx.put_model(&permit, &changed));
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.find_model(one.account, &changed.model).await.unwrap().as_ref(), Some(&changed));
        assert_eq!(tx.find_model(two.account, &changed.model).await.unwrap(), Some(model(MODEL, "demo")));
        assert_eq!(tx.find_model(one.account, &model_name("QWEN-PLUS")).await.unwrap(), None);
        assert_eq!(tx.models(one.account).await.unwrap(), std::slice::from_ref(&changed));
        tx.abandon().await.unwrap();
        // Its grants are kept.
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
    }

    async fn the_catalogue_is_listed_by_name(test) {
        let (one, two) = test.two_homes().await;
        for name in ["qwen-max", "a/b:1.0_x"] {
            test.put_model(one.account, name).await;
        }
        let names = |models: Vec<bailey_domain::model::Model>| -> Vec<String> {
            models.iter().map(|model| model.model.to_string()).collect()
        };
        let permit = permit!(test, test.root(one.account), ListModels on WholeAccount);
        assert_eq!(names(test.store.list_models(&permit).await.unwrap()), ["a/b:1.0_x", "qwen-max", MODEL]);
        let permit = permit!(test, test.root(one.account), ListModelPermissions on one.first);
        assert_eq!(names(test.store.list_grantable_models(&permit).await.unwrap()).len(), 3);
        let permit = permit!(test, test.root(two.account), ListModelLimits on two.first);
        assert_eq!(names(test.store.list_limitable_models(&permit).await.unwrap()), [MODEL]);
    }

    /// A model that comes back under a deleted one's name has none of its grants and limits.
    async fn a_deleted_model_takes_its_grants_and_limits_along(test) {
        let (one, two) = test.two_homes().await;
        let none_left = ModelLimits { requests: Some(Rate { amount: 0, period_seconds: 60 }), ..ModelLimits::NONE };
        for home in [&one, &two] {
            let (root, model) = (test.root(home.account), model_name(MODEL));
            commit!(test, root, UpdateAccountModelLimits on WholeAccount, |tx, permit| tx.put_limits(&permit, &model, none_left));
            commit!(test, root, UpdateModelLimits on home.first, |tx, permit| tx.put_limits(&permit, &model, none_left));
        }
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::RateAccount));
        let model = model_name(MODEL);
        commit!(test, test.root(one.account), DeleteModel on WholeAccount, |tx, permit| tx.delete_model(&permit, &model));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::ModelUnknown));
        assert_eq!(test.admit(&two.key.1, MODEL), Err(Reason::RateAccount));
        let mut raw = test.raw().await;
        for table in ["models", "model_grants", "model_limits"] {
            let left = raw.texts(&format!("SELECT DISTINCT account_id FROM {table}")).await;
            assert_eq!(left, [two.account.to_string()], "{table}");
        }
        test.put_model(one.account, MODEL).await;
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::ModelNotGranted));
        test.grant(one.account, one.first, MODEL, INFERENCE).await;
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
    }
}
