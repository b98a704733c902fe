//! Limits asked about calls that nobody makes: a simulation counts in windows of its own.

use std::collections::HashMap;

use super::admit::{Entered, NAMES};
use super::limiter::Full;
use crate::change::LimitLevel;
use crate::decision::Chain;
use crate::limit::Window;
use crate::reason::Reason;

/// Windows that begin empty and count the calls of one trial, in the order of their time. Those of the directory stay as
/// they are.
#[derive(Debug, Default)]
pub struct Trial(HashMap<(LimitLevel, u32), Window>);

impl Trial {
    /// Takes one request from every limit, or from none.
    pub(super) fn reserve(
        &mut self,
        entered: &Entered<'_>,
        model: u32,
        now_ms: i64,
        chain: &mut Chain,
    ) -> Result<(), Reason> {
        let workspace = LimitLevel::Workspace(entered.workspace.id);
        let levels = [LimitLevel::Account, workspace, LimitLevel::Key(entered.key.id)];
        let mut open = Vec::new();
        let limiters = levels.into_iter().zip(entered.limiters(model)).zip(NAMES);
        for ((level, limiter), (check, reasons)) in limiters {
            let Some(limits) = limiter.map(|limiter| limiter.limits()) else { continue };
            let full = limits.requests.is_some_and(|requests| {
                open.push(level);
                let window = self.0.entry((level, model)).or_insert_with(|| Window::new(requests));
                window.check(now_ms, 1).is_err()
            });
            // Nobody knows what these calls would use, nor how long they would take, so only a limit that leaves nothing
            // refuses them.
            let dry = limits.tokens.is_some_and(|tokens| tokens.amount == 0);
            let closed = limits.concurrency == Some(0);
            let refused = [(closed, Full::Places), (full, Full::Requests), (dry, Full::Tokens)];
            let refused = refused.into_iter().find_map(|(refuses, full)| refuses.then_some(full));
            chain.note(check, refused.is_none());
            if let Some(full) = refused {
                return Err(reasons.of(full));
            }
        }
        for level in open {
            if let Some(window) = self.0.get_mut(&(level, model)) {
                window.add(now_ms, 1);
            }
        }
        Ok(())
    }
}
