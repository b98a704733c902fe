//! Founding an account, and opening a database again.

use bailey_domain::access::Principal;
use bailey_domain::clock::Fixed;
use bailey_domain::operations::UpdateSettings;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{AccessKeyId, WorkspaceId};
use bailey_store::{AuditFilter, Founding, Location, MasterKey, Store};
use bailey_testkit::PostgresCluster;
use futures_util::future::try_join_all;

use crate::support::all;

cases! {
    async fn an_account_has_root_a_default_workspace_and_one_access_key(test) {
        let founding = Founding {
            account: "1234567890123456".parse().unwrap(),
            name: "Example".to_owned(),
            workspace: WorkspaceId::random(&test.clock),
            access_key: AccessKeyId::random(&test.clock),
            sealed_secret: "sealed text".to_owned(),
            now_ms: test.now(),
            request_id: test.request_id(),
        };
        assert!(test.store.accounts().await.unwrap().is_empty());
        test.store.found_account(&founding).await.unwrap();
        let (other, other_default) = test.found().await;

        assert_eq!(test.store.accounts().await.unwrap(), [founding.account, other]);
        assert_eq!(test.store.default_workspace(founding.account).await.unwrap(), founding.workspace);
        assert_eq!(test.store.default_workspace(other).await.unwrap(), other_default);
        assert!(test.store.find_workspace(founding.account, other_default).await.unwrap().is_none());
        let workspace = test.store.find_workspace(founding.account, founding.workspace).await.unwrap().unwrap();
        assert!(workspace.is_default && !workspace.open_models);
        assert_eq!(workspace.name.as_str(), "Default Workspace");

        let key = test.store.directory().access_key(&founding.access_key).unwrap();
        assert_eq!((key.account, key.owner, key.active), (founding.account, Principal::Root, true));
        assert_eq!(&*key.sealed_secret, "sealed text");
        let root = test.root(founding.account);
        let permit = permit!(test, root, ListAuditRecords on WholeAccount);
        let records = test.store.list_audit_records(&permit, &AuditFilter::default(), &all()).await.unwrap().rows;
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].operation.as_str(), records[0].actor.as_str()), ("FoundAccount", "root"));
        assert_eq!(records[0].request_id, founding.request_id.to_string());
        assert!(!records[0].after.get().contains("sealed"), "{}", records[0].after);
        assert!(test.store.directory().authorize::<UpdateSettings>(&root, WholeAccount).is_ok());
    }

    /// The second founding fails as a whole, and the store goes on.
    async fn an_account_cannot_be_founded_twice(test) {
        let (account, _) = test.found().await;
        let again = Founding {
            account,
            name: "Other".to_owned(),
            workspace: WorkspaceId::random(&test.clock),
            access_key: AccessKeyId::random(&test.clock),
            sealed_secret: String::new(),
            now_ms: test.now(),
            request_id: test.request_id(),
        };
        test.store.found_account(&again).await.unwrap_err();
        assert!(test.store.directory().access_key(&again.access_key).is_none());
        assert!(test.store.find_workspace(account, again.workspace).await.unwrap().is_none());
        assert_eq!(test.store.directory().revision(), 1);
        test.found().await;
        assert_eq!(test.store.directory().revision(), 2);
    }

    async fn only_the_master_key_opens_the_database_again(test) {
        let (account, _) = test.found().await;
        let sealed = test.store.sealer().seal(&test.clock, "label", b"secret");
        let again = test.second().await;
        assert_eq!(again.accounts().await.unwrap(), [account]);
        assert_eq!(again.sealer().open("label", &sealed).unwrap().reveal(), b"secret");
        again.ping().await.unwrap();
        again.close().await;
        assert!(again.ping().await.is_err());
        let wrong = MasterKey::random(&test.clock);
        let error = Store::open(&test.location, &wrong, &test.clock).await.unwrap_err();
        assert_eq!(error.code(), "InternalError");
        let text = MasterKey::parse(test.master.to_text().reveal()).unwrap();
        Store::open(&test.location, &text, &test.clock).await.unwrap();
    }
}

/// As many nodes as there are may start on an empty database at the same moment. A file belongs to one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_starting_at_once_share_one_data_key() {
    let location = Location::Postgres(PostgresCluster::shared().unwrap().fresh_database().unwrap());
    let entropy = Fixed::seeded(1);
    let master = MasterKey::random(&entropy);
    let stores = try_join_all((0..4).map(|_| Store::open(&location, &master, &entropy))).await.unwrap();
    let sealed = stores[0].sealer().seal(&entropy, "label", b"secret");
    for store in &stores {
        assert_eq!(store.sealer().open("label", &sealed).unwrap().reveal(), b"secret");
    }
}

#[test]
fn a_master_key_is_64_hexadecimal_characters_and_not_zeros() {
    for wrong in ["", "abc", &"0".repeat(64), &"g".repeat(64), &"a".repeat(66)] {
        assert_eq!(MasterKey::parse(wrong).unwrap_err().code(), "InvalidParameter.master_key", "{wrong}");
    }
    let key = MasterKey::parse(&format!(" {}\n", "a".repeat(64))).unwrap();
    assert!(!format!("{key:?}").contains("aaaa"));
}

#[tokio::test]
async fn a_wrong_url_is_refused_without_repeating_it() {
    let key = MasterKey::parse(&"a".repeat(64)).unwrap();
    let location = Location::Postgres("postgres://user:hunter2@host:port/name".to_owned());
    let entropy = Fixed::seeded(1);
    let error = Store::open(&location, &key, &entropy).await.unwrap_err();
    assert_eq!(error.code(), "InvalidParameter.database");
    assert!(!error.to_string().contains("hunter2"));
}
