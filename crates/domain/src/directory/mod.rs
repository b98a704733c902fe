//! The state that every decision is made from, in memory, at one revision.
//!
//! Readers share a lock that costs each core its own cache line; a change is applied in place under the
//! exclusive lock, so applying copies nothing, and whoever reads afterwards sees it. Only [`Change`]s alter
//! the state, whether they come from a local commit, from the feed or from loading the database.

mod admit;
mod advise;
mod apply;
mod assume;
mod attached;
mod authorize;
mod diagnose;
mod explain;
mod flight;
mod guards;
mod hand_out;
mod holds;
mod index;
mod limiter;
mod network;
mod purse;
mod quotas;
mod render;
mod sessions;
mod slab;
mod state;
mod temporary;
mod trial;
mod verdict;

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_utils::sync::{ShardedLock, ShardedLockReadGuard};

pub use admit::{Admitted, Call, Counting, Denied, Holder, ModelEntry, ProviderEntry, RouteEntry};
pub use authorize::Circumstances;
pub use diagnose::{Diagnostic, MatchedPolicy};
pub use explain::{Asked, EffectiveAccess, Holding, Wanted};
pub use flight::{Boarded, Flight};
pub use limiter::{Level, Throttled};
pub use network::NetworkLevel;
pub use purse::{Crossing, Spending};
pub use quotas::Quota;
pub use sessions::PresentedSession;
pub use state::AccessKeyFacts;
pub use temporary::Parent;
pub use trial::Trial;

use crate::access::{Caller, Principal};
use crate::change::Change;
use crate::error::Error;
use crate::id::{AccessKeyId, AccountId, ApiKeyId, ServiceCredentialId, UserId, WorkspaceId};
use crate::operations::Operation;
use crate::page::Pages;
use crate::permit::{Permit, Refusal};
use crate::service_credential::ServiceCredentialFacts;
use crate::settings::Settings;
use flight::Flights;
use state::{KeyOwner, State};

/// What applying a revision did besides changing the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Calls that were in flight and were cut.
    pub cut: u64,
}

/// How much the directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// RAM users.
    pub users: usize,
    /// RAM groups.
    pub groups: usize,
    /// Workspaces.
    pub workspaces: usize,
    /// Seats.
    pub members: usize,
    /// API keys.
    pub keys: usize,
    /// Calls in flight.
    pub flights: usize,
}

/// The in-memory state and the calls in flight.
#[derive(Debug)]
pub struct Directory {
    state: ShardedLock<State>,
    flights: Flights,
    /// Held while a revision is applied, from the comparison of revisions to the last cut. Remembers the revision that
    /// came last and what applying it did: whoever committed it may find it brought in by the follower of the feed.
    applying: Mutex<(u64, Applied)>,
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

impl Directory {
    /// An empty directory at revision 0.
    pub fn new() -> Self {
        Self {
            state: ShardedLock::new(State::new()),
            flights: Flights::default(),
            applying: Mutex::default(),
        }
    }

    /// A state whose applier panicked half-way must not decide anything any more, so reading it panics too.
    pub(crate) fn read(&self) -> ShardedLockReadGuard<'_, State> {
        self.state.read().expect("no change left the state half applied")
    }

    /// The revision that the state is at.
    pub fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Puts the changes of a database that is being loaded, before anybody reads.
    pub fn load(&self, changes: impl IntoIterator<Item = Change>) -> Result<(), Error> {
        let mut state = self.state.write().expect("no change left the state half applied");
        changes.into_iter().try_for_each(|change| state.apply(change))
    }

    /// Says which revision the loaded changes amount to.
    pub fn loaded(&self, revision: u64) {
        self.state.write().expect("no change left the state half applied").revision = revision;
    }

