//! Upstreams as one worker calls them: the credential opened, the paths made, the idle connections at hand.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::Context;
use std::time::{Duration, Instant};

use bailey_domain::Secret;
use bailey_domain::directory::{Flight, ProviderEntry};
use bailey_domain::model::{Bounds, Dialect};
use bailey_domain::upstream::Health;
use bytes::Bytes;
use http::HeaderMap;
use http::header::HOST;
use tokio_rustls::TlsConnector;

use super::base_url::BaseUrl;
use super::dial::dial;
use super::dialect;
use super::head::Head;
use super::link::{Answering, Failure, Link, exchange};
use crate::gateway::{Gateway, Limits};
use crate::paths::Operation;

/// One upstream.
pub(crate) struct Target {
    name: Box<str>,
    url: BaseUrl,
    dialect: Dialect,
    /// The head of a request for each operation, but for what differs from call to call.
    heads: Vec<(Operation, Secret<Vec<u8>>)>,
    allow_private: bool,
    tls: TlsConnector,
    idle: RefCell<Vec<(Box<Link>, Instant)>>,
    is_swept: Cell<bool>,
    limits: Limits,
    health: Arc<Health>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.name)
    }
}

/// One request to an upstream, in the upstream's dialect.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    pub(crate) operation: Operation,
    pub(crate) body: &'a Bytes,
    /// Whether the answer shall come as a stream.
    pub(crate) stream: bool,
    /// The client's headers, if it speaks the same dialect.
    pub(crate) client_headers: Option<&'a HeaderMap>,
}

impl Target {
    /// Prepares a provider. What is wrong with it is logged, without its secrets; its callers learn that it is unavailable.
    fn new(entry: &ProviderEntry, gateway: &Gateway) -> Option<Self> {
        let name = entry.provider.name.as_str();
        let unusable =
            |why: &dyn fmt::Display| tracing::error!(provider = name, %why, "a provider cannot be called");
        let url = BaseUrl::parse(&entry.provider.base_url)
            .map_err(|why| unusable(&format_args!("its base URL {why}")))
            .ok()?;
        let dialect = entry.provider.dialect;
        let mut constant = Vec::with_capacity(256);
        dialect::write_line(&HOST, &url.host_header, &mut constant);
        constant
            .extend_from_slice(concat!("user-agent: bailey/", env!("CARGO_PKG_VERSION"), "\r\n").as_bytes());
        constant.extend_from_slice(b"content-type: application/json\r\n");
        if let Some(sealed) = &entry.sealed_credential {
            let label = format!("providers/{}/{name}", entry.account);
            let credential = gateway.sealer.open_text(&label, sealed).map_err(|why| unusable(&why)).ok()?;
            let Some((name, value)) = dialect::credential(dialect, &credential) else {
                unusable(&"its credential fits no header");
                return None;
            };
            dialect::write_line(&name, &value, &mut constant);
        }
        let mut heads = Vec::with_capacity(Operation::ALL.len());
        for operation in Operation::ALL {
            let Some(path) = dialect::path(dialect, operation) else { continue };
            let path = url.path_of(path).map_err(|why| unusable(&format_args!("its base URL {why}"))).ok()?;
            let mut head = format!("POST {path} HTTP/1.1\r\n").into_bytes();
            head.extend_from_slice(&constant);
            heads.push((operation, Secret::new(head)));
        }
        Some(Self {
            name: name.into(),
            url,
            dialect,
            heads,
            allow_private: entry.provider.allow_private,
            tls: gateway.tls.clone(),
            idle: RefCell::default(),
            is_swept: Cell::new(false),
            limits: bounded(&gateway.limits, entry.provider.bounds),
            health: Arc::clone(&entry.health),
        })
    }

    /// Between two pieces of an answer.
    pub(crate) fn idle_timeout(&self) -> Duration {
        self.limits.idle_timeout
    }

    /// How it does, for all threads.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the upstream has such an operation.
    pub(crate) fn serves(&self, operation: Operation) -> bool {
        self.heads.iter().any(|(known, _)| *known == operation)
    }

