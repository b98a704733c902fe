//! Which command calls which operation: help examples, hints and the test that nothing is out of reach read this table.

/// Operation, command, and arguments that make a whole example.
pub(crate) static COMMANDS: &[(&str, &str, &str)] = &[
    ("CreateUser", "ram-user create", "alice --display-name Alice"),
    ("GetUser", "ram-user get", "alice"),
    ("UpdateUser", "ram-user update", "alice --new-name alice.liddell"),
    ("DeleteUser", "ram-user delete", "alice"),
    ("ListUsers", "ram-user list", "--limit 50"),
    ("CreateAccessKey", "access-key create", "--user alice"),
    ("ListAccessKeys", "access-key list", "--user alice"),
    ("UpdateAccessKey", "access-key update", "LTAI5tExample --user alice --status inactive"),
    ("DeleteAccessKey", "access-key delete", "LTAI5tExample --user alice"),
    ("CreateGroup", "group create", "developers --comments backend"),
    ("GetGroup", "group get", "developers"),
    ("UpdateGroup", "group update", "developers --new-name engineers"),
    ("DeleteGroup", "group delete", "developers"),
    ("ListGroups", "group list", "--limit 50"),
    ("AddUserToGroup", "group add-user", "developers alice"),
    ("RemoveUserFromGroup", "group remove-user", "developers alice"),
    ("ListGroupsForUser", "group list", "--user alice"),
    ("ListUsersForGroup", "group users", "developers"),
    (
        "CreateLoginProfile",
        "login-profile create",
        "alice --password-file key.txt --password-reset-required true",
    ),
    ("GetLoginProfile", "login-profile get", "alice"),
    ("UpdateLoginProfile", "login-profile update", "alice --mfa-bind-required true"),
    ("DeleteLoginProfile", "login-profile delete", "alice"),
    (
        "ChangePassword",
        "login-profile change-password",
        "--old-password-file key.txt --new-password-file key.txt",
    ),
    ("CreateVirtualMFADevice", "mfa create", "alices-phone"),
    ("ListVirtualMFADevices", "mfa list", ""),
    ("DeleteVirtualMFADevice", "mfa delete", "acs:ram::1234567890123456:mfa/alices-phone"),
    (
        "BindMFADevice",
        "mfa bind",
        "acs:ram::1234567890123456:mfa/alices-phone --user alice --codes 123456 654321",
    ),
    ("UnbindMFADevice", "mfa unbind", "--user alice"),
    ("GetUserMFAInfo", "mfa get", "--user alice"),
    ("SetPasswordPolicy", "account set-password-policy", "--minimum-length 12 --require-symbols true"),
    ("GetPasswordPolicy", "account get-password-policy", ""),
    ("SetSecurityPreference", "account set-security-preference", "--session-hours 8 --networks 10.0.0.0/8"),
    ("GetSecurityPreference", "account get-security-preference", ""),
    ("SetAccountAlias", "account set-alias", "example"),
    ("GetAccountAlias", "account get-alias", ""),
    ("ClearAccountAlias", "account clear-alias", ""),
    ("UpdateRootLogin", "account update-root-login", "--password-file key.txt"),
    ("CreateSession", "login", "--user alice"),
    ("DeleteSession", "logout", ""),
    ("CreateRole", "role create", "operator --trust policy.json --max-session-duration 7200"),
    ("GetRole", "role get", "operator"),
    ("UpdateRole", "role update", "operator --description operations"),
    ("DeleteRole", "role delete", "operator"),
    ("ListRoles", "role list", "--limit 50"),
    (
        "AssumeRole",
        "role assume",
        "acs:ram::1234567890123456:role/operator --session-name night-shift --duration 900",
    ),
    ("TagResources", "tag add", "operator --type role --tag team=red"),
    ("UntagResources", "tag remove", "operator --type role --key team"),
    ("ListTagResources", "tag list", "--type role --tag team"),
    ("CreateServiceLinkedRole", "role create-service-linked", "ecs.aliyuncs.com"),
    ("DeleteServiceLinkedRole", "role delete-service-linked", "AliyunServiceRoleForEcs"),
    ("GetServiceLinkedRoleTemplate", "role get-service-linked-template", "ecs.aliyuncs.com"),
    (
        "AssumeRoleWithOIDC",
        "role assume-with-oidc",
        "acs:ram::1234567890123456:role/operator --provider acs:ram::1234567890123456:oidc-provider/corp --token key.txt --session-name build-7",
    ),
    (
        "CreateOIDCProvider",
        "oidc-provider create",
        "corp --issuer https://login.example.com/tenant --client-id bailey",
    ),
    ("GetOIDCProvider", "oidc-provider get", "corp"),
    ("ListOIDCProviders", "oidc-provider list", "--limit 50"),
    ("UpdateOIDCProvider", "oidc-provider update", "corp --issuance-limit-time 6"),
    ("DeleteOIDCProvider", "oidc-provider delete", "corp"),
    ("AddClientIdToOIDCProvider", "oidc-provider add-client-id", "corp batch"),
    ("RemoveClientIdFromOIDCProvider", "oidc-provider remove-client-id", "corp batch"),
    ("AttachPolicyToRole", "policy attach", "AliyunBailianFullAccess --type system --role operator"),
    ("DetachPolicyFromRole", "policy detach", "AliyunBailianFullAccess --type system --role operator"),
    ("ListPoliciesForRole", "policy list", "--role operator"),
    ("DecodeDiagnosticMessage", "policy decode", "key.txt"),
    ("GetAccessKeyLastUsed", "access-key last-used", "LTAI5tExample --user alice"),
    ("SetAccessKeyPolicy", "access-key policy set", "LTAI5tExample --user alice --address 10.0.0.0/8"),
    ("GetAccessKeyPolicy", "access-key policy get", "LTAI5tExample --user alice"),
    ("SetAccessKeyPolicyForAccount", "access-key policy set-for-account", "--address 10.0.0.0/8"),
    ("GetAccessKeyPolicyForAccount", "access-key policy get-for-account", ""),
    ("GetAccountSummary", "account summary", ""),
    ("ListUserBasicInfos", "ram-user list-basic", "--limit 50"),
    ("CreateServiceCredential", "service-credential create", "ci --user alice --age-days 90"),
    ("GetServiceCredential", "service-credential get", "scred-ExampleExampleExampl --user alice"),
    ("ListServiceCredentials", "service-credential list", "--all"),
    (
        "UpdateServiceCredential",
        "service-credential update",
        "scred-ExampleExampleExampl --user alice --status inactive",
    ),
    ("DeleteServiceCredential", "service-credential delete", "scred-ExampleExampleExampl --user alice"),
    ("ListUsersInRecycleBin", "recycle-bin list-users", "--name alice"),
    ("GetUserInRecycleBin", "recycle-bin get-user", "123456789012345678"),
    ("RestoreUserFromRecycleBin", "recycle-bin restore-user", "123456789012345678"),
    ("DeleteUserInRecycleBin", "recycle-bin delete-user", "123456789012345678"),
    ("ListAccessKeysInRecycleBin", "recycle-bin list-access-keys", "--user-id 123456789012345678"),
    ("GetAccessKeyInfoInRecycleBin", "recycle-bin get-access-key", "LTAI5tExample"),
    (
        "RestoreAccessKeyFromRecycleBin",
        "recycle-bin restore-access-key",
        "LTAI5tExample --user-id 123456789012345678",
    ),
    (
        "DeleteAccessKeyInRecycleBin",
        "recycle-bin delete-access-key",
        "LTAI5tExample --user-id 123456789012345678",
    ),
    ("GenerateCredentialReport", "credential-report generate", ""),
    ("GetCredentialReport", "credential-report get", ""),
    ("CreatePolicy", "policy create", "ReadPrompts --document policy.json"),
    ("GetPolicy", "policy get", "AliyunBailianFullAccess --type system"),
    ("ListPolicies", "policy list", "--type custom"),
    ("UpdatePolicyDescription", "policy update", "ReadPrompts --description reading"),
    ("DeletePolicy", "policy delete", "ReadPrompts"),
    ("CreatePolicyVersion", "policy create-version", "ReadPrompts --document policy.json --default"),
    ("GetPolicyVersion", "policy get-version", "ReadPrompts v2"),
    ("ListPolicyVersions", "policy list-versions", "ReadPrompts"),
    ("DeletePolicyVersion", "policy delete-version", "ReadPrompts v1"),
    ("SetDefaultPolicyVersion", "policy set-default-version", "ReadPrompts v2"),
    ("AttachPolicyToUser", "policy attach", "AliyunBailianFullAccess --type system --user alice"),
    ("DetachPolicyFromUser", "policy detach", "ReadPrompts --user alice"),
    ("ListPoliciesForUser", "policy list", "--user alice"),
    ("AttachPolicyToGroup", "policy attach", "AliyunBailianFullAccess --type system --group developers"),
    ("DetachPolicyFromGroup", "policy detach", "ReadPrompts --group developers"),
    ("ListPoliciesForGroup", "policy list", "--group developers"),
    ("ListEntitiesForPolicy", "policy list-entities", "ReadPrompts"),
    ("PutPolicyTests", "policy put-tests", "ReadPrompts --tests tests.json"),
    ("GetPolicyTests", "policy get-tests", "ReadPrompts"),
    ("GetCallerIdentity", "whoami", ""),
    ("CreateWorkspace", "workspace create", "Research"),
    ("ListWorkspaces", "workspace list", "--name research"),
    ("RenameWorkspace", "workspace rename", "llm-0123456789abcdef Production"),
    ("DeleteWorkspace", "workspace delete", "llm-0123456789abcdef"),
    ("CreateApiKey", "key create", "--workspace llm-0123456789abcdef --description ci --model qwen-plus"),
    ("ListApiKeys", "key list", "--workspace llm-0123456789abcdef"),
    ("ListAllApiKeys", "key list", ""),
    ("GetApiKey", "key get", "1234567"),
    ("UpdateApiKey", "key update", "1234567 --access-ip 10.0.0.0/8 --expires-at 2027-01-31T00:00:00Z"),
    ("DeleteApiKey", "key delete", "1234567"),
    ("EnableApiKey", "key enable", "1234567"),
    ("DisableApiKey", "key disable", "1234567"),
    ("ResetApiKey", "key reset", "1234567 --overlap 3600"),
    ("ListModels", "model list", "--capability chat"),
    ("PutModel", "model put", "qwen-plus --name Qwen-Plus --route demo"),
    ("DeleteModel", "model delete", "qwen-plus"),
    ("ListModelPermissions", "model list-permissions", "--workspace llm-0123456789abcdef"),
    (
        "UpdateModelPermissions",
        "model update-permissions",
        "qwen-plus qwen-max --workspace llm-0123456789abcdef --inference true",
    ),
    ("ListModelLimits", "limit list", "--workspace llm-0123456789abcdef"),
    (
        "UpdateModelLimits",
        "limit update",
        "qwen-plus --workspace llm-0123456789abcdef --requests 60 --per 60",
    ),
    (
        "UpdateAccountModelLimits",
        "limit update-account",
        "qwen-plus --requests 600 --per 60 --tokens 100000 --tokens-per 60",
    ),
    ("AddUser", "user add", "alice --display-name Alice"),
    ("AddUsers", "user add-all", "users.csv --dry-run"),
    ("ListStudioUsers", "user list", ""),
    ("RemoveUser", "user remove", "alice"),
    ("AddMember", "member add", "alice --workspace llm-0123456789abcdef --page api-key --page prompts"),
    ("ListMembers", "member list", "--workspace llm-0123456789abcdef"),
    ("GetMember", "member get", "alice --workspace llm-0123456789abcdef"),
    ("SetMemberPages", "member set-pages", "alice --workspace llm-0123456789abcdef --page administrator"),
    ("RemoveMember", "member remove", "alice --workspace llm-0123456789abcdef"),
    ("GetEffectiveAccess", "member access", "alice --workspace llm-0123456789abcdef"),
    ("ListPages", "page list", ""),
    ("Explain", "explain", "--subject user:alice --action sfm:CreateIndex --workspace llm-0123456789abcdef"),
    ("GetDecision", "explain", "5E7A3B9C-1B2D-4F60-8A9B-0C1D2E3F4A5B"),
    (
        "EvaluateAccess",
        "access evaluate",
        "--subject user:alice --action model:call --resource model:qwen-plus --workspace llm-0123456789abcdef",
    ),
    (
        "SearchAccess",
        "access search",
        "--subject user:alice --action sfm:CreateIndex --resource-type workspace",
    ),
    ("WhoCan", "who-can", "sfm:CreateIndex --workspace llm-0123456789abcdef"),
    ("SimulateAccess", "simulate", "changes.json"),
    ("ListAuditRecords", "audit list", "--action RemoveMember --from 2026-11-01T00:00:00Z"),
    ("VerifyAudit", "audit verify", ""),
    ("ExportAudit", "audit export", ""),
    ("GetUsage", "usage get", "--group-by user"),
    ("GetWorkspaceUsage", "usage get", "--workspace llm-0123456789abcdef"),
    ("PutBudget", "budget put", "500000000 --notice 80 --hard-stop"),
    ("PutWorkspaceBudget", "budget put", "5000000 --workspace llm-0123456789abcdef --user alice --hard-stop"),
    ("DeleteBudget", "budget delete", ""),
    ("DeleteWorkspaceBudget", "budget delete", "--workspace llm-0123456789abcdef"),
    ("ListBudgets", "budget list", ""),
    ("ListWorkspaceBudgets", "budget list", "--workspace llm-0123456789abcdef"),
    (
        "CreateProvider",
        "provider create",
        "acme --dialect openai --base-url https://api.example.com/v1 --api-key-file key.txt",
    ),
    ("PutPermissionBoundary", "boundary put", "AliyunBailianFullAccess --type system --user alice"),
    ("DeletePermissionBoundary", "boundary delete", "--role operator"),
    ("GetPermissionBoundary", "boundary get", "--user alice"),
    ("AttachControlPolicy", "control-policy attach", "no-deletions"),
    ("DetachControlPolicy", "control-policy detach", "no-deletions"),
    ("ListControlPolicies", "control-policy list", ""),
    ("ListProviders", "provider list", ""),
    ("UpdateProvider", "provider update", "acme --max-concurrency 200 --first-byte-timeout-ms 120000"),
    ("DeleteProvider", "provider delete", "acme"),
    ("TestProvider", "provider test", "acme"),
    ("GetSettings", "settings get", ""),
    ("UpdateSettings", "settings update", "delegateMemberRemoval=true"),
];

