//! Taking roles: temporary keys, and the tokens that come with them.

use std::sync::Arc;

use bailey_domain::id::SessionKeyId;
use bailey_domain::name::{self, RoleName, RoleSessionName};
use bailey_domain::operations::{AssumeRole, Operation};
use bailey_domain::role::{RoleSession, SessionClaims, SessionRefused, Taken, Taker};
use bailey_domain::scope::{Assumption, RamScope};
use bailey_domain::secret::random_secret;
use bailey_domain::{Caller, Error, Permit, Principal, Secret};
use bailey_store::{Record, Role, Tx};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control::Control;

/// What the tokens of sessions are sealed for.
const LABEL: &str = "sts/session";
/// The shortest that a session may last, in seconds; STS: 900.
const SHORTEST: u64 = 900;
/// What a session lasts when nobody says, in seconds; STS: 3600. A session that another session takes lasts no longer.
const USUAL: u64 = 3600;
/// The longest session policy, in characters; STS: 2048.
const LONGEST_POLICY: usize = 2048;
/// How many roles may be taken one from another. Each link is looked up for every request.
const LONGEST_CHAIN: usize = 4;

/// What a caller asks for.
#[derive(Clone, Debug)]
pub struct AssumeRoleRequest {
    /// The role's ARN.
    pub role_arn: String,
    /// The session's name.
    pub session_name: RoleSessionName,
    /// A policy that narrows the session.
    pub policy: Option<String>,
    /// Seconds.
    pub duration: Option<u64>,
    /// `sts:ExternalId`.
    pub external_id: Option<String>,
}

/// How a session is to be.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) session_name: RoleSessionName,
    pub(crate) policy: Option<String>,
    /// Seconds.
    pub(crate) duration: Option<u64>,
}

/// A session with its temporary key, whose secret is shown here and never again.
#[derive(Debug)]
pub struct AssumedRole {
    /// The role.
    pub role: Role,
    /// The session's name.
    pub session_name: RoleSessionName,
    /// The public half of the key.
    pub access_key_id: SessionKeyId,
    /// The secret.
    pub secret: Secret<String>,
    /// What must come with every request.
    pub security_token: Secret<String>,
    /// When it ends, in milliseconds since the epoch.
    pub expires_at: i64,
}

/// What a token holds.
#[derive(Serialize, Deserialize)]
struct Token {
    key: SessionKeyId,
    secret: String,
    claims: SessionClaims,
}

/// A temporary key that a caller presented, opened.
#[derive(Debug)]
pub struct PresentedTemporaryKey {
    /// The public half of the key that the token was made for.
    pub key: SessionKeyId,
    /// Its secret, to check a signature against.
    pub secret: Secret<Vec<u8>>,
    claims: SessionClaims,
}

impl Control {
    /// STS AssumeRole. Nothing is written but the audit record: what the session may do is looked up for every request.
    pub async fn assume_role(
        &self,
        caller: &Caller,
        request: AssumeRoleRequest,
    ) -> Result<AssumedRole, Error> {
        let name = role_named(caller, &request.role_arn)?;
        check_policy(self, request.policy.as_deref())?;
        if let Some(id) = &request.external_id {
            check_external_id(id)?;
        }
        let role = self.store.find_role(caller.account, &name).await?;
        let scope = Assumption {
            role: role.as_ref().map(|role| role.role_id),
            external_id: request.external_id.clone(),
            resource: RamScope::role(caller.account, name.as_str()),
        };
        if role.is_none()
            && caller.principal != Principal::Root
            && self.directory().policies_allow::<AssumeRole>(caller, &scope)
        {
            return Err(no_role());
        }
        let (tx, permit) = self.begin::<AssumeRole>(caller, scope, name.as_str()).await?;
        let role = role.ok_or_else(no_role)?;
        let wish =
            Wish { session_name: request.session_name, policy: request.policy, duration: request.duration };
        self.issue(tx, permit, role, wish, taker(caller)?).await
    }

    /// Makes the session of whoever may take a role.
    pub(crate) async fn issue<O: Operation<On = Assumption>>(
        &self,
        tx: Tx,
        permit: Permit<O>,
        role: Role,
        wish: Wish,
        by: Taker,
    ) -> Result<AssumedRole, Error> {
        let caller = permit.caller();
        let longest = match by {
            Taker::Session(_) => role.max_session_duration.min(USUAL),
            Taker::User { .. } | Taker::Federated(_) => role.max_session_duration,
        };
        let duration = wish.duration.unwrap_or(USUAL.min(longest));
        if !(SHORTEST..=longest).contains(&duration) {
            return Err(Error::invalid(
                "InvalidParameter.DurationSeconds",
                format!(
                    "The Min/Max value of DurationSeconds is 15min/{}. It is {duration}. Allowed: {SHORTEST} to {longest} seconds.",
                    in_hours(longest)
                ),
            ));
        }
        let claims = SessionClaims {
            account: caller.account,
            role: role.role_id,
            name: wish.session_name.clone(),
            policy: wish.policy,
            taken: Taken {
                by,
                at_ms: caller.now_ms,
                source_ip: caller.source_ip,
                secure_transport: caller.secure_transport,
                mfa_present: caller.mfa_present(),
                external_id: permit.scope().external_id.clone(),
            },
            expires_at_ms: caller
                .now_ms
                .saturating_add(i64::try_from(duration).map_err(Error::internal)? * 1000),
        };
        if claims.depth() > LONGEST_CHAIN {
            return Err(Error::invalid(
                "InvalidParameter.RoleArn",
                format!(
                    "The parameter RoleArn would be taken through more than {LONGEST_CHAIN} roles. Take it as a RAM user."
                ),
            ));
        }
        let quota = self.settings_of(caller.account)?.quota_assume_role_per_second;
        self.taken.count(caller.account, caller.now_ms, quota)?;
        let key = SessionKeyId::random(&*self.entropy);
        let secret = random_secret(&*self.entropy, "", 44);
        let expires_at = claims.expires_at_ms;
        let mut after = json!({ "accessKeyId": key, "sessionName": claims.name, "expiresAt": expires_at, "narrowed": claims.policy.is_some() });
        if let Taker::Federated(federated) = &claims.taken.by {
            after["issuer"] = json!(federated.issuer);
            after["subject"] = json!(federated.shown_subject());
        }
        let token = Token { key, secret: secret.reveal().clone(), claims };
        let security_token = self.seal_token(&token)?;
        tx.commit(permit, Record { target: role.name.to_string(), before: Value::Null, after }).await?;
        Ok(AssumedRole {
            role,
            session_name: wish.session_name,
            access_key_id: key,
            secret,
            security_token,
            expires_at,
        })
    }

