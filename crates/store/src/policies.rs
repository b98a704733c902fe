//! Custom policies and their versions. System policies are data of crate `policy` and have no rows.

use bailey_domain::change::{Change, PolicyType};
use bailey_domain::name::PolicyName;
use bailey_domain::operations::{
    CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, GetPolicy, GetPolicyVersion,
    ListPolicies, ListPolicyVersions, Operation, SetDefaultPolicyVersion, UpdatePolicyDescription,
};
use bailey_domain::tag::{TagFilter, Taggable};
use bailey_domain::{AccountId, Error, Permit};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored, to_unsigned};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tags::WithTags;
use crate::tx::Tx;

/// A custom policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its name.
    pub name: PolicyName,
    /// Its description; empty when none was given.
    pub description: String,
    /// The number of the version that counts.
    pub default_version: u64,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
    /// How many principals it is attached to, where that was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_count: Option<u64>,
}

/// One version of a custom policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersion {
    /// Its number; shown as `v` and the number. Numbers are not given again.
    pub version: i64,
    /// The document.
    pub document: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct PolicyRow {
    name: String,
    description: String,
    default_version: i64,
    created_at: i64,
    updated_at: i64,
    attachment_count: Option<i64>,
}

impl TryFrom<PolicyRow> for Policy {
    type Error = Error;
    fn try_from(row: PolicyRow) -> Result<Self, Error> {
        Ok(Self {
            name: stored(PolicyName::parse("name", &row.name), "name")?,
            description: row.description,
            default_version: to_unsigned(row.default_version),
            created_at: row.created_at,
            updated_at: row.updated_at,
            attachment_count: row.attachment_count.map(to_unsigned),
        })
    }
}

/// Custom policies of an account with the count of what they are attached to.
macro_rules! policies {
    ($rest:literal) => {
        concat!(
            "SELECT p.name, p.description, p.default_version, p.created_at, p.updated_at,
                (SELECT COUNT(*) FROM policy_attachments a WHERE a.account_id = p.account_id
                    AND a.policy_type = 'Custom' AND a.folded_policy_name = p.folded_name) AS attachment_count
            FROM policies p WHERE p.account_id = $1 ",
            $rest
        )
    };
}

const FIND: &str = policies!("AND p.folded_name = $2");
/// The same for a change, which does not count: a policy that very many hold is edited as quickly as any.
const FIND_TO_CHANGE: &str = "
    SELECT name, description, default_version, created_at, updated_at, CAST(NULL AS BIGINT) AS attachment_count
    FROM policies WHERE account_id = $1 AND folded_name = $2";
const VERSION: &str = "
    SELECT version, document, created_at FROM policy_versions
    WHERE account_id = $1 AND folded_name = $2 AND version = $3";

impl Store {
    /// A custom policy.
    pub async fn find_policy(
        &self,
        permit: &Permit<GetPolicy>,
        name: &PolicyName,
    ) -> Result<Option<Policy>, Error> {
        self.find_policy_in(permit.caller().account, name).await
    }

    /// The policies of an account by name with their tags, custom ones: those that hold what is looked for.
    pub async fn list_policies(
        &self,
        permit: &Permit<ListPolicies>,
        cursor: &Cursor,
        wanted: &[TagFilter],
    ) -> Result<Page<WithTags<Policy>>, Error> {
        const SQL: &str = policies!("AND p.folded_name > $2 ORDER BY p.folded_name LIMIT $3");
        let account = permit.caller().account;
        let rows: Vec<PolicyRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(&cursor.after).bind(cursor.fetch_of(wanted)).fetch_all(pool).await)
        .map_err(database)?;
        let policies = rows.into_iter().map(Policy::try_from).collect::<Result<Vec<_>, _>>()?;
        let folded = |policy: &Policy| policy.name.folded();
        let policies = self.with_tags(account, Taggable::Policy, policies, folded, wanted).await?;
        Ok(Page::of(policies, cursor.limit, |policy| policy.row.name.folded()))
    }

    /// One version, for GetPolicy.
    pub async fn find_default_version(
        &self,
        permit: &Permit<GetPolicy>,
        policy: &Policy,
    ) -> Result<Option<PolicyVersion>, Error> {
        self.find_version_in(permit.caller().account, &policy.name, policy.default_version).await
    }

    /// One version.
    pub async fn find_policy_version(
        &self,
        permit: &Permit<GetPolicyVersion>,
        name: &PolicyName,
        version: u64,
    ) -> Result<Option<(PolicyVersion, bool)>, Error> {
        let account = permit.caller().account;
        let Some(policy) = self.find_policy_in(account, name).await? else {
            return Err(Error::absent("Policy"));
        };
        let found = self.find_version_in(account, name, version).await?;
        Ok(found.map(|found| (found, policy.default_version == version)))
    }

    /// Every version of a policy and the number of the default one; `None` when there is no such policy.
    pub async fn list_policy_versions(
        &self,
        permit: &Permit<ListPolicyVersions>,
        name: &PolicyName,
    ) -> Result<Option<(Vec<PolicyVersion>, u64)>, Error> {
        const SQL: &str = "
            SELECT version, document, created_at FROM policy_versions
            WHERE account_id = $1 AND folded_name = $2 ORDER BY version";
        let account = permit.caller().account;
        let Some(policy) = self.find_policy_in(account, name).await? else { return Ok(None) };
        let versions = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.folded()).fetch_all(pool).await)
        .map_err(database)?;
        Ok(Some((versions, policy.default_version)))
    }

    async fn find_policy_in(&self, account: AccountId, name: &PolicyName) -> Result<Option<Policy>, Error> {
        let row: Option<PolicyRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(Policy::try_from).transpose()
    }

    async fn find_version_in(
        &self,
        account: AccountId,
        name: &PolicyName,
        version: u64,
    ) -> Result<Option<PolicyVersion>, Error> {
        reading!(self.pools, pool => sqlx::query_as(VERSION)
            .bind(account.to_string()).bind(name.folded()).bind(crate::error::to_signed(version))
            .fetch_optional(pool).await)
        .map_err(database)
    }
}

