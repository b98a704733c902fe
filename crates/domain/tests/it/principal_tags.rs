//! Tags of roles, where policies ask for them.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::id::{RoleId, SessionKeyId};
use bailey_domain::name::RoleName;
use bailey_domain::operations::{CreateRole, GetUser, TagResources};
use bailey_domain::role::{SessionClaims, Taker};
use bailey_domain::scope::RamScope;
use bailey_domain::tag::{Tag, TagKey};
use bailey_domain::{AccountId, Caller, Principal, Reason, UserId};

use crate::house::{House, NOW, attached, policy_name, session_claims};

const CUSTOM: PolicyType = PolicyType::Custom;

/// A role whose policy, in the extended language, lets it read users by its tag `team`.
struct Stage {
    house: House,
    role: RoleId,
}

fn put_policy(account: AccountId, name: &str, document: &str) -> Change {
    Change::Policy { account, name: policy_name(name), version: 1, document: document.to_owned() }
}

fn put_role(account: AccountId, role: RoleId, name: &str, trust: &str) -> Change {
    Change::Role { account, role, name: RoleName::parse("RoleName", name).unwrap(), trust: trust.to_owned() }
}

/// A trust policy for the whole account, under a condition.
fn trust(account: AccountId, condition: &str) -> String {
    format!(
        r#"{{"Version":"1-extended","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{{"RAM":"acs:ram::{account}:root"}},"Condition":{condition}}}]}}"#
    )
}

fn key(key: &str) -> TagKey {
    TagKey::parse(key).unwrap()
}

impl Stage {
    fn new(resource: &str) -> Self {
        let house = House::new();
        let (account, role) = (house.one.id, RoleId::random(&house.entropy));
        let document = format!(
            r#"{{"Version":"1-extended","Statement":[{{"Effect":"Allow","Action":"ram:GetUser","Resource":"{resource}"}}]}}"#
        );
        house.apply(vec![
            put_role(account, role, "Operator", &trust(account, "{}")),
            put_policy(account, "by-team", &document),
            Change::Attached {
                account,
                to: Attachee::Role(role),
                policy_type: CUSTOM,
                policy: policy_name("by-team"),
                workspace: None,
            },
        ]);
        Self { house, role }
    }

    fn tag(&self, key: &str, value: &str) {
        self.house.apply(vec![Change::RoleTag { role: self.role, tag: Tag::parse(key, value).unwrap() }]);
    }

    fn untag(&self, name: &str) {
        self.house.apply(vec![Change::RoleTagGone { role: self.role, key: key(name) }]);
    }

    fn may_read(&self, name: &str) -> bool {
        let caller = self.house.caller(&self.house.one, Principal::Role(self.role));
        self.house.may::<GetUser>(&caller, RamScope::user(self.house.one.id, name)).is_ok()
    }

    fn may_tag(&self, caller: &Caller, keys: &[&str]) -> Result<(), Reason> {
        let keys: Vec<TagKey> = keys.iter().map(|name| key(name)).collect();
        let scope = RamScope::role(caller.account, "operator");
        let may = self.house.directory.may_tag_roles::<TagResources>(caller, &scope, &keys);
        may.map_err(|refusal| refusal.reason)
    }
}

#[test]
fn a_tag_counts_as_it_is_now() {
    let stage = Stage::new("acs:ram:*:*:user/${acs:PrincipalTag/team}-*");
    assert!(!stage.may_read("red-1"), "a variable without a value allows nothing");
    stage.tag("team", "red");
    assert!(stage.may_read("red-1") && !stage.may_read("blue-1"));
    stage.tag("team", "blue");
    assert!(!stage.may_read("red-1") && stage.may_read("blue-1"));
    // Keys that differ in case are two, and the one that is written as the policy writes it wins.
    stage.tag("TEAM", "red");
    assert!(!stage.may_read("red-1") && stage.may_read("blue-1"));
    stage.untag("team");
    assert!(stage.may_read("red-1") && !stage.may_read("blue-1"));
    stage.untag("TEAM");
    stage.untag("nothing");
    assert!(!stage.may_read("red-1"));
    // Users have no tags.
    let user = stage.house.one.people.nobody;
    stage.house.apply(vec![attached(stage.house.one.id, user, CUSTOM, "by-team")]);
    let red = RamScope::user(stage.house.one.id, "red-1");
    assert_eq!(stage.house.may::<GetUser>(&stage.house.user(user), red), Err(Reason::ImplicitDeny));
}

