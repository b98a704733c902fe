//! Signing in and out, and finding out who holds a token.
//!
//! Whatever is wrong with a sign-in, the answer, what it costs and what is written are the same: one attempt counted
//! before anything is looked at, one verification of a password, one audit record.

use std::net::IpAddr;

use bailey_domain::access::Principal;
use bailey_domain::decision::{Chain, Check};
use bailey_domain::directory::PresentedSession;
use bailey_domain::login::{Duty, SessionFacts, idle};
use bailey_domain::name::UserName;
use bailey_domain::operations::{CreateSession, DeleteSession};
use bailey_domain::scope::WholeAccount;
use bailey_domain::secret::{KeyHash, random_secret};
use bailey_domain::totp::Code;
use bailey_domain::{AccountId, Caller, Error, RequestId, Secret, SessionId};
use bailey_store::{LoginProfile, Record};
use serde_json::{Value, json};

use crate::control::Control;

/// The account owner's name where a name is asked for.
pub(crate) const ROOT: &str = "root";
/// What every token begins with.
const PREFIX: &str = "bs-";
/// 256 random bits.
const TOKEN_CHARACTERS: usize = 43;
/// What may stand behind an account's alias, as in the vendor's sign-in names.
pub(crate) const DOMAIN: &str = ".onaliyun.com";

/// A request that carries no credential.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Where it came from.
    pub source_ip: IpAddr,
    /// Whether it came over TLS.
    pub secure_transport: bool,
    /// The request.
    pub request_id: RequestId,
    /// When it came, in milliseconds since the epoch.
    pub now_ms: i64,
}

/// What somebody signs in with.
#[derive(Debug)]
pub struct SignIn {
    /// A RAM user's name or `root`, and behind an `@` the account's alias or id.
    pub user_name: String,
    /// The password.
    pub password: Secret<String>,
    /// A code of the MFA device.
    pub code: Option<Code>,
}

/// A new session with its token, which is shown here and never again.
#[derive(Debug)]
pub struct IssuedSession {
    /// The token.
    pub token: Secret<String>,
    /// When it ends at the latest, in milliseconds since the epoch.
    pub expires_at: i64,
    /// What must be done first.
    pub duty: Option<Duty>,
}

/// Whom a sign-in name stands for.
struct Named {
    account: AccountId,
    principal: Option<Principal>,
    /// What its attempts are counted under.
    counted: KeyHash,
    /// How audit records name it. A name that is nobody's is not written down: it may be a password.
    target: String,
}

impl Control {
    /// What attempts under a name are counted under, however it is spelled.
    pub(crate) fn counted_name(&self, account: AccountId, name: &str) -> KeyHash {
        self.session_hasher.hash(format!("sign-in\0{account}\0{}", name.to_lowercase()).as_bytes())
    }

    /// The same of somebody whose name cannot be signed in with. No name is counted under it, whatever is sent as one.
    pub(crate) fn counted_principal(&self, account: AccountId, principal: Principal) -> KeyHash {
        self.session_hasher.hash(format!("principal\0{account}\0{principal}").as_bytes())
    }

    /// A name without an account is one of the oldest account.
    async fn named(&self, text: &str) -> Result<Named, Error> {
        let oldest = self.store.accounts().await?.first().copied();
        let oldest = oldest.ok_or_else(|| Error::Unavailable {
            message: "there is no account to sign in to yet".to_owned(),
        })?;
        let (name, account) = match text.split_once('@') {
            None => (text, Some(oldest)),
            Some((name, domain)) => {
                let domain = domain.to_lowercase();
                let domain = domain.strip_suffix(DOMAIN).unwrap_or(&domain);
                (name, self.store.find_account_named(domain).await?)
            }
        };
        let Some(account) = account else {
            let counted = self.counted_name(oldest, text);
            return Ok(Named {
                account: oldest,
                principal: None,
                counted,
                target: "an unknown name".to_owned(),
            });
        };
        let (principal, target) = if name.eq_ignore_ascii_case(ROOT) {
            (Some(Principal::Root), ROOT.to_owned())
        } else {
            let user = match UserName::parse("userName", name) {
                Ok(name) => self.store.find_user(account, &name).await?,
                Err(_) => None,
            };
            match user {
                Some(user) => (Some(Principal::User(user.user_id)), user.name.to_string()),
                None => (None, "an unknown name".to_owned()),
            }
        };
        Ok(Named { account, principal, counted: self.counted_name(account, name), target })
    }

    /// Signs somebody in. `None` when name, password or code are wrong, when the name is locked, or when nobody may sign
    /// in like this from there; which of them it was is not told.
    pub async fn create_session(
        &self,
        origin: &Origin,
        sign_in: &SignIn,
    ) -> Result<Option<IssuedSession>, Error> {
        let _place = self.passwords.enter()?;
        let named = self.named(&sign_in.user_name).await?;
        let policy = self.store.find_password_policy(named.account).await?;
        let attempts = self.store.count_attempt(named.account, &named.counted, origin.now_ms).await?;
        let profile = match named.principal {
            Some(principal) => self.store.find_login_profile(named.account, principal).await?,
            None => None,
        };
        let right = self.is_password(named.account, profile.as_ref(), &sign_in.password).await?;
        let in_time = attempts <= u64::from(policy.attempts_allowed());
        let issued = match profile.filter(|_| right && in_time) {
            Some(profile) => {
                let expired =
                    profile.principal != Principal::Root && policy.expired(profile.changed_at, origin.now_ms);
                if expired && policy.hard_expiry {
                    None
                } else {
                    self.let_in(origin, sign_in, &named, &profile, expired).await?
                }
            }
            None => None,
        };
        if issued.is_none() {
            let mut chain = Chain::default();
            chain.note(Check::SignIn, false);
            let nobody = caller(origin, named.account, Principal::Root);
            self.store.record_failed_sign_in(&nobody, &named.target, &chain).await?;
        }
        Ok(issued)
    }