/// The operations that drop a version: at the caller's word, or to make room for a new one.
pub trait DropsVersions: Operation {}
impl DropsVersions for DeletePolicyVersion {}
impl DropsVersions for CreatePolicyVersion {}

impl Tx {
    /// Whether there is such a policy, of either type.
    pub async fn policy_exists(
        &mut self,
        account: AccountId,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<bool, Error> {
        Ok(match policy_type {
            PolicyType::System => bailey_policy::system::find(name.as_str()).is_some(),
            PolicyType::Custom => self.find_policy(account, name).await?.is_some(),
        })
    }

    /// How many principals a custom policy is attached to.
    pub async fn count_attachments(&mut self, account: AccountId, name: &PolicyName) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM policy_attachments
            WHERE account_id = $1 AND policy_type = 'Custom' AND folded_policy_name = $2";
        self.count_two(SQL, &account.to_string(), &name.folded()).await
    }

    /// Whether a custom policy is attached to anything.
    pub async fn is_attached(&mut self, account: AccountId, name: &PolicyName) -> Result<bool, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM policy_attachments
            WHERE account_id = $1 AND policy_type = 'Custom' AND folded_policy_name = $2 LIMIT 1) AS one";
        let attached = self.count_two(SQL, &account.to_string(), &name.folded()).await?;
        Ok(attached > 0)
    }

    /// A custom policy as this transaction sees it.
    pub async fn find_policy(
        &mut self,
        account: AccountId,
        name: &PolicyName,
    ) -> Result<Option<Policy>, Error> {
        let row: Option<PolicyRow> = on!(self.connection, conn => sqlx::query_as(FIND_TO_CHANGE)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(Policy::try_from).transpose()
    }

    /// How many custom policies the account has.
    pub async fn count_policies(&mut self, account: AccountId) -> Result<u64, Error> {
        self.count("SELECT COUNT(*) FROM policies WHERE account_id = $1", &account.to_string()).await
    }

    /// Creates a policy whose first version counts.
    pub async fn insert_policy(
        &mut self,
        permit: &Permit<CreatePolicy>,
        name: &PolicyName,
        description: &str,
        document: &str,
    ) -> Result<Policy, Error> {
        const SQL: &str = "
            INSERT INTO policies (account_id, name, folded_name, description, default_version, last_version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, 1, 1, $5, $5)";
        let (account, now_ms) = (permit.caller().account, permit.caller().now_ms);
        self.demand_document(document)?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(name.as_str()).bind(name.folded()).bind(description).bind(now_ms)
            .execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("Policy")))?;
        self.insert_version_row(account, name, 1, document, now_ms).await?;
        self.note(Change::Policy { account, name: name.clone(), version: 1, document: document.to_owned() });
        self.find_policy(account, name).await?.ok_or_else(|| Error::absent("Policy"))
    }

    /// Changes the description.
    pub async fn update_policy_description(
        &mut self,
        permit: &Permit<UpdatePolicyDescription>,
        name: &PolicyName,
        description: &str,
    ) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE policies SET description = $3, updated_at = $4 WHERE account_id = $1 AND folded_name = $2";
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.caller().account.to_string()).bind(name.folded()).bind(description).bind(permit.caller().now_ms)
            .execute(conn).await.map(drop))
        .map_err(database)
    }

    /// The versions of a policy, oldest first.
    pub async fn policy_versions(
        &mut self,
        account: AccountId,
        name: &PolicyName,
    ) -> Result<Vec<PolicyVersion>, Error> {
        const SQL: &str = "
            SELECT version, document, created_at FROM policy_versions
            WHERE account_id = $1 AND folded_name = $2 ORDER BY version";
        on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.folded()).fetch_all(conn).await)
        .map_err(database)
    }

    /// Adds a version; with `make_default` it is the one that counts from now on.
    pub async fn insert_policy_version(
        &mut self,
        permit: &Permit<CreatePolicyVersion>,
        name: &PolicyName,
        document: &str,
        make_default: MakeDefault,
    ) -> Result<PolicyVersion, Error> {
        const NEXT: &str = "
            UPDATE policies SET last_version = last_version + 1, updated_at = $3
            WHERE account_id = $1 AND folded_name = $2 RETURNING last_version";
        let (account, now_ms) = (permit.caller().account, permit.caller().now_ms);
        self.demand_document(document)?;
        let row: Option<(i64,)> = on!(self.connection, conn => sqlx::query_as(NEXT)
            .bind(account.to_string()).bind(name.folded()).bind(now_ms).fetch_optional(conn).await)
        .map_err(database)?;
        let (version,) = row.ok_or_else(|| Error::absent("Policy"))?;
        self.insert_version_row(account, name, version, document, now_ms).await?;
        if make_default == MakeDefault::Yes {
            self.write_default(account, name, version, document, now_ms).await?;
        }
        Ok(PolicyVersion { version, document: document.to_owned(), created_at: now_ms })
    }

    /// Makes a version the one that counts.
    pub async fn set_default_policy_version(
        &mut self,
        permit: &Permit<SetDefaultPolicyVersion>,
        name: &PolicyName,
        version: &PolicyVersion,
    ) -> Result<(), Error> {
        let caller = permit.caller();
        self.write_default(caller.account, name, version.version, &version.document, caller.now_ms).await
    }

    /// Deletes a version that does not count.
    pub async fn delete_policy_version<O: DropsVersions>(
        &mut self,
        permit: &Permit<O>,
        name: &PolicyName,
        version: i64,
    ) -> Result<(), Error> {
        // Never the one that counts.
        const SQL: &str = "
            DELETE FROM policy_versions WHERE account_id = $1 AND folded_name = $2 AND version = $3
                AND version <> (SELECT default_version FROM policies WHERE account_id = $1 AND folded_name = $2)";
        let gone = on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.caller().account.to_string()).bind(name.folded()).bind(version)
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if gone > 0 { Ok(()) } else { Err(Error::absent("Policy.Version")) }
    }

    /// Deletes a policy with its versions. It must be attached to nothing: what is attached has to exist
    /// when the database is loaded.
    pub async fn delete_policy(
        &mut self,
        permit: &Permit<DeletePolicy>,
        name: &PolicyName,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM policies WHERE account_id = $1 AND folded_name = $2";
        let account = permit.caller().account;
        self.demand_unattached(account, name).await?;
        self.execute_two(SQL, &account.to_string(), &name.folded()).await?;
        self.note(Change::PolicyGone { account, name: name.clone() });
        Ok(())
    }

    async fn insert_version_row(
        &mut self,
        account: AccountId,
        name: &PolicyName,
        version: i64,
        document: &str,
        now_ms: i64,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO policy_versions (account_id, folded_name, version, document, created_at) VALUES ($1, $2, $3, $4, $5)";
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(name.folded()).bind(version).bind(document).bind(now_ms)
            .execute(conn).await.map(drop))
        .map_err(database)
    }

    /// Refuses a document that the directory could not apply after the commit.
    fn demand_document(&self, document: &str) -> Result<(), Error> {
        let checked = self.store.directory.check_policy(document);
        checked.map_err(|error| Error::invalid("MalformedPolicyDocument", error.to_string()))
    }

    async fn write_default(
        &mut self,
        account: AccountId,
        name: &PolicyName,
        version: i64,
        document: &str,
        now_ms: i64,
    ) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE policies SET default_version = $3, updated_at = $4 WHERE account_id = $1 AND folded_name = $2
                AND $3 IN (SELECT version FROM policy_versions WHERE account_id = $1 AND folded_name = $2)";
        let changed = on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(name.folded()).bind(version).bind(now_ms)
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if changed == 0 {
            return Err(Error::absent("Policy.Version"));
        }
        let version = to_unsigned(version);
        self.note(Change::Policy { account, name: name.clone(), version, document: document.to_owned() });
        Ok(())
    }
}

/// Whether a new version counts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MakeDefault {
    /// It does.
    Yes,
    /// The old default stays.
    No,
}
