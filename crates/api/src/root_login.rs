//! How root signs in.

use bailey_control::{MfaProof, RootLoginChange};
use bailey_domain::Secret;
use bailey_domain::totp::Code;
use serde_json::json;

use crate::read::date;
use crate::routes::{Answer, Call};

pub(crate) async fn update_root_login(call: &Call<'_>) -> Answer {
    let secret = |name: &str| call.parameters.text(name).map(|text| text.map(Secret::new));
    let (password, old_password) = (secret("password")?, secret("oldPassword")?);
    let unbind_mfa = call.parameters.boolean("unbindMfa")?.unwrap_or(false);
    let bind = match call.parameters.text("serialNumber")? {
        Some(serial_number) => {
            let code = |name: &str| call.parameters.required_text(name);
            let (first, second) = (code("authenticationCode1")?, code("authenticationCode2")?);
            let first = Code::parse("authenticationCode1", &first)?;
            Some(MfaProof { serial_number, first, second: Code::parse("authenticationCode2", &second)? })
        }
        None => None,
    };
    call.finish()?;
    if password.is_none() && bind.is_none() && !unbind_mfa {
        return Err(call.parameters.missing("password").into());
    }
    let change = RootLoginChange { password, old_password, bind, unbind_mfa };
    let login = call.api.control().update_root_login(call.caller, &change).await?;
    Ok(json!({ "rootLogin": {
        "passwordSetAt": login.password_set_at.map(date), "serialNumber": login.serial_number,
    } }))
}
