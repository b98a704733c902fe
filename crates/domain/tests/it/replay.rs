//! Applying changes one after the other comes to the same as loading the rows that they leave behind.

use std::collections::BTreeMap;

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, KeyFacts, LimitLevel, PolicyType, PreviousValue};
use bailey_domain::clock::Fixed;
use bailey_domain::directory::Call;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::{Capability, Grant};
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    CreateApiKey, CreateWorkspace, ListMembers, Operation, RemoveMember, UpdateModelPermissions,
};
use bailey_domain::scope::{Seat, WholeAccount};
use bailey_domain::secret::KeyHash;
use bailey_domain::settings::Settings;
use bailey_domain::tokens::Expected;
use bailey_domain::{
    AccountId, ApiKeyId, Caller, Directory, GroupId, Page, Pages, Principal, RequestId, UserId, WorkspaceId,
};
use proptest::prelude::*;

use crate::house::{HOME, NOW, document, model, model_name, policy_name, provider};

const POLICIES: usize = 2;
const MODELS: [&str; 2] = ["qwen-plus", "embed"];
const WORKSPACES: usize = 4;

/// The rows as a database would keep them: the reference, which knows nothing of slots, indices or order.
#[derive(Default)]
struct Rows {
    settings: Settings,
    /// A place among people holds whoever is there now; whoever comes after somebody is somebody else.
    users: BTreeMap<usize, (UserId, UserName)>,
    policies: BTreeMap<usize, String>,
    /// Each for the account, or for a workspace by its place.
    attachments: BTreeMap<(UserId, usize, Option<usize>), ()>,
    groups: BTreeMap<usize, GroupId>,
    group_policies: BTreeMap<(GroupId, usize, Option<usize>), ()>,
    group_members: BTreeMap<(GroupId, UserId), ()>,
    workspaces: BTreeMap<usize, bool>,
    members: BTreeMap<(usize, UserId), (Pages, u64)>,
    models: BTreeMap<usize, ()>,
    grants: BTreeMap<(usize, usize), Grant>,
    keys: BTreeMap<usize, KeyFacts>,
    limits: BTreeMap<(Option<usize>, usize), ModelLimits>,
}

/// Fixed things to choose from.
struct Names {
    entropy: Fixed,
    account: AccountId,
    workspaces: Vec<WorkspaceId>,
}

impl Names {
    fn new() -> Self {
        let entropy = Fixed::seeded(3);
        let account = AccountId::random(&entropy);
        let workspaces = (0..WORKSPACES).map(|_| WorkspaceId::random(&entropy)).collect();
        Self { entropy, account, workspaces }
    }

    fn attached(&self, to: impl Into<Attachee>, policy: usize, place: Option<usize>) -> Change {
        Change::Attached {
            account: self.account,
            to: to.into(),
            policy_type: PolicyType::Custom,
            policy: policy_name(&format!("p{policy}")),
            workspace: place.map(|place| self.workspaces[place]),
        }
    }

    fn detached(&self, from: impl Into<Attachee>, policy: usize, place: Option<usize>) -> Change {
        match self.attached(from, policy, place) {
            Change::Attached { account, to, policy_type, policy, workspace } => {
                Change::Detached { account, to, policy_type, policy, workspace }
            }
            other => other,
        }
    }

    fn level(&self, workspace: Option<usize>) -> LimitLevel {
        workspace.map_or(LimitLevel::Account, |place| LimitLevel::Workspace(self.workspaces[place]))
    }

    /// The rows as loading a database gives them.
    fn load(&self, rows: &Rows) -> Vec<Change> {
        let account = self.account;
        let mut changes = vec![Change::Account { account, settings: Box::new(rows.settings.clone()) }];
        let users =
            rows.users.values().map(|(user, name)| Change::User { account, user: *user, name: name.clone() });
        changes.extend(users);
        changes.extend(rows.policies.iter().map(|(place, text)| Change::Policy {
            version: 1,
            account,
            name: policy_name(&format!("p{place}")),
            document: text.clone(),
        }));
        changes.extend(rows.groups.values().map(|group| Change::Group { account, group: *group }));
        let members = rows.group_members.keys();
        changes.extend(members.map(|(group, user)| Change::GroupMember { group: *group, user: *user }));
        changes.extend(rows.workspaces.iter().map(|(place, open)| Change::Workspace {
            account,
            workspace: self.workspaces[*place],
            is_default: *place == 0,
            open: *open,
        }));
        let attached = rows.attachments.keys();
        changes.extend(attached.map(|(user, policy, place)| self.attached(*user, *policy, *place)));
        let attached = rows.group_policies.keys();
        changes.extend(attached.map(|(group, policy, place)| self.attached(*group, *policy, *place)));
        changes.extend(rows.members.iter().map(|((place, user), (pages, epoch))| Change::Member {
            workspace: self.workspaces[*place],
            user: *user,
            pages: *pages,
            epoch: *epoch,
        }));
        changes.push(Change::Provider { account, provider: provider(), sealed_credential: None });
        changes.extend(
            rows.models.keys().map(|place| Change::Model { account, model: Box::new(model(MODELS[*place])) }),
        );
        changes.extend(rows.grants.iter().map(|((place, name), grant)| Change::Granted {
            account,
            workspace: self.workspaces[*place],
            model: model_name(MODELS[*name]),
            grant: *grant,
        }));
        changes.extend(rows.keys.values().map(|key| Change::Key(Box::new(key.clone()))));
        changes.extend(rows.limits.iter().map(|((place, name), limits)| Change::Limits {
            account,
            level: self.level(*place),
            model: model_name(MODELS[*name]),
            limits: *limits,
        }));
        changes
    }

