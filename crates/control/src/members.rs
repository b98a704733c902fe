//! Members of workspaces and their page permissions.

use bailey_domain::access::Principal;
use bailey_domain::directory::{Circumstances, EffectiveAccess};
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    AddMember, GetEffectiveAccess, GetMember, ListMembers, ListPages, RemoveMember, SetMemberPages,
};
use bailey_domain::page::Pages;
use bailey_domain::scope::{Seat, WholeAccount};
use bailey_domain::{Caller, Error, UserId, WorkspaceId};
use bailey_store::{Cursor, Member, NewMember, Page, Record};
use serde_json::{Value, json};

use crate::control::Control;
use crate::revoked::Revoked;

/// A seat that is to be given.
#[derive(Clone, Debug)]
pub struct NewSeat {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The user, who must be known to Model Studio.
    pub user_name: UserName,
    /// The page permissions.
    pub pages: Pages,
    /// Whether keys that the user made in this workspace under an earlier seat work again.
    pub restore_keys: bool,
}

/// A member who was added.
#[derive(Clone, Debug)]
pub struct Added {
    /// The member.
    pub member: Member,
    /// How many keys work again.
    pub restored_keys: u64,
}

impl Control {
    async fn seat(&self, caller: &Caller, workspace: WorkspaceId, name: &UserName) -> Result<Seat, Error> {
        let user = self.store.find_user(caller.account, name).await?.map(|user| user.user_id);
        Ok(Seat { workspace, user })
    }

    /// Gives a user a seat in a workspace.
    pub async fn add_member(&self, caller: &Caller, new: &NewSeat) -> Result<Added, Error> {
        let NewSeat { workspace, user_name, pages, restore_keys } = new;
        let seat = self.seat(caller, *workspace, user_name).await?;
        let target = format!("{workspace} {user_name}");
        let (mut tx, permit) = self.begin::<AddMember>(caller, seat, &target).await?;
        let user = seat.user.ok_or_else(|| Error::absent("User"))?;
        tx.find_studio_user(caller.account, user).await?.ok_or_else(|| Error::absent("User"))?;
        let member =
            tx.insert_member(&permit, NewMember { workspace: *workspace, user, pages: *pages }).await?;
        let restored_keys = if *restore_keys { tx.restore_keys(&permit, *workspace, user).await? } else { 0 };
        let after = json!({ "member": member, "restoredKeys": restored_keys });
        tx.commit(permit, Record { target, before: Value::Null, after }).await?;
        Ok(Added { member, restored_keys })
    }

    /// Lists a workspace's members.
    pub async fn list_members(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        cursor: &Cursor,
    ) -> Result<Page<Member>, Error> {
        let permit = self.permit::<ListMembers>(caller, workspace, &workspace.to_string()).await?;
        self.store.list_members(&permit, cursor).await
    }

    /// Shows one member.
    pub async fn get_member(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        name: &UserName,
    ) -> Result<Member, Error> {
        let seat = self.seat(caller, workspace, name).await?;
        let permit = self.permit::<GetMember>(caller, seat, &format!("{workspace} {name}")).await?;
        self.store.find_member(&permit).await?.ok_or_else(|| Error::absent("Member"))
    }

    /// Sets a member's page permissions, the whole set, within what the caller may hand out.
    pub async fn set_member_pages(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        name: &UserName,
        pages: Pages,
    ) -> Result<Member, Error> {
        let seat = self.seat(caller, workspace, name).await?;
        let target = format!("{workspace} {name}");
        let (mut tx, permit) = self.begin::<SetMemberPages>(caller, seat, &target).await?;
        let user = seat.user.ok_or_else(|| Error::absent("Member"))?;
        let before = tx.find_member(workspace, user).await?.ok_or_else(|| Error::absent("Member"))?;
        let may = self.directory().may_set_pages::<SetMemberPages>(
            caller,
            &seat,
            workspace,
            user,
            before.pages,
            pages,
        );
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        let after = tx.set_member_pages(&permit, user, pages).await?;
        tx.commit(permit, Record { target, before: json!(before), after: json!(after) }).await?;
        Ok(after)
    }

    /// Takes a member out of a workspace. When this returns, the member's keys there are dead and its calls are cut.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        name: &UserName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let seat = self.seat(caller, workspace, name).await?;
        let target = format!("{workspace} {name}");
        let (mut tx, permit) = self.begin::<RemoveMember>(caller, seat, &target).await?;
        let user = seat.user.ok_or_else(|| Error::absent("Member"))?;
        let before = tx.find_member(workspace, user).await?.ok_or_else(|| Error::absent("Member"))?;
        let killed = tx.delete_member(&permit, user).await?;
        let committed =
            tx.commit(permit, Record { target, before: json!(before), after: Value::Null }).await?;
        Ok(Revoked::of(committed, killed, self.clock.now_ms() - started))
    }

    /// Says that the caller may read the list of pages, which is the same for everybody.
    pub async fn list_pages(&self, caller: &Caller) -> Result<(), Error> {
        self.require::<ListPages>(caller, WholeAccount, "").await
    }

    /// The four kinds for one person in one workspace, each entry with where it comes from.
    pub async fn get_effective_access(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        name: &UserName,
    ) -> Result<EffectiveAccess, Error> {
        let seat = self.seat(caller, workspace, name).await?;
        self.require::<GetEffectiveAccess>(caller, seat, &format!("{workspace} {name}")).await?;
        let user: UserId = seat.user.ok_or_else(|| Error::absent("User"))?;
        let circumstances = Circumstances {
            source_ip: caller.source_ip,
            now_ms: caller.now_ms,
            secure_transport: caller.secure_transport && caller.principal == Principal::User(user),
            mfa_present: false,
            external_id: None,
            given: &[],
        };
        Ok(self.directory().effective_access(caller.account, workspace, user, circumstances))
    }

    /// The name that an answer shows for whoever did something.
    pub async fn name_of(&self, caller: &Caller, principal: Principal) -> Result<String, Error> {
        match principal {
            Principal::Root => Ok("root".to_owned()),
            Principal::User(user) => {
                let user = self.store.find_user_by_id(caller.account, user).await?;
                Ok(user.map(|user| user.name.to_string()).unwrap_or_default())
            }
            Principal::Role(role) => {
                let role = self.store.find_role_by_id(caller.account, role).await?;
                Ok(role.map(|role| role.name.to_string()).unwrap_or_default())
            }
            Principal::Federated(_) => Ok(caller.actor()),
        }
    }
}
