//! Rule 9: nobody hands out more than they hold.

use bailey_domain::change::{Change, PolicyType};
use bailey_domain::operations::{AttachPolicyToUser, CreateAccessKey, CreatePolicyVersion, SetMemberPages};
use bailey_domain::page::PAGES;
use bailey_domain::scope::{RamScope, Seat};
use bailey_domain::{Caller, Page, Pages, Principal, Reason};

use crate::house::{House, attached, document, policy_name};

fn pages(list: &[Page]) -> Pages {
    Pages::of(list)
}

/// Whether the caller may change the plain member's pages from one set to another.
fn may_set(house: &House, caller: &Caller, before: Pages, after: Pages) -> bool {
    let member = house.one.people.member;
    let scope = Seat { workspace: house.one.inside, user: Some(member) };
    let answer = house.directory.may_set_pages::<SetMemberPages>(
        caller,
        &scope,
        house.one.inside,
        member,
        before,
        after,
    );
    answer.is_ok_and(|()| true)
}

#[test]
fn what_each_giver_may_hand_out() {
    let house = House::new();
    let people = &house.one.people;
    // Somebody who holds both the right to hand out and the page `api-key`.
    let both = people.nobody;
    let set = pages(&[Page::PermissionManagement, Page::ApiKey]);
    house.apply(vec![Change::Member { workspace: house.one.inside, user: both, pages: set, epoch: 2 }]);
    let root = house.caller(&house.one, Principal::Root);
    let (administrator, permitter, both) =
        (house.user(people.administrator), house.user(people.permitter), house.user(both));
    for entry in PAGES {
        let one = pages(&[entry.page]);
        // Giving and taking are the same change.
        for (before, after) in [(Pages::NONE, one), (one, Pages::NONE)] {
            let what = format!("{} from {before:?}", entry.name);
            assert!(may_set(&house, &root, before, after), "root: {what}");
            assert!(may_set(&house, &administrator, before, after), "administrator: {what}");
            let feature =
                !matches!(entry.page, Page::Administrator | Page::PermissionManagement | Page::ApiKey);
            assert_eq!(may_set(&house, &permitter, before, after), feature, "permission management: {what}");
            let held = feature || entry.page == Page::ApiKey;
            assert_eq!(
                may_set(&house, &both, before, after),
                held,
                "permission management and api-key: {what}"
            );
        }
    }
}

#[test]
fn one_page_too_many_spoils_the_set() {
    let house = House::new();
    let permitter = house.user(house.one.people.permitter);
    let some = pages(&[Page::Prompts, Page::Playground]);
    assert!(may_set(&house, &permitter, Pages::NONE, some));
    for more in [Page::Administrator, Page::PermissionManagement, Page::ApiKey] {
        let with = pages(&[Page::Prompts, Page::Playground, more]);
        assert!(!may_set(&house, &permitter, Pages::NONE, with));
        // What is there already and stays is not touched, except that nobody below touches an administrator.
        let stays = pages(&[Page::Prompts, more]);
        assert_eq!(may_set(&house, &permitter, stays, with), more != Page::Administrator, "{more}");
    }
}

#[test]
fn nobody_changes_their_own_set_except_root() {
    let house = House::new();
    let people = &house.one.people;
    for user in [people.administrator, people.permitter] {
        let scope = Seat { workspace: house.one.inside, user: Some(user) };
        let before = house.directory.pages(house.one.inside, user).unwrap();
        let caller = house.user(user);
        let set = |after| {
            house.directory.may_set_pages::<SetMemberPages>(
                &caller,
                &scope,
                house.one.inside,
                user,
                before,
                after,
            )
        };
        for after in [Pages::all(), Pages::NONE, before] {
            let refusal = set(after).unwrap_err();
            assert_eq!(refusal.reason, Reason::HandOut);
            assert_eq!(refusal.code(), "NoPermission");
        }
    }
}

/// What somebody holds in another workspace is nothing to hand out in this one.
#[test]
fn an_administrator_elsewhere_hands_out_nothing_here() {
    let house = House::new();
    let administrator = house.user(house.one.people.administrator);
    let member = house.one.people.member;
    let scope = Seat { workspace: house.one.beside, user: Some(member) };
    let may = |after| {
        house.directory.may_set_pages::<SetMemberPages>(
            &administrator,
            &scope,
            house.one.beside,
            member,
            Pages::NONE,
            after,
        )
    };
    assert!(may(pages(&[Page::Administrator])).is_err());
    assert!(may(pages(&[Page::ApiKey])).is_err());
}

