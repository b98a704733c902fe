//! What policies are attached to whom.

use bailey_domain::access::{Attachee, AttacheeKind};
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::id::RoleId;
use bailey_domain::name::PolicyName;
use bailey_domain::operations::{
    AttachPolicyToGroup, AttachPolicyToRole, AttachPolicyToUser, DetachPolicyFromGroup, DetachPolicyFromRole,
    DetachPolicyFromUser, ListEntitiesForPolicy, ListPoliciesForGroup, ListPoliciesForRole,
    ListPoliciesForUser, Operation,
};
use bailey_domain::{AccountId, Error, GroupId, Permit, UserId, WorkspaceId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored, to_unsigned};
use crate::load::policy_type_of;
use crate::store::Store;
use crate::tx::Tx;

/// The operations about the policies of one kind of thing.
pub trait OnPolicies: Operation {
    /// What the policies are attached to: a permit for one kind is none for another.
    type Of: Copy + Into<Attachee>;
}
/// Those that attach.
pub trait Attaches: OnPolicies {}
/// Those that detach.
pub trait Detaches: OnPolicies {}
/// Those that list.
pub trait ListsAttached: OnPolicies {}

macro_rules! on_policies {
    ($($of:ty: $attach:ty, $detach:ty, $list:ty;)*) => {$(
        impl OnPolicies for $attach { type Of = $of; }
        impl OnPolicies for $detach { type Of = $of; }
        impl OnPolicies for $list { type Of = $of; }
        impl Attaches for $attach {}
        impl Detaches for $detach {}
        impl ListsAttached for $list {}
    )*};
}

on_policies! {
    UserId: AttachPolicyToUser, DetachPolicyFromUser, ListPoliciesForUser;
    GroupId: AttachPolicyToGroup, DetachPolicyFromGroup, ListPoliciesForGroup;
    RoleId: AttachPolicyToRole, DetachPolicyFromRole, ListPoliciesForRole;
}

/// A policy on something.
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
    /// The workspace whose things it counts for; `None` where it counts for the whole account.
    pub workspace: Option<WorkspaceId>,
    /// Milliseconds since the epoch.
    pub attached_at: i64,
}

/// A user, a group or a role that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says about itself: a user's display name, a group's comments, a role's description.
    pub text: String,
    /// The workspace for which the policy is attached; empty for the whole account.
    pub workspace_id: String,
    /// Milliseconds since the epoch.
    pub attached_at: i64,
}

/// The policies that a table attaches, of one account: for what, and the rest of the query.
macro_rules! attached {
    ($table:literal, $workspace:literal, $rest:literal) => {
        concat!(
            "SELECT a.policy_type, a.policy_name, p.description, p.default_version, ", $workspace, " AS workspace_id, a.attached_at
            FROM ", $table, " a LEFT JOIN policies p
                ON a.policy_type = 'Custom' AND p.account_id = a.account_id AND p.folded_name = a.folded_policy_name
            WHERE a.account_id = $1 ",
            $rest
        )
    };
}
pub(crate) use attached;

pub(crate) type AttachmentRow = (String, String, Option<String>, Option<i64>, String, i64);

pub(crate) fn attachment(
    (policy_type, name, description, version, workspace, attached_at): AttachmentRow,
) -> Result<Attachment, Error> {
    Ok(Attachment {
        policy_type: policy_type_of(&policy_type).name(),
        policy_name: stored(PolicyName::parse("policy_name", &name), "policy_name")?,
        description,
        default_version: version.map(to_unsigned),
        workspace: scope_of(&workspace)?,
        attached_at,
    })
}

/// A stored workspace of an attachment: empty is the whole account.
pub(crate) fn scope_of(text: &str) -> Result<Option<WorkspaceId>, Error> {
    if text.is_empty() { Ok(None) } else { stored(text.parse(), "workspace_id").map(Some) }
}

/// How it is stored.
fn scope_text(workspace: Option<WorkspaceId>) -> String {
    workspace.map(|id| id.to_string()).unwrap_or_default()
}

