//! How the account's owner signs in: an operation of our own, since the vendor's API leaves root to its console.

use bailey_domain::access::Principal;
use bailey_domain::operations::UpdateRootLogin;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error, Secret};
use bailey_store::Record;
use serde_json::json;

use crate::control::Control;
use crate::login_profiles::changed_meanwhile;
use crate::mfa_devices::{MfaProof, serial_number};
use crate::sessions::ROOT;

/// What root changes about its own signing in; `None` stays as it is.
#[derive(Debug, Default)]
pub struct RootLoginChange {
    /// The password.
    pub password: Option<Secret<String>>,
    /// The present password: needed where a session asks for a new one.
    pub old_password: Option<Secret<String>>,
    /// An MFA device to bind.
    pub bind: Option<MfaProof>,
    /// Whether to take the MFA device off.
    pub unbind_mfa: bool,
}

/// How root signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootLogin {
    /// When the password was set, in milliseconds since the epoch; `None` without one.
    pub password_set_at: Option<i64>,
    /// The serial number of the MFA device.
    pub serial_number: Option<String>,
}

impl Control {
    /// Changes how root signs in. A new password ends root's other sessions. Whoever holds a session only must show the
    /// present password: a stolen token does not become the account.
    pub async fn update_root_login(
        &self,
        caller: &Caller,
        change: &RootLoginChange,
    ) -> Result<RootLogin, Error> {
        let account = caller.account;
        self.require::<UpdateRootLogin>(caller, WholeAccount, ROOT).await?;
        if let Some(password) = &change.password {
            self.check_strength(account, "password", password).await?;
        }
        let before = self.store.find_login_profile(account, Principal::Root).await?;
        let counted = self.counted_name(account, ROOT);
        if caller.session.is_some() {
            let shown = match &change.old_password {
                Some(old) => self.own_profile(caller, &counted, old).await?,
                None => None,
            };
            if shown.is_none() {
                return Err(Error::invalid(
                    "InvalidParameter.oldPassword.Incorrect",
                    "`oldPassword` must be the present password where a session changes how root signs in",
                ));
            }
        }
        let sealed = match &change.password {
            Some(password) => {
                self.check_new_password(account, before.as_ref(), "password", password).await?;
                Some(self.sealed_password(account, Principal::Root, password).await?)
            }
            None => None,
        };
        let (mut tx, permit) = self.begin::<UpdateRootLogin>(caller, WholeAccount, ROOT).await?;
        let mut profile = tx.find_login_profile(account, Principal::Root).await?;
        if profile.as_ref().map(|profile| &profile.sealed_hash)
            != before.as_ref().map(|before| &before.sealed_hash)
        {
            return Err(changed_meanwhile());
        }
        if let Some(sealed) = &sealed {
            profile = Some(tx.put_root_password(&permit, sealed).await?);
        }
        if change.unbind_mfa {
            tx.unbind_root_mfa_device(&permit).await?;
        }
        if let Some(proof) = &change.bind {
            let (name, step) = self.provable(&mut tx, caller, Principal::Root, proof).await?;
            tx.bind_root_mfa_device(&permit, &name, step).await?;
        }
        let device = tx.find_mfa_device_of(account, Principal::Root).await?;
        if caller.session.is_some() {
            tx.clear_attempts(&permit, &counted).await?;
        }
        let login = RootLogin {
            password_set_at: profile.as_ref().map(|profile| profile.changed_at),
            serial_number: device.map(|device| serial_number(account, &device.name)),
        };
        let after = json!({ "passwordSetAt": login.password_set_at, "serialNumber": login.serial_number });
        tx.commit(permit, Record { target: ROOT.to_owned(), before: json!(before), after }).await?;
        Ok(login)
    }
}
