//! From a credential to a caller: one path for every carrier.

use bailey_acs::AuthError;
use bailey_acs::credentials::{self, Presented, Received};
use bailey_control::PresentedKey;
use bailey_domain::{AccessKeyId, Caller, RequestId};
use http::request::Parts;

use crate::failure::Failure;
use crate::server::Api;

impl Api {
    /// Checks the credential of a request whose body has been read.
    pub(crate) fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        peer: std::net::IpAddr,
        request_id: RequestId,
    ) -> Result<Caller, Failure> {
        let now_ms = self.control().clock().now_ms();
        let request = Received {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
            body,
        };
        let presented = credentials::extract(&request, now_ms)?;
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
            source_ip: peer.to_canonical(),
            secure_transport: false,
            request_id,
            now_ms,
        })
    }
}
