//! From a credential to a caller: one path for every carrier.

use bailey_acs::credentials::{self, Presented, Received};
use bailey_acs::{AuthError, Place, SecurityTokenFault};
use bailey_control::{Origin, PresentedKey, PresentedTemporaryKey};
use bailey_domain::{AccessKeyId, Caller, Principal, Secret};
use http::request::Parts;

use crate::failure::Failure;
use crate::server::Api;

impl Api {
    /// Checks the credential of a request whose body has been read.
    pub(crate) async fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        origin: Origin,
    ) -> Result<Caller, Failure> {
        let Origin { source_ip, secure_transport, request_id, now_ms } = origin;
        let request = Received {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
            body,
        };
        let presented = credentials::extract(&request, now_ms)?;
        if let Presented::Bearer(token) = &presented {
            let session = self.control().session(token.expose().as_bytes(), source_ip, now_ms).await?;
            let session = session.ok_or(Failure::NoSession)?;
            return Ok(Caller {
                account: session.account,
                principal: session.principal,
                access_key: None,
                session: Some(session.signed_in),
                role_session: None,
                source_ip,
                secure_transport,
                request_id,
                now_ms,
            });
        }
        let Some(id) = presented.access_key_id() else { return Err(Failure::NoSession) };
        let signer = self.signer(id, presented.security_token())?;
        let secret = signer.secret();
        match &presented {
            Presented::Acs3(signed) => {
                let verified =
                    signed.verify(request.method, request.path, request.query, body, secret.reveal())?;
                self.nonces().burn(&verified, now_ms)?;
            }
            Presented::V1(signed) => {
                let verified = signed.verify(secret.reveal())?;
                self.nonces().burn(&verified, now_ms)?;
            }
            Presented::Basic { secret: shown, .. } => {
                if !shown.matches(secret.reveal()) {
                    return Err(AuthError::SecretMismatch.into());
                }
            }
            Presented::Bearer(_) => return Err(Failure::NoSession),
        }
        let (account, principal, access_key, role_session) = match signer {
            Signer::User(id, key) => (key.account, key.owner, Some(id), None),
            Signer::Role(presented) => {
                let session = self.control().open_role_session(presented, now_ms).map_err(|refused| {
                    tracing::info!(request.id = %request_id, %refused, "role session refused");
                    AuthError::SecurityToken(SecurityTokenFault::Expired)
                })?;
                (session.claims.account, Principal::Role(session.claims.role), None, Some(session))
            }
        };
        Ok(Caller {
            account,
            principal,
            access_key,
            session: None,
            role_session,
            source_ip,
            secure_transport,
            request_id,
            now_ms,
        })
    }

    /// The key that a credential names. Temporary keys come with a token, others without.
    fn signer(&self, id: &str, token: Option<&bailey_acs::Secret>) -> Result<Signer, Failure> {
        let Some(token) = token else {
            if id.starts_with("STS.") {
                return Err(AuthError::Missing {
                    name: "SecurityToken",
                    place: Place::Header("x-acs-security-token"),
                }
                .into());
            }
            let id: AccessKeyId = id.parse().map_err(|_| AuthError::AccessKeyNotFound)?;
            let key = self.control().access_key(&id)?.ok_or(AuthError::AccessKeyNotFound)?;
            if !key.active {
                return Err(AuthError::AccessKeyInactive.into());
            }
            return Ok(Signer::User(id, key));
        };
        let presented = self
            .control()
            .presented_temporary_key(token.expose())
            .ok_or(AuthError::SecurityToken(SecurityTokenFault::Malformed))?;
        if presented.key.to_string() != id {
            return Err(AuthError::SecurityToken(SecurityTokenFault::MismatchWithAccessKey).into());
        }
        Ok(Signer::Role(presented))
    }
}

/// Whose secret a signature is checked with.
enum Signer {
    /// An access key of a user or of root.
    User(AccessKeyId, PresentedKey),
    /// The temporary key of a role's session.
    Role(PresentedTemporaryKey),
}

impl Signer {
    fn secret(&self) -> &Secret<Vec<u8>> {
        match self {
            Self::User(_, key) => &key.secret,
            Self::Role(session) => &session.secret,
        }
    }
}
