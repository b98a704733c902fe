//! What stands above policies: permission boundaries of users and roles, control policies of the account.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::name::PolicyName;
use bailey_domain::operations::{
    AttachControlPolicy, DeletePermissionBoundary, DetachControlPolicy, GetPermissionBoundary,
    ListControlPolicies, PutPermissionBoundary,
};
use bailey_domain::{AccountId, Error, Permit};

use crate::attachments::{Attachment, AttachmentRow, attached, attachment};
use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::store::Store;
use crate::tx::Tx;

/// What a custom policy stands above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guarding {
    /// Whose boundary it is.
    pub bounded: Vec<Attachee>,
    /// Whether it is a control policy.
    pub controls: bool,
}

const BOUNDARY: &str =
    attached!("permission_boundaries", "''", "AND a.principal_type = $2 AND a.principal_id = $3");

impl Store {
    /// The permission boundary of a user or role.
    pub async fn find_boundary(
        &self,
        permit: &Permit<GetPermissionBoundary>,
        of: Attachee,
    ) -> Result<Option<Attachment>, Error> {
        let row: Option<AttachmentRow> = reading!(self.pools, pool => sqlx::query_as(BOUNDARY)
            .bind(permit.caller().account.to_string()).bind(of.kind().name()).bind(of.id()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(attachment).transpose()
    }

    /// The account's control policies, in the order in which they were attached.
    pub async fn list_control_policies(
        &self,
        permit: &Permit<ListControlPolicies>,
    ) -> Result<Vec<Attachment>, Error> {
        const SQL: &str = attached!(
            "control_policies",
            "''",
            "ORDER BY a.attached_at, a.folded_policy_name, a.policy_type"
        );
        let rows: Vec<AttachmentRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(attachment).collect()
    }
}

impl Tx {
    /// The permission boundary that a user or role has now.
    pub async fn present_boundary(
        &mut self,
        account: AccountId,
        of: Attachee,
    ) -> Result<Option<Attachment>, Error> {
        let row: Option<AttachmentRow> = on!(self.connection, conn => sqlx::query_as(BOUNDARY)
            .bind(account.to_string()).bind(of.kind().name()).bind(of.id()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(attachment).transpose()
    }

    /// Sets the permission boundary of a user or role, in place of the one that was there.
    pub async fn put_boundary(
        &mut self,
        permit: &Permit<PutPermissionBoundary>,
        of: Attachee,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO permission_boundaries (account_id, principal_type, principal_id, policy_type, policy_name,
                folded_policy_name, attached_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let account = permit.caller().account;
        match of {
            Attachee::User(user) => self.demand_user(account, user).await?,
            Attachee::Role(role) => self.demand_role(account, role).await?,
            Attachee::Group(_) => return Err(Error::internal("a group has no permission boundary")),
        }
        if !self.policy_exists(account, policy_type, name).await? {
            return Err(Error::absent("Policy"));
        }
        self.clear_boundary(account, of).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(of.kind().name()).bind(of.id()).bind(policy_type.name())
            .bind(name.as_str()).bind(name.folded()).bind(permit.caller().now_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note(Change::Boundary { account, of, policy_type, policy: name.clone() });
        Ok(())
    }

    /// Takes the permission boundary of a user or role away; `false` when there was none.
    pub async fn delete_boundary(
        &mut self,
        permit: &Permit<DeletePermissionBoundary>,
        of: Attachee,
    ) -> Result<bool, Error> {
        let gone = self.clear_boundary(permit.caller().account, of).await?;
        if gone {
            self.note(Change::BoundaryGone { of });
        }
        Ok(gone)
    }

    /// Forgets the row, for whoever tells the directory otherwise.
    pub(crate) async fn clear_boundary(&mut self, account: AccountId, of: Attachee) -> Result<bool, Error> {
        const SQL: &str = "
            DELETE FROM permission_boundaries WHERE account_id = $1 AND principal_type = $2 AND principal_id = $3";
        let gone = on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(of.kind().name()).bind(of.id()).execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        Ok(gone > 0)
    }

    /// Attaches a control policy.
    pub async fn attach_control_policy(
        &mut self,
        permit: &Permit<AttachControlPolicy>,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO control_policies (account_id, policy_type, policy_name, folded_policy_name, attached_at)
            VALUES ($1, $2, $3, $4, $5)";
        let account = permit.caller().account;
        if !self.policy_exists(account, policy_type, name).await? {
            return Err(Error::absent("Policy"));
        }
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(policy_type.name()).bind(name.as_str()).bind(name.folded())
            .bind(permit.caller().now_ms).execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("ControlPolicy")))?;
        self.note(Change::ControlPolicy { account, policy_type, policy: name.clone() });
        Ok(())
    }

    /// Detaches a control policy; `false` when it was not attached.
    pub async fn detach_control_policy(
        &mut self,
        permit: &Permit<DetachControlPolicy>,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<bool, Error> {
        const SQL: &str = "
            DELETE FROM control_policies WHERE account_id = $1 AND policy_type = $2 AND folded_policy_name = $3";
        let account = permit.caller().account;
        let gone = on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(policy_type.name()).bind(name.folded()).execute(conn).await
            .map(|done| done.rows_affected()))
        .map_err(database)?;
        if gone > 0 {
            self.note(Change::ControlPolicyGone { account, policy_type, policy: name.clone() });
        }
        Ok(gone > 0)
    }

    /// What a custom policy stands above.
    pub async fn guarded_by(&mut self, account: AccountId, name: &PolicyName) -> Result<Guarding, Error> {
        const BOUNDED: &str = "SELECT principal_type, principal_id FROM permission_boundaries
            WHERE account_id = $1 AND policy_type = 'Custom' AND folded_policy_name = $2";
        const CONTROLS: &str = "SELECT COUNT(*) FROM control_policies
            WHERE account_id = $1 AND policy_type = 'Custom' AND folded_policy_name = $2";
        let rows: Vec<(String, String)> = on!(self.connection, conn => sqlx::query_as(BOUNDED)
            .bind(account.to_string()).bind(name.folded()).fetch_all(conn).await)
        .map_err(database)?;
        let bounded = rows.iter().map(|(kind, id)| stored(Attachee::read(kind, id), "principal"));
        let bounded = bounded.collect::<Result<_, _>>()?;
        let controls = self.count_two(CONTROLS, &account.to_string(), &name.folded()).await? > 0;
        Ok(Guarding { bounded, controls })
    }
}
