//! The kinds of switches: how each is made ready, who is hit, and what they are told from then on.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::ground::{MODEL, Prepared};
use super::hammer::Make;
use super::{guards, roles};
use crate::world::{Answer, Call, Credential, id_of};

macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// A way of taking a right away.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Switch { $($kind,)* }

        impl Switch {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)*];
        }
    };
}

kinds! {
    RemoveMember, DisableApiKey, DeleteApiKey, UpdateModelPermissions, RemoveUser, DeleteUser,
    DetachPolicyFromUser, UpdateAccessKey, DeleteAccessKey,
    ResetApiKey, NarrowApiKey, DeleteModel, RestrictDefaultWorkspace,
    AttachDeny, NarrowPolicy, RemoveUserFromGroup, DetachPolicyFromGroup, DeleteLoginProfile, UpdateLoginProfile,
    TakePage, TakeSeat, NarrowAccessKey, DeleteServiceCredential,
    PutPermissionBoundary, AttachControlPolicy, DetachPolicyFromRole, NarrowTrust, DeleteRole,
    DetachPolicyForWorkspace, AttachDenyForWorkspace,
}

/// Those that end calls of models and say how many streams they closed.
pub(crate) const OF_KEYS: [Switch; 6] = [
    Switch::RemoveMember,
    Switch::DisableApiKey,
    Switch::DeleteApiKey,
    Switch::UpdateModelPermissions,
    Switch::RemoveUser,
    Switch::DeleteUser,
];

/// What the answer of the switch must say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Promise {
    /// That every node has confirmed, and how many keys died.
    Counted { keys: u64 },
    /// Nothing: RAM's answers, and those that show a thing, have no room for it.
    Plain,
}

/// A switch that is ready to be thrown.
pub(crate) struct Armed {
    pub(crate) operation: &'static str,
    pub(crate) parameters: Value,
    /// What the clients call.
    pub(crate) make: Make,
    /// What they get once it is thrown: status and code.
    pub(crate) refused: (u16, &'static str),
    pub(crate) promise: Promise,
}

/// A key, and the switch that ends its calls.
pub(crate) struct ArmedKey {
    pub(crate) key: String,
    pub(crate) operation: &'static str,
    pub(crate) parameters: Value,
}

const DEAD_KEY: (u16, &str) = (401, "invalid_api_key");
pub(super) const NO_PERMISSION: (u16, &str) = (403, "NoPermission");
pub(super) const LISTS: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"modelstudio:List*","Resource":"*"}]}"#;

impl Promise {
    pub(crate) fn check(self, acknowledgement: &Answer) {
        let Self::Counted { keys } = self else { return };
        let body = acknowledgement.json();
        assert_eq!(body["invalidatedApiKeys"], keys, "{body}");
        assert_eq!((&body["nodes"], &body["confirmedNodes"]), (&json!(1), &json!(1)), "{body}");
        assert!(body["revision"].as_u64().is_some_and(|revision| revision > 0), "{body}");
        assert!(body["closedStreams"].is_u64() && body["waitedMs"].is_u64(), "{body}");
    }
}

impl Switch {
    /// How often it is thrown: the ones that the specification names fifty times, the others to see that they are no
    /// different.
    pub(crate) fn rounds(self) -> usize {
        use Switch::{DeleteAccessKey, DetachPolicyFromUser, UpdateAccessKey};
        let is_named = OF_KEYS.contains(&self)
            || [DetachPolicyFromUser, UpdateAccessKey, DeleteAccessKey].contains(&self);
        if is_named { 50 } else { 20 }
    }

    /// The listener that the clients call.
    pub(crate) fn listener(self, ground: &Prepared) -> SocketAddr {
        use Switch::{DeleteModel, NarrowApiKey, ResetApiKey, RestrictDefaultWorkspace};
        let of_the_gateway =
            [ResetApiKey, NarrowApiKey, DeleteModel, RestrictDefaultWorkspace].contains(&self);
        if of_the_gateway || OF_KEYS.contains(&self) { ground.gateway } else { ground.control_address }
    }

