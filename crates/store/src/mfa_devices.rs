//! Virtual MFA devices.

use bailey_domain::access::Principal;
use bailey_domain::login::Duty;
use bailey_domain::name::MfaDeviceName;
use bailey_domain::operations::{
    BindMFADevice, CreateSession, CreateVirtualMFADevice, DeleteVirtualMFADevice, ListVirtualMFADevices,
    UnbindMFADevice, UpdateRootLogin,
};
use bailey_domain::{AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::access_keys::column;
use crate::connection::{on, reading};
use crate::error::{conflict_of, database};
use crate::load::owner;
use crate::store::Store;
use crate::tx::Tx;

/// A virtual MFA device, without its seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MfaDevice {
    /// Its name.
    pub name: String,
    /// Whom it is bound to.
    pub owner: Option<Principal>,
    /// Who made it.
    pub created_by: Principal,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// When it was bound, in milliseconds since the epoch.
    pub activated_at: Option<i64>,
    /// The time step of the last code that was accepted.
    #[serde(skip)]
    pub used_step: i64,
    /// Its seed, sealed.
    #[serde(skip)]
    pub sealed_seed: String,
}

/// A device as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMfaDevice {
    /// The device.
    pub device: MfaDevice,
    /// Name and display name of the RAM user that it is bound to.
    pub user: Option<(String, String)>,
}

#[derive(sqlx::FromRow)]
struct DeviceRow {
    name: String,
    sealed_seed: String,
    created_by: String,
    created_at: i64,
    user_id: Option<String>,
    activated_at: Option<i64>,
    used_step: i64,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    device: DeviceRow,
    user_name: Option<String>,
    display_name: Option<String>,
}

impl TryFrom<DeviceRow> for MfaDevice {
    type Error = Error;
    fn try_from(row: DeviceRow) -> Result<Self, Error> {
        Ok(Self {
            name: row.name,
            owner: row.user_id.as_deref().map(owner).transpose()?,
            created_by: owner(&row.created_by)?,
            created_at: row.created_at,
            activated_at: row.activated_at,
            used_step: row.used_step,
            sealed_seed: row.sealed_seed,
        })
    }
}

const FIND: &str = "SELECT * FROM mfa_devices WHERE account_id = $1 AND folded_name = $2";
const FIND_OF: &str = "SELECT * FROM mfa_devices WHERE account_id = $1 AND user_id = $2";

impl Store {
    /// A device by name. Finding is no operation; what is done with it is.
    pub async fn find_mfa_device(
        &self,
        account: AccountId,
        name: &MfaDeviceName,
    ) -> Result<Option<MfaDevice>, Error> {
        let row: Option<DeviceRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(MfaDevice::try_from).transpose()
    }

    /// The device that is bound to somebody.
    pub async fn find_mfa_device_of(
        &self,
        account: AccountId,
        principal: Principal,
    ) -> Result<Option<MfaDevice>, Error> {
        let row: Option<DeviceRow> = reading!(self.pools, pool => sqlx::query_as(FIND_OF)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(MfaDevice::try_from).transpose()
    }

    /// Every device of the account. There are 1,000 at most, and the real service gives one page.
    pub async fn list_mfa_devices(
        &self,
        permit: &Permit<ListVirtualMFADevices>,
    ) -> Result<Vec<ListedMfaDevice>, Error> {
        const SQL: &str = "
            SELECT m.*, u.name AS user_name, u.display_name FROM mfa_devices m
                LEFT JOIN users u ON u.account_id = m.account_id AND u.user_id = m.user_id
            WHERE m.account_id = $1 ORDER BY m.folded_name";
        let rows: Vec<ListedRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        let listed = |row: ListedRow| {
            let user = row.user_name.map(|name| (name, row.display_name.unwrap_or_default()));
            Ok(ListedMfaDevice { device: row.device.try_into()?, user })
        };
        rows.into_iter().map(listed).collect()
    }
}

impl Tx {
    /// A device by name, as this transaction sees it.
    pub async fn find_mfa_device(
        &mut self,
        account: AccountId,
        name: &MfaDeviceName,
    ) -> Result<Option<MfaDevice>, Error> {
        self.device(FIND, account, &name.folded()).await
    }

    /// The device that is bound to somebody, as this transaction sees it.
    pub async fn find_mfa_device_of(
        &mut self,
        account: AccountId,
        principal: Principal,
    ) -> Result<Option<MfaDevice>, Error> {
        self.device(FIND_OF, account, &column(principal)?.unwrap_or_default()).await
    }

    async fn device(
        &mut self,
        sql: &'static str,
        account: AccountId,
        bound: &str,
    ) -> Result<Option<MfaDevice>, Error> {
        let row: Option<DeviceRow> = on!(self.connection, conn => sqlx::query_as(sql)
            .bind(account.to_string()).bind(bound).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(MfaDevice::try_from).transpose()
    }

    /// How many devices the account has.
    pub async fn count_mfa_devices(&mut self, account: AccountId) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM mfa_devices WHERE account_id = $1";
        self.count(SQL, &account.to_string()).await
    }

    /// How many devices somebody has made that are bound to nobody.
    pub async fn count_spare_mfa_devices(
        &mut self,
        account: AccountId,
        maker: Principal,
    ) -> Result<u64, Error> {
        const SQL: &str =
            "SELECT COUNT(*) FROM mfa_devices WHERE account_id = $1 AND created_by = $2 AND user_id IS NULL";
        self.count_two(SQL, &account.to_string(), &column(maker)?.unwrap_or_default()).await
    }

