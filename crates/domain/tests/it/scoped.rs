//! Policies that count for the things of one workspace: what they decide, what is told of them, and who may give them.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::directory::{Asked, Circumstances, Diagnostic};
use bailey_domain::id::RoleId;
use bailey_domain::name::RoleName;
use bailey_domain::operations::{
    AddUserToGroup, AttachPolicyToUser, CreatePolicyVersion, CreateWorkspace, DetachPolicyFromUser,
    RenameWorkspace, SetMemberPages, UpdateModelPermissions, UpdateRole,
};
use bailey_domain::scope::{RamScope, Seat, WholeAccount};
use bailey_domain::{Caller, GroupId, Principal, Reason, UserId, WorkspaceId};
use proptest::prelude::*;

use crate::house::{HOME, House, NOW, attached, document, policy_name, question};

const CUSTOM: PolicyType = PolicyType::Custom;
const SYSTEM: PolicyType = PolicyType::System;
const ACCOUNT_LEVEL: &str = "AccountLevelIdentityBasedPolicy";
const WORKSPACE_LEVEL: &str = "ResourceGroupLevelIdentityBasedPolicy";

impl House {
    fn policy(&self, name: &str, document: &str) {
        let (account, name) = (self.one.id, policy_name(name));
        self.apply(vec![Change::Policy { version: 1, account, name, document: document.to_owned() }]);
    }

    fn put_on(
        &self,
        to: impl Into<Attachee>,
        policy_type: PolicyType,
        name: &str,
        place: Option<WorkspaceId>,
    ) {
        let (account, to, policy) = (self.one.id, to.into(), policy_name(name));
        self.apply(vec![Change::Attached { account, to, policy_type, policy, workspace: place }]);
    }

    fn take_from(&self, to: impl Into<Attachee>, name: &str, place: Option<WorkspaceId>) {
        let (account, to, policy) = (self.one.id, to.into(), policy_name(name));
        self.apply(vec![Change::Detached { account, to, policy_type: CUSTOM, policy, workspace: place }]);
    }

    fn new_group(&self, member: UserId) -> GroupId {
        let (account, group) = (self.one.id, GroupId::random(&self.entropy));
        self.apply(vec![Change::Group { account, group }, Change::GroupMember { group, user: member }]);
        group
    }

    fn renames(&self, user: UserId, workspace: WorkspaceId) -> Result<(), Reason> {
        self.may::<RenameWorkspace>(&self.user(user), workspace)
    }

    fn told(&self, user: UserId, workspace: WorkspaceId) -> Diagnostic {
        let refusal = self.directory.authorize::<RenameWorkspace>(&self.user(user), workspace).unwrap_err();
        assert_eq!(self.directory.diagnose(&refusal).policy_type, refusal.policy_type());
        self.directory.diagnose(&refusal)
    }
}

#[test]
fn it_counts_in_its_workspace_and_nowhere_else() {
    let house = House::new();
    let (user, inside, beside) = (house.one.people.member, house.one.inside, house.one.beside);
    let elsewhere = Err(Reason::WorkspaceAccessDenied);
    assert_eq!(house.renames(user, inside), Err(Reason::ImplicitDeny));
    house.put_on(user, SYSTEM, "AliyunBailianFullAccess", Some(inside));
    assert_eq!(house.renames(user, inside), Ok(()));
    assert_eq!(house.renames(user, beside), elsewhere);
    assert_eq!(house.may::<CreateWorkspace>(&house.user(user), WholeAccount), Err(Reason::ImplicitDeny));
    // Twice is once, and one detachment ends it.
    house.put_on(user, SYSTEM, "AliyunBailianFullAccess", Some(inside));
    let name = policy_name("AliyunBailianFullAccess");
    let (account, to, policy_type) = (house.one.id, user.into(), SYSTEM);
    house.apply(vec![Change::Detached { account, to, policy_type, policy: name, workspace: Some(inside) }]);
    assert_eq!(house.renames(user, inside), Err(Reason::ImplicitDeny));
}

/// What is missing besides the policies is not told as theirs.
#[test]
fn a_policy_that_allows_is_not_what_refused() {
    let house = House::new();
    let (user, workspace) = (house.one.people.member, house.one.inside);
    house.put_on(user, SYSTEM, "AliyunBailianFullAccess", Some(workspace));
    let seat = Seat { workspace, user: Some(house.one.people.nobody) };
    let refusal = house.directory.authorize::<SetMemberPages>(&house.user(user), seat).unwrap_err();
    assert_eq!((refusal.reason, refusal.policy_type()), (Reason::PageMissing, ACCOUNT_LEVEL));
}

