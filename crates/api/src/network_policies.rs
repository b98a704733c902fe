//! Where access keys may be used from. A policy travels as JSON text in a parameter.

use bailey_domain::network_policy::NetworkPolicy;
use bailey_domain::{AccessKeyId, Error};
use serde_json::{Value, json};

use crate::access_keys::key_id;
use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// Far above any policy within the quotas.
const LONGEST: usize = 65_536;

fn policy(call: &Call<'_>) -> Result<NetworkPolicy, Failure> {
    let text = call.parameters.document("AccessKeyPolicy")?;
    let text = text.ok_or_else(|| call.parameters.missing("AccessKeyPolicy"))?;
    if text.len() > LONGEST {
        return Err(call.parameters.invalid("AccessKeyPolicy", "is far longer than any policy").into());
    }
    Ok(NetworkPolicy::parse(&text)?)
}

fn shown(policy: &NetworkPolicy) -> Result<Value, Failure> {
    let text = serde_json::to_string(policy).map_err(Error::internal)?;
    Ok(json!({ "AccessKeyPolicy": text }))
}

fn shown_with_key(policy: &NetworkPolicy, id: AccessKeyId) -> Answer {
    let mut fields = shown(policy)?;
    fields["AccessKeyId"] = json!(id);
    Ok(fields)
}

pub(crate) async fn set_access_key_policy(call: &Call<'_>) -> Answer {
    let (name, id) = (call.optional_logon_name("UserPrincipalName")?, key_id(call)?);
    let policy = policy(call)?;
    call.finish()?;
    let policy = call.api.control().set_access_key_policy(call.caller, name.as_ref(), id, policy).await?;
    shown_with_key(&policy, id)
}

pub(crate) async fn get_access_key_policy(call: &Call<'_>) -> Answer {
    let (name, id) = (call.optional_logon_name("UserPrincipalName")?, key_id(call)?);
    call.finish()?;
    let policy = call.api.control().get_access_key_policy(call.caller, name.as_ref(), id).await?;
    shown_with_key(&policy, id)
}

pub(crate) async fn set_access_key_policy_for_account(call: &Call<'_>) -> Answer {
    let policy = policy(call)?;
    call.finish()?;
    shown(&call.api.control().set_access_key_policy_for_account(call.caller, policy).await?)
}

pub(crate) async fn get_access_key_policy_for_account(call: &Call<'_>) -> Answer {
    call.finish()?;
    shown(&call.api.control().get_access_key_policy_for_account(call.caller).await?)
}
