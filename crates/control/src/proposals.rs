//! Changes that somebody proposes: what they would do to a copy of the account.

use bailey_domain::access::{Attachee, AttacheeKind, Principal};
use bailey_domain::change::{Change, LimitLevel, PolicyType};
use bailey_domain::model::Grant;
use bailey_domain::name::{GroupName, ModelName, PolicyName, RoleName, UserName};
use bailey_domain::page::Pages;
use bailey_domain::{Caller, Directory, Error, UserId, WorkspaceId};

use crate::attachments::Holder as _;
use crate::control::Control;
use crate::limits::{LimitChange, default_workspace, fit};
use crate::users;

/// What policies are attached to, by name.
#[derive(Clone, Debug)]
pub enum Holder {
    /// A RAM user.
    User(UserName),
    /// A RAM group.
    Group(GroupName),
    /// A RAM role.
    Role(RoleName),
}

/// One change that is proposed.
#[derive(Clone, Debug)]
pub enum Proposal {
    /// Another text of a custom policy's default version, or a new policy.
    Policy {
        /// Its name.
        name: PolicyName,
        /// The text.
        document: String,
    },
    /// A policy is attached or detached.
    Attachment {
        /// Attached, or detached.
        attach: bool,
        /// Whose the policy is.
        policy_type: PolicyType,
        /// Its name.
        policy: PolicyName,
        /// To what, or from what.
        to: Holder,
        /// For the things of this workspace; without one, for the whole account.
        workspace: Option<WorkspaceId>,
    },
    /// A seat with these page permissions; `None` takes it away.
    Member {
        /// The workspace.
        workspace: WorkspaceId,
        /// Whose seat.
        user: UserName,
        /// The whole set.
        pages: Option<Pages>,
    },
    /// Whether a workspace may call a model.
    Grant {
        /// The workspace.
        workspace: WorkspaceId,
        /// The model.
        model: ModelName,
        /// It may, or not.
        inference: bool,
    },
    /// Limits of a model.
    Limit {
        /// Of the account, a workspace or a key.
        level: LimitLevel,
        /// What becomes of them.
        change: LimitChange,
    },
}

impl Control {
    /// Makes a change in a copy of the account. What it is about is there or is refused, as when it is made for good.
    pub(crate) async fn propose(
        &self,
        caller: &Caller,
        directory: &Directory,
        position: usize,
        proposal: &Proposal,
    ) -> Result<(), Error> {
        let account = caller.account;
        let change = match proposal {
            Proposal::Policy { name, document } => {
                if directory.has_policy(account, PolicyType::System, name) {
                    return Err(Error::exists("Policy"));
                }
                self.check_document(document).map_err(|error| match error {
                    Error::Invalid { code, message } => Error::Invalid {
                        code,
                        message: format!("changes.{}.document: {message}", position + 1),
                    },
                    other => other,
                })?;
                // The copy shows no versions, so any number does.
                Change::Policy { account, name: name.clone(), version: 1, document: document.clone() }
            }
            Proposal::Attachment { attach, policy_type, policy, to, workspace } => {
                let to = self.holder(caller, directory, to).await?;
                if !directory.has_policy(account, *policy_type, policy) {
                    return Err(Error::absent("Policy"));
                }
                let (policy_type, policy, workspace) = (*policy_type, policy.clone(), *workspace);
                if workspace.is_some_and(|id| !directory.has_workspace(account, id)) {
                    return Err(Error::absent("Workspace"));
                }
                if *attach {
                    Change::Attached { account, to, policy_type, policy, workspace }
                } else if directory.is_attached(account, policy_type, &policy, to, workspace) {
                    Change::Detached { account, to, policy_type, policy, workspace }
                } else {
                    return Err(Error::absent(&format!("{}.Policy", to.kind().entity())));
                }
            }
            Proposal::Member { workspace, user, pages } => {
                let (workspace, user) = (*workspace, self.somebody(caller, directory, user).await?);
                if !directory.has_workspace(account, workspace) {
                    return Err(Error::absent("Workspace"));
                }
                let epoch = directory.seat_epoch(workspace, user);
                match (pages, epoch) {
                    // A new seat fits no key that was made under an earlier one.
                    (Some(pages), epoch) => {
                        let epoch = epoch.unwrap_or_else(|| directory.revision() + 1);
                        Change::Member { workspace, user, pages: *pages, epoch }
                    }
                    (None, Some(_)) => Change::MemberGone { workspace, user },
                    (None, None) => return Err(Error::absent("Member")),
                }
            }
            Proposal::Grant { workspace, model, inference } => {
                if !directory.has_workspace(account, *workspace) {
                    return Err(Error::absent("Workspace"));
                }
                let held = directory.grant_of(account, *workspace, model.as_str());
                let held = held.ok_or_else(|| Error::absent("Model"))?;
                let grant = Grant { inference: *inference, ..held };
                Change::Granted { account, workspace: *workspace, model: model.clone(), grant }
            }
            Proposal::Limit { level, change } => {
                let (level, model) = (*level, change.model.clone());
                match level {
                    LimitLevel::Workspace(id) if !directory.has_workspace(account, id) => {
                        return Err(Error::absent("Workspace"));
                    }
                    LimitLevel::Workspace(id) if directory.is_default_workspace(account, id) => {
                        return Err(default_workspace());
                    }
                    LimitLevel::Key(id) if directory.key_owner(account, id).is_none() => {
                        return Err(Error::absent("ApiKey"));
                    }
                    _ => (),
                }
                let old =
                    directory.limits_at(account, level, &model).ok_or_else(|| Error::absent("Model"))?;
                let limits = change.apply(old)?;
                if matches!(level, LimitLevel::Workspace(_))
                    && let Some(outer) = directory.limits_at(account, LimitLevel::Account, &model)
                {
                    fit(limits, outer)?;
                }
                Change::Limits { account, level, model, limits }
            }
        };
        directory.load([change])
    }

    async fn somebody(
        &self,
        caller: &Caller,
        directory: &Directory,
        name: &UserName,
    ) -> Result<UserId, Error> {
        let user = users::found(&self.store, caller.account, name).await?.user_id;
        // Whatever came after the copy was made is not in it.
        if directory.knows(caller.account, Principal::User(user)) {
            Ok(user)
        } else {
            Err(Error::absent(AttacheeKind::User.entity()))
        }
    }

    async fn holder(
        &self,
        caller: &Caller,
        directory: &Directory,
        holder: &Holder,
    ) -> Result<Attachee, Error> {
        let account = caller.account;
        let found: Attachee = match holder {
            Holder::User(name) => name.found(&self.store, account).await?.into(),
            Holder::Group(name) => name.found(&self.store, account).await?.into(),
            Holder::Role(name) => name.found(&self.store, account).await?.into(),
        };
        if directory.has_attachee(account, found) {
            Ok(found)
        } else {
            Err(Error::absent(found.kind().entity()))
        }
    }
}
