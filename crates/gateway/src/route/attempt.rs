//! One call to one upstream, from when it is let through to the end of its answer.

use std::rc::Rc;
use std::time::Instant;

use bailey_domain::directory::RouteEntry;
use bailey_domain::upstream::{Fault, Rules, Turn};

use crate::outbound::Target;

/// A place at an upstream, given back when this is dropped. An attempt whose answer began and that nobody said to have
/// failed went well: a client that leaves in the middle of an answer says nothing against the upstream.
#[derive(Debug)]
pub(crate) struct Attempt {
    target: Rc<Target>,
    rules: Rules,
    turn: Turn,
    began: Instant,
    /// When the answer began, as long as it may still go well.
    answered_ms: Option<i64>,
}

impl Attempt {
    /// Takes a route, which leads to `target`, unless it is known not to serve now.
    pub(super) fn begin(route: &RouteEntry, target: &Rc<Target>, now_ms: i64, rules: Rules) -> Option<Self> {
        if route.rest.wait_ms(now_ms) > 0 {
            return None;
        }
        let most = route.provider.provider.bounds.max_concurrency;
        let turn = target.health().begin(most, now_ms).ok()?;
        Some(Self { target: Rc::clone(target), rules, turn, began: Instant::now(), answered_ms: None })
    }

    /// The answer begins.
    pub(super) fn answered(&mut self, now_ms: i64) {
        let micros = self.began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        self.target.health().answered(self.turn, micros);
        if self.turn == Turn::Probe {
            tracing::warn!(provider = self.target.name(), "an upstream answers again");
        }
        self.turn = Turn::Ordinary;
        self.answered_ms = Some(now_ms);
    }

    /// It failed, before its answer or within it.
    pub(crate) fn failed(&mut self, fault: Fault, now_ms: i64) {
        if self.target.health().failed(self.turn, fault, now_ms, &self.rules) {
            tracing::warn!(
                provider = self.target.name(),
                fault = fault.name(),
                "an upstream keeps failing and gets no calls for a while"
            );
        }
        self.turn = Turn::Ordinary;
        self.answered_ms = None;
    }

    /// It did not serve this call, which says nothing of the next one.
    pub(super) fn declined(&mut self, fault: Fault, now_ms: i64) {
        self.target.health().declined(self.turn, fault, now_ms);
        self.turn = Turn::Ordinary;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let health = self.target.health();
        if let Some(answered_ms) = self.answered_ms {
            health.succeeded(answered_ms, &self.rules);
        }
        health.left(self.turn);
    }
}
