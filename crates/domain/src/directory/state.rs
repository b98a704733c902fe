//! The records of the state and the ways to find them.

use std::sync::Arc;

use bailey_policy::{Action, ActionCatalogue, Policy, TrustPolicy};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::admit::{ModelEntry, ProviderEntry};
use super::attached::Attachments;
use super::guards::ControlPolicies;
use super::index::{Index, Map};
use super::limiter::Limiters;
use super::purse::{Crossings, Purse};
use super::sessions::Sessions;
use super::slab::{Numbers, Slab, Slot};
use crate::access::Principal;
use crate::change::PreviousValue;
use crate::id::{
    AccessKeyId, AccountId, ApiKeyId, GroupId, OidcProviderId, RoleId, ServiceCredentialId, UserId,
    WorkspaceId,
};
use crate::key_auth::KeyAuth;
use crate::login::SecurityPreference;
use crate::model::Grant;
use crate::name::AccountAlias;
use crate::network_policy::NetworkPolicy;
use crate::operations::{self, OPERATIONS};
use crate::page::Pages;
use crate::secret::KeyHash;
use crate::service_credential::ServiceCredentialFacts;
use crate::settings::Settings;
use crate::tag::{Tag, TagKey};

pub(crate) type Table<K, V> = HashMap<K, V, FixedState>;

/// What authentication needs to know of an access key.
#[derive(Clone, Debug)]
pub struct AccessKeyFacts {
    /// Its account.
    pub account: AccountId,
    /// Whom it stands for.
    pub owner: Principal,
    /// Whether it is switched on.
    pub active: bool,
    /// Its secret, sealed.
    pub sealed_secret: Arc<str>,
    /// Where it may be used from, where it has a policy of its own.
    pub network: Option<Arc<NetworkPolicy>>,
}

#[derive(Debug)]
pub(crate) struct AccountState {
    pub(crate) settings: Settings,
    pub(crate) alias: Option<AccountAlias>,
    pub(crate) preference: SecurityPreference,
    /// Where access keys without an active policy of their own may be used from.
    pub(crate) network: NetworkPolicy,
    /// `acs:modelstudio:*:<account>:*`, what account-wide operations are about.
    pub(crate) resource: Box<str>,
    pub(crate) policies: Table<String, Slot>,
    pub(crate) providers: Table<Box<str>, Arc<ProviderEntry>>,
    pub(crate) models: Table<Box<str>, Arc<ModelEntry>>,
    /// The number of the next model; a model put again after it was deleted is another one.
    pub(crate) next_model: u32,
    pub(crate) limits: Limiters,
    pub(crate) budget: Option<Arc<Purse>>,
}

/// What people call a policy.
#[derive(Debug)]
pub(crate) struct PolicyLabel {
    pub(crate) name: Arc<str>,
    /// The version that counts; a system policy has none.
    pub(crate) version: Option<u64>,
}

/// What policies count for a user or a role.
#[derive(Debug)]
pub(crate) struct IdentityState {
    pub(crate) account: AccountId,
    /// `acs:ram::<account>:user/<name>`, or `role/<name>`.
    pub(crate) arn: Box<str>,
    pub(crate) policies: Attachments,
    /// A role is in none.
    pub(crate) groups: SmallVec<[Slot; 2]>,
    /// The policy that caps all of them.
    pub(crate) boundary: Option<Slot>,
    /// Only roles have tags, and there are many more users.
    tags: Option<Box<PrincipalTags>>,
}

/// The tags of a role as policies ask for them, `acs:PrincipalTag/<key>`, with their values.
#[derive(Debug, Default)]
struct PrincipalTags(Vec<(Box<str>, Box<str>)>);

impl IdentityState {
    pub(crate) fn new(account: AccountId, arn: Box<str>) -> Self {
        Self {
            account,
            arn,
            policies: Attachments::default(),
            groups: SmallVec::new(),
            boundary: None,
            tags: None,
        }
    }

