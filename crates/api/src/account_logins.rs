//! The account's alias, its password policy and its security preference.

use bailey_domain::Error;
use bailey_domain::login::{LONGEST_PASSWORD, PasswordPolicy, SHORTEST_PASSWORD, SecurityPreference};
use bailey_domain::name::AccountAlias;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

pub(crate) async fn set_account_alias(call: &Call<'_>) -> Answer {
    let field = "AccountAlias";
    let alias = AccountAlias::parse(field, &call.parameters.required_text(field)?)?;
    call.finish()?;
    call.api.control().set_account_alias(call.caller, &alias).await?;
    Ok(json!({}))
}

pub(crate) async fn get_account_alias(call: &Call<'_>) -> Answer {
    call.finish()?;
    Ok(json!({ "AccountAlias": call.api.control().get_account_alias(call.caller).await? }))
}

pub(crate) async fn clear_account_alias(call: &Call<'_>) -> Answer {
    call.finish()?;
    call.api.control().clear_account_alias(call.caller).await?;
    Ok(json!({}))
}

fn policy(policy: &PasswordPolicy) -> Value {
    json!({ "PasswordPolicy": {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireLowercaseCharacters": policy.require_lowercase,
        "RequireUppercaseCharacters": policy.require_uppercase,
        "RequireNumbers": policy.require_numbers,
        "RequireSymbols": policy.require_symbols,
        "HardExpiry": policy.hard_expiry,
        "MaxPasswordAge": policy.max_age_days,
        "PasswordReusePrevention": policy.reuse_prevention,
        // The vendor's spelling.
        "MaxLoginAttemps": policy.max_attempts,
    } })
}

fn number(call: &Call<'_>, name: &str, most: i64, usual: u32) -> Result<u32, Failure> {
    let number = call.parameters.integer(name, 0..=most)?;
    Ok(number.map(u32::try_from).transpose().map_err(Error::internal)?.unwrap_or(usual))
}

/// What is not given has its default, as in the real service: the whole policy is set.
pub(crate) async fn set_password_policy(call: &Call<'_>) -> Answer {
    let usual = PasswordPolicy::default();
    let flag = |name: &str, usual: bool| call.parameters.boolean(name).map(|flag| flag.unwrap_or(usual));
    let length = "MinimumPasswordLength";
    let minimum_length = number(call, length, i64::from(u32::MAX), usual.minimum_length)?;
    let wanted = PasswordPolicy {
        minimum_length,
        require_lowercase: flag("RequireLowercaseCharacters", usual.require_lowercase)?,
        require_uppercase: flag("RequireUppercaseCharacters", usual.require_uppercase)?,
        require_numbers: flag("RequireNumbers", usual.require_numbers)?,
        require_symbols: flag("RequireSymbols", usual.require_symbols)?,
        hard_expiry: flag("HardExpiry", usual.hard_expiry)?,
        max_age_days: number(call, "MaxPasswordAge", 1095, usual.max_age_days)?,
        reuse_prevention: number(call, "PasswordReusePrevention", 24, usual.reuse_prevention)?,
        max_attempts: number(call, "MaxLoginAttemps", 32, usual.max_attempts)?,
    };
    call.finish()?;
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&minimum_length) {
        return Err(Error::invalid(
            format!("InvalidParameter.{length}.Range"),
            format!(
                "The parameter - \"{length}\" MUST be in the range of {SHORTEST_PASSWORD} and {LONGEST_PASSWORD}."
            ),
        )
        .into());
    }
    call.api.control().set_password_policy(call.caller, &wanted).await?;
    Ok(policy(&wanted))
}

pub(crate) async fn get_password_policy(call: &Call<'_>) -> Answer {
    call.finish()?;
    Ok(policy(&call.api.control().get_password_policy(call.caller).await?))
}

fn preference(preference: &SecurityPreference) -> Value {
    json!({ "SecurityPreference": {
        "LoginProfilePreference": {
            "EnableSaveMFATicket": false,
            "AllowUserToChangePassword": preference.change_password,
            "LoginSessionDuration": preference.session_hours,
            "LoginNetworkMasks": preference.networks_text(),
        },
        "AccessKeyPreference": { "AllowUserToManageAccessKeys": preference.manage_access_keys },
        "MFAPreference": { "AllowUserToManageMFADevices": preference.manage_mfa_devices },
        "PublicKeyPreference": { "AllowUserToManagePublicKeys": false },
    } })
}

/// What is not given stays. What bailey does not have cannot be switched on.
pub(crate) async fn set_security_preference(call: &Call<'_>) -> Answer {
    let flag = |name: &str| call.parameters.boolean(name);
    let change_password = flag("AllowUserToChangePassword")?;
    let manage_access_keys = flag("AllowUserToManageAccessKeys")?;
    let manage_mfa_devices = flag("AllowUserToManageMFADevices")?;
    let session_hours = call.parameters.integer("LoginSessionDuration", 1..=24)?;
    let session_hours = session_hours.map(u32::try_from).transpose().map_err(Error::internal)?;
    let masks = "LoginNetworkMasks";
    let networks = match call.parameters.text(masks)? {
        Some(text) => Some(SecurityPreference::parse_networks(masks, &text)?),
        None => None,
    };
    for (name, why) in [
        ("EnableSaveMFATicket", "must be false: a code of the MFA device is asked for at every sign-in"),
        ("AllowUserToManagePublicKeys", "must be false: there are no public keys to manage"),
    ] {
        if flag(name)? == Some(true) {
            return Err(call.parameters.invalid(name, why).into());
        }
    }
    call.finish()?;
    let change = |preference: &mut SecurityPreference| {
        let SecurityPreference {
            change_password: password,
            manage_access_keys: keys,
            manage_mfa_devices: devices,
            ..
        } = preference;
        for (present, wanted) in
            [(password, change_password), (keys, manage_access_keys), (devices, manage_mfa_devices)]
        {
            *present = wanted.unwrap_or(*present);
        }
        preference.session_hours = session_hours.unwrap_or(preference.session_hours);
        if let Some(networks) = &networks {
            preference.networks.clone_from(networks);
        }
    };
    Ok(preference(&call.api.control().set_security_preference(call.caller, &change).await?))
}

pub(crate) async fn get_security_preference(call: &Call<'_>) -> Answer {
    call.finish()?;
    Ok(preference(&call.api.control().get_security_preference(call.caller).await?))
}