/// What was written before there were resource groups is read as the account's, and is written as before.
#[test]
fn a_feed_from_before_reads_as_the_accounts() {
    let house = House::new();
    let change = attached(house.one.id, house.one.people.nobody, CUSTOM, "mine");
    let text = serde_json::to_string(&change).unwrap();
    assert!(!text.contains("workspace"), "{text}");
    assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
    let inside = house.one.inside;
    let mut scoped = serde_json::to_value(&change).unwrap();
    scoped["workspace"] = inside.to_string().into();
    let Change::Attached { workspace, .. } = serde_json::from_value(scoped).unwrap() else {
        panic!("{text}")
    };
    assert_eq!(workspace, Some(inside));
}

#[test]
fn a_deny_of_either_scope_decides() {
    let house = House::new();
    let (user, inside, beside) = (house.one.people.management, house.one.inside, house.one.beside);
    house.policy("deny", &document("Deny", "modelstudio:Rename*"));
    house.policy("allow", &document("Allow", "modelstudio:*"));
    assert_eq!((house.renames(user, inside), house.renames(user, beside)), (Ok(()), Ok(())));
    // The account allows, the workspace denies.
    house.put_on(user, CUSTOM, "deny", Some(inside));
    assert_eq!(
        (house.renames(user, inside), house.renames(user, beside)),
        (Err(Reason::ExplicitDeny), Ok(()))
    );
    let told = house.told(user, inside);
    assert_eq!((told.explicit_deny, told.policy_type.as_str()), (true, WORKSPACE_LEVEL));
    let denied = told.matched.iter().find(|policy| policy.effect == "Deny").unwrap();
    assert_eq!((denied.policy_type.as_str(), denied.attached_scope), (WORKSPACE_LEVEL, Some(inside)));
    let allowed = told.matched.iter().find(|policy| policy.effect == "Allow").unwrap();
    assert_eq!((allowed.policy_type.as_str(), allowed.attached_scope), (ACCOUNT_LEVEL, None));
    let change = format!("take statement 1 of policy `deny` for workspace `{inside}` away, or detach it");
    assert_eq!(told.change, Some(change.clone()));
    let failed =
        told.decision.chain.iter().find(|link| link.result == "fail" && link.check == "explicit-deny");
    let failed = failed.unwrap();
    assert_eq!(failed.fix, Some(change));
    let subject = format!("modelstudio:RenameWorkspace denied by policy `deny` for workspace `{inside}`");
    assert_eq!(failed.subject, subject);
    house.take_from(user, "deny", Some(inside));
    assert_eq!(house.renames(user, inside), Ok(()));
    // The workspace allows, the account denies.
    house.put_on(user, CUSTOM, "allow", Some(inside));
    house.put_on(user, CUSTOM, "deny", None);
    for workspace in [inside, beside] {
        assert_eq!(house.renames(user, workspace), Err(Reason::ExplicitDeny));
        assert_eq!(house.told(user, workspace).policy_type, ACCOUNT_LEVEL);
    }
}

#[test]
fn members_of_a_group_and_sessions_of_a_role_have_what_is_attached_to_it() {
    let house = House::new();
    let (user, inside, beside) = (house.one.people.member, house.one.inside, house.one.beside);
    let group = house.new_group(user);
    house.policy("allow", &document("Allow", "modelstudio:RenameWorkspace"));
    house.put_on(group, CUSTOM, "allow", Some(inside));
    assert_eq!(house.renames(user, inside), Ok(()));
    assert!(house.renames(user, beside).is_err());
    house.policy("deny", &document("Deny", "modelstudio:RenameWorkspace"));
    house.put_on(group, CUSTOM, "deny", Some(inside));
    let told = house.told(user, inside);
    let places: Vec<_> =
        told.matched.iter().map(|policy| (&*policy.attached_to, policy.attached_scope)).collect();
    assert_eq!(places, [("Group", Some(inside)); 2]);
    house.apply(vec![Change::GroupMemberGone { group, user }]);
    assert_eq!(house.told(user, inside).matched, []);

    let (account, role) = (house.one.id, RoleId::random(&house.entropy));
    let trust = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":["acs:ram::{account}:root"]}}}}]}}"#
    );
    let name = RoleName::parse("RoleName", "operator").unwrap();
    house.apply(vec![Change::Role { account, role, name, trust }]);
    house.put_on(role, CUSTOM, "allow", Some(inside));
    let ask =
        |workspace| house.ask(Principal::Role(role), "modelstudio:RenameWorkspace", Some(workspace)).reason;
    assert_eq!(ask(inside), None);
    assert!(ask(beside).is_some());
    // A workspace that is gone, and another of the same name, are nothing that it counts for.
    house.apply(vec![Change::WorkspaceGone { workspace: inside }]);
    house.apply(vec![Change::Workspace { account, workspace: inside, is_default: false, open: false }]);
    assert!(ask(inside).is_some());
}

