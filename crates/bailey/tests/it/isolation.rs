//! Two accounts of one installation, with equal names of everything: neither sees anything of the other, and nothing
//! that one does is felt by the other.

use std::collections::BTreeSet;

use bailey_domain::operations::{Effect, OPERATIONS};
use serde_json::{Value, json};

use crate::world::{Account, Call, Control, Credential, Database, Installation, codes, id_of, run, trust};

/// One account's things. All names are the same in both; ids, and the marks in free texts, are its own.
struct Tenant {
    account: Account,
    manager: Credential,
    alice: Credential,
    workspace: String,
    key_id: String,
    key: String,
    alice_id: String,
    service_credential: String,
    /// In the recycle bin.
    recycled_user: String,
    recycled_key: String,
    /// Requests that can be asked about.
    refused_on_control: String,
    refused_on_gateway: String,
    /// The encoded diagnostic message of a refusal.
    message: String,
    /// Texts that nobody else may ever see.
    marks: BTreeSet<String>,
}

const EVERYTHING: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const DOCUMENT: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sfm:ListIndex","Resource":"*"}]}"#;

/// Fills an account; `mark` stands in all its free texts.
async fn tenant(installation: &Installation, account: Account, mark: &str, calls: usize) -> Tenant {
    let (control, root) = (installation.control(), account.root.clone());
    control.demo_models(&root, &["qwen-plus"]).await;
    let upstream = json!({ "name": "up", "dialect": "openai", "baseUrl": format!("https://{mark}.example/v1"), "apiKey": "any" });
    control.done(&root, "CreateProvider", upstream).await;
    let model =
        json!({ "model": "qwen-max", "name": format!("Max {mark}"), "routes": [{ "provider": "up" }] });
    control.done(&root, "PutModel", model).await;
    let policy = json!({ "PolicyName": "reads", "Description": mark, "PolicyDocument": DOCUMENT });
    control.done(&root, "CreatePolicy", policy).await;
    let test = json!({ "name": format!("lists of {mark}"), "action": "sfm:ListIndex", "resource": "*", "expect": "Allow" });
    control.done(&root, "PutPolicyTests", json!({ "policyName": "reads", "tests": [test] })).await;
    let manager = control.user(&root, "manager").await;
    control.attach(&root, "AliyunBailianFullAccess", "manager").await;
    control.attach(&root, "AliyunRAMFullAccess", "manager").await;
    let person = json!({ "UserName": "alice", "DisplayName": mark, "Comments": mark, "Email": format!("{mark}@example.com") });
    let made = control.done(&root, "CreateUser", person).await;
    let alice = control.access_key(&root, "alice").await;
    control.done(&root, "AddUser", json!({ "userName": "alice", "displayName": mark })).await;
    control.attach_custom(&root, "reads", "alice").await;
    control.done(&root, "CreateGroup", json!({ "GroupName": "readers", "Comments": mark })).await;
    control.join(&root, "readers", "alice").await;
    let attach = json!({ "PolicyType": "Custom", "PolicyName": "reads", "GroupName": "readers" });
    control.done(&root, "AttachPolicyToGroup", attach).await;
    let role = json!({
        "RoleName": "reader", "Description": mark, "AssumeRolePolicyDocument": trust(&account.id), "Tag": [{ "Key": "mark", "Value": mark }],
    });
    control.done(&root, "CreateRole", role).await;
    let provider = json!({
        "OIDCProviderName": "issuer", "IssuerUrl": format!("https://issuer.example/{mark}"), "ClientIds": mark, "Description": mark,
    });
    control.done(&root, "CreateOIDCProvider", provider).await;
    let attach = json!({ "PolicyType": "Custom", "PolicyName": "reads", "RoleName": "reader" });
    control.done(&root, "AttachPolicyToRole", attach).await;
    let everything = json!({ "PolicyName": "everything", "Description": mark, "PolicyDocument": EVERYTHING });
    control.done(&root, "CreatePolicy", everything).await;
    let everything = json!({ "policyType": "Custom", "policyName": "everything" });
    control.done(&root, "AttachControlPolicy", everything.clone()).await;
    let mut of_alice = everything;
    (of_alice["type"], of_alice["name"]) = (json!("user"), json!("alice"));
    control.done(&root, "PutPermissionBoundary", of_alice).await;
    let workspace = control.workspace(&root, "Research").await;
    control.grant(&root, &workspace, "qwen-plus", true).await;
    control.seat(&root, &workspace, "alice", &["api-key"]).await;
    for (operation, field, name) in [
        ("AttachPolicyToUser", "UserName", "alice"),
        ("AttachPolicyToGroup", "GroupName", "readers"),
        ("AttachPolicyToRole", "RoleName", "reader"),
    ] {
        let mut attach =
            json!({ "PolicyType": "Custom", "PolicyName": "reads", "ResourceGroupId": workspace });
        attach[field] = json!(name);
        control.done(&root, operation, attach).await;
    }
    let parameters = json!({ "workspaceId": workspace, "description": mark });
    let key = control.done(&alice, "CreateApiKey", parameters).await;
    let (key_id, value) = (id_of(&key, "/apiKey/apiKeyId"), id_of(&key, "/apiKey/apiKeyValue"));
    control.settings(&root, json!({ "recycleBin": true })).await;
    let recycled_key = control.access_key(&root, "alice").await.access_key().to_owned();
    let deleted = json!({ "UserName": "alice", "UserAccessKeyId": recycled_key });
    control.done(&root, "DeleteAccessKey", deleted).await;
    let leaver =
        control.done(&root, "CreateUser", json!({ "UserName": "leaver", "DisplayName": mark })).await;
    control.done(&root, "DeleteUser", json!({ "UserName": "leaver" })).await;
    let credential =
        json!({ "UserPrincipalName": "alice", "ServiceName": "bailian", "ServiceCredentialName": mark });
    let credential = control.done(&root, "CreateServiceCredential", credential).await;
    control.done(&root, "GenerateCredentialReport", json!({})).await;
    let refused = control.call(&alice, "UpdateSettings", json!({ "quotaUsers": 1 })).await;
    let password = json!({ "UserName": "alice", "Password": format!("Passw0rd-{mark}") });
    control.done(&account.root, "CreateLoginProfile", password).await;
    control
        .done(&account.root, "SetAccountAlias", json!({ "AccountAlias": format!("alias-of-{mark}") }))
        .await;
    let device = json!({ "VirtualMFADeviceName": mark });
    let device = control.done(&account.root, "CreateVirtualMFADevice", device).await;
    let codes = codes(&id_of(&device, "/VirtualMFADevice/Base32StringSeed"));
    let bind = json!({
        "UserName": "alice", "SerialNumber": id_of(&device, "/VirtualMFADevice/SerialNumber"),
        "AuthenticationCode1": codes[0], "AuthenticationCode2": codes[1],
    });
    control.done(&account.root, "BindMFADevice", bind).await;
    let mut gateway = installation.gateway();
    for _ in 0..calls {
        assert_eq!(gateway.send(&Call::chat(&value, "qwen-plus", "hello")).await.status, 200);
    }
    let refused_on_gateway = gateway.send(&Call::chat(&value, "qwen-max", "hello")).await;
    assert_eq!(refused_on_gateway.status, 403);
    let message = id_of(&refused.json(), "/accessDeniedDetail/EncodedDiagnosticMessage");
    let refused_on_control = refused.header("x-acs-request-id").to_owned();
    let refused_on_gateway = refused_on_gateway.header("x-request-id").to_owned();
    let marks = [
        mark,
        &account.id,
        &account.default_workspace,
        account.root.access_key(),
        &workspace,
        &key_id,
        alice.access_key(),
        manager.access_key(),
        &id_of(&made, "/User/UserId"),
        &refused_on_control,
        &refused_on_gateway,
    ];
    let marks = marks.into_iter().map(str::to_owned).collect();
    Tenant {
        account,
        manager,
        alice,
        workspace,
        key_id,
        key: value,
        alice_id: id_of(&made, "/User/UserId"),
        service_credential: id_of(&credential, "/ServiceCredential/ServiceCredentialId"),
        recycled_user: id_of(&leaver, "/User/UserId"),
        recycled_key,
        refused_on_control,
        refused_on_gateway,
        message,
        marks,
    }
}

