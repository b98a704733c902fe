//! Random operations on two accounts: whatever control could do, with the same checks before, from a seed.

use bailey_domain::access::Principal;
use bailey_domain::change::PolicyType;
use bailey_domain::key_auth::{KeyAuth, everywhere};
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::Grant;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::settings::Settings;
use bailey_domain::{
    AccessKeyId, AccountId, ApiKeyId, Entropy as _, GroupId, Page, Pages, UserId, WorkspaceId,
};
use bailey_store::{MakeDefault, NewAccessKey, NewMember, OpenModels, PolicyVersion, UserUpdate};

use crate::support::{TestStore, record};
use crate::world::{MODEL, allow, model, model_name, policy_name, provider, seat, user_name};

/// Names that operations choose from: few, so that they meet often.
const USERS: [&str; 6] = ["ann", "Ben", "cat", "dan", "eve", "fay"];
const WORKSPACES: [&str; 4] = ["north", "south", "east", "west"];
const POLICIES: [&str; 3] = ["p1", "P2", "p3"];
const GROUPS: [&str; 3] = ["g1", "G2", "g3"];
const MODELS: [&str; 3] = [MODEL, "embed", "qwen-max"];
const PROVIDERS: [&str; 2] = ["demo", "spare"];

const DOCUMENTS: [&str; 3] = ["modelstudio:*", "ram:*", "sfm:CreateIndex"];

/// One account under random operations.
pub(crate) struct Walk<'a> {
    test: &'a TestStore,
    account: AccountId,
    users: Vec<(UserId, String)>,
    groups: Vec<GroupId>,
    workspaces: Vec<WorkspaceId>,
    keys: Vec<(WorkspaceId, ApiKeyId)>,
    access_keys: Vec<(Principal, AccessKeyId)>,
    /// How many operations changed something; the others met a state that forbids them.
    pub(crate) done: usize,
}

