//! What each operation is asked, on each kind of thing. Where the call is to be done, and would use the thing up, the
//! thing is made for it; where it is to be refused, a lasting one stands there, which must survive.

mod groups;
mod guards;
mod ims;
mod lasting;
mod logins;
mod oidc_providers;
mod ram;
mod roles;
mod studio;

use std::collections::HashMap;

use bailey_domain::operations::Service;
use serde_json::{Value, json};

use super::cast::{Person, Places};
use crate::world::{Account, Control, Credential, trust};
use ims::{recycled, service_credential, user_id};

/// A question: the parameters, and the ids in them that name the thing.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) parameters: Value,
    pub(crate) ids: Vec<String>,
    /// What the call is made with, where it is not the caller's access key.
    pub(crate) credential: Option<Credential>,
}

/// Whether the call is to be done, and so may use up what it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Refused,
}

/// The lasting things of both accounts, and a count for the names of passing ones.
#[derive(Debug)]
pub(crate) struct Stage {
    control: Control,
    here: Account,
    abroad: Account,
    places: Places,
    /// By kind and thing.
    lasting: HashMap<(&'static str, &'static str), String>,
    count: u32,
    delegates: bool,
    /// How many passwords each caller has had before the present one.
    passwords: HashMap<String, u32>,
}

const DOCUMENT: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sfm:ListIndex","Resource":"*"}]}"#;
/// What lasting users, groups and roles hold, and passing ones are given.
const HELD: &str = "AliyunSTSAssumeRoleAccess";
/// A lasting user here: known to Model Studio, and in no workspace.
const USER: &str = "lasting-here";
/// A lasting member of both workspaces here.
const BYSTANDER: &str = "bystander";

impl Stage {
    /// Makes the lasting things. Names of one kind have one length, so that lengths of answers can be compared.
    pub(crate) async fn set(control: &Control, here: &Account, abroad: &Account, places: &Places) -> Self {
        let mut lasting = HashMap::new();
        let quotas = json!({
            "recycleBin": true, "quotaUsers": 100_000, "quotaGroups": 100_000, "quotaRoles": 100_000, "quotaOidcProviders": 100_000, "quotaAssumeRolePerSecond": 100_000, "quotaVirtualMfaDevices": 100_000, "quotaPolicies": 100_000, "quotaWorkspaces": 100_000, "quotaApiKeysPerWorkspace": 100_000,
        });
        for (account, thing, suffix) in [(here, "own", "here"), (abroad, "foreign", "away")] {
            let root = &account.root;
            control.settings(root, quotas.clone()).await;
            control.demo_models(root, &["qwen-plus", &format!("model-{suffix}")]).await;
            let provider = json!({ "name": format!("provider-{suffix}"), "dialect": "demo" });
            control.done(root, "CreateProvider", provider).await;
            control.policy(root, &format!("policy-{suffix}"), DOCUMENT).await;
            let user = format!("lasting-{suffix}");
            let credential = control.user(root, &user).await;
            control.known(root, &user).await;
            control.attach(root, HELD, &user).await;
            let group = format!("group-{suffix}");
            control.done(root, "CreateGroup", json!({ "GroupName": group })).await;
            control.join(root, &group, &user).await;
            let held = json!({ "PolicyType": "System", "PolicyName": HELD, "GroupName": group });
            control.done(root, "AttachPolicyToGroup", held).await;
            let role = format!("role-{suffix}");
            let document = trust(&account.id);
            let tags = json!([{ "Key": "team", "Value": "lasting" }]);
            let new = json!({ "RoleName": role, "AssumeRolePolicyDocument": document, "Tag": tags });
            control.done(root, "CreateRole", new).await;
            let held = json!({ "PolicyType": "System", "PolicyName": HELD, "RoleName": role });
            control.done(root, "AttachPolicyToRole", held).await;
            let new = Self::new_oidc_provider(&format!("oidc-provider-{suffix}"));
            control.done(root, "CreateOIDCProvider", new).await;
            let refused = control.call(&credential, "UpdateSettings", json!({ "quotaUsers": 1 })).await;
            assert_eq!(refused.status, 403);
            let (recycled, key) = recycled(control, root, &format!("recycled-{suffix}"), &user).await;
            lasting.insert(("recycled user", thing), recycled);
            lasting.insert(("recycled key", thing), key);
            lasting.insert(("service credential", thing), service_credential(control, root, &user).await);
            lasting.insert(("user id", thing), user_id(control, root, &user).await);
            control.done(root, "GenerateCredentialReport", json!({})).await;
            lasting.insert(("access key", thing), credential.access_key().to_owned());
            let message =
                refused.json()["accessDeniedDetail"]["EncodedDiagnosticMessage"].as_str().map(str::to_owned);
            lasting.insert(("message", thing), message.expect("a refusal has its message"));
            lasting.insert(("request", thing), refused.header("x-acs-request-id").to_owned());
        }
        for (account, thing, workspace) in [
            (here, "own", &places.own),
            (here, "beside", &places.beside),
            (abroad, "foreign", &places.foreign),
        ] {
            lasting.insert(("key", thing), control.api_key(&account.root, workspace).await.0);
        }
        control.user(&here.root, BYSTANDER).await;
        control.known(&here.root, BYSTANDER).await;
        for workspace in [&places.own, &places.beside] {
            control.seat(&here.root, workspace, BYSTANDER, &[]).await;
        }
        lasting.insert(("access key", "absent"), "LTAIAAAAAAAAAAAAAAAAAAAA".to_owned());
        lasting.insert(("request", "absent"), "00000000-0000-4000-8000-000000000000".to_owned());
        lasting.insert(("recycled user", "absent"), "100000000000000000".to_owned());
        lasting.insert(("recycled key", "absent"), "LTAIAAAAAAAAAAAAAAAAAAAA".to_owned());
        lasting.insert(("service credential", "absent"), "scred-AAAAAAAAAAAAAAAAAAAA".to_owned());
        lasting.insert(("user id", "absent"), "100000000000000000".to_owned());
        lasting.insert(("key", "absent"), "9123456789".to_owned());
        let (control, here, abroad, places) = (control.clone(), here.clone(), abroad.clone(), places.clone());
        let passwords = HashMap::new();
        let mut stage =
            Self { control, here, abroad, places, lasting, count: 0, delegates: false, passwords };
        stage.sign_on_lasting().await;
        stage
    }