/// What a reading operation is asked in an account, by the names that both have and the ids that it has.
fn question(operation: &str, of: &Tenant) -> Vec<Value> {
    let user = json!({ "UserName": "alice" });
    let group = json!({ "GroupName": "readers" });
    let policy = json!({ "PolicyName": "reads", "PolicyType": "Custom" });
    let here = json!({ "workspaceId": of.workspace });
    match operation {
        "GetUser"
        | "ListAccessKeys"
        | "ListPoliciesForUser"
        | "ListGroupsForUser"
        | "GetLoginProfile"
        | "GetUserMFAInfo" => vec![user],
        "GetRole" | "ListPoliciesForRole" => vec![json!({ "RoleName": "reader" })],
        "ListTagResources" => vec![
            json!({ "ResourceType": "role", "ResourceNames": ["reader"] }),
            json!({ "ResourceType": "role", "Tag": [{ "Key": "mark" }] }),
            json!({ "ResourceType": "policy" }),
        ],
        // It has one answer for everybody, which is a refusal.
        "GetServiceLinkedRoleTemplate" => vec![],
        "GetOIDCProvider" => vec![json!({ "OIDCProviderName": "issuer" })],
        "DecodeDiagnosticMessage" => vec![json!({ "EncodedDiagnosticMessage": of.message })],
        "EvaluateAccess" => vec![json!({
            "subject": { "type": "user", "id": "alice" }, "action": { "name": "modelstudio:ListMembers" },
            "resource": { "type": "workspace", "id": of.workspace }, "context": { "explain": true },
        })],
        "SearchAccess" => vec![json!({
            "subject": { "type": "user", "id": "alice" }, "action": { "name": "modelstudio:ListMembers" },
            "resource": { "type": "workspace" },
        })],
        "GetGroup" | "ListUsersForGroup" | "ListPoliciesForGroup" => vec![group],
        "GetAccessKeyLastUsed" | "GetAccessKeyPolicy" => {
            let user = if operation == "GetAccessKeyPolicy" { "UserPrincipalName" } else { "UserName" };
            vec![json!({ user: "alice", "UserAccessKeyId": of.alice.access_key() })]
        }
        "GetServiceCredential" => {
            vec![json!({ "UserPrincipalName": "alice", "ServiceCredentialId": of.service_credential })]
        }
        "ListServiceCredentials" => vec![json!({ "AllUsers": true })],
        "GetUserInRecycleBin" => vec![json!({ "UserId": of.recycled_user })],
        "ListAccessKeysInRecycleBin" => vec![json!({ "UserId": of.alice_id })],
        "GetAccessKeyInfoInRecycleBin" => vec![json!({ "UserAccessKeyId": of.recycled_key })],
        "GetPolicy" | "ListPolicyVersions" | "ListEntitiesForPolicy" => vec![policy],
        "GetPolicyVersion" => {
            vec![json!({ "PolicyName": "reads", "PolicyType": "Custom", "VersionId": "v1" })]
        }
        "GetPolicyTests" => vec![json!({ "policyName": "reads" })],
        "ListApiKeys"
        | "ListModelPermissions"
        | "ListModelLimits"
        | "ListMembers"
        | "GetWorkspaceUsage"
        | "ListWorkspaceBudgets" => {
            vec![here]
        }
        "GetApiKey" => vec![json!({ "apiKeyId": of.key_id })],
        "GetMember" | "GetEffectiveAccess" => {
            vec![json!({ "workspaceId": of.workspace, "userName": "alice" })]
        }
        "Explain" => vec![
            json!({ "subject": { "type": "user", "id": "alice" }, "action": "modelstudio:ListMembers", "workspaceId": of.workspace }),
            json!({ "subject": { "type": "user", "id": "alice" }, "page": "api-key", "workspaceId": of.workspace }),
            json!({ "subject": { "type": "apiKey", "id": of.key_id }, "model": "qwen-max" }),
        ],
        "GetDecision" => {
            vec![json!({ "requestId": of.refused_on_control }), json!({ "requestId": of.refused_on_gateway })]
        }
        "WhoCan" => vec![
            json!({ "action": "sfm:ListIndex" }),
            json!({ "model": "qwen-plus" }),
            json!({ "page": "api-key", "workspaceId": of.workspace }),
        ],
        "SimulateAccess" => vec![json!({
            "changes": [{ "type": "detach", "policyName": "reads", "to": { "type": "user", "name": "alice" } }],
            "requests": [{ "subject": { "type": "apiKey", "id": of.key_id }, "model": "qwen-plus" }],
            "decisions": {},
        })],
        "GetUsage" => ["model", "apiKey", "user", "workspace", "hour", "day"]
            .map(|by| json!({ "groupBy": by }))
            .to_vec(),
        "TestProvider" => vec![json!({ "name": "demo" })],
        "GetPermissionBoundary" => vec![json!({ "type": "user", "name": "alice" })],
        "GetAccountSummary"
        | "ListUserBasicInfos"
        | "GetAccessKeyPolicyForAccount"
        | "ListUsersInRecycleBin"
        | "GetCredentialReport"
        | "ListUsers"
        | "ListControlPolicies"
        | "ListRoles"
        | "ListOIDCProviders"
        | "ListGroups"
        | "ListPolicies"
        | "GetCallerIdentity"
        | "ListWorkspaces"
        | "ListAllApiKeys"
        | "ListModels"
        | "ListStudioUsers"
        | "ListPages"
        | "ListAuditRecords"
        | "VerifyAudit"
        | "ExportAudit"
        | "ListProviders"
        | "ListBudgets"
        | "GetSettings"
        | "ListVirtualMFADevices"
        | "GetPasswordPolicy"
        | "GetSecurityPreference"
        | "GetAccountAlias" => vec![json!({})],
        _ => panic!("{operation} reads, and nobody asks it here"),
    }
}

