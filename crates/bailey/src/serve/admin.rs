//! Health and metrics, for the machine that runs bailey.

use std::fmt::Write;
use std::sync::Arc;

use bailey_control::Control;
use bailey_edge::Body;
use bailey_gateway::Gateway;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::upstreams;

/// The admin listener. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    control: Control,
    gateway: Arc<Gateway>,
}

impl Admin {
    pub(crate) fn new(control: Control, gateway: Arc<Gateway>) -> Self {
        Self { control, gateway }
    }

    /// Answers one request.
    pub(crate) async fn handle(self, request: Request<Incoming>) -> Response<Body> {
        if request.method() != Method::GET {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n".to_owned());
        }
        match request.uri().path() {
            "/healthz" => text(StatusCode::OK, "alive\n".to_owned()),
            "/readyz" => match self.control.ping().await {
                Ok(()) => text(StatusCode::OK, "ready\n".to_owned()),
                Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")),
            },
            "/metrics" => text(StatusCode::OK, self.metrics()),
            _ => text(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics\n".to_owned()),
        }
    }

    /// Prometheus text format.
    fn metrics(&self) -> String {
        let census = self.control.directory().census();
        let gauges: [(&str, &str, u64); 9] = [
            (
                "directory_revision",
                "Revision that decisions are made from.",
                self.control.directory().revision(),
            ),
            ("directory_users", "RAM users.", census.users as u64),
            ("directory_workspaces", "Workspaces.", census.workspaces as u64),
            ("directory_members", "Memberships.", census.members as u64),
            ("directory_keys", "API keys.", census.keys as u64),
            (
                "sessions",
                "Sessions, those included that have run out and are not cleared away yet.",
                self.control.directory().count_sessions() as u64,
            ),
            (
                "password_verifications_total",
                "Passwords that were verified.",
                self.control.password_verifications(),
            ),
            ("gateway_calls_in_flight", "Model calls that have not ended.", census.flights as u64),
            (
                "gateway_records_lost_total",
                "Records of calls that did not fit or could not be written.",
                self.gateway.lost(),
            ),
        ];
        let own = gauges.iter().fold(String::new(), |mut page, (name, help, value)| {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            writeln!(page, "# HELP bailey_{name} {help}\n# TYPE bailey_{name} {kind}\nbailey_{name} {value}")
                .expect("writing to a string cannot fail");
            page
        });
        let providers = self.control.directory().providers(None);
        own + &upstreams::metrics(&providers, self.control.clock().now_ms())
    }
}

fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The answer when a handler panicked.
pub(crate) fn fault() -> Response<Body> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "a fault of bailey; see its log\n".to_owned())
}