    /// Makes whoever is hit, with the right that is taken away.
    pub(crate) async fn arm(self, ground: &mut Prepared, round: usize) -> Armed {
        if OF_KEYS.contains(&self) {
            let ArmedKey { key, operation, parameters } = self.arm_key(ground).await;
            let key = carried(ground, key, round).await;
            let (refused, keys) = match self {
                Self::UpdateModelPermissions => ((403, "Model.AccessDenied"), 0),
                _ => (DEAD_KEY, 1),
            };
            let promise = if self == Self::DeleteUser { Promise::Plain } else { Promise::Counted { keys } };
            return Armed { operation, parameters, make: chats(key, MODEL), refused, promise };
        }
        if self.listener(ground) == ground.gateway {
            return self.arm_gateway(ground, round).await;
        }
        match self {
            Self::DeleteServiceCredential => arm_service_credential(ground).await,
            Self::PutPermissionBoundary | Self::AttachControlPolicy => guards::arm(self, ground).await,
            Self::DetachPolicyFromRole | Self::NarrowTrust | Self::DeleteRole => {
                roles::arm(self, ground).await
            }
            _ => self.arm_control(ground, round).await,
        }
    }

    /// A key, and the switch that ends its calls; for those of [`OF_KEYS`].
    pub(crate) async fn arm_key(self, ground: &mut Prepared) -> ArmedKey {
        let root = ground.account.root.clone();
        ground.control.grant(&root, &ground.workspace, MODEL, true).await;
        let (mut name, mut owner) = ("alice".to_owned(), ground.alice.clone());
        if matches!(self, Self::RemoveMember | Self::RemoveUser | Self::DeleteUser) {
            (name, owner) = ground.member().await;
        }
        let (handle, value) = ground.key(&owner).await;
        if self == Self::DeleteUser {
            // RAM deletes no user who still has access keys.
            ground.without_access_key(&name, &owner).await;
        }
        let (workspace, key) = (&ground.workspace, json!({ "apiKeyId": handle }));
        let (operation, parameters) = match self {
            Self::RemoveMember => ("RemoveMember", json!({ "workspaceId": workspace, "userName": name })),
            Self::DisableApiKey => ("DisableApiKey", key),
            Self::DeleteApiKey => ("DeleteApiKey", key),
            Self::RemoveUser => ("RemoveUser", json!({ "userName": name })),
            Self::DeleteUser => ("DeleteUser", json!({ "UserName": name })),
            _ => {
                let models = json!([{ "model": MODEL, "inference": false }]);
                ("UpdateModelPermissions", json!({ "workspaceId": workspace, "models": models }))
            }
        };
        ArmedKey { key: value, operation, parameters }
    }

    async fn arm_gateway(self, ground: &mut Prepared, round: usize) -> Armed {
        let (control, root) = (ground.control.clone(), ground.account.root.clone());
        let (handle, value) = ground.key(&ground.alice).await;
        let value = carried(ground, value, round).await;
        let (operation, parameters, make, refused) = match self {
            Self::ResetApiKey => {
                ("ResetApiKey", json!({ "apiKeyId": handle }), chats(value, MODEL), DEAD_KEY)
            }
            Self::NarrowApiKey => {
                let auth = json!({ "type": "Custom", "accessIps": ["192.0.2.0/24"] });
                let narrow = json!({ "apiKeyId": handle, "auth": auth });
                ("UpdateApiKey", narrow, chats(value, MODEL), (403, "access_denied"))
            }
            Self::DeleteModel => {
                let model = format!("model-{round}");
                control.model(&root, &model, "chat", "demo").await;
                control.grant(&root, &ground.workspace, &model, true).await;
                ("DeleteModel", json!({ "model": model }), chats(value, &model), (404, "model_not_found"))
            }
            _ => {
                control.settings(&root, json!({ "defaultWorkspaceRestricted": false })).await;
                let (_, value) = control.api_key(&root, &ground.account.default_workspace).await;
                let value = carried(ground, value, round).await;
                let restrict = json!({ "defaultWorkspaceRestricted": true });
                ("UpdateSettings", restrict, chats(value, MODEL), (403, "Model.AccessDenied"))
            }
        };
        Armed { operation, parameters, make, refused, promise: Promise::Plain }
    }