#[test]
fn no_answer_shows_anything_of_the_other_account() {
    let (installation, first, second) = Installation::shared(Database::Sqlite);
    run(async {
        let one = tenant(&installation, first, "mark-one", 3).await;
        let two = tenant(&installation, second, "mark-two", 5).await;
        let control = installation.control();
        for (own, other) in [(&one, &two), (&two, &one)] {
            let mut seen = String::new();
            for entry in OPERATIONS.iter().filter(|entry| entry.effect == Effect::Read) {
                for parameters in question(entry.name, own) {
                    for who in [&own.account.root, &own.manager] {
                        let body = control.done(who, entry.name, parameters.clone()).await.to_string();
                        for mark in &other.marks {
                            assert!(!body.contains(mark.as_str()), "{} shows {mark}: {body}", entry.name);
                        }
                        seen += &body;
                    }
                }
            }
            // Each account does see its own marks, so looking for the other's was no idle search.
            for mark in &own.marks {
                assert!(seen.contains(mark.as_str()), "no answer shows {mark}");
            }
        }
        for (own, other) in [(&one, &two), (&two, &one)] {
            for entry in OPERATIONS.iter().filter(|entry| entry.effect == Effect::Read) {
                ids_of_the_other_are_absent(&control, entry.name, own, other).await;
            }
        }
        for (own, calls) in [(&one, 3), (&two, 5)] {
            let usage = control.done(&own.account.root, "GetUsage", json!({ "groupBy": "model" })).await;
            let of_model =
                usage["usage"].as_array().unwrap().iter().find(|row| row["model"] == "qwen-plus").unwrap();
            assert_eq!(of_model["requests"], calls, "{usage}");
            let verified = control.done(&own.account.root, "VerifyAudit", json!({})).await;
            assert_eq!(verified["valid"], true);
        }
    });
}

