//! What the action alone decides, under whatever narrows an identity, is what everything together decides; and no way to
//! a yes asks for memory.

use super::*;
use crate::change::{Change, PolicyType};
use crate::clock::Fixed;
use crate::decision::Chain;
use crate::directory::attached::Attachments;
use crate::directory::authorize::Circumstances;
use crate::id::UserId;
use crate::name::{PolicyName, UserName};
use crate::operations::GetUser;
use crate::rules::Needs;
use crate::scope::{RamScope, Scope as _};

/// Effect, action, resource and condition of one statement each.
const STATEMENTS: [[&str; 4]; 8] = [
    ["Allow", "*", "*", "{}"],
    ["Allow", "ram:Get*", "acs:ram:*:*:user/a*", "{}"],
    ["Allow", "ram:*", "*", r#"{"Bool":{"acs:MFAPresent":"true"}}"#],
    ["Allow", "sfm:*", "*", "{}"],
    ["Deny", "ram:*", "*", "{}"],
    ["Deny", "ram:Get*", "acs:ram:*:*:user/b*", "{}"],
    ["Deny", "ram:*", "*", r#"{"Bool":{"acs:MFAPresent":"true"}}"#],
    ["Deny", "sfm:*", "*", "{}"],
];

fn name(place: usize) -> PolicyName {
    PolicyName::parse("name", &format!("policy-{place}")).unwrap()
}

/// A state with a policy for each statement and, of an Allow of everything with it, another eight.
fn state(account: AccountId, user: UserId) -> State {
    let mut state = State::new();
    let settings = Box::default();
    state.apply(Change::Account { account, settings }).unwrap();
    let alice = UserName::parse("name", "alice").unwrap();
    state.apply(Change::User { account, user, name: alice }).unwrap();
    for place in 0..2 * STATEMENTS.len() {
        let [effect, action, resource, condition] = STATEMENTS[place % STATEMENTS.len()];
        let everything = r#",{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let document = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}","Condition":{condition}}}{}]}}"#,
            if place < STATEMENTS.len() { "" } else { everything }
        );
        state.apply(Change::Policy { account, name: name(place), version: 1, document }).unwrap();
    }
    state
}

#[test]
fn the_action_alone_decides_what_everything_together_does() {
    let entropy = Fixed::seeded(3);
    let (account, user) = (AccountId::random(&entropy), UserId::random(&entropy));
    let mut state = state(account, user);
    let entry = GetUser::entry();
    let action = state.actions[entry.position].clone();
    let slots: Vec<Slot> =
        (0..16).map(|place| state.policy_slot(account, PolicyType::Custom, &name(place)).unwrap()).collect();
    let sessions: Vec<Policy> = slots.iter().map(|slot| state.policies.get(*slot).unwrap().clone()).collect();
    // Places of identity, control policy, boundary and session policy; 16 is none.
    let all = |step: usize| (0..=16).step_by(step);
    let (mut open, mut allowed) = (0, 0);
    for (own, control) in all(1).flat_map(|own| all(1).map(move |control| (own, control))) {
        for (boundary, session) in all(4).flat_map(|one| all(4).map(move |other| (one, other))) {
            let held = &mut state.users.get_mut(&user).unwrap().identity;
            held.policies = Attachments::default();
            slots.get(own).into_iter().for_each(|slot| held.policies.attach(None, *slot));
            held.boundary = slots.get(boundary).copied();
            state.control.remove(&account);
            slots.get(control).into_iter().for_each(|slot| state.attach_control(account, *slot));
            for (who, mfa_present) in [("alice", false), ("bob", false), ("alice", true)] {
                let resource = RamScope::user(account, who);
                let question = Question {
                    account,
                    principal: Principal::User(user),
                    action: &action,
                    needs: &Needs::Policy,
                    workspace: None,
                    subject: None,
                    resources: resource.resources(),
                    duty: None,
                    role: None,
                    federated: None,
                    session: sessions.get(session),
                    circumstances: Circumstances {
                        source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
                        now_ms: 0,
                        secure_transport: false,
                        mfa_present,
                        external_id: None,
                        given: &[],
                    },
                };
                let mut answer = (Ok(()), Chain::default());
                let counted = allocation_counter::measure(|| answer = state.decide(&question));
                let (answer, chain) = answer;
                let identity = state.identity(question.principal).unwrap();
                let mut wanted = Chain::default();
                let verdict = state.layered(identity, &question, None, &mut wanted);
                let case = format!("{own} {control} {boundary} {session} {who} {mfa_present}: {answer:?}");
                assert_eq!(answer.is_ok(), verdict == Foregone::Allow, "{case}");
                assert_eq!((chain.layer(), chain.policy()), (wanted.layer(), wanted.policy()), "{case}");
                open += usize::from(state.is_open_above(identity, &question));
                if answer.is_ok() {
                    allowed += 1;
                    assert_eq!(counted.count_total, 0, "{case}");
                }
            }
        }
    }
    assert!(open > 1000 && allowed > 500, "{open} {allowed}");
}