    fn seal_token(&self, token: &Token) -> Result<Secret<String>, Error> {
        let text = serde_json::to_vec(token).map_err(Error::internal)?;
        let sealed = self.sealer().seal(&*self.entropy, LABEL, &text);
        let bytes = STANDARD.decode(sealed).map_err(Error::internal)?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens a security token; `None` when it is none of ours. What it says is not believed yet.
    pub fn presented_temporary_key(&self, token: &str) -> Option<PresentedTemporaryKey> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let open = self.sealer().open(LABEL, &STANDARD.encode(bytes)).ok()?;
        let Token { key, secret, claims } = serde_json::from_slice(open.reveal()).ok()?;
        Some(PresentedTemporaryKey { key, secret: Secret::new(secret.into_bytes()), claims })
    }

    /// Looks up what a session stands on, once its signature was checked.
    pub fn open_role_session(
        &self,
        presented: PresentedTemporaryKey,
        now_ms: i64,
    ) -> Result<Arc<RoleSession>, SessionRefused> {
        self.directory().open_session(presented.key, presented.claims, now_ms).map(Arc::new)
    }
}

/// Whoever takes a role, as the session's token has it.
fn taker(caller: &Caller) -> Result<Taker, Error> {
    match (caller.principal, &caller.role_session) {
        (Principal::User(user), None) => Ok(Taker::User { user, access_key: caller.access_key }),
        (Principal::Role(_), Some(session)) => Ok(Taker::Session(Box::new(session.claims.clone()))),
        _ => Err(Error::internal("a permit to take a role was given to somebody who takes none")),
    }
}

/// The name in a role's ARN. Roles of other accounts are answered like absent ones: no call crosses accounts.
fn role_named(caller: &Caller, arn: &str) -> Result<RoleName, Error> {
    let (account, name) = role_of(arn)?;
    if account == caller.account.to_string() { Ok(name) } else { Err(no_role()) }
}

/// Account and name in a role's ARN.
pub(crate) fn role_of(arn: &str) -> Result<(&str, RoleName), Error> {
    let wrong = || {
        Error::invalid(
            "InvalidParameter.RoleArn",
            "The parameter RoleArn is wrongly formed. Write it as GetRole shows it, such as `acs:ram::1234567890123456:role/name`.",
        )
    };
    let (account, name) = split_arn(arn, "role").ok_or_else(wrong)?;
    Ok((account, RoleName::parse("RoleArn", name).map_err(|_| wrong())?))
}

/// Account and name in the ARN of a thing of RAM, in either spelling.
pub(crate) fn split_arn<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let rest = arn.strip_prefix("acs:ram:")?;
    let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix("*:"))?;
    let (account, rest) = rest.split_once(':')?;
    let name = rest.strip_prefix(kind)?.strip_prefix('/')?;
    let digits = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((account, name))
}

pub(crate) fn check_policy(control: &Control, policy: Option<&str>) -> Result<(), Error> {
    let Some(document) = policy else { return Ok(()) };
    if !(1..=LONGEST_POLICY).contains(&document.chars().count()) {
        return Err(Error::invalid(
            "InvalidParameter.PolicySize",
            format!(
                "The size of Policy must be smaller than {LONGEST_POLICY} bytes. Allowed: 1 to {LONGEST_POLICY} characters."
            ),
        ));
    }
    control.directory().check_policy(document).map_err(|error| {
        Error::invalid(
            "InvalidParameter.PolicyGrammar",
            format!("The parameter Policy has not passed grammar check. {error}"),
        )
    })
}

/// STS has a sentence of its own for this.
fn no_role() -> Error {
    Error::NotFound {
        code: "EntityNotExist.Role".into(),
        message: "The specified Role not exists.".to_owned(),
    }
}

/// A bound as STS writes it.
fn in_hours(seconds: u64) -> String {
    if seconds.is_multiple_of(3600) {
        format!("{}hr", seconds / 3600)
    } else {
        format!("{}min", seconds / 60)
    }
}

/// STS: 2 to 1224 of letters, digits and `_+=,.@:/-`.
fn check_external_id(id: &str) -> Result<(), Error> {
    name::text("ExternalId", id, 2, 1224)?;
    let allowed = |c: char| c.is_alphanumeric() || "_+=,.@:/-".contains(c);
    if id.chars().all(allowed) {
        Ok(())
    } else {
        Err(Error::field("ExternalId", "may hold letters, digits and _ + = , . @ : / - only"))
    }
}