/// The same questions with the other account's ids, as root of this one.
async fn ids_of_the_other_are_absent(control: &Control, operation: &str, own: &Tenant, other: &Tenant) {
    let of_other = question(operation, other);
    for parameters in of_other.into_iter().filter(|asked| !question(operation, own).contains(asked)) {
        let answer = control.call(&own.account.root, operation, parameters.clone()).await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if operation == "Explain" && answer.status == 200 {
            // About one's own alice, in a workspace that is not there for her.
            let decision = answer.json();
            assert_eq!(decision["decision"]["outcome"], "deny", "{body}");
            continue;
        }
        if operation == "WhoCan" {
            assert_eq!((answer.status, &answer.json()["principals"]), (200, &json!([])), "{body}");
            continue;
        }
        if operation == "EvaluateAccess" && answer.status == 200 {
            assert_eq!(answer.json()["decision"], false, "{body}");
            continue;
        }
        let expected = match operation {
            _ if parameters.get("workspaceId").is_some() => (403, "Workspace.AccessDenied"),
            "DecodeDiagnosticMessage" => (400, "InvalidParameter.EncodedDiagnosticMessage"),
            "GetDecision" => (404, "EntityNotExist.Decision"),
            "GetServiceCredential" => (404, "EntityNotExist.User.ServiceCredential"),
            "GetUserInRecycleBin" | "ListAccessKeysInRecycleBin" => (404, "EntityNotExist.User"),
            "GetAccessKeyLastUsed" | "GetAccessKeyPolicy" | "GetAccessKeyInfoInRecycleBin" => {
                (404, "EntityNotExist.User.AccessKey")
            }
            _ => (404, "EntityNotExist.ApiKey"),
        };
        let expected = (expected.0, expected.1.to_owned());
        assert_eq!((answer.status, answer.code()), expected, "{operation} {parameters}: {body}");
    }
}