    /// The rest, once the password was right: where from, with which code, and whether all of it still holds in the
    /// transaction that makes the session.
    async fn let_in(
        &self,
        origin: &Origin,
        sign_in: &SignIn,
        named: &Named,
        profile: &LoginProfile,
        expired: bool,
    ) -> Result<Option<IssuedSession>, Error> {
        let (account, principal) = (named.account, profile.principal);
        let preference = self.preference_of(account)?;
        if principal != Principal::Root && !preference.lets_in(origin.source_ip) {
            return Ok(None);
        }
        let mut tx = self.store.write().await?;
        let now = tx.find_login_profile(account, principal).await?;
        if now.is_none_or(|now| now.sealed_hash != profile.sealed_hash) {
            return Ok(None);
        }
        let device = tx.find_mfa_device_of(account, principal).await?;
        let step = match (&device, &sign_in.code) {
            (None, _) => None,
            (Some(_), None) => return Ok(None),
            (Some(device), Some(code)) => {
                let seed = self.seed_of(account, device)?;
                match seed.step_of(code, device.used_step, origin.now_ms) {
                    Some(step) => Some(step),
                    None => return Ok(None),
                }
            }
        };
        let caller = caller(origin, account, principal);
        let answer = tx.authorize::<CreateSession>(&caller, WholeAccount);
        let (mut tx, permit) = self.unless_refused(tx, answer, &named.target).await?;
        if let Some(step) = step
            && !tx.use_mfa_step(&permit, step).await?
        {
            return Ok(None);
        }
        let token = random_secret(&*self.entropy, PREFIX, TOKEN_CHARACTERS);
        let duty = if expired || profile.password_reset_required {
            Some(Duty::ChangePassword)
        } else {
            (profile.mfa_bind_required && device.is_none()).then_some(Duty::BindMfaDevice)
        };
        let facts = SessionFacts {
            id: SessionId::random(&*self.entropy),
            hash: self.session_hasher.hash(token.reveal().as_bytes()),
            account,
            principal,
            mfa_present: step.is_some(),
            duty,
            created_at: origin.now_ms,
            expires_at: origin.now_ms + preference.session_ms(),
            seen_at: origin.now_ms,
        };
        tx.insert_session(&permit, &facts).await?;
        tx.note_login(&permit).await?;
        tx.clear_attempts(&permit, &named.counted).await?;
        let after =
            json!({ "sessionId": facts.id, "mfaPresent": facts.mfa_present, "expiresAt": facts.expires_at });
        tx.commit(permit, Record { target: named.target.clone(), before: Value::Null, after }).await?;
        Ok(Some(IssuedSession { token, expires_at: facts.expires_at, duty }))
    }

    /// Ends the session that the call is made with.
    pub async fn delete_session(&self, caller: &Caller) -> Result<(), Error> {
        let id = caller.session.map(|session| session.session.to_string()).unwrap_or_default();
        let (mut tx, permit) = self.begin::<DeleteSession>(caller, WholeAccount, &id).await?;
        if !tx.delete_session(&permit).await? {
            return Err(Error::absent("Session"));
        }
        tx.commit(permit, Record { target: id, before: Value::Null, after: Value::Null }).await.map(drop)
    }

    /// The session with this token, used from here now. `None` when there is none, when its time is over, or when it may
    /// not be used from here.
    pub async fn session(
        &self,
        token: &[u8],
        source_ip: IpAddr,
        now_ms: i64,
    ) -> Result<Option<PresentedSession>, Error> {
        if !token.starts_with(PREFIX.as_bytes()) {
            return Ok(None);
        }
        let hash = self.session_hasher.hash(token);
        let find = || self.directory().session(&hash, source_ip, now_ms);
        let Some(mut found) = find() else { return Ok(None) };
        if found.idle {
            // It may have been used elsewhere.
            let (account, id) = (found.account, found.signed_in.session);
            match self.store.session_seen_at(account, id).await? {
                Some(seen_at) if !idle(seen_at, now_ms) => self.directory().session_seen(id, seen_at),
                _ => return Ok(None),
            }
            match find() {
                Some(again) if !again.idle => found = again,
                _ => return Ok(None),
            }
        }
        if found.write {
            let (store, account, id) = (self.store.clone(), found.account, found.signed_in.session);
            // Nobody waits for it; where it fails, the session ends a minute early after a restart.
            tokio::spawn(async move {
                if let Err(error) = store.record_session_seen(account, id, now_ms).await {
                    tracing::warn!(%error, "the use of a session was not written down");
                }
            });
        }
        Ok(Some(found))
    }
}

pub(crate) fn caller(origin: &Origin, account: AccountId, principal: Principal) -> Caller {
    let Origin { source_ip, secure_transport, request_id, now_ms } = *origin;
    Caller {
        account,
        principal,
        access_key: None,
        session: None,
        role_session: None,
        federated: None,
        source_ip,
        secure_transport,
        request_id,
        now_ms,
    }
}
