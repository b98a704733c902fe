//! An installation of a given size, always the same, as the changes that make it.

use std::collections::HashSet;

use bailey_domain::access::{Attachee, Principal};
use bailey_domain::change::{Change, KeyFacts, PolicyType};
use bailey_domain::clock::Fixed;
use bailey_domain::id::{AccountId, ApiKeyId, GroupId, UserId, WorkspaceId};
use bailey_domain::key_auth::KeyAuth;
use bailey_domain::model::{Bounds, Capability, Dialect, Grant, Model, Provider, Route};
use bailey_domain::name::{ModelName, PolicyName, ProviderName, UserName};
use bailey_domain::page::{PAGES, Page, Pages};
use bailey_domain::secret::KeyHash;
use bailey_domain::settings::Settings;

use crate::policies::{Author, Document, all_actions};
use crate::random::Random;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Users; each has two policies, two groups and three seats.
    pub users: usize,
    /// Workspaces.
    pub workspaces: usize,
    /// Groups; each has two policies.
    pub groups: usize,
    /// Custom policies; each has three statements.
    pub policies: usize,
    /// API keys.
    pub keys: usize,
}

impl Size {
    /// What the targets are stated for.
    pub const FULL: Self =
        Self { users: 1_000_000, workspaces: 20_000, groups: 5_000, policies: 5_000, keys: 1_000_000 };

    /// The full size divided by what `BAILEY_BENCH_DIVISOR` says, 1 if it says nothing.
    pub fn from_environment() -> Self {
        let divisor =
            std::env::var("BAILEY_BENCH_DIVISOR").ok().and_then(|text| text.parse().ok()).unwrap_or(1_usize);
        let part = |full: usize| (full / divisor.max(1)).max(10);
        let full = Self::FULL;
        Self {
            users: part(full.users),
            workspaces: part(full.workspaces),
            groups: part(full.groups),
            policies: part(full.policies),
            keys: part(full.keys),
        }
    }
}

/// How many models the account has.
pub const MODELS: usize = 40;
/// How many seats each user has.
pub const SEATS: usize = 3;

/// A key and what decides about it.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its handle.
    pub id: ApiKeyId,
    /// Its hash.
    pub hash: KeyHash,
    /// The place of its owner among the users.
    pub owner: u32,
    /// The place of its workspace.
    pub workspace: u32,
    /// The seat that it was made under: 1 is the one that its owner has.
    pub epoch: u64,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it is narrowed to a network.
    pub narrowed: bool,
}

/// Everything, by place.
#[derive(Debug)]
pub struct Population {
    /// The one account.
    pub account: AccountId,
    /// Users.
    pub users: Vec<UserId>,
    /// Workspaces.
    pub workspaces: Vec<WorkspaceId>,
    /// What each workspace may call, a bit for each model.
    pub grants: Vec<u64>,
    /// Places of workspaces, and pages there, of each user.
    pub seats: Vec<[(u32, Pages); SEATS]>,
    /// Policies.
    pub policies: Vec<Document>,
    /// Places of policies of each user.
    pub user_policies: Vec<[u32; 2]>,
    /// Places of groups of each user.
    pub user_groups: Vec<[u32; 2]>,
    /// Places of policies of each group.
    pub group_policies: Vec<[u32; 2]>,
    groups: Vec<GroupId>,
    /// Keys.
    pub keys: Vec<Key>,
    /// Names of models.
    pub models: Vec<ModelName>,
}

