//! STS: who a caller is, and roles for a time.

use bailey_acs::parameters::Parameters;
use bailey_control::{AssumeRoleRequest, AssumeRoleWithOidcRequest, AssumedRole};
use bailey_domain::name::RoleSessionName;
use bailey_domain::{AccountId, Error, Principal, Secret};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::roles::arn_of;
use crate::routes::{Answer, Call, Visit};

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

fn session_name(parameters: &Parameters) -> Result<RoleSessionName, Failure> {
    let field = "RoleSessionName";
    let wrong = |error| {
        let code = format!("InvalidParameter.{field}");
        Error::invalid(code, format!("The parameter {field} is wrongly formed. {error}"))
    };
    Ok(RoleSessionName::parse(field, &mandatory(parameters, field)?).map_err(wrong)?)
}

/// STS says in the code what is missing.
fn mandatory(parameters: &Parameters, field: &str) -> Result<String, Failure> {
    match parameters.text(field)? {
        Some(text) => Ok(text),
        None => {
            let code = format!("MissingParameter.{field}");
            Err(Error::invalid(code, format!("Parameter {field} is required.")).into())
        }
    }
}

fn duration(parameters: &Parameters) -> Result<Option<u64>, Failure> {
    Ok(parameters.integer("DurationSeconds", 0..=i64::from(u32::MAX))?.map(i64::unsigned_abs))
}

/// A session as it is answered, with its secret.
fn shown(account: AccountId, assumed: &AssumedRole) -> Value {
    let (role, session) = (&assumed.role, &assumed.session_name);
    json!({
        "Credentials": {
            "AccessKeyId": assumed.access_key_id, "AccessKeySecret": assumed.secret.reveal(),
            "SecurityToken": assumed.security_token.reveal(), "Expiration": date(assumed.expires_at),
        },
        "AssumedRoleUser": {
            "Arn": format!("{}/{session}", arn_of(account, role.name.as_str())),
            "AssumedRoleId": format!("{}:{session}", role.role_id),
        },
    })
}

pub(crate) async fn assume_role(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let request = AssumeRoleRequest {
        session_name: session_name(parameters)?,
        role_arn: mandatory(parameters, "RoleArn")?,
        policy: parameters.document("Policy")?.filter(|text| !text.is_empty()),
        duration: duration(parameters)?,
        external_id: parameters.text("ExternalId")?.filter(|text| !text.is_empty()),
    };
    call.finish()?;
    let assumed = call.api.control().assume_role(call.caller, request).await?;
    Ok(shown(call.caller.account, &assumed))
}

/// Takes no credential: the token is the proof.
pub(crate) async fn assume_role_with_oidc(visit: &Visit<'_>) -> Answer {
    let parameters = visit.parameters;
    let request = AssumeRoleWithOidcRequest {
        session_name: session_name(parameters)?,
        role_arn: mandatory(parameters, "RoleArn")?,
        provider_arn: mandatory(parameters, "OIDCProviderArn")?,
        token: Secret::new(mandatory(parameters, "OIDCToken")?),
        policy: parameters.document("Policy")?.filter(|text| !text.is_empty()),
        duration: duration(parameters)?,
    };
    parameters.finish()?;
    let (control, documents) = (visit.api.control(), visit.api.documents());
    let taken = control.assume_role_with_oidc(&visit.origin, request, documents).await?;
    let mut fields = shown(taken.account, &taken.assumed);
    fields["OIDCTokenInfo"] = json!({
        "Issuer": taken.issuer, "Subject": taken.subject, "ClientIds": taken.audience.join(","),
        "IssuanceTime": date(taken.issued_at), "ExpirationTime": date(taken.token_expires_at),
        "VerificationInfo": "Success",
    });
    Ok(fields)
}