impl Store {
    /// The policies attached to a thing directly, those for one workspace included.
    pub async fn list_attached<O: ListsAttached>(
        &self,
        permit: &Permit<O>,
        of: O::Of,
    ) -> Result<Vec<Attachment>, Error> {
        const SQL: &str = attached!(
            "policy_attachments",
            "a.workspace_id",
            "AND a.principal_type = $2 AND a.principal_id = $3
            ORDER BY a.attached_at, a.folded_policy_name, a.workspace_id"
        );
        let of: Attachee = of.into();
        let rows: Vec<AttachmentRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(of.kind().name()).bind(of.id()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(attachment).collect()
    }

    /// The things of one kind that a policy is attached to, by name; once for each of their attachments.
    pub async fn list_entities_for_policy(
        &self,
        permit: &Permit<ListEntitiesForPolicy>,
        kind: AttacheeKind,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<Vec<Entity>, Error> {
        const USERS: &str = "
            SELECT u.user_id AS id, u.name, u.display_name AS text, a.workspace_id, a.attached_at
            FROM policy_attachments a JOIN users u ON u.user_id = a.principal_id
            WHERE a.account_id = $1 AND a.principal_type = 'user' AND a.policy_type = $2 AND a.folded_policy_name = $3
            ORDER BY u.folded_name, a.workspace_id";
        const GROUPS: &str = "
            SELECT g.group_id AS id, g.name, g.comments AS text, a.workspace_id, a.attached_at
            FROM policy_attachments a JOIN groups g ON g.group_id = a.principal_id
            WHERE a.account_id = $1 AND a.principal_type = 'group' AND a.policy_type = $2 AND a.folded_policy_name = $3
            ORDER BY g.folded_name, a.workspace_id";
        const ROLES: &str = "
            SELECT r.role_id AS id, r.name, r.description AS text, a.workspace_id, a.attached_at
            FROM policy_attachments a JOIN roles r ON r.role_id = a.principal_id
            WHERE a.account_id = $1 AND a.principal_type = 'role' AND a.policy_type = $2 AND a.folded_policy_name = $3
            ORDER BY r.folded_name, a.workspace_id";
        let sql = match kind {
            AttacheeKind::User => USERS,
            AttacheeKind::Group => GROUPS,
            AttacheeKind::Role => ROLES,
        };
        reading!(self.pools, pool => sqlx::query_as(sql)
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

    /// How often a system policy is attached.
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
    /// How many policies of a type a thing has, those for one workspace included.
    pub async fn count_policies_of(
        &mut self,
        of: impl Into<Attachee>,
        policy_type: PolicyType,
    ) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM policy_attachments
            WHERE principal_type = $1 AND principal_id = $2 AND policy_type = $3";
        let of: Attachee = of.into();
        let (count,): (i64,) = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(of.kind().name()).bind(of.id()).bind(policy_type.name()).fetch_one(conn).await)
        .map_err(database)?;
        Ok(to_unsigned(count))
    }

    /// Whether a thing still has policies, which keeps it from being deleted.
    pub async fn has_policies(&mut self, of: impl Into<Attachee>) -> Result<bool, Error> {
        const SQL: &str =
            "SELECT COUNT(*) FROM policy_attachments WHERE principal_type = $1 AND principal_id = $2";
        let of: Attachee = of.into();
        Ok(self.count_two(SQL, of.kind().name(), &of.id()).await? > 0)
    }

    /// Refuses a custom policy that is attached to something, or stands above something, which keeps it from being
    /// deleted.
    pub async fn demand_unattached(&mut self, account: AccountId, name: &PolicyName) -> Result<(), Error> {
        const SQL: &str = "SELECT principal_type FROM policy_attachments WHERE account_id = $1
            AND policy_type = 'Custom' AND folded_policy_name = $2 GROUP BY principal_type";
        let attached: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.folded()).fetch_all(conn).await)
        .map_err(database)?;
        let is_attached = |kind: &&AttacheeKind| attached.iter().any(|(to,)| to == kind.name());
        if let Some(kind) = AttacheeKind::ALL.iter().find(is_attached) {
            let kind_name = kind.name();
            return Err(Error::in_use(
                &format!("Policy.{}", kind.entity()),
                format!("The policy CAN NOT been attached to any {kind_name} while deleting the policy."),
            ));
        }
        let guarding = self.guarded_by(account, name).await?;
        let in_use = if !guarding.bounded.is_empty() {
            ("Policy.PermissionBoundary", "The policy is the permission boundary of a user or role.")
        } else if guarding.controls {
            ("Policy.ControlPolicy", "The policy is a control policy of the account.")
        } else {
            return Ok(());
        };
        Err(Error::in_use(in_use.0, in_use.1))
    }