impl Population {
    /// Draws everything.
    pub fn draw(size: Size) -> Self {
        let mut random = Random::seeded(0xBA11E7);
        let entropy = Fixed::seeded(0xBA11E7);
        let account = AccountId::random(&entropy);
        let users: Vec<_> = distinct(size.users, || UserId::random(&entropy));
        let workspaces: Vec<_> = distinct(size.workspaces, || WorkspaceId::random(&entropy));
        let actions = all_actions();
        let author = Author { account, workspaces: &workspaces, actions: &actions };
        let policies = (0..size.policies).map(|_| author.document(&mut random)).collect();
        let seats: Vec<_> = (0..size.users).map(|_| seats(&mut random, size.workspaces)).collect();
        let pair = |random: &mut Random, end| {
            let [one, other] = places::<2>(random, end);
            [one, other]
        };
        let user_policies = (0..size.users).map(|_| pair(&mut random, size.policies)).collect();
        let user_groups = (0..size.users).map(|_| pair(&mut random, size.groups)).collect();
        let group_policies = (0..size.groups).map(|_| pair(&mut random, size.policies)).collect();
        let handles = distinct(size.keys, || ApiKeyId::random(&entropy));
        let keys = handles.into_iter().map(|id| key(&mut random, id, &seats)).collect();
        Self {
            account,
            grants: (0..size.workspaces).map(|_| random.number() & ((1 << MODELS) - 1)).collect(),
            groups: distinct(size.groups, || GroupId::random(&entropy)),
            users,
            workspaces,
            seats,
            policies,
            user_policies,
            user_groups,
            group_policies,
            keys,
            models: (0..MODELS)
                .map(|at| name(ModelName::parse("model", &format!("qwen-{at}-plus"))))
                .collect(),
        }
    }

    /// Everything as the list of changes that makes it.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        self.account_changes()
            .chain(self.identity_changes())
            .chain(self.workspace_changes())
            .chain(self.keys.iter().map(|key| self.key_change(key)))
    }

    fn account_changes(&self) -> impl Iterator<Item = Change> + '_ {
        let account = self.account;
        let provider_name = || name(ProviderName::parse("provider", "demo"));
        let provider = Provider {
            name: provider_name(),
            dialect: Dialect::Demo,
            base_url: String::new(),
            allow_private: false,
            bounds: Bounds::default(),
        };
        let settings = Change::Account {
            account,
            settings: Box::new(Settings { delegate_member_removal: true, ..Settings::default() }),
        };
        let provider = Change::Provider { account, provider: Box::new(provider), sealed_credential: None };
        let models = self.models.iter().map(move |model| {
            let route =
                Route { provider: provider_name(), upstream_model: model.clone(), priority: 0, weight: 1 };
            let model = Model {
                model: model.clone(),
                name: model.to_string(),
                capabilities: vec![Capability::Chat],
                context_window: None,
                max_input_tokens: None,
                max_output_tokens: None,
                prices: Vec::new(),
                routes: vec![route],
            };
            Change::Model { account, model: Box::new(model) }
        });
        [settings, provider].into_iter().chain(models)
    }

    fn identity_changes(&self) -> impl Iterator<Item = Change> + '_ {
        let account = self.account;
        let policies = self.policies.iter().enumerate().map(move |(place, document)| Change::Policy {
            version: 1,
            account,
            name: policy_name(place),
            document: document.ram(),
        });
        let groups = self.groups.iter().zip(&self.group_policies).flat_map(move |(group, policies)| {
            let group = *group;
            std::iter::once(Change::Group { account, group })
                .chain(policies.iter().map(move |place| self.attach(Attachee::Group(group), *place)))
        });
        let users = self.users.iter().enumerate().flat_map(move |(place, user)| {
            let user = *user;
            let name = name(UserName::parse("name", &format!("dev-{place}")));
            std::iter::once(Change::User { account, user, name })
                .chain(
                    self.user_policies[place]
                        .iter()
                        .map(move |policy| self.attach(Attachee::User(user), *policy)),
                )
                .chain(
                    self.user_groups[place]
                        .iter()
                        .map(move |group| Change::GroupMember { group: self.groups[*group as usize], user }),
                )
        });
        policies.chain(groups).chain(users)
    }

    fn attach(&self, to: Attachee, place: u32) -> Change {
        Change::Attached {
            account: self.account,
            to,
            policy_type: PolicyType::Custom,
            policy: policy_name(place as usize),
            workspace: None,
        }
    }

    fn workspace_changes(&self) -> impl Iterator<Item = Change> + '_ {
        let account = self.account;
        let workspaces = self.workspaces.iter().zip(&self.grants).enumerate().flat_map(
            move |(place, (workspace, grants))| {
                let workspace = *workspace;
                let granted = (0..MODELS).filter(move |model| grants >> model & 1 == 1).map(move |model| {
                    Change::Granted {
                        account,
                        workspace,
                        model: self.models[model].clone(),
                        grant: Grant { inference: true, ..Grant::default() },
                    }
                });
                std::iter::once(Change::Workspace { account, workspace, is_default: place == 0, open: false })
                    .chain(granted)
            },
        );
        let seats = (0..self.users.len())
            .flat_map(move |user| (0..SEATS).map(move |seat| self.seat_change(user, seat)));
        workspaces.chain(seats)
    }

    /// What puts a key.
    pub fn key_change(&self, key: &Key) -> Change {
        Change::Key(Box::new(KeyFacts {
            id: key.id,
            hash: key.hash,
            previous: None,
            workspace: self.workspaces[key.workspace as usize],
            owner: Principal::User(self.users[key.owner as usize]),
            epoch: key.epoch,
            disabled: key.disabled,
            expires_at_ms: None,
            auth: key.narrowed.then(|| KeyAuth {
                access_ips: vec!["10.0.0.0/8".parse().expect("a constant network")],
                accessible_models: None,
            }),
        }))
    }

    /// What gives a user's seat.
    pub fn seat_change(&self, user: usize, seat: usize) -> Change {
        let (workspace, pages) = self.seats[user][seat];
        Change::Member {
            workspace: self.workspaces[workspace as usize],
            user: self.users[user],
            pages,
            epoch: 1,
        }
    }

    /// What puts a policy as it is.
    pub fn policy_change(&self, place: usize) -> Change {
        Change::Policy {
            version: 1,
            account: self.account,
            name: policy_name(place),
            document: self.policies[place].ram(),
        }
    }

    /// The six policies of a user: its own, then those of its groups.
    pub fn policies_of(&self, user: u32) -> impl Iterator<Item = &Document> + '_ {
        let groups = self.user_groups[user as usize]
            .iter()
            .flat_map(|group| self.group_policies[*group as usize].iter());
        self.user_policies[user as usize].iter().chain(groups).map(|place| &self.policies[*place as usize])
    }

    /// What attaches the first of a user's own policies, or takes it away.
    pub fn attachment(&self, user: usize) -> (Attachee, PolicyName) {
        (Attachee::User(self.users[user]), policy_name(self.user_policies[user][0] as usize))
    }
}

