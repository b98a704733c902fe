//! Virtual MFA devices: made, bound by two codes that follow each other, taken off, deleted.

use bailey_domain::access::Principal;
use bailey_domain::name::{MfaDeviceName, UserName};
use bailey_domain::operations::{
    BindMFADevice, CreateVirtualMFADevice, DeleteVirtualMFADevice, GetUserMFAInfo, ListVirtualMFADevices,
    UnbindMFADevice,
};
use bailey_domain::scope::RamScope;
use bailey_domain::totp::{Code, Seed};
use bailey_domain::{AccountId, Caller, Error, Secret};
use bailey_store::{ListedMfaDevice, MfaDevice, Record, Tx};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::users::found;

/// Devices that a RAM user may have made and nobody uses: users make their own without a policy, and must not use up the
/// account's.
const SPARE_QUOTA: u64 = 10;

/// A new device with its seed, which is shown here and never again.
#[derive(Debug)]
pub struct IssuedMfaDevice {
    /// Its serial number.
    pub serial_number: String,
    /// Its seed in base 32.
    pub seed: Secret<String>,
    /// What its QR code says.
    pub uri: Secret<String>,
}

/// What shows that somebody has a device: two codes that follow each other.
#[derive(Debug)]
pub struct MfaProof {
    /// The device.
    pub serial_number: String,
    /// The earlier code.
    pub first: Code,
    /// The later one.
    pub second: Code,
}

/// A device's name for clients and policies.
pub fn serial_number(account: AccountId, name: &str) -> String {
    format!("acs:ram::{account}:mfa/{name}")
}

/// A serial number of another form or of another account is that of a device that does not exist.
fn name_in(account: AccountId, serial_number: &str) -> Option<MfaDeviceName> {
    let name = serial_number.strip_prefix(&format!("acs:ram::{account}:mfa/"))?;
    MfaDeviceName::parse("SerialNumber", name).ok()
}

/// What the sealed seed of a device is bound to.
fn label(account: AccountId, name: &str) -> String {
    format!("mfa_devices/{account}/{}", name.to_lowercase())
}

impl Control {
    /// Makes a device that is bound to nobody.
    pub async fn create_virtual_mfa_device(
        &self,
        caller: &Caller,
        name: &MfaDeviceName,
    ) -> Result<IssuedMfaDevice, Error> {
        let account = caller.account;
        let scope = RamScope::mfa_devices(account).about(caller.principal.user());
        let (mut tx, permit) = self.begin::<CreateVirtualMFADevice>(caller, scope, name.as_str()).await?;
        let (what, plural) = ("VirtualMFADevice", "virtual mfa devices");
        let quota = self.settings_of(account)?.quota_virtual_mfa_devices;
        within(quota, tx.count_mfa_devices(account).await?, what, plural)?;
        if caller.principal != Principal::Root
            && tx.count_spare_mfa_devices(account, caller.principal).await? >= SPARE_QUOTA
        {
            return Err(Error::Conflict {
                code: format!("LimitExceeded.{what}").into(),
                message: format!(
                    "The count of {plural} beyond the current limits. A user may have made {SPARE_QUOTA} that nobody uses: bind or delete one."
                ),
            });
        }
        let seed = Seed::random(&*self.entropy);
        let sealed = self.sealer().seal(&*self.entropy, &label(account, name.as_str()), seed.bytes());
        let device = tx.insert_mfa_device(&permit, name, &sealed).await?;
        let record = Record { target: name.to_string(), before: Value::Null, after: json!(device) };
        tx.commit(permit, record).await?;
        let seed = seed.base32();
        let uri = format!("otpauth://totp/bailey:{account}:{name}?secret={}&issuer=bailey", seed.reveal());
        let serial_number = serial_number(account, name.as_str());
        Ok(IssuedMfaDevice { serial_number, seed, uri: Secret::new(uri) })
    }

    /// Lists the devices.
    pub async fn list_virtual_mfa_devices(&self, caller: &Caller) -> Result<Vec<ListedMfaDevice>, Error> {
        let scope = RamScope::mfa_devices(caller.account);
        let permit = self.permit::<ListVirtualMFADevices>(caller, scope, "").await?;
        self.store.list_mfa_devices(&permit).await
    }

