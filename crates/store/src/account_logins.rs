//! What an account chose about signing in: its alias, its password policy, its security preference.

use bailey_domain::change::Change;
use bailey_domain::login::{PasswordPolicy, SecurityPreference};
use bailey_domain::name::AccountAlias;
use bailey_domain::operations::{
    ClearAccountAlias, SetAccountAlias, SetPasswordPolicy, SetSecurityPreference,
};
use bailey_domain::{AccountId, Error, Permit};

use crate::audit::text_of;
use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::store::Store;
use crate::tx::Tx;

const PASSWORD_POLICY: &str = "SELECT password_policy FROM account_logins WHERE account_id = $1";
const ALIAS: &str = "SELECT alias FROM account_logins WHERE account_id = $1";

fn password_policy(row: Option<(Option<String>,)>) -> Result<PasswordPolicy, Error> {
    match row.and_then(|(policy,)| policy) {
        Some(text) => stored(serde_json::from_str(&text), "password_policy"),
        None => Ok(PasswordPolicy::default()),
    }
}

impl Store {
    /// What the account demands of passwords.
    pub async fn find_password_policy(&self, account: AccountId) -> Result<PasswordPolicy, Error> {
        let row = reading!(self.pools, pool => sqlx::query_as(PASSWORD_POLICY)
            .bind(account.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        password_policy(row)
    }

    /// The account's alias.
    pub async fn find_account_alias(&self, account: AccountId) -> Result<Option<String>, Error> {
        let row: Option<(Option<String>,)> = reading!(self.pools, pool => sqlx::query_as(ALIAS)
            .bind(account.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        Ok(row.and_then(|(alias,)| alias))
    }

    /// The account that an alias or an account id in a sign-in name stands for.
    pub async fn find_account_named(&self, name: &str) -> Result<Option<AccountId>, Error> {
        const SQL: &str = "
            SELECT a.account_id FROM accounts a LEFT JOIN account_logins l ON l.account_id = a.account_id
            WHERE a.account_id = $1 OR l.alias = $1";
        let row: Option<(String,)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(name).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(|(id,)| stored(id.parse(), "account_id")).transpose()
    }
}

impl Tx {
    /// What the account demands of passwords, as this transaction sees it.
    pub async fn find_password_policy(&mut self, account: AccountId) -> Result<PasswordPolicy, Error> {
        let row = on!(self.connection, conn => sqlx::query_as(PASSWORD_POLICY)
            .bind(account.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        password_policy(row)
    }

    /// The account's alias, as this transaction sees it.
    pub async fn find_account_alias(&mut self, account: AccountId) -> Result<Option<String>, Error> {
        let row: Option<(Option<String>,)> = on!(self.connection, conn => sqlx::query_as(ALIAS)
            .bind(account.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        Ok(row.and_then(|(alias,)| alias))
    }

    /// Gives the account an alias. It is one account's in the whole installation.
    pub async fn put_account_alias(
        &mut self,
        permit: &Permit<SetAccountAlias>,
        alias: &AccountAlias,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO account_logins (account_id, alias) VALUES ($1, $2)
            ON CONFLICT (account_id) DO UPDATE SET alias = excluded.alias";
        let account = permit.caller().account;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(alias.as_str()).execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("AccountAlias")))?;
        self.note(Change::Alias { account, alias: Some(alias.clone()) });
        Ok(())
    }

    /// Takes the account's alias away.
    pub async fn clear_account_alias(&mut self, permit: &Permit<ClearAccountAlias>) -> Result<(), Error> {
        const SQL: &str = "UPDATE account_logins SET alias = NULL WHERE account_id = $1";
        let account = permit.caller().account;
        on!(self.connection, conn => sqlx::query(SQL).bind(account.to_string()).execute(conn).await.map(drop))
            .map_err(database)?;
        self.note(Change::Alias { account, alias: None });
        Ok(())
    }

    /// Sets what the account demands of passwords.
    pub async fn put_password_policy(
        &mut self,
        permit: &Permit<SetPasswordPolicy>,
        policy: &PasswordPolicy,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO account_logins (account_id, password_policy) VALUES ($1, $2)
            ON CONFLICT (account_id) DO UPDATE SET password_policy = excluded.password_policy";
        self.execute_two(SQL, &permit.caller().account.to_string(), &text_of(policy)?).await.map(drop)
    }

    /// Sets how the account's users may sign in. Sessions that may not go on by that are refused from then on.
    pub async fn put_security_preference(
        &mut self,
        permit: &Permit<SetSecurityPreference>,
        preference: &SecurityPreference,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO account_logins (account_id, security_preference) VALUES ($1, $2)
            ON CONFLICT (account_id) DO UPDATE SET security_preference = excluded.security_preference";
        let account = permit.caller().account;
        self.execute_two(SQL, &account.to_string(), &text_of(preference)?).await?;
        self.note(Change::SecurityPreference { account, preference: Box::new(preference.clone()) });
        Ok(())
    }
}
