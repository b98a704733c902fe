//! Attaching policies to users, groups and roles, for the whole account or for the things of one workspace.

use bailey_control::{Attachment, Entity};
use serde_json::{Value, json};

use crate::read::date;
use crate::roles::arn_of;
use crate::routes::{Answer, Call};

pub(crate) async fn attach_policy_to_user(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.user_name("UserName")?);
    let workspace = call.resource_group()?;
    call.finish()?;
    call.api.control().attach_policy_to_user(call.caller, policy_type, &policy, &name, workspace).await?;
    Ok(json!({}))
}

pub(crate) async fn detach_policy_from_user(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.user_name("UserName")?);
    let workspace = call.resource_group()?;
    call.finish()?;
    call.api.control().detach_policy_from_user(call.caller, policy_type, &policy, &name, workspace).await?;
    Ok(json!({}))
}

pub(crate) async fn attach_policy_to_group(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.group_name()?);
    let workspace = call.resource_group()?;
    call.finish()?;
    call.api.control().attach_policy_to_group(call.caller, policy_type, &policy, &name, workspace).await?;
    Ok(json!({}))
}

pub(crate) async fn detach_policy_from_group(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.group_name()?);
    let workspace = call.resource_group()?;
    call.finish()?;
    call.api.control().detach_policy_from_group(call.caller, policy_type, &policy, &name, workspace).await?;
    Ok(json!({}))
}

pub(crate) async fn list_policies_for_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    Ok(shown(&call.api.control().list_policies_for_user(call.caller, &name).await?))
}

pub(crate) async fn list_policies_for_group(call: &Call<'_>) -> Answer {
    let name = call.group_name()?;
    call.finish()?;
    Ok(shown(&call.api.control().list_policies_for_group(call.caller, &name).await?))
}

pub(crate) async fn attach_policy_to_role(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.role_name()?);
    let workspace = call.resource_group()?;
    call.finish()?;
    call.api.control().attach_policy_to_role(call.caller, policy_type, &policy, &name, workspace).await?;
    Ok(json!({}))
}

pub(crate) async fn detach_policy_from_role(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.role_name()?);
    let workspace = call.resource_group()?;
    call.finish()?;
    call.api.control().detach_policy_from_role(call.caller, policy_type, &policy, &name, workspace).await?;
    Ok(json!({}))
}

pub(crate) async fn list_policies_for_role(call: &Call<'_>) -> Answer {
    let name = call.role_name()?;
    call.finish()?;
    Ok(shown(&call.api.control().list_policies_for_role(call.caller, &name).await?))
}

fn shown(attachments: &[Attachment]) -> Value {
    let policies: Vec<_> = attachments
        .iter()
        .map(|attachment| {
            let mut fields = json!({
                "PolicyName": attachment.policy_name, "PolicyType": attachment.policy_type,
                "Description": attachment.description.clone().unwrap_or_default(),
                "DefaultVersion": format!("v{}", attachment.default_version.unwrap_or(1)),
                "AttachDate": date(attachment.attached_at),
            });
            if let Some(workspace) = attachment.workspace {
                fields["ResourceGroupId"] = json!(workspace);
            }
            fields
        })
        .collect();
    json!({ "Policies": { "Policy": policies } })
}

/// Each entity with when the policy was attached to it and, where that is not the whole account, for what.
fn attached(entities: &[Entity], named: impl Fn(&Entity) -> Value) -> Vec<Value> {
    let shown = |entity: &Entity| {
        let mut fields = named(entity);
        fields["AttachDate"] = json!(date(entity.attached_at));
        if !entity.workspace_id.is_empty() {
            fields["ResourceGroupId"] = json!(entity.workspace_id);
        }
        fields
    };
    entities.iter().map(shown).collect()
}

pub(crate) async fn list_entities_for_policy(call: &Call<'_>) -> Answer {
    let (policy_type, policy) = (call.policy_type()?, call.policy_name()?);
    call.finish()?;
    let entities = call.api.control().list_entities_for_policy(call.caller, policy_type, &policy).await?;
    let account = call.caller.account;
    let user = |user: &Entity| json!({ "UserId": user.id, "UserName": user.name, "DisplayName": user.text });
    let group = |group: &Entity| json!({ "GroupName": group.name, "Comments": group.text });
    let role = |role: &Entity| json!({ "RoleId": role.id, "RoleName": role.name, "Arn": arn_of(account, &role.name), "Description": role.text });
    let [users, groups, roles] =
        [attached(&entities.users, user), attached(&entities.groups, group), attached(&entities.roles, role)];
    Ok(json!({ "Users": { "User": users }, "Groups": { "Group": groups }, "Roles": { "Role": roles } }))
}
