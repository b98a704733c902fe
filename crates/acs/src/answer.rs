//! Error bodies, in the two shapes that the SDKs read: `RPC` (capital first letters) and `ROA` (small ones).
//!
//! The SDKs read every error body as JSON, so an answer of status 4xx or 5xx without one breaks them.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An error answer, shape not chosen yet.
#[derive(Debug, Clone)]
pub struct ErrorAnswer<'a> {
    /// Machine-readable code, such as `NoPermission`.
    pub code: &'a str,
    /// For people. Never a secret.
    pub message: &'a str,
    /// HTTP status; the `ROA` body repeats it.
    pub status: StatusCode,
    /// The id that `explain` understands.
    pub request_id: &'a str,
    /// The host that was called; `RPC` only.
    pub host_id: &'a str,
    /// Where to read on; `RPC` only.
    pub recommend: &'a str,
    /// Why access was refused, where it was.
    pub access_denied_detail: Option<&'a AccessDeniedDetail>,
}

/// Why a policy decision refused; its fields have capital first letters in both shapes.
///
/// Source: the SDKs' `access_denied_detail` and the help page of `DecodeDiagnosticMessage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessDeniedDetail {
    /// The action that was asked for: `ram:CreateUser`.
    pub auth_action: String,
    /// `SubUser`, `AssumedRoleUser` or `Federated`.
    pub auth_principal_type: String,
    /// The user's id, or `RoleName:SessionName`.
    pub auth_principal_display_name: String,
    /// The account of the caller.
    pub auth_principal_owner_id: String,
    /// `ImplicitDeny` or `ExplicitDeny`.
    pub no_permission_type: String,
    /// The kind of policy that decided, such as `AccountLevelIdentityBasedPolicy`.
    pub policy_type: String,
    /// Opaque text that `DecodeDiagnosticMessage` turns into the whole reason.
    pub encoded_diagnostic_message: String,
}

impl ErrorAnswer<'_> {
    /// The body of an `RPC` style service (RAM, STS).
    #[must_use]
    pub fn rpc(&self) -> Value {
        let mut body = json!({
            "RequestId": self.request_id,
            "HostId": self.host_id,
            "Code": self.code,
            "Message": self.message,
            "Recommend": self.recommend,
        });
        if let Some(detail) = self.access_denied_detail {
            body["AccessDeniedDetail"] = json!(detail);
        }
        body
    }

    /// The body of an `ROA` style service (Model Studio and our own operations).
    #[must_use]
    pub fn roa(&self) -> Value {
        let mut body = json!({
            "code": self.code,
            "message": self.message,
            "requestId": self.request_id,
            "httpStatusCode": self.status.as_u16(),
            "success": false,
        });
        if let Some(detail) = self.access_denied_detail {
            body["accessDeniedDetail"] = json!(detail);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(access_denied_detail: Option<&AccessDeniedDetail>) -> ErrorAnswer<'_> {
        ErrorAnswer {
            code: "NoPermission",
            message: "You are not authorized to perform this action.",
            status: StatusCode::FORBIDDEN,
            request_id: "00000000-0000-4000-8000-000000000000",
            host_id: "127.0.0.1:8081",
            recommend: "http://127.0.0.1:8081/explain",
            access_denied_detail,
        }
    }

    fn detail() -> AccessDeniedDetail {
        AccessDeniedDetail {
            auth_action: "ram:CreateUser".into(),
            auth_principal_type: "SubUser".into(),
            auth_principal_display_name: "2".into(),
            auth_principal_owner_id: "1".into(),
            no_permission_type: "ImplicitDeny".into(),
            policy_type: "AccountLevelIdentityBasedPolicy".into(),
            encoded_diagnostic_message: "AQ".into(),
        }
    }

    fn detail_as_json() -> Value {
        json!({
            "AuthAction": "ram:CreateUser", "AuthPrincipalType": "SubUser", "AuthPrincipalDisplayName": "2",
            "AuthPrincipalOwnerId": "1", "NoPermissionType": "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy", "EncodedDiagnosticMessage": "AQ",
        })
    }

    #[test]
    fn rpc_has_capital_first_letters() {
        let body = answer(Some(&detail())).rpc();
        assert_eq!(
            body,
            json!({
                "RequestId": "00000000-0000-4000-8000-000000000000", "HostId": "127.0.0.1:8081",
                "Code": "NoPermission", "Message": "You are not authorized to perform this action.",
                "Recommend": "http://127.0.0.1:8081/explain", "AccessDeniedDetail": detail_as_json(),
            })
        );
        assert_eq!(answer(None).rpc().get("AccessDeniedDetail"), None);
    }

    #[test]
    fn roa_has_small_first_letters_outside_the_detail() {
        let body = answer(Some(&detail())).roa();
        assert_eq!(
            body,
            json!({
                "code": "NoPermission", "message": "You are not authorized to perform this action.",
                "requestId": "00000000-0000-4000-8000-000000000000", "httpStatusCode": 403, "success": false,
                "accessDeniedDetail": detail_as_json(),
            })
        );
        assert_eq!(answer(None).roa().get("accessDeniedDetail"), None);
    }
}
