//! Taking roles, and everything that ends what was taken.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::id::{RoleId, SessionKeyId};
use bailey_domain::name::RoleName;
use bailey_domain::operations::{AssumeRole, CreateWorkspace, GetUser, UpdateRole};
use bailey_domain::role::{SessionClaims, SessionRefused, Taken, Taker};
use bailey_domain::scope::{Assumption, RamScope, WholeAccount};
use bailey_domain::{AccessKeyId, Caller, Principal, Reason, UserId};

use crate::house::{House, NOW, attached, document, policy_name, session_claims};

/// A role `operator` with AliyunRAMReadOnlyAccess that trusts its whole account, `nobody` with the right to take it and
/// an access key to sign with.
struct Stage {
    house: House,
    role: RoleId,
    taker: UserId,
    key: AccessKeyId,
}

fn trust(principal: &str) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":["{principal}"]}}}}]}}"#
    )
}

impl Stage {
    fn new() -> Self {
        let house = House::new();
        let (account, taker) = (house.one.id, house.one.people.nobody);
        let (role, key) = (RoleId::random(&house.entropy), AccessKeyId::random(&house.entropy));
        let stage = Self { house, role, taker, key };
        stage.house.apply(vec![
            stage.put(role, "Operator", &trust(&format!("acs:ram::{account}:root"))),
            stage.attached_to_role(role, "AliyunRAMReadOnlyAccess"),
            attached(account, taker, PolicyType::System, "AliyunSTSAssumeRoleAccess"),
            stage.access_key(true),
        ]);
        stage
    }

    fn put(&self, role: RoleId, name: &str, trust: &str) -> Change {
        let name = RoleName::parse("RoleName", name).unwrap();
        Change::Role { account: self.house.one.id, role, name, trust: trust.to_owned() }
    }

    fn attached_to_role(&self, role: RoleId, policy: &str) -> Change {
        Change::Attached {
            account: self.house.one.id,
            to: Attachee::Role(role),
            policy_type: PolicyType::System,
            policy: policy_name(policy),
            workspace: None,
        }
    }

    fn access_key(&self, active: bool) -> Change {
        Change::AccessKey {
            account: self.house.one.id,
            access_key: self.key,
            owner: Principal::User(self.taker),
            active,
            sealed_secret: String::new(),
        }
    }

    fn scope(&self, role: RoleId, external_id: Option<&str>) -> Assumption {
        Assumption {
            role: Some(role),
            external_id: external_id.map(str::to_owned),
            resource: RamScope::role(self.house.one.id, "operator"),
        }
    }

    fn may_take(&self, caller: &Caller, external_id: Option<&str>) -> Result<(), Reason> {
        self.house.may::<AssumeRole>(caller, self.scope(self.role, external_id))
    }

    fn claims(&self) -> SessionClaims {
        session_claims(
            self.house.one.id,
            self.role,
            Taker::User { user: self.taker, access_key: Some(self.key) },
        )
    }

    /// Opens a session and gives whoever acts in it.
    fn open(&self, claims: &SessionClaims, now_ms: i64) -> Result<Caller, SessionRefused> {
        let key = SessionKeyId::random(&self.house.entropy);
        let session = self.house.directory.open_session(key, claims.clone(), now_ms)?;
        let principal = Principal::Role(claims.role);
        let caller = self.house.caller(&self.house.one, principal);
        Ok(Caller { role_session: Some(session.into()), ..caller })
    }
}

#[test]
fn a_session_acts_with_the_roles_policies_and_nothing_of_its_takers() {
    let stage = Stage::new();
    let session = stage.open(&stage.claims(), NOW).unwrap();
    let alice = RamScope::user(stage.house.one.id, "alice");
    assert_eq!(stage.house.may::<GetUser>(&session, alice), Ok(()));
    assert_eq!(stage.house.may::<CreateWorkspace>(&session, WholeAccount), Err(Reason::ImplicitDeny));
    // The taker may take roles, the role may not.
    assert_eq!(stage.may_take(&session, None), Err(Reason::ImplicitDeny));
    assert_eq!(session.display_name(), "operator:night-shift");
    assert_eq!(session.actor(), format!("role:{}:night-shift", stage.role));
}

