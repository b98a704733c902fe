//! One call from its first byte to its answer: find the operation, authenticate, read parameters, do, answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailey_acs::nonce::NonceCache;
use bailey_acs::parameters::{Parameters, Sources};
use bailey_control::{Control, Documents, Origin};
use bailey_domain::RequestId;
use bailey_edge::{Body, BodyError, Hosted, Peer, read_body};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::Value;

use crate::answer::{self, Format, Shape};
use crate::failure::Failure;
use crate::providers::ProviderProbe;
use crate::routes::{self, Call, Form, Found, Handler, Route, Visit};
use crate::surroundings::Surroundings;
use crate::{authzen, forward};

/// The largest body that any operation takes: a batch of users.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(30);

/// What enforcement points of AuthZEN name their requests with; it comes back as it was sent.
const REQUEST_ID: &str = "x-request-id";

/// Parameters of RPC calls that say how the call is made and not what it asks. They are no parameters of ROA calls.
const COMMON: [&str; 9] = [
    "Action",
    "Version",
    "Format",
    "RegionId",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "SignatureNonce",
    "Timestamp",
];

/// Those of a credential. Beside an `authorization` header they are refused: in query and form as a second credential, and in a
/// JSON body, where nothing checks them, as parameters that no operation has.
const CREDENTIAL: [&str; 3] = ["AccessKeyId", "Signature", "SecurityToken"];

/// The same of ROA calls: the generic clients send it with every call.
const COMMON_ROA: [&str; 1] = ["RegionId"];

/// The control API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    control: Control,
    nonces: NonceCache,
    probe: Arc<dyn ProviderProbe>,
    documents: Arc<dyn Documents>,
    surroundings: Surroundings,
}

/// A request that was read to its end, or as far as it may go.
#[derive(Debug)]
pub struct Received {
    parts: Parts,
    body: Result<Bytes, BodyError>,
    origin: Origin,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// The API over these operations. `probe` is what TestProvider asks providers with, and `documents` what the keys of
    /// issuers are fetched with.
    pub fn new(
        control: Control,
        probe: Arc<dyn ProviderProbe>,
        documents: Arc<dyn Documents>,
        surroundings: Surroundings,
    ) -> Self {
        let nonces = NonceCache::default();
        Self { inner: Arc::new(Inner { control, nonces, probe, documents, surroundings }) }
    }

    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.inner.surroundings
    }

    pub(crate) fn control(&self) -> &Control {
        &self.inner.control
    }

    pub(crate) fn nonces(&self) -> &NonceCache {
        &self.inner.nonces
    }

    pub(crate) fn probe(&self) -> &dyn ProviderProbe {
        &*self.inner.probe
    }

    pub(crate) fn documents(&self) -> &dyn Documents {
        &*self.inner.documents
    }

    async fn respond(&self, received: Received) -> Response<Body> {
        let Received { parts, body: read, origin } = received;
        let id = origin.request_id;
        if parts.uri.path() == forward::PATH {
            return self.forward(&parts, origin).await;
        }
        let sources = Sources {
            query: parts.uri.query(),
            content_type: parts.headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes),
            body: read.as_deref().unwrap_or_default(),
            path: &[],
        };
        let (shape, format) = shape_of(parts.uri.path(), &sources);
        let answered = match (&read, format) {
            (Ok(_), Ok(())) => self.operate(&parts, sources, origin).await,
            (Err(error), _) => Err(body_failure(error)),
            (Ok(_), Err(failure)) => Err(failure),
        };
        let mut response = match answered {
            Ok((name, fields)) => answer::success(shape, id, name, fields),
            Err(failure) => {
                let host =
                    parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                let mut told = failure.told(&|refusal| self.control().diagnostic_message(refusal));
                let challenged = shape == Shape::Decision && failure.is_of_credential();
                if challenged {
                    told.status = StatusCode::UNAUTHORIZED;
                }
                // Not the message: it may repeat what the caller sent.
                tracing::info!(request.id = %id, status = told.status.as_u16(), code = %told.code, "control call refused");
                let mut response = answer::failed(shape, id, host, &told);
                if challenged {
                    answer::challenge(response.headers_mut());
                }
                response
            }
        };
        if let Some(theirs) = parts.headers.get(REQUEST_ID).filter(|_| shape == Shape::Decision) {
            response.headers_mut().insert(REQUEST_ID, theirs.clone());
        }
        response
    }

    async fn operate(
        &self,
        parts: &Parts,
        sources: Sources<'_>,
        origin: Origin,
    ) -> Result<(&'static str, Value), Failure> {
        let path = parts.uri.path();
        let place = authzen::place(path);
        match place {
            Some(authzen::Place::Metadata(tenant)) => {
                return match parts.method {
                    Method::GET | Method::HEAD => Ok(("", authzen::metadata(self, tenant)?)),
                    _ => Err(Failure::OtherMethod(Method::GET.to_string())),
                };
            }
            Some(authzen::Place::Tenant(tenant, path)) => {
                let fixture = self.surroundings().fixture(tenant).ok_or(Failure::NoSuchApi)?;
                let (route, _) = find(&parts.method, path)?;
                if !fixture.anonymous {
                    self.authenticate(parts, sources.body, origin, route).await?;
                }
                authzen::demand_json(parts, sources.body)?;
                let parameters = Parameters::collect(Sources { query: None, ..sources })?;
                let fields = authzen::of_fixture(self, fixture, path, &parameters).await?;
                return Ok((route.wire_name(), fields));
            }
            Some(authzen::Place::Account) | None => {}
        }
        let (route, values) = if path == "/" {
            if !matches!(parts.method, Method::GET | Method::POST) {
                return Err(Failure::OtherMethod("GET, POST".to_owned()));
            }
            let version = named(parts, &sources, "x-acs-version", "Version")?;
            let action = named(parts, &sources, "x-acs-action", "Action")?;
            (routes::find_rpc(&version, &action).ok_or(Failure::NoSuchApi)?, Vec::new())
        } else {
            find(&parts.method, path)?
        };
        let parameters = |query| {
            let parameters = Parameters::collect(Sources { query, path: &values, ..sources })?;
            match route.form {
                Form::Rpc { .. } => {
                    parameters.ignore(&COMMON);
                    if !parts.headers.contains_key(header::AUTHORIZATION) {
                        parameters.ignore(&CREDENTIAL);
                    }
                }
                Form::Roa { .. } => parameters.ignore(&COMMON_ROA),
            }
            Ok::<_, Failure>(parameters)
        };
        let fields = match route.handler {
            Handler::Signed(handler) => {
                let caller = self.authenticate(parts, sources.body, origin, route).await?;
                let parameters = if place.is_some() {
                    // A question is the body and nothing else.
                    authzen::demand_json(parts, sources.body)?;
                    parameters(None)?
                } else {
                    parameters(sources.query)?
                };
                handler(&Call { api: self, caller: &caller, parameters: &parameters }).await?
            }
            Handler::Open(handler) => {
                handler(&Visit { api: self, origin, parameters: &parameters(sources.query)? }).await?
            }
        };
        Ok((route.wire_name(), fields))
    }
}

