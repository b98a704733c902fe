//! The ten rules of the four permission kinds, one test each; rule 8 is in `outsiders`, 9 in `hand_out`, 10 in
//! `limits`.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::operations::{
    AddMember, AddUser, AttachPolicyToUser, CreateApiKey, CreateUser, CreateWorkspace, FEATURE_ACTIONS,
    ListApiKeys, ListMembers, ListModelPermissions, OPERATIONS, RemoveMember, RemoveUser, SetMemberPages,
    UpdateModelLimits, UpdateModelPermissions, UpdateSettings,
};
use bailey_domain::page::PAGES;
use bailey_domain::rules::Needs;
use bailey_domain::scope::{RamScope, ScopeKind, Seat, WholeAccount};
use bailey_domain::{Outcome, Page, Pages, Principal, Reason, UserId};

use crate::house::{House, INFERENCE, MODEL, OTHER_MODEL, attached, document, granted, policy_name, put};

#[test]
fn rule_1_root_may_do_everything_everywhere_and_that_cannot_be_lowered() {
    let house = House::new();
    // Neither a Deny of somebody else's nor an empty set of pages can be put on root.
    let deny = Change::Policy {
        version: 1,
        account: house.one.id,
        name: policy_name("deny"),
        document: document("Deny", "*"),
    };
    house.apply(vec![deny]);
    for workspace in [house.one.default, house.one.inside, house.one.beside] {
        let names = OPERATIONS.iter().map(|entry| entry.action).chain(FEATURE_ACTIONS.iter().copied());
        // Only roles are not taken by root, in whatever way: the real service refuses that too, and root needs none.
        for action in names.filter(|action| !action.starts_with("sts:AssumeRole")) {
            let decision = house.ask(Principal::Root, action, Some(workspace));
            assert_eq!(decision.outcome, Outcome::Allow, "{action}");
        }
    }
    let root = house.caller(&house.one, Principal::Root);
    for (workspace, user) in
        [(house.one.beside, house.one.people.nobody), (house.one.inside, house.one.people.administrator)]
    {
        assert_eq!(house.may::<RemoveMember>(&root, Seat { workspace, user: Some(user) }), Ok(()));
    }
    // Everywhere is everywhere in its own account.
    assert_eq!(house.may::<ListMembers>(&root, house.two.inside), Err(Reason::WorkspaceAccessDenied));
}

#[test]
fn rule_2_models_belong_to_the_workspace_of_the_key() {
    let house = House::new();
    let keys = [house.one.default, house.one.inside, house.one.beside]
        .map(|place| house.key(place, Principal::Root, 0));
    house.apply(keys.iter().map(put).collect());
    let answers = |model: &str| keys.each_ref().map(|key| house.refusal(&key.hash, model));
    let no = Some(Reason::ModelNotGranted);
    // The default workspace may call everything, a sub-workspace what it was granted, whoever holds the key.
    assert_eq!(answers(MODEL), [None, None, no]);
    assert_eq!(answers(OTHER_MODEL), [None, no, no]);
    house.set(|settings| settings.default_workspace_restricted = true);
    assert_eq!(answers(MODEL), [no, None, no]);
    house.apply(vec![granted(house.one.id, house.one.default, OTHER_MODEL, INFERENCE)]);
    assert_eq!(answers(OTHER_MODEL), [None, no, no]);
    house.set(|_| {});
    assert_eq!(answers(MODEL), [None, None, no]);
    // A grant to tune is no grant to call.
    let tune = bailey_domain::model::Grant { inference: false, fine_tune: true, deploy: true };
    house.apply(vec![granted(house.one.id, house.one.beside, MODEL, tune)]);
    assert_eq!(answers(MODEL), [None, None, no]);
    // A seat elsewhere gives the key nothing here.
    let people = &house.one.people;
    let seat =
        Change::Member { workspace: house.one.beside, user: people.member, pages: Pages::all(), epoch: 2 };
    let key = house.key(house.one.beside, Principal::User(people.member), 2);
    house.apply(vec![seat, put(&key)]);
    assert_eq!(house.refusal(&key.hash, MODEL), no);
}

