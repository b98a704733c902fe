//! RAM users.

use bailey_domain::access::Principal;
use bailey_domain::name::{self, DisplayName, UserName};
use bailey_domain::operations::{CreateUser, DeleteUser, GetUser, UpdateUser};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error, UserId};
use bailey_store::{Cursor, ListsUsers, NewUser, Page, Record, Store, Tx, User, UserUpdate};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::revoked::Revoked;
use crate::sessions::ROOT;

/// What a caller says about a user; `None` is not said.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the user's own")]
pub struct NewUserText {
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub mobile_phone: Option<String>,
    pub comments: Option<String>,
}

impl NewUserText {
    /// Checks each text; `prefix` is `New` where RAM's parameter names have it. An empty text clears the field.
    fn check(&self, prefix: &str) -> Result<(), Error> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(text) = given(&self.display_name) {
            DisplayName::parse(&format!("{prefix}DisplayName"), &text)?;
        }
        check_comments(prefix, self.comments.as_deref())?;
        if let Some(text) = given(&self.email) {
            let wrong = || format_error(prefix, "Email", "must be an address such as `name@example.com`");
            let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
            if local.is_empty()
                || domain.is_empty()
                || domain.contains('@')
                || text.len() > 254
                || text.contains(char::is_whitespace)
            {
                return Err(wrong());
            }
        }
        if let Some(text) = given(&self.mobile_phone) {
            let wrong = || {
                format_error(
                    prefix,
                    "MobilePhone",
                    "must be country code, `-` and number, such as `86-13812345678`",
                )
            };
            let (country, number) = text.split_once('-').ok_or_else(wrong)?;
            let digits = |part: &str, most| {
                !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit())
            };
            if !digits(country, 4) || !digits(number, 20) {
                return Err(wrong());
            }
        }
        Ok(())
    }
}

/// Checks comments of a user or a group; an empty text clears them.
pub(crate) fn check_comments(prefix: &str, comments: Option<&str>) -> Result<(), Error> {
    match comments {
        None | Some("") => Ok(()),
        Some(text) => name::text(&format!("{prefix}Comments"), text, 1, 128).map(drop),
    }
}

fn format_error(prefix: &str, field: &str, why: &str) -> Error {
    Error::invalid(
        format!("InvalidParameter.{prefix}{field}.Format"),
        format!("The format of the parameter - \"{prefix}{field}\" is incorrect. It {why}."),
    )
}

fn shown(user: &User) -> Value {
    json!(user)
}

impl Control {
    /// Creates a RAM user.
    pub async fn create_user(
        &self,
        caller: &Caller,
        name: UserName,
        text: NewUserText,
    ) -> Result<User, Error> {
        text.check("")?;
        let scope = RamScope::user(caller.account, "*");
        let (mut tx, permit) = self.begin::<CreateUser>(caller, scope, name.as_str()).await?;
        let quota = self.settings_of(caller.account)?.quota_users;
        within(quota, tx.count_users(caller.account).await?, "User", "users")?;
        let new = NewUser {
            user_id: UserId::random(&*self.entropy),
            display_name: text.display_name.unwrap_or_default(),
            email: text.email.unwrap_or_default(),
            mobile_phone: text.mobile_phone.unwrap_or_default(),
            comments: text.comments.unwrap_or_default(),
            name,
        };
        let user = tx.insert_user(&permit, &new).await?;
        tx.commit(permit, Record { target: user.name.to_string(), before: Value::Null, after: shown(&user) })
            .await?;
        Ok(user)
    }

    /// Shows a RAM user, and when the user signed in last.
    pub async fn get_user(&self, caller: &Caller, name: &UserName) -> Result<(User, Option<i64>), Error> {
        self.require::<GetUser>(caller, RamScope::user(caller.account, name.as_str()), name.as_str()).await?;
        let user = found(&self.store, caller.account, name).await?;
        let profile = self.store.find_login_profile(caller.account, Principal::User(user.user_id)).await?;
        Ok((user, profile.and_then(|profile| profile.last_login_at)))
    }