#[test]
fn both_sides_must_allow_and_root_takes_no_role() {
    let stage = Stage::new();
    let (house, people) = (&stage.house, &stage.house.one.people);
    assert_eq!(stage.may_take(&house.user(stage.taker), None), Ok(()));
    assert_eq!(stage.may_take(&house.user(people.member), None), Err(Reason::ImplicitDeny));
    assert_eq!(stage.may_take(&house.caller(&house.one, Principal::Root), None), Err(Reason::NotTrusted));
    let only = trust(&format!("acs:ram::{}:user/USER-1", house.one.id));
    house.apply(vec![stage.put(stage.role, "Operator", &only)]);
    assert_eq!(stage.may_take(&house.user(stage.taker), None), Err(Reason::NotTrusted));
    house.apply(vec![attached(house.one.id, people.member, PolicyType::System, "AliyunSTSAssumeRoleAccess")]);
    assert_eq!(stage.may_take(&house.user(people.member), None), Ok(()));
    // A role of another account is no role: not even one that trusts it.
    let stranger = house.caller(&house.two, Principal::User(house.two.people.nobody));
    house.apply(vec![
        attached(house.two.id, house.two.people.nobody, PolicyType::System, "AliyunSTSAssumeRoleAccess"),
        stage.put(stage.role, "Operator", &trust(&format!("acs:ram::{}:root", house.two.id))),
    ]);
    assert_eq!(stage.may_take(&stranger, None), Err(Reason::NotTrusted));
}

#[test]
fn an_external_id_that_the_role_asks_for_must_be_given() {
    let stage = Stage::new();
    let asks = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":"acs:ram::{}:root"}},"Condition":{{"StringEquals":{{"sts:ExternalId":"one"}}}}}}]}}"#,
        stage.house.one.id
    );
    stage.house.apply(vec![stage.put(stage.role, "Operator", &asks)]);
    let taker = stage.house.user(stage.taker);
    assert_eq!(stage.may_take(&taker, None), Err(Reason::NotTrusted));
    assert_eq!(stage.may_take(&taker, Some("two")), Err(Reason::NotTrusted));
    assert_eq!(stage.may_take(&taker, Some("one")), Ok(()));
    // What was given when the role was taken counts for as long as the session lives.
    let mut claims = stage.claims();
    assert_eq!(stage.open(&claims, NOW).unwrap_err(), SessionRefused::Ended);
    claims.taken.external_id = Some("one".to_owned());
    assert!(stage.open(&claims, NOW).is_ok());
}

#[test]
fn a_session_ends_with_everything_that_it_stands_on() {
    type End = fn(&Stage) -> Vec<Change>;
    let ends: [(&str, End); 7] = [
        ("the role is deleted", |stage| vec![Change::RoleGone { role: stage.role }]),
        ("another role gets its name", |stage| {
            let account = stage.house.one.id;
            let other = RoleId::random(&stage.house.entropy);
            vec![
                Change::RoleGone { role: stage.role },
                stage.put(other, "Operator", &trust(&format!("acs:ram::{account}:root"))),
            ]
        }),
        ("the taker is deleted", |stage| vec![Change::UserGone { user: stage.taker }]),
        ("the key is switched off", |stage| vec![stage.access_key(false)]),
        ("the key is deleted", |stage| vec![Change::AccessKeyGone { access_key: stage.key }]),
        ("the role trusts somebody else", |stage| {
            vec![stage.put(
                stage.role,
                "Operator",
                &trust(&format!("acs:ram::{}:user/user-1", stage.house.one.id)),
            )]
        }),
        ("the taker may take no roles any more", |stage| {
            vec![Change::Detached {
                account: stage.house.one.id,
                to: Attachee::User(stage.taker),
                policy_type: PolicyType::System,
                policy: policy_name("AliyunSTSAssumeRoleAccess"),
                workspace: None,
            }]
        }),
    ];
    for (what, end) in ends {
        let stage = Stage::new();
        assert!(stage.open(&stage.claims(), NOW).is_ok(), "before {what}");
        stage.house.apply(end(&stage));
        assert_eq!(stage.open(&stage.claims(), NOW).unwrap_err(), SessionRefused::Ended, "{what}");
    }
    let stage = Stage::new();
    let claims = stage.claims();
    assert!(stage.open(&claims, claims.expires_at_ms - 1).is_ok());
    assert_eq!(stage.open(&claims, claims.expires_at_ms).unwrap_err(), SessionRefused::Expired);
}

