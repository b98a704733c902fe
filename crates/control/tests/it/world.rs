//! A database of its own, with one account.

use std::sync::Arc;

use bailey_control::{Control, Founded, Origin, Parts, Recorder};
use bailey_domain::clock::{Clock as _, Fixed};
use bailey_domain::id::RequestId;
use bailey_domain::{Caller, Entropy as _, Principal};
use bailey_store::{Location, MasterKey, Store};

pub(crate) struct World {
    pub(crate) control: Control,
    pub(crate) store: Store,
    pub(crate) founded: Founded,
    pub(crate) master: MasterKey,
    pub(crate) clock: Arc<Fixed>,
    directory: tempfile::TempDir,
}

pub(crate) async fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let fixed = Arc::new(Fixed::seeded(11));
    let master = MasterKey::random(&*fixed);
    let location = Location::File(directory.path().join("bailey.db"));
    let store = Store::open(&location, &master, &*fixed).await.unwrap();
    let (recorder, _) = Recorder::channel();
    let control = Control::new(Parts {
        store: store.clone(),
        clock: Arc::<Fixed>::clone(&fixed),
        entropy: Arc::<Fixed>::clone(&fixed),
        recorder,
    });
    let founded = control.found_account("test").await.unwrap();
    World { control, store, founded, master, clock: fixed, directory }
}

pub(crate) fn root(world: &World) -> Caller {
    Caller {
        account: world.founded.account,
        principal: Principal::Root,
        access_key: None,
        session: None,
        role_session: None,
        federated: None,
        source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
        secure_transport: false,
        request_id: request_id(world),
        now_ms: world.clock.now_ms(),
    }
}

fn request_id(world: &World) -> RequestId {
    let mut bytes = [0; 16];
    world.clock.fill(&mut bytes);
    RequestId::new(bytes)
}

/// A request without a credential.
pub(crate) fn origin(world: &World) -> Origin {
    Origin {
        source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
        secure_transport: false,
        request_id: request_id(world),
        now_ms: world.clock.now_ms(),
    }
}

impl World {
    /// Where the database is.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}
