//! Passwords of RAM users and of root.
//!
//! A password is as good as any credential of its owner, so whoever sets one for somebody passes the guard of
//! CreateAccessKey. Hashing takes a while and happens between two transactions: nobody else writes while one is open.

use bailey_domain::access::Principal;
use bailey_domain::login::Duty;
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    ChangePassword, CreateLoginProfile, DeleteLoginProfile, GetLoginProfile, Operation, UpdateLoginProfile,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error, Permit, Secret};
use bailey_store::{LoginProfile, NewLogin, Record, Tx, User};
use serde_json::{Value, json};

use crate::control::Control;
use crate::sessions::ROOT;
use crate::users::{found, present};

/// What a caller says about how a user signs in; `None` is not said.
#[derive(Clone, Debug, Default)]
pub struct LoginText {
    /// The password.
    pub password: Option<Secret<String>>,
    /// The password must be changed after signing in.
    pub password_reset_required: Option<bool>,
    /// An MFA device must be bound after signing in.
    pub mfa_bind_required: Option<bool>,
}

impl Control {
    /// A transaction, the permit and the user, for what gives a credential of the user or takes a protection away.
    pub(crate) async fn guarded<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        name: &UserName,
    ) -> Result<(Tx, Permit<O>, User), Error> {
        let scope = self.scope_of_user(caller.account, name).await?;
        let (mut tx, permit) = self.begin::<O>(caller, scope.clone(), name.as_str()).await?;
        let user = present(&mut tx, caller.account, name).await?;
        let owner = Principal::User(user.user_id);
        let may = self.directory().may_make_credential::<O>(caller, &scope, owner);
        let (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        Ok((tx, permit, user))
    }

    /// A user's name in policies, and whom it is about.
    pub(crate) async fn scope_of_user(&self, account: AccountId, name: &UserName) -> Result<RamScope, Error> {
        let user = self.store.find_user(account, name).await?;
        Ok(RamScope::user(account, name.as_str()).about(user.map(|user| user.user_id)))
    }

    /// Lets a user sign in with a password.
    pub async fn create_login_profile(
        &self,
        caller: &Caller,
        name: &UserName,
        text: LoginText,
    ) -> Result<LoginProfile, Error> {
        let LoginText { password, password_reset_required, mfa_bind_required } = text;
        let password = password.ok_or_else(|| Error::field("Password", "is missing"))?;
        let (mut tx, _, user) = self.guarded::<CreateLoginProfile>(caller, name).await?;
        if name.folded() == ROOT {
            return Err(Error::invalid(
                "InvalidParameter.UserName",
                "a RAM user of the name `root` cannot sign in with a password: that name is the account owner's. Rename the user first",
            ));
        }
        let principal = Principal::User(user.user_id);
        if tx.find_login_profile(caller.account, principal).await?.is_some() {
            return Err(Error::exists("User.LoginProfile"));
        }
        tx.abandon().await?;
        self.check_new_password(caller.account, None, "Password", &password).await?;
        let sealed = self.sealed_password(caller.account, principal, &password).await?;

        let (mut tx, permit, again) = self.guarded::<CreateLoginProfile>(caller, name).await?;
        same(user.user_id, again.user_id)?;
        let new = NewLogin {
            sealed_hash: None,
            password_reset_required: password_reset_required.unwrap_or(false),
            mfa_bind_required: mfa_bind_required.unwrap_or(false),
        };
        let profile = tx.insert_login_profile(&permit, user.user_id, &sealed, &new).await?;
        let record = Record { target: name.to_string(), before: Value::Null, after: json!(profile) };
        tx.commit(permit, record).await?;
        Ok(profile)
    }

    /// Shows how a user signs in.
    pub async fn get_login_profile(&self, caller: &Caller, name: &UserName) -> Result<LoginProfile, Error> {
        let scope = RamScope::user(caller.account, name.as_str());
        self.require::<GetLoginProfile>(caller, scope, name.as_str()).await?;
        let user = found(&self.store, caller.account, name).await?;
        let profile = self.store.find_login_profile(caller.account, Principal::User(user.user_id)).await?;
        profile.ok_or_else(|| Error::absent("User.LoginProfile"))
    }

    /// Changes how a user signs in. What is not said stays; the user's sessions end.
    pub async fn update_login_profile(
        &self,
        caller: &Caller,
        name: &UserName,
        text: LoginText,
    ) -> Result<(), Error> {
        let (mut tx, mut permit, user) = self.guarded::<UpdateLoginProfile>(caller, name).await?;
        let principal = Principal::User(user.user_id);
        let mut profile = present_profile(&mut tx, caller.account, principal).await?;
        let mut sealed_hash = None;
        if let Some(password) = &text.password {
            tx.abandon().await?;
            self.check_new_password(caller.account, Some(&profile), "Password", password).await?;
            sealed_hash = Some(self.sealed_password(caller.account, principal, password).await?);
            let again;
            (tx, permit, again) = self.guarded::<UpdateLoginProfile>(caller, name).await?;
            same(user.user_id, again.user_id)?;
            profile = present_profile(&mut tx, caller.account, principal).await?;
        }
        let new = NewLogin {
            sealed_hash,
            password_reset_required: text.password_reset_required.unwrap_or(profile.password_reset_required),
            mfa_bind_required: text.mfa_bind_required.unwrap_or(profile.mfa_bind_required),
        };
        let changed = tx.update_login_profile(&permit, &profile, &new).await?;
        let record = Record { target: name.to_string(), before: json!(profile), after: json!(changed) };
        tx.commit(permit, record).await.map(drop)
    }

    /// Takes a user's password away; the user's sessions end.
    pub async fn delete_login_profile(&self, caller: &Caller, name: &UserName) -> Result<(), Error> {
        let scope = RamScope::user(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<DeleteLoginProfile>(caller, scope, name.as_str()).await?;
        let user = present(&mut tx, caller.account, name).await?;
        let profile = present_profile(&mut tx, caller.account, Principal::User(user.user_id)).await?;
        tx.delete_login_profile(&permit, &profile).await?;
        let record = Record { target: name.to_string(), before: json!(profile), after: Value::Null };
        tx.commit(permit, record).await.map(drop)
    }

    /// Changes the caller's own password; the caller's other sessions end. Failed attempts count with failed sign-ins.
    pub async fn change_password(
        &self,
        caller: &Caller,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<(), Error> {
        let name = match caller.principal {
            Principal::Root => None,
            Principal::Role(_) | Principal::Federated(_) => {
                return Err(Error::invalid(
                    "NotSupport.Role",
                    "A role has no password. Call as the RAM user whose password is to change.",
                ));
            }
            Principal::User(user) => {
                self.store.find_user_by_id(caller.account, user).await?.map(|user| user.name)
            }
        };
        let label = name.as_ref().map_or(ROOT, UserName::as_str);
        let scope = RamScope::user(caller.account, label).about(caller.principal.user());
        self.require::<ChangePassword>(caller, scope.clone(), label).await?;
        if caller.principal == Principal::Root {
            return Err(Error::invalid(
                "NotSupport.Account",
                "This method can be only invoked by sub user. The account's owner uses UpdateRootLogin.",
            ));
        }
        self.check_strength(caller.account, "NewPassword", new).await?;
        let counted = match name.as_ref().filter(|name| name.folded() == ROOT) {
            // Attempts under that name are the owner's.
            Some(_) => self.counted_principal(caller.account, caller.principal),
            None => self.counted_name(caller.account, label),
        };
        let profile = self.own_profile(caller, &counted, old).await?.ok_or_else(|| {
            Error::invalid(
                "InvalidParameter.OldPassword.Incorrect",
                "The parameter - \"OldPassword\" is incorrect.",
            )
        })?;
        self.check_new_password(caller.account, Some(&profile), "NewPassword", new).await?;
        let sealed = self.sealed_password(caller.account, caller.principal, new).await?;

        let (mut tx, permit) = self.begin::<ChangePassword>(caller, scope, label).await?;
        let now = present_profile(&mut tx, caller.account, caller.principal).await?;
        if now.sealed_hash != profile.sealed_hash {
            return Err(changed_meanwhile());
        }
        let device = tx.find_mfa_device_of(caller.account, caller.principal).await?;
        let next = (profile.mfa_bind_required && device.is_none()).then_some(Duty::BindMfaDevice);
        let changed = tx.change_password(&permit, &profile, &sealed, next).await?;
        tx.clear_attempts(&permit, &counted).await?;
        let record = Record { target: label.to_owned(), before: json!(profile), after: json!(changed) };
        tx.commit(permit, record).await.map(drop)
    }

    /// The caller's own profile, if this is the present password and the name is not locked. Only what is wrong stays
    /// counted: what a right password was shown for may fail yet, and be tried again.
    pub(crate) async fn own_profile(
        &self,
        caller: &Caller,
        counted: &bailey_domain::secret::KeyHash,
        password: &Secret<String>,
    ) -> Result<Option<LoginProfile>, Error> {
        let policy = self.store.find_password_policy(caller.account).await?;
        let attempts = self.store.count_attempt(caller.account, counted, caller.now_ms).await?;
        let profile = self.store.find_login_profile(caller.account, caller.principal).await?;
        let right = self.is_password(caller.account, profile.as_ref(), password).await?;
        let own = profile.filter(|_| right && attempts <= u64::from(policy.attempts_allowed()));
        if own.is_some() {
            self.store.uncount_attempt(caller.account, counted).await?;
        }
        Ok(own)
    }
}

/// What stood when a password was checked does not stand any more.
pub(crate) fn changed_meanwhile() -> Error {
    Error::Conflict {
        code: "Conflict.LoginProfile".into(),
        message: "the password was changed by another call meanwhile; nothing was changed by this one"
            .to_owned(),
    }
}

/// A name may have come to stand for somebody else while a password was hashed for the one before.
fn same(before: bailey_domain::UserId, now: bailey_domain::UserId) -> Result<(), Error> {
    if before == now { Ok(()) } else { Err(changed_meanwhile()) }
}

async fn present_profile(
    tx: &mut Tx,
    account: AccountId,
    principal: Principal,
) -> Result<LoginProfile, Error> {
    let profile = tx.find_login_profile(account, principal).await?;
    profile.ok_or_else(|| Error::absent("User.LoginProfile"))
}