#[test]
fn what_one_account_does_is_not_felt_by_the_other() {
    let (installation, first, second) = Installation::shared(Database::Sqlite);
    run(async {
        let one = tenant(&installation, first, "mark-one", 1).await;
        let two = tenant(&installation, second, "mark-two", 1).await;
        let (control, root) = (installation.control(), &one.account.root);
        let mut gateway = installation.gateway();
        let mut calls =
            async |tenant: &Tenant| gateway.send(&Call::chat(&tenant.key, "qwen-plus", "hello")).await.status;
        let limit = json!([{ "model": "qwen-plus", "requestLimit": 0, "requestLimitPeriod": 60 }]);
        control.done(root, "UpdateAccountModelLimits", json!({ "modelLimits": limit })).await;
        assert_eq!((calls(&one).await, calls(&two).await), (429, 200), "a limit of the account");
        let again = json!([{ "model": "qwen-plus", "operationType": "DELETE" }]);
        control.done(root, "UpdateAccountModelLimits", json!({ "modelLimits": again })).await;
        assert_eq!(calls(&one).await, 200);
        control
            .settings(root, json!({ "defaultWorkspaceRestricted": true, "delegateMemberRemoval": true }))
            .await;
        let settings = control.done(&two.account.root, "GetSettings", json!({})).await;
        assert_eq!(settings["settings"]["defaultWorkspaceRestricted"], false);
        assert_eq!(settings["settings"]["delegateMemberRemoval"], false);
        control.grant(root, &one.workspace, "qwen-plus", false).await;
        assert_eq!((calls(&one).await, calls(&two).await), (403, 200), "a grant");
        control.done(root, "DeleteModel", json!({ "model": "qwen-plus" })).await;
        assert_eq!((calls(&one).await, calls(&two).await), (404, 200), "a model of the same name");
        let version = json!({ "PolicyName": "reads", "PolicyDocument": DOCUMENT.replace("Allow", "Deny"), "SetAsDefault": true });
        let refused = control.call(root, "CreatePolicyVersion", version.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "PolicyTestsFailed"));
        control.done(root, "PutPolicyTests", json!({ "policyName": "reads", "tests": [] })).await;
        let tests = control.done(&two.account.root, "GetPolicyTests", json!({ "policyName": "reads" })).await;
        assert_eq!(tests["tests"].as_array().unwrap().len(), 1, "{tests}");
        control.done(root, "CreatePolicyVersion", version).await;
        let typed = json!({ "PolicyName": "reads", "PolicyType": "Custom" });
        let versions = control.done(&two.account.root, "ListPolicyVersions", typed).await;
        assert_eq!(versions["PolicyVersions"]["PolicyVersion"].as_array().unwrap().len(), 1);
        let tags = json!({ "ResourceType": "role", "ResourceNames": ["reader"], "All": true });
        control.done(root, "UntagResources", tags).await;
        let of_reader = json!({ "ResourceType": "role" });
        let tags = control.done(&two.account.root, "ListTagResources", of_reader).await;
        assert_eq!(tags["TagResources"][0]["TagValue"], "mark-two", "tags of a role of the same name");
        control.done(root, "RemoveUser", json!({ "userName": "alice" })).await;
        assert_eq!((calls(&one).await, calls(&two).await), (401, 200), "a user of the same name");
        let leave = json!({ "GroupName": "readers", "UserName": "alice" });
        control.done(root, "RemoveUserFromGroup", leave).await;
        let members =
            control.done(&two.account.root, "ListUsersForGroup", json!({ "GroupName": "readers" })).await;
        assert_eq!(members["Users"]["User"][0]["UserName"], "alice", "a group of the same name");
        let detach = json!({ "PolicyType": "Custom", "PolicyName": "reads", "UserName": "alice" });
        let mut for_workspace = detach.clone();
        for_workspace["ResourceGroupId"] = json!(one.workspace);
        control.done(root, "DetachPolicyFromUser", detach).await;
        control.done(root, "DetachPolicyFromUser", for_workspace).await;
        let key = json!({ "UserName": "alice", "UserAccessKeyId": one.alice.access_key() });
        control.done(root, "DeleteAccessKey", key).await;
        let alice = json!({ "UserName": "alice" });
        control.done(root, "DeleteLoginProfile", alice.clone()).await;
        control.done(root, "UnbindMFADevice", alice.clone()).await;
        for operation in ["GetLoginProfile", "GetUserMFAInfo"] {
            control.done(&two.account.root, operation, alice.clone()).await;
        }
        control.done(root, "DeleteUser", alice).await;
        assert_eq!(calls(&two).await, 200, "a user of the same name");
        let identity = control.done(&two.alice, "GetCallerIdentity", json!({})).await;
        assert_eq!(identity["AccountId"], two.account.id);
        assert_eq!(control.call(&one.alice, "GetCallerIdentity", json!({})).await.status, 404);
        tokens_stay_at_home(&control, &one, &two).await;
    });
}