/// Rule 8: what is denied to somebody in a workspace that they do not see is refused as if there were no such workspace.
#[test]
fn a_deny_for_a_hidden_workspace_does_not_show_it() {
    let house = House::new();
    let (user, beside) = (house.one.people.member, house.one.beside);
    house.policy("deny", &document("Deny", "*"));
    house.put_on(user, CUSTOM, "deny", Some(beside));
    house.put_on(user, CUSTOM, "deny", Some(house.one.inside));
    let absent = WorkspaceId::random(&house.entropy);
    let answer = |place: WorkspaceId| {
        let refusal = house.directory.authorize::<RenameWorkspace>(&house.user(user), place).unwrap_err();
        let told = house.directory.diagnose(&refusal);
        assert_eq!(refusal.decision(&house.directory), told.decision);
        let shown = format!("{:?} {:?} {:?}", refusal.reason, refusal.policy_type(), told.decision.chain);
        shown.replace(&place.to_string(), "WORKSPACE")
    };
    assert_eq!(answer(beside), answer(absent));
    assert!(answer(beside).contains("WorkspaceAccessDenied"));
    // A member is told, and so is whoever may do it by what counts for the account.
    assert_eq!(house.renames(user, house.one.inside), Err(Reason::ExplicitDeny));
    house.put_on(user, SYSTEM, "AliyunBailianFullAccess", None);
    assert_eq!(house.renames(user, beside), Err(Reason::ExplicitDeny));
    // Who lacks the seat that it needs besides is not.
    let (nobody, place) = (house.one.people.nobody, house.one.beside);
    house.put_on(nobody, CUSTOM, "deny", Some(place));
    let grants = |place| house.may::<UpdateModelPermissions>(&house.user(nobody), place);
    house.put_on(nobody, SYSTEM, "AliyunBailianFullAccess", None);
    assert_eq!(
        (grants(place), grants(absent)),
        (Err(Reason::WorkspaceAccessDenied), Err(Reason::WorkspaceAccessDenied))
    );
}

#[test]
fn effective_access_says_where_it_comes_from() {
    let house = House::new();
    let (user, inside) = (house.one.people.member, house.one.inside);
    house.policy("here", &document("Allow", "modelstudio:RenameWorkspace"));
    house.policy("retrieves", &document("Allow", "sfm:Retrieve"));
    for name in ["here", "retrieves"] {
        house.put_on(user, CUSTOM, name, Some(inside));
    }
    let circumstances = Circumstances {
        source_ip: HOME,
        now_ms: NOW,
        secure_transport: true,
        mfa_present: false,
        external_id: None,
        given: &[],
    };
    let access = |workspace| house.directory.effective_access(house.one.id, workspace, user, circumstances);
    let shown = |list: Vec<bailey_domain::directory::Holding>| {
        list.into_iter().map(|held| (held.name, held.from)).collect::<Vec<_>>()
    };
    let text = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    let here = access(inside);
    assert_eq!(
        shown(here.management),
        [text("modelstudio:RenameWorkspace", "RAM policy `here` for this workspace")]
    );
    assert_eq!(shown(here.api), [text("sfm:Retrieve", "RAM policy `retrieves` for this workspace")]);
    assert_eq!(shown(access(house.one.beside).management), []);
    // What the account denies is not held, whatever the workspace allows, and the other way round.
    house.policy("no", &document("Deny", "modelstudio:RenameWorkspace"));
    house.put_on(user, CUSTOM, "no", None);
    assert_eq!(shown(access(inside).management), []);
}

fn may_give(house: &House, caller: &Caller, name: &str, place: Option<WorkspaceId>) -> bool {
    let (scope, name) = (RamScope::user(house.one.id, "user-0"), policy_name(name));
    house.directory.may_attach_policy::<AttachPolicyToUser>(caller, &scope, CUSTOM, &name, place).is_ok()
}

