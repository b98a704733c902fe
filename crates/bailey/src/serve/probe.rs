//! The control API's way out, to providers that are tested and to the issuers of tokens: the gateway's own, so that it
//! meets what a call would meet.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bailey_api::{Documents, ProviderProbe};
use bailey_domain::Secret;
use bailey_domain::model::Provider;
use bailey_gateway::Gateway;

/// Asks providers for their models, and issuers for their keys.
pub(crate) struct Probe {
    gateway: Arc<Gateway>,
    private_issuers: bool,
}

impl Probe {
    pub(crate) fn new(gateway: Arc<Gateway>, private_issuers: bool) -> Self {
        Self { gateway, private_issuers }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

/// Upstream connections live on one thread, so whoever asks once gets one for that time.
async fn on_a_thread<R: Send + 'static>(
    ask: impl AsyncFnOnce() -> Result<R, String> + Send + 'static,
) -> Result<R, String> {
    let asked = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        tokio::task::LocalSet::new().block_on(&runtime, ask())
    });
    asked.await.unwrap_or_else(|error| Err(error.to_string()))
}

impl ProviderProbe for Probe {
    fn probe<'a>(
        &'a self,
        provider: &'a Provider,
        credential: Option<&'a Secret<String>>,
    ) -> Pin<Box<dyn Future<Output = Result<u16, String>> + Send + 'a>> {
        let (gateway, provider, credential) =
            (Arc::clone(&self.gateway), provider.clone(), credential.cloned());
        Box::pin(on_a_thread(async move || {
            bailey_gateway::probe(&gateway, &provider, credential.as_ref()).await
        }))
    }
}

impl Documents for Probe {
    fn private_issuers(&self) -> bool {
        self.private_issuers
    }

    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        let (gateway, url, private) = (Arc::clone(&self.gateway), url.to_owned(), self.private_issuers);
        Box::pin(on_a_thread(async move || bailey_gateway::fetch_document(&gateway, &url, private).await))
    }
}