/// The name of the policy at a place.
pub fn policy_name(place: usize) -> PolicyName {
    name(PolicyName::parse("policy", &format!("team-policy-{place}")))
}

fn name<T>(parsed: Result<T, bailey_domain::Error>) -> T {
    parsed.expect("a name made of letters, digits and dashes")
}

fn distinct<T: Copy + Eq + std::hash::Hash>(count: usize, draw: impl Fn() -> T) -> Vec<T> {
    let mut seen = HashSet::with_capacity(count);
    std::iter::repeat_with(draw).filter(|one| seen.insert(*one)).take(count).collect()
}

fn places<const N: usize>(random: &mut Random, end: usize) -> [u32; N] {
    let mut drawn = [u32::MAX; N];
    for at in 0..N {
        while drawn[at] == u32::MAX || drawn[..at].contains(&drawn[at]) {
            drawn[at] = u32::try_from(random.below(end)).expect("fewer than four thousand million");
        }
    }
    drawn
}

fn seats(random: &mut Random, workspaces: usize) -> [(u32, Pages); SEATS] {
    places::<SEATS>(random, workspaces).map(|workspace| {
        let mut pages: Vec<Page> = PAGES
            .iter()
            .map(|entry| entry.page)
            .filter(|page| page.is_feature() && random.chance(20))
            .collect();
        if random.chance(10) {
            pages.push(Page::ApiKey);
        }
        (workspace, Pages::of(&pages))
    })
}

fn key(random: &mut Random, id: ApiKeyId, seats: &[[(u32, Pages); SEATS]]) -> Key {
    let owner = random.below(seats.len());
    let (workspace, _) = *random.pick(&seats[owner]);
    Key {
        id,
        hash: KeyHash::from_bytes(random.bytes()),
        owner: u32::try_from(owner).expect("fewer than four thousand million"),
        workspace,
        epoch: u64::from(!random.chance(3)),
        disabled: random.chance(3),
        narrowed: random.chance(10),
    }
}