    /// Makes a device that is bound to nobody.
    pub async fn insert_mfa_device(
        &mut self,
        permit: &Permit<CreateVirtualMFADevice>,
        name: &MfaDeviceName,
        sealed_seed: &str,
    ) -> Result<MfaDevice, Error> {
        const SQL: &str = "
            INSERT INTO mfa_devices (account_id, name, folded_name, sealed_seed, created_by, created_at, used_step)
            VALUES ($1, $2, $3, $4, $5, $6, 0) RETURNING *";
        let caller = permit.caller();
        let row: DeviceRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(caller.account.to_string()).bind(name.as_str()).bind(name.folded()).bind(sealed_seed)
            .bind(column(caller.principal)?.unwrap_or_default()).bind(caller.now_ms).fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("VirtualMFADevice")))?;
        row.try_into()
    }

    /// Deletes a device that is bound to nobody.
    pub async fn delete_mfa_device(
        &mut self,
        permit: &Permit<DeleteVirtualMFADevice>,
        name: &MfaDeviceName,
    ) -> Result<(), Error> {
        const SQL: &str =
            "DELETE FROM mfa_devices WHERE account_id = $1 AND folded_name = $2 AND user_id IS NULL";
        match self.execute_two(SQL, &permit.caller().account.to_string(), &name.folded()).await? {
            0 => Err(Error::absent("VirtualMFADevice")),
            _ => Ok(()),
        }
    }

    /// Binds a device to a user. Whoever had to bind one has done so.
    pub async fn bind_mfa_device(
        &mut self,
        permit: &Permit<BindMFADevice>,
        name: &MfaDeviceName,
        user: UserId,
        step: i64,
    ) -> Result<MfaDevice, Error> {
        let caller = permit.caller();
        self.demand_user(caller.account, user).await?;
        let bound = self.bind(caller.account, name, Principal::User(user), step, caller.now_ms).await?;
        self.discharge(caller.account, Principal::User(user), Duty::BindMfaDevice, None).await?;
        Ok(bound)
    }

    /// Binds a device to root.
    pub async fn bind_root_mfa_device(
        &mut self,
        permit: &Permit<UpdateRootLogin>,
        name: &MfaDeviceName,
        step: i64,
    ) -> Result<MfaDevice, Error> {
        let caller = permit.caller();
        self.bind(caller.account, name, Principal::Root, step, caller.now_ms).await
    }

    async fn bind(
        &mut self,
        account: AccountId,
        name: &MfaDeviceName,
        principal: Principal,
        step: i64,
        now_ms: i64,
    ) -> Result<MfaDevice, Error> {
        const SQL: &str = "
            UPDATE mfa_devices SET user_id = $3, activated_at = $4, used_step = $5
            WHERE account_id = $1 AND folded_name = $2 AND user_id IS NULL RETURNING *";
        let row: Option<DeviceRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.folded()).bind(column(principal)?.unwrap_or_default())
            .bind(now_ms).bind(step).fetch_optional(conn).await)
        .map_err(conflict_of(|| Error::exists("User.MFADevice")))?;
        row.ok_or_else(|| Error::exists("VirtualMFADevice.User"))?.try_into()
    }

    /// Takes a user's device off; done by somebody else, it ends the user's sessions. Gives the device that it was.
    pub async fn unbind_mfa_device(
        &mut self,
        permit: &Permit<UnbindMFADevice>,
        user: UserId,
    ) -> Result<MfaDevice, Error> {
        let caller = permit.caller();
        let principal = Principal::User(user);
        if caller.principal != principal {
            self.end_sessions(caller.account, principal, None).await?;
        }
        self.unbind(caller.account, principal).await
    }

    /// Takes root's device off.
    pub async fn unbind_root_mfa_device(
        &mut self,
        permit: &Permit<UpdateRootLogin>,
    ) -> Result<MfaDevice, Error> {
        self.unbind(permit.caller().account, Principal::Root).await
    }

    /// The device stays, bound to nobody, until it is deleted; the last step that it used stays used.
    async fn unbind(&mut self, account: AccountId, principal: Principal) -> Result<MfaDevice, Error> {
        const SQL: &str = "
            UPDATE mfa_devices SET user_id = NULL, activated_at = NULL
            WHERE account_id = $1 AND user_id = $2 RETURNING *";
        let row: Option<DeviceRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).fetch_optional(conn).await)
        .map_err(database)?;
        row.ok_or_else(|| Error::absent("User.MFADevice"))?.try_into()
    }

    /// Uses a code of the permit's caller up: whether it had not been used. Of any number at once, one is the first.
    pub async fn use_mfa_step(&mut self, permit: &Permit<CreateSession>, step: i64) -> Result<bool, Error> {
        const SQL: &str = "
            UPDATE mfa_devices SET used_step = $3 WHERE account_id = $1 AND user_id = $2 AND used_step < $3";
        let caller = permit.caller();
        let used = on!(self.connection, conn => sqlx::query(SQL)
            .bind(caller.account.to_string()).bind(column(caller.principal)?.unwrap_or_default()).bind(step)
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        Ok(used > 0)
    }
}