/// An example for a command's help.
pub(crate) fn example(operation: &str) -> String {
    let found = COMMANDS.iter().find(|(name, ..)| *name == operation);
    let (_, command, arguments) = found.expect("a test parses every command's help");
    format!("Example:\n  {}", format!("bailey {command} {arguments}").trim_end())
}

/// A sentence in which the server names operations, with the commands that call them.
pub(crate) fn with_commands(sentence: &str) -> String {
    let words = sentence.split(|character: char| !character.is_ascii_alphanumeric());
    let commands: Vec<String> = words
        .filter_map(|word| COMMANDS.iter().find(|(name, ..)| *name == word))
        .map(|(_, command, _)| format!("`bailey {command}`"))
        .collect();
    if commands.is_empty() { sentence.to_owned() } else { format!("{sentence} ({})", commands.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parsed;
    use bailey_domain::operations::OPERATIONS;

    /// The example as arguments, its files made in `directory`.
    fn arguments(directory: &std::path::Path, command: &str, rest: &str) -> Vec<String> {
        let contents = [
            ("policy.json", "{}"),
            ("tests.json", "[]"),
            ("changes.json", "{}"),
            ("users.csv", "userName\nalice"),
            ("key.txt", "sk-1"),
        ];
        for (name, text) in contents {
            std::fs::write(directory.join(name), text).unwrap();
        }
        let placed = |word: &str| match contents.iter().any(|(name, _)| *name == word) {
            true => directory.join(word).display().to_string(),
            false => word.to_owned(),
        };
        format!("{command} {rest}").split_whitespace().map(placed).collect()
    }

    #[test]
    fn every_operation_has_a_command_that_parses_and_calls_it() {
        let directory = tempfile::tempdir().unwrap();
        for entry in OPERATIONS {
            let row = COMMANDS.iter().find(|(name, ..)| *name == entry.name);
            let (name, command, rest) = row.unwrap_or_else(|| panic!("{} has no command", entry.name));
            let plan = parsed(&arguments(directory.path(), command, rest)).plan();
            let plan = plan.unwrap_or_else(|failure| panic!("{name}: {failure}"));
            // Signing in and out are calls and more.
            if matches!(*command, "login" | "logout") {
                assert!(plan.is_none() && matches!(*name, "CreateSession" | "DeleteSession"), "{name}");
                continue;
            }
            assert_eq!(plan.unwrap_or_else(|| panic!("{name} is no call")).operation, *name);
        }
        for (name, ..) in COMMANDS {
            assert!(bailey_domain::operations::find(name).is_some(), "{name} is no operation");
        }
    }

    #[test]
    fn sentences_that_name_operations_name_commands() {
        assert_eq!(
            with_commands("wait, or UpdateModelLimits"),
            "wait, or UpdateModelLimits (`bailey limit update`)"
        );
        assert_eq!(with_commands("call as root"), "call as root");
    }
}
