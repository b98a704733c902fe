//! Which operation answers which call.

use std::future::Future;
use std::pin::Pin;

use bailey_acs::parameters::Parameters;
use bailey_control::Origin;
use bailey_domain::Caller;
use bailey_domain::operations::{self, Entry};
use http::Method;
use serde_json::Value;

use crate::failure::Failure;
use crate::server::Api;

/// What a handler answers: the fields beside the request id.
pub(crate) type Answer = Result<Value, Failure>;

/// One call of an operation.
pub(crate) struct Call<'a> {
    pub(crate) api: &'a Api,
    pub(crate) caller: &'a Caller,
    pub(crate) parameters: &'a Parameters,
}

/// One call of an operation that takes no credential.
pub(crate) struct Visit<'a> {
    pub(crate) api: &'a Api,
    pub(crate) origin: Origin,
    pub(crate) parameters: &'a Parameters,
}

type Coming<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// What answers a call. There is no caller without a credential: what takes none has another type.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// After the credential was checked.
    Signed(for<'a> fn(&'a Call<'a>) -> Coming<'a>),
    /// Without one.
    Open(for<'a> fn(&'a Visit<'a>) -> Coming<'a>),
}

/// How a call is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// RPC: version and action, by header or parameter.
    Rpc {
        /// The API's version.
        version: &'static str,
    },
    /// ROA: method and path. A path segment in braces is a parameter.
    Roa {
        /// The method.
        method: Method,
        /// The path.
        path: &'static str,
    },
}

/// One row: how an operation is called.
pub struct Route {
    /// The operation's name in the permission table.
    pub operation: &'static str,
    /// How it is called.
    pub form: Form,
    pub(crate) handler: Handler,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.operation, self.form)
    }
}

impl Route {
    /// The operation's row in the permission table.
    pub fn entry(&self) -> &'static Entry {
        operations::find(self.operation).expect("a test compares the two tables")
    }

    /// Whether it is called without a credential.
    pub fn is_open(&self) -> bool {
        matches!(self.handler, Handler::Open(_))
    }

    /// The service, by the name that last uses are kept under.
    pub(crate) fn service_name(&self) -> &'static str {
        match &self.form {
            Form::Rpc { version: "2019-08-15" } => "Ims",
            Form::Rpc { version: "2015-04-01" } => "Sts",
            Form::Rpc { .. } => "Ram",
            Form::Roa { .. } => "ModelStudio",
        }
    }

    /// The name on the wire: what stands behind the service in the RAM action.
    pub fn wire_name(&self) -> &'static str {
        self.entry().action.split_once(':').map_or(self.operation, |(_, name)| name)
    }
}

/// Every way to call an operation, the first being the one that our own clients use. An operation that an older and a
/// newer API have alike is one row of the permission table, and has a call in each.
pub fn routes_of(operation: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| route.operation == operation)
}

macro_rules! routes {
    (
        rpc { $($version:literal $rpc:ident => $rpc_handler:path;)* }
        roa { $($method:ident $path:literal $roa:ident => $roa_handler:path;)* }
        open { $($open_method:ident $open_path:literal $open:ident => $open_handler:path;)* }
        open_rpc { $($open_version:literal $open_rpc:ident => $open_rpc_handler:path;)* }
    ) => {
        /// Every call that the control API answers.
        pub static ROUTES: &[Route] = &[
            $(Route {
                operation: stringify!($rpc),
                form: Form::Rpc { version: $version },
                handler: Handler::Signed(|call| Box::pin($rpc_handler(call))),
            },)*
            $(Route {
                operation: stringify!($roa),
                form: Form::Roa { method: Method::$method, path: $path },
                handler: Handler::Signed(|call| Box::pin($roa_handler(call))),
            },)*
            $(Route {
                operation: stringify!($open),
                form: Form::Roa { method: Method::$open_method, path: $open_path },
                handler: Handler::Open(|visit| Box::pin($open_handler(visit))),
            },)*
            $(Route {
                operation: stringify!($open_rpc),
                form: Form::Rpc { version: $open_version },
                handler: Handler::Open(|visit| Box::pin($open_rpc_handler(visit))),
            },)*
        ];
    };
}