impl Hosted for Api {
    type Received = Received;
    type Body = Body;

    /// What enforcement points and proxies ask before each request of theirs.
    fn is_brief(&self, request: &Request<Incoming>) -> bool {
        authzen::is_one_question(request.uri().path()) || request.uri().path() == forward::PATH
    }

    async fn receive(self, request: Request<Incoming>, peer: Peer) -> Received {
        let mut random = [0; 16];
        self.control().entropy().fill(&mut random);
        let (parts, incoming) = request.into_parts();
        let source_ip = peer.addr.ip().to_canonical();
        let origin = Origin {
            source_ip,
            secure_transport: self.surroundings().is_secure(source_ip, &parts.headers),
            request_id: RequestId::new(random),
            now_ms: self.control().clock().now_ms(),
        };
        let body = if parts.uri.path() == forward::PATH {
            // Nothing of a body is looked at: proxies send none.
            Ok(Bytes::new())
        } else {
            read_body(incoming, LARGEST_BODY, BODY_TIME).await
        };
        Received { parts, body, origin }
    }

    async fn answer(self, received: Received) -> Response<Body> {
        self.respond(received).await
    }

    fn fault() -> Response<Body> {
        answer::fault()
    }
}

/// The route of an ROA call.
fn find<'p>(method: &Method, path: &'p str) -> Result<(&'static Route, routes::Values<'p>), Failure> {
    match routes::find_roa(method, path) {
        Found::Route(route, values) => Ok((route, values)),
        Found::OtherMethods(methods) => {
            let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
            Err(Failure::OtherMethod(names.join(", ")))
        }
        Found::Nothing => Err(Failure::NoSuchApi),
    }
}

fn body_failure(error: &BodyError) -> Failure {
    Failure::Body(error.status(), error.to_string())
}

/// The shape of the surface that is called, known before anything can go wrong with the call; and whether `Format` is one.
fn shape_of(path: &str, sources: &Sources<'_>) -> (Shape, Result<(), Failure>) {
    if authzen::place(path).is_some() {
        return (Shape::Decision, Ok(()));
    }
    if path != "/" {
        return (Shape::Roa, Ok(()));
    }
    match sources.first_text("Format").map(|text| Format::parse(&text)) {
        None => (Shape::Rpc(Format::default()), Ok(())),
        Some(Some(format)) => (Shape::Rpc(format), Ok(())),
        Some(None) => (Shape::Rpc(Format::default()), Err(Failure::Format)),
    }
}

/// Version or action of an RPC call, from header, query or form.
fn named(parts: &Parts, sources: &Sources<'_>, header: &str, name: &'static str) -> Result<String, Failure> {
    let in_header = parts.headers.get(header).and_then(|value| value.to_str().ok()).map(str::to_owned);
    in_header
        .or_else(|| sources.first_text(name))
        .filter(|text| !text.is_empty())
        .ok_or(Failure::Common(name))
}