    /// One operation on the rows, and the changes that it publishes; none when the rows forbid it.
    fn step(&self, rows: &mut Rows, (kind, a, b, c): (u8, usize, usize, usize), epoch: u64) -> Vec<Change> {
        let account = self.account;
        let person = rows.users.get(&(a % 4)).map(|(user, _)| *user);
        let place = b % WORKSPACES;
        let here = rows.workspaces.contains_key(&place);
        let workspace = self.workspaces[place];
        let name = c % MODELS.len();
        match (kind, person) {
            (0, None) => {
                let user = UserId::random(&self.entropy);
                let name = UserName::parse("name", &format!("user-{epoch}")).unwrap();
                rows.users.insert(a % 4, (user, name.clone()));
                vec![Change::User { account, user, name }]
            }
            (1, Some(user)) if c == 0 => {
                rows.users.remove(&(a % 4));
                rows.attachments.retain(|(attached, ..), ()| *attached != user);
                rows.group_members.retain(|(_, member), ()| *member != user);
                let seats: Vec<_> = rows
                    .members
                    .keys()
                    .filter(|(_, seated)| *seated == user)
                    .map(|(place, _)| *place)
                    .collect();
                rows.members.retain(|(_, seated), _| *seated != user);
                let gone =
                    seats.iter().map(|place| Change::MemberGone { workspace: self.workspaces[*place], user });
                gone.chain([Change::UserGone { user }]).collect()
            }
            (2, _) => {
                let text = document(
                    ["Allow", "Deny"][usize::from(c == 0)],
                    ["modelstudio:*", "sfm:*", "ram:*"][b % 3],
                );
                rows.policies.insert(a % POLICIES, text.clone());
                vec![Change::Policy {
                    version: 1,
                    account,
                    name: policy_name(&format!("P{}", a % POLICIES)),
                    document: text,
                }]
            }
            (3, Some(user)) if rows.policies.contains_key(&(b % POLICIES)) => {
                let scope = scope_of(rows, a, c);
                rows.attachments.insert((user, b % POLICIES, scope), ());
                vec![self.attached(user, b % POLICIES, scope)]
            }
            (4, Some(user))
                if rows.attachments.remove(&(user, b % POLICIES, scope_of(rows, a, c))).is_some() =>
            {
                vec![self.detached(user, b % POLICIES, scope_of(rows, a, c))]
            }
            (5, _)
                if rows.attachments.keys().all(|(_, policy, _)| *policy != a % POLICIES)
                    && rows.group_policies.keys().all(|(_, policy, _)| *policy != a % POLICIES) =>
            {
                rows.policies.remove(&(a % POLICIES));
                vec![Change::PolicyGone { account, name: policy_name(&format!("p{}", a % POLICIES)) }]
            }
            (6, _) => {
                rows.workspaces.insert(place, c == 0);
                vec![Change::Workspace { account, workspace, is_default: place == 0, open: c == 0 }]
            }
            (7, _) if here && c == 0 && rows.keys.values().all(|key| key.workspace != workspace) => {
                rows.workspaces.remove(&place);
                let seats: Vec<_> =
                    rows.members.keys().filter(|(there, _)| *there == place).map(|(_, user)| *user).collect();
                rows.members.retain(|(there, _), _| *there != place);
                rows.grants.retain(|(there, _), _| *there != place);
                rows.limits.retain(|(there, _), _| *there != Some(place));
                let here = |scope: &Option<usize>| *scope == Some(place);
                let users = rows.attachments.keys().filter(|(.., scope)| here(scope));
                let groups = rows.group_policies.keys().filter(|(.., scope)| here(scope));
                let mut gone: Vec<_> = users
                    .map(|(user, policy, scope)| self.detached(*user, *policy, *scope))
                    .chain(groups.map(|(group, policy, scope)| self.detached(*group, *policy, *scope)))
                    .collect();
                rows.attachments.retain(|(.., scope), ()| !here(scope));
                rows.group_policies.retain(|(.., scope), ()| !here(scope));
                gone.extend(seats.iter().map(|user| Change::MemberGone { workspace, user: *user }));
                gone.push(Change::WorkspaceGone { workspace });
                gone
            }
            (8, Some(user)) if here => {
                let pages = Pages::of(&[[Page::Administrator, Page::ApiKey, Page::Prompts][c % 3]]);
                let seat = rows.members.entry((place, user)).or_insert((pages, epoch));
                seat.0 = pages;
                vec![Change::Member { workspace, user, pages, epoch: seat.1 }]
            }
            (9, Some(user)) if rows.members.remove(&(place, user)).is_some() => {
                vec![Change::MemberGone { workspace, user }]
            }
            (10, _) => {
                rows.models.insert(name, ());
                vec![Change::Model { account, model: Box::new(model(MODELS[name])) }]
            }
            (11, _) if a == 0 => {
                rows.models.remove(&name);
                rows.grants.retain(|(_, granted), _| *granted != name);
                rows.limits.retain(|(_, limited), _| *limited != name);
                vec![Change::ModelGone { account, model: model_name(MODELS[name]) }]
            }
            (12 | 13, _) if here && rows.models.contains_key(&name) => {
                let grant = Grant { inference: a % 4 > 0, fine_tune: a % 2 == 0, deploy: false };
                rows.grants.insert((place, name), grant);
                vec![Change::Granted { account, workspace, model: model_name(MODELS[name]), grant }]
            }
            (14..=16, _) => self.key(rows, kind, a, place, c, epoch),
            (17, _) if rows.models.contains_key(&name) && (here || a == 0) => {
                let level = (a > 0).then_some(place);
                let rate = (a % 3 > 0).then_some(Rate { amount: b as u64, period_seconds: 60 });
                let limits = ModelLimits { requests: rate, ..ModelLimits::NONE };
                if limits.is_empty() {
                    rows.limits.remove(&(level, name));
                } else {
                    rows.limits.insert((level, name), limits);
                }
                vec![Change::Limits {
                    account,
                    level: self.level(level),
                    model: model_name(MODELS[name]),
                    limits,
                }]
            }
            (18, _) => {
                rows.settings.default_workspace_restricted = a % 2 == 0;
                rows.settings.delegate_member_removal = b % 2 == 0;
                vec![Change::Account { account, settings: Box::new(rows.settings.clone()) }]
            }
            (19..=23, _) => self.group(rows, kind, person, (a, b, c)),
            _ => Vec::new(),
        }
    }