use crate::{
    access_keys, account_logins, account_summary, attachments, audit, authzen, budgets, credential_report,
    diagnostics, explain, grants, groups, guards, ims_users, keys, limits, login_profiles, members,
    mfa_devices, models, network_policies, oidc_providers, policies, policy_tests, providers, recycle_bin,
    roles, root_login, service_credentials, service_linked_roles, sessions, settings, simulate, sts,
    studio_users, tags, usage, users, who_can, workspaces,
};

routes! {
    rpc {
        "2015-05-01" CreateUser => users::create_user;
        "2015-05-01" GetUser => users::get_user;
        "2015-05-01" UpdateUser => users::update_user;
        "2015-05-01" DeleteUser => users::delete_user;
        "2015-05-01" ListUsers => users::list_users;
        "2015-05-01" CreateAccessKey => access_keys::create_access_key;
        "2015-05-01" ListAccessKeys => access_keys::list_access_keys;
        "2015-05-01" UpdateAccessKey => access_keys::update_access_key;
        "2015-05-01" DeleteAccessKey => access_keys::delete_access_key;
        "2015-05-01" CreateGroup => groups::create_group;
        "2015-05-01" GetGroup => groups::get_group;
        "2015-05-01" UpdateGroup => groups::update_group;
        "2015-05-01" DeleteGroup => groups::delete_group;
        "2015-05-01" ListGroups => groups::list_groups;
        "2015-05-01" AddUserToGroup => groups::add_user_to_group;
        "2015-05-01" RemoveUserFromGroup => groups::remove_user_from_group;
        "2015-05-01" ListGroupsForUser => groups::list_groups_for_user;
        "2015-05-01" ListUsersForGroup => groups::list_users_for_group;
        "2015-05-01" CreatePolicy => policies::create_policy;
        "2015-05-01" GetPolicy => policies::get_policy;
        "2015-05-01" ListPolicies => policies::list_policies;
        "2015-05-01" UpdatePolicyDescription => policies::update_policy_description;
        "2015-05-01" DeletePolicy => policies::delete_policy;
        "2015-05-01" CreatePolicyVersion => policies::create_policy_version;
        "2015-05-01" GetPolicyVersion => policies::get_policy_version;
        "2015-05-01" ListPolicyVersions => policies::list_policy_versions;
        "2015-05-01" DeletePolicyVersion => policies::delete_policy_version;
        "2015-05-01" SetDefaultPolicyVersion => policies::set_default_policy_version;
        "2015-05-01" AttachPolicyToUser => attachments::attach_policy_to_user;
        "2015-05-01" DetachPolicyFromUser => attachments::detach_policy_from_user;
        "2015-05-01" ListPoliciesForUser => attachments::list_policies_for_user;
        "2015-05-01" AttachPolicyToGroup => attachments::attach_policy_to_group;
        "2015-05-01" DetachPolicyFromGroup => attachments::detach_policy_from_group;
        "2015-05-01" ListPoliciesForGroup => attachments::list_policies_for_group;
        "2015-05-01" ListEntitiesForPolicy => attachments::list_entities_for_policy;
        "2015-05-01" CreateLoginProfile => login_profiles::create_login_profile;
        "2015-05-01" GetLoginProfile => login_profiles::get_login_profile;
        "2015-05-01" UpdateLoginProfile => login_profiles::update_login_profile;
        "2015-05-01" DeleteLoginProfile => login_profiles::delete_login_profile;
        "2015-05-01" ChangePassword => login_profiles::change_password;
        "2015-05-01" CreateVirtualMFADevice => mfa_devices::create_virtual_mfa_device;
        "2015-05-01" ListVirtualMFADevices => mfa_devices::list_virtual_mfa_devices;
        "2015-05-01" DeleteVirtualMFADevice => mfa_devices::delete_virtual_mfa_device;
        "2015-05-01" BindMFADevice => mfa_devices::bind_mfa_device;
        "2015-05-01" UnbindMFADevice => mfa_devices::unbind_mfa_device;
        "2015-05-01" GetUserMFAInfo => mfa_devices::get_user_mfa_info;
        "2015-05-01" SetPasswordPolicy => account_logins::set_password_policy;
        "2015-05-01" GetPasswordPolicy => account_logins::get_password_policy;
        "2015-05-01" SetSecurityPreference => account_logins::set_security_preference;
        "2015-05-01" GetSecurityPreference => account_logins::get_security_preference;
        "2015-05-01" SetAccountAlias => account_logins::set_account_alias;
        "2015-05-01" GetAccountAlias => account_logins::get_account_alias;
        "2015-05-01" ClearAccountAlias => account_logins::clear_account_alias;
        "2015-05-01" DecodeDiagnosticMessage => diagnostics::decode_diagnostic_message;
        "2015-05-01" CreateRole => roles::create_role;
        "2015-05-01" GetRole => roles::get_role;
        "2015-05-01" UpdateRole => roles::update_role;
        "2015-05-01" DeleteRole => roles::delete_role;
        "2015-05-01" ListRoles => roles::list_roles;
        "2015-05-01" AttachPolicyToRole => attachments::attach_policy_to_role;
        "2015-05-01" DetachPolicyFromRole => attachments::detach_policy_from_role;
        "2015-05-01" ListPoliciesForRole => attachments::list_policies_for_role;
        "2015-05-01" TagResources => tags::tag_resources;
        "2015-05-01" UntagResources => tags::untag_resources;
        "2015-05-01" ListTagResources => tags::list_tag_resources;
        "2015-05-01" CreateServiceLinkedRole => service_linked_roles::create;
        "2015-05-01" DeleteServiceLinkedRole => service_linked_roles::delete;
        "2015-05-01" GetServiceLinkedRoleTemplate => service_linked_roles::template;
        "2015-04-01" GetCallerIdentity => sts::get_caller_identity;
        "2015-04-01" AssumeRole => sts::assume_role;
        "2015-05-01" GetAccessKeyLastUsed => access_keys::get_access_key_last_used;

        "2019-08-15" CreateUser => ims_users::create_user;
        "2019-08-15" GetUser => ims_users::get_user;
        "2019-08-15" UpdateUser => ims_users::update_user;
        "2019-08-15" DeleteUser => ims_users::delete_user;
        "2019-08-15" ListUsers => ims_users::list_users;
        "2019-08-15" ListUserBasicInfos => ims_users::list_user_basic_infos;
        "2019-08-15" GetAccountSummary => account_summary::get_account_summary;
        "2019-08-15" GetAccessKeyLastUsed => access_keys::get_access_key_last_used_of_ims;
        "2019-08-15" SetAccessKeyPolicy => network_policies::set_access_key_policy;
        "2019-08-15" GetAccessKeyPolicy => network_policies::get_access_key_policy;
        "2019-08-15" SetAccessKeyPolicyForAccount => network_policies::set_access_key_policy_for_account;
        "2019-08-15" GetAccessKeyPolicyForAccount => network_policies::get_access_key_policy_for_account;
        "2019-08-15" CreateServiceCredential => service_credentials::create_service_credential;
        "2019-08-15" GetServiceCredential => service_credentials::get_service_credential;
        "2019-08-15" ListServiceCredentials => service_credentials::list_service_credentials;
        "2019-08-15" UpdateServiceCredential => service_credentials::update_service_credential;
        "2019-08-15" DeleteServiceCredential => service_credentials::delete_service_credential;
        "2019-08-15" ListUsersInRecycleBin => recycle_bin::list_users_in_recycle_bin;
        "2019-08-15" GetUserInRecycleBin => recycle_bin::get_user_in_recycle_bin;
        "2019-08-15" RestoreUserFromRecycleBin => recycle_bin::restore_user_from_recycle_bin;
        "2019-08-15" DeleteUserInRecycleBin => recycle_bin::delete_user_in_recycle_bin;
        "2019-08-15" ListAccessKeysInRecycleBin => recycle_bin::list_access_keys_in_recycle_bin;
        "2019-08-15" GetAccessKeyInfoInRecycleBin => recycle_bin::get_access_key_info_in_recycle_bin;
        "2019-08-15" RestoreAccessKeyFromRecycleBin => recycle_bin::restore_access_key_from_recycle_bin;
        "2019-08-15" DeleteAccessKeyInRecycleBin => recycle_bin::delete_access_key_in_recycle_bin;
        "2019-08-15" GenerateCredentialReport => credential_report::generate_credential_report;
        "2019-08-15" GetCredentialReport => credential_report::get_credential_report;

        "2019-08-15" CreateOIDCProvider => oidc_providers::create_oidc_provider;
        "2019-08-15" GetOIDCProvider => oidc_providers::get_oidc_provider;
        "2019-08-15" ListOIDCProviders => oidc_providers::list_oidc_providers;
        "2019-08-15" UpdateOIDCProvider => oidc_providers::update_oidc_provider;
        "2019-08-15" DeleteOIDCProvider => oidc_providers::delete_oidc_provider;
        "2019-08-15" AddClientIdToOIDCProvider => oidc_providers::add_client_id;
        "2019-08-15" RemoveClientIdFromOIDCProvider => oidc_providers::remove_client_id;
    }
    roa {
        DELETE "/modelstudio/sessions" DeleteSession => sessions::delete_session;
        PUT "/modelstudio/root-login" UpdateRootLogin => root_login::update_root_login;

        POST "/modelstudio/workspaces" CreateWorkspace => workspaces::create_workspace;
        GET "/modelstudio/workspaces" ListWorkspaces => workspaces::list_workspaces;
        PUT "/modelstudio/workspaces/{workspaceId}" RenameWorkspace => workspaces::rename_workspace;
        DELETE "/modelstudio/workspaces/{workspaceId}" DeleteWorkspace => workspaces::delete_workspace;

        POST "/modelstudio/apikeys" CreateApiKey => keys::create_api_key;
        GET "/modelstudio/apikeys" ListApiKeys => keys::list_api_keys;
        GET "/modelstudio/apikeys/{apiKeyId}" GetApiKey => keys::get_api_key;
        PUT "/modelstudio/apikeys/{apiKeyId}" UpdateApiKey => keys::update_api_key;
        DELETE "/modelstudio/apikeys/{apiKeyId}" DeleteApiKey => keys::delete_api_key;
        PUT "/modelstudio/apikeys/{apiKeyId}/enable" EnableApiKey => keys::enable_api_key;
        PUT "/modelstudio/apikeys/{apiKeyId}/disable" DisableApiKey => keys::disable_api_key;
        PUT "/modelstudio/apikeys/{apiKeyId}/reset" ResetApiKey => keys::reset_api_key;

        PUT "/modelstudio/budgets" PutBudget => budgets::put_budget;
        DELETE "/modelstudio/budgets" DeleteBudget => budgets::delete_budget;
        GET "/modelstudio/budgets" ListBudgets => budgets::list_budgets;

        GET "/modelstudio/models" ListModels => models::list_models;
        PUT "/modelstudio/models/{model}" PutModel => models::put_model;
        DELETE "/modelstudio/models/{model}" DeleteModel => models::delete_model;
        GET "/modelstudio/models/permissions" ListModelPermissions => grants::list_model_permissions;
        POST "/modelstudio/models/permissions" UpdateModelPermissions => grants::update_model_permissions;
        GET "/modelstudio/models/limits" ListModelLimits => limits::list_model_limits;
        POST "/modelstudio/models/limits" UpdateModelLimits => limits::update_model_limits;
        POST "/modelstudio/models/account-limits" UpdateAccountModelLimits => limits::update_account_model_limits;

        POST "/modelstudio/users" AddUser => studio_users::add_user;
        POST "/modelstudio/users/batch" AddUsers => studio_users::add_users;
        GET "/modelstudio/users" ListStudioUsers => studio_users::list_studio_users;
        DELETE "/modelstudio/users/{userName}" RemoveUser => studio_users::remove_user;

        POST "/modelstudio/workspaces/{workspaceId}/members" AddMember => members::add_member;
        GET "/modelstudio/workspaces/{workspaceId}/members" ListMembers => members::list_members;
        GET "/modelstudio/workspaces/{workspaceId}/members/{userName}" GetMember => members::get_member;
        PUT "/modelstudio/workspaces/{workspaceId}/members/{userName}/pages" SetMemberPages => members::set_member_pages;
        DELETE "/modelstudio/workspaces/{workspaceId}/members/{userName}" RemoveMember => members::remove_member;
        GET "/modelstudio/workspaces/{workspaceId}/members/{userName}/access" GetEffectiveAccess => members::get_effective_access;
        GET "/modelstudio/pages" ListPages => members::list_pages;

        PUT "/modelstudio/policies/{policyName}/tests" PutPolicyTests => policy_tests::put_policy_tests;
        GET "/modelstudio/policies/{policyName}/tests" GetPolicyTests => policy_tests::get_policy_tests;
        POST "/modelstudio/explain" Explain => explain::explain;
        GET "/modelstudio/decisions/{requestId}" GetDecision => explain::get_decision;
        POST "/access/v1/evaluation" EvaluateAccess => authzen::evaluation;
        POST "/access/v1/evaluations" EvaluateAccess => authzen::evaluations;
        POST "/access/v1/search/resource" SearchAccess => authzen::search_resource;
        POST "/access/v1/search/subject" SearchAccess => authzen::search_subject;
        POST "/access/v1/search/action" SearchAccess => authzen::search_action;
        POST "/modelstudio/who-can" WhoCan => who_can::who_can;
        POST "/modelstudio/simulate" SimulateAccess => simulate::simulate_access;
        GET "/modelstudio/audit" ListAuditRecords => audit::list_audit_records;
        GET "/modelstudio/audit/verify" VerifyAudit => audit::verify_audit;
        GET "/modelstudio/audit/export" ExportAudit => audit::export_audit;
        GET "/modelstudio/usage" GetUsage => usage::get_usage;

        POST "/modelstudio/providers" CreateProvider => providers::create_provider;
        GET "/modelstudio/providers" ListProviders => providers::list_providers;
        PUT "/modelstudio/providers/{name}" UpdateProvider => providers::update_provider;
        DELETE "/modelstudio/providers/{name}" DeleteProvider => providers::delete_provider;
        POST "/modelstudio/providers/{name}/test" TestProvider => providers::test_provider;
        PUT "/modelstudio/boundaries/{type}/{name}" PutPermissionBoundary => guards::put_permission_boundary;
        DELETE "/modelstudio/boundaries/{type}/{name}" DeletePermissionBoundary => guards::delete_permission_boundary;
        GET "/modelstudio/boundaries/{type}/{name}" GetPermissionBoundary => guards::get_permission_boundary;
        PUT "/modelstudio/control-policies/{policyName}" AttachControlPolicy => guards::attach_control_policy;
        DELETE "/modelstudio/control-policies/{policyName}" DetachControlPolicy => guards::detach_control_policy;
        GET "/modelstudio/control-policies" ListControlPolicies => guards::list_control_policies;
        GET "/modelstudio/settings" GetSettings => settings::get_settings;
        PUT "/modelstudio/settings" UpdateSettings => settings::update_settings;
    }
    open {
        POST "/modelstudio/sessions" CreateSession => sessions::create_session;
    }
    open_rpc {
        "2015-04-01" AssumeRoleWithOIDC => sts::assume_role_with_oidc;
    }
}

