//! Policies and their versions. System policies are shown like the account's own and cannot be changed.

use bailey_domain::change::PolicyType;
use bailey_domain::name::{self, PolicyName};
use bailey_domain::operations::{
    CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, GetPolicy, GetPolicyVersion,
    ListPolicies, ListPolicyVersions, SetDefaultPolicyVersion, UpdatePolicyDescription,
};
use bailey_domain::scope::RamScope;
use bailey_domain::tag::{Tag, TagFilter, Tagged, check_keys};
use bailey_domain::{AccountId, Caller, Error};
use bailey_policy::system::SystemPolicy;
use bailey_store::{Cursor, MakeDefault, Page, Policy, PolicyVersion, Record, Tx};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::tags::put_tags;

/// The longest policy document, in characters (RAM's present limit).
pub(crate) const LONGEST_DOCUMENT: usize = 6144;

/// What makes room when a policy has as many versions as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Nothing: adding another one is refused.
    None,
    /// The oldest version that does not count is deleted.
    DeleteOldestNonDefault,
}

/// A policy of either type, as lists and answers show it.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// Whose it is.
    pub policy_type: PolicyType,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The version that counts, such as `v1`.
    pub default_version: String,
    /// The document of that version; only where one policy is shown.
    pub document: Option<String>,
    /// How many principals it is attached to.
    pub attachment_count: u64,
    /// Its tags; only in lists. System policies have none.
    pub tags: Vec<Tag>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

/// System policies have no birthday of their own; they came with the first release.
const SYSTEM_DATE: i64 = 1_795_478_400_000;

impl PolicyText {
    fn system(policy: &SystemPolicy, attachment_count: u64) -> Self {
        Self {
            policy_type: PolicyType::System,
            name: policy.name.to_owned(),
            description: policy.description.to_owned(),
            default_version: policy.version.to_owned(),
            document: Some(policy.document.to_owned()),
            attachment_count,
            tags: Vec::new(),
            created_at: SYSTEM_DATE,
            updated_at: SYSTEM_DATE,
        }
    }

    fn custom(policy: &Policy, document: Option<String>) -> Self {
        Self {
            policy_type: PolicyType::Custom,
            name: policy.name.to_string(),
            description: policy.description.clone(),
            default_version: format!("v{}", policy.default_version),
            document,
            attachment_count: policy.attachment_count.unwrap_or_default(),
            tags: Vec::new(),
            created_at: policy.created_at,
            updated_at: policy.updated_at,
        }
    }
}

/// The scope of a policy in RAM's own authorization.
pub(crate) fn scope_of(account: AccountId, policy_type: PolicyType, name: &str) -> RamScope {
    match policy_type {
        PolicyType::System => RamScope::system_policy(name),
        PolicyType::Custom => RamScope::policy(account, name),
    }
}

/// Reads a version id such as `v3`.
pub fn version_number(field: &str, text: &str) -> Result<u64, Error> {
    text.strip_prefix('v').and_then(|number| number.parse().ok()).filter(|number| *number > 0).ok_or_else(
        || {
            Error::invalid(
                format!("InvalidParameter.{field}.Format"),
                format!(
                    "The format of the parameter - \"{field}\" is incorrect. It must be `v` and a number, such as `v1`."
                ),
            )
        },
    )
}

/// Refuses a document that is too long or empty.
pub(crate) fn demand_length(document: &str) -> Result<(), Error> {
    if document.is_empty() || document.chars().count() > LONGEST_DOCUMENT {
        return Err(Error::invalid(
            "InvalidParameter.PolicyDocument.Length",
            format!(
                "The parameter - \"PolicyDocument\" beyond the length limit. Allowed: 1 to {LONGEST_DOCUMENT} characters."
            ),
        ));
    }
    Ok(())
}

impl Control {
    pub(crate) fn check_document(&self, document: &str) -> Result<(), Error> {
        demand_length(document)?;
        self.directory()
            .check_policy(document)
            .map_err(|error| Error::invalid("MalformedPolicyDocument", error.to_string()))
    }

