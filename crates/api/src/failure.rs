//! What can go wrong with a call, before it is put into the shape of its surface.

use bailey_acs::answer::AccessDeniedDetail;
use bailey_acs::parameters::{ParameterError, ParameterErrorKind};
use bailey_acs::{AuthError, SecurityTokenFault, ServiceCredentialFault};
use bailey_domain::permit::Refusal;
use bailey_domain::{Caller, Error, Reason};
use http::StatusCode;

/// A call that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A parameter is not as it must be.
    Parameter(ParameterError),
    /// The credential is not good.
    Credential(AuthError),
    /// The operation said no.
    Operation(Error),
    /// A bearer token that is no session's. API keys open no control operation (rule 6).
    NoSession,
    /// A sign-in that failed, whatever the cause.
    NotSignedIn,
    /// An RPC call does not say this about itself.
    Common(&'static str),
    /// The parameter `Format` names no format.
    Format,
    /// No operation answers this call.
    NoSuchApi,
    /// The path answers other methods.
    OtherMethod(String),
    /// The body is larger than any operation takes.
    Body(StatusCode, String),
}

impl From<ParameterError> for Failure {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::Credential(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Denied(refusal)
                if refusal.reason == Reason::IdentityGone && refusal.caller.federated.is_none() =>
            {
                ended(&refusal.caller)
            }
            _ => Self::Operation(error),
        }
    }
}

/// The identity ended after the credential was found and before the call was decided about: the credential is answered as
/// it is from now on, so that whoever is overtaken is not sent to ask for a permission.
fn ended(caller: &Caller) -> Failure {
    if caller.role_session.is_some() {
        Failure::Credential(AuthError::SecurityToken(SecurityTokenFault::Expired))
    } else if caller.session.is_some() {
        Failure::NoSession
    } else if caller.access_key.is_some() {
        Failure::Credential(AuthError::AccessKeyNotFound)
    } else {
        Failure::Credential(AuthError::ServiceCredential(ServiceCredentialFault::NotFound))
    }
}

/// What every shape needs of a failure.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) next_step: String,
    pub(crate) detail: Option<AccessDeniedDetail>,
}

impl Failure {
    /// Whether the credential is what is wrong. One that is good and may not be used like this is refused, and not asked for
    /// again.
    pub(crate) fn is_of_credential(&self) -> bool {
        match self {
            Self::Credential(error) => error.status() != StatusCode::FORBIDDEN,
            other => matches!(other, Self::NoSession),
        }
    }

    /// What the caller is told. `seal` makes the encoded diagnostic message.
    pub(crate) fn told(&self, seal: &dyn Fn(&Refusal) -> String) -> Told {
        let plain = |status, code: String, message: String| Told {
            status,
            code,
            message,
            next_step: String::new(),
            detail: None,
        };
        match self {
            Self::Parameter(error) => plain(error.status(), parameter_code(error), error.to_string()),
            Self::Credential(error) => plain(error.status(), error.code(), error.message()),
            Self::NoSession => plain(
                StatusCode::UNAUTHORIZED,
                "InvalidSecurityToken".to_owned(),
                "no session has this token (any more), and API keys are for model calls only. Sign in, or use an access key"
                    .to_owned(),
            ),
            Self::NotSignedIn => plain(
                StatusCode::UNAUTHORIZED,
                "SignInFailed".to_owned(),
                "user name, password or code is wrong, or there were too many attempts. A code of the MFA device is needed where one is bound, and counts once; a locked name opens within the hour"
                    .to_owned(),
            ),
            Self::Common(name) => plain(
                StatusCode::BAD_REQUEST,
                format!("Missing{name}"),
                format!("{name} is mandatory for this action."),
            ),
            Self::Format => plain(
                StatusCode::BAD_REQUEST,
                "InvalidParameter.Format".to_owned(),
                "`Format` must be JSON or XML".to_owned(),
            ),
            Self::NoSuchApi => plain(
                StatusCode::NOT_FOUND,
                "InvalidApi.NotFound".to_owned(),
                "Specified api is not found, please check your url and method.".to_owned(),
            ),
            Self::OtherMethod(methods) => plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "UnsupportedHTTPMethod".to_owned(),
                format!("this path answers {methods} and not the method that was sent"),
            ),
            Self::Body(status, message) => {
                let code =
                    if *status == StatusCode::PAYLOAD_TOO_LARGE { "RequestTooLarge" } else { "InvalidBody" };
                plain(*status, code.to_owned(), message.clone())
            }
            Self::Operation(error) => operation(error, seal),
        }
    }
}

