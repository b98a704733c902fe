//! Service credentials.

use bailey_control::{NewCredentialText, ServiceCredential};
use bailey_domain::service_credential::{CredentialService, CredentialStatus};
use bailey_domain::{Error, ServiceCredentialId};
use serde_json::{Value, json};

use crate::access_keys::is_active;
use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};

/// Pages: 1 to 100 rows, 10 by default.
const PAGE: (i64, i64) = (100, 10);
/// A hundred years, as in the real service.
const MOST_DAYS: i64 = 36_600;

fn shown(call: &Call<'_>, credential: &ServiceCredential) -> Value {
    let status = CredentialStatus::at(call.caller.now_ms, credential.active, credential.expires_at);
    let control = call.api.control();
    let mut fields = json!({
        "ServiceCredentialId": credential.service_credential_id,
        "ServiceCredentialName": credential.name,
        "ServiceName": credential.service.name(),
        "UserPrincipalName": control.user_principal_name(call.caller.account, &credential.user_name),
        "Status": status.name(),
        "CreateTime": date(credential.created_at),
    });
    if let Some(end) = credential.expires_at {
        fields["ExpirationTime"] = json!(date(end));
    }
    fields
}

/// An id of a shape that none has is the id of a credential that does not exist.
fn credential_id(call: &Call<'_>) -> Result<ServiceCredentialId, Failure> {
    let text = call.parameters.required_text("ServiceCredentialId")?;
    text.parse().map_err(|_| Error::absent("User.ServiceCredential").into())
}

fn service(call: &Call<'_>) -> Result<Option<CredentialService>, Failure> {
    let text = call.parameters.text("ServiceName")?;
    Ok(text.map(|text| CredentialService::parse("ServiceName", &text)).transpose()?)
}

pub(crate) async fn create_service_credential(call: &Call<'_>) -> Answer {
    let user = call.optional_logon_name("UserPrincipalName")?;
    let text = NewCredentialText {
        service: service(call)?.ok_or_else(|| call.parameters.missing("ServiceName"))?,
        name: call.parameters.required_text("ServiceCredentialName")?,
        age_days: call.parameters.integer("CredentialAgeDays", 1..=MOST_DAYS)?,
    };
    call.finish()?;
    let issued = call.api.control().create_service_credential(call.caller, user.as_ref(), text).await?;
    let mut fields = shown(call, &issued.credential);
    fields["ServiceCredentialSecret"] = json!(issued.secret.reveal());
    Ok(json!({ "ServiceCredential": fields }))
}

pub(crate) async fn get_service_credential(call: &Call<'_>) -> Answer {
    let (user, id) = (call.optional_logon_name("UserPrincipalName")?, credential_id(call)?);
    call.finish()?;
    let found = call.api.control().get_service_credential(call.caller, user.as_ref(), id).await?;
    Ok(json!({ "ServiceCredential": shown(call, &found) }))
}

pub(crate) async fn list_service_credentials(call: &Call<'_>) -> Answer {
    let user = call.optional_logon_name("UserPrincipalName")?;
    let (service, all) = (service(call)?, call.parameters.boolean("AllUsers")? == Some(true));
    let cursor = call.newer_cursor("MaxResults", PAGE.0, PAGE.1)?;
    call.finish()?;
    let control = call.api.control();
    let page = match &user {
        Some(_) if all => {
            return Err(call.parameters.invalid("AllUsers", "leaves no room for UserPrincipalName").into());
        }
        _ if all => control.list_all_service_credentials(call.caller, service, &cursor).await?,
        user => control.list_service_credentials(call.caller, user.as_ref(), service, &cursor).await?,
    };
    let rows: Vec<_> = page.rows.iter().map(|row| shown(call, row)).collect();
    let mut fields = json!({
        "ServiceCredentials": rows, "MaxResults": cursor.limit, "IsTruncated": page.next.is_some(),
    });
    if let Some(token) = call.token(&page) {
        fields["NextToken"] = json!(token);
    }
    Ok(fields)
}

pub(crate) async fn update_service_credential(call: &Call<'_>) -> Answer {
    let (user, id) = (call.optional_logon_name("UserPrincipalName")?, credential_id(call)?);
    let name = call.parameters.text("ServiceCredentialName")?;
    let active = call.parameters.text("Status")?.map(|status| is_active(call, &status)).transpose()?;
    call.finish()?;
    let control = call.api.control();
    control.update_service_credential(call.caller, user.as_ref(), id, name.as_deref(), active).await?;
    Ok(json!({}))
}

pub(crate) async fn delete_service_credential(call: &Call<'_>) -> Answer {
    let (user, id) = (call.optional_logon_name("UserPrincipalName")?, credential_id(call)?);
    call.finish()?;
    call.api.control().delete_service_credential(call.caller, user.as_ref(), id).await?;
    Ok(json!({}))
}
