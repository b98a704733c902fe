//! What an account chose about signing in: its alias, its password policy, its security preference.

use bailey_domain::login::{PasswordPolicy, SecurityPreference};
use bailey_domain::name::AccountAlias;
use bailey_domain::operations::{
    ClearAccountAlias, GetAccountAlias, GetPasswordPolicy, GetSecurityPreference, SetAccountAlias,
    SetPasswordPolicy, SetSecurityPreference,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error};
use bailey_store::Record;
use serde_json::{Value, json};

use crate::control::Control;

impl Control {
    /// Gives the account an alias.
    pub async fn set_account_alias(&self, caller: &Caller, alias: &AccountAlias) -> Result<(), Error> {
        let scope = RamScope::account(caller.account);
        let (mut tx, permit) = self.begin::<SetAccountAlias>(caller, scope, alias.as_str()).await?;
        let before = tx.find_account_alias(caller.account).await?;
        tx.put_account_alias(&permit, alias).await?;
        let record =
            Record { target: "alias".to_owned(), before: json!(before), after: json!(alias.as_str()) };
        tx.commit(permit, record).await.map(drop)
    }

    /// The account's alias; without one, its id stands for it.
    pub async fn get_account_alias(&self, caller: &Caller) -> Result<String, Error> {
        self.require::<GetAccountAlias>(caller, RamScope::account(caller.account), "alias").await?;
        let alias = self.store.find_account_alias(caller.account).await?;
        Ok(alias.unwrap_or_else(|| caller.account.to_string()))
    }

    /// Takes the account's alias away.
    pub async fn clear_account_alias(&self, caller: &Caller) -> Result<(), Error> {
        let scope = RamScope::account(caller.account);
        let (mut tx, permit) = self.begin::<ClearAccountAlias>(caller, scope, "alias").await?;
        let before = tx.find_account_alias(caller.account).await?;
        tx.clear_account_alias(&permit).await?;
        let record = Record { target: "alias".to_owned(), before: json!(before), after: Value::Null };
        tx.commit(permit, record).await.map(drop)
    }

    /// Sets what the account demands of passwords.
    pub async fn set_password_policy(&self, caller: &Caller, policy: &PasswordPolicy) -> Result<(), Error> {
        let scope = RamScope::account(caller.account);
        let (mut tx, permit) = self.begin::<SetPasswordPolicy>(caller, scope, "password policy").await?;
        let before = tx.find_password_policy(caller.account).await?;
        tx.put_password_policy(&permit, policy).await?;
        let target = "password policy".to_owned();
        tx.commit(permit, Record { target, before: json!(before), after: json!(policy) }).await.map(drop)
    }

    /// Shows what the account demands of passwords.
    pub async fn get_password_policy(&self, caller: &Caller) -> Result<PasswordPolicy, Error> {
        let scope = RamScope::account(caller.account);
        self.require::<GetPasswordPolicy>(caller, scope, "password policy").await?;
        self.store.find_password_policy(caller.account).await
    }

    /// Sets how the account's users may sign in; `change` alters the present preference.
    pub async fn set_security_preference(
        &self,
        caller: &Caller,
        change: &(dyn Fn(&mut SecurityPreference) + Send + Sync),
    ) -> Result<SecurityPreference, Error> {
        let scope = RamScope::account(caller.account);
        let target = "security preference";
        let (mut tx, permit) = self.begin::<SetSecurityPreference>(caller, scope, target).await?;
        let before = self.preference_of(caller.account)?;
        let mut after = before.clone();
        change(&mut after);
        tx.put_security_preference(&permit, &after).await?;
        let record = Record { target: target.to_owned(), before: json!(before), after: json!(after) };
        tx.commit(permit, record).await?;
        Ok(after)
    }

    /// Shows how the account's users may sign in.
    pub async fn get_security_preference(&self, caller: &Caller) -> Result<SecurityPreference, Error> {
        let scope = RamScope::account(caller.account);
        self.require::<GetSecurityPreference>(caller, scope, "security preference").await?;
        self.preference_of(caller.account)
    }

    pub(crate) fn preference_of(&self, account: AccountId) -> Result<SecurityPreference, Error> {
        let preference = self.directory().security_preference(account);
        preference.ok_or_else(|| Error::internal(format!("account {account} is not loaded")))
    }
}