    /// Creates a custom policy. That alone gives nobody anything, so rule 9 is asked when it is attached.
    pub async fn create_policy(
        &self,
        caller: &Caller,
        name: &PolicyName,
        description: &str,
        document: &str,
        tags: &[Tag],
    ) -> Result<PolicyText, Error> {
        name::text("Description", description, 0, 1024)?;
        check_keys(tags.iter().map(|tag| &tag.key))?;
        self.check_document(document)?;
        let scope = RamScope::policy(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<CreatePolicy>(caller, scope, name.as_str()).await?;
        if bailey_policy::system::find(name.as_str()).is_some() {
            return Err(Error::exists("Policy"));
        }
        let quota = self.settings_of(caller.account)?.quota_policies;
        within(quota, tx.count_policies(caller.account).await?, "Policy", "policies")?;
        let policy = tx.insert_policy(&permit, name, description, document).await?;
        put_tags(&mut tx, &permit, &Tagged::from(name), tags).await?;
        let after = json!({ "policy": policy, "document": document, "tags": tags });
        tx.commit(permit, Record { target: name.to_string(), before: Value::Null, after }).await?;
        Ok(PolicyText::custom(&policy, None))
    }

    /// Shows a policy and the version that counts.
    pub async fn get_policy(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(PolicyText, i64), Error> {
        let permit = self
            .permit::<GetPolicy>(caller, scope_of(caller.account, policy_type, name.as_str()), name.as_str())
            .await?;
        match policy_type {
            PolicyType::System => {
                let system =
                    bailey_policy::system::find(name.as_str()).ok_or_else(|| Error::absent("Policy"))?;
                let count = self.store.count_system_attachments(caller.account, name).await?;
                Ok((PolicyText::system(system, count), SYSTEM_DATE))
            }
            PolicyType::Custom => {
                let policy =
                    self.store.find_policy(&permit, name).await?.ok_or_else(|| Error::absent("Policy"))?;
                let version = self.store.find_default_version(&permit, &policy).await?;
                let version = version.ok_or_else(|| Error::absent("Policy.Version"))?;
                Ok((PolicyText::custom(&policy, Some(version.document)), version.created_at))
            }
        }
    }

    /// Lists policies: system ones first, then the account's own by name with their tags. Where tags are looked for, only
    /// policies that hold all of them.
    pub async fn list_policies(
        &self,
        caller: &Caller,
        policy_type: Option<PolicyType>,
        wanted: &[TagFilter],
        cursor: &Cursor,
    ) -> Result<Page<PolicyText>, Error> {
        check_keys(wanted.iter().map(|wanted| &wanted.key))?;
        let permit = self.permit::<ListPolicies>(caller, RamScope::policy(caller.account, "*"), "").await?;
        let limit = usize::try_from(cursor.limit).map_err(Error::internal)?;
        let mut rows = Vec::new();
        let (shelf, after) = cursor.after.split_once('/').unwrap_or(("system", ""));
        if shelf == "system" && policy_type != Some(PolicyType::Custom) && wanted.is_empty() {
            let mut systems: Vec<&SystemPolicy> = bailey_policy::system::ALL.iter().collect();
            systems.sort_by_key(|policy| policy.name.to_lowercase());
            for system in systems.into_iter().filter(|system| system.name.to_lowercase().as_str() > after) {
                if rows.len() == limit {
                    let next =
                        rows.last().map(|last: &PolicyText| format!("system/{}", last.name.to_lowercase()));
                    return Ok(Page { rows, next, total: None });
                }
                let name = PolicyName::parse("PolicyName", system.name)?;
                let count = self.store.count_system_attachments(caller.account, &name).await?;
                rows.push(PolicyText::system(system, count));
            }
        }
        if policy_type == Some(PolicyType::System) {
            return Ok(Page { rows, next: None, total: None });
        }
        let after = if shelf == "custom" { after.to_owned() } else { String::new() };
        if rows.len() == limit {
            // The shelf of system policies ends with the page; the next one starts on the other shelf.
            return Ok(Page { rows, next: Some("custom/".to_owned()), total: None });
        }
        let rest = u32::try_from(limit - rows.len()).map_err(Error::internal)?;
        let own = self.store.list_policies(&permit, &Cursor { after, limit: rest }, wanted).await?;
        rows.extend(
            own.rows
                .into_iter()
                .map(|policy| PolicyText { tags: policy.tags, ..PolicyText::custom(&policy.row, None) }),
        );
        Ok(Page { rows, next: own.next.map(|next| format!("custom/{next}")), total: None })
    }

    /// Changes a custom policy's description.
    pub async fn update_policy_description(
        &self,
        caller: &Caller,
        name: &PolicyName,
        description: &str,
    ) -> Result<PolicyText, Error> {
        name::text("NewDescription", description, 0, 1024)?;
        let (mut tx, permit) = self
            .begin::<UpdatePolicyDescription>(
                caller,
                RamScope::policy(caller.account, name.as_str()),
                name.as_str(),
            )
            .await?;
        let before = present(&mut tx, caller.account, name).await?;
        tx.update_policy_description(&permit, name, description).await?;
        let after = present(&mut tx, caller.account, name).await?;
        let attachment_count = tx.count_attachments(caller.account, name).await?;
        let text = PolicyText { attachment_count, ..PolicyText::custom(&after, None) };
        tx.commit(permit, Record { target: name.to_string(), before: json!(before), after: json!(after) })
            .await?;
        Ok(text)
    }

    /// Deletes a custom policy that is attached to nothing. Without `cascade` it may have one version only.
    pub async fn delete_policy(
        &self,
        caller: &Caller,
        name: &PolicyName,
        cascade: bool,
    ) -> Result<(), Error> {
        let (mut tx, permit) = self
            .begin::<DeletePolicy>(caller, RamScope::policy(caller.account, name.as_str()), name.as_str())
            .await?;
        let policy = present(&mut tx, caller.account, name).await?;
        tx.demand_unattached(caller.account, name).await?;
        if !cascade && tx.policy_versions(caller.account, name).await?.len() > 1 {
            return Err(Error::in_use(
                "Policy.Version",
                "The policy CAN NOT has any version except the default version.",
            ));
        }
        tx.delete_policy(&permit, name).await?;
        tx.commit(permit, Record { target: name.to_string(), before: json!(policy), after: Value::Null })
            .await?;
        Ok(())
    }

    /// Adds a version. A version that counts at once, of a policy that is attached, hands something out.
    pub async fn create_policy_version(
        &self,
        caller: &Caller,
        name: &PolicyName,
        document: &str,
        make_default: MakeDefault,
        rotation: Rotation,
    ) -> Result<PolicyVersion, Error> {
        self.check_document(document)?;
        let scope = RamScope::policy(caller.account, name.as_str());
        let (mut tx, permit) =
            self.begin::<CreatePolicyVersion>(caller, scope.clone(), name.as_str()).await?;
        let policy = present(&mut tx, caller.account, name).await?;
        if make_default == MakeDefault::Yes {
            tx = self
                .unless_it_may_not_count::<CreatePolicyVersion>(tx, caller, &scope, &policy, document)
                .await?;
        }
        let versions = tx.policy_versions(caller.account, name).await?;
        let quota = self.settings_of(caller.account)?.quota_policy_versions;
        if versions.len() as u64 >= u64::from(quota) {
            let oldest =
                versions.iter().find(|version| version.version.unsigned_abs() != policy.default_version);
            match (rotation, oldest) {
                (Rotation::DeleteOldestNonDefault, Some(oldest)) => {
                    tx.delete_policy_version(&permit, name, oldest.version).await?;
                }
                _ => return Err(Error::quota("Policy.Version", "policy versions", u64::from(quota))),
            }
        }
        let version = tx.insert_policy_version(&permit, name, document, make_default).await?;
        let after = json!({ "version": version, "isDefault": make_default == MakeDefault::Yes });
        tx.commit(permit, Record { target: name.to_string(), before: json!(policy), after }).await?;
        Ok(version)
    }

    /// Shows one version and whether it counts.
    pub async fn get_policy_version(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        name: &PolicyName,
        version: u64,
    ) -> Result<(PolicyVersion, bool), Error> {
        let permit = self
            .permit::<GetPolicyVersion>(
                caller,
                scope_of(caller.account, policy_type, name.as_str()),
                name.as_str(),
            )
            .await?;
        match policy_type {
            PolicyType::System => {
                let (found, _) = system_version(name)?;
                if found.version.unsigned_abs() == version {
                    Ok((found, true))
                } else {
                    Err(Error::absent("Policy.Version"))
                }
            }
            PolicyType::Custom => self
                .store
                .find_policy_version(&permit, name, version)
                .await?
                .ok_or_else(|| Error::absent("Policy.Version")),
        }
    }

    /// Lists a policy's versions and the number of the one that counts.
    pub async fn list_policy_versions(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(Vec<PolicyVersion>, u64), Error> {
        let permit = self
            .permit::<ListPolicyVersions>(
                caller,
                scope_of(caller.account, policy_type, name.as_str()),
                name.as_str(),
            )
            .await?;
        match policy_type {
            PolicyType::System => system_version(name).map(|(version, number)| (vec![version], number)),
            PolicyType::Custom => {
                self.store.list_policy_versions(&permit, name).await?.ok_or_else(|| Error::absent("Policy"))
            }
        }
    }

    /// Deletes a version that does not count.
    pub async fn delete_policy_version(
        &self,
        caller: &Caller,
        name: &PolicyName,
        version: u64,
    ) -> Result<(), Error> {
        let (mut tx, permit) = self
            .begin::<DeletePolicyVersion>(
                caller,
                RamScope::policy(caller.account, name.as_str()),
                name.as_str(),
            )
            .await?;
        let policy = present(&mut tx, caller.account, name).await?;
        let found = present_version(&mut tx, caller.account, name, version).await?;
        if policy.default_version == version {
            return Err(Error::in_use(
                "Policy.Version.Default",
                "The default policy version CAN NOT been deleted directly.",
            ));
        }
        tx.delete_policy_version(&permit, name, found.version).await?;
        tx.commit(permit, Record { target: name.to_string(), before: json!(found), after: Value::Null })
            .await?;
        Ok(())
    }

    /// Makes a version the one that counts; of a policy that is attached, that hands something out.
    pub async fn set_default_policy_version(
        &self,
        caller: &Caller,
        name: &PolicyName,
        version: u64,
    ) -> Result<(), Error> {
        let scope = RamScope::policy(caller.account, name.as_str());
        let (mut tx, permit) =
            self.begin::<SetDefaultPolicyVersion>(caller, scope.clone(), name.as_str()).await?;
        let policy = present(&mut tx, caller.account, name).await?;
        let found = present_version(&mut tx, caller.account, name, version).await?;
        tx = self
            .unless_it_may_not_count::<SetDefaultPolicyVersion>(tx, caller, &scope, &policy, &found.document)
            .await?;
        tx.set_default_policy_version(&permit, name, &found).await?;
        tx.commit(permit, Record { target: name.to_string(), before: json!(policy), after: json!(found) })
            .await?;
        Ok(())
    }
}

fn system_version(name: &PolicyName) -> Result<(PolicyVersion, u64), Error> {
    let system = bailey_policy::system::find(name.as_str()).ok_or_else(|| Error::absent("Policy"))?;
    let number = version_number("VersionId", system.version)?;
    let version = PolicyVersion {
        version: number.cast_signed(),
        document: system.document.to_owned(),
        created_at: SYSTEM_DATE,
    };
    Ok((version, number))
}

/// A custom policy that must be there.
pub(crate) async fn present(tx: &mut Tx, account: AccountId, name: &PolicyName) -> Result<Policy, Error> {
    tx.find_policy(account, name).await?.ok_or_else(|| Error::absent("Policy"))
}

/// A version of it that must be there.
pub(crate) async fn present_version(
    tx: &mut Tx,
    account: AccountId,
    name: &PolicyName,
    version: u64,
) -> Result<PolicyVersion, Error> {
    let versions = tx.policy_versions(account, name).await?;
    let found = versions.into_iter().find(|found| found.version.unsigned_abs() == version);
    found.ok_or_else(|| Error::absent("Policy.Version"))
}