#[test]
fn a_session_ends_with_the_tag_that_let_it_be_taken() {
    let stage = Stage::new("*");
    let (account, taker) = (stage.house.one.id, stage.house.one.people.nobody);
    let second = RoleId::random(&stage.house.entropy);
    let red = trust(account, r#"{"StringEquals":{"acs:PrincipalTag/team":"red"}}"#);
    stage.house.apply(vec![
        put_role(account, second, "Second", &red),
        attached(account, taker, PolicyType::System, "AliyunSTSAssumeRoleAccess"),
        Change::Attached {
            account,
            to: Attachee::Role(stage.role),
            policy_type: PolicyType::System,
            policy: policy_name("AliyunSTSAssumeRoleAccess"),
            workspace: None,
        },
    ]);
    let taken = |role: RoleId, by: Taker| session_claims(account, role, by);
    let by_user = |user: UserId| Taker::User { user, access_key: None };
    let chained = taken(second, Taker::Session(Box::new(taken(stage.role, by_user(taker)))));
    let stands = |claims: &SessionClaims| {
        let key = SessionKeyId::random(&stage.house.entropy);
        stage.house.directory.open_session(key, claims.clone(), NOW).is_ok()
    };
    assert!(!stands(&chained));
    stage.tag("team", "red");
    assert!(stands(&chained) && !stands(&taken(second, by_user(taker))));
    stage.untag("team");
    assert!(!stands(&chained));
}

#[test]
fn what_a_policy_asks_for_only_who_administers_ram_puts_on() {
    let stage = Stage::new("acs:ram:*:*:user/${acs:PrincipalTag/team}-*");
    let (house, people) = (&stage.house, &stage.house.one.people);
    let (clerk, ram) = (house.user(people.management), house.user(people.ram));
    let root = house.caller(&house.one, Principal::Root);
    for caller in [&root, &ram] {
        assert_eq!(stage.may_tag(caller, &["team", "stage"]), Ok(()));
    }
    let refused = Err(Reason::HandOut);
    assert_eq!(stage.may_tag(&clerk, &["stage", "Team"]), refused);
    assert_eq!(stage.may_tag(&clerk, &["stage", "teams"]), Ok(()));
    assert_eq!(stage.may_tag(&clerk, &[]), Ok(()));
    // Policies of another account ask for nothing here.
    let stranger = house.caller(&house.two, Principal::User(house.two.people.management));
    assert_eq!(stage.may_tag(&stranger, &["team"]), Ok(()));
    // A condition asks too, of a trust policy as of any other, and so do its variables; not in the standard language.
    let asks = |condition: &str| {
        let role =
            put_role(house.one.id, RoleId::random(&house.entropy), "Other", &trust(house.one.id, condition));
        house.apply(vec![role]);
    };
    asks(r#"{"Null":{"acs:PrincipalTag/stage":"true"}}"#);
    assert_eq!(stage.may_tag(&clerk, &["stage"]), refused);
    assert_eq!(stage.may_tag(&clerk, &["owner"]), Ok(()));
    asks(r#"{"StringEquals":{"sts:ExternalId":"${acs:principaltag/owner}"}}"#);
    assert_eq!(stage.may_tag(&clerk, &["owner"]), refused);
    let standard =
        r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"${acs:PrincipalTag/shift}*",
        "Condition":{"StringEquals":{"acs:PrincipalTag/shift":"night"}}}]}"#
            .replace("${", "acs:${");
    house.apply(vec![put_policy(house.one.id, "standard", &standard)]);
    assert_eq!(stage.may_tag(&clerk, &["shift"]), Ok(()));
}

/// A role that is made may be who a policy means, by its tags or by its name.
#[test]
fn what_a_policy_asks_for_no_new_role_is_either() {
    let stage = Stage::new("acs:ram:*:*:user/${acs:PrincipalTag/team}-*");
    let (house, account) = (&stage.house, stage.house.one.id);
    let (clerk, ram) = (house.user(house.one.people.management), house.user(house.one.people.ram));
    let stranger = house.caller(&house.two, Principal::User(house.two.people.management));
    let may = |caller: &Caller, name: &str, keys: &[TagKey]| {
        let name = RoleName::parse("RoleName", name).unwrap();
        let scope = RamScope::role(caller.account, "*");
        let may = house.directory.may_name_role::<CreateRole>(caller, &scope, &name, keys);
        may.map_err(|refusal| refusal.reason)
    };
    let refused = Err(Reason::HandOut);
    assert_eq!(may(&clerk, "new", &[key("stage")]), Ok(()));
    assert_eq!(may(&clerk, "new", &[key("team")]), refused);
    assert_eq!(may(&ram, "new", &[key("team")]), Ok(()));
    // Saved when there was such a role; whoever makes another of the name would take over its trust.
    let named = trust(account, "{}").replace("root", "role/Gone");
    house.apply(vec![put_role(account, RoleId::random(&house.entropy), "Second", &named)]);
    assert_eq!(may(&clerk, "gONE", &[]), refused);
    assert_eq!((may(&clerk, "new", &[]), may(&ram, "gone", &[])), (Ok(()), Ok(())));
    let pattern = trust(account, r#"{"StringLike":{"acs:principalARN":"*:role/dev-*"}}"#);
    house.apply(vec![put_role(account, RoleId::random(&house.entropy), "Third", &pattern)]);
    assert_eq!(may(&clerk, "dev-1", &[]), refused);
    assert_eq!((may(&ram, "dev-1", &[]), may(&stranger, "dev-1", &[])), (Ok(()), Ok(())));
}