    /// Deletes a device that is bound to nobody.
    pub async fn delete_virtual_mfa_device(&self, caller: &Caller, serial_number: &str) -> Result<(), Error> {
        let account = caller.account;
        let name = name_in(account, serial_number);
        let known = match &name {
            Some(name) => self.store.find_mfa_device(account, name).await?,
            None => None,
        };
        let maker = known.and_then(|device| device.created_by.user());
        let scope = RamScope::mfa_device(serial_number).about(maker);
        let (mut tx, permit) = self.begin::<DeleteVirtualMFADevice>(caller, scope, serial_number).await?;
        let (name, device) = present_device(&mut tx, account, serial_number).await?;
        if device.owner.is_some() {
            return Err(Error::in_use(
                "VirtualMFADevice.User",
                "The virtual mfa device CAN NOT been bound to any user while deleting it.",
            ));
        }
        tx.delete_mfa_device(&permit, &name).await?;
        let record = Record { target: serial_number.to_owned(), before: json!(device), after: Value::Null };
        tx.commit(permit, record).await.map(drop)
    }

    /// Binds a device to a user.
    pub async fn bind_mfa_device(
        &self,
        caller: &Caller,
        name: &UserName,
        proof: &MfaProof,
    ) -> Result<(), Error> {
        let (mut tx, permit, user) = self.guarded::<BindMFADevice>(caller, name).await?;
        let (device, step) = self.provable(&mut tx, caller, Principal::User(user.user_id), proof).await?;
        let bound = tx.bind_mfa_device(&permit, &device, user.user_id, step).await?;
        let record = Record { target: name.to_string(), before: Value::Null, after: json!(bound) };
        tx.commit(permit, record).await.map(drop)
    }

    /// The device that somebody has shown to have, and the step of the later code.
    pub(crate) async fn provable(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        principal: Principal,
        proof: &MfaProof,
    ) -> Result<(MfaDeviceName, i64), Error> {
        let account = caller.account;
        let (name, device) = present_device(tx, account, &proof.serial_number).await?;
        if device.owner.is_some() {
            return Err(Error::exists("VirtualMFADevice.User"));
        }
        if tx.find_mfa_device_of(account, principal).await?.is_some() {
            return Err(Error::exists("User.MFADevice"));
        }
        let step = self.seed_of(account, &device)?.step_of_pair(&proof.first, &proof.second, caller.now_ms);
        let step = step.filter(|step| *step > device.used_step).ok_or_else(|| Error::Unproven {
            code: "CheckAuthenticationCodeFail".into(),
            // The vendor's spelling.
            message: "The parameter - \"AuthenticationCode\" is inccorrect. The two codes are not of this device, do not follow each other, or are too old: send two new ones."
                .to_owned(),
        })?;
        Ok((name, step))
    }

    /// The seed of a device.
    pub(crate) fn seed_of(&self, account: AccountId, device: &MfaDevice) -> Result<Seed, Error> {
        let bytes = self.sealer().open(&label(account, &device.name), &device.sealed_seed)?;
        Ok(Seed::from_bytes(bytes.reveal().clone()))
    }

    /// Takes a user's device off. Done by somebody else, it ends the user's sessions. Gives the serial number.
    pub async fn unbind_mfa_device(&self, caller: &Caller, name: &UserName) -> Result<String, Error> {
        let (mut tx, permit, user) = self.guarded::<UnbindMFADevice>(caller, name).await?;
        let device = tx.unbind_mfa_device(&permit, user.user_id).await?;
        let record = Record { target: name.to_string(), before: json!(device), after: Value::Null };
        tx.commit(permit, record).await?;
        Ok(serial_number(caller.account, &device.name))
    }

    /// The serial number of a user's device.
    pub async fn get_user_mfa_info(&self, caller: &Caller, name: &UserName) -> Result<String, Error> {
        let scope = self.scope_of_user(caller.account, name).await?;
        self.require::<GetUserMFAInfo>(caller, scope, name.as_str()).await?;
        let user = found(&self.store, caller.account, name).await?;
        let device = self.store.find_mfa_device_of(caller.account, Principal::User(user.user_id)).await?;
        let device = device.ok_or_else(|| Error::absent("User.MFADevice"))?;
        Ok(serial_number(caller.account, &device.name))
    }
}

async fn present_device(
    tx: &mut Tx,
    account: AccountId,
    serial_number: &str,
) -> Result<(MfaDeviceName, MfaDevice), Error> {
    let absent = || Error::absent("VirtualMFADevice");
    let name = name_in(account, serial_number).ok_or_else(absent)?;
    let device = tx.find_mfa_device(account, &name).await?.ok_or_else(absent)?;
    Ok((name, device))
}