    /// Attaches a policy, for the things of a workspace or for the whole account.
    pub async fn attach_policy<O: Attaches>(
        &mut self,
        permit: &Permit<O>,
        to: O::Of,
        policy_type: PolicyType,
        name: &PolicyName,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO policy_attachments (account_id, principal_type, principal_id, policy_type, policy_name,
                folded_policy_name, workspace_id, attached_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (account, to): (_, Attachee) = (permit.caller().account, to.into());
        match to {
            Attachee::User(user) => self.demand_user(account, user).await?,
            Attachee::Group(group) => self.demand_group(account, group).await?,
            Attachee::Role(role) => self.demand_role(account, role).await?,
        }
        if !self.policy_exists(account, policy_type, name).await? {
            return Err(Error::absent("Policy"));
        }
        if let Some(workspace) = workspace
            && self.find_workspace(account, workspace).await?.is_none()
        {
            return Err(Error::absent("ResourceGroup"));
        }
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(to.kind().name()).bind(to.id()).bind(policy_type.name())
            .bind(name.as_str()).bind(name.folded()).bind(scope_text(workspace)).bind(permit.caller().now_ms)
            .execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists(&format!("{}.Policy", to.kind().entity()))))?;
        self.note(Change::Attached { account, to, policy_type, policy: name.clone(), workspace });
        Ok(())
    }

    /// Detaches a policy from where it counts for just this; `false` when it was not attached so.
    pub async fn detach_policy<O: Detaches>(
        &mut self,
        permit: &Permit<O>,
        from: O::Of,
        policy_type: PolicyType,
        name: &PolicyName,
        workspace: Option<WorkspaceId>,
    ) -> Result<bool, Error> {
        const SQL: &str = "
            DELETE FROM policy_attachments WHERE account_id = $1 AND principal_type = $2 AND principal_id = $3
                AND policy_type = $4 AND folded_policy_name = $5 AND workspace_id = $6";
        let (account, to): (_, Attachee) = (permit.caller().account, from.into());
        let gone = on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(to.kind().name()).bind(to.id()).bind(policy_type.name())
            .bind(name.folded()).bind(scope_text(workspace)).execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if gone > 0 {
            self.note(Change::Detached { account, to, policy_type, policy: name.clone(), workspace });
        }
        Ok(gone > 0)
    }

    /// Detaches what counts for the things of a workspace, which is about to go.
    pub(crate) async fn clear_scoped_attachments(
        &mut self,
        account: AccountId,
        workspace: WorkspaceId,
    ) -> Result<(), Error> {
        const SQL: &str = "
            DELETE FROM policy_attachments WHERE account_id = $1 AND workspace_id = $2
            RETURNING principal_type, principal_id, policy_type, policy_name";
        let gone: Vec<(String, String, String, String)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(workspace.to_string()).fetch_all(conn).await)
        .map_err(database)?;
        for (kind, holder, policy_type, policy) in gone {
            self.note(Change::Detached {
                account,
                to: stored(Attachee::read(&kind, &holder), "principal")?,
                policy_type: policy_type_of(&policy_type),
                policy: stored(PolicyName::parse("policy_name", &policy), "policy_name")?,
                workspace: Some(workspace),
            });
        }
        Ok(())
    }
}