    async fn arm_control(self, ground: &mut Prepared, round: usize) -> Armed {
        let (control, root, workspace) =
            (ground.control.clone(), ground.account.root.clone(), ground.workspace.clone());
        let name = ground.name();
        let mut credential = control.user(&root, &name).await;
        let key = json!({ "UserName": name, "UserAccessKeyId": credential.access_key() });
        let here = json!({ "workspaceId": workspace });
        let (operation, parameters, called, refused) = match self {
            Self::DetachPolicyFromUser => {
                let policy = ["AliyunBailianFullAccess", "AdministratorAccess"][round % 2];
                control.attach(&root, policy, &name).await;
                let detach = json!({ "PolicyType": "System", "PolicyName": policy, "UserName": name });
                ("DetachPolicyFromUser", detach, ("GetSettings", json!({})), NO_PERMISSION)
            }
            Self::UpdateAccessKey => {
                let mut off = key;
                off["Status"] = json!("Inactive");
                let refused = (400, "InvalidAccessKeyId.Inactive");
                ("UpdateAccessKey", off, ("GetCallerIdentity", json!({})), refused)
            }
            Self::DeleteAccessKey => (
                "DeleteAccessKey",
                key,
                ("GetCallerIdentity", json!({})),
                (404, "InvalidAccessKeyId.NotFound"),
            ),
            Self::NarrowAccessKey => {
                let elsewhere = json!({ "Status": "Active", "Statements": [{ "Type": "ClassicWhiteList", "IPList": ["10.0.0.1"] }] });
                let narrow = json!({
                    "UserPrincipalName": name,
                    "UserAccessKeyId": credential.access_key(),
                    "AccessKeyPolicy": elsewhere.to_string(),
                });
                let refused = (403, "Forbidden.AccessKeyPolicy");
                ("SetAccessKeyPolicy", narrow, ("GetCallerIdentity", json!({})), refused)
            }
            Self::AttachDeny | Self::NarrowPolicy => {
                let policy = format!("policy-{round}");
                let called = ("ListProviders", json!({}));
                if self == Self::AttachDeny {
                    control.policy(&root, &policy, &LISTS.replace("Allow", "Deny")).await;
                    control.attach(&root, "AliyunBailianFullAccess", &name).await;
                    let attach = json!({ "PolicyType": "Custom", "PolicyName": policy, "UserName": name });
                    ("AttachPolicyToUser", attach, called, NO_PERMISSION)
                } else {
                    control.policy(&root, &policy, LISTS).await;
                    control.attach_custom(&root, &policy, &name).await;
                    let gets =
                        json!({ "PolicyName": policy, "PolicyDocument": LISTS.replace("List*", "Get*") });
                    control.done(&root, "CreatePolicyVersion", gets).await;
                    let narrow = json!({ "PolicyName": policy, "VersionId": "v2" });
                    ("SetDefaultPolicyVersion", narrow, called, NO_PERMISSION)
                }
            }
            Self::DetachPolicyForWorkspace | Self::AttachDenyForWorkspace => {
                // A member is told of the policies; an outsider only that there is no such workspace.
                control.known(&root, &name).await;
                control.seat(&root, &workspace, &name, &[]).await;
                let policy = format!("workspace-{round}");
                let attachment = |policy_type: &str, policy: &str| json!({ "PolicyType": policy_type, "PolicyName": policy, "UserName": name, "ResourceGroupId": workspace });
                let held = attachment("System", "AliyunBailianFullAccess");
                control.done(&root, "AttachPolicyToUser", held.clone()).await;
                let called = ("ListApiKeys", here);
                if self == Self::DetachPolicyForWorkspace {
                    ("DetachPolicyFromUser", held, called, NO_PERMISSION)
                } else {
                    control.policy(&root, &policy, &LISTS.replace("Allow", "Deny")).await;
                    ("AttachPolicyToUser", attachment("Custom", &policy), called, NO_PERMISSION)
                }
            }
            Self::DeleteLoginProfile | Self::UpdateLoginProfile => {
                let (first, second) = ("Correct-horse-1", "Battery-staple-2");
                let user = json!({ "UserName": name });
                let with = |password: &str| json!({ "UserName": name, "Password": password });
                control.done(&root, "CreateLoginProfile", with(first)).await;
                let sign_in = json!({ "userName": name, "password": first });
                let made = control.done(&Credential::Nothing, "CreateSession", sign_in).await;
                credential = Credential::Bearer(id_of(&made, "/token"));
                let (called, refused) = (("GetCallerIdentity", json!({})), (401, "InvalidSecurityToken"));
                if self == Self::DeleteLoginProfile {
                    ("DeleteLoginProfile", user, called, refused)
                } else {
                    ("UpdateLoginProfile", with(second), called, refused)
                }
            }
            Self::RemoveUserFromGroup | Self::DetachPolicyFromGroup => {
                let group = json!({ "GroupName": format!("group-{round}") });
                control.done(&root, "CreateGroup", group.clone()).await;
                let (mut member, mut policy) = (group.clone(), group);
                member["UserName"] = json!(name);
                policy["PolicyType"] = json!("System");
                policy["PolicyName"] = json!("AliyunBailianFullAccess");
                control.done(&root, "AddUserToGroup", member.clone()).await;
                control.done(&root, "AttachPolicyToGroup", policy.clone()).await;
                let called = ("GetSettings", json!({}));
                if self == Self::RemoveUserFromGroup {
                    ("RemoveUserFromGroup", member, called, NO_PERMISSION)
                } else {
                    ("DetachPolicyFromGroup", policy, called, NO_PERMISSION)
                }
            }
            _ => {
                control.known(&root, &name).await;
                control.seat(&root, &workspace, &name, &["api-key"]).await;
                let mut seat = json!({ "workspaceId": workspace, "userName": name });
                if self == Self::TakePage {
                    seat["pages"] = json!([]);
                    ("SetMemberPages", seat, ("ListApiKeys", here), NO_PERMISSION)
                } else {
                    ("RemoveMember", seat, ("ListModelLimits", here), (403, "Workspace.AccessDenied"))
                }
            }
        };
        let make = calls(ground, credential, called);
        Armed { operation, parameters, make, refused, promise: Promise::Plain }
    }
}