#[test]
fn a_role_that_loses_its_policies_starves_its_sessions() {
    let stage = Stage::new();
    let session = stage.open(&stage.claims(), NOW).unwrap();
    stage.house.apply(vec![Change::Detached {
        account: stage.house.one.id,
        to: Attachee::Role(stage.role),
        policy_type: PolicyType::System,
        policy: policy_name("AliyunRAMReadOnlyAccess"),
        workspace: None,
    }]);
    let alice = RamScope::user(stage.house.one.id, "alice");
    assert_eq!(stage.house.may::<GetUser>(&session, alice), Err(Reason::ImplicitDeny));
}

#[test]
fn a_session_policy_narrows_and_never_widens() {
    let stage = Stage::new();
    let ask = |policy: String, name: &str| {
        let claims = SessionClaims { policy: Some(policy), ..stage.claims() };
        let session = stage.open(&claims, NOW).unwrap();
        let answer = stage.house.may::<GetUser>(&session, RamScope::user(stage.house.one.id, name));
        (answer, stage.house.may::<CreateWorkspace>(&session, WholeAccount))
    };
    let nothing = Err(Reason::ImplicitDeny);
    assert_eq!(ask(document("Allow", "*"), "alice"), (Ok(()), nothing));
    assert_eq!(ask(document("Allow", "modelstudio:*"), "alice"), (nothing, nothing));
    let (one, _) = ask(
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"ram:GetUser","Resource":"acs:ram:*:{}:user/alice"}}]}}"#,
            stage.house.one.id
        ),
        "alice",
    );
    assert_eq!(one, Ok(()));
    assert_eq!(ask(document("Deny", "ram:GetUser"), "alice").0, Err(Reason::ExplicitDeny));
}

#[test]
fn a_role_taken_from_a_role_stands_on_both() {
    let stage = Stage::new();
    let (account, second) = (stage.house.one.id, RoleId::random(&stage.house.entropy));
    stage.house.apply(vec![
        stage.put(second, "Second", &trust(&format!("acs:ram::{account}:role/operator"))),
        stage.attached_to_role(stage.role, "AliyunSTSAssumeRoleAccess"),
        stage.attached_to_role(second, "AliyunRAMReadOnlyAccess"),
    ]);
    let first = SessionClaims { expires_at_ms: NOW + 1, ..stage.claims() };
    let chained = SessionClaims {
        role: second,
        taken: Taken { by: Taker::Session(Box::new(first.clone())), ..first.taken },
        ..stage.claims()
    };
    assert_eq!(chained.depth(), 2);
    assert!(stage.open(&chained, NOW).is_ok());
    // Even when the first session's own time is over: it was not when the second role was taken.
    assert!(stage.open(&chained, NOW + 1).is_ok());
    stage.house.apply(vec![stage.access_key(false)]);
    assert_eq!(stage.open(&chained, NOW).unwrap_err(), SessionRefused::Ended);
}

#[test]
fn whom_a_role_trusts_is_changed_only_by_who_holds_what_it_gives() {
    let stage = Stage::new();
    let (house, account) = (&stage.house, stage.house.one.id);
    house.apply(vec![
        Change::Policy {
            version: 1,
            account,
            name: policy_name("roles"),
            document: document("Allow", "ram:UpdateRole"),
        },
        attached(account, house.one.people.member, PolicyType::Custom, "roles"),
    ]);
    let scope = RamScope::role(account, "operator");
    let give = |user: UserId| {
        let answer = house.directory.may_give_role::<UpdateRole>(&house.user(user), &scope, stage.role);
        answer.map_err(|refusal| refusal.reason)
    };
    assert_eq!(give(house.one.people.member), Err(Reason::HandOut));
    assert_eq!(give(house.one.people.ram), Ok(()));
    house.apply(vec![attached(
        account,
        house.one.people.member,
        PolicyType::System,
        "AliyunRAMReadOnlyAccess",
    )]);
    assert_eq!(give(house.one.people.member), Ok(()));
}
