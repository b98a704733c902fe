//! One call from its first byte to its answer: find the operation, authenticate, read parameters, do, answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailey_acs::nonce::NonceCache;
use bailey_acs::parameters::{Parameters, Sources};
use bailey_control::{Control, Origin};
use bailey_domain::RequestId;
use bailey_edge::{Body, BodyError, Peer, read_body};
use http::request::Parts;
use http::{Method, Request, Response, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::answer::{self, Format, Shape};
use crate::failure::Failure;
use crate::providers::ProviderProbe;
use crate::routes::{self, Call, Form, Found, Handler, Route, Visit};

/// The largest body that any operation takes: a batch of users.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(30);

/// Parameters of RPC calls that say how the call is made and not what it asks. Those of a credential get here only as part of a
/// checked signature: beside an `authorization` header they are refused. They are no parameters of ROA calls.
const COMMON: [&str; 12] = [
    "Action",
    "Version",
    "Format",
    "RegionId",
    "AccessKeyId",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "SignatureNonce",
    "Timestamp",
    "Signature",
    "SecurityToken",
];

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
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// The API over these operations. `probe` is what TestProvider asks providers with.
    pub fn new(control: Control, probe: Arc<dyn ProviderProbe>) -> Self {
        Self { inner: Arc::new(Inner { control, nonces: NonceCache::default(), probe }) }
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

    /// Answers one request.
    pub async fn handle(self, request: Request<Incoming>, peer: Peer) -> Response<Body> {
        let mut random = [0; 16];
        self.control().entropy().fill(&mut random);
        let id = RequestId::new(random);
        let (parts, incoming) = request.into_parts();
        let read = read_body(incoming, LARGEST_BODY, BODY_TIME).await;
        let sources = Sources {
            query: parts.uri.query(),
            content_type: parts.headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes),
            body: read.as_deref().unwrap_or_default(),
            path: &[],
        };
        let (shape, format) = shape_of(parts.uri.path(), &sources);
        let answered = match (&read, format) {
            (Ok(_), Ok(())) => self.answer(&parts, sources, peer, id).await,
            (Err(error), _) => Err(body_failure(error)),
            (Ok(_), Err(failure)) => Err(failure),
        };
        match answered {
            Ok((route, fields)) => answer::success(shape, id, route.wire_name(), fields),
            Err(failure) => {
                let host =
                    parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                let told = failure.told(&|refusal| self.diagnostic(refusal));
                // Not the message: it may repeat what the caller sent.
                tracing::info!(request.id = %id, status = told.status.as_u16(), code = %told.code, "control call refused");
                answer::failed(shape, id, host, &told)
            }
        }
    }

    async fn answer(
        &self,
        parts: &Parts,
        sources: Sources<'_>,
        peer: Peer,
        id: RequestId,
    ) -> Result<(&'static Route, Value), Failure> {
        let path = parts.uri.path();
        let (route, values) = if path == "/" {
            if !matches!(parts.method, Method::GET | Method::POST) {
                return Err(Failure::OtherMethod("GET, POST".to_owned()));
            }
            let version = named(parts, &sources, "x-acs-version", "Version")?;
            let action = named(parts, &sources, "x-acs-action", "Action")?;
            (routes::find_rpc(&version, &action).ok_or(Failure::NoSuchApi)?, Vec::new())
        } else {
            match routes::find_roa(&parts.method, path) {
                Found::Route(route, values) => (route, values),
                Found::OtherMethods(methods) => {
                    let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
                    return Err(Failure::OtherMethod(names.join(", ")));
                }
                Found::Nothing => return Err(Failure::NoSuchApi),
            }
        };
        let origin = Origin {
            source_ip: peer.addr.ip().to_canonical(),
            secure_transport: false,
            request_id: id,
            now_ms: self.control().clock().now_ms(),
        };
        let body = sources.body;
        let parameters = || {
            let parameters = Parameters::collect(Sources { path: &values, ..sources })?;
            match route.form {
                Form::Rpc { .. } => parameters.ignore(&COMMON),
                Form::Roa { .. } => parameters.ignore(&COMMON_ROA),
            }
            Ok::<_, Failure>(parameters)
        };
        let fields = match route.handler {
            Handler::Signed(handler) => {
                let caller = self.authenticate(parts, body, origin).await?;
                handler(&Call { api: self, caller: &caller, parameters: &parameters()? }).await?
            }
            Handler::Open(handler) => {
                handler(&Visit { api: self, origin, parameters: &parameters()? }).await?
            }
        };
        Ok((route, fields))
    }

    /// The encoded diagnostic message of a refusal: sealed, and bound to the account. Only the installation opens it.
    fn diagnostic(&self, refusal: &bailey_domain::permit::Refusal) -> String {
        let text =
            json!({ "action": refusal.action, "decision": refusal.decision(self.control().directory()) })
                .to_string();
        let label = format!("diagnostic/{}", refusal.caller.account);
        self.control().sealer().seal(&**self.control().entropy(), &label, text.as_bytes())
    }
}

fn body_failure(error: &BodyError) -> Failure {
    Failure::Body(error.status(), error.to_string())
}

/// The shape of the surface that is called, known before anything can go wrong with the call; and whether `Format` is one.
fn shape_of(path: &str, sources: &Sources<'_>) -> (Shape, Result<(), Failure>) {
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