    /// Brings one revision in and cuts the calls that it forbids, before it returns. A revision that is here
    /// already changes nothing; one that comes before its predecessor is refused.
    pub fn apply(&self, revision: u64, changes: Vec<Change>) -> Result<Applied, Error> {
        let mut last = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.revision();
        if revision <= current {
            return Ok(if last.0 == revision { last.1 } else { Applied::default() });
        }
        if revision != current + 1 {
            return Err(Error::internal(format!("revision {revision} came after {current}, out of order")));
        }
        let shrinks = changes.iter().any(may_shrink);
        let brought_in = {
            let mut state = self.state.write().expect("no change left the state half applied");
            // A revision that cannot be brought in leaves a state that nothing may be decided from any more.
            state.confirmed = false;
            let brought_in = changes.into_iter().try_for_each(|change| state.apply(change));
            if brought_in.is_ok() {
                state.confirmed = true;
                state.revision = revision;
            }
            brought_in
        };
        let mut applied = Applied::default();
        if shrinks || brought_in.is_err() {
            // Whoever was admitted before the change is registered by now: admission registers under the read lock.
            // From a state that is in doubt no call may go on either.
            let state = self.read();
            applied.cut = self.flights.recheck(|boarding| state.still_refuses(boarding));
        }
        brought_in?;
        *last = (revision, applied);
        Ok(applied)
    }

    /// Cuts the calls in flight that were made with something whose time is over: a key, a value, a temporary key. To be
    /// called several times a second. Gives how many it cut.
    pub fn cut_expired(&self, now_ms: i64) -> u64 {
        self.flights.cut_expired(now_ms)
    }

    /// Decides whether `caller` may do `O` on `scope`; the only maker of permits.
    pub fn authorize<O: Operation>(&self, caller: &Caller, scope: O::On) -> Result<Permit<O>, Box<Refusal>> {
        self.read().authorize::<O>(caller, scope)
    }

    /// What authentication needs to know of an access key.
    pub fn access_key(&self, id: &AccessKeyId) -> Option<AccessKeyFacts> {
        self.read().access_keys.get(id).cloned()
    }

    /// What authentication needs to know of a service credential; `None` when it or its owner is gone.
    pub fn service_credential(&self, id: &ServiceCredentialId) -> Option<ServiceCredentialFacts> {
        let state = self.read();
        state.service_credentials.get(id).filter(|facts| state.user(facts.owner).is_some()).cloned()
    }

    /// Who owns a key; `None` when the account has no such key, or its owner is gone.
    pub fn key_owner(&self, account: AccountId, key: ApiKeyId) -> Option<Principal> {
        let state = self.read();
        let key = state.keys.get(state.key_slot(key)?)?;
        if state.workspaces.get(key.workspace)?.account != account {
            return None;
        }
        match key.owner {
            KeyOwner::Root => Some(Principal::Root),
            KeyOwner::User(slot, user) => state.user_slots.contains(slot).then_some(Principal::User(user)),
        }
    }

    /// The settings of an account.
    pub fn settings(&self, account: AccountId) -> Option<Settings> {
        self.read().accounts.get(&account).map(|account| account.settings.clone())
    }

    /// What an account calls itself, if it chose something.
    pub fn account_alias(&self, account: AccountId) -> Option<crate::name::AccountAlias> {
        self.read().accounts.get(&account)?.alias.clone()
    }

    /// The page permissions of a person in a workspace; `None` without a seat.
    pub fn pages(&self, workspace: WorkspaceId, user: UserId) -> Option<Pages> {
        let state = self.read();
        state.seat_of(user, workspace).map(|seat| seat.pages)
    }

    /// Whether a caller sees that a workspace exists: root, management for this operation, or a seat in it.
    pub fn sees<O: Operation>(&self, caller: &Caller, workspace: WorkspaceId) -> bool {
        self.read().sees::<O>(caller, workspace)
    }

    /// Whether policies alone let a caller do `O`: only then may they learn that what it is about does not exist.
    pub fn policies_allow<O: Operation>(&self, caller: &Caller, scope: &O::On) -> bool {
        self.read().policies_allow::<O>(caller, scope)
    }

    /// Whether the identity exists in the account.
    pub fn knows(&self, account: AccountId, principal: Principal) -> bool {
        let state = self.read();
        match principal {
            Principal::Root => state.accounts.contains_key(&account),
            Principal::Federated(provider) => {
                state.oidc_providers.get(&provider).is_some_and(|provider| provider.account == account)
            }
            Principal::User(_) | Principal::Role(_) => {
                state.identity(principal).is_some_and(|identity| identity.account == account)
            }
        }
    }