    /// Changes a RAM user. Another name is another set of permissions, so whoever gives one administers RAM.
    pub async fn update_user(
        &self,
        caller: &Caller,
        name: &UserName,
        new_name: Option<UserName>,
        text: NewUserText,
    ) -> Result<User, Error> {
        text.check("New")?;
        let scope = RamScope::user(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<UpdateUser>(caller, scope.clone(), name.as_str()).await?;
        let user = present(&mut tx, caller.account, name).await?;
        if new_name.as_ref().is_some_and(|new| new.as_str() != user.name.as_str()) {
            let may = self.directory().may_rename::<UpdateUser>(caller, &scope);
            (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        }
        let owners = new_name.as_ref().is_some_and(|new| new.folded() == ROOT) && name.folded() != ROOT;
        let principal = Principal::User(user.user_id);
        if owners && tx.find_login_profile(caller.account, principal).await?.is_some() {
            return Err(Error::invalid(
                "InvalidParameter.NewUserName",
                "a RAM user that signs in with a password cannot get the name `root`: that name is the account owner's. Delete the login profile first",
            ));
        }
        let NewUserText { display_name, email, mobile_phone, comments } = text;
        let update = UserUpdate { name: new_name, display_name, email, mobile_phone, comments };
        let changed = tx.update_user(&permit, &user, &update).await?;
        tx.commit(permit, Record { target: name.to_string(), before: shown(&user), after: shown(&changed) })
            .await?;
        Ok(changed)
    }

    /// Deletes a RAM user that is in no group and has no access key, password, MFA device or policy of its own. Its seats
    /// and service credentials go, its API keys die for good; what the recycle bin keeps for a time is the user.
    pub async fn delete_user(&self, caller: &Caller, name: &UserName) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let scope = RamScope::user(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<DeleteUser>(caller, scope, name.as_str()).await?;
        let user = present(&mut tx, caller.account, name).await?;
        if tx.count_groups_of(user.user_id).await? > 0 {
            return Err(Error::in_use(
                "User.Group",
                "The user CAN NOT be in any group while deleting the user.",
            ));
        }
        if tx.has_access_keys(user.user_id).await? {
            return Err(Error::in_use(
                "User.AccessKey",
                "The user CAN NOT has any access key while deleting the user.",
            ));
        }
        let principal = Principal::User(user.user_id);
        if tx.find_login_profile(caller.account, principal).await?.is_some() {
            return Err(Error::in_use(
                "User.LoginProfile",
                "The user CAN NOT has any login profile while deleting the user.",
            ));
        }
        if tx.find_mfa_device_of(caller.account, principal).await?.is_some() {
            return Err(Error::in_use(
                "User.MFADevice",
                "The user CAN NOT has any mfa device while deleting the user.",
            ));
        }
        if tx.has_policies(user.user_id).await? {
            return Err(Error::in_use(
                "User.Policy",
                "The user CAN NOT has any attached policy while deleting the user.",
            ));
        }
        if self.settings_of(caller.account)?.recycle_bin {
            tx.recycle_user(&permit, user.user_id).await?;
        }
        let killed = tx.delete_user(&permit, user.user_id).await?;
        let record = Record { target: name.to_string(), before: shown(&user), after: Value::Null };
        let committed = tx.commit(permit, record).await?;
        Ok(Revoked::of(committed, killed, self.clock.now_ms() - started))
    }

    /// Lists RAM users.
    pub async fn list_users<O: ListsUsers>(
        &self,
        caller: &Caller,
        cursor: &Cursor,
    ) -> Result<Page<User>, Error> {
        let permit = self.permit::<O>(caller, RamScope::user(caller.account, "*"), "").await?;
        self.store.list_users(&permit, cursor).await
    }
}

/// A user who is there.
pub(crate) async fn present(tx: &mut Tx, account: AccountId, name: &UserName) -> Result<User, Error> {
    tx.find_user(account, name).await?.ok_or_else(|| Error::absent("User"))
}

/// The same outside of a transaction.
pub(crate) async fn found(store: &Store, account: AccountId, name: &UserName) -> Result<User, Error> {
    store.find_user(account, name).await?.ok_or_else(|| Error::absent("User"))
}
