//! STS: who a caller is, and roles for a time.

use bailey_control::AssumeRoleRequest;
use bailey_domain::Principal;
use bailey_domain::name::RoleSessionName;
use serde_json::json;

use crate::read::date;
use crate::roles::arn_of;
use crate::routes::{Answer, Call};

pub(crate) async fn get_caller_identity(call: &Call<'_>) -> Answer {
    call.finish()?;
    let identity = call.api.control().get_caller_identity(call.caller).await?;
    let account = identity.account;
    let name = identity.name.unwrap_or_default();
    Ok(match (identity.principal, &call.caller.role_session) {
        (Principal::User(user), _) => json!({
            "AccountId": account, "IdentityType": "RAMUser", "Arn": format!("acs:ram::{account}:user/{name}"),
            "PrincipalId": user, "UserId": user,
        }),
        (Principal::Role(role), Some(session)) => json!({
            "AccountId": account, "IdentityType": "AssumedRoleUser",
            "Arn": format!("acs:ram::{account}:role/{}/{}", session.role_name, session.claims.name),
            "PrincipalId": format!("{role}:{}", session.claims.name), "RoleId": role,
        }),
        _ => json!({
            "AccountId": account, "IdentityType": "Account", "Arn": format!("acs:ram::{account}:root"),
            "PrincipalId": account, "UserId": account,
        }),
    })
}

pub(crate) async fn assume_role(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let session_name =
        RoleSessionName::parse("RoleSessionName", &parameters.required_text("RoleSessionName")?)?;
    let request = AssumeRoleRequest {
        role_arn: parameters.required_text("RoleArn")?,
        session_name,
        policy: parameters.document("Policy")?.filter(|text| !text.is_empty()),
        duration: parameters.integer("DurationSeconds", 0..=i64::from(u32::MAX))?.map(i64::unsigned_abs),
        external_id: parameters.text("ExternalId")?.filter(|text| !text.is_empty()),
    };
    call.finish()?;
    let assumed = call.api.control().assume_role(call.caller, request).await?;
    let (account, role, session) = (call.caller.account, &assumed.role, &assumed.session_name);
    Ok(json!({
        "Credentials": {
            "AccessKeyId": assumed.access_key_id, "AccessKeySecret": assumed.secret.reveal(),
            "SecurityToken": assumed.security_token.reveal(), "Expiration": date(assumed.expires_at),
        },
        "AssumedRoleUser": {
            "Arn": format!("{}/{session}", arn_of(account, role.name.as_str())),
            "AssumedRoleId": format!("{}:{session}", role.role_id),
        },
    }))
}
