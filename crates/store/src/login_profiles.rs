//! Passwords of root and of RAM users, hashed and sealed.

use bailey_domain::access::Principal;
use bailey_domain::login::Duty;
use bailey_domain::operations::{
    ChangePassword, CreateLoginProfile, CreateSession, DeleteLoginProfile, UpdateLoginProfile,
    UpdateRootLogin,
};
use bailey_domain::{AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::access_keys::column;
use crate::connection::{on, reading};
use crate::error::{conflict_of, database, to_signed};
use crate::load::owner;
use crate::store::Store;
use crate::tx::Tx;

/// How somebody signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginProfile {
    /// Who signs in.
    pub principal: Principal,
    /// The password must be changed after signing in.
    pub password_reset_required: bool,
    /// An MFA device must be bound after signing in.
    pub mfa_bind_required: bool,
    /// When the password was set, in milliseconds since the epoch.
    pub changed_at: i64,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// When somebody last signed in with it, in milliseconds since the epoch.
    pub last_login_at: Option<i64>,
    /// The password's hash, sealed.
    #[serde(skip)]
    pub sealed_hash: String,
}

/// How somebody is to sign in.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// The hash of the new password, sealed; `None` keeps the present one.
    pub sealed_hash: Option<String>,
    /// The password must be changed after signing in.
    pub password_reset_required: bool,
    /// An MFA device must be bound after signing in.
    pub mfa_bind_required: bool,
}

#[derive(sqlx::FromRow)]
struct ProfileRow {
    user_id: String,
    sealed_hash: String,
    password_reset_required: bool,
    mfa_bind_required: bool,
    changed_at: i64,
    created_at: i64,
    last_login_at: Option<i64>,
}

impl TryFrom<ProfileRow> for LoginProfile {
    type Error = Error;
    fn try_from(row: ProfileRow) -> Result<Self, Error> {
        Ok(Self {
            principal: owner(&row.user_id)?,
            password_reset_required: row.password_reset_required,
            mfa_bind_required: row.mfa_bind_required,
            changed_at: row.changed_at,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
            sealed_hash: row.sealed_hash,
        })
    }
}

const FIND: &str = "SELECT * FROM login_profiles WHERE account_id = $1 AND user_id = $2";

impl Store {
    /// How somebody signs in. Finding is no operation; what is done with it is.
    pub async fn find_login_profile(
        &self,
        account: AccountId,
        principal: Principal,
    ) -> Result<Option<LoginProfile>, Error> {
        let row: Option<ProfileRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(LoginProfile::try_from).transpose()
    }

    /// The sealed hashes of somebody's last passwords before the present one, newest first.
    pub async fn former_passwords(
        &self,
        account: AccountId,
        principal: Principal,
        most: u32,
    ) -> Result<Vec<String>, Error> {
        const SQL: &str = "
            SELECT sealed_hash FROM former_passwords WHERE account_id = $1 AND user_id = $2 ORDER BY revision DESC LIMIT $3";
        let rows: Vec<(String,)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).bind(i64::from(most))
            .fetch_all(pool).await)
        .map_err(database)?;
        Ok(rows.into_iter().map(|(hash,)| hash).collect())
    }
}

impl Tx {
    /// How somebody signs in, as this transaction sees it.
    pub async fn find_login_profile(
        &mut self,
        account: AccountId,
        principal: Principal,
    ) -> Result<Option<LoginProfile>, Error> {
        let row: Option<ProfileRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(LoginProfile::try_from).transpose()
    }

    /// Gives a user a password.
    pub async fn insert_login_profile(
        &mut self,
        permit: &Permit<CreateLoginProfile>,
        user: UserId,
        sealed_hash: &str,
        new: &NewLogin,
    ) -> Result<LoginProfile, Error> {
        let caller = permit.caller();
        self.demand_user(caller.account, user).await?;
        self.put_first(caller.account, Principal::User(user), sealed_hash, new, caller.now_ms).await
    }

