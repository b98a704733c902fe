//! API keys.

use bailey_domain::key_auth::KeyAuth;
use bailey_domain::name;
use bailey_domain::operations::{
    CreateApiKey, DeleteApiKey, DisableApiKey, EnableApiKey, GetApiKey, ListAllApiKeys, ListApiKeys,
    Operation, ResetApiKey, UpdateApiKey,
};
use bailey_domain::scope::WholeAccount;
use bailey_domain::secret::{KeyHash, random_secret};
use bailey_domain::{ApiKeyId, Caller, Error, Principal, Secret, WorkspaceId};
use bailey_store::{
    ApiKey, Cursor, KeyFilter, KeyOrder, NewApiKey, NewValue, Page, Record, StoredLimits, Tx,
};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::limits::{self, LimitChange};
use crate::revoked::Revoked;

/// A key with its value, which is shown here and never again.
#[derive(Debug)]
pub struct Issued {
    /// The key.
    pub key: ApiKey,
    /// Its value: `sk-` and 40 characters.
    pub value: Secret<String>,
}

/// What a key is to be.
#[derive(Clone, Debug, Default)]
pub struct KeyRequest {
    /// What it is for.
    pub description: String,
    /// What narrows it.
    pub auth: Option<KeyAuth>,
    /// When its time is over, in milliseconds since the epoch.
    pub expires_at: Option<i64>,
}

/// What is to be changed of a key; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// What it is for.
    pub description: Option<String>,
    /// What narrows it; `Some(None)` nothing any more.
    pub auth: Option<Option<KeyAuth>>,
    /// When its time is over; `Some(None)` never.
    pub expires_at: Option<Option<i64>>,
    /// Limits of single models.
    pub limits: Vec<LimitChange>,
}

/// The longest time that a key answers to its old value beside the new one: a week.
pub const LONGEST_OVERLAP_SECONDS: u32 = 7 * 24 * 60 * 60;

/// The last moment of the year 9999, beyond which no calendar of a client reads.
const END_OF_TIME_MS: i64 = 253_402_300_799_999;

/// A key's end lies ahead: to end a key now is to disable or delete it, which cuts its calls before the answer.
fn ahead(expires_at: Option<i64>, now_ms: i64) -> Result<(), Error> {
    match expires_at {
        Some(at_ms) if at_ms <= now_ms => Err(Error::field(
            "expiresAt",
            "is not in the future; DisableApiKey or DeleteApiKey end a key now",
        )),
        Some(at_ms) if at_ms > END_OF_TIME_MS => Err(Error::field("expiresAt", "lies beyond the year 9999")),
        _ => Ok(()),
    }
}

/// A key that is not there, or not for the caller to see: the same answer for both.
fn no_such_key() -> Error {
    Error::absent("ApiKey")
}

impl Control {
    fn new_value(&self) -> (Secret<String>, KeyHash, String) {
        let value = random_secret(&*self.entropy, "sk-", 40);
        let hash = self.hasher.hash(value.reveal().as_bytes());
        let tail = value.reveal()[value.reveal().len() - 4..].to_owned();
        (value, hash, tail)
    }

    /// Without a workspace the account's default one is meant, as in the vendor's API.
    pub async fn workspace_or_default(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
    ) -> Result<WorkspaceId, Error> {
        match workspace {
            Some(workspace) => Ok(workspace),
            None => self.store.default_workspace(caller.account).await,
        }
    }

