//! What a session must do first, and what users may do for themselves.

use bailey_domain::change::{Change, PolicyType};
use bailey_domain::login::{Duty, SecurityPreference, SignedIn};
use bailey_domain::operations::{
    BindMFADevice, ChangePassword, CreateAccessKey, CreateVirtualMFADevice, DeleteSession, GetCallerIdentity,
    GetUserMFAInfo, ListWorkspaces, UpdateRootLogin,
};
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::{Caller, Principal, Reason, SessionId};

use crate::house::{House, attached, document, policy_name};

fn with_duty(caller: &Caller, house: &House, duty: Option<Duty>) -> Caller {
    let session = SessionId::random(&house.entropy);
    Caller { session: Some(SignedIn { session, mfa_present: false, duty }), ..caller.clone() }
}

fn prefer(house: &House, change: impl Fn(&mut SecurityPreference)) {
    let mut preference = SecurityPreference::default();
    change(&mut preference);
    let account = house.one.id;
    house.apply(vec![Change::SecurityPreference { account, preference: Box::new(preference) }]);
}

#[test]
fn a_duty_comes_before_everything_but_itself() {
    let house = House::new();
    let (member, root) = (house.user(house.one.people.member), house.caller(&house.one, Principal::Root));
    let own = || RamScope::user(house.one.id, "x").about(Some(house.one.people.member));
    let changing = with_duty(&member, &house, Some(Duty::ChangePassword));
    let binding = with_duty(&member, &house, Some(Duty::BindMfaDevice));
    // Where the preference leaves nothing to users, a duty still can be done.
    prefer(&house, |preference| (preference.change_password, preference.manage_mfa_devices) = (false, false));
    assert_eq!(
        house.may::<ChangePassword>(&with_duty(&member, &house, None), own()),
        Err(Reason::ImplicitDeny)
    );
    assert_eq!(house.may::<ChangePassword>(&changing, own()), Ok(()));
    assert_eq!(house.may::<BindMFADevice>(&binding, own()), Ok(()));
    assert_eq!(house.may::<GetUserMFAInfo>(&binding, own()), Ok(()));
    for (caller, reason) in [(&changing, Reason::PasswordResetRequired), (&binding, Reason::MfaBindRequired)]
    {
        assert_eq!(house.may::<ListWorkspaces>(caller, WholeAccount), Err(reason));
        assert_eq!(house.may::<GetCallerIdentity>(caller, WholeAccount), Ok(()));
        assert_eq!(house.may::<DeleteSession>(caller, WholeAccount), Ok(()));
    }
    assert_eq!(house.may::<BindMFADevice>(&changing, own()), Err(Reason::PasswordResetRequired));
    // A duty grants nothing about somebody else.
    let others = RamScope::user(house.one.id, "y").about(Some(house.one.people.nobody));
    assert_eq!(house.may::<BindMFADevice>(&binding, others), Err(Reason::ImplicitDeny));
    let root = with_duty(&root, &house, Some(Duty::ChangePassword));
    assert_eq!(house.may::<UpdateRootLogin>(&root, WholeAccount), Err(Reason::PasswordResetRequired));
}

#[test]
fn users_do_for_themselves_what_the_preference_leaves_them_unless_a_policy_denies_it() {
    let house = House::new();
    let member = house.one.people.member;
    let caller = house.user(member);
    let about = |user| RamScope::user(house.one.id, "x").about(user);
    let allowed = |user| house.may::<CreateAccessKey>(&caller, about(user));
    assert_eq!(allowed(Some(member)), Err(Reason::ImplicitDeny), "off from the start");
    prefer(&house, |preference| preference.manage_access_keys = true);
    assert_eq!(allowed(Some(member)), Ok(()));
    for other in [None, Some(house.one.people.nobody)] {
        assert_eq!(allowed(other), Err(Reason::ImplicitDeny));
    }
    assert_eq!(house.may::<CreateVirtualMFADevice>(&caller, about(Some(member))), Ok(()));
    house.apply(vec![
        Change::Policy {
            version: 1,
            account: house.one.id,
            name: policy_name("deny-own"),
            document: document("Deny", "ram:*"),
        },
        attached(house.one.id, member, PolicyType::Custom, "deny-own"),
    ]);
    assert_eq!(allowed(Some(member)), Err(Reason::ExplicitDeny));
    assert_eq!(house.may::<ChangePassword>(&caller, about(Some(member))), Err(Reason::ExplicitDeny));
}
