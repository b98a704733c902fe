//! Logon names of RAM users (`UserPrincipalName` in IMS): the user's name, `@` and the account's domain.

use bailey_domain::name::UserName;
use bailey_domain::operations::Operation;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error};

use crate::control::Control;
use crate::sessions::DOMAIN;

/// How IMS names a user.
#[derive(Clone, Debug)]
pub enum UserReference {
    /// By name.
    Name(UserName),
    /// By id, as it was sent.
    Id(String),
    /// By one of its access keys, as that was sent.
    AccessKey(String),
}

impl Control {
    /// The domain that ends the logon names of an account's users: of its alias, or without one of its id.
    fn user_domain(&self, account: AccountId) -> String {
        match self.directory().account_alias(account) {
            Some(alias) => format!("{}{DOMAIN}", alias.as_str()),
            None => format!("{account}{DOMAIN}"),
        }
    }

    /// A user's logon name.
    pub fn user_principal_name(&self, account: AccountId, name: &UserName) -> String {
        format!("{name}@{}", self.user_domain(account))
    }

    /// Reads a logon name; `field` is its parameter's name. The bare user name will do, since the account is known, and so
    /// will the domain of the account's id beside that of its alias: names that were kept stay good.
    pub fn read_user_principal_name(
        &self,
        account: AccountId,
        field: &str,
        text: &str,
    ) -> Result<UserName, Error> {
        let Some((name, domain)) = text.split_once('@') else { return UserName::parse(field, text) };
        let own = self.user_domain(account);
        if !domain.eq_ignore_ascii_case(&own) && !domain.eq_ignore_ascii_case(&format!("{account}{DOMAIN}")) {
            return Err(Error::field(
                field,
                format_args!("must end in `@{own}`, the domain of this account"),
            ));
        }
        UserName::parse(field, name)
    }

    /// The name of the user that is meant. Whether there is one is told only to those whom the permission for `O` lets in.
    pub async fn user_name<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        reference: UserReference,
    ) -> Result<UserName, Error> {
        let (user, text) = match reference {
            UserReference::Name(name) => return Ok(name),
            UserReference::Id(text) => (text.parse().ok(), text),
            UserReference::AccessKey(text) => {
                let facts = text.parse().ok().and_then(|id| self.directory().access_key(&id));
                let here = facts.filter(|facts| facts.account == caller.account);
                (here.and_then(|facts| facts.owner.user()), text)
            }
        };
        let found = match user {
            Some(user) => self.store.find_user_by_id(caller.account, user).await?,
            None => None,
        };
        if let Some(user) = found {
            return Ok(user.name);
        }
        self.require::<O>(caller, RamScope::user(caller.account, &text), &text).await?;
        Err(Error::absent("User"))
    }
}