#[test]
fn an_alias_stands_for_one_account() {
    let (installation, here, there) = Installation::shared(Database::Sqlite);
    run(async {
        let control = installation.control();
        let alias = json!({ "AccountAlias": "taken" });
        control.done(&here.root, "SetAccountAlias", alias.clone()).await;
        control.done(&here.root, "SetAccountAlias", alias.clone()).await;
        let refused = control.call(&there.root, "SetAccountAlias", alias.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "EntityAlreadyExists.AccountAlias"));
        assert_eq!(refused.field("message"), json!("The account alias does already exist."));
        control.done(&here.root, "ClearAccountAlias", json!({})).await;
        control.done(&there.root, "SetAccountAlias", alias).await;
    });
}

/// A page token is bound to its account, and is no use to another one.
async fn tokens_stay_at_home(control: &Control, one: &Tenant, two: &Tenant) {
    let first = json!({ "maxResults": 1 });
    let page = control.done(&one.account.root, "ListAuditRecords", first).await;
    let token = id_of(&page, "/nextToken");
    let next = json!({ "maxResults": 1, "nextToken": token });
    control.done(&one.account.root, "ListAuditRecords", next.clone()).await;
    let answer = control.call(&two.account.root, "ListAuditRecords", next).await;
    assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&answer.body));
}
