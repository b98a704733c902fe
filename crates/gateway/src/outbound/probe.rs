//! Asking an upstream for its models, as a test: the same dialling, the same address filter, the same TLS.

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
    ask_once(gateway, &url, provider.allow_private, request, async |answer| Ok(answer.status().as_u16()))
        .await
}

/// Sends one request over a connection of its own, and reads of the answer what `read` wants, all within a bounded time.
/// Where the answer points elsewhere is not followed.
pub(super) async fn ask_once<R>(
    gateway: &Gateway,
    url: &BaseUrl,
    allow_private: bool,
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
    let patience = gateway.limits.connect_timeout * 2;
    tokio::time::timeout(patience, asked)
        .await
        .unwrap_or_else(|_| Err("it did not answer in time".to_owned()))
}
