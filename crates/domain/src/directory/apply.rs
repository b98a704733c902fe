//! How each change alters the state.

use std::sync::Arc;

use bailey_policy::{Policy, TrustPolicy};

use super::admit::{ModelEntry, ProviderEntry, RouteEntry};
use super::attached::Attachments;
use super::limiter::{Limiter, Limiters};
use super::purse::Purse;
use super::slab::Slot;
use super::state::{
    AccessKeyFacts, AccountState, Grants, GroupState, IdentityState, KeyOwner, KeyState, OidcProviderState,
    PolicyLabel, RoleState, SeatState, State, Table, UserState, WorkspaceState,
};
use crate::access::{Attachee, Principal};
use crate::budget::{BudgetLevel, Month};
use crate::change::{Change, KeyFacts, LimitLevel, PolicyType};
use crate::error::Error;
use crate::id::{AccountId, ApiKeyId, RoleId, UserId, WorkspaceId};
use crate::limit::ModelLimits;
use crate::login::SecurityPreference;
use crate::model::{Grant, Model};
use crate::name::{PolicyName, RoleName};
use crate::network_policy::NetworkPolicy;
use crate::page::Pages;
use crate::settings::Settings;
use crate::upstream::Rest;

fn unknown(what: impl std::fmt::Display) -> Error {
    Error::internal(format!("a change is about {what}, which is not there"))
}

