//! STS.

use serde_json::json;

use crate::routes::{Answer, Call};

pub(crate) async fn get_caller_identity(call: &Call<'_>) -> Answer {
    call.finish()?;
    let identity = call.api.control().get_caller_identity(call.caller).await?;
    let account = identity.account;
    Ok(match (identity.principal.user(), identity.user_name) {
        (Some(user), Some(name)) => json!({
            "AccountId": account, "IdentityType": "RAMUser", "Arn": format!("acs:ram::{account}:user/{name}"),
            "PrincipalId": user, "UserId": user,
        }),
        _ => json!({
            "AccountId": account, "IdentityType": "Account", "Arn": format!("acs:ram::{account}:root"),
            "PrincipalId": account, "UserId": account,
        }),
    })
}