#[test]
fn nobody_gives_for_a_workspace_what_they_do_not_hold_there() {
    let house = House::new();
    let (user, inside, beside) = (house.one.people.nobody, house.one.inside, house.one.beside);
    let giver = house.user(user);
    house.policy("creates", &document("Allow", "sfm:Create*"));
    house.policy("creates-index", &document("Allow", "sfm:CreateIndex"));
    house.policy("not-index", &document("Deny", "sfm:CreateIndex"));
    let may = |place| may_give(&house, &giver, "creates-index", place);
    assert!(!may(None) && !may(Some(inside)));
    house.put_on(user, CUSTOM, "creates", Some(inside));
    assert!(may(Some(inside)) && !may(Some(beside)) && !may(None));
    house.put_on(user, CUSTOM, "creates", None);
    assert!(may(Some(inside)) && may(Some(beside)) && may(None));
    // What is denied to the giver in one workspace is not theirs to give there, nor for the account, which holds it.
    house.put_on(user, CUSTOM, "not-index", Some(beside));
    assert!(may(Some(inside)) && !may(Some(beside)) && !may(None));
    let replace = |text: &str| {
        let scope = RamScope::policy(house.one.id, "creates-index");
        let name = policy_name("creates-index");
        house.directory.may_replace_policy::<CreatePolicyVersion>(&giver, &scope, &name, text).is_ok()
    };
    assert!(!replace(&document("Allow", "sfm:CreateIndex")) && replace(&document("Allow", "sfm:CreateFile")));
    // A workspace of another account is nobody's to give anything for.
    let root = house.caller(&house.one, Principal::Root);
    assert!(may_give(&house, &root, "creates", Some(inside)));
    assert!(!may_give(&house, &root, "creates", Some(house.two.inside)));
}

#[test]
fn groups_and_roles_hand_out_what_they_have_for_a_workspace() {
    let house = House::new();
    let (people, inside, beside) = (&house.one.people, house.one.inside, house.one.beside);
    house.policy("creates", &document("Allow", "sfm:Create*"));
    house.policy("not-index", &document("Deny", "sfm:CreateIndex"));
    let (giver, group) = (house.user(people.nobody), house.new_group(people.member));
    let (account, role) = (house.one.id, RoleId::random(&house.entropy));
    let name = RoleName::parse("RoleName", "operator").unwrap();
    let trust = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
    house.apply(vec![Change::Role { account, role, name, trust: trust.to_owned() }]);
    let scope = RamScope::group(account, "group");
    let joins = || house.directory.may_join_group::<AddUserToGroup>(&giver, &scope, group).is_ok();
    let leaves = || house.directory.may_leave_group::<AddUserToGroup>(&giver, &scope, group).is_ok();
    let gives_role = || house.directory.may_give_role::<UpdateRole>(&giver, &scope, role).is_ok();
    assert!(joins() && gives_role());
    house.put_on(group, CUSTOM, "creates", Some(inside));
    house.put_on(role, CUSTOM, "creates", Some(inside));
    assert!(!joins() && !gives_role() && leaves());
    house.apply(vec![attached(account, people.ram, CUSTOM, "creates")]);
    house.put_on(people.nobody, CUSTOM, "creates", Some(beside));
    assert!(!joins() && !gives_role());
    house.put_on(people.nobody, CUSTOM, "creates", Some(inside));
    assert!(joins() && gives_role());
    // A Deny for one workspace is lifted by whoever administers RAM, like any other.
    house.put_on(group, CUSTOM, "not-index", Some(inside));
    assert!(!leaves());
    let may = house.directory.may_detach_policy::<DetachPolicyFromUser>(
        &giver,
        &scope,
        CUSTOM,
        &policy_name("not-index"),
    );
    assert_eq!(may.unwrap_err().reason, Reason::HandOut);
}

/// Counted, not believed: neither whoever has nothing for a workspace pays for those who have, nor do they themselves.
#[test]
fn a_yes_allocates_nothing_with_policies_for_a_workspace_or_without() {
    let house = House::new();
    let (people, inside, beside) = (&house.one.people, house.one.inside, house.one.beside);
    let asks = |user: UserId, workspace: WorkspaceId| {
        let caller = house.user(user);
        let counted = allocation_counter::measure(|| {
            assert!(house.directory.authorize::<RenameWorkspace>(&caller, workspace).is_ok());
        });
        counted.count_total
    };
    // What a thread makes for itself is made at the first question.
    asks(people.management, inside);
    assert_eq!(asks(people.management, inside), 0);
    let group = house.new_group(people.management);
    house.put_on(people.management, SYSTEM, "AliyunBailianDataFullAccess", Some(beside));
    house.put_on(group, SYSTEM, "AliyunBailianDataFullAccess", Some(beside));
    assert_eq!([inside, beside].map(|workspace| asks(people.management, workspace)), [0, 0]);
    let group = house.new_group(people.member);
    house.put_on(people.member, SYSTEM, "AliyunBailianDataFullAccess", Some(inside));
    house.put_on(group, SYSTEM, "AliyunBailianFullAccess", Some(inside));
    assert_eq!(asks(people.member, inside), 0);
}