    /// The providers of an account, or of all accounts, in an order that does not change.
    pub fn providers(&self, account: Option<AccountId>) -> Vec<Arc<ProviderEntry>> {
        let state = self.read();
        let accounts = state.accounts.iter().filter(|(id, _)| account.is_none_or(|only| **id == only));
        let mut found: Vec<_> =
            accounts.flat_map(|(_, account)| account.providers.values().map(Arc::clone)).collect();
        drop(state);
        found.sort_by(|one, other| {
            (one.account, one.provider.name.as_str()).cmp(&(other.account, other.provider.name.as_str()))
        });
        found
    }

    /// How much there is.
    pub fn census(&self) -> Census {
        let state = self.read();
        Census {
            users: state.users.len(),
            groups: state.groups.len(),
            workspaces: state.workspaces.len(),
            members: state.members.len(),
            keys: state.keys.len(),
            flights: self.flights.len(),
        }
    }
}

/// Whether a change can take a right of a call in flight away. Policies and what stands above them, OIDC providers, access
/// keys and sessions never open the gateway; everything else that is not known to be harmless may.
fn may_shrink(change: &Change) -> bool {
    !matches!(
        change,
        Change::Alias { .. }
            | Change::User { .. }
            | Change::AccessKey { .. }
            | Change::AccessKeyGone { .. }
            | Change::SecurityPreference { .. }
            | Change::Session { .. }
            | Change::SessionGone { .. }
            | Change::AccessKeyNetwork { .. }
            | Change::AccountNetwork { .. }
            | Change::ServiceCredential(_)
            | Change::ServiceCredentialGone { .. }
            | Change::Policy { .. }
            | Change::PolicyGone { .. }
            | Change::Attached { .. }
            | Change::Detached { .. }
            | Change::Boundary { .. }
            | Change::BoundaryGone { .. }
            | Change::ControlPolicy { .. }
            | Change::ControlPolicyGone { .. }
            | Change::Group { .. }
            | Change::GroupGone { .. }
            | Change::GroupMember { .. }
            | Change::GroupMemberGone { .. }
            | Change::Role { .. }
            | Change::RoleGone { .. }
            | Change::RoleTag { .. }
            | Change::RoleTagGone { .. }
            | Change::OidcProvider { .. }
            | Change::OidcProviderGone { .. }
            | Change::Limits { .. }
            | Change::Budget { .. }
            | Change::BudgetGone { .. }
            | Change::Provider { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Attachee;
    use crate::change::PolicyType;
    use crate::clock::Fixed;
    use crate::id::{OidcProviderId, RoleId};
    use crate::name::{OidcProviderName, PolicyName};
    use crate::tag::{Tag, TagKey};

    #[test]
    fn what_stands_above_policies_cuts_no_call_and_is_not_rechecked() {
        let entropy = Fixed::seeded(7);
        let (account, of) = (AccountId::random(&entropy), Attachee::User(UserId::random(&entropy)));
        let (provider, policy_type) = (OidcProviderId::random(&entropy), PolicyType::System);
        let policy = || PolicyName::parse("name", "AliyunRAMFullAccess").unwrap();
        let (name, role) = (OidcProviderName::parse("name", "forge").unwrap(), RoleId::random(&entropy));
        let (issuer, client_ids) = ("https://forge.example".to_owned(), Vec::new());
        for change in [
            Change::Boundary { account, of, policy_type, policy: policy() },
            Change::BoundaryGone { of },
            Change::ControlPolicy { account, policy_type, policy: policy() },
            Change::ControlPolicyGone { account, policy_type, policy: policy() },
            Change::OidcProvider { account, provider, name, issuer, client_ids },
            Change::OidcProviderGone { provider },
            Change::Alias { account, alias: None },
            Change::RoleTag { role, tag: Tag::parse("team", "red").unwrap() },
            Change::RoleTagGone { role, key: TagKey::parse("team").unwrap() },
        ] {
            assert!(!may_shrink(&change), "{change:?}");
        }
        assert!(may_shrink(&Change::UserGone { user: UserId::random(&entropy) }));
    }
}