/// Which field is wrong stands in the code too, as in the vendor's `InvalidParameter.maxResults`.
fn parameter_code(error: &ParameterError) -> String {
    match error.kind() {
        ParameterErrorKind::Invalid { .. } | ParameterErrorKind::TooLong { .. } => {
            format!("{}.{}", error.code(), error.path())
        }
        _ => error.code().to_owned(),
    }
}

fn operation(error: &Error, seal: &dyn Fn(&Refusal) -> String) -> Told {
    // No `_` arm: a new error must choose.
    let status = match error {
        Error::Invalid { .. } | Error::Throttled { .. } => StatusCode::BAD_REQUEST,
        Error::Denied(_) | Error::Unproven { .. } => StatusCode::FORBIDDEN,
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Conflict { .. } => StatusCode::CONFLICT,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(source) => {
            tracing::error!(error = %source, "a request failed");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    let (next_step, detail) = match error {
        Error::Denied(refusal) => (refusal.next_step(), detail_of(refusal, seal)),
        _ => (String::new(), None),
    };
    Told { status, code: error.code().to_owned(), message: error.to_string(), next_step, detail }
}

/// Whoever is outside a workspace gets no detail: it would tell a foreign workspace from an absent one.
fn detail_of(refusal: &Refusal, seal: &dyn Fn(&Refusal) -> String) -> Option<AccessDeniedDetail> {
    (!refusal.hides()).then(|| AccessDeniedDetail {
        auth_action: refusal.action.to_owned(),
        auth_principal_type: refusal.caller.principal.type_name().to_owned(),
        auth_principal_display_name: refusal.caller.display_name(),
        auth_principal_owner_id: refusal.caller.account.to_string(),
        no_permission_type: if refusal.reason == Reason::ExplicitDeny {
            "ExplicitDeny"
        } else {
            "ImplicitDeny"
        }
        .to_owned(),
        policy_type: refusal.policy_type().to_owned(),
        encoded_diagnostic_message: seal(refusal),
    })
}

#[cfg(test)]
mod tests {
    use bailey_domain::access::Principal;
    use bailey_domain::clock::Fixed;
    use bailey_domain::id::{AccessKeyId, AccountId, RequestId, SessionId, UserId};
    use bailey_domain::login::SignedIn;
    use bailey_domain::operations::CreateWorkspace;
    use bailey_domain::scope::WholeAccount;
    use bailey_domain::{Change, Directory};

    use super::*;

    #[test]
    fn whoever_ends_under_way_is_told_that_the_credential_did() {
        let entropy = Fixed::seeded(7);
        let (directory, account) = (Directory::new(), AccountId::random(&entropy));
        directory.load([Change::Account { account, settings: Box::default() }]).unwrap();
        let gone = Caller {
            account,
            principal: Principal::User(UserId::random(&entropy)),
            access_key: None,
            session: None,
            role_session: None,
            federated: None,
            source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
            secure_transport: false,
            request_id: RequestId::new([0; 16]),
            now_ms: 0,
        };
        let session = SignedIn { session: SessionId::random(&entropy), mfa_present: false, duty: None };
        for (caller, status, code) in [
            (
                Caller { access_key: Some(AccessKeyId::random(&entropy)), ..gone.clone() },
                404,
                "InvalidAccessKeyId.NotFound",
            ),
            (Caller { session: Some(session), ..gone.clone() }, 401, "InvalidSecurityToken"),
            (gone, 404, "InvalidServiceCredential.NotFound"),
        ] {
            let refusal = directory.authorize::<CreateWorkspace>(&caller, WholeAccount).unwrap_err();
            let failure = Failure::from(Error::Denied(refusal));
            let told = failure.told(&|_| unreachable!("it is no refusal of policies"));
            assert_eq!((told.status.as_u16(), told.code.as_str()), (status, code));
        }
    }
}