    fn group(
        &self,
        rows: &mut Rows,
        kind: u8,
        person: Option<UserId>,
        (a, b, c): (usize, usize, usize),
    ) -> Vec<Change> {
        let (place, policy, scope) = (b % 2, c % POLICIES, scope_of(rows, a, b));
        match (kind, rows.groups.get(&place).copied(), person) {
            (19, None, _) => {
                let group = GroupId::random(&self.entropy);
                rows.groups.insert(place, group);
                vec![Change::Group { account: self.account, group }]
            }
            (20, Some(group), Some(user)) => {
                rows.group_members.insert((group, user), ());
                vec![Change::GroupMember { group, user }]
            }
            (21, Some(group), Some(user)) if rows.group_members.remove(&(group, user)).is_some() => {
                vec![Change::GroupMemberGone { group, user }]
            }
            (22, Some(group), _) if rows.policies.contains_key(&policy) => {
                rows.group_policies.insert((group, policy, scope), ());
                vec![self.attached(group, policy, scope)]
            }
            (23, Some(group), _) if rows.group_policies.remove(&(group, policy, scope)).is_some() => {
                vec![self.detached(group, policy, scope)]
            }
            (23, Some(group), _)
                if rows.group_policies.keys().all(|(held, ..)| *held != group)
                    && rows.group_members.keys().all(|(joined, _)| *joined != group) =>
            {
                rows.groups.remove(&place);
                vec![Change::GroupGone { group }]
            }
            _ => Vec::new(),
        }
    }

