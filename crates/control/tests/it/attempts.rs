//! What counts as a failed attempt, and under whose name.

use bailey_control::{MfaProof, RootLoginChange};
use bailey_domain::name::AccountAlias;
use bailey_domain::totp::Code;
use bailey_domain::{Caller, Error, Principal};

use crate::logins::{RIGHT, WRONG, name, secret};
use crate::world::{World, root, world};

const NEXT: &str = "Another-one-3";

impl World {
    async fn root_has_a_password(&self) {
        let change = RootLoginChange { password: Some(secret(RIGHT)), ..RootLoginChange::default() };
        self.control.update_root_login(&root(self), &change).await.unwrap();
    }

    async fn signed_in(&self, who: &str) -> Caller {
        let session = self.sign_in(who, RIGHT, None).await.unwrap();
        self.caller(&session).await.unwrap()
    }

    async fn root_login(&self, owner: &Caller, old: &str, change: RootLoginChange) -> Result<(), Error> {
        let change = RootLoginChange { old_password: Some(secret(old)), ..change };
        self.control.update_root_login(owner, &change).await.map(drop)
    }

    async fn change_password(&self, caller: &Caller, old: &str, new: &str) -> String {
        let change = self.control.change_password(caller, &secret(old), &secret(new)).await;
        change.unwrap_err().code().to_owned()
    }
}

#[tokio::test]
async fn roots_right_password_is_no_failed_attempt() {
    let world = world().await;
    world.root_has_a_password().await;
    let owner = world.signed_in("root").await;
    let nothing = RootLoginChange::default;
    for _ in 0..7 {
        world.root_login(&owner, RIGHT, nothing()).await.unwrap();
    }
    assert!(world.sign_in("root", RIGHT, None).await.is_some());

    // Nor is it one where what it was shown for fails.
    for _ in 0..7 {
        let code = || Code::parse("mfaCode", "123456").unwrap();
        let serial_number = format!("acs:ram::{}:mfa/none", owner.account);
        let bind = Some(MfaProof { serial_number, first: code(), second: code() });
        let error = world.root_login(&owner, RIGHT, RootLoginChange { bind, ..nothing() }).await;
        assert_eq!(error.unwrap_err().code(), "EntityNotExist.VirtualMFADevice");
    }
    assert!(world.sign_in("root", RIGHT, None).await.is_some());

    // A right one makes wrong ones forgotten, and five wrong ones lock.
    for _ in 0..2 {
        for _ in 0..4 {
            let error = world.root_login(&owner, WRONG, nothing()).await.unwrap_err();
            assert_eq!(error.code(), "InvalidParameter.oldPassword.Incorrect");
        }
        world.root_login(&owner, RIGHT, nothing()).await.unwrap();
    }
    for _ in 0..5 {
        world.root_login(&owner, WRONG, nothing()).await.unwrap_err();
    }
    world.root_login(&owner, RIGHT, nothing()).await.unwrap_err();
    assert!(world.sign_in("root", RIGHT, None).await.is_none());
}

#[tokio::test]
async fn a_new_password_that_will_not_do_costs_no_attempt() {
    let world = world().await;
    world.hire("alice").await;
    let alice = world.signed_in("alice").await;
    for _ in 0..7 {
        assert_eq!(
            world.change_password(&alice, WRONG, "weak").await,
            "InvalidParameter.NewPassword.TooWeak"
        );
    }
    for _ in 0..5 {
        assert_eq!(
            world.change_password(&alice, WRONG, NEXT).await,
            "InvalidParameter.OldPassword.Incorrect"
        );
    }
    assert!(world.sign_in("alice", RIGHT, None).await.is_none());
}

/// However a name is written, its attempts are counted together.
#[tokio::test]
async fn every_spelling_of_a_name_is_one_name() {
    let world = world().await;
    world.hire("alice").await;
    world.hire("bob").await;
    let alias = AccountAlias::parse("AccountAlias", "the-house").unwrap();
    world.control.set_account_alias(&root(&world), &alias).await.unwrap();
    let id = root(&world).account;
    let spelt = |name: &str| {
        [
            name.to_owned(),
            name.to_uppercase(),
            format!("{name}@the-house"),
            format!("{name}@The-House.onaliyun.COM"),
            format!("{name}@{id}.onaliyun.com"),
        ]
    };
    for name in spelt("alice") {
        assert!(world.sign_in(&name, RIGHT, None).await.is_some(), "{name}");
    }
    for name in spelt("alice") {
        assert!(world.sign_in(&name, WRONG, None).await.is_none());
    }
    for name in spelt("alice").into_iter().chain([format!("alice@{id}")]) {
        assert!(world.sign_in(&name, RIGHT, None).await.is_none(), "{name} is locked");
    }
    assert!(world.sign_in("bob@the-house", RIGHT, None).await.is_some());
}

#[tokio::test]
async fn a_user_of_the_owners_name_counts_for_itself() {
    let world = world().await;
    world.root_has_a_password().await;
    let user = world.control.create_user(&root(&world), name("root"), Default::default()).await.unwrap();
    let namesake = Caller { principal: Principal::User(user.user_id), ..root(&world) };
    for _ in 0..6 {
        assert_eq!(
            world.change_password(&namesake, WRONG, NEXT).await,
            "InvalidParameter.OldPassword.Incorrect"
        );
    }
    assert!(world.sign_in("root", RIGHT, None).await.is_some());
}

#[tokio::test]
async fn a_user_with_a_password_does_not_get_the_owners_name() {
    let world = world().await;
    world.hire("alice").await;
    let rename = async |from: &str, to: &str| {
        world.control.update_user(&root(&world), &name(from), Some(name(to)), Default::default()).await
    };
    for own in ["root", "Root"] {
        assert_eq!(rename("alice", own).await.unwrap_err().code(), "InvalidParameter.NewUserName");
    }
    rename("alice", "Alicia").await.unwrap();
    world.control.delete_login_profile(&root(&world), &name("alicia")).await.unwrap();
    rename("alicia", "root").await.unwrap();
    rename("root", "Root").await.unwrap();
}
