//! One call to one upstream, from when it is let through to the end of its answer.

use std::sync::Arc;
use std::time::Instant;

use bailey_domain::directory::{ProviderEntry, RouteEntry};
use bailey_domain::upstream::{Fault, Rules, Turn};

/// A place at an upstream, given back when this is dropped. An attempt whose answer began and that nobody said to have
/// failed went well: a client that leaves in the middle of an answer says nothing against the upstream.
#[derive(Debug)]
pub(crate) struct Attempt {
    provider: Arc<ProviderEntry>,
    rules: Rules,
    turn: Turn,
    began: Instant,
    /// When the answer began, as long as it may still go well.
    answered_ms: Option<i64>,
}

impl Attempt {
    /// Takes a route, unless it is known not to serve now.
    pub(super) fn begin(route: &RouteEntry, now_ms: i64, rules: Rules) -> Option<Self> {
        if route.rest.wait_ms(now_ms) > 0 {
            return None;
        }
        let provider = &route.provider;
        let turn = provider.health.begin(provider.provider.bounds.max_concurrency, now_ms).ok()?;
        Some(Self { provider: Arc::clone(provider), rules, turn, began: Instant::now(), answered_ms: None })
    }

    /// The answer begins.
    pub(super) fn answered(&mut self, now_ms: i64) {
        let micros = self.began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        self.provider.health.answered(self.turn, micros);
        if self.turn == Turn::Probe {
            tracing::warn!(provider = %self.provider.provider.name, "an upstream answers again");
        }
        self.turn = Turn::Ordinary;
        self.answered_ms = Some(now_ms);
    }

    /// It failed, before its answer or within it.
    pub(crate) fn failed(&mut self, fault: Fault, now_ms: i64) {
        if self.provider.health.failed(self.turn, fault, now_ms, &self.rules) {
            let name = &self.provider.provider.name;
            tracing::warn!(provider = %name, fault = fault.name(), "an upstream keeps failing and gets no calls for a while");
        }
        self.turn = Turn::Ordinary;
        self.answered_ms = None;
    }

    /// It asked to be left alone.
    pub(super) fn throttled(&mut self, now_ms: i64) {
        self.provider.health.throttled(self.turn, now_ms);
        self.turn = Turn::Ordinary;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let health = &self.provider.health;
        if let Some(answered_ms) = self.answered_ms {
            health.succeeded(answered_ms, &self.rules);
        }
        health.left(self.turn);
    }
}
