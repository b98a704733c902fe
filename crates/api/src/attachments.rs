//! Attaching policies to users.

use serde_json::json;

use crate::read::date;
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

pub(crate) async fn list_policies_for_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    let attachments = call.api.control().list_policies_for_user(call.caller, &name).await?;
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
    Ok(json!({ "Policies": { "Policy": policies } }))
}

pub(crate) async fn list_entities_for_policy(call: &Call<'_>) -> Answer {
    let (policy_type, policy) = (call.policy_type()?, call.policy_name()?);
    call.finish()?;
    let entities = call.api.control().list_entities_for_policy(call.caller, policy_type, &policy).await?;
    let users: Vec<_> = entities
        .iter()
        .map(|user| {
            json!({ "UserId": user.user_id, "UserName": user.name, "DisplayName": user.display_name, "AttachDate": date(user.attached_at) })
        })
        .collect();
    // Groups and roles hold no policies in this release; clients expect the lists.
    Ok(json!({ "Users": { "User": users }, "Groups": { "Group": [] }, "Roles": { "Role": [] } }))
}
