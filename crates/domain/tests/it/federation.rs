//! Taking roles on the word of an OIDC provider, and everything that ends what was taken.

use std::sync::Arc;

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::id::{OidcProviderId, RoleId, SessionKeyId};
use bailey_domain::name::{OidcProviderName, RoleName, RoleSessionName};
use bailey_domain::operations::{
    AddClientIdToOIDCProvider, AssumeRole, AssumeRoleWithOIDC, CreateWorkspace, GetCallerIdentity, GetUser,
};
use bailey_domain::role::{Federated, SessionClaims, SessionRefused, Taker};
use bailey_domain::scope::{Assumption, RamScope, WholeAccount};
use bailey_domain::{AccountId, Caller, Principal, Reason};

use crate::house::{House, NOW, attached, policy_name, session_claims};

const ISSUER: &str = "https://issuer.example";

/// A role `operator` with AliyunRAMReadOnlyAccess that trusts the provider `corp` for one audience and some subjects.
struct Stage {
    house: House,
    role: RoleId,
    provider: OidcProviderId,
}

fn trust(account: AccountId, action: &str) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Principal":{{"Federated":["acs:ram::{account}:oidc-provider/corp"]}},
            "Condition":{{"StringEquals":{{"oidc:iss":"{ISSUER}","oidc:aud":"bailey"}},"StringLike":{{"oidc:sub":"repo:corp/*"}}}}}}]}}"#
    )
}

impl Stage {
    fn new() -> Self {
        let house = House::new();
        let (role, provider) = (RoleId::random(&house.entropy), OidcProviderId::random(&house.entropy));
        let stage = Self { house, role, provider };
        let account = stage.house.one.id;
        stage.house.apply(vec![
            stage.put(ISSUER, &["bailey", "second"]),
            stage.role(&trust(account, "sts:AssumeRole")),
            Change::Attached {
                account,
                to: Attachee::Role(role),
                policy_type: PolicyType::System,
                policy: policy_name("AliyunRAMReadOnlyAccess"),
                workspace: None,
            },
        ]);
        stage
    }

    fn put(&self, issuer: &str, client_ids: &[&str]) -> Change {
        self.put_as(self.provider, issuer, client_ids)
    }