/// A service credential, which does not sign, and its deletion.
async fn arm_service_credential(ground: &mut Prepared) -> Armed {
    let (control, root, name) = (ground.control.clone(), ground.account.root.clone(), ground.name());
    control.done(&root, "CreateUser", json!({ "UserName": name })).await;
    let parameters =
        json!({ "UserPrincipalName": name, "ServiceName": "modelstudio", "ServiceCredentialName": "ci" });
    let made = control.done(&root, "CreateServiceCredential", parameters).await;
    let id = id_of(&made, "/ServiceCredential/ServiceCredentialId");
    let credential = Credential::basic(&id, &id_of(&made, "/ServiceCredential/ServiceCredentialSecret"));
    Armed {
        operation: "DeleteServiceCredential",
        parameters: json!({ "UserPrincipalName": name, "ServiceCredentialId": id }),
        make: Box::new(move |_| control.prepared(&credential, "ListWorkspaces", &json!({}))),
        refused: (404, "InvalidServiceCredential.NotFound"),
        promise: Promise::Plain,
    }
}

/// What the clients call with: the key, and every other time a temporary one of it, which must die of the same.
async fn carried(ground: &Prepared, key: String, round: usize) -> String {
    if round.is_multiple_of(2) { key } else { ground.temporary(&key).await }
}

fn chats(key: String, model: &str) -> Make {
    let model = model.to_owned();
    Box::new(move |_| Call::chat(&key, &model, "hello"))
}

/// Calls of the control API; every other pair of clients signs.
pub(super) fn calls(
    ground: &Prepared,
    credential: Credential,
    (operation, parameters): (&'static str, Value),
) -> Make {
    let signed = match &credential {
        // A session's token signs nothing, and the other does so already.
        Credential::Bearer(_) | Credential::Temporary { .. } => credential.clone(),
        _ => credential.signed(),
    };
    let control = ground.control.clone();
    Box::new(move |number| {
        let who = if number / 2 % 2 == 0 { &credential } else { &signed };
        control.prepared(who, operation, &parameters)
    })
}
