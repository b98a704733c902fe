//! DecodeDiagnosticMessage.

use bailey_domain::directory::{Diagnostic, MatchedPolicy};
use serde_json::{Value, json};

use crate::routes::{Answer, Call};

fn matched(policy: &MatchedPolicy) -> Value {
    let scope = policy.attached_scope.map_or_else(|| "Account".to_owned(), |workspace| workspace.to_string());
    let mut fields = json!({
        "PolicyType": policy.policy_type, "PolicyIdentifier": policy.name, "Effect": policy.effect,
        "AttachedEntityType": policy.attached_to, "AttachedScope": scope,
    });
    if let Some(version) = policy.version {
        fields["PolicyVersion"] = json!(format!("v{version}"));
    }
    fields
}

fn shown(told: &Diagnostic) -> Value {
    let conditions: Vec<_> = told
        .conditions
        .iter()
        .map(|(key, values)| json!({ "ConditionKey": key, "ConditionValues": values }))
        .collect();
    json!({
        "ExplicitDeny": told.explicit_deny,
        "NoPermissionPolicyType": told.policy_type,
        "AuthAction": told.action,
        "AuthResource": told.resource,
        "AuthPrincipal": {
            "AuthPrincipalType": told.principal_type, "AuthPrincipalOwnerId": told.principal_owner,
            "AuthPrincipalDisplayName": told.principal_name,
        },
        "AuthConditions": conditions,
        "MatchedPolicies": told.matched.iter().map(matched).collect::<Vec<_>>(),
        // Ours, beside the vendor's fields: the chain of checks, and what would let the request through.
        "Decision": told.decision,
        "SmallestChange": told.change,
    })
}

pub(crate) async fn decode_diagnostic_message(call: &Call<'_>) -> Answer {
    let message = call.parameters.required_text("EncodedDiagnosticMessage")?;
    call.finish()?;
    let told = call.api.control().decode_diagnostic_message(call.caller, &message).await?;
    Ok(json!({ "DecodedDiagnosticMessage": shown(&told) }))
}