    fn passing(&mut self, kind: &str) -> String {
        self.count += 1;
        format!("{kind}-{:05}", self.count)
    }

    /// The name of a lasting thing whose names end in where it is.
    fn name(kind: &str, thing: &str) -> String {
        let suffix = match thing {
            "foreign" => "away",
            "absent" => "none",
            _ => "here",
        };
        format!("{kind}-{suffix}")
    }

    fn kept(&self, kind: &'static str, thing: &'static str) -> String {
        self.lasting[&(kind, thing)].clone()
    }

    fn workspace(&self, thing: &str) -> String {
        match thing {
            "beside" => &self.places.beside,
            "foreign" => &self.places.foreign,
            "absent" => &self.places.absent,
            _ => &self.places.own,
        }
        .clone()
    }

    /// What the caller is to ask.
    pub(crate) async fn ask(
        &mut self,
        operation: &'static str,
        thing: &'static str,
        caller: &Person,
        outcome: Outcome,
    ) -> Asked {
        let delegates = thing == "delegated";
        if self.delegates != delegates {
            self.control.settings(&self.here.root, json!({ "delegateMemberRemoval": delegates })).await;
            self.delegates = delegates;
        }
        if let Some(asked) = self.login(operation, thing, caller, outcome).await {
            return asked;
        }
        if let Some(asked) = self.guard(operation, thing, outcome).await {
            return asked;
        }
        let entry = bailey_domain::operations::find(operation).unwrap();
        if operation.contains("OIDCProvider") {
            self.oidc_provider(operation, thing, outcome).await
        } else if entry.service == Service::Ims {
            self.ims(operation, thing, outcome).await
        } else if entry.action.starts_with("ram:") || matches!(operation, "GetCallerIdentity" | "AssumeRole")
        {
            self.ram(operation, thing, outcome).await
        } else if operation.ends_with("ApiKey") {
            self.key(operation, thing, outcome).await
        } else if let Some(asked) = self.in_workspace(operation, thing, caller, outcome).await {
            asked
        } else {
            self.in_account(operation, thing, caller, outcome).await
        }
    }
}

/// Whether an operation changes something, and so needs a passing thing where it is to be done.
fn changes(operation: &str) -> bool {
    !operation.starts_with("Get") && !operation.starts_with("List")
}

impl Asked {
    fn new(mut parameters: Value, further: &Value, ids: &[&String]) -> Self {
        for (name, value) in further.as_object().into_iter().flatten() {
            parameters[name] = value.clone();
        }
        Self { parameters, ids: ids.iter().map(|id| (*id).clone()).collect(), credential: None }
    }
}