    pub(crate) fn put_tag(&mut self, tag: &Tag) {
        self.remove_tag(&tag.key);
        let tags = self.tags.get_or_insert_default();
        tags.0.push((tag.key.in_policies().into(), tag.value.as_str().into()));
    }

    pub(crate) fn remove_tag(&mut self, key: &TagKey) {
        let name = key.in_policies();
        if let Some(tags) = &mut self.tags {
            tags.0.retain(|(held, _)| **held != *name);
        }
    }

    /// The tags as policies ask for them, with their values.
    pub(crate) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.tags.iter().flat_map(|tags| &tags.0);
        tags.map(|(key, value)| (&**key, &**value))
    }
}

#[derive(Debug)]
pub(crate) struct UserState {
    /// Its number, never given twice: seats and keys name their user by it.
    pub(crate) slot: Slot,
    pub(crate) identity: IdentityState,
    /// In how many workspaces the user has a seat.
    pub(crate) seats: u32,
}

#[derive(Debug)]
pub(crate) struct RoleState {
    pub(crate) identity: IdentityState,
    /// Who may take it.
    pub(crate) trust: TrustPolicy,
}

impl RoleState {
    /// Its name in small letters, as in its ARN.
    pub(crate) fn name(&self) -> &str {
        self.identity.arn.rsplit_once('/').map_or("", |(_, name)| name)
    }
}

/// An OIDC provider, whose word lets people take roles.
#[derive(Debug)]
pub(crate) struct OidcProviderState {
    pub(crate) account: AccountId,
    /// `acs:ram::<account>:oidc-provider/<name>`.
    pub(crate) arn: Box<str>,
    pub(crate) issuer: String,
    pub(crate) client_ids: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct GroupState {
    pub(crate) account: AccountId,
    pub(crate) policies: Attachments,
}

#[derive(Debug)]
pub(crate) struct WorkspaceState {
    pub(crate) id: WorkspaceId,
    pub(crate) account: AccountId,
    pub(crate) is_default: bool,
    /// Every model may be called, future ones included.
    pub(crate) open: bool,
    /// `acs:modelstudio:*:<account>:workspace/<id>`.
    pub(crate) resource: Box<str>,
    pub(crate) grants: Grants,
    pub(crate) limits: Limiters,
    pub(crate) budget: Option<Arc<Purse>>,
    /// Of people, for what their keys here spend.
    pub(crate) member_budgets: Table<UserId, Arc<Purse>>,
}

/// What lets a workspace call a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Default,
    Open,
    Grant,
}

impl WorkspaceState {
    /// Rule 2: what lets keys of this workspace call a model; `None` when nothing does.
    #[inline]
    pub(crate) fn opening(&self, account: &AccountState, model: u32) -> Option<Opening> {
        if self.is_default && !account.settings.default_workspace_restricted {
            Some(Opening::Default)
        } else if self.open {
            Some(Opening::Open)
        } else {
            self.grants.may_call(model).then_some(Opening::Grant)
        }
    }
}

/// What a workspace may do with models, by the model's number.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    /// A bit for each model that may be called: what every call asks, in the workspace's own record.
    inference: SmallVec<[u64; 2]>,
    all: Table<u32, Grant>,
}

impl Grants {
    pub(crate) fn set(&mut self, model: u32, grant: Grant) {
        let (word, bit) = (model as usize / 64, 1 << (model % 64));
        if grant.inference {
            if self.inference.len() <= word {
                self.inference.resize(word + 1, 0);
            }
            self.inference[word] |= bit;
        } else if let Some(word) = self.inference.get_mut(word) {
            *word &= !bit;
        }
        if grant.is_empty() {
            self.all.remove(&model);
        } else {
            self.all.insert(model, grant);
        }
    }