#[test]
fn rule_3_a_page_permission_is_that_page_and_administrator_is_every_page_of_that_workspace() {
    let house = House::new();
    let people = &house.one.people;
    let inside = house.one.inside;
    for entry in PAGES {
        assert_eq!(
            house.ask_page(people.member, entry.page, inside),
            Some(Reason::PageMissing),
            "{}",
            entry.name
        );
        assert_eq!(house.ask_page(people.administrator, entry.page, inside), None, "{}", entry.name);
        let own = entry.page == Page::ApiKey;
        assert_eq!(house.ask_page(people.key_keeper, entry.page, inside).is_none(), own, "{}", entry.name);
        let outside = house.ask_page(people.administrator, entry.page, house.one.beside);
        assert_eq!(outside, Some(Reason::WorkspaceAccessDenied), "{}", entry.name);
    }
    // What a plain member does not even see: members and keys.
    let member = house.user(people.member);
    assert_eq!(house.may::<ListMembers>(&member, inside), Err(Reason::PageMissing));
    assert_eq!(house.may::<ListApiKeys>(&member, inside), Err(Reason::PageMissing));
    assert_eq!(house.may::<CreateApiKey>(&member, inside), Err(Reason::PageMissing));
    assert_eq!(house.may::<ListModelPermissions>(&member, inside), Ok(()));
    let keeper = house.user(people.key_keeper);
    assert_eq!(house.may::<CreateApiKey>(&keeper, inside), Ok(()));
    assert_eq!(house.may::<ListMembers>(&keeper, inside), Err(Reason::PageMissing));
    let permitter = house.user(people.permitter);
    assert_eq!(house.may::<ListMembers>(&permitter, inside), Ok(()));
    assert_eq!(house.may::<CreateApiKey>(&permitter, inside), Err(Reason::PageMissing));
    // Never System Administration: nothing that concerns the account, though every page of the workspace.
    for entry in OPERATIONS.iter().filter(|entry| entry.scope == ScopeKind::Account) {
        let open = entry
            .needs
            .mentions(&|part| matches!(part, Needs::Anyone | Needs::MemberSomewhere | Needs::Myself));
        let decision = house.ask(Principal::User(people.administrator), entry.action, None);
        assert!(open || decision.outcome == Outcome::Deny, "{}", entry.name);
    }
    let administrator = house.user(people.administrator);
    assert_eq!(house.may::<AddUser>(&administrator, WholeAccount), Err(Reason::ImplicitDeny));
    assert_eq!(house.may::<UpdateSettings>(&administrator, WholeAccount), Err(Reason::RootOnly));
    let seat = Seat { workspace: inside, user: Some(people.nobody) };
    assert_eq!(house.may::<AddMember>(&administrator, seat), Err(Reason::ImplicitDeny));
}

#[test]
fn rule_4_an_api_needs_a_policy_and_membership_and_explicit_deny_wins() {
    let house = House::new();
    let (account, inside) = (house.one.id, house.one.inside);
    let (nobody, member) = (house.one.people.nobody, house.one.people.member);
    let ask = |user: UserId| house.ask(Principal::User(user), "sfm:CreateIndex", Some(inside)).reason;
    assert_eq!(ask(nobody), Some(Reason::WorkspaceAccessDenied));
    assert_eq!(ask(member), Some(Reason::ImplicitDeny));
    let policy = |name: &str, effect: &str| {
        let name = policy_name(name);
        Change::Policy { version: 1, account, name, document: document(effect, "sfm:Create*") }
    };
    house.apply(vec![policy("allow", "Allow"), policy("deny", "Deny")]);
    for user in [nobody, member] {
        house.apply(vec![attached(account, user, PolicyType::Custom, "allow")]);
    }
    assert_eq!(ask(nobody), Some(Reason::WorkspaceAccessDenied));
    assert_eq!(ask(member), None);
    assert_eq!(
        house.ask(Principal::User(member), "sfm:CreateIndex", Some(house.one.beside)).outcome,
        Outcome::Deny
    );
    assert_eq!(house.ask(Principal::User(member), "sfm:DeleteIndex", Some(inside)).outcome, Outcome::Deny);
    house.apply(vec![attached(account, member, PolicyType::Custom, "deny")]);
    assert_eq!(ask(member), Some(Reason::ExplicitDeny));
    let detached = Change::Detached {
        account,
        to: Attachee::User(member),
        policy_type: PolicyType::Custom,
        policy: policy_name("deny"),
        workspace: None,
    };
    house.apply(vec![detached]);
    assert_eq!(ask(member), None);
}