    async fn put_first(
        &mut self,
        account: AccountId,
        principal: Principal,
        sealed_hash: &str,
        new: &NewLogin,
        now_ms: i64,
    ) -> Result<LoginProfile, Error> {
        const SQL: &str = "
            INSERT INTO login_profiles (account_id, user_id, sealed_hash, password_reset_required, mfa_bind_required,
                changed_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING *";
        let row: ProfileRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).bind(sealed_hash)
            .bind(new.password_reset_required).bind(new.mfa_bind_required).bind(now_ms).fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("User.LoginProfile")))?;
        row.try_into()
    }

    /// Changes how a user signs in, and ends the user's sessions.
    pub async fn update_login_profile(
        &mut self,
        permit: &Permit<UpdateLoginProfile>,
        profile: &LoginProfile,
        new: &NewLogin,
    ) -> Result<LoginProfile, Error> {
        let caller = permit.caller();
        self.end_sessions(caller.account, profile.principal, None).await?;
        self.put_again(caller.account, profile, new, caller.now_ms).await
    }

    /// Changes the caller's own password, and ends the caller's other sessions. `next` is what the one that goes on has
    /// to do now.
    pub async fn change_password(
        &mut self,
        permit: &Permit<ChangePassword>,
        profile: &LoginProfile,
        sealed_hash: &str,
        next: Option<Duty>,
    ) -> Result<LoginProfile, Error> {
        let caller = permit.caller();
        if profile.principal != caller.principal {
            return Err(Error::internal("a password would be changed for somebody else"));
        }
        let new = NewLogin {
            sealed_hash: Some(sealed_hash.to_owned()),
            password_reset_required: false,
            mfa_bind_required: profile.mfa_bind_required,
        };
        let kept = caller.session.map(|session| session.session);
        self.end_sessions(caller.account, caller.principal, kept).await?;
        self.discharge(caller.account, caller.principal, Duty::ChangePassword, next).await?;
        self.put_again(caller.account, profile, &new, caller.now_ms).await
    }

    /// Sets root's password, and ends root's other sessions.
    pub async fn put_root_password(
        &mut self,
        permit: &Permit<UpdateRootLogin>,
        sealed_hash: &str,
    ) -> Result<LoginProfile, Error> {
        let caller = permit.caller();
        let kept = caller.session.map(|session| session.session);
        self.end_sessions(caller.account, Principal::Root, kept).await?;
        let new = NewLogin {
            sealed_hash: Some(sealed_hash.to_owned()),
            password_reset_required: false,
            mfa_bind_required: false,
        };
        match self.find_login_profile(caller.account, Principal::Root).await? {
            Some(profile) => self.put_again(caller.account, &profile, &new, caller.now_ms).await,
            None => self.put_first(caller.account, Principal::Root, sealed_hash, &new, caller.now_ms).await,
        }
    }

    /// A new password takes the place of the present one, which joins the former ones.
    async fn put_again(
        &mut self,
        account: AccountId,
        profile: &LoginProfile,
        new: &NewLogin,
        now_ms: i64,
    ) -> Result<LoginProfile, Error> {
        const SQL: &str = "
            UPDATE login_profiles SET sealed_hash = $3, password_reset_required = $4, mfa_bind_required = $5,
                changed_at = $6
            WHERE account_id = $1 AND user_id = $2 RETURNING *";
        let user = column(profile.principal)?.unwrap_or_default();
        if new.sealed_hash.is_some() {
            self.keep_former(account, profile).await?;
        }
        let changed_at = if new.sealed_hash.is_some() { now_ms } else { profile.changed_at };
        let row: Option<ProfileRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(&user)
            .bind(new.sealed_hash.as_ref().unwrap_or(&profile.sealed_hash))
            .bind(new.password_reset_required).bind(new.mfa_bind_required).bind(changed_at)
            .fetch_optional(conn).await)
        .map_err(database)?;
        row.ok_or_else(|| Error::absent("User.LoginProfile"))?.try_into()
    }

    /// Takes a user's password away, and ends the user's sessions.
    pub async fn delete_login_profile(
        &mut self,
        permit: &Permit<DeleteLoginProfile>,
        profile: &LoginProfile,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM login_profiles WHERE account_id = $1 AND user_id = $2";
        let account = permit.caller().account;
        let user = column(profile.principal)?.unwrap_or_default();
        self.end_sessions(account, profile.principal, None).await?;
        if self.execute_two(SQL, &account.to_string(), &user).await? == 0 {
            return Err(Error::absent("User.LoginProfile"));
        }
        self.keep_former(account, profile).await
    }

    /// Keeps the present password among the former ones, of which no policy asks for more than 24.
    async fn keep_former(&mut self, account: AccountId, profile: &LoginProfile) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO former_passwords (account_id, user_id, revision, sealed_hash) VALUES ($1, $2, $3, $4)";
        const PRUNE: &str = "
            DELETE FROM former_passwords WHERE account_id = $1 AND user_id = $2 AND revision NOT IN (
                SELECT revision FROM former_passwords WHERE account_id = $1 AND user_id = $2
                ORDER BY revision DESC LIMIT 24)";
        let user = column(profile.principal)?.unwrap_or_default();
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(&user).bind(to_signed(self.revision)).bind(&profile.sealed_hash)
            .execute(conn).await.map(drop))
        .map_err(database)?;
        self.execute_two(PRUNE, &account.to_string(), &user).await.map(drop)
    }

    /// Notes that somebody has signed in.
    pub async fn note_login(&mut self, permit: &Permit<CreateSession>) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE login_profiles SET last_login_at = $3 WHERE account_id = $1 AND user_id = $2";
        let caller = permit.caller();
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(caller.account.to_string()).bind(column(caller.principal)?.unwrap_or_default())
            .bind(caller.now_ms).execute(conn).await.map(drop))
        .map_err(database)
    }

    /// Clears away what is left of how a user signed in.
    pub(crate) async fn clear_login(&mut self, account: AccountId, user: UserId) -> Result<(), Error> {
        const FORMER: &str = "DELETE FROM former_passwords WHERE account_id = $1 AND user_id = $2";
        const PROFILE: &str = "DELETE FROM login_profiles WHERE account_id = $1 AND user_id = $2";
        const DEVICE: &str = "
            UPDATE mfa_devices SET user_id = NULL, activated_at = NULL WHERE account_id = $1 AND user_id = $2";
        self.end_sessions(account, Principal::User(user), None).await?;
        for sql in [FORMER, PROFILE, DEVICE] {
            self.execute_two(sql, &account.to_string(), &user.to_string()).await?;
        }
        Ok(())
    }
}