/// Rows of the permission table that are reached through another operation's call.
pub const SHARED: &[(&str, &str)] = &[
    ("ListAllApiKeys", "ListApiKeys"),
    ("GetWorkspaceUsage", "GetUsage"),
    ("PutWorkspaceBudget", "PutBudget"),
    ("DeleteWorkspaceBudget", "DeleteBudget"),
    ("ListWorkspaceBudgets", "ListBudgets"),
];

/// The parameters in a path, by name, as they arrived.
pub(crate) type Values<'p> = Vec<(&'static str, &'p str)>;

/// What a path leads to.
pub(crate) enum Found<'p> {
    /// This route, with the values of its path parameters as they arrived.
    Route(&'static Route, Values<'p>),
    /// The path, but not with this method.
    OtherMethods(Vec<&'static Method>),
    /// Nothing.
    Nothing,
}

/// Finds the route of an RPC call.
pub(crate) fn find_rpc(version: &str, action: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| {
        matches!(&route.form, Form::Rpc { version: own } if *own == version) && route.operation == action
    })
}

/// Finds the route of an ROA call. A literal segment wins over a parameter, so `models/limits` is no model's name.
pub(crate) fn find_roa<'p>(wanted: &Method, asked: &'p str) -> Found<'p> {
    let mut best: Option<(&'static Route, Values<'p>)> = None;
    let mut others = Vec::new();
    let mut shortest = usize::MAX;
    for route in ROUTES {
        let Form::Roa { method, path } = &route.form else { continue };
        let Some(values) = match_path(path, asked) else { continue };
        shortest = shortest.min(values.len());
        if method != wanted {
            others.push((values.len(), method));
        } else if best.as_ref().is_none_or(|(_, best)| values.len() < best.len()) {
            best = Some((route, values));
        }
    }
    match best {
        Some((route, values)) if values.len() == shortest => Found::Route(route, values),
        _ if shortest == usize::MAX => Found::Nothing,
        _ => Found::OtherMethods(
            others.into_iter().filter(|(count, _)| *count == shortest).map(|(_, method)| method).collect(),
        ),
    }
}