/// A Deny also takes what a page permission would give.
#[test]
fn rule_4_an_explicit_deny_stops_an_administrator() {
    let house = House::new();
    let (account, administrator) = (house.one.id, house.one.people.administrator);
    let caller = house.user(administrator);
    assert_eq!(house.may::<CreateApiKey>(&caller, house.one.inside), Ok(()));
    let name = policy_name("deny");
    let policy =
        Change::Policy { version: 1, account, name, document: document("Deny", "modelstudio:CreateApiKey") };
    house.apply(vec![policy, attached(account, administrator, PolicyType::Custom, "deny")]);
    assert_eq!(house.may::<CreateApiKey>(&caller, house.one.inside), Err(Reason::ExplicitDeny));
    assert_eq!(house.may::<ListApiKeys>(&caller, house.one.inside), Ok(()));
}

#[test]
fn rule_5_management_gives_no_workspace_and_granting_needs_both() {
    let house = House::new();
    let people = &house.one.people;
    let (management, both, ram) =
        (house.user(people.management), house.user(people.management_inside), house.user(people.ram));
    assert_eq!(house.may::<CreateWorkspace>(&management, WholeAccount), Ok(()));
    assert_eq!(house.may::<ListApiKeys>(&management, house.one.beside), Ok(()));
    for entry in PAGES {
        let page = house.ask_page(people.management, entry.page, house.one.inside);
        assert_eq!(page, Some(Reason::WorkspaceAccessDenied), "{}", entry.name);
    }
    for action in ["sfm:CreateIndex", "sfm:Retrieve"] {
        let decision = house.ask(Principal::User(people.management), action, Some(house.one.inside));
        assert_eq!(decision.reason, Some(Reason::WorkspaceAccessDenied));
    }
    let inside = house.one.inside;
    assert_eq!(house.may::<UpdateModelPermissions>(&management, inside), Err(Reason::WorkspaceAccessDenied));
    assert_eq!(house.may::<UpdateModelLimits>(&management, inside), Err(Reason::WorkspaceAccessDenied));
    assert_eq!(house.may::<CreateApiKey>(&management, inside), Err(Reason::WorkspaceAccessDenied));
    assert_eq!(house.may::<UpdateModelPermissions>(&both, inside), Ok(()));
    assert_eq!(house.may::<UpdateModelLimits>(&both, inside), Ok(()));
    assert_eq!(
        house.may::<UpdateModelPermissions>(&both, house.one.beside),
        Err(Reason::WorkspaceAccessDenied)
    );
    let administrator = house.user(people.administrator);
    assert_eq!(house.may::<UpdateModelPermissions>(&administrator, inside), Err(Reason::ImplicitDeny));
    // Granting policies is RAM's, and RAM gives nothing of Model Studio.
    let scope = || RamScope::user(house.one.id, "user-0");
    assert_eq!(house.may::<AttachPolicyToUser>(&management, scope()), Err(Reason::ImplicitDeny));
    assert_eq!(house.may::<AttachPolicyToUser>(&ram, scope()), Ok(()));
    assert_eq!(house.may::<CreateUser>(&ram, scope()), Ok(()));
    assert_eq!(house.may::<CreateWorkspace>(&ram, WholeAccount), Err(Reason::ImplicitDeny));
}

