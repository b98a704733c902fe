//! Something to try at once: the demo provider, models, users and workspaces, made through the ordinary operations.

use bailey_domain::access::Principal;
use bailey_domain::id::RequestId;
use bailey_domain::model::{Capability, Dialect, Model, Route};
use bailey_domain::name::{DisplayName, ModelName, ProviderName, UserName, WorkspaceName};
use bailey_domain::page::{Page, Pages};
use bailey_domain::{AccountId, Caller, Error, Secret, WorkspaceId};

use crate::control::Control;
use crate::grants::{GrantChange, OpenScope};
use crate::keys::KeyRequest;
use crate::members::NewSeat;
use crate::providers::ProviderChange;
use crate::users::NewUserText;

/// A key to make a first call with.
#[derive(Debug)]
pub struct DemoKey {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// A model that it may call.
    pub model: &'static str,
    /// Its value.
    pub value: Secret<String>,
}

const MODELS: [(&str, &str, Capability); 4] = [
    ("qwen-plus", "Qwen Plus", Capability::Chat),
    ("qwen-max", "Qwen Max", Capability::Chat),
    ("qwen-turbo", "Qwen Turbo", Capability::Chat),
    ("text-embedding-v3", "Text Embedding v3", Capability::Embedding),
];

const USERS: [(&str, &str); 3] =
    [("alice", "Alice (developer)"), ("bob", "Bob (manager)"), ("carol", "Carol (workspace administrator)")];

impl Control {
    fn demo_caller(&self, account: AccountId, principal: Principal) -> Caller {
        let mut request = [0; 16];
        self.entropy.fill(&mut request);
        Caller {
            account,
            principal,
            access_key: None,
            session: None,
            role_session: None,
            federated: None,
            source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
            secure_transport: false,
            request_id: RequestId::new(request),
            now_ms: self.clock.now_ms(),
        }
    }

    /// Fills a new account: provider `demo`, four models, users alice, bob and carol, workspaces Research and
    /// Production, and a key of alice's in Research.
    pub async fn fill_with_demo(&self, account: AccountId) -> Result<DemoKey, Error> {
        let root = || self.demo_caller(account, Principal::Root);
        let demo = ProviderName::parse("name", "demo")?;
        let change = ProviderChange { dialect: Some(Dialect::Demo), ..ProviderChange::default() };
        self.create_provider(&root(), demo.clone(), change).await?;
        for (model, name, capability) in MODELS {
            let model = ModelName::parse("model", model)?;
            let route =
                Route { provider: demo.clone(), upstream_model: model.clone(), priority: 1, weight: 1 };
            let entry = Model {
                model,
                name: name.to_owned(),
                capabilities: vec![capability],
                context_window: Some(131_072),
                max_input_tokens: Some(129_024),
                max_output_tokens: (capability == Capability::Chat).then_some(8192),
                prices: Vec::new(),
                routes: vec![route],
            };
            self.put_model(&root(), &entry).await?;
        }
        for (name, display) in USERS {
            let name = UserName::parse("userName", name)?;
            let display = DisplayName::parse("displayName", &display.replace(['(', ')'], ""))?;
            self.create_user(&root(), name.clone(), NewUserText::default()).await?;
            self.add_user(&root(), &name, &display).await?;
        }
        let policy = bailey_domain::name::PolicyName::parse("PolicyName", "AliyunBailianFullAccess")?;
        let bob = UserName::parse("userName", "bob")?;
        self.attach_policy_to_user(&root(), bailey_domain::change::PolicyType::System, &policy, &bob, None)
            .await?;
        let research = self
            .create_workspace(&root(), &WorkspaceName::parse("workspaceName", "Research")?, "")
            .await?
            .workspace_id;
        let production = self
            .create_workspace(&root(), &WorkspaceName::parse("workspaceName", "Production")?, "")
            .await?
            .workspace_id;
        let granted = |model: &str| {
            ModelName::parse("model", model).map(|model| GrantChange {
                model,
                inference: Some(true),
                fine_tune: None,
                deploy: None,
            })
        };
        self.update_model_permissions(
            &root(),
            research,
            OpenScope::Keep,
            &[granted("qwen-plus")?, granted("text-embedding-v3")?],
        )
        .await?;
        self.update_model_permissions(&root(), production, OpenScope::Keep, &[granted("qwen-max")?]).await?;
        for (name, workspace, pages) in [
            ("alice", research, Pages::of(&[Page::ApiKey, Page::Playground])),
            ("carol", research, Pages::of(&[Page::Administrator])),
            ("carol", production, Pages::of(&[Page::Administrator])),
        ] {
            let user_name = UserName::parse("userName", name)?;
            self.add_member(&root(), &NewSeat { workspace, user_name, pages, restore_keys: false }).await?;
        }
        let (alice, _) = self.get_user(&root(), &UserName::parse("userName", "alice")?).await?;
        let alice = self.demo_caller(account, Principal::User(alice.user_id));
        let issued = self
            .create_api_key(
                &alice,
                research,
                KeyRequest { description: "demo".to_owned(), ..KeyRequest::default() },
            )
            .await?;
        Ok(DemoKey { workspace: research, model: "qwen-plus", value: issued.value })
    }
}