#[test]
fn a_policy_gives_no_more_than_its_giver_holds() {
    let house = House::new();
    let people = &house.one.people;
    let account = house.one.id;
    let scope = RamScope::user(account, "user-0");
    let may = |caller: &Caller, text: &str| {
        house.directory.may_grant_policy::<CreatePolicyVersion>(caller, &scope, text).is_ok()
    };
    let giver = people.nobody;
    let own =
        Change::Policy { account, name: policy_name("own"), document: document("Allow", "sfm:Create*") };
    house.apply(vec![own, attached(account, giver, PolicyType::Custom, "own")]);
    let (giver, root, ram) =
        (house.user(giver), house.caller(&house.one, Principal::Root), house.user(people.ram));
    for (action, covered) in [
        ("sfm:CreateIndex", true),
        ("sfm:Create*", true),
        ("sfm:*", false),
        ("modelstudio:CreateWorkspace", false),
        ("*", false),
    ] {
        let text = document("Allow", action);
        assert_eq!(may(&giver, &text), covered, "{action}");
        // Root holds everything; whoever holds all of `ram:*` administers RAM and grants anything.
        assert!(may(&root, &text) && may(&ram, &text), "{action}");
        assert!(!may(&house.user(people.member), &text), "{action}");
    }
    // A Deny gives nothing. Text that is no policy is nobody's to give, not even root's.
    assert!(may(&giver, &document("Deny", "*")));
    for broken in ["", "{}", "null"] {
        assert!(!may(&giver, broken) && !may(&root, broken));
    }
}

#[test]
fn attaching_an_existing_policy_is_held_to_the_same() {
    let house = House::new();
    let people = &house.one.people;
    let scope = RamScope::user(house.one.id, "user-0");
    let may = |caller: &Caller, policy_type, name: &str| {
        house
            .directory
            .may_attach_policy::<AttachPolicyToUser>(caller, &scope, policy_type, &policy_name(name))
            .is_ok()
    };
    let management = house.user(people.management);
    assert!(may(&management, PolicyType::System, "AliyunBailianFullAccess"));
    assert!(!may(&management, PolicyType::System, "AdministratorAccess"));
    assert!(!may(&management, PolicyType::System, "AliyunRAMFullAccess"));
    assert!(may(&house.user(people.ram), PolicyType::System, "administratoraccess"));
    assert!(!may(&house.user(people.ram), PolicyType::Custom, "none"));
    // A policy of the other account is not there at all.
    let theirs = Change::Policy {
        account: house.two.id,
        name: policy_name("theirs"),
        document: document("Allow", "sfm:Retrieve"),
    };
    house.apply(vec![theirs]);
    assert!(!may(&house.caller(&house.one, Principal::Root), PolicyType::Custom, "theirs"));
    // A Deny on `ram:` takes the administrator's place away.
    let deny = Change::Policy {
        account: house.one.id,
        name: policy_name("deny"),
        document: document("Deny", "ram:CreateUser"),
    };
    house.apply(vec![deny, attached(house.one.id, people.ram, PolicyType::Custom, "deny")]);
    assert!(!may(&house.user(people.ram), PolicyType::System, "AdministratorAccess"));
}

#[test]
fn credentials_are_made_for_oneself_or_by_who_administers_ram() {
    let house = House::new();
    let people = &house.one.people;
    let scope = RamScope::user(house.one.id, "*");
    let may = |caller: &Caller, owner: Principal| {
        house.directory.may_make_credential::<CreateAccessKey>(caller, &scope, owner).is_ok()
    };
    let (root, ram, other) =
        (house.caller(&house.one, Principal::Root), house.user(people.ram), house.user(people.management));
    let (member, own) = (Principal::User(people.member), Principal::User(people.management));
    assert!(may(&root, Principal::Root) && may(&root, member));
    assert!(may(&ram, member) && may(&ram, Principal::User(people.ram)) && !may(&ram, Principal::Root));
    assert!(may(&other, own) && !may(&other, member) && !may(&other, Principal::Root));
}
