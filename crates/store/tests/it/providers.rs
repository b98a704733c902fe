//! Providers and what happens to the models that route to them.

use bailey_domain::directory::Call;
use bailey_domain::model::{Bounds, Capability};
use bailey_domain::scope::WholeAccount;
use bailey_domain::secret::KeyHash;
use bailey_domain::tokens::Expected;
use bailey_store::StoredProvider;

use crate::support::{HOME, TestStore};
use crate::world::{MODEL, model, model_name, provider, provider_name};

/// Base URLs and sealed credentials of the ways to a model.
fn routes(test: &TestStore, hash: &KeyHash) -> Vec<(String, Option<String>)> {
    let call = Call { key: Some((*hash).into()), workspace: None, source: HOME, now_ms: test.now() };
    let admitted = test.store.directory().admit(&call, MODEL, Capability::Chat, Expected::default()).unwrap();
    let of = |route: &bailey_domain::directory::RouteEntry| {
        (route.provider.provider.base_url.clone(), route.provider.sealed_credential.clone())
    };
    admitted.model.routes.iter().map(of).collect()
}

fn at(name: &str, base_url: &str) -> StoredProvider {
    let mut stored = provider(name);
    stored.provider.base_url = base_url.to_owned();
    stored.provider.bounds =
        Bounds { idle_timeout_ms: Some(1500), max_concurrency: Some(3), ..Bounds::default() };
    stored.sealed_credential = Some(format!("sealed for {base_url}"));
    stored
}

cases! {
    async fn names_are_unique_within_an_account(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let taken = at("demo", "http://a");
        let error = refused!(test, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &taken));
        assert_eq!(error.code(), "EntityAlreadyExists.Provider");
        let new = at("upstream", "http://a");
        commit!(test, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &new));
        let permit = permit!(test, root, ListProviders on WholeAccount);
        let list = test.store.list_providers(&permit).await.unwrap();
        let names: Vec<_> = list.iter().map(|stored| stored.provider.name.as_str()).collect();
        assert_eq!(names, ["demo", "upstream"]);
        assert_eq!(list[1].sealed_credential, new.sealed_credential);
        let permit = permit!(test, test.root(two.account), ListProviders on WholeAccount);
        assert_eq!(test.store.list_providers(&permit).await.unwrap().len(), 1);
        let permit = permit!(test, test.root(two.account), TestProvider on WholeAccount);
        assert!(test.store.find_provider(&permit, &provider_name("upstream")).await.unwrap().is_none());
        let mut tx = test.store.write().await.unwrap();
        let found = tx.find_provider(one.account, &provider_name("upstream")).await.unwrap().unwrap();
        assert_eq!(found.provider, new.provider);
        tx.abandon().await.unwrap();
    }

    /// The next call uses the new address and credential, without anybody touching the model.
    async fn models_follow_their_providers(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        assert_eq!(routes(test, &one.key.1), [(String::new(), None)]);
        let moved = at("demo", "http://b");
        commit!(test, root, UpdateProvider on WholeAccount, |tx, permit| tx.update_provider(&permit, &moved));
        assert_eq!(routes(test, &one.key.1), [("http://b".to_owned(), moved.sealed_credential)]);
        assert_eq!(routes(test, &two.key.1), [(String::new(), None)]);
        let known = |account| {
            let known = test.store.directory().providers(account);
            known.iter().map(|entry| entry.provider.base_url.clone()).collect::<Vec<_>>()
        };
        assert_eq!((known(Some(one.account)), known(Some(two.account))), (vec!["http://b".to_owned()], vec![String::new()]));
        assert_eq!(known(None).len(), 2);
        commit!(test, root, DeleteProvider on WholeAccount, |tx, permit| tx.delete_provider(&permit, &moved.provider.name));
        assert!(known(Some(one.account)).is_empty());
        assert_eq!(routes(test, &one.key.1), []);
        let again = at("demo", "http://c");
        commit!(test, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &again));
        assert_eq!(routes(test, &one.key.1), [("http://c".to_owned(), again.sealed_credential)]);
    }

    async fn routes_are_tried_by_priority(test) {
        let (one, _) = test.two_homes().await;
        let root = test.root(one.account);
        for (name, url) in [("far", "http://far"), ("near", "http://near")] {
            let new = at(name, url);
            commit!(test, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &new));
        }
        let mut routed = model(MODEL, "far");
        routed.routes[0].priority = 9;
        let mut near = routed.routes[0].clone();
        (near.provider, near.priority, near.upstream_model) = (provider_name("near"), 1, model_name("other-name"));
        routed.routes.push(near);
        commit!(test, root, PutModel on WholeAccount, |tx, permit| tx.put_model(&permit, &routed));
        let urls: Vec<_> = routes(test, &one.key.1).into_iter().map(|(url, _)| url).collect();
        assert_eq!(urls, ["http://near", "http://far"]);
    }
}