const DOCUMENTS: [(&str, &str); 6] = [
    ("Allow", "oss:*"),
    ("Allow", "oss:Get*"),
    ("Allow", "modelstudio:*"),
    ("Deny", "oss:GetObject"),
    ("Deny", "oss:Put*"),
    ("Deny", "modelstudio:ListProviders"),
];
const ACTIONS: [&str; 4] = ["oss:GetObject", "oss:PutObject", "oss:ListObjects", "modelstudio:ListProviders"];

/// Whether a document speaks of an action, by its text alone.
fn speaks(document: usize, action: &str) -> bool {
    let pattern = DOCUMENTS[document].1;
    pattern.strip_suffix('*').map_or(pattern == action, |start| action.starts_with(start))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The reference knows no layers: of all that is attached to the user or a group of theirs, for the account or for the
    /// workspace in question, a Deny that speaks of the action refuses, else an Allow lets through.
    #[test]
    fn both_scopes_together_decide_as_one_set(
        attached in prop::collection::vec((0_usize..3, 0..DOCUMENTS.len(), prop::option::of(0_usize..2)), 0..8),
        member in any::<[bool; 2]>(),
        detached in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let house = House::new();
        let (account, user) = (house.one.id, house.one.people.nobody);
        let places = [house.one.inside, house.one.beside];
        for (place, (effect, action)) in DOCUMENTS.iter().enumerate() {
            house.policy(&format!("p{place}"), &document(effect, action));
        }
        let groups: [GroupId; 2] = std::array::from_fn(|_| GroupId::random(&house.entropy));
        house.apply(groups.map(|group| Change::Group { account, group }).to_vec());
        for (group, _) in groups.iter().zip(member).filter(|(_, member)| *member) {
            house.apply(vec![Change::GroupMember { group: *group, user }]);
        }
        let holder = |to: usize| if to == 0 { Attachee::User(user) } else { groups[to - 1].into() };
        let mut left = std::collections::BTreeSet::new();
        for (to, policy, place) in attached {
            house.put_on(holder(to), CUSTOM, &format!("p{policy}"), place.map(|place| places[place]));
            left.insert((to, policy, place));
        }
        for index in detached {
            let all: Vec<_> = left.iter().copied().collect();
            if all.is_empty() { break }
            let one @ (to, policy, place) = *index.get(&all);
            house.take_from(holder(to), &format!("p{policy}"), place.map(|place| places[place]));
            left.remove(&one);
        }
        for there in [None, Some(0), Some(1)] {
            for action in ACTIONS {
                let counts = |effect: &str| left.iter().any(|(to, policy, place)| {
                    (*to == 0 || member[to - 1])
                        && (place.is_none() || *place == there)
                        && DOCUMENTS[*policy].0 == effect
                        && speaks(*policy, action)
                });
                let by_the_account = |effect: &str| left.iter().any(|(to, policy, place)| {
                    (*to == 0 || member[to - 1])
                        && place.is_none()
                        && DOCUMENTS[*policy].0 == effect
                        && speaks(*policy, action)
                });
                let expected = match (counts("Deny"), counts("Allow")) {
                    // Nor is an outsider told of a Deny that is there for the workspace's sake.
                    (true, _) if !by_the_account("Deny") && !by_the_account("Allow") => {
                        Some(Reason::WorkspaceAccessDenied)
                    }
                    (true, _) => Some(Reason::ExplicitDeny),
                    (false, true) => None,
                    // An outsider of the workspace is told no more.
                    (false, false) if there.is_some() => Some(Reason::WorkspaceAccessDenied),
                    (false, false) => Some(Reason::ImplicitDeny),
                };
                let place = there.map(|place| places[place]);
                let asked = Asked { action: Some(action), ..question(Principal::User(user), place) };
                let told = house.directory.explain(&house.caller(&house.one, Principal::Root), &asked);
                prop_assert_eq!(told.reason, expected, "{} in {:?} with {:?} in groups {:?}", action, there, &left, member);
            }
        }
    }
}
