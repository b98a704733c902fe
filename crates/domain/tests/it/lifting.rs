//! Rule 9, the other way round: whoever does not administer RAM lifts no Deny, and whatever they change, nobody
//! exceeds himself.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::id::RoleId;
use bailey_domain::name::RoleName;
use bailey_domain::operations::{
    AddUserToGroup, AttachPolicyToUser, CreatePolicyVersion, DetachPolicyFromUser, RemoveUserFromGroup,
    UpdateRole,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{Caller, GroupId, Principal, Reason, UserId, WorkspaceId};
use proptest::prelude::*;

use crate::house::{House, attached, document, policy_name};

const CUSTOM: PolicyType = PolicyType::Custom;

fn put(house: &House, name: &str, document: &str) -> Change {
    let name = policy_name(name);
    Change::Policy { version: 1, account: house.one.id, name, document: document.to_owned() }
}

fn scope(house: &House) -> RamScope {
    RamScope::user(house.one.id, "user-0")
}

fn may_detach(house: &House, caller: &Caller, policy_type: PolicyType, name: &str) -> Result<(), Reason> {
    let name = policy_name(name);
    let may =
        house.directory.may_detach_policy::<DetachPolicyFromUser>(caller, &scope(house), policy_type, &name);
    may.map_err(|refusal| refusal.reason)
}

fn may_leave(house: &House, caller: &Caller, group: GroupId) -> Result<(), Reason> {
    let may = house.directory.may_leave_group::<RemoveUserFromGroup>(caller, &scope(house), group);
    may.map_err(|refusal| refusal.reason)
}

fn may_replace(house: &House, caller: &Caller, name: &str, text: &str) -> Result<(), Reason> {
    let name = policy_name(name);
    let may = house.directory.may_replace_policy::<CreatePolicyVersion>(caller, &scope(house), &name, text);
    may.map_err(|refusal| refusal.reason)
}

/// A policy of two statements on everything.
fn mixed(allow: &str, deny: &str) -> String {
    let statement =
        |effect: &str, action: &str| format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}"#);
    format!(r#"{{"Version":"1","Statement":[{},{}]}}"#, statement("Allow", allow), statement("Deny", deny))
}

#[test]
fn a_deny_is_lifted_by_who_administers_ram_and_nobody_else() {
    let house = House::new();
    let (people, account) = (&house.one.people, house.one.id);
    let deny = document("Deny", "sfm:Retrieve");
    let (denying, open) = (GroupId::random(&house.entropy), GroupId::random(&house.entropy));
    house.apply(vec![
        put(&house, "deny", &deny),
        put(&house, "allow", &document("Allow", "sfm:*")),
        put(&house, "both", &mixed("sfm:*", "sfm:Retrieve")),
        Change::Group { account, group: denying },
        Change::Group { account, group: open },
        Change::Attached {
            account,
            to: denying.into(),
            policy_type: CUSTOM,
            policy: policy_name("both"),
            workspace: None,
        },
        Change::Attached {
            account,
            to: open.into(),
            policy_type: CUSTOM,
            policy: policy_name("allow"),
            workspace: None,
        },
    ]);
    let refused = Err(Reason::HandOut);
    let root = house.caller(&house.one, Principal::Root);
    let (ram, clerk) = (house.user(people.ram), house.user(people.management));
    for caller in [&root, &ram] {
        for name in ["deny", "allow", "both"] {
            assert_eq!(may_detach(&house, caller, CUSTOM, name), Ok(()), "{name}");
        }
        assert_eq!(may_leave(&house, caller, denying), Ok(()));
        assert_eq!(may_replace(&house, caller, "both", &document("Allow", "sfm:*")), Ok(()));
    }
    assert_eq!(may_detach(&house, &clerk, CUSTOM, "deny"), refused);
    assert_eq!(may_detach(&house, &clerk, CUSTOM, "both"), refused);
    assert_eq!(may_detach(&house, &clerk, CUSTOM, "allow"), Ok(()));
    assert_eq!(may_detach(&house, &clerk, PolicyType::System, "AdministratorAccess"), Ok(()));
    assert_eq!(may_leave(&house, &clerk, denying), refused);
    assert_eq!(may_leave(&house, &clerk, open), Ok(()));
    // The clerk holds all of sfm:*, so what is refused is the Deny that would be gone.
    for (text, answer) in [
        (mixed("sfm:*", "sfm:Retrieve"), Ok(())),
        (deny, Ok(())),
        (mixed("sfm:CreateIndex", "sfm:Retrieve"), Ok(())),
        (document("Allow", "sfm:*"), refused),
        (mixed("sfm:*", "sfm:CreateIndex"), refused),
    ] {
        assert_eq!(may_replace(&house, &clerk, "both", &text), answer, "{text}");
    }
    // What is not there is nobody's to lift, nor what is another account's.
    let nowhere = GroupId::random(&house.entropy);
    let theirs = GroupId::random(&house.entropy);
    house.apply(vec![Change::Group { account: house.two.id, group: theirs }]);
    assert_eq!(may_leave(&house, &clerk, nowhere), refused);
    assert_eq!(may_leave(&house, &root, theirs), refused);
    assert_eq!(may_detach(&house, &root, CUSTOM, "none"), refused);
}

const DOCUMENTS: [(&str, &str); 6] = [
    ("Allow", "ram:List*"),
    ("Allow", "ram:ListUsers"),
    ("Allow", "oss:*"),
    ("Deny", "ram:ListUsers"),
    ("Deny", "oss:Get*"),
    ("Deny", "ram:*"),
];
/// What policies alone decide, known to the catalogue and not.
const ACTIONS: [&str; 4] = ["ram:ListUsers", "ram:ListGroups", "oss:GetObject", "oss:PutObject"];

/// For what a policy counts: nothing is the account, else one of two workspaces.
type Place = Option<usize>;

fn place() -> impl Strategy<Value = Place> {
    prop::option::of(0_usize..2)
}

/// What somebody who may call everything of RAM by name, and does not administer it, tries to change.
#[derive(Clone, Debug)]
enum Step {
    Attach(usize, usize, Place),
    Detach(usize, usize, Place),
    Join(usize),
    Leave(usize),
    Replace(usize, usize, usize),
    Trust(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let policy = 0..DOCUMENTS.len();
    prop_oneof![
        (0_usize..5, policy.clone(), place()).prop_map(|(to, policy, place)| Step::Attach(to, policy, place)),
        (0_usize..5, policy.clone(), place())
            .prop_map(|(from, policy, place)| Step::Detach(from, policy, place)),
        (0_usize..2).prop_map(Step::Join),
        (0_usize..2).prop_map(Step::Leave),
        (policy.clone(), policy.clone(), policy).prop_map(|(name, one, two)| Step::Replace(name, one, two)),
        (0_usize..2).prop_map(Step::Trust),
    ]
}

/// A clerk, two groups, two roles, and who is what of it.
struct Office {
    house: House,
    clerk: UserId,
    groups: [GroupId; 2],
    roles: [RoleId; 2],
    /// The roles that the clerk may take by their trust policies.
    trusted: [bool; 2],
}

impl Office {
    fn new() -> Self {
        let house = House::new();
        let (account, clerk) = (house.one.id, house.one.people.management_inside);
        let groups = std::array::from_fn(|_| GroupId::random(&house.entropy));
        let roles = std::array::from_fn(|_| RoleId::random(&house.entropy));
        let office = Self { house, clerk, groups, roles, trusted: [false; 2] };
        let system = |name: &str| Change::Detached {
            account,
            to: Attachee::User(clerk),
            policy_type: PolicyType::System,
            policy: policy_name(name),
            workspace: None,
        };
        let mut changes = vec![system("AliyunBailianFullAccess")];
        for (place, (effect, action)) in DOCUMENTS.iter().enumerate() {
            changes.push(put(&office.house, &name(place), &document(effect, action)));
        }
        changes.extend(groups.map(|group| Change::Group { account, group }));
        changes.extend((0..2).map(|place| office.role(place, "nobody")));
        office.house.apply(changes);
        office
    }

    fn role(&self, place: usize, trusted: &str) -> Change {
        let account = self.house.one.id;
        let trust = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":["acs:ram::{account}:user/{trusted}"]}}}}]}}"#
        );
        let name = RoleName::parse("RoleName", &format!("role-{place}")).unwrap();
        Change::Role { account, role: self.roles[place], name, trust }
    }

    fn holder(&self, place: usize) -> Attachee {
        match place {
            0 => self.clerk.into(),
            1 | 2 => self.groups[place - 1].into(),
            _ => self.roles[place - 3].into(),
        }
    }

    fn workspace(&self, place: Place) -> Option<WorkspaceId> {
        place.map(|place| [self.house.one.inside, self.house.one.beside][place])
    }

    fn attach(&self, to: usize, policy: usize, place: Place) -> Change {
        let (account, policy, workspace) =
            (self.house.one.id, policy_name(&name(policy)), self.workspace(place));
        Change::Attached { account, to: self.holder(to), policy_type: CUSTOM, policy, workspace }
    }

    fn bound(&self, policy: usize) -> Vec<Change> {
        let (account, of) = (self.house.one.id, self.clerk.into());
        let held = attached(account, self.clerk, PolicyType::System, "AliyunRAMFullAccess");
        vec![held, Change::Boundary { account, of, policy_type: CUSTOM, policy: policy_name(&name(policy)) }]
    }

    /// Takes the step if rule 9 lets the clerk.
    fn take(&mut self, step: &Step) {
        let (house, scope) = (&self.house, scope(&self.house));
        let (account, caller) = (house.one.id, house.user(self.clerk));
        let directory = &house.directory;
        let change = match *step {
            Step::Attach(to, policy, place) => directory
                .may_attach_policy::<AttachPolicyToUser>(
                    &caller,
                    &scope,
                    CUSTOM,
                    &policy_name(&name(policy)),
                    self.workspace(place),
                )
                .map(|()| self.attach(to, policy, place)),
            Step::Detach(from, policy, place) => directory
                .may_detach_policy::<DetachPolicyFromUser>(
                    &caller,
                    &scope,
                    CUSTOM,
                    &policy_name(&name(policy)),
                )
                .map(|()| Change::Detached {
                    account,
                    to: self.holder(from),
                    policy_type: CUSTOM,
                    policy: policy_name(&name(policy)),
                    workspace: self.workspace(place),
                }),
            Step::Join(group) => directory
                .may_join_group::<AddUserToGroup>(&caller, &scope, self.groups[group])
                .map(|()| Change::GroupMember { group: self.groups[group], user: self.clerk }),
            Step::Leave(group) => directory
                .may_leave_group::<RemoveUserFromGroup>(&caller, &scope, self.groups[group])
                .map(|()| Change::GroupMemberGone { group: self.groups[group], user: self.clerk }),
            Step::Replace(policy, one, two) => {
                let text = both(one, two);
                directory
                    .may_replace_policy::<CreatePolicyVersion>(
                        &caller,
                        &scope,
                        &policy_name(&name(policy)),
                        &text,
                    )
                    .map(|()| put(house, &name(policy), &text))
            }
            Step::Trust(role) => directory
                .may_give_role::<UpdateRole>(&caller, &scope, self.roles[role])
                .map(|()| self.role(role, "user-6")),
        };
        if let Ok(change) = change {
            self.house.apply(vec![change]);
            if let Step::Trust(role) = *step {
                self.trusted[role] = true;
            }
        }
    }

    /// What the clerk may do, as himself or in a role that trusts him: in the account, and in each workspace.
    fn allowed(&self) -> [[bool; ACTIONS.len()]; 3] {
        let roles =
            (0..2).filter(|place| self.trusted[*place]).map(|place| Principal::Role(self.roles[place]));
        let faces: Vec<_> = std::iter::once(Principal::User(self.clerk)).chain(roles).collect();
        [None, Some(0), Some(1)].map(|place| {
            ACTIONS.map(|action| {
                let allowed =
                    |face: &Principal| self.house.ask(*face, action, self.workspace(place)).reason.is_none();
                faces.iter().any(allowed)
            })
        })
    }
}

fn name(place: usize) -> String {
    format!("p{place}")
}

fn both(one: usize, two: usize) -> String {
    let statement = |(effect, action): (&str, &str)| {
        format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}"#)
    };
    format!(r#"{{"Version":"1","Statement":[{},{}]}}"#, statement(DOCUMENTS[one]), statement(DOCUMENTS[two]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn no_one_exceeds_himself(
        given in prop::collection::vec((0_usize..5, 0..DOCUMENTS.len(), place()), 0..8),
        member in any::<[bool; 2]>(),
        bounded in prop::option::of(0..DOCUMENTS.len()),
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut office = Office::new();
        for (to, policy, place) in given {
            office.house.apply(vec![office.attach(to, policy, place)]);
        }
        for (group, _) in office.groups.into_iter().zip(member).filter(|(_, member)| *member) {
            office.house.apply(vec![Change::GroupMember { group, user: office.clerk }]);
        }
        // Whoever has a boundary may hold all of RAM and does not administer it.
        if let Some(policy) = bounded {
            office.house.apply(office.bound(policy));
        }
        let mut before = office.allowed();
        for step in &steps {
            office.take(step);
            let after = office.allowed();
            for (there, (before, after)) in before.iter().zip(&after).enumerate() {
                for (place, action) in ACTIONS.iter().enumerate() {
                    let got = "was got by";
                    prop_assert!(before[place] || !after[place], "{action} in {there} {got} {step:?} of {steps:?}");
                }
            }
            before = after;
        }
    }
}
