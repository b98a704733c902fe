//! Rule 9: nobody hands out more than they hold.

use bailey_domain::change::{Change, PolicyType};
use bailey_domain::operations::{
    AddUserToGroup, AttachPolicyToGroup, AttachPolicyToUser, CreateAccessKey, CreatePolicyVersion,
    CreateWorkspace, SetMemberPages,
};
use bailey_domain::page::PAGES;
use bailey_domain::scope::{RamScope, Seat, WholeAccount};
use bailey_domain::{Caller, GroupId, Page, Pages, Principal, Reason};
use proptest::prelude::*;

use crate::house::{House, attached, document, group, policy_name};

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
        house
            .directory
            .may_replace_policy::<CreatePolicyVersion>(caller, &scope, &policy_name("own"), text)
            .is_ok()
    };
    let giver = people.nobody;
    let own = Change::Policy {
        version: 1,
        account,
        name: policy_name("own"),
        document: document("Allow", "sfm:Create*"),
    };
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
            .may_attach_policy::<AttachPolicyToUser>(caller, &scope, policy_type, &policy_name(name), None)
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
        version: 1,
        account: house.two.id,
        name: policy_name("theirs"),
        document: document("Allow", "sfm:Retrieve"),
    };
    house.apply(vec![theirs]);
    assert!(!may(&house.caller(&house.one, Principal::Root), PolicyType::Custom, "theirs"));
    // A Deny on `ram:` takes the administrator's place away.
    let deny = Change::Policy {
        version: 1,
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

/// A group of one account with these policies, not applied to anybody yet.
fn new_group(house: &House, account: &crate::house::Account, policies: &[&str]) -> GroupId {
    let id = GroupId::random(&house.entropy);
    house.apply(group(account.id, id, policies));
    id
}

fn may_add(house: &House, caller: &Caller, group: GroupId) -> bool {
    let scope = RamScope::user(house.one.id, "user-0").and(RamScope::group(house.one.id, "group"));
    house.directory.may_join_group::<AddUserToGroup>(caller, &scope, group).is_ok()
}

/// Putting somebody into a group gives what attaching each of its policies would, whoever it is that joins.
#[test]
fn joining_a_group_is_held_to_what_attaching_its_policies_is() {
    let house = House::new();
    let people = &house.one.people;
    let (root, ram, management, nobody) = (
        house.caller(&house.one, Principal::Root),
        house.user(people.ram),
        house.user(people.management),
        house.user(people.nobody),
    );
    let of = |policies: &[&str]| new_group(&house, &house.one, policies);
    let (empty, held, more, other) = (
        of(&[]),
        of(&["AliyunBailianFullAccess"]),
        of(&["AliyunBailianFullAccess", "AdministratorAccess"]),
        of(&["AliyunRAMFullAccess"]),
    );
    for (group, by_management, by_nobody) in
        [(empty, true, true), (held, true, false), (more, false, false), (other, false, false)]
    {
        assert!(may_add(&house, &root, group) && may_add(&house, &ram, group));
        assert_eq!(may_add(&house, &management, group), by_management);
        assert_eq!(may_add(&house, &nobody, group), by_nobody);
    }
    let refusal = house
        .directory
        .may_join_group::<AddUserToGroup>(&nobody, &RamScope::group(house.one.id, "group"), held)
        .unwrap_err();
    assert_eq!((refusal.reason, refusal.code()), (Reason::HandOut, "NoPermission"));
    // A group of another account, or one that is gone, is nobody's to join, not even by root's word.
    let theirs = new_group(&house, &house.two, &[]);
    house.apply(vec![Change::GroupGone { group: empty }]);
    for group in [theirs, empty] {
        assert!(!may_add(&house, &root, group) && !may_add(&house, &management, group));
    }
}

/// What a group gives its members they hold like their own; what it denies they hold no more.
#[test]
fn policies_held_through_a_group_count_for_the_giver() {
    let house = House::new();
    let people = &house.one.people;
    let giver = house.user(people.nobody);
    let held = new_group(&house, &house.one, &["AliyunBailianFullAccess"]);
    let may_attach = || {
        let (scope, name) =
            (RamScope::group(house.one.id, "group"), policy_name("AliyunBailianReadOnlyAccess"));
        house
            .directory
            .may_attach_policy::<AttachPolicyToGroup>(&giver, &scope, PolicyType::System, &name, None)
            .is_ok()
    };
    assert!(!may_add(&house, &giver, held) && !may_attach());
    house.apply(vec![Change::GroupMember { group: held, user: people.nobody }]);
    assert!(may_add(&house, &giver, held) && may_attach());
    let deny = Change::Policy {
        version: 1,
        account: house.one.id,
        name: policy_name("deny"),
        document: document("Deny", "sfm:*"),
    };
    let denying = GroupId::random(&house.entropy);
    let attach = Change::Attached {
        account: house.one.id,
        to: denying.into(),
        policy_type: PolicyType::Custom,
        policy: policy_name("deny"),
        workspace: None,
    };
    house.apply(vec![deny, Change::Group { account: house.one.id, group: denying }, attach]);
    assert!(may_add(&house, &house.user(people.member), denying), "a Deny gives nothing");
    house.apply(vec![Change::GroupMember { group: denying, user: people.nobody }]);
    assert!(!may_add(&house, &giver, held) && !may_attach());
    house.apply(vec![Change::GroupMemberGone { group: denying, user: people.nobody }]);
    house.apply(vec![Change::GroupMemberGone { group: held, user: people.nobody }]);
    assert!(!may_add(&house, &giver, held));
    assert!(house.may::<CreateWorkspace>(&giver, WholeAccount).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whoever is let to join a group by somebody who is no administrator of RAM can do afterwards nothing that the
    /// two of them could not do before; and adding is refused exactly where attaching one of its policies would be.
    #[test]
    fn a_group_is_no_way_around_the_rule(
        giver in prop::collection::vec(0_usize..8, 0..4),
        of_group in prop::collection::vec(0_usize..8, 0..4),
    ) {
        let house = House::new();
        let people = &house.one.people;
        let account = house.one.id;
        for (place, (effect, action)) in DOCUMENTS.iter().enumerate() {
            let name = policy_name(&format!("p{place}"));
            house.apply(vec![Change::Policy { version: 1, account, name, document: document(effect, action) }]);
        }
        let name = |place: &usize| format!("p{place}");
        let id = GroupId::random(&house.entropy);
        house.apply(vec![Change::Group { account, group: id }]);
        for place in &of_group {
            let policy = policy_name(&name(place));
            house.apply(vec![Change::Attached { account, to: id.into(), policy_type: PolicyType::Custom, policy, workspace: None }]);
        }
        for place in &giver {
            house.apply(vec![attached(account, people.nobody, PolicyType::Custom, &name(place))]);
        }
        let caller = house.user(people.nobody);
        let scope = RamScope::group(account, "group");
        let each = of_group.iter().all(|place| {
            let policy = policy_name(&name(place));
            house.directory.may_attach_policy::<AttachPolicyToGroup>(&caller, &scope, PolicyType::Custom, &policy, None).is_ok()
        });
        prop_assert_eq!(may_add(&house, &caller, id), each);
        if each && !giver.iter().any(|place| ADMINISTERS.contains(place)) {
            house.apply(vec![Change::GroupMember { group: id, user: people.member }]);
            for action in ["sfm:CreateIndex", "sfm:Retrieve", "modelstudio:CreateWorkspace", "ram:CreateUser"] {
                let allowed = |user| house.ask(Principal::User(user), action, Some(house.one.inside)).reason.is_none();
                // The giver is in no workspace; only what policies say is compared.
                house.apply(vec![Change::Member { workspace: house.one.inside, user: people.nobody, pages: Pages::NONE, epoch: 9 }]);
                prop_assert!(!allowed(people.member) || allowed(people.nobody), "{} was got by joining", action);
            }
        }
    }
}

/// Where in [`DOCUMENTS`] all of RAM is given, which lets its holder give anything.
const ADMINISTERS: [usize; 2] = [4, 5];
const DOCUMENTS: [(&str, &str); 8] = [
    ("Allow", "sfm:*"),
    ("Allow", "sfm:Create*"),
    ("Allow", "sfm:Retrieve"),
    ("Allow", "modelstudio:*"),
    ("Allow", "ram:*"),
    ("Allow", "*"),
    ("Deny", "sfm:Retrieve"),
    ("Deny", "modelstudio:Create*"),
];
