//! The least that an answer needs: the same keys looked up in plain hash maps of the same sizes, and a bit tested.

use bailey_domain::id::{UserId, WorkspaceId};
use bailey_domain::operations::OPERATIONS;
use bailey_domain::page::{Page, Pages};
use bailey_domain::secret::KeyHash;
use hashbrown::HashMap;

use crate::population::Population;
use crate::questions::{ModelCall, Question};

/// As many words as hold a bit for every operation.
const WORDS: usize = 4;

/// What a key leads to.
#[derive(Clone, Copy, Debug)]
struct Key {
    owner: UserId,
    workspace: WorkspaceId,
}

/// One map for each kind of thing.
#[derive(Debug)]
pub struct Floor {
    keys: HashMap<KeyHash, Key>,
    /// The six policies of each user.
    users: HashMap<UserId, [u32; 6]>,
    seats: HashMap<(UserId, WorkspaceId), Pages>,
    workspaces: HashMap<WorkspaceId, u64>,
    models: HashMap<Box<str>, u32>,
    /// A bit for each operation that an Allow names.
    policies: HashMap<u32, [u64; WORDS]>,
}

impl Floor {
    /// With as many entries as the directory has.
    pub fn build(population: &Population) -> Self {
        let policies_of = |user: usize| {
            let [one, other] = population.user_policies[user];
            let [first, second] =
                population.user_groups[user].map(|group| population.group_policies[group as usize]);
            [one, other, first[0], first[1], second[0], second[1]]
        };
        let bits = |place: usize| {
            let mut bits = [0_u64; WORDS];
            for entry in OPERATIONS {
                let allows = population.policies[place]
                    .0
                    .iter()
                    .any(|statement| !statement.denies && statement.has_action(entry.action));
                bits[entry.position / 64] |= u64::from(allows) << (entry.position % 64);
            }
            bits
        };
        let number = |place: usize| u32::try_from(place).expect("fewer than four thousand million");
        Self {
            keys: population
                .keys
                .iter()
                .map(|key| {
                    let owner = population.users[key.owner as usize];
                    (key.hash, Key { owner, workspace: population.workspaces[key.workspace as usize] })
                })
                .collect(),
            users: population
                .users
                .iter()
                .enumerate()
                .map(|(place, user)| (*user, policies_of(place)))
                .collect(),
            seats: population
                .users
                .iter()
                .zip(&population.seats)
                .flat_map(|(user, seats)| {
                    seats.iter().map(|(workspace, pages)| {
                        ((*user, population.workspaces[*workspace as usize]), *pages)
                    })
                })
                .collect(),
            workspaces: population
                .workspaces
                .iter()
                .copied()
                .zip(population.grants.iter().copied())
                .collect(),
            models: population
                .models
                .iter()
                .enumerate()
                .map(|(place, model)| (model.as_str().into(), number(place)))
                .collect(),
            policies: (0..population.policies.len()).map(|place| (number(place), bits(place))).collect(),
        }
    }

    /// Key, owner, seat, workspace, model; then the grant's bit.
    #[inline]
    pub fn admit(&self, population: &Population, call: &ModelCall) -> bool {
        let hash = &population.keys[call.key as usize].hash;
        let model = population.models[call.model as usize].as_str();
        let Some(key) = self.keys.get(hash) else { return false };
        let Some(grants) = self.workspaces.get(&key.workspace) else { return false };
        let Some(model) = self.models.get(model) else { return false };
        self.users.contains_key(&key.owner)
            && self.seats.contains_key(&(key.owner, key.workspace))
            && grants >> model & 1 == 1
    }

    /// User, seat, workspace, six policies; then the operation's bit in each, or the page's.
    #[inline]
    pub fn authorize(&self, question: &Question) -> bool {
        let Some(user) = question.caller.principal.user() else { return true };
        let Some(policies) = self.users.get(&user) else { return false };
        let (word, bit) = (question.asked.position() / 64, question.asked.position() % 64);
        let mut allowed = false;
        for policy in policies {
            allowed |= self.policies.get(policy).is_some_and(|bits| bits[word] >> bit & 1 == 1);
        }
        if question.asked.is_account_wide() {
            return allowed;
        }
        let known = self.workspaces.contains_key(&question.workspace);
        let seat = self.seats.get(&(user, question.workspace));
        known
            && (allowed
                || seat.is_some_and(|pages| {
                    pages.contains(question.asked.page().unwrap_or(Page::Administrator))
                }))
    }
}
