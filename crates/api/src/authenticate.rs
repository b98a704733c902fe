//! From a credential to a caller: one path for every carrier.

use std::net::IpAddr;
use std::sync::Arc;

use bailey_acs::credentials::{self, Presented, Received};
use bailey_acs::signature::Claims;
use bailey_acs::{AuthError, Place, SecurityTokenFault, ServiceCredentialFault};
use bailey_control::{Origin, PresentedKey, PresentedTemporaryKey};
use bailey_domain::directory::NetworkLevel;
use bailey_domain::id::SessionKeyId;
use bailey_domain::login::SignedIn;
use bailey_domain::operations::Service;
use bailey_domain::role::RoleSession;
use bailey_domain::service_credential::{CredentialStatus, ServiceCredentialFacts};
use bailey_domain::{AccessKeyId, AccountId, Caller, Principal, Secret, ServiceCredentialId};
use http::request::Parts;

use crate::failure::Failure;
use crate::routes::Route;
use crate::server::Api;

/// What last uses are kept under where a proxy asks whether it may let a request through, which is no operation.
const PROXY: &str = "Proxy";

/// Whom a credential that was checked belongs to.
struct Holder {
    account: AccountId,
    principal: Principal,
    access_key: Option<AccessKeyId>,
    session: Option<SignedIn>,
    role_session: Option<Arc<RoleSession>>,
}

impl Holder {
    fn new(account: AccountId, principal: Principal) -> Self {
        Self { account, principal, access_key: None, session: None, role_session: None }
    }

    fn caller(self, origin: &Origin) -> Caller {
        let Origin { source_ip, secure_transport, request_id, now_ms } = *origin;
        let Self { account, principal, access_key, session, role_session } = self;
        Caller {
            account,
            principal,
            access_key,
            session,
            role_session,
            federated: None,
            source_ip,
            secure_transport,
            request_id,
            now_ms,
        }
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
            Self::Role(key) => &key.secret,
        }
    }
}

/// A request as it arrived.
pub(crate) fn received<'a>(parts: &'a Parts, body: &'a [u8]) -> Received<'a> {
    Received {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        body,
    }
}