fn match_path<'p>(template: &'static str, path: &'p str) -> Option<Values<'p>> {
    let mut values = Vec::new();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(_) if given.is_empty() => return None,
                    Some(name) => values.push((name, given)),
                    None if wanted == given => {}
                    None => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_call_and_every_call_an_operation() {
        for route in ROUTES {
            assert!(operations::find(route.operation).is_some(), "{}", route.operation);
        }
        for entry in operations::OPERATIONS {
            let direct = ROUTES.iter().any(|route| route.operation == entry.name);
            let shared = SHARED.iter().any(|(own, _)| *own == entry.name);
            assert!(direct != shared, "{}", entry.name);
        }
    }

    #[test]
    fn signing_in_and_tokens_of_issuers_are_the_calls_without_a_credential() {
        let open: Vec<_> = ROUTES.iter().filter(|route| route.is_open()).collect();
        assert_eq!(
            format!("{open:?}"),
            "[CreateSession Roa { method: POST, path: \"/modelstudio/sessions\" }, AssumeRoleWithOIDC Rpc { version: \"2015-04-01\" }]"
        );
    }

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        let name = |method: Method, path| match find_roa(&method, path) {
            Found::Route(route, values) => format!("{} {values:?}", route.operation),
            Found::OtherMethods(methods) => format!("{methods:?}"),
            Found::Nothing => "nothing".to_owned(),
        };
        assert_eq!(name(Method::GET, "/modelstudio/models/limits"), "ListModelLimits []");
        assert_eq!(
            name(Method::PUT, "/modelstudio/models/qwen-plus"),
            "PutModel [(\"model\", \"qwen-plus\")]"
        );
        assert_eq!(name(Method::PUT, "/modelstudio/models/limits"), "[GET, POST]");
        assert_eq!(name(Method::PUT, "/modelstudio/workspaces//"), "nothing");
        assert_eq!(name(Method::GET, "/modelstudio/nothing"), "nothing");
    }
}
