//! Permission boundaries and control policies: our own operations, in the style of ModelStudio.

use bailey_control::Bounded;
use bailey_domain::Error;
use bailey_domain::change::PolicyType;
use bailey_domain::name::{PolicyName, RoleName};
use serde_json::json;

use crate::failure::Failure;
use crate::routes::{Answer, Call};

fn bounded(call: &Call<'_>) -> Result<Bounded, Failure> {
    match call.parameters.required_text("type")?.as_str() {
        "user" => Ok(Bounded::User(call.user_name("name")?)),
        "role" => Ok(Bounded::Role(RoleName::parse("name", &call.parameters.required_text("name")?)?)),
        _ => Err(Error::field("type", "must be `user` or `role`").into()),
    }
}

fn policy(call: &Call<'_>) -> Result<(PolicyType, PolicyName), Failure> {
    let policy_type = call.policy_type_in("policyType")?;
    let policy_type = policy_type.ok_or_else(|| call.parameters.missing("policyType"))?;
    Ok((policy_type, PolicyName::parse("policyName", &call.parameters.required_text("policyName")?)?))
}

pub(crate) async fn put_permission_boundary(call: &Call<'_>) -> Answer {
    let (of, (policy_type, policy)) = (bounded(call)?, policy(call)?);
    call.finish()?;
    Ok(json!(call.api.control().put_permission_boundary(call.caller, &of, policy_type, &policy).await?))
}

pub(crate) async fn delete_permission_boundary(call: &Call<'_>) -> Answer {
    let of = bounded(call)?;
    call.finish()?;
    call.api.control().delete_permission_boundary(call.caller, &of).await?;
    Ok(json!({}))
}

pub(crate) async fn get_permission_boundary(call: &Call<'_>) -> Answer {
    let of = bounded(call)?;
    call.finish()?;
    Ok(json!({ "boundary": call.api.control().get_permission_boundary(call.caller, &of).await? }))
}

pub(crate) async fn attach_control_policy(call: &Call<'_>) -> Answer {
    let (policy_type, policy) = policy(call)?;
    call.finish()?;
    Ok(json!(call.api.control().attach_control_policy(call.caller, policy_type, &policy).await?))
}

pub(crate) async fn detach_control_policy(call: &Call<'_>) -> Answer {
    let (policy_type, policy) = policy(call)?;
    call.finish()?;
    Ok(json!(call.api.control().detach_control_policy(call.caller, policy_type, &policy).await?))
}

pub(crate) async fn list_control_policies(call: &Call<'_>) -> Answer {
    call.finish()?;
    Ok(json!({ "controlPolicies": call.api.control().list_control_policies(call.caller).await? }))
}
