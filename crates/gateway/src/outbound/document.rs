//! Fetching a small public document, such as the keys of an issuer, with the gateway's own dialling and address filter.

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};

use super::base_url::BaseUrl;
use super::probe::ask_once;
use crate::gateway::Gateway;

/// The largest document.
const LARGEST: usize = 256 * 1024;

/// The document at a URL without a query. Only a plain 200 counts: no redirect is followed.
///
/// # Errors
/// Why it could not be fetched, in words that hold no secret.
pub async fn fetch_document(gateway: &Gateway, url: &str, allow_private: bool) -> Result<Vec<u8>, String> {
    let base = BaseUrl::parse(url).map_err(|why| format!("its URL {why}"))?;
    let mut request = Request::new(Empty::<Bytes>::new());
    let slash = if url.ends_with('/') { "/" } else { "" };
    *request.uri_mut() = base.path_of(slash).map_err(|why| format!("its URL {why}"))?;
    let headers = request.headers_mut();
    headers.insert(HOST, base.host_header.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("bailey/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    ask_once(gateway, &base, allow_private, gateway.limits.connect_timeout, request, async |answer| {
        if answer.status() != StatusCode::OK {
            return Err(format!("it answered with status {}", answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        body.map(|body| body.to_bytes().to_vec())
            .map_err(|_| "its answer broke off or is larger than 256 KiB".to_owned())
    })
    .await
}
