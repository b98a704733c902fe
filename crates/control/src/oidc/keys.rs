//! The issuers' keys, kept for a time. Whoever calls causes at most one fetch a minute and provider, whatever they send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bailey_domain::Error;
use bailey_domain::id::OidcProviderId;
use bailey_store::OidcProvider;
use tokio::sync::Semaphore;

use super::documents::{Documents, broken, fetch_keys};
use super::key_set::{KeySet, NotSigned};
use super::token::{Fault, Unchecked};

/// How long keys count after they were fetched, in milliseconds: a key that an issuer withdraws is out by then.
const AGE: i64 = 3_600_000;
/// The shortest time between two fetches for one provider, in milliseconds.
const PAUSE: i64 = 60_000;
/// How many issuers are asked at once.
const PLACES: usize = 4;
/// How long one fetch may take in all: discovery and keys, and waiting for a place.
const PATIENCE: Duration = Duration::from_secs(20);
/// More providers than this are kept only while they are in use.
const MANY: usize = 1024;

#[derive(Debug, Default)]
struct Ring {
    /// What was fetched last, and when. Nobody waits for it.
    kept: Mutex<Option<(Arc<KeySet>, i64)>>,
    /// When a fetch was tried last. Held during one, so that many who come at once cause one.
    tried_at: tokio::sync::Mutex<Option<i64>>,
}

/// The keys of all issuers.
#[derive(Debug)]
pub(crate) struct Keys {
    rings: Mutex<HashMap<OidcProviderId, Arc<Ring>>>,
    places: Semaphore,
}

impl Default for Keys {
    fn default() -> Self {
        Self { rings: Mutex::default(), places: Semaphore::new(PLACES) }
    }
}

impl Keys {
    /// Checks that a token's signature is one of the provider's issuer.
    pub(crate) async fn verify(
        &self,
        documents: &dyn Documents,
        provider: &OidcProvider,
        token: &Unchecked<'_>,
        now_ms: i64,
    ) -> Result<(), Error> {
        let ring = self.ring(provider.provider_id);
        // Whoever comes with a known key waits for no fetch, however slow the issuer and whatever others send.
        if let Some(keys) = ring.fresh(now_ms) {
            match token.is_signed_by(&keys) {
                Err(NotSigned::UnknownKey) => {}
                signed => return signed.map_err(|_| Fault::Invalid.into()),
            }
        }
        self.renew(&ring, documents, provider, now_ms).await;
        let keys = ring.fresh(now_ms).ok_or_else(|| broken(&provider.issuer_url))?;
        token.is_signed_by(&keys).map_err(|_| Fault::Invalid.into())
    }

    fn ring(&self, provider: OidcProviderId) -> Arc<Ring> {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        if rings.len() >= MANY && !rings.contains_key(&provider) {
            rings.retain(|_, ring| Arc::strong_count(ring) > 1);
        }
        Arc::clone(rings.entry(provider).or_default())
    }

    /// Fetches, unless that was tried a moment ago. Keys that are there stay when it fails.
    async fn renew(&self, ring: &Ring, documents: &dyn Documents, provider: &OidcProvider, now_ms: i64) {
        let mut tried_at = ring.tried_at.lock().await;
        if tried_at.is_some_and(|tried| now_ms < tried.saturating_add(PAUSE)) {
            return;
        }
        *tried_at = Some(now_ms);
        let fetched = tokio::time::timeout(PATIENCE, async {
            let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
            fetch_keys(documents, &provider.issuer_url).await
        });
        match fetched.await.unwrap_or_else(|_| Err("it did not answer in time".to_owned())) {
            Ok(keys) => *ring.kept() = Some((Arc::new(keys), now_ms)),
            Err(why) => {
                tracing::warn!(provider = %provider.provider_id, %why, "an issuer's keys cannot be fetched");
            }
        }
    }
}

impl Ring {
    fn kept(&self) -> MutexGuard<'_, Option<(Arc<KeySet>, i64)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, now_ms: i64) -> Option<Arc<KeySet>> {
        let kept = self.kept();
        let (keys, _) = kept.as_ref().filter(|(_, fetched_at)| now_ms < fetched_at.saturating_add(AGE))?;
        Some(Arc::clone(keys))
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
