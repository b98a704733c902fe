//! The permission table: every operation, what it is done on, and what it needs.
//!
//! The check ([`crate::directory`]), the reference page, the router's test and the access matrix all read
//! this one table. A new operation is one row here; without a route, a CLI command or a matrix row its
//! absence fails a test.

use bailey_policy::ActionCatalogue;

use crate::id::WorkspaceId;
use crate::login::Preference;
use crate::page::Page::{Administrator, ApiKey, PermissionManagement};
use crate::rules::Needs::{
    self, All, Any, Anyone, Delegated, Management, Member, MemberSomewhere, Myself, Page, Policy, Root,
    SelfService, Trusted, Vouched,
};
use crate::scope::{Assumption, Person, RamScope, Scope, ScopeKind, Seat, WholeAccount};

/// Which API an operation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// RAM, version 2015-05-01.
    Ram,
    /// STS, version 2015-04-01.
    Sts,
    /// IMS, version 2019-08-15: RAM's newer API of identities. Its actions are RAM's.
    Ims,
    /// ModelStudio, version 2026-02-10, and our own operations in its style.
    ModelStudio,
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It changes something: it is audited and commits a revision.
    Write,
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// Its place in the table.
    pub position: usize,
    /// Its name: the same in API, CLI, audit and docs.
    pub name: &'static str,
    /// The RAM action that policies name.
    pub action: &'static str,
    /// Which API it belongs to.
    pub service: Service,
    /// What it is done on.
    pub scope: ScopeKind,
    /// Whether it changes anything.
    pub effect: Effect,
    /// What it needs.
    pub needs: Needs,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// A type for each row, so that a permit for one operation cannot be used for another.
pub trait Operation {
    /// What it is done on.
    type On: Scope;
    /// Its row.
    fn entry() -> &'static Entry;
}

