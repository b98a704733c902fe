//! What an account may choose about itself.

use serde::{Deserialize, Serialize};

use crate::access::AttacheeKind;
use crate::change::PolicyType;

/// When a revoking call answers. Read by the answer's `nodes` part; both modes are the same on one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationMode {
    /// A node that cannot prove that its permissions are current refuses.
    #[default]
    Strict,
}

/// The account's settings, as GetSettings shows them. What an older release stored lacks the newer ones, which then have
/// their usual values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The default workspace starts with no model, like any other.
    pub default_workspace_restricted: bool,
    /// Management and workspace administrators may remove members, not root alone.
    pub delegate_member_removal: bool,
    /// Deleted RAM users and access keys can be restored for 30 days.
    pub recycle_bin: bool,
    /// When a revoking call answers.
    pub revocation_mode: RevocationMode,
    /// Tokens of output that are taken from the limits beforehand for a call that names no most, of a model that has none.
    pub reserved_output_tokens: u32,
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
    /// RAM groups per account.
    pub quota_groups: u32,
    /// Groups that one RAM user is in.
    pub quota_groups_per_user: u32,
    /// System policies attached to one RAM group.
    pub quota_system_policies_per_group: u32,
    /// Custom policies attached to one RAM group.
    pub quota_custom_policies_per_group: u32,
    /// RAM roles per account.
    pub quota_roles: u32,
    /// OIDC providers per account.
    pub quota_oidc_providers: u32,
    /// Roles taken in one second.
    pub quota_assume_role_per_second: u32,
    /// Virtual MFA devices per account.
    pub quota_virtual_mfa_devices: u32,
    /// System policies attached to one RAM role.
    pub quota_system_policies_per_role: u32,
    /// Custom policies attached to one RAM role.
    pub quota_custom_policies_per_role: u32,
    /// Statements in the network policy of access keys.
    pub quota_access_key_policy_statements: u32,
    /// Addresses and networks in the network policy of access keys, in all its statements.
    pub quota_access_key_policy_addresses: u32,
    /// Service credentials of one RAM user for one service.
    pub quota_service_credentials: u32,
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
            recycle_bin: false,
            revocation_mode: RevocationMode::Strict,
            reserved_output_tokens: 4096,
            quota_users: 1000,
            quota_access_keys_per_user: 2,
            quota_policies: 1500,
            quota_policy_versions: 5,
            quota_system_policies_per_user: 20,
            quota_custom_policies_per_user: 10,
            quota_groups: 50,
            quota_groups_per_user: 5,
            quota_system_policies_per_group: 20,
            quota_custom_policies_per_group: 5,
            quota_roles: 1000,
            quota_oidc_providers: 100,
            quota_assume_role_per_second: 100,
            quota_virtual_mfa_devices: 1000,
            quota_system_policies_per_role: 20,
            quota_custom_policies_per_role: 5,
            quota_access_key_policy_statements: 8,
            quota_access_key_policy_addresses: 50,
            quota_service_credentials: 2,
            quota_workspaces: 1000,
            quota_api_keys_per_workspace: 20,
        }
    }
}

impl Settings {
    /// How many policies of a type may be attached to one thing of a kind.
    pub fn quota_attachments(&self, kind: AttacheeKind, policy_type: PolicyType) -> u32 {
        match (kind, policy_type) {
            (AttacheeKind::User, PolicyType::System) => self.quota_system_policies_per_user,
            (AttacheeKind::User, PolicyType::Custom) => self.quota_custom_policies_per_user,
            (AttacheeKind::Group, PolicyType::System) => self.quota_system_policies_per_group,
            (AttacheeKind::Group, PolicyType::Custom) => self.quota_custom_policies_per_group,
            (AttacheeKind::Role, PolicyType::System) => self.quota_system_policies_per_role,
            (AttacheeKind::Role, PolicyType::Custom) => self.quota_custom_policies_per_role,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_older_release_read_back() {
        let old = r#"{"quotaUsers":7,"delegateMemberRemoval":true}"#;
        let read: Settings = serde_json::from_str(old).unwrap();
        let expected = Settings { quota_users: 7, delegate_member_removal: true, ..Settings::default() };
        assert_eq!(read, expected);
        assert!(serde_json::from_str::<Settings>(r#"{"quotaUser":7}"#).is_err(), "a misspelt one is refused");
    }
}
