//! Taking roles on the word of an OIDC provider.
//!
//! Nobody is known before the token was checked, and whoever holds none learns nothing of the account but whether a
//! provider has this name. An absent role is answered like one that does not trust the provider: tokens of an issuer
//! that many use would otherwise tell which roles there are.

use std::sync::Arc;

use bailey_domain::name::{OidcProviderName, RoleSessionName};
use bailey_domain::operations::AssumeRoleWithOIDC;
use bailey_domain::role::{Federated, Taker};
use bailey_domain::scope::{Assumption, RamScope};
use bailey_domain::{AccountId, Caller, Error, Principal, Secret};
use bailey_store::OidcProvider;

use crate::control::Control;
use crate::oidc::{Documents, Unchecked};
use crate::sessions::{Origin, caller};
use crate::sts::{AssumedRole, Wish, check_policy, role_of, split_arn};

/// How long a token may be (STS: 4 to 20,000 characters).
const TOKEN_LENGTH: std::ops::RangeInclusive<usize> = 4..=20_000;

/// What is asked for.
#[derive(Debug)]
pub struct AssumeRoleWithOidcRequest {
    /// The role's ARN.
    pub role_arn: String,
    /// The provider's ARN.
    pub provider_arn: String,
    /// The token.
    pub token: Secret<String>,
    /// The session's name.
    pub session_name: RoleSessionName,
    /// A policy that narrows the session.
    pub policy: Option<String>,
    /// Seconds.
    pub duration: Option<u64>,
}

/// A session, and what the token said.
#[derive(Debug)]
pub struct AssumedWithOidc {
    /// The session.
    pub assumed: AssumedRole,
    /// Its account.
    pub account: AccountId,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// `iat`, in milliseconds since the epoch.
    pub issued_at: i64,
    /// `exp`, in milliseconds since the epoch.
    pub token_expires_at: i64,
}

impl Control {
    /// STS AssumeRoleWithOIDC.
    pub async fn assume_role_with_oidc(
        &self,
        origin: &Origin,
        request: AssumeRoleWithOidcRequest,
        documents: &dyn Documents,
    ) -> Result<AssumedWithOidc, Error> {
        let (role_account, name) = role_of(&request.role_arn)?;
        check_policy(self, request.policy.as_deref())?;
        if !TOKEN_LENGTH.contains(&request.token.reveal().chars().count()) {
            return Err(Error::field("OIDCToken", "must be 4 to 20,000 characters"));
        }
        let (account, provider) = self.provider_of(&request.provider_arn).await?;
        if role_account != account.to_string() {
            return Err(unregistered());
        }
        let token = Unchecked::read(request.token.reveal())?;
        token.check(&provider, origin.now_ms)?;
        self.issuer_keys.verify(documents, &provider, &token, origin.now_ms).await?;
        let claims = token.into_claims();
        let federated = Federated {
            provider: provider.provider_id,
            issuer: claims.issuer.clone(),
            subject: claims.subject.clone(),
            audience: claims.audience.iter().filter(|id| provider.client_ids.contains(id)).cloned().collect(),
        };
        let principal = Principal::Federated(provider.provider_id);
        let caller =
            Caller { federated: Some(Arc::new(federated.clone())), ..caller(origin, account, principal) };
        let role = self.store.find_role(account, &name).await?;
        let scope = Assumption {
            role: role.as_ref().map(|role| role.role_id),
            external_id: None,
            resource: RamScope::role(account, name.as_str()),
        };
        let (tx, permit) = self.begin::<AssumeRoleWithOIDC>(&caller, scope, name.as_str()).await?;
        let role = role.ok_or_else(|| Error::internal("a role that is not there was allowed"))?;
        let wish =
            Wish { session_name: request.session_name, policy: request.policy, duration: request.duration };
        let assumed = self.issue(tx, permit, role, wish, Taker::Federated(federated)).await?;
        Ok(AssumedWithOidc {
            assumed,
            account,
            issuer: claims.issuer,
            subject: claims.subject,
            audience: claims.audience,
            issued_at: claims.issued_at_ms,
            token_expires_at: claims.expires_at_ms,
        })
    }

    /// The provider of an ARN.
    async fn provider_of(&self, arn: &str) -> Result<(AccountId, OidcProvider), Error> {
        let wrong = || {
            Error::invalid(
                "InvalidParameter.OIDCProviderArn",
                "The parameter OIDCProviderArn is wrongly formed. Write it as GetOIDCProvider shows it, such as `acs:ram::1234567890123456:oidc-provider/name`.",
            )
        };
        let (account, name) = split_arn(arn, "oidc-provider").ok_or_else(wrong)?;
        let name = OidcProviderName::parse("OIDCProviderArn", name).map_err(|_| wrong())?;
        let account: AccountId = account.parse().map_err(|_| unregistered())?;
        let found = self.store.find_oidc_provider(account, &name).await?;
        Ok((account, found.ok_or_else(unregistered)?))
    }
}

/// Whether it is the account that is not there or the provider is not told.
fn unregistered() -> Error {
    Error::Unproven {
        code: "AuthenticationFail.NoPermission".into(),
        message: "No such OIDC Provider registered.".to_owned(),
    }
}