    pub(crate) fn of(&self, model: u32) -> Grant {
        self.all.get(&model).copied().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn may_call(&self, model: u32) -> bool {
        self.inference.get(model as usize / 64).is_some_and(|word| word >> (model % 64) & 1 == 1)
    }
}

/// A person's seat in a workspace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeatState {
    pub(crate) pages: Pages,
    /// Never given twice: another seat of the same person in the same workspace has another number.
    pub(crate) number: u32,
    /// The numbers of its person and its workspace: an id that was deleted and came back is another one.
    pub(crate) user: Slot,
    pub(crate) workspace: Slot,
    pub(crate) epoch: u64,
}

impl SeatState {
    /// Whether it is this person's in this workspace.
    #[inline]
    pub(crate) fn is_of(&self, user: Slot, workspace: Slot) -> bool {
        (self.user, self.workspace) == (user, workspace)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOwner {
    Root,
    User(Slot, UserId),
}

#[derive(Debug)]
pub(crate) struct KeyState {
    pub(crate) id: ApiKeyId,
    pub(crate) hash: KeyHash,
    pub(crate) previous: Option<Box<PreviousValue>>,
    pub(crate) workspace: Slot,
    pub(crate) owner: KeyOwner,
    /// The number of the seat that the key was found to belong to when it was put.
    pub(crate) seat: Option<u32>,
    pub(crate) epoch: u64,
    pub(crate) disabled: bool,
    pub(crate) expires_at_ms: Option<i64>,
    pub(crate) auth: Option<Box<KeyAuth>>,
    pub(crate) limits: Option<Box<Limiters>>,
    pub(crate) budget: Option<Arc<Purse>>,
}

/// Everything, at one revision.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) revision: u64,
    /// Whether every revision so far was brought in whole. Where one was not, everything is refused.
    pub(crate) confirmed: bool,
    pub(crate) catalogue: ActionCatalogue,
    /// The action of each operation, by its place in the table.
    pub(crate) actions: Vec<Action>,
    pub(crate) accounts: Table<AccountId, AccountState>,
    pub(crate) access_keys: Map<AccessKeyId, AccessKeyFacts>,
    pub(crate) sessions: Sessions,
    pub(crate) service_credentials: Map<ServiceCredentialId, ServiceCredentialFacts>,
    pub(crate) policies: Slab<Policy>,
    /// What each policy is called, under the policy's own slot.
    pub(crate) policy_labels: Slab<PolicyLabel>,
    pub(crate) system_policies: Table<String, Slot>,
    /// Of the accounts that have any.
    pub(super) control: Table<AccountId, ControlPolicies>,
    pub(crate) groups: Slab<GroupState>,
    pub(crate) group_slots: Map<GroupId, Slot>,
    pub(crate) users: Map<UserId, UserState>,
    /// The numbers of the users that there are. A million bits stay in the processor's cache; the users do not.
    pub(crate) user_slots: Numbers,
    pub(crate) next_user: Slot,
    pub(crate) roles: Table<RoleId, RoleState>,
    pub(crate) oidc_providers: Table<OidcProviderId, OidcProviderState>,
    pub(crate) workspaces: Slab<WorkspaceState>,
    /// Where each workspace is, and whose.
    pub(crate) workspace_places: Map<WorkspaceId, (AccountId, Slot)>,
    /// Under ids rather than numbers, so that looking for a seat need not wait for person and workspace.
    pub(crate) members: Map<(UserId, WorkspaceId), SeatState>,
    /// The numbers of the seats that there are.
    pub(crate) seats: Numbers,
    pub(crate) next_seat: u32,
    pub(crate) keys: Slab<KeyState>,
    pub(crate) key_by_hash: Index,
    /// By the hashes of values before the present ones, of the few keys that have such.
    pub(crate) key_by_previous_hash: Map<KeyHash, Slot>,
    pub(crate) key_by_id: Index,
    /// Of all budgets.
    pub(crate) crossings: Crossings,
}

impl State {
    pub(crate) fn new() -> Self {
        let catalogue = operations::catalogue();
        let (mut policies, mut policy_labels) = (Slab::default(), Slab::default());
        let mut system_policies = Table::default();
        for system in bailey_policy::system::ALL {
            let policy = Policy::parse(system.document, &catalogue).expect("a system policy parses");
            system_policies.insert(system.name.to_lowercase(), policies.insert(policy));
            policy_labels.insert(PolicyLabel { name: system.name.into(), version: None });
        }
        Self {
            revision: 0,
            confirmed: true,
            actions: OPERATIONS.iter().map(|entry| catalogue.resolve(entry.action)).collect(),
            catalogue,
            accounts: Table::default(),
            access_keys: Map::default(),
            sessions: Sessions::default(),
            service_credentials: Map::default(),
            policies,
            policy_labels,
            system_policies,
            control: Table::default(),
            groups: Slab::default(),
            group_slots: Map::default(),
            users: Map::default(),
            user_slots: Numbers::default(),
            next_user: 0,
            roles: Table::default(),
            oidc_providers: Table::default(),
            workspaces: Slab::default(),
            workspace_places: Map::default(),
            members: Map::default(),
            seats: Numbers::default(),
            next_seat: 0,
            keys: Slab::default(),
            key_by_hash: Index::default(),
            key_by_previous_hash: Map::default(),
            key_by_id: Index::default(),
            crossings: Crossings::default(),
        }
    }

