//! What an account has, beside its quotas.

use bailey_domain::operations::GetAccountSummary;
use bailey_domain::scope::RamScope;
use bailey_domain::{Caller, Error};

use crate::control::Control;
use crate::policies::LONGEST_DOCUMENT;

/// Each figure of the summary, by IMS' name of it.
pub type AccountSummary = [(&'static str, u64); 26];

impl Control {
    /// Counts what the account has, beside its quotas. Of what does not exist here there is none.
    pub async fn get_account_summary(&self, caller: &Caller) -> Result<AccountSummary, Error> {
        let permit = self.permit::<GetAccountSummary>(caller, RamScope::account(caller.account), "").await?;
        let counts = self.store.count_identities(&permit).await?;
        let settings = self.settings_of(caller.account)?;
        Ok([
            ("Users", counts.users),
            ("UsersQuota", settings.quota_users.into()),
            ("AccessKeysPerUserQuota", settings.quota_access_keys_per_user.into()),
            ("AccountAccessKeysPerAccountQuota", settings.quota_access_keys_per_user.into()),
            ("ConditionsPerAKPolicyQuota", settings.quota_access_key_policy_statements.into()),
            ("IPItemsPerAKPolicyQuota", settings.quota_access_key_policy_addresses.into()),
            ("ServiceCredentialsPerUserPerServiceQuota", settings.quota_service_credentials.into()),
            ("Groups", counts.groups),
            ("GroupsQuota", settings.quota_groups.into()),
            ("GroupsPerUserQuota", settings.quota_groups_per_user.into()),
            ("Roles", counts.roles),
            ("RolesQuota", settings.quota_roles.into()),
            ("Policies", counts.policies),
            ("PoliciesQuota", settings.quota_policies.into()),
            ("PolicySizeQuota", LONGEST_DOCUMENT as u64),
            ("VersionsPerPolicyQuota", settings.quota_policy_versions.into()),
            ("AttachedPoliciesPerUserQuota", settings.quota_custom_policies_per_user.into()),
            ("AttachedSystemPoliciesPerUserQuota", settings.quota_system_policies_per_user.into()),
            ("AttachedPoliciesPerGroupQuota", settings.quota_custom_policies_per_group.into()),
            ("AttachedSystemPoliciesPerGroupQuota", settings.quota_system_policies_per_group.into()),
            ("AttachedPoliciesPerRoleQuota", settings.quota_custom_policies_per_role.into()),
            ("AttachedSystemPoliciesPerRoleQuota", settings.quota_system_policies_per_role.into()),
            ("MFADevices", counts.mfa_devices),
            ("MFADevicesInUse", counts.mfa_devices_in_use),
            ("VirtualMFADevicesQuota", settings.quota_virtual_mfa_devices.into()),
            // Clients that users authorise by OAuth: there is no way to, so none may be.
            ("AuthorizedClientPerUserQuota", 0),
        ])
    }
}
