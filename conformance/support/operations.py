"""Method and path of each control operation that is bailey's own: no official SDK has them, so the generic client calls them by name."""

VERSION = "2026-02-10"

_MEMBER = "/modelstudio/workspaces/{workspaceId}/members/{userName}"

OPERATIONS = {
    "AddUser": ("POST", "/modelstudio/users"),
    "ListUsers": ("GET", "/modelstudio/users"),
    "RemoveUser": ("DELETE", "/modelstudio/users/{userName}"),
    "AddMember": ("POST", "/modelstudio/workspaces/{workspaceId}/members"),
    "ListMembers": ("GET", "/modelstudio/workspaces/{workspaceId}/members"),
    "GetMember": ("GET", _MEMBER),
    "SetMemberPages": ("PUT", _MEMBER + "/pages"),
    "RemoveMember": ("DELETE", _MEMBER),
    "GetEffectiveAccess": ("GET", _MEMBER + "/access"),
    "ListPages": ("GET", "/modelstudio/pages"),
    "RenameWorkspace": ("PUT", "/modelstudio/workspaces/{workspaceId}"),
    "Explain": ("POST", "/modelstudio/explain"),
    "SimulateAccess": ("POST", "/modelstudio/simulate"),
    "WhoCan": ("POST", "/modelstudio/who-can"),
    "PutPolicyTests": ("PUT", "/modelstudio/policies/{policyName}/tests"),
    "GetPolicyTests": ("GET", "/modelstudio/policies/{policyName}/tests"),
    "GetDecision": ("GET", "/modelstudio/decisions/{requestId}"),
    "ListAuditRecords": ("GET", "/modelstudio/audit"),
    "VerifyAudit": ("GET", "/modelstudio/audit/verify"),
    "GetUsage": ("GET", "/modelstudio/usage"),
    "CreateProvider": ("POST", "/modelstudio/providers"),
    "ListProviders": ("GET", "/modelstudio/providers"),
    "UpdateProvider": ("PUT", "/modelstudio/providers/{name}"),
    "DeleteProvider": ("DELETE", "/modelstudio/providers/{name}"),
    "TestProvider": ("POST", "/modelstudio/providers/{name}/test"),
    "PutModel": ("PUT", "/modelstudio/models/{model}"),
    "DeleteModel": ("DELETE", "/modelstudio/models/{model}"),
    "UpdateAccountModelLimits": ("POST", "/modelstudio/models/account-limits"),
    "PutPermissionBoundary": ("PUT", "/modelstudio/boundaries/{type}/{name}"),
    "DeletePermissionBoundary": ("DELETE", "/modelstudio/boundaries/{type}/{name}"),
    "GetPermissionBoundary": ("GET", "/modelstudio/boundaries/{type}/{name}"),
    "AttachControlPolicy": ("PUT", "/modelstudio/control-policies/{policyName}"),
    "DetachControlPolicy": ("DELETE", "/modelstudio/control-policies/{policyName}"),
    "ListControlPolicies": ("GET", "/modelstudio/control-policies"),
    "GetSettings": ("GET", "/modelstudio/settings"),
    "UpdateRootLogin": ("PUT", "/modelstudio/root-login"),
    "UpdateSettings": ("PUT", "/modelstudio/settings"),
    # The vendor's operations, called with fields of ours that its SDK does not have.
    "UpdateApiKey": ("PUT", "/modelstudio/apikeys/{apiKeyId}"),
    "GetApiKey": ("GET", "/modelstudio/apikeys/{apiKeyId}"),
}
