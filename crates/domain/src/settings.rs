//! What an account may choose about itself.

use serde::{Deserialize, Serialize};

/// When a revoking call answers. Read by the answer's `nodes` part; both modes are the same on one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationMode {
    /// A node that cannot prove that its permissions are current refuses.
    #[default]
    Strict,
}

/// The account's settings, as GetSettings shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The default workspace starts with no model, like any other.
    pub default_workspace_restricted: bool,
    /// Management and workspace administrators may remove members, not root alone.
    pub delegate_member_removal: bool,
    /// When a revoking call answers.
    pub revocation_mode: RevocationMode,
    /// RAM users per account.
    pub quota_users: u32,
    /// Access keys per RAM user.
    pub quota_access_keys_per_user: u32,
    /// Custom policies per account.
    pub quota_policies: u32,
    /// Versions per custom policy.
    pub quota_policy_versions: u32,
    /// System policies attached to one RAM user.
    pub quota_system_policies_per_user: u32,
    /// Custom policies attached to one RAM user.
    pub quota_custom_policies_per_user: u32,
    /// Workspaces per account.
    pub quota_workspaces: u32,
    /// API keys per workspace.
    pub quota_api_keys_per_workspace: u32,
}

impl Default for Settings {
    /// The real service's quotas: RAM's limits page for RAM; 20 keys per workspace as the sister product says.
    /// The count of workspaces is not published any more, so ours only keeps a script from running away.
    fn default() -> Self {
        Self {
            default_workspace_restricted: false,
            delegate_member_removal: false,
            revocation_mode: RevocationMode::Strict,
            quota_users: 1000,
            quota_access_keys_per_user: 2,
            quota_policies: 1500,
            quota_policy_versions: 5,
            quota_system_policies_per_user: 20,
            quota_custom_policies_per_user: 10,
            quota_workspaces: 1000,
            quota_api_keys_per_workspace: 20,
        }
    }
}
