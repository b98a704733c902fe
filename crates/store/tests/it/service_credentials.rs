//! Service credentials: one user's, for one service, gone with the user.

use bailey_domain::scope::RamScope;
use bailey_domain::secret::{KeyHash, KeyHasher};
use bailey_domain::service_credential::CredentialService;
use bailey_domain::{AccountId, ServiceCredentialId, UserId};
use bailey_store::{NewServiceCredential, ServiceCredential, ServiceCredentialFilter};

use crate::support::{TestStore, all, first};

fn hash_of(text: &str) -> KeyHash {
    KeyHasher::new(&[7; 32]).hash(text.as_bytes())
}

async fn create(
    test: &TestStore,
    account: AccountId,
    user: UserId,
    service: CredentialService,
) -> ServiceCredential {
    let id = ServiceCredentialId::random(&test.clock);
    let new = NewServiceCredential {
        service_credential_id: id,
        user,
        service,
        name: "ci".to_owned(),
        hash: hash_of(&id.to_string()),
        expires_at: Some(9_000),
    };
    commit!(test, test.root(account), CreateServiceCredential on RamScope::user(account, "*"), |tx, permit| tx.insert_service_credential(&permit, &new))
}

async fn listed(
    test: &TestStore,
    account: AccountId,
    filter: ServiceCredentialFilter,
) -> Vec<ServiceCredentialId> {
    let permit = permit!(test, test.root(account), ListServiceCredentials on RamScope::user(account, "*"));
    let page = test.store.list_service_credentials(&permit, filter, &all()).await.unwrap();
    page.rows.iter().map(|row| row.service_credential_id).collect()
}

cases! {
    async fn each_is_one_users_for_one_service(test) {
        let (one, two) = test.two_homes().await;
        let (studio, bailian) = (CredentialService::ModelStudio, CredentialService::Bailian);
        let first_one = create(test, one.account, one.alice, studio).await;
        let second = create(test, one.account, one.alice, bailian).await;
        let bobs = create(test, one.account, one.bob, studio).await;
        let foreign = create(test, two.account, two.alice, studio).await;
        let id = first_one.service_credential_id;
        assert_eq!((first_one.user_name.as_str(), first_one.active, first_one.expires_at), ("alice", true, Some(9_000)));

        let of_alice = ServiceCredentialFilter { user: Some(one.alice), service: None };
        let mut expected = vec![id, second.service_credential_id];
        expected.sort_by_key(ToString::to_string);
        let mut found = listed(test, one.account, of_alice).await;
        found.sort_by_key(ToString::to_string);
        assert_eq!(found, expected);
        assert_eq!(listed(test, one.account, ServiceCredentialFilter { service: Some(bailian), ..of_alice }).await, [second.service_credential_id]);
        assert_eq!(listed(test, one.account, ServiceCredentialFilter::default()).await.len(), 3);
        assert_eq!(listed(test, two.account, ServiceCredentialFilter::default()).await, [foreign.service_credential_id]);
        assert!(listed(test, two.account, of_alice).await.is_empty());
        let permit = permit!(test, test.root(one.account), ListServiceCredentials on RamScope::user(one.account, "*"));
        let mut cursor = first(2);
        let page = test.store.list_service_credentials(&permit, ServiceCredentialFilter::default(), &cursor).await.unwrap();
        cursor.after = page.next.unwrap();
        let rest = test.store.list_service_credentials(&permit, ServiceCredentialFilter::default(), &cursor).await.unwrap();
        assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (2, 1, None));

        let permit = permit!(test, test.root(one.account), GetServiceCredential on RamScope::user(one.account, "alice"));
        assert_eq!(test.store.find_service_credential(&permit, one.alice, id).await.unwrap(), Some(first_one));
        for (user, other) in [(one.bob, id), (one.alice, bobs.service_credential_id), (two.alice, foreign.service_credential_id)] {
            assert_eq!(test.store.find_service_credential(&permit, user, other).await.unwrap(), None);
        }
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_service_credentials(one.account, one.alice, studio).await.unwrap(), 1);
        assert_eq!(tx.count_service_credentials(two.account, one.alice, studio).await.unwrap(), 0);
        tx.abandon().await.unwrap();
    }

    async fn the_directory_knows_what_opens(test) {
        let (one, two) = test.two_homes().await;
        let credential = create(test, one.account, one.alice, CredentialService::ModelStudio).await;
        let foreign = create(test, two.account, two.alice, CredentialService::ModelStudio).await;
        let id = credential.service_credential_id;
        let facts = || test.store.directory().service_credential(&id);
        let known = facts().unwrap();
        assert_eq!((known.account, known.owner, known.active, known.expires_at_ms), (one.account, one.alice, true, Some(9_000)));
        assert_eq!(known.hash, hash_of(&id.to_string()));
        assert!(!serde_json::to_string(&credential).unwrap().contains(&known.hash.to_hex()), "no record shows the hash");
        let scope = || RamScope::user(one.account, "alice");
        let changed = commit!(test, test.root(one.account), UpdateServiceCredential on scope(),
            |tx, permit| tx.update_service_credential(&permit, &credential, "other", false));
        assert_eq!((changed.name.as_str(), changed.active, facts().map(|facts| facts.active)), ("other", false, Some(false)));
        let second = test.second().await;
        assert_eq!(second.directory().service_credential(&id), facts());
        second.close().await;
        let error = refused!(test, test.root(one.account), DeleteServiceCredential on scope(),
            |tx, permit| tx.delete_service_credential(&permit, foreign.service_credential_id));
        assert_eq!(error.code(), "EntityNotExist.User.ServiceCredential");
        commit!(test, test.root(one.account), DeleteServiceCredential on scope(), |tx, permit| tx.delete_service_credential(&permit, id));
        assert_eq!(facts(), None);
    }

    async fn it_ends_with_its_user(test) {
        let (one, two) = test.two_homes().await;
        let credential = create(test, one.account, one.alice, CredentialService::ModelStudio).await;
        let bobs = create(test, one.account, one.bob, CredentialService::ModelStudio).await;
        let foreign = create(test, two.account, two.alice, CredentialService::ModelStudio).await;
        commit!(test, test.root(one.account), DeleteUser on RamScope::user(one.account, "alice"), |tx, permit| tx.delete_user(&permit, one.alice));
        let directory = test.store.directory();
        assert_eq!(directory.service_credential(&credential.service_credential_id), None);
        assert!(directory.service_credential(&bobs.service_credential_id).is_some());
        assert!(directory.service_credential(&foreign.service_credential_id).is_some());
        assert_eq!(listed(test, one.account, ServiceCredentialFilter::default()).await, [bobs.service_credential_id]);
    }
}
