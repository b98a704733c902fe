//! The records of the state and the ways to find them.

use std::sync::{Arc, Mutex};

use bailey_policy::{Action, ActionCatalogue, Policy};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::admit::{ModelEntry, ProviderEntry};
use super::index::{Index, Map};
use super::slab::{Slab, Slot};
use crate::access::Principal;
use crate::id::{AccessKeyId, AccountId, ApiKeyId, GroupId, UserId, WorkspaceId};
use crate::key_auth::KeyAuth;
use crate::limit::{ModelLimits, Window};
use crate::model::Grant;
use crate::operations::{FEATURE_ACTIONS, OPERATIONS};
use crate::page::Pages;
use crate::secret::KeyHash;
use crate::settings::Settings;

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
}

/// A limit with its running count.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    pub(crate) requests: Option<Mutex<Window>>,
    pub(crate) tokens: Option<Mutex<Window>>,
}

impl Limiter {
    /// Takes new values and keeps running counts.
    pub(crate) fn set(&mut self, limits: ModelLimits) {
        for (window, rate) in [(&mut self.requests, limits.requests), (&mut self.tokens, limits.tokens)] {
            match (window.as_mut(), rate) {
                (_, None) => *window = None,
                (Some(running), Some(rate)) => {
                    running.get_mut().expect("the arithmetic does not panic").set_rate(rate);
                }
                (None, Some(rate)) => *window = Some(Mutex::new(Window::new(rate))),
            }
        }
    }
}

/// Limits by the model's number.
pub(crate) type Limiters = Table<u32, Limiter>;

#[derive(Debug)]
pub(crate) struct AccountState {
    pub(crate) settings: Settings,
    /// `acs:modelstudio:*:<account>:*`, what account-wide operations are about.
    pub(crate) resource: Box<str>,
    pub(crate) policies: Table<String, Slot>,
    pub(crate) providers: Table<Box<str>, Arc<ProviderEntry>>,
    pub(crate) models: Table<Box<str>, Arc<ModelEntry>>,
    /// The number of the next model; a model put again after it was deleted is another one.
    pub(crate) next_model: u32,
    pub(crate) limits: Limiters,
}

#[derive(Debug)]
pub(crate) struct UserState {
    pub(crate) id: UserId,
    pub(crate) account: AccountId,
    /// `acs:ram::<account>:user/<name>`.
    pub(crate) arn: Box<str>,
    pub(crate) policies: SmallVec<[Slot; 4]>,
    pub(crate) groups: SmallVec<[Slot; 2]>,
    /// In how many workspaces the user has a seat.
    pub(crate) seats: u32,
}

#[derive(Debug, Default)]
pub(crate) struct GroupState {
    pub(crate) policies: SmallVec<[Slot; 4]>,
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
    pub(crate) grants: Table<u32, Grant>,
    pub(crate) limits: Limiters,
}

/// A person's seat in a workspace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeatState {
    pub(crate) pages: Pages,
    pub(crate) epoch: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOwner {
    Root,
    User(Slot),
}

#[derive(Debug)]
pub(crate) struct KeyState {
    pub(crate) id: ApiKeyId,
    pub(crate) hash: KeyHash,
    pub(crate) workspace: Slot,
    pub(crate) owner: KeyOwner,
    pub(crate) epoch: u64,
    pub(crate) disabled: bool,
    pub(crate) expires_at_ms: Option<i64>,
    pub(crate) auth: Option<Box<KeyAuth>>,
    pub(crate) limits: Option<Box<Limiters>>,
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
    pub(crate) policies: Slab<Policy>,
    pub(crate) system_policies: Table<String, Slot>,
    pub(crate) groups: Slab<GroupState>,
    pub(crate) group_slots: Map<GroupId, Slot>,
    pub(crate) users: Slab<UserState>,
    pub(crate) user_index: Index,
    pub(crate) workspaces: Slab<WorkspaceState>,
    pub(crate) workspace_slots: Map<WorkspaceId, Slot>,
    pub(crate) members: Map<(Slot, Slot), SeatState>,
    pub(crate) keys: Slab<KeyState>,
    pub(crate) key_by_hash: Index,
    pub(crate) key_by_id: Index,
}

impl State {
    pub(crate) fn new() -> Self {
        let names = OPERATIONS.iter().map(|entry| entry.action).chain(FEATURE_ACTIONS.iter().copied());
        let mut known: Vec<&str> = Vec::new();
        for name in names {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        let catalogue = ActionCatalogue::new(known).expect("the tables of actions fit a catalogue");
        let mut policies = Slab::default();
        let mut system_policies = Table::default();
        for system in bailey_policy::system::ALL {
            let policy = Policy::parse(system.document, &catalogue).expect("a system policy parses");
            system_policies.insert(system.name.to_lowercase(), policies.insert(policy));
        }
        Self {
            revision: 0,
            confirmed: true,
            actions: OPERATIONS.iter().map(|entry| catalogue.resolve(entry.action)).collect(),
            catalogue,
            accounts: Table::default(),
            access_keys: Map::default(),
            policies,
            system_policies,
            groups: Slab::default(),
            group_slots: Map::default(),
            users: Slab::default(),
            user_index: Index::default(),
            workspaces: Slab::default(),
            workspace_slots: Map::default(),
            members: Map::default(),
            keys: Slab::default(),
            key_by_hash: Index::default(),
            key_by_id: Index::default(),
        }
    }

    #[inline]
    pub(crate) fn user_slot(&self, id: UserId) -> Option<Slot> {
        self.user_index.find(&id, |slot| self.users.get(slot).is_some_and(|user| user.id == id))
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&UserState> {
        self.users.get(self.user_slot(id)?)
    }

    #[inline]
    pub(crate) fn workspace(&self, id: WorkspaceId) -> Option<(Slot, &WorkspaceState)> {
        let slot = *self.workspace_slots.get(&id)?;
        self.workspaces.get(slot).map(|workspace| (slot, workspace))
    }

    /// The workspace if it is one of this account's.
    #[inline]
    pub(crate) fn workspace_in(
        &self,
        account: AccountId,
        id: WorkspaceId,
    ) -> Option<(Slot, &WorkspaceState)> {
        self.workspace(id).filter(|(_, workspace)| workspace.account == account)
    }

    pub(crate) fn seat_of(&self, user: UserId, workspace: WorkspaceId) -> Option<SeatState> {
        let (workspace, _) = self.workspace(workspace)?;
        self.members.get(&(self.user_slot(user)?, workspace)).copied()
    }

    #[inline]
    pub(crate) fn key_slot_by_hash(&self, hash: &KeyHash) -> Option<Slot> {
        // The table compares all 32 bytes; the hash is keyed, so timing tells an attacker nothing about a key.
        self.key_by_hash.find(hash, |slot| self.keys.get(slot).is_some_and(|key| key.hash == *hash))
    }

    pub(crate) fn key_slot(&self, id: ApiKeyId) -> Option<Slot> {
        self.key_by_id.find(&id, |slot| self.keys.get(slot).is_some_and(|key| key.id == id))
    }
}