    #[inline]
    pub(crate) fn user(&self, id: UserId) -> Option<&UserState> {
        self.users.get(&id)
    }

    /// What policies count for a user or a role; root's are not asked.
    pub(crate) fn identity(&self, principal: Principal) -> Option<&IdentityState> {
        match principal {
            Principal::Root | Principal::Federated(_) => None,
            Principal::User(user) => self.user(user).map(|user| &user.identity),
            Principal::Role(role) => self.roles.get(&role).map(|role| &role.identity),
        }
    }

    /// The number of a workspace, whosever it is.
    pub(crate) fn workspace_slot(&self, id: WorkspaceId) -> Option<Slot> {
        self.workspace_places.get(&id).map(|(_, slot)| *slot)
    }

    /// The number of a workspace if it is one of this account's.
    #[inline]
    pub(crate) fn workspace_slot_in(&self, account: AccountId, id: WorkspaceId) -> Option<Slot> {
        self.workspace_places.get(&id).filter(|(owner, _)| *owner == account).map(|(_, slot)| *slot)
    }

    /// Where policies count that are attached for a workspace, or for the whole account; `None` when the account has no
    /// such workspace.
    pub(crate) fn place_of(
        &self,
        account: AccountId,
        workspace: Option<WorkspaceId>,
    ) -> Option<Option<Slot>> {
        match workspace {
            None => Some(None),
            Some(id) => self.workspace_slot_in(account, id).map(Some),
        }
    }

    /// The workspace if it is one of this account's.
    pub(crate) fn workspace_in(&self, account: AccountId, id: WorkspaceId) -> Option<&WorkspaceState> {
        self.workspaces.get(self.workspace_slot_in(account, id)?)
    }

    pub(crate) fn seat_of(&self, user: UserId, workspace: WorkspaceId) -> Option<SeatState> {
        let seat = self.members.get(&(user, workspace))?;
        seat.is_of(self.user(user)?.slot, self.workspace_slot(workspace)?).then_some(*seat)
    }

    #[inline]
    pub(crate) fn key_slot_by_hash(&self, hash: &KeyHash) -> Option<Slot> {
        // The table compares all 32 bytes; the hash is keyed, so timing tells an attacker nothing about a key.
        let is = |slot| self.keys.get(slot).is_some_and(|key: &KeyState| key.hash == *hash);
        self.key_by_hash.find(hash, is).or_else(|| self.key_by_previous_hash.get(hash).copied())
    }

    pub(crate) fn key_slot(&self, id: ApiKeyId) -> Option<Slot> {
        self.key_by_id.find(&id, |slot| self.keys.get(slot).is_some_and(|key| key.id == id))
    }
}