    /// Sends one request and waits for the answer's head.
    pub(crate) async fn send(
        self: &Rc<Self>,
        errand: &Errand<'_>,
        flight: &Flight,
    ) -> Result<(Head, Answering), Failure> {
        let Some((_, prepared)) = self.heads.iter().find(|(known, _)| *known == errand.operation) else {
            return Err(Failure::Unavailable);
        };
        let write_head = |head: &mut Vec<u8>| {
            head.extend_from_slice(prepared.reveal());
            dialect::write_lines(self.dialect, errand.stream, errand.client_headers, head);
            head.extend_from_slice(b"content-length: ");
            head.extend_from_slice(itoa::Buffer::new().format(errand.body.len()).as_bytes());
            head.extend_from_slice(b"\r\n\r\n");
        };
        let (connect, first_byte) = (self.limits.connect_timeout, self.limits.first_byte_timeout);
        exchange(self, write_head, errand.body, flight, connect, first_byte).await
    }

    pub(super) async fn open(&self) -> Result<Box<Link>, ()> {
        let failed = |why: &dyn fmt::Display| tracing::warn!(provider = %self.name, %why, "an upstream cannot be reached");
        let network = dial(&self.url, self.allow_private, &self.tls).await.map_err(|error| failed(&error))?;
        Ok(Link::new(network))
    }

    /// The connection that was used last, if it still lives: the others can grow old and go.
    pub(super) fn take(&self, context: &mut Context<'_>) -> Option<Box<Link>> {
        let mut idle = self.idle.borrow_mut();
        while let Some((mut link, since)) = idle.pop() {
            if since.elapsed() < self.limits.idle_connection_age && link.is_usable(context) {
                return Some(link);
            }
        }
        None
    }

    pub(super) fn keep(self: &Rc<Self>, link: Box<Link>) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= self.limits.idle_connections {
            return;
        }
        idle.push((link, Instant::now()));
        if !self.is_swept.replace(true) {
            sweep(Rc::downgrade(self), self.limits.idle_connection_age);
        }
    }
}

/// The gateway's limits with a provider's own in their place.
fn bounded(limits: &Limits, bounds: Bounds) -> Limits {
    let own =
        |given: Option<u32>, usual: Duration| given.map_or(usual, |ms| Duration::from_millis(u64::from(ms)));
    Limits {
        connect_timeout: own(bounds.connect_timeout_ms, limits.connect_timeout),
        first_byte_timeout: own(bounds.first_byte_timeout_ms, limits.first_byte_timeout),
        idle_timeout: own(bounds.idle_timeout_ms, limits.idle_timeout),
        ..limits.clone()
    }
}

/// Nobody polls an idle connection, so this closes those that grew old. Ends with the last of them.
fn sweep(target: std::rc::Weak<Target>, age: Duration) {
    tokio::task::spawn_local(async move {
        loop {
            tokio::time::sleep(age).await;
            let Some(target) = target.upgrade() else { return };
            let mut idle = target.idle.borrow_mut();
            idle.retain(|(_, since)| since.elapsed() < age);
            if idle.is_empty() {
                target.is_swept.set(false);
                return;
            }
        }
    });
}

/// A provider that was asked for before, and what can be called of it.
type Known = (Weak<ProviderEntry>, Option<Rc<Target>>);

/// The upstreams of one worker. A provider that is changed gets a new entry in the directory, and so a new target here.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    known: RefCell<Vec<Known>>,
}

impl Targets {
    /// The upstream of an entry; `None` when it cannot be called.
    pub(crate) fn of(&self, entry: &Arc<ProviderEntry>, gateway: &Gateway) -> Option<Rc<Target>> {
        let mut known = self.known.borrow_mut();
        // A weak reference keeps the address from being used again, so that equal addresses are the same entry.
        if let Some((_, target)) =
            known.iter().find(|(known, _)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(entry)))
        {
            return target.clone();
        }
        known.retain(|(known, _)| known.strong_count() > 0);
        let target = Target::new(entry, gateway).map(Rc::new);
        known.push((Arc::downgrade(entry), target.clone()));
        target
    }
}
