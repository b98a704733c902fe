//! From a credential to a caller: one path for every carrier.

use bailey_acs::AuthError;
use bailey_acs::credentials::{self, Presented, Received};
use bailey_control::{Origin, PresentedKey};
use bailey_domain::{AccessKeyId, Caller};
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
                source_ip,
                secure_transport,
                request_id,
                now_ms,
            });
        }
        let Some(id) = presented.access_key_id() else { return Err(Failure::NoSession) };
        let id: AccessKeyId = id.parse().map_err(|_| AuthError::AccessKeyNotFound)?;
        let Some(PresentedKey { account, owner: principal, active, secret }) =
            self.control().access_key(&id)?
        else {
            return Err(AuthError::AccessKeyNotFound.into());
        };
        if !active {
            return Err(AuthError::AccessKeyInactive.into());
        }
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
        Ok(Caller {
            account,
            principal,
            access_key: Some(id),
            session: None,
            source_ip,
            secure_transport,
            request_id,
            now_ms,
        })
    }
}
