//! Passwords of RAM users.

use bailey_control::{LoginProfile, LoginText};
use bailey_domain::Secret;
use bailey_domain::name::UserName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};

fn shown(name: &UserName, profile: &LoginProfile) -> Value {
    json!({ "LoginProfile": {
        "UserName": name,
        "CreateDate": date(profile.created_at),
        "PasswordResetRequired": profile.password_reset_required,
        "MFABindRequired": profile.mfa_bind_required,
    } })
}

fn texts(call: &Call<'_>) -> Result<LoginText, Failure> {
    Ok(LoginText {
        password: call.parameters.text("Password")?.map(Secret::new),
        password_reset_required: call.parameters.boolean("PasswordResetRequired")?,
        mfa_bind_required: call.parameters.boolean("MFABindRequired")?,
    })
}

pub(crate) async fn create_login_profile(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    let text = texts(call)?;
    if text.password.is_none() {
        return Err(call.parameters.missing("Password").into());
    }
    call.finish()?;
    let profile = call.api.control().create_login_profile(call.caller, &name, text).await?;
    Ok(shown(&name, &profile))
}

pub(crate) async fn get_login_profile(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    let profile = call.api.control().get_login_profile(call.caller, &name).await?;
    Ok(shown(&name, &profile))
}

pub(crate) async fn update_login_profile(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    let text = texts(call)?;
    call.finish()?;
    call.api.control().update_login_profile(call.caller, &name, text).await?;
    Ok(json!({}))
}

pub(crate) async fn delete_login_profile(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    call.api.control().delete_login_profile(call.caller, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn change_password(call: &Call<'_>) -> Answer {
    let old = Secret::new(call.parameters.required_text("OldPassword")?);
    let new = Secret::new(call.parameters.required_text("NewPassword")?);
    call.finish()?;
    call.api.control().change_password(call.caller, &old, &new).await?;
    Ok(json!({}))
}
