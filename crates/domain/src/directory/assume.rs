//! Whether a role's session still stands.
//!
//! A security token is no permission by itself: for every request the question is asked again by which the role was
//! taken, with the circumstances of then and the policies of now. So a session ends with its role, with whoever took it,
//! with their access key or with the provider that vouched for them, with a change of the trust policy, and with the policy that let them take it.

use bailey_policy::{Policy, PolicyError};

use super::Directory;
use super::authorize::{Circumstances, Question};
use super::state::State;
use crate::access::Principal;
use crate::id::SessionKeyId;
use crate::operations::{AssumeRole, AssumeRoleWithOIDC, Operation as _};
use crate::role::{RoleSession, SessionClaims, SessionRefused, Taken, Taker};
use crate::scope::{RamScope, Scope as _};

impl Directory {
    /// Looks up what a session stands on.
    pub fn open_session(
        &self,
        key: SessionKeyId,
        claims: SessionClaims,
        now_ms: i64,
    ) -> Result<RoleSession, SessionRefused> {
        if claims.expires_at_ms <= now_ms {
            return Err(SessionRefused::Expired);
        }
        let state = self.read();
        let role = state.roles.get(&claims.role).filter(|_| state.is_taken(&claims));
        let role_name = role.ok_or(SessionRefused::Ended)?.name().into();
        let policy = state.session_policy(&claims).map_err(|_| SessionRefused::Ended)?;
        Ok(RoleSession { key, claims, role_name, policy })
    }
}

impl State {
    fn session_policy(&self, claims: &SessionClaims) -> Result<Option<Policy>, PolicyError> {
        claims.policy.as_deref().map(|document| Policy::parse(document, &self.catalogue)).transpose()
    }

    /// Whether the role could be taken as it was.
    fn is_taken(&self, claims: &SessionClaims) -> bool {
        let Taken { by, at_ms, source_ip, secure_transport, mfa_present, external_id } = &claims.taken;
        let (mut narrowed, mut federated, mut entry) = (None, None, AssumeRole::entry());
        let principal = match by {
            Taker::User { user, access_key } => {
                let signs = |key| self.access_keys.get(key).is_some_and(|key| key.active);
                if !access_key.as_ref().is_none_or(signs) {
                    return false;
                }
                Principal::User(*user)
            }
            Taker::Session(before) => {
                let Ok(policy) = self.session_policy(before) else { return false };
                if !self.is_taken(before) {
                    return false;
                }
                narrowed = policy;
                Principal::Role(before.role)
            }
            Taker::Federated(said) => {
                (federated, entry) = (Some(said), AssumeRoleWithOIDC::entry());
                Principal::Federated(said.provider)
            }
        };
        let Some(role) = self.roles.get(&claims.role) else { return false };
        let resource = RamScope::role(claims.account, role.name());
        let question = Question {
            account: claims.account,
            principal,
            action: &self.actions[entry.position],
            needs: &entry.needs,
            workspace: None,
            subject: None,
            resources: resource.resources(),
            role: Some(claims.role),
            federated,
            session: narrowed.as_ref(),
            duty: None,
            circumstances: Circumstances {
                source_ip: *source_ip,
                now_ms: *at_ms,
                secure_transport: *secure_transport,
                mfa_present: *mfa_present,
                external_id: external_id.as_deref(),
                given: &[],
            },
        };
        self.decide(&question).0.is_ok()
    }
}
