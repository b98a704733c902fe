//! The macro that runs a case on both databases, and the store that a case gets.

use std::net::{IpAddr, Ipv4Addr};

use bailey_domain::clock::{Clock as _, Fixed};
use bailey_domain::{AccountId, Caller, Entropy as _, Principal, RequestId, UserId};
use bailey_store::{Cursor, Location, MasterKey, Record, Store};
use bailey_testkit::{PostgresCluster, TemporaryDirectory};
use serde_json::Value;

use crate::raw::Raw;

/// Makes each case run on SQLite and on PostgreSQL, and check at its end that everything agrees.
macro_rules! cases {
    ($($(#[doc = $doc:literal])* async fn $name:ident($test:ident) $body:block)*) => {
        $(
            $(#[doc = $doc])*
            async fn $name($test: &$crate::support::TestStore) $body
        )*
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let test = $crate::support::TestStore::sqlite().await;
                super::$name(&test).await;
                test.check().await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let test = $crate::support::TestStore::postgres().await;
                super::$name(&test).await;
                test.check().await;
            })*
        }
    };
}

/// One operation in a transaction of its own: authorize, do, commit. Gives what the body gives.
macro_rules! commit {
    ($test:expr, $caller:expr, $operation:ident on $scope:expr, |$tx:ident, $permit:ident| $body:expr) => {{
        let mut $tx = $test.store.write().await.unwrap();
        let $permit = $tx.authorize::<bailey_domain::operations::$operation>(&$caller, $scope).unwrap();
        let done = $body.await.unwrap();
        $tx.commit($permit, $crate::support::record()).await.unwrap();
        done
    }};
}

/// The same operation where it must fail: gives the error, and the transaction leaves nothing.
macro_rules! refused {
    ($test:expr, $caller:expr, $operation:ident on $scope:expr, |$tx:ident, $permit:ident| $body:expr) => {{
        let mut $tx = $test.store.write().await.unwrap();
        let $permit = $tx.authorize::<bailey_domain::operations::$operation>(&$caller, $scope).unwrap();
        let error = $body.await.unwrap_err();
        $tx.abandon().await.unwrap();
        error
    }};
}

/// A permit to read with.
macro_rules! permit {
    ($test:expr, $caller:expr, $operation:ident on $scope:expr) => {
        $test.store.directory().authorize::<bailey_domain::operations::$operation>(&$caller, $scope).unwrap()
    };
}

/// An open store on a database of its own.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) location: Location,
    pub(crate) master: MasterKey,
    pub(crate) clock: Fixed,
    _directory: Option<TemporaryDirectory>,
}

impl TestStore {
    pub(crate) async fn sqlite() -> Self {
        Self::seeded(1).await
    }

    /// An installation with keys of its own.
    pub(crate) async fn seeded(seed: u64) -> Self {
        let directory = TemporaryDirectory::new("store").unwrap();
        let location = Location::File(directory.join("bailey.db"));
        Self::open(seed, location, Some(directory)).await
    }

    pub(crate) async fn postgres() -> Self {
        let url = PostgresCluster::shared().unwrap().fresh_database().unwrap();
        Self::open(1, Location::Postgres(url), None).await
    }

    async fn open(seed: u64, location: Location, directory: Option<TemporaryDirectory>) -> Self {
        let clock = Fixed::seeded(seed);
        let master = MasterKey::random(&clock);
        let store = Store::open(&location, &master, &clock).await.unwrap();
        Self { store, location, master, clock, _directory: directory }
    }

    /// Another store on the same database, as another process would have it.
    pub(crate) async fn second(&self) -> Store {
        Store::open(&self.location, &self.master, &self.clock).await.unwrap()
    }

    /// A connection that goes past the store.
    pub(crate) async fn raw(&self) -> Raw {
        Raw::connect(&self.location).await
    }

    /// The time, which is later each time.
    pub(crate) fn now(&self) -> i64 {
        self.clock.advance_ms(1);
        self.clock.now_ms()
    }

    pub(crate) fn request_id(&self) -> RequestId {
        let mut bytes = [0; 16];
        self.clock.fill(&mut bytes);
        RequestId::new(bytes)
    }

    pub(crate) fn caller(&self, account: AccountId, principal: Principal) -> Caller {
        Caller {
            account,
            principal,
            access_key: None,
            session: None,
            role_session: None,
            federated: None,
            source_ip: HOME,
            secure_transport: true,
            request_id: self.request_id(),
            now_ms: self.now(),
        }
    }

    pub(crate) fn root(&self, account: AccountId) -> Caller {
        self.caller(account, Principal::Root)
    }

    pub(crate) fn user(&self, account: AccountId, user: UserId) -> Caller {
        self.caller(account, Principal::User(user))
    }

    /// The live directory, a loaded one and the audit chains agree with the database.
    pub(crate) async fn check(&self) {
        crate::probes::check(self).await;
    }
}

/// Where every caller of these tests comes from.
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// An audit record where the case does not look at it.
pub(crate) fn record() -> Record {
    Record { target: "a thing".to_owned(), before: Value::Null, after: Value::Null }
}

/// The first page, of so many rows.
pub(crate) fn first(limit: u32) -> Cursor {
    Cursor { after: String::new(), limit }
}

/// Everything on one page.
pub(crate) fn all() -> Cursor {
    first(1000)
}
