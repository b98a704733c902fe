//! TestProvider's way out: the gateway's own, so that a test meets what a call would meet.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bailey_api::ProviderProbe;
use bailey_domain::Secret;
use bailey_domain::model::Provider;
use bailey_gateway::Gateway;

/// Asks providers for their models.
pub(crate) struct Probe {
    gateway: Arc<Gateway>,
}

impl Probe {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl ProviderProbe for Probe {
    fn probe<'a>(
        &'a self,
        provider: &'a Provider,
        credential: Option<&'a Secret<String>>,
    ) -> Pin<Box<dyn Future<Output = Result<u16, String>> + Send + 'a>> {
        let (gateway, provider, credential) =
            (Arc::clone(&self.gateway), provider.clone(), credential.cloned());
        Box::pin(async move {
            // Upstream connections live on one thread, so the test gets one for its time.
            let asked = tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| error.to_string())?;
                let tasks = tokio::task::LocalSet::new();
                tasks.block_on(&runtime, bailey_gateway::probe(&gateway, &provider, credential.as_ref()))
            });
            asked.await.unwrap_or_else(|error| Err(error.to_string()))
        })
    }
}
