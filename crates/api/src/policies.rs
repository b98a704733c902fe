//! Policies and their versions.

use bailey_control::{MakeDefault, PolicyText, PolicyVersion, Rotation, version_number};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::lint::findings;
use crate::read::date;
use crate::routes::{Answer, Call};
use crate::tags;
use crate::users::paged;

fn shown(policy: &PolicyText) -> Value {
    json!({
        "PolicyName": policy.name, "PolicyType": policy.policy_type.name(), "Description": policy.description,
        "DefaultVersion": policy.default_version, "AttachmentCount": policy.attachment_count,
        "CreateDate": date(policy.created_at), "UpdateDate": date(policy.updated_at),
    })
}

fn version(version: &PolicyVersion, is_default: bool) -> Value {
    json!({
        "VersionId": format!("v{}", version.version), "IsDefaultVersion": is_default,
        "PolicyDocument": version.document, "CreateDate": date(version.created_at),
    })
}

fn document(call: &Call<'_>) -> Result<String, Failure> {
    Ok(call
        .parameters
        .document("PolicyDocument")?
        .ok_or_else(|| call.parameters.missing("PolicyDocument"))?)
}

fn version_id(call: &Call<'_>) -> Result<u64, Failure> {
    Ok(version_number("VersionId", &call.parameters.required_text("VersionId")?)?)
}

pub(crate) async fn create_policy(call: &Call<'_>) -> Answer {
    let name = call.policy_name()?;
    let document = document(call)?;
    let description = call.parameters.document("Description")?.unwrap_or_default();
    let tags = call.tags()?;
    let dry_run = call.parameters.boolean("DryRun")?.unwrap_or(false);
    call.finish()?;
    if dry_run {
        return Ok(findings(&call.api.control().lint_policy(call.caller, &name, &document).await?));
    }
    let policy = call.api.control().create_policy(call.caller, &name, &description, &document, &tags).await?;
    Ok(json!({ "Policy": shown(&policy) }))
}

pub(crate) async fn get_policy(call: &Call<'_>) -> Answer {
    let (name, policy_type) = (call.policy_name()?, call.policy_type()?);
    call.finish()?;
    let (policy, created) = call.api.control().get_policy(call.caller, policy_type, &name).await?;
    let mut fields = shown(&policy);
    // Deprecated by the real service, and still what old clients read.
    fields["PolicyDocument"] = json!(policy.document);
    let default = json!({
        "VersionId": policy.default_version, "IsDefaultVersion": true, "PolicyDocument": policy.document, "CreateDate": date(created),
    });
    Ok(json!({ "Policy": fields, "DefaultPolicyVersion": default }))
}

pub(crate) async fn list_policies(call: &Call<'_>) -> Answer {
    let policy_type = call.policy_type_in("PolicyType")?;
    let (wanted, cursor) = (call.tag_filters()?, call.ram_cursor()?);
    call.finish()?;
    let page = call.api.control().list_policies(call.caller, policy_type, &wanted, &cursor).await?;
    let listed = |policy: &PolicyText| {
        let mut fields = shown(policy);
        fields["Tags"] = tags::shown(&policy.tags);
        fields
    };
    let policies: Vec<_> = page.rows.iter().map(listed).collect();
    Ok(paged(json!({ "Policies": { "Policy": policies } }), call.token(&page)))
}

pub(crate) async fn update_policy_description(call: &Call<'_>) -> Answer {
    let name = call.policy_name()?;
    let description = call
        .parameters
        .document("NewDescription")?
        .ok_or_else(|| call.parameters.missing("NewDescription"))?;
    call.finish()?;
    let policy = call.api.control().update_policy_description(call.caller, &name, &description).await?;
    Ok(json!({ "Policy": shown(&policy) }))
}

pub(crate) async fn delete_policy(call: &Call<'_>) -> Answer {
    let name = call.policy_name()?;
    let cascade = call.parameters.boolean("CascadingDelete")?.unwrap_or(false);
    call.finish()?;
    call.api.control().delete_policy(call.caller, &name, cascade).await?;
    Ok(json!({}))
}

pub(crate) async fn create_policy_version(call: &Call<'_>) -> Answer {
    let name = call.policy_name()?;
    let document = document(call)?;
    let make_default = if call.parameters.boolean("SetAsDefault")?.unwrap_or(false) {
        MakeDefault::Yes
    } else {
        MakeDefault::No
    };
    let rotation = match call.parameters.text("RotateStrategy")?.as_deref() {
        None | Some("" | "None") => Rotation::None,
        Some("DeleteOldestNonDefaultVersionWhenLimitExceeded") => Rotation::DeleteOldestNonDefault,
        Some(_) => {
            return Err(call
                .parameters
                .invalid("RotateStrategy", "must be None or DeleteOldestNonDefaultVersionWhenLimitExceeded")
                .into());
        }
    };
    let dry_run = call.parameters.boolean("DryRun")?.unwrap_or(false);
    call.finish()?;
    if dry_run {
        return Ok(findings(&call.api.control().lint_policy_version(call.caller, &name, &document).await?));
    }
    let made = call
        .api
        .control()
        .create_policy_version(call.caller, &name, &document, make_default, rotation)
        .await?;
    Ok(json!({ "PolicyVersion": version(&made, make_default == MakeDefault::Yes) }))
}

pub(crate) async fn get_policy_version(call: &Call<'_>) -> Answer {
    let (name, policy_type, number) = (call.policy_name()?, call.policy_type()?, version_id(call)?);
    call.finish()?;
    let (found, is_default) =
        call.api.control().get_policy_version(call.caller, policy_type, &name, number).await?;
    Ok(json!({ "PolicyVersion": version(&found, is_default) }))
}

pub(crate) async fn list_policy_versions(call: &Call<'_>) -> Answer {
    let (name, policy_type) = (call.policy_name()?, call.policy_type()?);
    call.finish()?;
    let (versions, default) =
        call.api.control().list_policy_versions(call.caller, policy_type, &name).await?;
    let shown: Vec<_> =
        versions.iter().map(|found| version(found, found.version.unsigned_abs() == default)).collect();
    Ok(json!({ "PolicyVersions": { "PolicyVersion": shown } }))
}

pub(crate) async fn delete_policy_version(call: &Call<'_>) -> Answer {
    let (name, number) = (call.policy_name()?, version_id(call)?);
    call.finish()?;
    call.api.control().delete_policy_version(call.caller, &name, number).await?;
    Ok(json!({}))
}

pub(crate) async fn set_default_policy_version(call: &Call<'_>) -> Answer {
    let (name, number) = (call.policy_name()?, version_id(call)?);
    call.finish()?;
    call.api.control().set_default_policy_version(call.caller, &name, number).await?;
    Ok(json!({}))
}
