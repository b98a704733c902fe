//! Why something was refused: a closed list, and how each surface says it.

use serde::{Deserialize, Serialize};

/// How a gateway refusal looks on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayFace {
    /// HTTP status.
    pub status: u16,
    /// `error.code` of the OpenAI-compatible shape.
    pub openai_code: &'static str,
    /// `code` of the native shape.
    pub native_code: &'static str,
    /// What people read. The vendor's own sentence where there is one.
    pub message: &'static str,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $reason:ident, $name:literal, $face:expr;)*) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])* #[serde(rename = $name)] $reason,)*
        }
        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$reason,)*];
            /// The name in headers, answers and logs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$reason => $name,)* }
            }
            /// What it means, for the reference page.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$reason => concat!($($doc),*),)* }
            }
            /// How it looks on the gateway; `None` for reasons of the control API.
            pub fn face(self) -> Option<GatewayFace> {
                match self { $(Self::$reason => $face,)* }
            }
        }
    };
}

const fn face(
    status: u16,
    openai_code: &'static str,
    native_code: &'static str,
    message: &'static str,
) -> Option<GatewayFace> {
    Some(GatewayFace { status, openai_code, native_code, message })
}

// Every way a key can be invalid looks alike to whoever presents it.
const INVALID_KEY: Option<GatewayFace> =
    face(401, "invalid_api_key", "InvalidApiKey", "Incorrect API key provided.");
const MODEL_DENIED: Option<GatewayFace> =
    face(403, "Model.AccessDenied", "Model.AccessDenied", "Model access denied.");
const RATE: Option<GatewayFace> = face(
    429,
    "limit_requests",
    "Throttling.RateQuota",
    "Requests rate limit exceeded, please try again later.",
);
const TOKENS: Option<GatewayFace> = face(
    429,
    "insufficient_quota",
    "Throttling.AllocationQuota",
    "Allocated quota exceeded, please increase your quota limit.",
);

reasons! {
    /// No API key was sent.
    KeyMissing, "key_missing", face(401, "invalid_api_key", "InvalidApiKey", "No API-key provided.");
    /// No API key has this value.
    KeyUnknown, "key_unknown", INVALID_KEY;
    /// The key is switched off.
    KeyDisabled, "key_disabled", INVALID_KEY;
    /// The key's time is over.
    KeyExpired, "key_expired", INVALID_KEY;
    /// The key's owner is not, or not any more, the member that created it.
    OwnerNotMember, "owner_not_member", INVALID_KEY;
    /// The key's owner was deleted.
    OwnerDeleted, "owner_deleted", INVALID_KEY;
    /// The key may not be used from this address.
    IpNotAllowed, "ip_not_allowed", face(403, "access_denied", "AccessDenied", "Access denied.");
    /// The request names another workspace than the key's.
    WorkspaceMismatch, "workspace_mismatch", face(403, "Workspace.AccessDenied", "Workspace.AccessDenied", "Workspace access denied.");
    /// The key's workspace has no grant for the model.
    ModelNotGranted, "model_not_granted", MODEL_DENIED;
    /// The key itself is narrowed to other models.
    ModelOutOfKeyScope, "model_out_of_key_scope", MODEL_DENIED;
    /// The catalogue has no such model, or it cannot do what was asked.
    ModelUnknown, "model_unknown", face(404, "model_not_found", "ModelNotFound", "The model does not exist or you do not have access to it.");
    /// The account's request limit for the model is reached.
    RateAccount, "rate_account", RATE;
    /// The workspace's request limit for the model is reached.
    RateWorkspace, "rate_workspace", RATE;
    /// The key's request limit for the model is reached.
    RateKey, "rate_key", RATE;
    /// The account's token limit for the model is reached.
    TokensAccount, "tokens_account", TOKENS;
    /// The workspace's token limit for the model is reached.
    TokensWorkspace, "tokens_workspace", TOKENS;
    /// The key's token limit for the model is reached.
    TokensKey, "tokens_key", TOKENS;
    /// As many calls of the model are in flight as the account, the workspace or the key may have at a time.
    Concurrency, "concurrency", face(429, "limit_concurrency", "Throttling.Concurrency", "Too many concurrent requests.");
    /// A budget of the account, the workspace, the member or the key has no room for what the call may cost.
    Budget, "budget", face(429, "BudgetLimitExceeded", "BudgetLimitExceeded", "The budget configured in Budget Management has been exhausted.");
    /// No upstream could be reached.
    UpstreamUnavailable, "upstream_unavailable", face(503, "ModelUnavailable", "ModelUnavailable", "The model's upstream cannot be reached. Please try again later.");
    /// The upstream did not answer in time.
    UpstreamTimeout, "upstream_timeout", face(504, "RequestTimeOut", "RequestTimeOut", "The model's upstream did not answer in time.");
    /// This node cannot prove that its permissions are current.
    NotConfirmed, "not_confirmed", face(503, "ServiceUnavailable", "ServiceUnavailable", "This node cannot prove that its permissions are current. Please try again.");

    /// The caller's identity does not exist any more.
    IdentityGone, "identity_gone", None;
    /// The workspace does not exist, or the caller is not a member of it.
    WorkspaceAccessDenied, "workspace_access_denied", None;
    /// A RAM policy denies the action.
    ExplicitDeny, "explicit_deny", None;
    /// No RAM policy allows the action.
    ImplicitDeny, "implicit_deny", None;
    /// A page permission is missing.
    PageMissing, "page_missing", None;
    /// The role's trust policy does not let the caller take it; root takes none.
    NotTrusted, "not_trusted", None;
    /// Only root may do this.
    RootOnly, "root_only", None;
    /// It would hand out more than the caller holds.
    HandOut, "hand_out", None;
    /// Whoever has signed in must change the password first.
    PasswordResetRequired, "password_reset_required", None;
    /// Whoever has signed in must bind an MFA device first.
    MfaBindRequired, "mfa_bind_required", None;
    /// Signing in failed: the answer, 401, does not say why.
    SignInFailed, "sign_in_failed", None;
    /// A proxy's configuration asks nothing that can be decided.
    QuestionInvalid, "question_invalid", None;
    /// What is known of the original request is missing, comes from no trusted proxy, lies outside what the proxy asks about, or can be read in two ways.
    ForwardedRefused, "forwarded_refused", None;
}
