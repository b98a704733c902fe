//! What an account has, asked by whoever proposes a change of it.

use std::sync::PoisonError;

use super::Directory;
use super::limiter::Limiters;
use super::purse::{Crossing, Spending};
use super::state::State;
use crate::access::{Attachee, Principal};
use crate::budget::BudgetLevel;
use crate::change::{LimitLevel, PolicyType};
use crate::id::{AccountId, UserId, WorkspaceId};
use crate::limit::ModelLimits;
use crate::model::Grant;
use crate::name::{ModelName, PolicyName};

impl Directory {
    /// Whether there is such a policy, of either type.
    pub fn has_policy(&self, account: AccountId, policy_type: PolicyType, name: &PolicyName) -> bool {
        self.read().policy_slot(account, policy_type, name).is_some()
    }

    /// Whether the account has what policies are attached to.
    pub fn has_attachee(&self, account: AccountId, to: Attachee) -> bool {
        match to {
            Attachee::User(user) => self.knows(account, Principal::User(user)),
            Attachee::Role(role) => self.knows(account, Principal::Role(role)),
            Attachee::Group(group) => {
                let state = self.read();
                let slot = state.group_slots.get(&group).copied();
                slot.and_then(|slot| state.groups.get(slot)).is_some_and(|group| group.account == account)
            }
        }
    }

    /// Whether a policy is attached to it itself, for the things of a workspace or for the whole account.
    pub fn is_attached(
        &self,
        account: AccountId,
        policy_type: PolicyType,
        name: &PolicyName,
        to: Attachee,
        workspace: Option<WorkspaceId>,
    ) -> bool {
        let state = self.read();
        let Some(policy) = state.policy_slot(account, policy_type, name) else { return false };
        let Some(place) = state.place_of(account, workspace) else { return false };
        let held = match to {
            Attachee::User(user) => state.user(user).map(|user| &user.identity.policies),
            Attachee::Role(role) => state.roles.get(&role).map(|role| &role.identity.policies),
            Attachee::Group(group) => {
                let slot = state.group_slots.get(&group).copied();
                slot.and_then(|slot| state.groups.get(slot)).map(|group| &group.policies)
            }
        };
        held.is_some_and(|held| held.has(place, policy))
    }

    /// Whether the account has the workspace.
    pub fn has_workspace(&self, account: AccountId, workspace: WorkspaceId) -> bool {
        self.read().workspace_in(account, workspace).is_some()
    }

    /// The epoch of a person's seat; `None` without a seat.
    pub fn seat_epoch(&self, workspace: WorkspaceId, user: UserId) -> Option<u64> {
        self.read().seat_of(user, workspace).map(|seat| seat.epoch)
    }

    /// What a workspace is granted of a model; `None` when the account has no such model or workspace.
    pub fn grant_of(&self, account: AccountId, workspace: WorkspaceId, model: &str) -> Option<Grant> {
        let state = self.read();
        let number = state.accounts.get(&account)?.models.get(model)?.number;
        Some(state.workspace_in(account, workspace)?.grants.of(number))
    }

    /// Whether a workspace is the account's default one, which takes no limits.
    pub fn is_default_workspace(&self, account: AccountId, workspace: WorkspaceId) -> bool {
        self.read().workspace_in(account, workspace).is_some_and(|workspace| workspace.is_default)
    }

    /// The limits of a model at one level; `None` where the account has no such workspace, key or model.
    pub fn limits_at(&self, account: AccountId, level: LimitLevel, model: &ModelName) -> Option<ModelLimits> {
        let state = self.read();
        let number = state.model_number(account, model.as_str())?;
        let limiter = state.limiters_at(account, level)?.and_then(|all| all.get(&number));
        Some(limiter.map(|limiter| limiter.limits()).unwrap_or_default())
    }
}

impl Directory {
    /// How a budget stands; `None` where there is none, or nothing that it could be about.
    pub fn spending(&self, account: AccountId, level: BudgetLevel, now_ms: i64) -> Option<Spending> {
        let state = self.read();
        let workspace = |id| state.workspace_in(account, id);
        let purse = match level {
            BudgetLevel::Account => state.accounts.get(&account)?.budget.as_ref(),
            BudgetLevel::Workspace(id) => workspace(id)?.budget.as_ref(),
            BudgetLevel::Member(id, user) => workspace(id)?.member_budgets.get(&user),
            BudgetLevel::Key(id) => {
                let key = state.keys.get(state.key_slot(id)?)?;
                let owned = state.workspaces.get(key.workspace)?.account == account;
                key.budget.as_ref().filter(|_| owned)
            }
        };
        purse.map(|purse| purse.spending(now_ms))
    }

    /// The percentages that budgets have reached since this was last asked. Whoever takes them writes them down.
    pub fn take_crossings(&self) -> Vec<Crossing> {
        let state = self.read();
        let mut crossings = state.crossings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *crossings)
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