impl State {
    /// Brings one change in. An error means that the feed and the state have come apart; nothing of the change
    /// is in then.
    pub(crate) fn apply(&mut self, change: Change) -> Result<(), Error> {
        match change {
            Change::Account { account, settings } => self.put_account(account, *settings),
            Change::Alias { account, alias } => self.account_mut(account)?.alias = alias,
            Change::User { account, user, name } => {
                let arn = format!("acs:ram::{account}:user/{name}").into();
                self.put_user(account, user, arn);
            }
            Change::UserGone { user } => self.remove_user(user),
            Change::AccessKey { account, access_key, owner, active, sealed_secret } => {
                let network = self.access_keys.get(&access_key).and_then(|facts| facts.network.clone());
                let facts =
                    AccessKeyFacts { account, owner, active, sealed_secret: sealed_secret.into(), network };
                self.access_keys.insert(access_key, facts);
            }
            Change::AccessKeyGone { access_key } => drop(self.access_keys.remove(&access_key)),
            Change::SecurityPreference { account, preference } => {
                self.account_mut(account)?.preference = *preference;
            }
            Change::Session(facts) => self.sessions.put(*facts),
            Change::SessionGone { session } => self.sessions.remove(session),
            Change::AccessKeyNetwork { access_key, policy } => {
                let facts = self.access_keys.get_mut(&access_key).ok_or_else(|| unknown(access_key))?;
                facts.network = Some(Arc::from(policy));
            }
            Change::ServiceCredential(facts) => {
                self.service_credentials.insert(facts.id, *facts);
            }
            Change::ServiceCredentialGone { service_credential } => {
                self.service_credentials.remove(&service_credential);
            }
            Change::AccountNetwork { account, policy } => self.account_mut(account)?.network = *policy,
            Change::Policy { account, name, version, document } => {
                self.put_policy(account, &name, version, &document)?;
            }
            Change::PolicyGone { account, name } => {
                if let Some(slot) = self.account_mut(account)?.policies.remove(&name.folded()) {
                    self.policies.remove(slot);
                }
            }
            Change::Attached { account, to, policy_type, policy, workspace } => {
                let slot = self.policy_slot(account, policy_type, &policy).ok_or_else(|| unknown(&policy))?;
                let place = self.place_in(account, workspace)?;
                self.policies_of(to)?.attach(place, slot);
            }
            Change::Detached { account, to, policy_type, policy, workspace } => {
                let slot = self.policy_slot(account, policy_type, &policy).ok_or_else(|| unknown(&policy))?;
                let place = self.place_in(account, workspace)?;
                self.policies_of(to)?.detach(place, slot);
            }
            Change::Boundary { account, of, policy_type, policy } => {
                let slot = self.policy_slot(account, policy_type, &policy).ok_or_else(|| unknown(&policy))?;
                *self.boundary_mut(of).ok_or_else(|| unknown(of.id()))? = Some(slot);
            }
            Change::BoundaryGone { of } => *self.boundary_mut(of).ok_or_else(|| unknown(of.id()))? = None,
            Change::ControlPolicy { account, policy_type, policy } => {
                let slot = self.policy_slot(account, policy_type, &policy).ok_or_else(|| unknown(&policy))?;
                self.attach_control(account, slot);
            }
            Change::ControlPolicyGone { account, policy_type, policy } => {
                let slot = self.policy_slot(account, policy_type, &policy).ok_or_else(|| unknown(&policy))?;
                self.detach_control(account, slot)?;
            }
            Change::Group { account, group } => {
                if self.group_slots.get(&group).is_none() {
                    let slot = self.groups.insert(GroupState { account, policies: Default::default() });
                    self.group_slots.insert(group, slot);
                }
            }
            // A member that was left in it keeps a number that is never given again and so means nothing.
            Change::GroupGone { group } => {
                if let Some(slot) = self.group_slots.remove(&group) {
                    self.groups.remove(slot);
                }
            }
            Change::GroupMember { group, user } => {
                let group = *self.group_slots.get(&group).ok_or_else(|| unknown(group))?;
                let groups = &mut self.user_mut(user)?.identity.groups;
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
            Change::GroupMemberGone { group, user } => {
                let group = *self.group_slots.get(&group).ok_or_else(|| unknown(group))?;
                self.user_mut(user)?.identity.groups.retain(|held| *held != group);
            }
            Change::Role { account, role, name, trust } => self.put_role(account, role, &name, &trust)?,
            Change::RoleGone { role } => drop(self.roles.remove(&role)),
            Change::RoleTag { role, tag } => self.role_mut(role)?.identity.put_tag(&tag),
            Change::RoleTagGone { role, key } => self.role_mut(role)?.identity.remove_tag(&key),
            Change::OidcProvider { account, provider, name, issuer, client_ids } => {
                let arn = format!("acs:ram::{account}:oidc-provider/{name}").into();
                let state = OidcProviderState { account, arn, issuer, client_ids };
                self.oidc_providers.insert(provider, state);
            }
            Change::OidcProviderGone { provider } => drop(self.oidc_providers.remove(&provider)),
            Change::Workspace { account, workspace, is_default, open } => {
                self.put_workspace(account, workspace, is_default, open);
            }
            Change::WorkspaceGone { workspace } => {
                if let Some((_, slot)) = self.workspace_places.remove(&workspace) {
                    self.workspaces.remove(slot);
                }
            }
            Change::Member { workspace, user, pages, epoch } => {
                let place = self.place(workspace, user)?;
                if self.put_seat((user, workspace), place, pages, epoch) {
                    self.user_mut(user)?.seats += 1;
                }
            }
            Change::MemberGone { workspace, user } => {
                let (user_slot, workspace_slot) = self.place(workspace, user)?;
                if let Some(seat) = self.members.remove(&(user, workspace)) {
                    self.seats.remove(seat.number);
                    if seat.is_of(user_slot, workspace_slot) {
                        self.user_mut(user)?.seats -= 1;
                    }
                }
            }
            Change::Provider { account, provider, sealed_credential } => {
                let name: Box<str> = provider.name.as_str().into();
                let providers = &mut self.account_mut(account)?.providers;
                let health = providers.get(&name).map(|known| known.health.renewed()).unwrap_or_default();
                let health = Arc::new(health);
                let entry = ProviderEntry { provider: *provider, sealed_credential, account, health };
                providers.insert(name.clone(), Arc::new(entry));
                self.rebuild_routes(account, &name)?;
            }
            Change::ProviderGone { account, name } => {
                self.account_mut(account)?.providers.remove(name.as_str());
                self.rebuild_routes(account, name.as_str())?;
            }
            Change::Model { account, model } => self.put_model(account, *model)?,
            Change::ModelGone { account, model } => {
                drop(self.account_mut(account)?.models.remove(model.as_str()));
            }
            Change::Granted { account, workspace, model, grant } => {
                if let Some(number) = self.model_number(account, model.as_str()) {
                    self.set_grant(workspace, number, grant)?;
                }
            }
            Change::Key(facts) => self.put_key(*facts)?,
            Change::KeyGone { key } => self.remove_key(key),
            Change::Budget { account, level, budget, month_of_ms, spent_micro } => {
                let crossings = Arc::clone(&self.crossings);
                self.at_budget(account, level, |present| match present {
                    Some(running) => running.set(*budget),
                    None => {
                        let spent = (Month::of(month_of_ms), spent_micro);
                        *present = Some(Arc::new(Purse::new(account, level, crossings, *budget, spent)));
                    }
                });
            }
            Change::BudgetGone { account, level } => {
                self.at_budget(account, level, |present| *present = None);
            }
            Change::Limits { account, level, model, limits } => {
                if let Some(number) = self.model_number(account, model.as_str()) {
                    self.set_limits(account, level, number, limits)?;
                }
            }
        }
        Ok(())
    }

    /// The place of a budget. What it is about may be gone; the budget then means nothing.
    fn at_budget(
        &mut self,
        account: AccountId,
        level: BudgetLevel,
        change: impl FnOnce(&mut Option<Arc<Purse>>),
    ) {
        let place = match level {
            BudgetLevel::Account => self.accounts.get_mut(&account).map(|account| &mut account.budget),
            BudgetLevel::Workspace(id) => self.workspace_mut(id).ok().map(|workspace| &mut workspace.budget),
            BudgetLevel::Key(id) => {
                self.key_slot(id).and_then(|slot| self.keys.get_mut(slot)).map(|key| &mut key.budget)
            }
            BudgetLevel::Member(id, user) => {
                let Ok(workspace) = self.workspace_mut(id) else { return };
                let mut present = workspace.member_budgets.remove(&user);
                change(&mut present);
                workspace.member_budgets.extend(present.map(|purse| (user, purse)));
                return;
            }
        };
        if let Some(place) = place {
            change(place);
        }
    }

    fn account_mut(&mut self, account: AccountId) -> Result<&mut AccountState, Error> {
        self.accounts.get_mut(&account).ok_or_else(|| unknown(account))
    }

    fn user_mut(&mut self, user: UserId) -> Result<&mut UserState, Error> {
        self.users.get_mut(&user).ok_or_else(|| unknown(user))
    }

    fn workspace_mut(&mut self, workspace: WorkspaceId) -> Result<&mut WorkspaceState, Error> {
        let slot = self.workspace_slot(workspace).ok_or_else(|| unknown(workspace))?;
        self.workspaces.get_mut(slot).ok_or_else(|| unknown(workspace))
    }

    /// The numbers of a person and a workspace.
    fn place(&self, workspace: WorkspaceId, user: UserId) -> Result<(Slot, Slot), Error> {
        let user_slot = self.user(user).ok_or_else(|| unknown(user))?.slot;
        let workspace_slot = self.workspace_slot(workspace).ok_or_else(|| unknown(workspace))?;
        Ok((user_slot, workspace_slot))
    }

    fn put_account(&mut self, account: AccountId, settings: Settings) {
        if let Some(state) = self.accounts.get_mut(&account) {
            state.settings = settings;
            return;
        }
        let state = AccountState {
            settings,
            alias: None,
            preference: SecurityPreference::default(),
            network: NetworkPolicy::default(),
            resource: format!("acs:modelstudio:*:{account}:*").into(),
            policies: Table::default(),
            providers: Table::default(),
            models: Table::default(),
            next_model: 0,
            limits: Limiters::default(),
            budget: None,
        };
        self.accounts.insert(account, state);
    }

    fn put_user(&mut self, account: AccountId, id: UserId, arn: Box<str>) {
        if let Some(user) = self.users.get_mut(&id) {
            user.identity.arn = arn;
            return;
        }
        let slot = self.next_user;
        self.next_user += 1;
        self.user_slots.insert(slot);
        self.users.insert(id, UserState { slot, identity: IdentityState::new(account, arn), seats: 0 });
    }

    /// The real service writes role names in small letters in ARNs, whatever they were created as.
    fn put_role(
        &mut self,
        account: AccountId,
        id: RoleId,
        name: &RoleName,
        trust: &str,
    ) -> Result<(), Error> {
        let trust = TrustPolicy::parse(trust).map_err(Error::internal)?;
        let arn = format!("acs:ram::{account}:role/{}", name.folded()).into();
        match self.roles.get_mut(&id) {
            Some(role) => role.trust = trust,
            None => {
                let identity = IdentityState::new(account, arn);
                self.roles.insert(id, RoleState { identity, trust });
            }
        }
        Ok(())
    }

    fn role_mut(&mut self, id: RoleId) -> Result<&mut RoleState, Error> {
        self.roles.get_mut(&id).ok_or_else(|| unknown(id))
    }

    fn remove_user(&mut self, id: UserId) {
        if let Some(user) = self.users.remove(&id) {
            self.user_slots.remove(user.slot);
        }
    }

    fn put_policy(
        &mut self,
        account: AccountId,
        name: &PolicyName,
        version: u64,
        document: &str,
    ) -> Result<(), Error> {
        let policy = Policy::parse(document, &self.catalogue).map_err(Error::internal)?;
        let folded = name.folded();
        match self.account_mut(account)?.policies.get(&folded).copied() {
            Some(slot) => {
                *self.policies.get_mut(slot).ok_or_else(|| unknown(name))? = policy;
                self.policy_labels.get_mut(slot).ok_or_else(|| unknown(name))?.version = Some(version);
            }
            None => {
                let slot = self.policies.insert(policy);
                let name = name.as_str().into();
                self.policy_labels.insert(PolicyLabel { name, version: Some(version) });
                self.account_mut(account)?.policies.insert(folded, slot);
            }
        }
        Ok(())
    }

    /// The slot of a policy by its name.
    pub(crate) fn policy_slot(
        &self,
        account: AccountId,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Option<Slot> {
        match policy_type {
            PolicyType::System => self.system_policies.get(&name.folded()).copied(),
            PolicyType::Custom => self.accounts.get(&account)?.policies.get(&name.folded()).copied(),
        }
    }

    /// The number of the workspace that policies count for, where they do not count for the whole account.
    fn place_in(&self, account: AccountId, workspace: Option<WorkspaceId>) -> Result<Option<Slot>, Error> {
        self.place_of(account, workspace).ok_or_else(|| unknown("a workspace"))
    }

    fn policies_of(&mut self, to: Attachee) -> Result<&mut Attachments, Error> {
        match to {
            Attachee::User(user) => Ok(&mut self.user_mut(user)?.identity.policies),
            Attachee::Role(role) => Ok(&mut self.role_mut(role)?.identity.policies),
            Attachee::Group(group) => {
                let slot = *self.group_slots.get(&group).ok_or_else(|| unknown(group))?;
                self.groups.get_mut(slot).map(|group| &mut group.policies).ok_or_else(|| unknown(group))
            }
        }
    }

    fn put_workspace(&mut self, account: AccountId, id: WorkspaceId, is_default: bool, open: bool) {
        if let Some(workspace) = self.workspace_slot(id).and_then(|slot| self.workspaces.get_mut(slot)) {
            workspace.open = open;
            return;
        }
        let slot = self.workspaces.insert(WorkspaceState {
            id,
            account,
            is_default,
            open,
            resource: super::authorize::workspace_resource(account, id).into(),
            grants: Grants::default(),
            limits: Limiters::default(),
            budget: None,
            member_budgets: Table::default(),
        });
        self.workspace_places.insert(id, (account, slot));
    }

    /// Changing the pages leaves the seat what it is; another epoch is another seat. Says whether there was none.
    fn put_seat(
        &mut self,
        ids: (UserId, WorkspaceId),
        (user, workspace): (Slot, Slot),
        pages: Pages,
        epoch: u64,
    ) -> bool {
        let stale = self.members.get(&ids).copied();
        let old = stale.filter(|seat| seat.is_of(user, workspace));
        let number = match old {
            Some(seat) if seat.epoch == epoch => seat.number,
            _ => {
                self.next_seat += 1;
                self.next_seat
            }
        };
        if let Some(seat) = stale {
            self.seats.remove(seat.number);
        }
        self.seats.insert(number);
        self.members.insert(ids, SeatState { pages, number, user, workspace, epoch });
        old.is_none()
    }

    pub(super) fn model_number(&self, account: AccountId, model: &str) -> Option<u32> {
        self.accounts.get(&account)?.models.get(model).map(|entry| entry.number)
    }

    fn put_model(&mut self, account: AccountId, model: Model) -> Result<(), Error> {
        let state = self.account_mut(account)?;
        let name: Box<str> = model.model.as_str().into();
        let number = match state.models.get(&name) {
            Some(entry) => entry.number,
            None => {
                state.next_model += 1;
                state.next_model
            }
        };
        let entry = Arc::new(model_entry(state, number, model));
        state.models.insert(name, entry);
        Ok(())
    }

    /// Models hold their providers directly; when one changes, its models are made anew.
    fn rebuild_routes(&mut self, account: AccountId, provider: &str) -> Result<(), Error> {
        let state = self.account_mut(account)?;
        let touched: Vec<(u32, Model)> = state
            .models
            .values()
            .filter(|entry| entry.model.routes.iter().any(|route| route.provider.as_str() == provider))
            .map(|entry| (entry.number, entry.model.clone()))
            .collect();
        for (number, model) in touched {
            let name: Box<str> = model.model.as_str().into();
            let entry = Arc::new(model_entry(state, number, model));
            state.models.insert(name, entry);
        }
        Ok(())
    }

    fn set_grant(&mut self, workspace: WorkspaceId, model: u32, grant: Grant) -> Result<(), Error> {
        self.workspace_mut(workspace)?.grants.set(model, grant);
        Ok(())
    }

    fn put_key(&mut self, facts: KeyFacts) -> Result<(), Error> {
        let workspace = self.workspace_slot(facts.workspace).ok_or_else(|| unknown(facts.workspace))?;
        let owner = match facts.owner {
            Principal::Root => KeyOwner::Root,
            // An owner that was deleted has no slot; the key then belongs to a slot that never lives.
            // No role has a seat, so none makes a key.
            Principal::Role(role) => return Err(unknown(role)),
            Principal::Federated(provider) => return Err(unknown(provider)),
            Principal::User(user) => {
                KeyOwner::User(self.user(user).map_or(Slot::MAX, |user| user.slot), user)
            }
        };
        let seat = facts.owner.user().and_then(|user| self.seat_of(user, facts.workspace));
        let seat = seat.filter(|seat| seat.epoch == facts.epoch).map(|seat| seat.number);
        let existing = self.key_slot(facts.id);
        let old = existing.and_then(|slot| self.keys.get_mut(slot));
        let (limits, budget) = old.map(|key| (key.limits.take(), key.budget.take())).unwrap_or_default();
        let key = KeyState {
            id: facts.id,
            hash: facts.hash,
            previous: facts.previous.map(Box::new),
            workspace,
            owner,
            seat,
            epoch: facts.epoch,
            disabled: facts.disabled,
            expires_at_ms: facts.expires_at_ms,
            auth: facts.auth.map(Box::new),
            limits,
            budget,
        };
        let slot = match existing {
            Some(slot) => {
                let stored = self.keys.get_mut(slot).ok_or_else(|| unknown(facts.id))?;
                let old = std::mem::replace(stored, key);
                self.key_by_hash.remove(&old.hash, slot);
                if let Some(previous) = old.previous {
                    self.key_by_previous_hash.remove(&previous.hash);
                }
                slot
            }
            None => {
                let slot = self.keys.insert(key);
                let keys = &self.keys;
                self.key_by_id
                    .insert(&facts.id, slot, |stored| keys.get(stored).expect("an indexed key is there").id);
                slot
            }
        };
        let keys = &self.keys;
        self.key_by_hash
            .insert(&facts.hash, slot, |stored| keys.get(stored).expect("an indexed key is there").hash);
        if let Some(previous) = facts.previous {
            self.key_by_previous_hash.insert(previous.hash, slot);
        }
        Ok(())
    }

    fn remove_key(&mut self, id: ApiKeyId) {
        if let Some(slot) = self.key_slot(id) {
            self.key_by_id.remove(&id, slot);
            if let Some(key) = self.keys.get(slot) {
                self.key_by_hash.remove(&key.hash, slot);
                if let Some(previous) = &key.previous {
                    self.key_by_previous_hash.remove(&previous.hash);
                }
            }
            self.keys.remove(slot);
        }
    }

    fn set_limits(
        &mut self,
        account: AccountId,
        level: LimitLevel,
        model: u32,
        limits: ModelLimits,
    ) -> Result<(), Error> {
        let limiters = match level {
            LimitLevel::Account => &mut self.account_mut(account)?.limits,
            LimitLevel::Workspace(workspace) => &mut self.workspace_mut(workspace)?.limits,
            LimitLevel::Key(key) => {
                let slot = self.key_slot(key).ok_or_else(|| unknown(key))?;
                let key = self.keys.get_mut(slot).ok_or_else(|| unknown(slot))?;
                key.limits.get_or_insert_default()
            }
        };
        match limiters.get(&model) {
            // Calls in flight are counted on, in case a limit comes back before they have ended.
            Some(running) if !limits.is_empty() || Arc::strong_count(running) > 1 => running.set(limits),
            Some(_) => drop(limiters.remove(&model)),
            None if limits.is_empty() => {}
            None => drop(limiters.insert(model, Arc::new(Limiter::new(limits)))),
        }
        Ok(())
    }
}

fn model_entry(account: &AccountState, number: u32, model: Model) -> ModelEntry {
    let mut routes: Vec<RouteEntry> = model
        .routes
        .iter()
        .filter_map(|route| {
            let provider = Arc::clone(account.providers.get(route.provider.as_str())?);
            Some(RouteEntry {
                provider,
                upstream_model: route.upstream_model.clone(),
                priority: route.priority,
                weight: route.weight,
                rest: Rest::default(),
            })
        })
        .collect();
    routes.sort_by_key(|route| route.priority);
    ModelEntry { number, name: model.model.as_str().into(), routes, model }
}
