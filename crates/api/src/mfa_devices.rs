//! Virtual MFA devices.

use bailey_control::{ListedMfaDevice, MfaProof, serial_number};
use bailey_domain::AccountId;
use bailey_domain::access::Principal;
use bailey_domain::name::MfaDeviceName;
use bailey_domain::totp::Code;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::qr_code::png;
use crate::read::date;
use crate::routes::{Answer, Call};

pub(crate) async fn create_virtual_mfa_device(call: &Call<'_>) -> Answer {
    let field = "VirtualMFADeviceName";
    let name = MfaDeviceName::parse(field, &call.parameters.required_text(field)?)?;
    call.finish()?;
    let issued = call.api.control().create_virtual_mfa_device(call.caller, &name).await?;
    Ok(json!({ "VirtualMFADevice": {
        "SerialNumber": issued.serial_number,
        "Base32StringSeed": issued.seed.reveal(),
        "QRCodePNG": png(issued.uri.reveal())?,
    } }))
}

fn shown(account: AccountId, listed: &ListedMfaDevice) -> Value {
    let mut fields = json!({ "SerialNumber": serial_number(account, &listed.device.name) });
    if let Some(activated_at) = listed.device.activated_at {
        fields["ActivateDate"] = json!(date(activated_at));
    }
    match (listed.device.owner, &listed.user) {
        (Some(Principal::User(user)), Some((name, display_name))) => {
            fields["User"] = json!({ "UserId": user, "UserName": name, "DisplayName": display_name });
        }
        (Some(Principal::Root), _) => fields["User"] = json!({ "UserId": account, "UserName": "root" }),
        _ => {}
    }
    fields
}

pub(crate) async fn list_virtual_mfa_devices(call: &Call<'_>) -> Answer {
    call.finish()?;
    let listed = call.api.control().list_virtual_mfa_devices(call.caller).await?;
    let shown: Vec<_> = listed.iter().map(|device| shown(call.caller.account, device)).collect();
    Ok(json!({ "VirtualMFADevices": { "VirtualMFADevice": shown } }))
}

pub(crate) async fn delete_virtual_mfa_device(call: &Call<'_>) -> Answer {
    let serial = call.parameters.required_text("SerialNumber")?;
    call.finish()?;
    call.api.control().delete_virtual_mfa_device(call.caller, &serial).await?;
    Ok(json!({}))
}

fn code(call: &Call<'_>, field: &str) -> Result<Code, Failure> {
    Ok(Code::parse(field, &call.parameters.required_text(field)?)?)
}

pub(crate) async fn bind_mfa_device(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    let proof = MfaProof {
        serial_number: call.parameters.required_text("SerialNumber")?,
        first: code(call, "AuthenticationCode1")?,
        second: code(call, "AuthenticationCode2")?,
    };
    call.finish()?;
    call.api.control().bind_mfa_device(call.caller, &name, &proof).await?;
    Ok(json!({}))
}

pub(crate) async fn unbind_mfa_device(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    let serial = call.api.control().unbind_mfa_device(call.caller, &name).await?;
    Ok(json!({ "MFADevice": { "SerialNumber": serial } }))
}

pub(crate) async fn get_user_mfa_info(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    let serial = call.api.control().get_user_mfa_info(call.caller, &name).await?;
    Ok(json!({ "MFADevice": { "SerialNumber": serial, "Type": "VMFA" } }))
}
