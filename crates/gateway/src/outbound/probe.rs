//! Asking an upstream for its models, as a test: the same dialling, the same address filter, the same TLS.

use std::time::Duration;

use bailey_domain::Secret;
use bailey_domain::model::{Dialect, Provider};
use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::base_url::BaseUrl;
use super::dial::dial;
use super::dialect;
use crate::gateway::Gateway;

/// The status of a provider's answer to `GET {base URL}/models`.
///
/// # Errors
/// Why it could not be asked or did not answer, in words that hold no secret.
pub async fn probe(
    gateway: &Gateway,
    provider: &Provider,
    credential: Option<&Secret<String>>,
) -> Result<u16, String> {
    if provider.dialect == Dialect::Demo {
        return Ok(200);
    }
    let url = BaseUrl::parse(&provider.base_url).map_err(|why| format!("its base URL {why}"))?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() =
        url.path_of(dialect::models_path(provider.dialect)).map_err(|why| format!("its base URL {why}"))?;
    request.headers_mut().insert(HOST, url.host_header.clone());
    if let Some(credential) = credential {
        let (name, value) = dialect::credential(provider.dialect, credential)
            .ok_or_else(|| "its credential fits no header".to_owned())?;
        request.headers_mut().insert(name, value);
    }
    dialect::constant_headers(provider.dialect, request.headers_mut());
    let own = provider.bounds.connect_timeout_ms.map(|ms| Duration::from_millis(ms.into()));
    let connect = own.unwrap_or(gateway.limits.connect_timeout);
    let read = async |answer: Response<Incoming>| Ok(answer.status().as_u16());
    ask_once(gateway, &url, provider.allow_private, connect, request, read).await
}

/// Sends one request over a connection of its own, and reads of the answer what `read` wants, all within twice what a connection may take.
/// Where the answer points elsewhere is not followed.
pub(super) async fn ask_once<R>(
    gateway: &Gateway,
    url: &BaseUrl,
    allow_private: bool,
    connect: Duration,
    request: Request<Empty<Bytes>>,
    read: impl AsyncFnOnce(Response<Incoming>) -> Result<R, String>,
) -> Result<R, String> {
    let asked = async {
        let network = dial(url, allow_private, &gateway.tls).await.map_err(|error| error.to_string())?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(network));
        let (mut sender, connection) = handshake.await.map_err(|error| error.to_string())?;
        let speaking = tokio::task::spawn_local(connection);
        let answered = match sender.send_request(request).await {
            Ok(answer) => read(answer).await,
            Err(error) => Err(error.to_string()),
        };
        speaking.abort();
        answered
    };
    tokio::time::timeout(connect * 2, asked)
        .await
        .unwrap_or_else(|_| Err("it did not answer in time".to_owned()))
}
