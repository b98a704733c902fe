//! RAM groups and who is in them.

use bailey_domain::name::{GroupName, UserName};
use bailey_domain::operations::{
    AddUserToGroup, CreateGroup, DeleteGroup, GetGroup, ListGroups, ListGroupsForUser, ListUsersForGroup,
    RemoveUserFromGroup, UpdateGroup,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error, GroupId};
use bailey_store::{
    Cursor, Group, GroupUpdate, GroupUser, JoinedGroup, NewGroup, Page, Record, Store, Tx, User,
};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::revoked::Revoked;
use crate::users::{self, check_comments};

impl Control {
    /// Creates a group. It is empty, and so gives nobody anything.
    pub async fn create_group(
        &self,
        caller: &Caller,
        name: GroupName,
        comments: Option<String>,
    ) -> Result<Group, Error> {
        check_comments("", comments.as_deref())?;
        let scope = RamScope::group(caller.account, "*");
        let (mut tx, permit) = self.begin::<CreateGroup>(caller, scope, name.as_str()).await?;
        let quota = self.settings_of(caller.account)?.quota_groups;
        let held = tx.count_groups(caller.account).await?;
        let group_id = GroupId::random(&*self.entropy);
        let new = NewGroup { group_id, name, comments: comments.unwrap_or_default() };
        // A name that is taken is told before the quota, as RAM does.
        let group = tx.insert_group(&permit, &new).await?;
        within(quota, held, "Group", "groups")?;
        let record = Record { target: group.name.to_string(), before: Value::Null, after: json!(group) };
        tx.commit(permit, record).await?;
        Ok(group)
    }

    /// Shows a group.
    pub async fn get_group(&self, caller: &Caller, name: &GroupName) -> Result<Group, Error> {
        let scope = RamScope::group(caller.account, name.as_str());
        self.require::<GetGroup>(caller, scope, name.as_str()).await?;
        found(&self.store, caller.account, name).await
    }

    /// Changes a group; its members and policies stay. Policies about groups go by their names, so whoever gives it
    /// another one administers RAM.
    pub async fn update_group(
        &self,
        caller: &Caller,
        name: &GroupName,
        update: GroupUpdate,
    ) -> Result<Group, Error> {
        check_comments("New", update.comments.as_deref())?;
        let scope = RamScope::group(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<UpdateGroup>(caller, scope.clone(), name.as_str()).await?;
        let group = present(&mut tx, caller.account, name).await?;
        if update.name.as_ref().is_some_and(|new| new.as_str() != group.name.as_str()) {
            let may = self.directory().may_rename::<UpdateGroup>(caller, &scope);
            (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        }
        let changed = tx.update_group(&permit, &group, &update).await?;
        let record = Record { target: name.to_string(), before: json!(group), after: json!(changed) };
        tx.commit(permit, record).await?;
        Ok(changed)
    }

    /// Deletes a group that has neither members nor policies.
    pub async fn delete_group(&self, caller: &Caller, name: &GroupName) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let scope = RamScope::group(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<DeleteGroup>(caller, scope, name.as_str()).await?;
        let group = present(&mut tx, caller.account, name).await?;
        tx.delete_group(&permit, group.group_id).await?;
        let record = Record { target: name.to_string(), before: json!(group), after: Value::Null };
        let committed = tx.commit(permit, record).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Lists groups.
    pub async fn list_groups(&self, caller: &Caller, cursor: &Cursor) -> Result<Page<Group>, Error> {
        let permit = self.permit::<ListGroups>(caller, RamScope::group(caller.account, "*"), "").await?;
        self.store.list_groups(&permit, cursor).await
    }

    /// Puts a user into a group. That gives the user the group's policies, so each of them must give no more than the
    /// caller holds, unless the caller administers RAM.
    pub async fn add_user_to_group(
        &self,
        caller: &Caller,
        name: &UserName,
        group: &GroupName,
    ) -> Result<(), Error> {
        let (scope, target) = pair(caller, name, group);
        let (mut tx, permit) = self.begin::<AddUserToGroup>(caller, scope.clone(), &target).await?;
        let (user, joined) = both(&mut tx, caller.account, name, group).await?;
        let may = self.directory().may_join_group::<AddUserToGroup>(caller, &scope, joined.group_id);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        let held = tx.count_groups_of(user.user_id).await?;
        // Being in it already is told before the quota: clients take it for success.
        tx.insert_group_member(&permit, joined.group_id, user.user_id).await?;
        let quota = self.settings_of(caller.account)?.quota_groups_per_user;
        within(quota, held, "User.Group", "groups the target user joined")?;
        let after = json!({ "userName": name, "groupName": group });
        tx.commit(permit, Record { target, before: Value::Null, after }).await?;
        Ok(())
    }

    /// Takes a user out of a group; out of one that denies something, for whoever administers RAM.
    pub async fn remove_user_from_group(
        &self,
        caller: &Caller,
        name: &UserName,
        group: &GroupName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (scope, target) = pair(caller, name, group);
        let (mut tx, permit) = self.begin::<RemoveUserFromGroup>(caller, scope.clone(), &target).await?;
        let (user, left) = both(&mut tx, caller.account, name, group).await?;
        let may = self.directory().may_leave_group::<RemoveUserFromGroup>(caller, &scope, left.group_id);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        if !tx.delete_group_member(&permit, left.group_id, user.user_id).await? {
            return Err(Error::absent("User.Group"));
        }
        let before = json!({ "userName": name, "groupName": group });
        let committed = tx.commit(permit, Record { target, before, after: Value::Null }).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Lists the groups that a user is in.
    pub async fn list_groups_for_user(
        &self,
        caller: &Caller,
        name: &UserName,
    ) -> Result<Vec<JoinedGroup>, Error> {
        let scope = RamScope::user(caller.account, name.as_str());
        let permit = self.permit::<ListGroupsForUser>(caller, scope, name.as_str()).await?;
        let user = users::found(&self.store, caller.account, name).await?;
        self.store.list_groups_for_user(&permit, user.user_id).await
    }

    /// Lists the users in a group.
    pub async fn list_users_for_group(
        &self,
        caller: &Caller,
        name: &GroupName,
        cursor: &Cursor,
    ) -> Result<Page<GroupUser>, Error> {
        let scope = RamScope::group(caller.account, name.as_str());
        let permit = self.permit::<ListUsersForGroup>(caller, scope, name.as_str()).await?;
        let group = found(&self.store, caller.account, name).await?;
        self.store.list_users_for_group(&permit, group.group_id, cursor).await
    }
}

/// What joining and leaving are about: both the user and the group must be allowed. And how the audit record names it.
fn pair(caller: &Caller, user: &UserName, group: &GroupName) -> (RamScope, String) {
    let scope = RamScope::user(caller.account, user.as_str());
    (scope.and(RamScope::group(caller.account, group.as_str())), format!("{user} {group}"))
}

async fn both(
    tx: &mut Tx,
    account: AccountId,
    user: &UserName,
    group: &GroupName,
) -> Result<(User, Group), Error> {
    Ok((users::present(tx, account, user).await?, present(tx, account, group).await?))
}

/// A group that is there.
pub(crate) async fn present(tx: &mut Tx, account: AccountId, name: &GroupName) -> Result<Group, Error> {
    tx.find_group(account, name).await?.ok_or_else(|| Error::absent("Group"))
}

/// The same outside of a transaction.
pub(crate) async fn found(store: &Store, account: AccountId, name: &GroupName) -> Result<Group, Error> {
    store.find_group(account, name).await?.ok_or_else(|| Error::absent("Group"))
}
