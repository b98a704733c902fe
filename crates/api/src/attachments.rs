//! Attaching policies to users and groups.

use bailey_control::{Attachment, Entity};
use serde_json::{Value, json};

use crate::read::date;
use crate::roles::arn_of;
use crate::routes::{Answer, Call};

pub(crate) async fn attach_policy_to_user(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.user_name("UserName")?);
    call.finish()?;
    call.api.control().attach_policy_to_user(call.caller, policy_type, &policy, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn detach_policy_from_user(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.user_name("UserName")?);
    call.finish()?;
    call.api.control().detach_policy_from_user(call.caller, policy_type, &policy, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn attach_policy_to_group(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.group_name()?);
    call.finish()?;
    call.api.control().attach_policy_to_group(call.caller, policy_type, &policy, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn detach_policy_from_group(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.group_name()?);
    call.finish()?;
    call.api.control().detach_policy_from_group(call.caller, policy_type, &policy, &name).await?;
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
    call.finish()?;
    call.api.control().attach_policy_to_role(call.caller, policy_type, &policy, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn detach_policy_from_role(call: &Call<'_>) -> Answer {
    let (policy_type, policy, name) = (call.policy_type()?, call.policy_name()?, call.role_name()?);
    call.finish()?;
    call.api.control().detach_policy_from_role(call.caller, policy_type, &policy, &name).await?;
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
            json!({
                "PolicyName": attachment.policy_name, "PolicyType": attachment.policy_type,
                "Description": attachment.description.clone().unwrap_or_default(),
                "DefaultVersion": format!("v{}", attachment.default_version.unwrap_or(1)),
                "AttachDate": date(attachment.attached_at),
            })
        })
        .collect();
    json!({ "Policies": { "Policy": policies } })
}

pub(crate) async fn list_entities_for_policy(call: &Call<'_>) -> Answer {
    let (policy_type, policy) = (call.policy_type()?, call.policy_name()?);
    call.finish()?;
    let entities = call.api.control().list_entities_for_policy(call.caller, policy_type, &policy).await?;
    let user = |user: &Entity| json!({ "UserId": user.id, "UserName": user.name, "DisplayName": user.text, "AttachDate": date(user.attached_at) });
    let group = |group: &Entity| json!({ "GroupName": group.name, "Comments": group.text, "AttachDate": date(group.attached_at) });
    let users: Vec<_> = entities.users.iter().map(user).collect();
    let groups: Vec<_> = entities.groups.iter().map(group).collect();
    let account = call.caller.account;
    let role = |role: &Entity| json!({ "RoleId": role.id, "RoleName": role.name, "Arn": arn_of(account, &role.name), "Description": role.text, "AttachDate": date(role.attached_at) });
    let roles: Vec<_> = entities.roles.iter().map(role).collect();
    Ok(json!({ "Users": { "User": users }, "Groups": { "Group": groups }, "Roles": { "Role": roles } }))
}
