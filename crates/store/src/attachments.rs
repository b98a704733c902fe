//! What policies are attached to whom.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::name::PolicyName;
use bailey_domain::operations::{
    AttachPolicyToUser, DetachPolicyFromUser, ListEntitiesForPolicy, ListPoliciesForUser,
};
use bailey_domain::{AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored, to_unsigned};
use crate::store::Store;
use crate::tx::Tx;

/// A policy on a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// `System` or `Custom`.
    pub policy_type: &'static str,
    /// The policy, as it was named when it was attached.
    pub policy_name: PolicyName,
    /// A custom policy's description.
    pub description: Option<String>,
    /// A custom policy's default version.
    pub default_version: Option<u64>,
    /// Milliseconds since the epoch.
    pub attached_at: i64,
}

/// A user that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entity {
    /// The user's id.
    pub user_id: String,
    /// The user's name.
    pub name: String,
    /// The user's display name.
    pub display_name: String,
    /// Milliseconds since the epoch.
    pub attached_at: i64,
}

type AttachmentRow = (String, String, Option<String>, Option<i64>, i64);

fn attachment(
    (policy_type, name, description, version, attached_at): AttachmentRow,
) -> Result<Attachment, Error> {
    let policy_type = if policy_type == "System" { PolicyType::System } else { PolicyType::Custom };
    Ok(Attachment {
        policy_type: policy_type.name(),
        policy_name: stored(PolicyName::parse("policy_name", &name), "policy_name")?,
        description,
        default_version: version.map(to_unsigned),
        attached_at,
    })
}

impl Store {
    /// The policies attached to a user directly.
    pub async fn list_policies_for_user(
        &self,
        permit: &Permit<ListPoliciesForUser>,
        user: UserId,
    ) -> Result<Vec<Attachment>, Error> {
        const SQL: &str = "
            SELECT a.policy_type, a.policy_name, p.description, p.default_version, a.attached_at
            FROM policy_attachments a LEFT JOIN policies p
                ON a.policy_type = 'Custom' AND p.account_id = a.account_id AND p.folded_name = a.folded_policy_name
            WHERE a.account_id = $1 AND a.principal_type = 'user' AND a.principal_id = $2
            ORDER BY a.attached_at, a.folded_policy_name";
        let rows: Vec<AttachmentRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(user.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(attachment).collect()
    }

    /// The users that a policy is attached to.
    pub async fn list_entities_for_policy(
        &self,
        permit: &Permit<ListEntitiesForPolicy>,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<Vec<Entity>, Error> {
        const SQL: &str = "
            SELECT u.user_id, u.name, u.display_name, a.attached_at
            FROM policy_attachments a JOIN users u ON u.user_id = a.principal_id
            WHERE a.account_id = $1 AND a.principal_type = 'user' AND a.policy_type = $2 AND a.folded_policy_name = $3
            ORDER BY u.folded_name";
        reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(policy_type.name()).bind(name.folded()).fetch_all(pool).await)
        .map_err(database)
    }

    /// Whether there is such a policy, for answers that would otherwise be an empty list.
    pub async fn policy_exists(
        &self,
        account: AccountId,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<bool, Error> {
        if policy_type == PolicyType::System {
            return Ok(bailey_policy::system::find(name.as_str()).is_some());
        }
        const SQL: &str = "SELECT COUNT(*) FROM policies WHERE account_id = $1 AND folded_name = $2";
        let (count,): (i64,) = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.folded()).fetch_one(pool).await)
        .map_err(database)?;
        Ok(count > 0)
    }

    /// How many principals a system policy is attached to.
    pub async fn count_system_attachments(
        &self,
        account: AccountId,
        name: &PolicyName,
    ) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM policy_attachments
            WHERE account_id = $1 AND folded_policy_name = $2 AND policy_type = 'System'";
        let (count,): (i64,) = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.folded()).fetch_one(pool).await)
        .map_err(database)?;
        Ok(to_unsigned(count))
    }
}

impl Tx {
    /// How many policies of a type a user has.
    pub async fn count_user_policies(&mut self, user: UserId, policy_type: PolicyType) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM policy_attachments
            WHERE principal_type = 'user' AND principal_id = $1 AND policy_type = $2";
        self.count_two(SQL, &user.to_string(), policy_type.name()).await
    }

    /// Whether a user still has policies, which keeps it from being deleted.
    pub async fn has_policies(&mut self, user: UserId) -> Result<bool, Error> {
        const SQL: &str =
            "SELECT COUNT(*) FROM policy_attachments WHERE principal_type = 'user' AND principal_id = $1";
        Ok(self.count(SQL, &user.to_string()).await? > 0)
    }

    /// Attaches a policy to a user.
    pub async fn attach_policy(
        &mut self,
        permit: &Permit<AttachPolicyToUser>,
        user: UserId,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO policy_attachments (account_id, principal_type, principal_id, policy_type, policy_name,
                folded_policy_name, attached_at)
            VALUES ($1, 'user', $2, $3, $4, $5, $6)";
        let account = permit.caller().account;
        self.demand_user(account, user).await?;
        if !self.policy_exists(account, policy_type, name).await? {
            return Err(Error::absent("Policy"));
        }
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(user.to_string()).bind(policy_type.name()).bind(name.as_str())
            .bind(name.folded()).bind(permit.caller().now_ms).execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("User.Policy")))?;
        self.note(Change::Attached { account, to: Attachee::User(user), policy_type, policy: name.clone() });
        Ok(())
    }

    /// Detaches a policy from a user; `false` when it was not attached.
    pub async fn detach_policy(
        &mut self,
        permit: &Permit<DetachPolicyFromUser>,
        user: UserId,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<bool, Error> {
        const SQL: &str = "
            DELETE FROM policy_attachments WHERE account_id = $1 AND principal_type = 'user' AND principal_id = $2
                AND policy_type = $3 AND folded_policy_name = $4";
        let account = permit.caller().account;
        let gone = on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(user.to_string()).bind(policy_type.name()).bind(name.folded())
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if gone > 0 {
            self.note(Change::Detached {
                account,
                to: Attachee::User(user),
                policy_type,
                policy: name.clone(),
            });
        }
        Ok(gone > 0)
    }
}