    fn key(&self, rows: &mut Rows, kind: u8, a: usize, place: usize, c: usize, epoch: u64) -> Vec<Change> {
        let workspace = self.workspaces[place];
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&epoch.to_le_bytes());
        let hash = KeyHash::from_bytes(hash);
        let number = a % 6;
        let key = match (kind, rows.keys.get(&number)) {
            (14, None) if rows.workspaces.contains_key(&place) => {
                let seat = rows.members.iter().filter(|((there, _), _)| *there == place).nth(c);
                let (owner, epoch) = match seat {
                    Some(((_, user), (_, epoch))) => (Principal::User(*user), *epoch),
                    None => (Principal::Root, 0),
                };
                let id = ApiKeyId::random(&self.entropy);
                KeyFacts {
                    id,
                    hash,
                    previous: None,
                    workspace,
                    owner,
                    epoch,
                    disabled: false,
                    expires_at_ms: None,
                    auth: None,
                }
            }
            (15, Some(key)) if c == 0 => KeyFacts { hash, previous: None, ..key.clone() },
            (15, Some(key)) if c == 1 => {
                let previous = Some(PreviousValue { hash: key.hash, ends_at_ms: NOW + 1 });
                KeyFacts { hash, previous, ..key.clone() }
            }
            (15, Some(key)) => KeyFacts { disabled: !key.disabled, ..key.clone() },
            (16, Some(key)) if c == 0 => {
                let id = key.id;
                rows.keys.remove(&number);
                return vec![Change::KeyGone { key: id }];
            }
            _ => return Vec::new(),
        };
        rows.keys.insert(number, key.clone());
        vec![Change::Key(Box::new(key))]
    }

    /// Every question that the rows give rise to, with its answer.
    fn answers(&self, directory: &Directory, rows: &Rows, hashes: &[KeyHash]) -> Vec<String> {
        let mut lines = vec![format!("{:?}", directory.census())];
        for hash in hashes {
            let call = Call { key: Some((*hash).into()), workspace: None, source: HOME, now_ms: NOW };
            let callable =
                directory.callable_models(&call).map(|models| models.len()).map_err(|denied| denied.reason);
            lines.push(format!("{hash:?} may call {callable:?}"));
            for name in MODELS {
                let answer = directory.admit(&call, name, Capability::Chat, Expected::default());
                let answer =
                    answer.map(|admitted| (admitted.key, admitted.owner)).map_err(|denied| denied.reason);
                lines.push(format!("{hash:?} calls {name}: {answer:?}"));
            }
        }
        let users = rows.users.values().map(|(user, _)| Principal::User(*user));
        for principal in users.chain([Principal::Root]) {
            let caller = Caller {
                account: self.account,
                principal,
                access_key: None,
                session: None,
                role_session: None,
                federated: None,
                source_ip: HOME,
                secure_transport: true,
                request_id: RequestId::new([1; 16]),
                now_ms: NOW,
            };
            lines.push(ask::<CreateWorkspace>(directory, &caller, WholeAccount));
            for workspace in &self.workspaces {
                lines.push(ask::<ListMembers>(directory, &caller, *workspace));
                lines.push(ask::<CreateApiKey>(directory, &caller, *workspace));
                lines.push(ask::<UpdateModelPermissions>(directory, &caller, *workspace));
                lines.push(ask::<RemoveMember>(
                    directory,
                    &caller,
                    Seat { workspace: *workspace, user: principal.user() },
                ));
            }
        }
        lines
    }
}

/// For what a policy counts: the account, or a workspace that there is.
fn scope_of(rows: &Rows, a: usize, c: usize) -> Option<usize> {
    let place = a % WORKSPACES;
    (c % 2 == 1 && rows.workspaces.contains_key(&place)).then_some(place)
}

fn ask<O: Operation>(directory: &Directory, caller: &Caller, scope: O::On) -> String {
    let question = format!("{} {} on {scope:?}", caller.principal, O::entry().name);
    let answer = directory.authorize::<O>(caller, scope);
    let answer = answer.map(|permit| format!("{:?}", permit.chain())).map_err(|refusal| refusal.reason);
    format!("{question}: {answer:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn replaying_the_feed_comes_to_the_rows(steps in prop::collection::vec((0_u8..24, 0_usize..8, 0_usize..8, 0_usize..4), 20..250)) {
        let names = Names::new();
        let mut rows = Rows::default();
        let live = Directory::new();
        live.apply(1, names.load(&rows)).unwrap();
        let mut hashes = Vec::new();
        let mut revision = 1;
        for step in steps {
            revision += 1;
            let changes = names.step(&mut rows, step, revision);
            for change in &changes {
                if let Change::Key(key) = change { hashes.push(key.hash) }
            }
            live.apply(revision, changes).unwrap();
        }
        let loaded = Directory::new();
        loaded.load(names.load(&rows)).unwrap();
        loaded.loaded(revision);
        prop_assert_eq!(live.revision(), loaded.revision());
        let (live, loaded) = (names.answers(&live, &rows, &hashes), names.answers(&loaded, &rows, &hashes));
        for (live, loaded) in live.iter().zip(&loaded) {
            prop_assert_eq!(live, loaded);
        }
    }
}