macro_rules! operations {
    ($($(#[doc = $doc:literal])* $name:ident: $service:ident $action:literal, $effect:ident on $on:ty, $needs:expr;)*) => {
        enum Position { $($name,)* }

        $(
            $(#[doc = $doc])*
            #[derive(Debug)]
            pub struct $name;
            impl Operation for $name {
                type On = $on;
                fn entry() -> &'static Entry {
                    &OPERATIONS[Position::$name as usize]
                }
            }
        )*

        /// Every operation.
        pub static OPERATIONS: &[Entry] = &[$(Entry {
            position: Position::$name as usize,
            name: stringify!($name),
            action: $action,
            service: Service::$service,
            scope: <$on as Scope>::KIND,
            effect: Effect::$effect,
            needs: $needs,
            summary: concat!($($doc),*),
        },)*];
    };
}

const MANAGER: Needs = Any(&[Root, Management]);
const MANAGER_INSIDE: Needs = Any(&[Root, All(&[Management, Member])]);
const KEY_KEEPER: Needs = Any(&[Root, Management, Page(ApiKey)]);
const KEY_MAKER: Needs = Any(&[Root, All(&[Management, Member]), Page(ApiKey)]);
const PERMISSION_KEEPER: Needs = Any(&[Root, Management, Page(PermissionManagement)]);
const OWN_ACCESS_KEYS: Needs = Any(&[Root, Policy, SelfService(Preference::ManageAccessKeys)]);
const OWN_MFA: Needs = Any(&[Root, Policy, SelfService(Preference::ManageMfaDevices)]);

operations! {
    /// Creates a RAM user.
    CreateUser: Ram "ram:CreateUser", Write on RamScope, Any(&[Root, Policy]);
    /// Shows a RAM user.
    GetUser: Ram "ram:GetUser", Read on RamScope, Any(&[Root, Policy]);
    /// Changes a RAM user's name or details.
    UpdateUser: Ram "ram:UpdateUser", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes a RAM user and with it, for good, every API key it owns.
    DeleteUser: Ram "ram:DeleteUser", Write on RamScope, Any(&[Root, Policy]);
    /// Lists RAM users.
    ListUsers: Ram "ram:ListUsers", Read on RamScope, Any(&[Root, Policy]);
    /// Creates an access key; its secret is shown once.
    CreateAccessKey: Ram "ram:CreateAccessKey", Write on RamScope, OWN_ACCESS_KEYS;
    /// Lists a user's access keys.
    ListAccessKeys: Ram "ram:ListAccessKeys", Read on RamScope, OWN_ACCESS_KEYS;
    /// Switches an access key on or off.
    UpdateAccessKey: Ram "ram:UpdateAccessKey", Write on RamScope, OWN_ACCESS_KEYS;
    /// Deletes an access key.
    DeleteAccessKey: Ram "ram:DeleteAccessKey", Write on RamScope, OWN_ACCESS_KEYS;
    /// Lets a RAM user sign in with a password.
    CreateLoginProfile: Ram "ram:CreateLoginProfile", Write on RamScope, Any(&[Root, Policy]);
    /// Shows how a RAM user signs in; never the password.
    GetLoginProfile: Ram "ram:GetLoginProfile", Read on RamScope, Any(&[Root, Policy]);
    /// Changes a RAM user's password, or what must be done after signing in. The user's sessions end before the answer.
    UpdateLoginProfile: Ram "ram:UpdateLoginProfile", Write on RamScope, Any(&[Root, Policy]);
    /// Takes a RAM user's password away. The user's sessions end before the answer.
    DeleteLoginProfile: Ram "ram:DeleteLoginProfile", Write on RamScope, Any(&[Root, Policy]);
    /// Changes the caller's own password. The caller's other sessions end before the answer.
    ChangePassword: Ram "ram:ChangePassword", Write on RamScope, Any(&[Root, Policy, SelfService(Preference::ChangePassword)]);
    /// Makes a virtual MFA device; its seed is shown once.
    CreateVirtualMFADevice: Ram "ram:CreateVirtualMFADevice", Write on RamScope, OWN_MFA;
    /// Lists the virtual MFA devices.
    ListVirtualMFADevices: Ram "ram:ListVirtualMFADevices", Read on RamScope, Any(&[Root, Policy]);
    /// Deletes a virtual MFA device that is bound to nobody.
    DeleteVirtualMFADevice: Ram "ram:DeleteVirtualMFADevice", Write on RamScope, OWN_MFA;
    /// Binds a virtual MFA device to a RAM user, by two codes that follow each other.
    BindMFADevice: Ram "ram:BindMFADevice", Write on RamScope, OWN_MFA;
    /// Takes a RAM user's MFA device off. Done by somebody else, it ends the user's sessions before the answer.
    UnbindMFADevice: Ram "ram:UnbindMFADevice", Write on RamScope, OWN_MFA;
    /// Shows a RAM user's MFA device.
    GetUserMFAInfo: Ram "ram:GetUserMFAInfo", Read on RamScope, OWN_MFA;
    /// Sets what the account demands of passwords.
    SetPasswordPolicy: Ram "ram:SetPasswordPolicy", Write on RamScope, Any(&[Root, Policy]);
    /// Shows what the account demands of passwords.
    GetPasswordPolicy: Ram "ram:GetPasswordPolicy", Read on RamScope, Any(&[Root, Policy]);
    /// Sets how RAM users may sign in, and what they may do for themselves.
    SetSecurityPreference: Ram "ram:SetSecurityPreference", Write on RamScope, Any(&[Root, Policy]);
    /// Shows how RAM users may sign in, and what they may do for themselves.
    GetSecurityPreference: Ram "ram:GetSecurityPreference", Read on RamScope, Any(&[Root, Policy]);
    /// Gives the account an alias, for user names such as `alice@example`.
    SetAccountAlias: Ram "ram:SetAccountAlias", Write on RamScope, Any(&[Root, Policy]);
    /// Shows the account's alias.
    GetAccountAlias: Ram "ram:GetAccountAlias", Read on RamScope, Any(&[Root, Policy]);
    /// Takes the account's alias away.
    ClearAccountAlias: Ram "ram:ClearAccountAlias", Write on RamScope, Any(&[Root, Policy]);
    /// Creates a RAM group.
    CreateGroup: Ram "ram:CreateGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Shows a RAM group.
    GetGroup: Ram "ram:GetGroup", Read on RamScope, Any(&[Root, Policy]);
    /// Changes a RAM group's name or comments; members and policies stay.
    UpdateGroup: Ram "ram:UpdateGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes a RAM group that has neither members nor policies.
    DeleteGroup: Ram "ram:DeleteGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Lists RAM groups.
    ListGroups: Ram "ram:ListGroups", Read on RamScope, Any(&[Root, Policy]);
    /// Puts a RAM user into a group, whose policies count for the user from then on.
    AddUserToGroup: Ram "ram:AddUserToGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Takes a RAM user out of a group; what the group's policies allowed is refused before the answer.
    RemoveUserFromGroup: Ram "ram:RemoveUserFromGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the groups that a RAM user is in.
    ListGroupsForUser: Ram "ram:ListGroupsForUser", Read on RamScope, Any(&[Root, Policy]);
    /// Lists the RAM users in a group.
    ListUsersForGroup: Ram "ram:ListUsersForGroup", Read on RamScope, Any(&[Root, Policy]);
    /// Creates a custom policy.
    CreatePolicy: Ram "ram:CreatePolicy", Write on RamScope, Any(&[Root, Policy]);
    /// Shows a policy and its default version.
    GetPolicy: Ram "ram:GetPolicy", Read on RamScope, Any(&[Root, Policy]);
    /// Lists policies.
    ListPolicies: Ram "ram:ListPolicies", Read on RamScope, Any(&[Root, Policy]);
    /// Changes a custom policy's description.
    UpdatePolicyDescription: Ram "ram:UpdatePolicyDescription", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes a custom policy that is attached to nothing.
    DeletePolicy: Ram "ram:DeletePolicy", Write on RamScope, Any(&[Root, Policy]);
    /// Adds a version to a custom policy.
    CreatePolicyVersion: Ram "ram:CreatePolicyVersion", Write on RamScope, Any(&[Root, Policy]);
    /// Shows one version of a policy.
    GetPolicyVersion: Ram "ram:GetPolicyVersion", Read on RamScope, Any(&[Root, Policy]);
    /// Lists a policy's versions.
    ListPolicyVersions: Ram "ram:ListPolicyVersions", Read on RamScope, Any(&[Root, Policy]);
    /// Deletes a version that is not the default one.
    DeletePolicyVersion: Ram "ram:DeletePolicyVersion", Write on RamScope, Any(&[Root, Policy]);
    /// Makes a version the one that counts.
    SetDefaultPolicyVersion: Ram "ram:SetDefaultPolicyVersion", Write on RamScope, Any(&[Root, Policy]);
    /// Attaches a policy to a RAM user.
    AttachPolicyToUser: Ram "ram:AttachPolicyToUser", Write on RamScope, Any(&[Root, Policy]);
    /// Detaches a policy from a RAM user.
    DetachPolicyFromUser: Ram "ram:DetachPolicyFromUser", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the policies attached to a RAM user.
    ListPoliciesForUser: Ram "ram:ListPoliciesForUser", Read on RamScope, Any(&[Root, Policy]);
    /// Attaches a policy to a RAM group.
    AttachPolicyToGroup: Ram "ram:AttachPolicyToGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Detaches a policy from a RAM group.
    DetachPolicyFromGroup: Ram "ram:DetachPolicyFromGroup", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the policies attached to a RAM group.
    ListPoliciesForGroup: Ram "ram:ListPoliciesForGroup", Read on RamScope, Any(&[Root, Policy]);
    /// Says in full why an earlier request was refused, from the message that came with the refusal.
    DecodeDiagnosticMessage: Ram "ram:DecodeDiagnosticMessage", Read on RamScope, Any(&[Root, Policy]);
    /// Creates a RAM role that its trust policy says who may take.
    CreateRole: Ram "ram:CreateRole", Write on RamScope, Any(&[Root, Policy]);
    /// Shows a RAM role.
    GetRole: Ram "ram:GetRole", Read on RamScope, Any(&[Root, Policy]);
    /// Changes a RAM role's trust policy or details.
    UpdateRole: Ram "ram:UpdateRole", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes a RAM role; its sessions end before the answer.
    DeleteRole: Ram "ram:DeleteRole", Write on RamScope, Any(&[Root, Policy]);
    /// Lists RAM roles.
    ListRoles: Ram "ram:ListRoles", Read on RamScope, Any(&[Root, Policy]);
    /// Attaches a policy to a RAM role.
    AttachPolicyToRole: Ram "ram:AttachPolicyToRole", Write on RamScope, Any(&[Root, Policy]);
    /// Detaches a policy from a RAM role.
    DetachPolicyFromRole: Ram "ram:DetachPolicyFromRole", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the policies attached to a RAM role.
    ListPoliciesForRole: Ram "ram:ListPoliciesForRole", Read on RamScope, Any(&[Root, Policy]);
    /// Puts tags on RAM roles or custom policies.
    TagResources: Ram "ram:TagResources", Write on RamScope, Any(&[Root, Policy]);
    /// Takes tags off RAM roles or custom policies.
    UntagResources: Ram "ram:UntagResources", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the tags of RAM roles or custom policies.
    ListTagResources: Ram "ram:ListTagResources", Read on RamScope, Any(&[Root, Policy]);
    /// Not supported: there are no cloud services here that would take a role of their own.
    CreateServiceLinkedRole: Ram "ram:CreateServiceLinkedRole", Write on RamScope, Any(&[Root, Policy]);
    /// Not supported: there are no cloud services here that would take a role of their own.
    DeleteServiceLinkedRole: Ram "ram:DeleteServiceLinkedRole", Write on RamScope, Any(&[Root, Policy]);
    /// Not supported: there are no cloud services here that would take a role of their own.
    GetServiceLinkedRoleTemplate: Ram "ram:GetServiceLinkedRoleTemplate", Read on RamScope, Any(&[Root, Policy]);
    /// Lists what a policy is attached to.
    ListEntitiesForPolicy: Ram "ram:ListEntitiesForPolicy", Read on RamScope, Any(&[Root, Policy]);
    /// Sets the tests of a custom policy; no version that fails one of them becomes the default.
    PutPolicyTests: ModelStudio "ram:PutPolicyTests", Write on RamScope, Any(&[Root, Policy]);
    /// Shows the tests of a custom policy.
    GetPolicyTests: ModelStudio "ram:GetPolicyTests", Read on RamScope, Any(&[Root, Policy]);

    /// Says when an access key was last used, and with which service.
    GetAccessKeyLastUsed: Ram "ram:GetAccessKeyLastUsed", Read on RamScope, Any(&[Root, Policy]);

    /// Counts what the account has, beside its quotas.
    GetAccountSummary: Ims "ram:GetAccountSummary", Read on RamScope, Any(&[Root, Policy]);
    /// Lists RAM users by name and id, without their details.
    ListUserBasicInfos: Ims "ram:ListUserBasicInfos", Read on RamScope, Any(&[Root, Policy]);
    /// Sets the network policy of an access key: the addresses that it may be used from.
    SetAccessKeyPolicy: Ims "ram:SetAccessKeyPolicy", Write on RamScope, Any(&[Root, Policy]);
    /// Shows the network policy of an access key.
    GetAccessKeyPolicy: Ims "ram:GetAccessKeyPolicy", Read on RamScope, Any(&[Root, Policy]);
    /// Sets the network policy of all access keys that have none of their own.
    SetAccessKeyPolicyForAccount: Ims "ram:SetAccessKeyPolicyForAccount", Write on RamScope, Any(&[Root, Policy]);
    /// Shows the network policy of all access keys that have none of their own.
    GetAccessKeyPolicyForAccount: Ims "ram:GetAccessKeyPolicyForAccount", Read on RamScope, Any(&[Root, Policy]);
    /// Creates a service credential: a RAM user's way into one service, by HTTP Basic. Its secret is shown once.
    CreateServiceCredential: Ims "ram:CreateServiceCredential", Write on RamScope, Any(&[Root, Policy]);
    /// Shows a service credential, without its secret.
    GetServiceCredential: Ims "ram:GetServiceCredential", Read on RamScope, Any(&[Root, Policy]);
    /// Lists the service credentials of a RAM user, or of all.
    ListServiceCredentials: Ims "ram:ListServiceCredentials", Read on RamScope, Any(&[Root, Policy]);
    /// Renames a service credential, or switches it on or off.
    UpdateServiceCredential: Ims "ram:UpdateServiceCredential", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes a service credential.
    DeleteServiceCredential: Ims "ram:DeleteServiceCredential", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the RAM users that were deleted and can be restored.
    ListUsersInRecycleBin: Ims "ram:ListUsersInRecycleBin", Read on RamScope, Any(&[Root, Policy]);
    /// Shows a RAM user that was deleted and can be restored.
    GetUserInRecycleBin: Ims "ram:GetUserInRecycleBin", Read on RamScope, Any(&[Root, Policy]);
    /// Restores a deleted RAM user: the person and its details, and no permission or credential.
    RestoreUserFromRecycleBin: Ims "ram:RestoreUserFromRecycleBin", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes a RAM user for good that lies in the recycle bin.
    DeleteUserInRecycleBin: Ims "ram:DeleteUserInRecycleBin", Write on RamScope, Any(&[Root, Policy]);
    /// Lists the access keys of a RAM user that were deleted and can be restored.
    ListAccessKeysInRecycleBin: Ims "ram:ListAccessKeysInRecycleBin", Read on RamScope, Any(&[Root, Policy]);
    /// Shows an access key that was deleted and can be restored.
    GetAccessKeyInfoInRecycleBin: Ims "ram:GetAccessKeyInfoInRecycleBin", Read on RamScope, Any(&[Root, Policy]);
    /// Restores a deleted access key, switched off.
    RestoreAccessKeyFromRecycleBin: Ims "ram:RestoreAccessKeyFromRecycleBin", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes an access key for good that lies in the recycle bin.
    DeleteAccessKeyInRecycleBin: Ims "ram:DeleteAccessKeyInRecycleBin", Write on RamScope, Any(&[Root, Policy]);
    /// Writes a report of every identity's credentials.
    GenerateCredentialReport: Ims "ram:GenerateCredentialReport", Write on RamScope, Any(&[Root, Policy]);
    /// Gives the last report of credentials, as CSV.
    GetCredentialReport: Ims "ram:GetCredentialReport", Read on RamScope, Any(&[Root, Policy]);
    /// Makes an OIDC provider known, whose tokens let their subjects take the roles that trust it.
    CreateOIDCProvider: Ims "ram:CreateOIDCProvider", Write on RamScope, Any(&[Root, Policy]);
    /// Shows an OIDC provider.
    GetOIDCProvider: Ims "ram:GetOIDCProvider", Read on RamScope, Any(&[Root, Policy]);
    /// Lists the OIDC providers.
    ListOIDCProviders: Ims "ram:ListOIDCProviders", Read on RamScope, Any(&[Root, Policy]);
    /// Changes an OIDC provider. Sessions taken for a client id that is gone end before the answer.
    UpdateOIDCProvider: Ims "ram:UpdateOIDCProvider", Write on RamScope, Any(&[Root, Policy]);
    /// Deletes an OIDC provider; the sessions taken on its word end before the answer.
    DeleteOIDCProvider: Ims "ram:DeleteOIDCProvider", Write on RamScope, Any(&[Root, Policy]);
    /// Adds a client id to an OIDC provider.
    AddClientIdToOIDCProvider: Ims "ram:AddClientIdToOIDCProvider", Write on RamScope, Any(&[Root, Policy]);
    /// Takes a client id from an OIDC provider; the sessions taken for it end before the answer.
    RemoveClientIdFromOIDCProvider: Ims "ram:RemoveClientIdFromOIDCProvider", Write on RamScope, Any(&[Root, Policy]);

    /// Sets the permission boundary of a RAM user or role: whatever their policies give, it caps.
    PutPermissionBoundary: ModelStudio "ram:PutPermissionBoundary", Write on RamScope, Any(&[Root, Policy]);
    /// Takes the permission boundary of a RAM user or role away.
    DeletePermissionBoundary: ModelStudio "ram:DeletePermissionBoundary", Write on RamScope, Any(&[Root, Policy]);
    /// Shows the permission boundary of a RAM user or role.
    GetPermissionBoundary: ModelStudio "ram:GetPermissionBoundary", Read on RamScope, Any(&[Root, Policy]);
    /// Attaches a control policy to the account: it binds every user and role, and root never.
    AttachControlPolicy: ModelStudio "ram:AttachControlPolicy", Write on RamScope, Root;
    /// Detaches a control policy from the account.
    DetachControlPolicy: ModelStudio "ram:DetachControlPolicy", Write on RamScope, Root;
    /// Lists the account's control policies.
    ListControlPolicies: ModelStudio "ram:ListControlPolicies", Read on RamScope, Any(&[Root, Policy]);

    /// Says who the caller is.
    GetCallerIdentity: Sts "sts:GetCallerIdentity", Read on WholeAccount, Anyone;
    /// Takes a role for a time: a temporary key that acts with the role's policies. Not for root.
    AssumeRole: Sts "sts:AssumeRole", Write on Assumption, All(&[Policy, Trusted]);
    /// Takes a role for a time on the word of an OIDC provider. Called without a credential: the token is the proof.
    AssumeRoleWithOIDC: Sts "sts:AssumeRoleWithOIDC", Write on Assumption, Vouched;

    /// Signs in with name, password and, where one is bound, a code of the MFA device. Called without a credential.
    CreateSession: ModelStudio "modelstudio:CreateSession", Write on WholeAccount, Anyone;
    /// Ends the session that the call is made with.
    DeleteSession: ModelStudio "modelstudio:DeleteSession", Write on WholeAccount, Anyone;
    /// Sets root's own password, and binds an MFA device to root or takes it off. Root's other sessions end before the answer.
    UpdateRootLogin: ModelStudio "modelstudio:UpdateRootLogin", Write on WholeAccount, Root;

    /// Creates a sub-workspace.
    CreateWorkspace: ModelStudio "modelstudio:CreateWorkspace", Write on WholeAccount, MANAGER;
    /// Lists the workspaces that the caller may see.
    ListWorkspaces: ModelStudio "modelstudio:ListWorkspaces", Read on WholeAccount, Anyone;
    /// Renames a workspace.
    RenameWorkspace: ModelStudio "modelstudio:RenameWorkspace", Write on WorkspaceId, MANAGER;
    /// Deletes a sub-workspace that holds nothing.
    DeleteWorkspace: ModelStudio "modelstudio:DeleteWorkspace", Write on WorkspaceId, MANAGER;

    /// Creates an API key that its creator owns; its value is shown once.
    CreateApiKey: ModelStudio "modelstudio:CreateApiKey", Write on WorkspaceId, KEY_MAKER;
    /// Lists API keys, masked.
    ListApiKeys: ModelStudio "modelstudio:ListApiKeys", Read on WorkspaceId, KEY_KEEPER;
    /// Lists the API keys of the whole account, masked.
    ListAllApiKeys: ModelStudio "modelstudio:ListApiKeys", Read on WholeAccount, MANAGER;
    /// Shows an API key, masked.
    GetApiKey: ModelStudio "modelstudio:GetApiKey", Read on WorkspaceId, KEY_KEEPER;
    /// Changes an API key's description, expiry, addresses or models.
    UpdateApiKey: ModelStudio "modelstudio:UpdateApiKey", Write on WorkspaceId, KEY_MAKER;
    /// Deletes an API key.
    DeleteApiKey: ModelStudio "modelstudio:DeleteApiKey", Write on WorkspaceId, KEY_KEEPER;
    /// Switches an API key on.
    EnableApiKey: ModelStudio "modelstudio:EnableApiKey", Write on WorkspaceId, KEY_KEEPER;
    /// Switches an API key off.
    DisableApiKey: ModelStudio "modelstudio:DisableApiKey", Write on WorkspaceId, KEY_KEEPER;
    /// Gives an API key a new value; the old one dies, at once or after an overlap.
    ResetApiKey: ModelStudio "modelstudio:ResetApiKey", Write on WorkspaceId, KEY_MAKER;

    /// Lists the model catalogue.
    ListModels: ModelStudio "modelstudio:ListModels", Read on WholeAccount, Any(&[Root, Management, MemberSomewhere]);
    /// Puts a model into the catalogue, or changes it.
    PutModel: ModelStudio "modelstudio:PutModel", Write on WholeAccount, MANAGER;
    /// Takes a model out of the catalogue.
    DeleteModel: ModelStudio "modelstudio:DeleteModel", Write on WholeAccount, MANAGER;
    /// Lists a workspace's model grants.
    ListModelPermissions: ModelStudio "modelstudio:ListModelPermissions", Read on WorkspaceId, Any(&[Root, Management, Member]);
    /// Grants models to a workspace, or takes them back.
    UpdateModelPermissions: ModelStudio "modelstudio:UpdateModelPermissions", Write on WorkspaceId, MANAGER_INSIDE;
    /// Lists a workspace's limits beside the account's.
    ListModelLimits: ModelStudio "modelstudio:ListModelLimits", Read on WorkspaceId, Any(&[Root, Management, Member]);
    /// Sets or clears limits of a workspace.
    UpdateModelLimits: ModelStudio "modelstudio:UpdateModelLimits", Write on WorkspaceId, MANAGER_INSIDE;
    /// Sets or clears limits of the whole account.
    UpdateAccountModelLimits: ModelStudio "modelstudio:UpdateAccountModelLimits", Write on WholeAccount, MANAGER;

    /// Makes a RAM user known to Model Studio; it is in no workspace yet.
    AddUser: ModelStudio "modelstudio:AddUser", Write on WholeAccount, MANAGER;
    /// Makes many RAM users known and gives them seats.
    AddUsers: ModelStudio "modelstudio:AddUsers", Write on WholeAccount, MANAGER;
    /// Lists the users known to Model Studio.
    ListStudioUsers: ModelStudio "modelstudio:ListUsers", Read on WholeAccount, MANAGER;
    /// Takes a user out of every workspace and out of Model Studio.
    RemoveUser: ModelStudio "modelstudio:RemoveUser", Write on WholeAccount, Any(&[Root, Delegated(&Management)]);

    /// Gives a user a seat in a workspace, with page permissions.
    AddMember: ModelStudio "modelstudio:AddMember", Write on Seat, MANAGER;
    /// Lists a workspace's members.
    ListMembers: ModelStudio "modelstudio:ListMembers", Read on WorkspaceId, PERMISSION_KEEPER;
    /// Shows one member.
    GetMember: ModelStudio "modelstudio:GetMember", Read on Seat, PERMISSION_KEEPER;
    /// Sets a member's page permissions, the whole set.
    SetMemberPages: ModelStudio "modelstudio:SetMemberPages", Write on Seat, Any(&[Root, Page(PermissionManagement)]);
    /// Takes a member out of a workspace; its keys there die before the answer.
    RemoveMember: ModelStudio "modelstudio:RemoveMember", Write on Seat, Any(&[Root, Delegated(&Management), Delegated(&Page(Administrator))]);
    /// Lists the page permissions that exist.
    ListPages: ModelStudio "modelstudio:ListPages", Read on WholeAccount, Anyone;
    /// Shows the four permission kinds of one person in one workspace, and where each comes from.
    GetEffectiveAccess: ModelStudio "modelstudio:GetEffectiveAccess", Read on Seat, Any(&[Root, Management, Page(PermissionManagement), All(&[Myself, Member])]);

    /// Decides a question and says why, without doing anything.
    Explain: ModelStudio "modelstudio:Explain", Read on Person, Any(&[Root, Management, Myself]);
    /// Shows the decision of an earlier request.
    GetDecision: ModelStudio "modelstudio:GetDecision", Read on Person, Any(&[Root, Management, Myself]);
    /// Decides whether an identity may do something, as OpenID AuthZEN asks.
    EvaluateAccess: ModelStudio "modelstudio:EvaluateAccess", Read on Person, Any(&[Root, Management, Myself]);
    /// Lists who may do something, on what, or which actions, as OpenID AuthZEN asks.
    SearchAccess: ModelStudio "modelstudio:SearchAccess", Read on Person, Any(&[Root, Management, Myself]);
    /// Lists the users, roles and API keys that may do something.
    WhoCan: ModelStudio "modelstudio:WhoCan", Read on WholeAccount, MANAGER;
    /// Says what changes of policies, attachments, seats and model grants would give and take, without making them.
    SimulateAccess: ModelStudio "modelstudio:SimulateAccess", Read on WholeAccount, MANAGER;
    /// Lists audit records.
    ListAuditRecords: ModelStudio "modelstudio:ListAuditRecords", Read on WholeAccount, MANAGER;
    /// Checks the audit chain.
    VerifyAudit: ModelStudio "modelstudio:VerifyAudit", Read on WholeAccount, MANAGER;
    /// Gives all audit records as JSON lines.
    ExportAudit: ModelStudio "modelstudio:ExportAudit", Read on WholeAccount, MANAGER;
    /// Shows the use of the whole account.
    GetUsage: ModelStudio "modelstudio:GetUsage", Read on WholeAccount, MANAGER;
    /// Shows the use of one workspace.
    GetWorkspaceUsage: ModelStudio "modelstudio:GetUsage", Read on WorkspaceId, Any(&[Root, Management, Member]);
    /// Sets the account's budget for each month.
    PutBudget: ModelStudio "modelstudio:PutBudget", Write on WholeAccount, MANAGER;
    /// Sets the budget of a workspace, of a member or of a key in it.
    PutWorkspaceBudget: ModelStudio "modelstudio:PutBudget", Write on WorkspaceId, MANAGER_INSIDE;
    /// Takes the account's budget away.
    DeleteBudget: ModelStudio "modelstudio:DeleteBudget", Write on WholeAccount, MANAGER;
    /// Takes the budget of a workspace, of a member or of a key in it away.
    DeleteWorkspaceBudget: ModelStudio "modelstudio:DeleteBudget", Write on WorkspaceId, MANAGER_INSIDE;
    /// Lists all budgets and what is spent of them.
    ListBudgets: ModelStudio "modelstudio:ListBudgets", Read on WholeAccount, MANAGER;
    /// Lists the budgets of one workspace, its members and its keys.
    ListWorkspaceBudgets: ModelStudio "modelstudio:ListBudgets", Read on WorkspaceId, Any(&[Root, Management, Member]);

    /// Adds a provider; its credential is write-only.
    CreateProvider: ModelStudio "modelstudio:CreateProvider", Write on WholeAccount, MANAGER;
    /// Lists providers.
    ListProviders: ModelStudio "modelstudio:ListProviders", Read on WholeAccount, MANAGER;
    /// Changes a provider.
    UpdateProvider: ModelStudio "modelstudio:UpdateProvider", Write on WholeAccount, MANAGER;
    /// Deletes a provider that no model routes to.
    DeleteProvider: ModelStudio "modelstudio:DeleteProvider", Write on WholeAccount, MANAGER;
    /// Asks a provider for its models, as a test.
    TestProvider: ModelStudio "modelstudio:TestProvider", Read on WholeAccount, MANAGER;
    /// Shows the account's settings.
    GetSettings: ModelStudio "modelstudio:GetSettings", Read on WholeAccount, MANAGER;
    /// Changes the account's settings.
    UpdateSettings: ModelStudio "modelstudio:UpdateSettings", Write on WholeAccount, Root;
}

/// Actions of the feature APIs (version 2023-12-29). Their rule is rule 4: policy and membership.
pub const FEATURE_ACTIONS: &[&str] = &[
    "sfm:AddCategory",
    "sfm:AddConnector",
    "sfm:AddFile",
    "sfm:AddFilesFromAuthorizedOss",
    "sfm:AddTable",
    "sfm:CreateIndex",
    "sfm:CreateMemory",
    "sfm:CreateMemoryNode",
    "sfm:CreatePromptTemplate",
    "sfm:SubmitIndexAddDocumentsJob",
    "sfm:SubmitIndexJob",
    "sfm:BatchUpdateFileTag",
    "sfm:ChangeParseSetting",
    "sfm:UpdateChunk",
    "sfm:UpdateConnector",
    "sfm:UpdateFileTag",
    "sfm:UpdateIndex",
    "sfm:UpdateMemory",
    "sfm:UpdateMemoryNode",
    "sfm:UpdatePromptTemplate",
    "sfm:UpdateTableFromAuthorizedOss",
    "sfm:DeleteCategory",
    "sfm:DeleteChunk",
    "sfm:DeleteConnector",
    "sfm:DeleteFile",
    "sfm:DeleteFiles",
    "sfm:DeleteIndexDocument",
    "sfm:DeleteMemory",
    "sfm:DeleteMemoryNode",
    "sfm:DeletePromptTemplate",
    "sfm:GetAvailableParserTypes",
    "sfm:GetConnector",
    "sfm:GetIndexJobStatus",
    "sfm:GetIndexMonitor",
    "sfm:GetMemory",
    "sfm:GetMemoryNode",
    "sfm:GetParseSettings",
    "sfm:GetPromptTemplate",
    "sfm:ChunkList",
    "sfm:ListCategory",
    "sfm:ListFile",
    "sfm:ListIndex",
    "sfm:ListIndexFiles",
    "sfm:ListIndexFileDetails",
    "sfm:ListMemories",
    "sfm:ListMemoryNodes",
    "sfm:ListPromptTemplates",
    "sfm:ApplyFileUploadLease",
    "sfm:ApplyTempStorageLease",
    "sfm:DescribeFile",
    "sfm:Retrieve",
    "sfm:DeleteIndex",
    "sfm:GetAlipayUrl",
    "sfm:GetAlipayTransferStatus",
];

/// Every action that has a name here, once.
pub fn actions() -> Vec<&'static str> {
    let mut seen = std::collections::HashSet::new();
    let mut names: Vec<&str> = OPERATIONS.iter().map(|entry| entry.action).collect();
    names.extend_from_slice(FEATURE_ACTIONS);
    names.retain(|name| seen.insert(*name));
    names
}

/// The actions as policies are read and judged by.
pub fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(actions()).expect("the tables of actions fit a catalogue")
}

/// Which services have actions on resources of another one: feature APIs work on things of Model Studio.
pub const ACTS_ON: &[(&str, &str)] = &[("sfm", "modelstudio")];

/// Rule 4.
pub const FEATURE_NEEDS: Needs = Any(&[Root, All(&[Policy, Member])]);

/// The row of an operation by its name.
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATIONS.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_positions_are_places() {
        let names: HashSet<_> = OPERATIONS.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        for (place, entry) in OPERATIONS.iter().enumerate() {
            assert_eq!(entry.position, place);
            assert!(entry.summary.ends_with('.'), "{}", entry.name);
        }
    }

    #[test]
    fn every_rule_names_root_or_anyone_or_a_role_which_root_takes_not() {
        for entry in OPERATIONS {
            assert!(
                entry.needs.mentions(&|part| matches!(part, Root | Anyone | Trusted | Vouched)),
                "{}",
                entry.name
            );
        }
    }
}