    fn put_as(&self, provider: OidcProviderId, issuer: &str, client_ids: &[&str]) -> Change {
        Change::OidcProvider {
            account: self.house.one.id,
            provider,
            name: OidcProviderName::parse("name", "corp").unwrap(),
            issuer: issuer.to_owned(),
            client_ids: client_ids.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    fn role(&self, trust: &str) -> Change {
        let name = RoleName::parse("RoleName", "Operator").unwrap();
        Change::Role { account: self.house.one.id, role: self.role, name, trust: trust.to_owned() }
    }

    fn said(&self, subject: &str, audience: &[&str]) -> Federated {
        Federated {
            provider: self.provider,
            issuer: ISSUER.to_owned(),
            subject: subject.to_owned(),
            audience: audience.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    fn caller(&self, said: Federated) -> Caller {
        let principal = Principal::Federated(said.provider);
        Caller { federated: Some(Arc::new(said)), ..self.house.caller(&self.house.one, principal) }
    }

    fn scope(&self, role: Option<RoleId>) -> Assumption {
        Assumption { role, external_id: None, resource: RamScope::role(self.house.one.id, "operator") }
    }

    fn may_take(&self, said: Federated) -> Result<(), Reason> {
        self.house.may::<AssumeRoleWithOIDC>(&self.caller(said), self.scope(Some(self.role)))
    }

    fn claims(&self) -> SessionClaims {
        let by = Taker::Federated(self.said("repo:corp/app", &["bailey"]));
        let name = RoleSessionName::parse("RoleSessionName", "build-7").unwrap();
        SessionClaims { name, ..session_claims(self.house.one.id, self.role, by) }
    }

    fn open(&self) -> Result<Caller, SessionRefused> {
        let key = SessionKeyId::random(&self.house.entropy);
        let session = self.house.directory.open_session(key, self.claims(), NOW)?;
        let caller = self.house.caller(&self.house.one, Principal::Role(self.role));
        Ok(Caller { role_session: Some(session.into()), ..caller })
    }
}

#[test]
fn the_trust_policy_alone_decides() {
    let stage = Stage::new();
    let account = stage.house.one.id;
    let good = || stage.said("repo:corp/app", &["bailey"]);
    assert_eq!(stage.may_take(good()), Ok(()));
    assert_eq!(stage.may_take(stage.said("repo:other/app", &["bailey"])), Err(Reason::NotTrusted));
    assert_eq!(stage.may_take(stage.said("repo:corp/app", &["second"])), Err(Reason::NotTrusted));
    assert_eq!(stage.may_take(stage.said("repo:corp/app", &["second", "bailey"])), Ok(()));
    // What is no client id of the provider any more counts for nothing.
    assert_eq!(stage.may_take(stage.said("repo:corp/app", &["other"])), Err(Reason::IdentityGone));
    assert_eq!(stage.may_take(stage.said("repo:corp/app", &[])), Err(Reason::IdentityGone));
    let other = Federated { issuer: "https://other.example".to_owned(), ..good() };
    assert_eq!(stage.may_take(other), Err(Reason::IdentityGone));
    let absent = stage.house.may::<AssumeRoleWithOIDC>(&stage.caller(good()), stage.scope(None));
    assert_eq!(absent, Err(Reason::NotTrusted));
    for (action, expected) in
        [("sts:AssumeRoleWithOIDC", Ok(())), ("sts:AssumeRoleWithSAML", Err(Reason::NotTrusted))]
    {
        stage.house.apply(vec![stage.role(&trust(account, action))]);
        assert_eq!(stage.may_take(good()), expected, "{action}");
    }
    // Another account's role that names the provider is none.
    let elsewhere = Caller { account: stage.house.two.id, ..stage.caller(good()) };
    let scope = stage.scope(Some(stage.role));
    assert_eq!(stage.house.may::<AssumeRoleWithOIDC>(&elsewhere, scope), Err(Reason::IdentityGone));
}

#[test]
fn a_token_is_for_taking_roles_and_nothing_else() {
    let stage = Stage::new();
    let caller = stage.caller(stage.said("repo:corp/app", &["bailey"]));
    assert_eq!(stage.house.may::<GetCallerIdentity>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
    assert_eq!(stage.house.may::<CreateWorkspace>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
    let scope = stage.scope(Some(stage.role));
    assert_eq!(stage.house.may::<AssumeRole>(&caller, scope.clone()), Err(Reason::ImplicitDeny));
    // And nobody else takes them like that: not root, and not a user whom the role trusts.
    let account = stage.house.one.id;
    let everybody = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":"acs:ram::{account}:root"}}}}]}}"#
    );
    stage.house.apply(vec![stage.role(&everybody)]);
    let root = stage.house.caller(&stage.house.one, Principal::Root);
    for caller in [root, stage.house.user(stage.house.one.people.nobody), caller] {
        assert_eq!(stage.house.may::<AssumeRoleWithOIDC>(&caller, scope.clone()), Err(Reason::NotTrusted));
    }
}

#[test]
fn a_session_acts_as_the_role_and_ends_with_what_it_stands_on() {
    let stage = Stage::new();
    let session = stage.open().unwrap();
    let alice = RamScope::user(stage.house.one.id, "alice");
    assert_eq!(stage.house.may::<GetUser>(&session, alice), Ok(()));
    assert_eq!(session.actor(), format!("role:{}:build-7", stage.role));
    type End = fn(&Stage) -> Vec<Change>;
    let ends: [(&str, End); 6] =
        [
            ("the provider is deleted", |stage| vec![Change::OidcProviderGone { provider: stage.provider }]),
            ("another provider gets its name", |stage| {
                let other = OidcProviderId::random(&stage.house.entropy);
                vec![
                    Change::OidcProviderGone { provider: stage.provider },
                    stage.put_as(other, ISSUER, &["bailey", "second"]),
                ]
            }),
            ("the provider has another issuer", |stage| {
                vec![stage.put("https://other.example", &["bailey", "second"])]
            }),
            ("the client id is taken away", |stage| vec![stage.put(ISSUER, &["second"])]),
            ("the role is deleted", |stage| vec![Change::RoleGone { role: stage.role }]),
            ("the role trusts others", |stage| {
                vec![stage.role(
                    &trust(stage.house.one.id, "sts:AssumeRole").replace("repo:corp/*", "repo:corp/b*"),
                )]
            }),
        ];
    for (what, end) in ends {
        let stage = Stage::new();
        assert!(stage.open().is_ok(), "before {what}");
        stage.house.apply(end(&stage));
        assert_eq!(stage.open().unwrap_err(), SessionRefused::Ended, "{what}");
    }
    stage.house.apply(vec![stage.put(ISSUER, &["bailey"])]);
    assert!(stage.open().is_ok(), "a client id that it was not taken for is gone");
}

#[test]
fn records_show_a_harmless_form_of_the_subject() {
    let stage = Stage::new();
    let caller = stage.caller(stage.said("repo:corp/app\n{\"x\":1} é", &["bailey"]));
    let provider = stage.provider;
    assert_eq!(caller.actor(), format!("oidc-provider:{provider}:repo_corp/app___x__1___"));
    assert_eq!(stage.said(&"a".repeat(255), &[]).shown_subject().len(), 128);
}

#[test]
fn who_widens_a_provider_holds_what_the_roles_give_that_trust_it() {
    let stage = Stage::new();
    let (house, account) = (&stage.house, stage.house.one.id);
    let name = OidcProviderName::parse("name", "CORP").unwrap();
    let other = OidcProviderName::parse("name", "other").unwrap();
    let scope = RamScope::oidc_provider(account, "corp");
    let may = |user, name: &OidcProviderName| {
        let caller = house.user(user);
        house.directory.may_widen_oidc_provider::<AddClientIdToOIDCProvider>(&caller, &scope, name).is_ok()
    };
    let nobody = house.one.people.nobody;
    assert!(!may(nobody, &name), "the role gives what the caller has not");
    assert!(may(nobody, &other), "nothing trusts this one");
    house.apply(vec![attached(account, nobody, PolicyType::System, "AliyunRAMReadOnlyAccess")]);
    assert!(may(nobody, &name));
}