    /// Creates a key that the caller owns.
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        request: KeyRequest,
    ) -> Result<Issued, Error> {
        let KeyRequest { description, auth, expires_at } = request;
        name::text("description", &description, 0, 256)?;
        ahead(expires_at, caller.now_ms)?;
        let (mut tx, permit) = self.begin::<CreateApiKey>(caller, workspace, &workspace.to_string()).await?;
        let quota = self.settings_of(caller.account)?.quota_api_keys_per_workspace;
        within(
            quota,
            tx.count_workspace_keys(workspace).await?,
            "Workspace.ApiKey",
            "API keys of the workspace",
        )?;
        let (value, hash, tail) = self.new_value();
        let api_key_id = ApiKeyId::random(&*self.entropy);
        let new = NewApiKey { api_key_id, hash, tail, description, auth, expires_at };
        let key = tx.insert_api_key(&permit, &new).await?;
        tx.commit(permit, Record { target: api_key_id.to_string(), before: Value::Null, after: json!(key) })
            .await?;
        Ok(Issued { key, value })
    }

    /// Lists the keys of a workspace, or of the whole account.
    pub async fn list_api_keys(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
        filter: &KeyFilter,
        order: KeyOrder,
        cursor: &Cursor,
    ) -> Result<Page<ApiKey>, Error> {
        let mut page = match workspace {
            Some(workspace) => {
                let permit = self.permit::<ListApiKeys>(caller, workspace, &workspace.to_string()).await?;
                self.store.list_api_keys(&permit, filter, order, cursor).await?
            }
            None => {
                let permit = self.permit::<ListAllApiKeys>(caller, WholeAccount, "").await?;
                self.store.list_all_api_keys(&permit, filter, order, cursor).await?
            }
        };
        for key in &mut page.rows {
            key.last_used_at = self.key_last_used(key.api_key_id, key.last_used_at);
        }
        Ok(page)
    }

    /// A key whose workspace the caller may know of: as a member, or by management permission to look at keys or to
    /// do `O`. A foreign key and an absent one answer alike. A member whom a policy denies `O` sees the key, and is
    /// then told of the denial.
    async fn seen_key<O: Operation<On = WorkspaceId>>(
        &self,
        caller: &Caller,
        id: ApiKeyId,
    ) -> Result<ApiKey, Error> {
        let key = self.store.find_key(caller.account, id).await?.ok_or_else(no_such_key)?;
        let (directory, workspace) = (self.directory(), key.workspace_id);
        let is_member =
            caller.principal.user().is_some_and(|user| directory.pages(workspace, user).is_some());
        let is_seen = caller.principal == Principal::Root
            || is_member
            || directory.sees::<GetApiKey>(caller, workspace)
            || directory.sees::<O>(caller, workspace);
        if is_seen { Ok(key) } else { Err(no_such_key()) }
    }

    /// Shows a key, masked, with its own limits.
    pub async fn get_api_key(
        &self,
        caller: &Caller,
        id: ApiKeyId,
    ) -> Result<(ApiKey, Vec<StoredLimits>), Error> {
        let key = self.seen_key::<GetApiKey>(caller, id).await?;
        let permit = self.permit::<GetApiKey>(caller, key.workspace_id, &id.to_string()).await?;
        let mut key = self.store.find_api_key(&permit, id).await?.ok_or_else(no_such_key)?;
        key.last_used_at = self.key_last_used(id, key.last_used_at);
        Ok((key, self.store.list_key_limits(&permit, id).await?))
    }

    /// Changes a key. Making it narrower cuts calls that it no longer covers.
    pub async fn update_api_key(
        &self,
        caller: &Caller,
        id: ApiKeyId,
        change: KeyChange,
    ) -> Result<ApiKey, Error> {
        if let Some(description) = &change.description {
            name::text("description", description, 0, 256)?;
        }
        ahead(change.expires_at.flatten(), caller.now_ms)?;
        let workspace = self.seen_key::<UpdateApiKey>(caller, id).await?.workspace_id;
        let (mut tx, permit) = self.begin::<UpdateApiKey>(caller, workspace, &id.to_string()).await?;
        let before = present(&mut tx, caller, workspace, id).await?;
        let mut after = before.clone();
        if let Some(description) = change.description {
            after.description = description;
        }
        if let Some(auth) = change.auth {
            after.auth = auth;
        }
        if let Some(expires_at) = change.expires_at {
            after.expires_at = expires_at;
        }
        tx.update_api_key(&permit, &after).await?;
        let stored = tx.key_limits(&permit, id).await?;
        for change in &change.limits {
            let limits = limits::changed(&mut tx, caller, change, &stored).await?;
            tx.put_key_limits(&permit, id, &change.model, limits).await?;
        }
        tx.commit(permit, Record { target: id.to_string(), before: json!(before), after: json!(after) })
            .await?;
        Ok(after)
    }

    /// Switches a key on.
    pub async fn enable_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<(), Error> {
        let workspace = self.seen_key::<EnableApiKey>(caller, id).await?.workspace_id;
        let (mut tx, permit) = self.begin::<EnableApiKey>(caller, workspace, &id.to_string()).await?;
        let before = present(&mut tx, caller, workspace, id).await?;
        tx.switch_api_key(&permit, id, false).await?;
        tx.commit(permit, switched(&before, false)).await?;
        Ok(())
    }

    /// Switches a key off; its calls are cut.
    pub async fn disable_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let workspace = self.seen_key::<DisableApiKey>(caller, id).await?.workspace_id;
        let (mut tx, permit) = self.begin::<DisableApiKey>(caller, workspace, &id.to_string()).await?;
        let before = present(&mut tx, caller, workspace, id).await?;
        tx.switch_api_key(&permit, id, true).await?;
        let committed = tx.commit(permit, switched(&before, true)).await?;
        Ok(Revoked::of(committed, u64::from(!before.disabled), self.clock.now_ms() - started))
    }

    /// Gives a key a new value. Without an overlap the old one is dead when this returns, and calls made with it are cut; with
    /// one that happens so many seconds later. A value that an earlier overlap kept dies now.
    pub async fn reset_api_key(
        &self,
        caller: &Caller,
        id: ApiKeyId,
        overlap_seconds: u32,
    ) -> Result<Issued, Error> {
        if overlap_seconds > LONGEST_OVERLAP_SECONDS {
            let why = format_args!("must be a whole number from 0 to {LONGEST_OVERLAP_SECONDS}");
            return Err(Error::field("overlapSeconds", why));
        }
        let workspace = self.seen_key::<ResetApiKey>(caller, id).await?.workspace_id;
        let (mut tx, permit) = self.begin::<ResetApiKey>(caller, workspace, &id.to_string()).await?;
        let before = present(&mut tx, caller, workspace, id).await?;
        let (value, hash, tail) = self.new_value();
        let overlap_ms = i64::from(overlap_seconds) * 1000;
        let previous_ends_at = (overlap_ms > 0).then_some(caller.now_ms + overlap_ms);
        let key = ApiKey { tail: tail.clone(), previous_ends_at, ..before.clone() };
        tx.reset_api_key(&permit, id, &NewValue { hash, tail, previous_ends_at }).await?;
        tx.commit(permit, Record { target: id.to_string(), before: json!(before), after: json!(key) })
            .await?;
        Ok(Issued { key, value })
    }

    /// Deletes a key; its calls are cut.
    pub async fn delete_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let workspace = self.seen_key::<DeleteApiKey>(caller, id).await?.workspace_id;
        let (mut tx, permit) = self.begin::<DeleteApiKey>(caller, workspace, &id.to_string()).await?;
        let before = present(&mut tx, caller, workspace, id).await?;
        tx.delete_api_key(&permit, id).await?;
        let record = Record { target: id.to_string(), before: json!(before), after: Value::Null };
        let committed = tx.commit(permit, record).await?;
        Ok(Revoked::of(committed, u64::from(!before.disabled), self.clock.now_ms() - started))
    }
}

fn switched(before: &ApiKey, disabled: bool) -> Record {
    let mut after = before.clone();
    after.disabled = disabled;
    Record { target: before.api_key_id.to_string(), before: json!(before), after: json!(after) }
}

async fn present(
    tx: &mut Tx,
    caller: &Caller,
    workspace: WorkspaceId,
    id: ApiKeyId,
) -> Result<ApiKey, Error> {
    let key = tx.find_api_key(caller.account, id).await?;
    key.filter(|key| key.workspace_id == workspace).ok_or_else(no_such_key)
}
