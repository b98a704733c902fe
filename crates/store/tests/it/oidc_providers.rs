//! OIDC providers: names without regard to case, one issuer once, one account each, and loading.

use bailey_domain::id::OidcProviderId;
use bailey_domain::name::OidcProviderName;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Principal};
use bailey_store::{NewOidcProvider, OidcProvider, OidcProviderUpdate};

use crate::support::{TestStore, first};

fn provider_name(name: &str) -> OidcProviderName {
    OidcProviderName::parse("OIDCProviderName", name).unwrap()
}

fn whole(account: AccountId) -> RamScope {
    RamScope::oidc_provider(account, "*")
}

impl TestStore {
    fn new_oidc_provider(&self, name: &str) -> NewOidcProvider {
        NewOidcProvider {
            provider_id: OidcProviderId::random(&self.clock),
            name: provider_name(name),
            issuer_url: format!("https://issuer.example/{}", name.to_lowercase()),
            client_ids: vec!["one".to_owned(), "two".to_owned()],
            fingerprints: vec!["902ef2".to_owned()],
            description: format!("about {name}"),
            issuance_limit_time: 12,
        }
    }

    async fn create_oidc_provider(&self, account: AccountId, name: &str) -> OidcProvider {
        let new = self.new_oidc_provider(name);
        commit!(self, self.root(account), CreateOIDCProvider on whole(account), |tx, permit| tx.insert_oidc_provider(&permit, &new))
    }
}

cases! {
    async fn oidc_providers_are_found_and_collide_without_regard_to_case(test) {
        let (one, two) = test.two_homes().await;
        let mine = test.create_oidc_provider(one.account, "Corp").await;
        let theirs = test.create_oidc_provider(two.account, "Corp").await;
        let found = test.store.find_oidc_provider(one.account, &provider_name("cORP")).await.unwrap().unwrap();
        assert_eq!(found, mine);
        assert_eq!((found.client_ids, found.fingerprints), (vec!["one".to_owned(), "two".to_owned()], vec!["902ef2".to_owned()]));
        assert_eq!(test.store.find_oidc_provider(two.account, &provider_name("corp")).await.unwrap().unwrap(), theirs);
        let same_issuer = NewOidcProvider { issuer_url: mine.issuer_url.clone(), ..test.new_oidc_provider("other") };
        for new in [test.new_oidc_provider("CORP"), same_issuer] {
            let error = refused!(test, test.root(one.account), CreateOIDCProvider on whole(one.account), |tx, permit| tx.insert_oidc_provider(&permit, &new));
            assert_eq!(error.code(), "EntityAlreadyExists.OIDCProvider");
        }
    }

    async fn a_list_of_oidc_providers_pages_through_the_accounts_own(test) {
        let (one, two) = test.two_homes().await;
        for name in ["b", "A", "c"] {
            test.create_oidc_provider(one.account, name).await;
        }
        test.create_oidc_provider(two.account, "ab").await;
        let (mut names, mut cursor) = (Vec::new(), first(2));
        loop {
            let permit = permit!(test, test.root(one.account), ListOIDCProviders on whole(one.account));
            let page = test.store.list_oidc_providers(&permit, &cursor).await.unwrap();
            names.extend(page.rows.iter().map(|provider| provider.name.to_string()));
            let Some(next) = page.next else { break };
            cursor.after = next;
        }
        assert_eq!(names, ["A", "b", "c"]);
    }

    /// A provider reaches the directory with the commit, is there again after loading, and only its own account changes it.
    async fn an_oidc_provider_is_in_the_directory_until_it_is_deleted(test) {
        let (one, two) = test.two_homes().await;
        let provider = test.create_oidc_provider(one.account, "Corp").await;
        let known = Principal::Federated(provider.provider_id);
        assert!(test.store.directory().knows(one.account, known));
        assert!(!test.store.directory().knows(two.account, known));
        assert!(test.second().await.directory().knows(one.account, known));

        let update = OidcProviderUpdate { client_ids: Some(vec!["three".to_owned()]), issuance_limit_time: Some(1), ..OidcProviderUpdate::default() };
        let error = refused!(test, test.root(two.account), UpdateOIDCProvider on whole(two.account), |tx, permit| tx.update_oidc_provider(&permit, &provider, &update));
        assert_eq!(error.code(), "EntityNotExist.OIDCProvider");
        let changed = commit!(test, test.root(one.account), UpdateOIDCProvider on whole(one.account), |tx, permit| tx.update_oidc_provider(&permit, &provider, &update));
        assert_eq!((changed.client_ids, changed.issuance_limit_time, changed.description.as_str()), (vec!["three".to_owned()], 1, "about Corp"));

        let id = provider.provider_id;
        let error = refused!(test, test.root(two.account), DeleteOIDCProvider on whole(two.account), |tx, permit| tx.delete_oidc_provider(&permit, id));
        assert_eq!(error.code(), "EntityNotExist.OIDCProvider");
        commit!(test, test.root(one.account), DeleteOIDCProvider on whole(one.account), |tx, permit| tx.delete_oidc_provider(&permit, id));
        assert!(!test.store.directory().knows(one.account, known));
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_oidc_providers(one.account).await.unwrap(), 0);
        tx.abandon().await.unwrap();
    }
}