impl<'a> Walk<'a> {
    pub(crate) async fn new(test: &'a TestStore) -> Self {
        let (account, default) = test.found().await;
        let mut walk = Self {
            test,
            account,
            users: Vec::new(),
            groups: Vec::new(),
            workspaces: vec![default],
            keys: Vec::new(),
            access_keys: Vec::new(),
            done: 0,
        };
        let root = test.root(account);
        commit!(test, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &provider("demo")));
        test.put_model(account, MODEL).await;
        for _ in 0..3 {
            walk.people(0).await;
            walk.rooms(0).await;
        }
        walk
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.test.clock.number() % bound as u64).unwrap()
    }

    fn one<T: Clone>(&self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())].clone())
    }

    fn coin(&self) -> bool {
        self.below(2) == 0
    }

    /// For what a policy counts: the account, or one of its workspaces.
    fn place(&self) -> Option<WorkspaceId> {
        if self.coin() { None } else { self.one(&self.workspaces) }
    }

    /// One random operation.
    pub(crate) async fn step(&mut self) {
        let choice = self.below(8);
        let changed = match self.below(7) {
            0 => self.people(choice).await,
            1 => self.policies(choice).await,
            2 => self.rooms(choice).await,
            3 => self.seats(choice).await,
            4 => self.keys(choice).await,
            5 => self.groups(choice).await,
            _ => self.models(choice).await,
        };
        self.done += usize::from(changed.is_some());
    }

    async fn people(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        let scope = RamScope::user(account, "*");
        match choice {
            0..=2 => {
                let new = test.new_user(self.one(&USERS)?);
                if test.store.find_user(account, &new.name).await.unwrap().is_some() {
                    return None;
                }
                commit!(test, root, CreateUser on scope, |tx, permit| tx.insert_user(&permit, &new));
                self.users.push((new.user_id, new.name.to_string()));
            }
            3 => {
                let (id, _) = self.one(&self.users)?;
                let user = test.store.find_user_by_id(account, id).await.unwrap()?;
                let name = user_name(self.one(&USERS)?);
                if test.store.find_user(account, &name).await.unwrap().is_some() {
                    return None;
                }
                let update = UserUpdate { name: Some(name), ..UserUpdate::default() };
                commit!(test, root, UpdateUser on scope, |tx, permit| tx.update_user(&permit, &user, &update));
            }
            4 => {
                let (id, _) = self.one(&self.users)?;
                if self.access_keys.iter().any(|(owner, _)| *owner == Principal::User(id)) {
                    return None;
                }
                commit!(test, root, DeleteUser on scope, |tx, permit| tx.delete_user(&permit, id));
                self.users.retain(|(user, _)| *user != id);
            }
            5 => {
                let owner = self.one(&self.users).map_or(Principal::Root, |(id, _)| Principal::User(id));
                let access_key_id = AccessKeyId::random(&test.clock);
                let new =
                    NewAccessKey { access_key_id, owner, sealed_secret: format!("sealed {access_key_id}") };
                commit!(test, root, CreateAccessKey on scope, |tx, permit| tx.insert_access_key(&permit, &new));
                self.access_keys.push((owner, access_key_id));
            }
            6 => {
                let (owner, id) = self.one(&self.access_keys)?;
                let active = self.coin();
                let mut tx = test.store.write().await.unwrap();
                let key = tx.find_access_key(account, owner, id).await.unwrap().unwrap();
                let permit =
                    tx.authorize::<bailey_domain::operations::UpdateAccessKey>(&root, scope).unwrap();
                tx.update_access_key(&permit, &key, active).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            _ => {
                let (_, id) = self.one(&self.access_keys)?;
                commit!(test, root, DeleteAccessKey on scope, |tx, permit| tx.delete_access_key(&permit, id));
                self.access_keys.retain(|(_, key)| *key != id);
            }
        }
        Some(())
    }

    async fn policies(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        let (name, scope) = (policy_name(self.one(&POLICIES)?), RamScope::policy(account, "*"));
        let exists = test.store.policy_exists(account, PolicyType::Custom, &name).await.unwrap();
        let effect = if self.below(4) == 0 { "Deny" } else { "Allow" };
        let document = allow(self.one(&DOCUMENTS)?).replace("Allow", effect);
        match choice {
            0 if !exists => {
                commit!(test, root, CreatePolicy on scope, |tx, permit| tx.insert_policy(&permit, &name, "", &document));
            }
            1 if exists => {
                let default = if self.coin() { MakeDefault::Yes } else { MakeDefault::No };
                commit!(test, root, CreatePolicyVersion on scope, |tx, permit| tx.insert_policy_version(&permit, &name, &document, default));
            }
            2 if exists => {
                let mut tx = test.store.write().await.unwrap();
                let versions: Vec<PolicyVersion> = tx.policy_versions(account, &name).await.unwrap();
                let version = self.one(&versions)?;
                let permit =
                    tx.authorize::<bailey_domain::operations::SetDefaultPolicyVersion>(&root, scope).unwrap();
                tx.set_default_policy_version(&permit, &name, &version).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            3 if exists => {
                let attached = test.count_attachments(account, PolicyType::Custom, &name).await;
                let mut tx = test.store.write().await.unwrap();
                if attached > 0 {
                    // Half of what is given up is dropped without a word.
                    if self.coin() {
                        tx.abandon().await.unwrap();
                    }
                    return None;
                }
                let permit = tx.authorize::<bailey_domain::operations::DeletePolicy>(&root, scope).unwrap();
                tx.delete_policy(&permit, &name).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            _ => {
                let (user, _) = self.one(&self.users)?;
                let (policy_type, name) = if exists && self.coin() {
                    (PolicyType::Custom, name)
                } else {
                    (PolicyType::System, policy_name(bailey_policy::system::ALL[self.below(4)].name))
                };
                let place = self.place();
                let mut tx = test.store.write().await.unwrap();
                if choice < 6 {
                    let permit =
                        tx.authorize::<bailey_domain::operations::AttachPolicyToUser>(&root, scope).unwrap();
                    // Attached already: the transaction ends there.
                    tx.attach_policy(&permit, user, policy_type, &name, place).await.ok()?;
                    tx.commit(permit, record()).await.unwrap();
                } else {
                    let permit = tx
                        .authorize::<bailey_domain::operations::DetachPolicyFromUser>(&root, scope)
                        .unwrap();
                    tx.detach_policy(&permit, user, policy_type, &name, place).await.unwrap();
                    tx.commit(permit, record()).await.unwrap();
                }
            }
        }
        Some(())
    }

    async fn groups(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        let scope = RamScope::group(account, "*");
        if choice < 2 {
            let new = test.new_group(self.one(&GROUPS)?);
            let mut tx = test.store.write().await.unwrap();
            let permit = tx.authorize::<bailey_domain::operations::CreateGroup>(&root, scope).unwrap();
            tx.insert_group(&permit, &new).await.ok()?;
            tx.commit(permit, record()).await.unwrap();
            self.groups.push(new.group_id);
            return Some(());
        }
        let group = self.one(&self.groups)?;
        let mut tx = test.store.write().await.unwrap();
        match choice {
            2..=4 => {
                let (user, _) = self.one(&self.users)?;
                let permit = tx.authorize::<bailey_domain::operations::AddUserToGroup>(&root, scope).unwrap();
                tx.insert_group_member(&permit, group, user).await.ok()?;
                tx.commit(permit, record()).await.unwrap();
            }
            5 => {
                let (user, _) = self.one(&self.users)?;
                let permit =
                    tx.authorize::<bailey_domain::operations::RemoveUserFromGroup>(&root, scope).unwrap();
                tx.delete_group_member(&permit, group, user).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            6 => {
                let (name, place) =
                    (policy_name(bailey_policy::system::ALL[self.below(4)].name), self.place());
                if self.coin() {
                    let permit =
                        tx.authorize::<bailey_domain::operations::AttachPolicyToGroup>(&root, scope).unwrap();
                    tx.attach_policy(&permit, group, PolicyType::System, &name, place).await.ok()?;
                    tx.commit(permit, record()).await.unwrap();
                } else {
                    let permit = tx
                        .authorize::<bailey_domain::operations::DetachPolicyFromGroup>(&root, scope)
                        .unwrap();
                    tx.detach_policy(&permit, group, PolicyType::System, &name, place).await.unwrap();
                    tx.commit(permit, record()).await.unwrap();
                }
            }
            _ => {
                let permit = tx.authorize::<bailey_domain::operations::DeleteGroup>(&root, scope).unwrap();
                // Members or policies stand in the way: the transaction ends there.
                tx.delete_group(&permit, group).await.ok()?;
                tx.commit(permit, record()).await.unwrap();
                self.groups.retain(|other| *other != group);
            }
        }
        Some(())
    }

    async fn rooms(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        let workspace = self.one(&self.workspaces)?;
        match choice {
            0..=2 => {
                let id = WorkspaceId::random(&test.clock);
                let name = bailey_domain::name::WorkspaceName::parse("name", self.one(&WORKSPACES)?).unwrap();
                let mut tx = test.store.write().await.unwrap();
                let permit =
                    tx.authorize::<bailey_domain::operations::CreateWorkspace>(&root, WholeAccount).unwrap();
                tx.insert_workspace(&permit, id, &name, "").await.ok()?;
                tx.commit(permit, record()).await.unwrap();
                self.workspaces.push(id);
            }
            3 => {
                let default = workspace == self.workspaces[0];
                if default || self.keys.iter().any(|(place, _)| *place == workspace) {
                    return None;
                }
                commit!(test, root, DeleteWorkspace on workspace, |tx, permit| tx.delete_workspace(&permit));
                self.workspaces.retain(|place| *place != workspace);
            }
            4 | 5 => {
                let open = if choice == 4 { OpenModels::Yes } else { OpenModels::No };
                commit!(test, root, UpdateModelPermissions on workspace, |tx, permit| tx.open_models(&permit, open));
            }
            _ => {
                let settings = Settings {
                    default_workspace_restricted: self.coin(),
                    delegate_member_removal: self.coin(),
                    ..Settings::default()
                };
                commit!(test, root, UpdateSettings on WholeAccount, |tx, permit| tx.update_settings(&permit, &settings));
            }
        }
        Some(())
    }

    async fn seats(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        let ((user, _), workspace) = (self.one(&self.users)?, self.one(&self.workspaces)?);
        let mut tx = test.store.write().await.unwrap();
        let known = tx.find_studio_user(account, user).await.unwrap().is_some();
        let seated = tx.find_member(workspace, user).await.unwrap().is_some();
        let pages = Pages::of(&[self.one(&[
            Page::Administrator,
            Page::PermissionManagement,
            Page::ApiKey,
            Page::Prompts,
        ])?]);
        match choice {
            _ if !known => {
                let permit = tx.authorize::<bailey_domain::operations::AddUser>(&root, WholeAccount).unwrap();
                tx.insert_studio_user(&permit, user, "shown").await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            0..=3 if !seated => {
                let scope = seat(workspace, user);
                let permit = tx.authorize::<bailey_domain::operations::AddMember>(&root, scope).unwrap();
                tx.insert_member(&permit, NewMember { workspace, user, pages }).await.unwrap();
                if self.coin() {
                    tx.restore_keys(&permit, workspace, user).await.unwrap();
                }
                tx.commit(permit, record()).await.unwrap();
            }
            0..=2 => {
                let permit = tx
                    .authorize::<bailey_domain::operations::SetMemberPages>(&root, seat(workspace, user))
                    .unwrap();
                tx.set_member_pages(&permit, user, pages).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            4 | 5 if seated => {
                let permit = tx
                    .authorize::<bailey_domain::operations::RemoveMember>(&root, seat(workspace, user))
                    .unwrap();
                tx.delete_member(&permit, user).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            6 => {
                let permit =
                    tx.authorize::<bailey_domain::operations::RemoveUser>(&root, WholeAccount).unwrap();
                tx.delete_studio_user(&permit, user).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            _ => return None,
        }
        Some(())
    }

    async fn keys(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        if choice < 4 {
            let workspace = self.one(&self.workspaces)?;
            let owner = match self.one(&self.users) {
                Some((user, _)) if self.below(3) > 0 => test.user(account, user),
                _ => test.root(account),
            };
            let directory = test.store.directory();
            if directory.authorize::<bailey_domain::operations::CreateApiKey>(&owner, workspace).is_err() {
                return None;
            }
            let (id, _) = test.create_key(&owner, workspace, "walked").await;
            self.keys.push((workspace, id));
            return Some(());
        }
        let (workspace, id) = self.one(&self.keys)?;
        match choice {
            4 if self.coin() => {
                let (name, amount) = (model_name(self.one(&MODELS)?), self.below(30) as u64);
                let requests = self.coin().then_some(Rate { amount, period_seconds: 60 });
                let limits = ModelLimits { requests, ..ModelLimits::NONE };
                let mut tx = test.store.write().await.unwrap();
                tx.find_model(account, &name).await.unwrap()?;
                let permit =
                    tx.authorize::<bailey_domain::operations::UpdateApiKey>(&root, workspace).unwrap();
                tx.put_key_limits(&permit, id, &name, limits).await.unwrap();
                tx.commit(permit, record()).await.unwrap();
            }
            4 if self.coin() => {
                commit!(test, root, DisableApiKey on workspace, |tx, permit| tx.switch_api_key(&permit, id, true));
            }
            4 => {
                commit!(test, root, EnableApiKey on workspace, |tx, permit| tx.switch_api_key(&permit, id, false));
            }
            5 => {
                let new = test.new_value(self.coin().then(|| test.now() + 40_000_000));
                commit!(test, root, ResetApiKey on workspace, |tx, permit| tx.reset_api_key(&permit, id, &new));
            }
            6 => {
                let mut key = test.store.find_key(account, id).await.unwrap().unwrap();
                let models = self.coin().then(|| vec![self.one(&MODELS).unwrap().into()]);
                key.auth =
                    self.coin().then(|| KeyAuth { access_ips: everywhere(), accessible_models: models });
                key.expires_at = self.coin().then(|| test.now() + 40_000_000);
                commit!(test, root, UpdateApiKey on workspace, |tx, permit| tx.update_api_key(&permit, &key));
            }
            _ if self.coin() => return None,
            _ => {
                commit!(test, root, DeleteApiKey on workspace, |tx, permit| tx.delete_api_key(&permit, id));
                self.keys.retain(|(_, key)| *key != id);
            }
        }
        Some(())
    }

    async fn models(&mut self, choice: usize) -> Option<()> {
        let (test, account) = (self.test, self.account);
        let root = test.root(account);
        let (name, workspace) = (model_name(self.one(&MODELS)?), self.one(&self.workspaces)?);
        let mut tx = test.store.write().await.unwrap();
        let exists = tx.find_model(account, &name).await.unwrap().is_some();
        let mut new = provider(self.one(&PROVIDERS)?);
        new.provider.base_url = format!("http://{}", self.below(100));
        let stored = tx.find_provider(account, &new.provider.name).await.unwrap().is_some();
        tx.abandon().await.unwrap();
        match choice {
            0 => {
                let model = model(name.as_str(), self.one(&PROVIDERS)?);
                commit!(test, root, PutModel on WholeAccount, |tx, permit| tx.put_model(&permit, &model));
            }
            1 if self.below(4) == 0 => {
                commit!(test, root, DeleteModel on WholeAccount, |tx, permit| tx.delete_model(&permit, &name));
            }
            1..=3 if exists => {
                let grant = Grant { inference: self.coin(), fine_tune: self.coin(), deploy: false };
                commit!(test, root, UpdateModelPermissions on workspace, |tx, permit| tx.put_grant(&permit, &name, grant));
            }
            4 | 5 if exists => {
                let rate = |amount| self.coin().then_some(Rate { amount, period_seconds: 60 });
                let limits = ModelLimits {
                    requests: rate(self.below(30) as u64),
                    tokens: rate(self.below(3) as u64),
                    concurrency: self.coin().then_some(u32::from(self.coin())),
                };
                if choice == 4 {
                    commit!(test, root, UpdateModelLimits on workspace, |tx, permit| tx.put_limits(&permit, &name, limits));
                } else {
                    commit!(test, root, UpdateAccountModelLimits on WholeAccount, |tx, permit| tx.put_limits(&permit, &name, limits));
                }
            }
            6 if !stored => {
                commit!(test, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &new));
            }
            6 => {
                commit!(test, root, UpdateProvider on WholeAccount, |tx, permit| tx.update_provider(&permit, &new));
            }
            7 if stored => {
                commit!(test, root, DeleteProvider on WholeAccount, |tx, permit| tx.delete_provider(&permit, &new.provider.name));
            }
            _ => return None,
        }
        Some(())
    }
}
