//! Limits asked about calls that nobody makes: a simulation counts in windows of its own.

use std::collections::HashMap;

use super::Directory;
use super::admit::Entered;
use super::state::{Limiter, Limiters, State};
use crate::change::LimitLevel;
use crate::decision::Chain;
use crate::id::AccountId;
use crate::limit::{ModelLimits, Window};
use crate::name::ModelName;
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
        for (level, (limiter, check, rate, tokens)) in levels.into_iter().zip(entered.limiters(model)) {
            let Some(limits) = limiter.map(Limiter::limits) else { continue };
            let full = limits.requests.is_some_and(|requests| {
                open.push(level);
                let window = self.0.entry((level, model)).or_insert_with(|| Window::new(requests));
                window.check(now_ms, 1).is_err()
            });
            // Nobody knows what these calls would use, so only a limit that leaves nothing refuses them.
            let dry = limits.tokens.is_some_and(|tokens| tokens.amount == 0);
            if !chain.note(check, !full && !dry) {
                return Err(if full { rate } else { tokens });
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

impl Directory {
    /// The limits of a model at one level; `None` where the account has no such workspace, key or model.
    pub fn limits_at(&self, account: AccountId, level: LimitLevel, model: &ModelName) -> Option<ModelLimits> {
        let state = self.read();
        let number = state.model_number(account, model.as_str())?;
        let limiter = state.limiters_at(account, level)?.and_then(|all| all.get(&number));
        Some(limiter.map(Limiter::limits).unwrap_or_default())
    }

    /// Whether a workspace is the account's default one, which takes no limits.
    pub fn is_default_workspace(&self, account: AccountId, level: LimitLevel) -> bool {
        let LimitLevel::Workspace(id) = level else { return false };
        self.read().workspace_in(account, id).is_some_and(|workspace| workspace.is_default)
    }
}

impl State {
    fn limiters_at(&self, account: AccountId, level: LimitLevel) -> Option<Option<&Limiters>> {
        match level {
            LimitLevel::Account => self.accounts.get(&account).map(|account| Some(&account.limits)),
            LimitLevel::Workspace(id) => {
                self.workspace_in(account, id).map(|workspace| Some(&workspace.limits))
            }
            LimitLevel::Key(id) => {
                let key = self.keys.get(self.key_slot(id)?)?;
                let owned = self.workspaces.get(key.workspace)?.account == account;
                owned.then_some(key.limits.as_deref())
            }
        }
    }
}
