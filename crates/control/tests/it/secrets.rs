//! No secret shows in the `Debug` form of anything that holds one.

use std::sync::Arc;

use bailey_control::{Control, Founded, Parts, ProviderChange, Recorder};
use bailey_domain::clock::Fixed;
use bailey_domain::id::RequestId;
use bailey_domain::model::Dialect;
use bailey_domain::name::{ProviderName, UserName};
use bailey_domain::{Caller, Principal, Secret};
use bailey_store::{Location, MasterKey, Store};

struct World {
    control: Control,
    store: Store,
    founded: Founded,
    master: MasterKey,
    _directory: tempfile::TempDir,
}

async fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let fixed = Arc::new(Fixed::seeded(11));
    let master = MasterKey::random(&*fixed);
    let location = Location::File(directory.path().join("bailey.db"));
    let store = Store::open(&location, &master, &*fixed).await.unwrap();
    let (recorder, _) = Recorder::channel();
    let control = Control::new(Parts {
        store: store.clone(),
        clock: Arc::<Fixed>::clone(&fixed),
        entropy: fixed,
        recorder,
    });
    let founded = control.found_account("test").await.unwrap();
    World { control, store, founded, master, _directory: directory }
}

fn root(world: &World) -> Caller {
    Caller {
        account: world.founded.account,
        principal: Principal::Root,
        access_key: None,
        session: None,
        source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
        secure_transport: false,
        request_id: RequestId::new([1; 16]),
        now_ms: 1_795_478_400_000,
    }
}

#[tokio::test]
async fn debug_output_shows_no_secret() {
    let world = world().await;
    let root = root(&world);
    let provider_secret = "provider-secret-4711";
    let change = ProviderChange {
        dialect: Some(Dialect::OpenAi),
        base_url: Some("https://api.example.com/v1".to_owned()),
        api_key: Some(Secret::new(provider_secret.to_owned())),
        allow_private: None,
    };
    let mut shown = vec![format!("{change:?}")];
    let name = ProviderName::parse("name", "example").unwrap();
    shown.push(format!("{:?}", world.control.create_provider(&root, name.clone(), change).await.unwrap()));
    shown.push(format!("{:?}", world.control.provider_to_test(&root, &name).await.unwrap()));
    shown.push(format!("{:?}", world.control.list_providers(&root).await.unwrap()));

    let alice = UserName::parse("UserName", "alice").unwrap();
    world.control.create_user(&root, alice.clone(), Default::default()).await.unwrap();
    let access_key = world.control.create_access_key(&root, Some(&alice)).await.unwrap();
    shown.push(format!("{access_key:?}"));
    shown.push(format!("{:?}", world.control.access_key(&access_key.key.access_key_id).unwrap().unwrap()));

    let key = world.control.create_api_key(&root, world.founded.default_workspace, "k", None).await.unwrap();
    shown.push(format!("{key:?}"));
    shown.push(format!("{:?}", world.founded));
    shown.push(format!("{:?} {:?} {:?}", world.control, world.store, world.master));
    shown.push(format!("{:?}", world.store.sealer()));
    shown.push(format!("{:?}", world.control.directory()));

    let shown = shown.join("\n");
    let secrets = [
        provider_secret,
        access_key.secret.reveal(),
        key.value.reveal(),
        world.founded.secret.reveal(),
        world.master.to_text().reveal(),
    ]
    .map(str::to_owned);
    for secret in secrets {
        assert!(secret.len() >= 20, "a secret worth looking for");
        assert!(!shown.contains(&secret), "a secret shows in Debug output");
    }
    // The form that is stored is in the directory, so the search does look at something.
    assert!(shown.contains("example"));
}