#[test]
fn rule_6_pages_do_not_touch_keys() {
    let house = House::new();
    let (inside, member) = (house.one.inside, house.one.people.member);
    let key = house.members_key();
    assert_eq!(house.refusal(&key.hash, MODEL), None);
    for pages in [Pages::all(), Pages::of(&[Page::Playground]), Pages::NONE] {
        house.apply(vec![Change::Member { workspace: inside, user: member, pages, epoch: 1 }]);
        assert_eq!(house.refusal(&key.hash, MODEL), None);
        assert_eq!(house.refusal(&key.hash, OTHER_MODEL), Some(Reason::ModelNotGranted));
    }
}

#[test]
fn rule_7_only_root_removes_unless_the_account_delegates() {
    let house = House::new();
    let people = &house.one.people;
    let seat = Seat { workspace: house.one.inside, user: Some(people.member) };
    let remove = |user: UserId| house.may::<RemoveMember>(&house.user(user), seat);
    for user in [people.administrator, people.management_inside, people.permitter] {
        assert_eq!(remove(user), Err(Reason::RootOnly));
    }
    assert_eq!(house.may::<RemoveUser>(&house.user(people.management), WholeAccount), Err(Reason::RootOnly));
    house.set(|settings| settings.delegate_member_removal = true);
    for user in [people.administrator, people.management_inside, people.management] {
        assert_eq!(remove(user), Ok(()));
    }
    assert_eq!(remove(people.permitter), Err(Reason::PageMissing));
    assert_eq!(remove(people.member), Err(Reason::PageMissing));
    assert_eq!(house.may::<RemoveUser>(&house.user(people.management), WholeAccount), Ok(()));
    assert_eq!(
        house.may::<RemoveUser>(&house.user(people.administrator), WholeAccount),
        Err(Reason::ImplicitDeny)
    );
    let beside = Seat { workspace: house.one.beside, user: Some(people.member) };
    assert_eq!(
        house.may::<RemoveMember>(&house.user(people.administrator), beside),
        Err(Reason::WorkspaceAccessDenied)
    );
}

#[test]
fn rule_7_a_removal_takes_what_was_there_and_nothing_elsewhere() {
    let house = House::new();
    let (inside, beside) = (house.one.inside, house.one.beside);
    let user = house.one.people.administrator;
    let everything = Pages::of(&[Page::Administrator]);
    let elsewhere = house.key(beside, Principal::User(user), 2);
    house.apply(vec![
        Change::Member { workspace: beside, user, pages: everything, epoch: 2 },
        granted(house.one.id, beside, MODEL, INFERENCE),
        put(&elsewhere),
    ]);
    let here = house.key(inside, Principal::User(user), 1);
    house.apply(vec![put(&here)]);
    house.apply(vec![Change::MemberGone { workspace: inside, user }]);
    let caller = house.user(user);
    assert_eq!(house.refusal(&here.hash, MODEL), Some(Reason::OwnerNotMember));
    assert_eq!(house.refusal(&elsewhere.hash, MODEL), None);
    assert_eq!(house.may::<ListMembers>(&caller, inside), Err(Reason::WorkspaceAccessDenied));
    assert_eq!(house.may::<ListMembers>(&caller, beside), Ok(()));
    assert_eq!(house.directory.pages(inside, user), None);
    assert_eq!(house.directory.pages(beside, user), Some(everything));
}

/// An identity that is gone may do nothing, whatever it held.
#[test]
fn a_deleted_identity_is_refused_before_anything_else() {
    let house = House::new();
    let user = house.one.people.management;
    house.apply(vec![Change::UserGone { user }]);
    let caller = house.user(user);
    assert_eq!(house.may::<CreateWorkspace>(&caller, WholeAccount), Err(Reason::IdentityGone));
    // Nor does an identity of one account exist in the other.
    let stranger = house.caller(&house.two, Principal::User(house.one.people.administrator));
    assert_eq!(house.may::<ListMembers>(&stranger, house.two.inside), Err(Reason::IdentityGone));
    let seat = Seat { workspace: house.two.inside, user: Some(house.two.people.member) };
    assert_eq!(house.may::<SetMemberPages>(&stranger, seat), Err(Reason::IdentityGone));
}