impl Api {
    /// Checks the credential of a request whose body has been read.
    pub(crate) async fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        origin: Origin,
        route: &Route,
    ) -> Result<Caller, Failure> {
        let request = received(parts, body);
        let presented = credentials::extract(&request, origin.now_ms)?;
        self.prove(&request, &presented, origin, Some(route)).await
    }

    /// The same once it is known what the request carries. Without a route a proxy asks for whoever sent it.
    pub(crate) async fn prove(
        &self,
        request: &Received<'_>,
        presented: &Presented,
        origin: Origin,
        route: Option<&Route>,
    ) -> Result<Caller, Failure> {
        let Origin { source_ip, now_ms, .. } = origin;
        let holder = match presented {
            Presented::Bearer(token) => {
                let session = self.control().session(token.expose().as_bytes(), source_ip, now_ms).await?;
                let session = session.ok_or(Failure::NoSession)?;
                let holder = Holder::new(session.account, session.principal);
                Holder { session: Some(session.signed_in), ..holder }
            }
            Presented::Basic { access_key_id, secret }
                if access_key_id.starts_with(ServiceCredentialId::PREFIX) =>
            {
                let facts = self.service_credential(access_key_id, secret, route, now_ms)?;
                self.unless_kept_out(facts.account, None, source_ip)?;
                Holder::new(facts.account, Principal::User(facts.owner))
            }
            Presented::Basic { access_key_id, secret } => {
                let signer = self.signer(access_key_id, None, Place::Signature)?;
                if !secret.matches(signer.secret().reveal()) {
                    return Err(AuthError::SecretMismatch.into());
                }
                self.key_holder(signer, &origin, route)?
            }
            Presented::Acs3(signed) => {
                let signer = self.signer_of(signed.claims(), Place::Header("x-acs-security-token"))?;
                let Received { method, path, query, body, .. } = *request;
                let verified = signed.verify(method, path, query, body, signer.secret().reveal())?;
                self.nonces().burn(&verified, now_ms)?;
                self.key_holder(signer, &origin, route)?
            }
            Presented::V1(signed) => {
                let signer = self.signer_of(signed.claims(), Place::Parameter)?;
                let verified = signed.verify(signer.secret().reveal())?;
                self.nonces().burn(&verified, now_ms)?;
                self.key_holder(signer, &origin, route)?
            }
        };
        Ok(holder.caller(&origin))
    }

    /// Who holds a key that has been proven.
    fn key_holder(&self, signer: Signer, origin: &Origin, route: Option<&Route>) -> Result<Holder, Failure> {
        let Origin { source_ip, request_id, now_ms, .. } = *origin;
        match signer {
            Signer::User(id, key) => {
                self.unless_kept_out(key.account, Some(&id), source_ip)?;
                let service = route.map_or(PROXY, Route::service_name);
                self.control().note_use(key.account, id, service, now_ms);
                Ok(Holder { access_key: Some(id), ..Holder::new(key.account, key.owner) })
            }
            // Network policies are those of access keys; the real service does not ask them of temporary keys either.
            Signer::Role(key) => {
                let session = self.control().open_role_session(key, now_ms).map_err(|refused| {
                    tracing::info!(request.id = %request_id, %refused, "role session refused");
                    AuthError::SecurityToken(SecurityTokenFault::Expired)
                })?;
                let holder = Holder::new(session.claims.account, Principal::Role(session.claims.role));
                Ok(Holder { role_session: Some(session), ..holder })
            }
        }
    }

    fn signer_of(&self, claims: &Claims, place: Place) -> Result<Signer, Failure> {
        self.signer(&claims.access_key_id, claims.security_token.as_ref(), place)
    }

    /// The key that a credential names. Temporary keys come with a token, whose place is told where it is absent; others
    /// come without.
    fn signer(&self, id: &str, token: Option<&bailey_acs::Secret>, place: Place) -> Result<Signer, Failure> {
        let Some(token) = token else {
            if id.starts_with(SessionKeyId::PREFIX) {
                return Err(AuthError::Missing { name: "SecurityToken", place }.into());
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

    /// Checks a service credential: what is wrong with it is told to whoever has its secret, and to nobody else.
    fn service_credential(
        &self,
        id: &str,
        secret: &bailey_acs::Secret,
        route: Option<&Route>,
        now_ms: i64,
    ) -> Result<ServiceCredentialFacts, AuthError> {
        let control = self.control();
        let found = id.parse().ok().and_then(|id| control.directory().service_credential(&id));
        let facts = found.ok_or(AuthError::ServiceCredential(ServiceCredentialFault::NotFound))?;
        // What stands above policies is called in the style of ModelStudio and still is RAM's.
        let opens = route.is_some_and(|route| {
            let entry = route.entry();
            entry.service == Service::ModelStudio && !entry.action.starts_with("ram:")
        });
        let is_its = control.service_credential_hash(secret.expose()) == facts.hash;
        let fault = match CredentialStatus::at(now_ms, facts.active, facts.expires_at_ms) {
            _ if !is_its => ServiceCredentialFault::Secret,
            CredentialStatus::Inactive => ServiceCredentialFault::Inactive,
            CredentialStatus::Expired => ServiceCredentialFault::Expired,
            CredentialStatus::Active if opens => return Ok(facts),
            CredentialStatus::Active => ServiceCredentialFault::OtherService,
        };
        Err(AuthError::ServiceCredential(fault))
    }

    /// Refuses an address that a network policy does not list. Asked only of credentials that are proven, so that nobody
    /// else hears of the policy.
    fn unless_kept_out(
        &self,
        account: AccountId,
        access_key: Option<&AccessKeyId>,
        address: IpAddr,
    ) -> Result<(), Failure> {
        let (whose, operation) = match self.control().directory().kept_out(account, access_key, address) {
            None => return Ok(()),
            Some(NetworkLevel::AccessKey) => ("the access key", "SetAccessKeyPolicy"),
            Some(NetworkLevel::Account) => ("the account", "SetAccessKeyPolicyForAccount"),
        };
        Err(AuthError::KeptOut { address, whose, operation }.into())
    }
}
