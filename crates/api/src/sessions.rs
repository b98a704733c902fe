//! Signing in and out.

use bailey_control::SignIn;
use bailey_domain::Secret;
use bailey_domain::login::Duty;
use bailey_domain::totp::Code;
use serde_json::json;

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call, Visit};

/// The one operation that takes no credential.
pub(crate) async fn create_session(visit: &Visit<'_>) -> Answer {
    let parameters = visit.parameters;
    let user_name = parameters.required_text("userName")?;
    let password = Secret::new(parameters.required_text("password")?);
    let code = parameters.text("mfaCode")?.filter(|text| !text.is_empty());
    let code = code.map(|text| Code::parse("mfaCode", &text)).transpose()?;
    parameters.finish()?;
    let sign_in = SignIn { user_name, password, code };
    let issued = visit.api.control().create_session(&visit.origin, &sign_in).await?;
    let issued = issued.ok_or(Failure::NotSignedIn)?;
    Ok(json!({
        "token": issued.token.reveal(),
        "expiresAt": date(issued.expires_at),
        "passwordResetRequired": issued.duty == Some(Duty::ChangePassword),
        "mfaBindRequired": issued.duty == Some(Duty::BindMfaDevice),
    }))
}

pub(crate) async fn delete_session(call: &Call<'_>) -> Answer {
    call.finish()?;
    call.api.control().delete_session(call.caller).await?;
    Ok(json!({}))
}
