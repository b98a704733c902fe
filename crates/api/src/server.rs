//! One call from its first byte to its answer: find the operation, authenticate, read parameters, do, answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailey_acs::nonce::NonceCache;
use bailey_acs::parameters::{Parameters, Sources};
use bailey_control::Control;
use bailey_domain::RequestId;
use bailey_edge::{Body, BodyError, Peer, read_body};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, header};
use hyper::body::Incoming;
use serde_json::json;

use crate::answer::{self, Shape};
use crate::failure::Failure;
use crate::providers::ProviderProbe;
use crate::routes::{self, Call, Found};

/// The largest body that any operation takes: a batch of users.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(30);

/// Parameters of RPC calls that say how the call is made and not what it asks.
const COMMON: [&str; 11] = [
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
];

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
        let shape = if parts.uri.path() == "/" { Shape::Rpc } else { Shape::Roa };
        let answered = match read_body(incoming, LARGEST_BODY, BODY_TIME).await {
            Ok(body) => self.answer(&parts, &body, peer, id).await,
            Err(error) => Err(body_failure(&error)),
        };
        match answered {
            Ok(fields) => answer::success(shape, id, fields),
            Err(failure) => {
                let host =
                    parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                let told = failure.told(&|refusal| self.diagnostic(refusal));
                tracing::info!(request.id = %id, status = told.status.as_u16(), code = %told.code, "control call refused");
                answer::failed(shape, id, host, &told)
            }
        }
    }

    async fn answer(&self, parts: &Parts, body: &Bytes, peer: Peer, id: RequestId) -> routes::Answer {
        let path = parts.uri.path();
        let (route, values) = if path == "/" {
            let (version, action) = named_call(parts, body);
            for (name, text) in [("Action", &action), ("Version", &version)] {
                if text.is_empty() {
                    return Err(Failure::Common(name));
                }
            }
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
        let caller = self.authenticate(parts, body, peer.addr.ip(), id)?;
        let parameters = Parameters::collect(Sources {
            query: parts.uri.query(),
            content_type: parts.headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes),
            body,
            path: &values,
        })?;
        parameters.ignore(&COMMON);
        (route.handler)(&Call { api: self, caller: &caller, parameters: &parameters }).await
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

/// Version and action of an RPC call, from headers, query or form.
fn named_call(parts: &Parts, body: &[u8]) -> (String, String) {
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let pairs = |text: &str, name: &str| {
        text.split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    };
    let query = parts.uri.query().unwrap_or_default();
    let form = std::str::from_utf8(body).unwrap_or_default();
    let find = |in_header: &str, name: &str| {
        header(in_header).or_else(|| pairs(query, name)).or_else(|| pairs(form, name)).unwrap_or_default()
    };
    (find("x-acs-version", "Version"), find("x-acs-action", "Action"))
}
