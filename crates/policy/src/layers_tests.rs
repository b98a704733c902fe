//! Tests of `layers`.

use super::*;

const ALLOW: Verdict = Verdict::Allow { policy: 3, statement: 4 };
const DENY: Verdict = Verdict::ExplicitDeny { policy: 1, statement: 2, error: None };
const NEITHER: Verdict = Verdict::ImplicitDeny;

fn decide(verdicts: Verdicts<'_>) -> (Layer, Verdict) {
    let decided = combine(&verdicts);
    assert_eq!(decided.is_allowed(), decided.verdict.is_allowed());
    (decided.layer, decided.verdict)
}

#[test]
fn nothing_allows_nothing() {
    for combination in [Combination::Either, Combination::Both, Combination::ResourceAlone] {
        assert_eq!(decide(Verdicts { combination, ..Verdicts::NONE }).1, NEITHER);
    }
}

#[test]
fn ceilings_are_final_unless_they_allow() {
    let open = Verdicts { identity: ALLOW, resource: Some(ALLOW), ..Verdicts::NONE };
    for verdict in [DENY, NEITHER] {
        let session = Some(verdict);
        assert_eq!(decide(Verdicts { session, ..open }), (Layer::Session, verdict));
        assert_eq!(decide(Verdicts { boundary: session, ..open }), (Layer::Boundary, verdict));
        let both = Verdicts { session, boundary: Some(DENY), ..open };
        assert_eq!(decide(both), (Layer::Session, verdict));
        let control = [ALLOW, verdict, DENY];
        let decided = combine(&Verdicts { control: &control, session, ..open });
        assert_eq!((decided.layer, decided.level, decided.verdict), (Layer::Control, 1, verdict));
    }
    let all = Verdicts { control: &[ALLOW, ALLOW], session: Some(ALLOW), boundary: Some(ALLOW), ..open };
    assert_eq!(decide(all), (Layer::Identity, ALLOW));
    // A ceiling gives nothing.
    let none = Verdicts { identity: NEITHER, resource: None, ..all };
    assert_eq!(decide(none), (Layer::Identity, NEITHER));
}

#[test]
fn a_deny_of_any_scope_and_any_side_decides() {
    for (identity, resource_group, resource, expected) in [
        (ALLOW, Some(DENY), None, (Layer::ResourceGroup, DENY)),
        (DENY, Some(ALLOW), None, (Layer::Identity, DENY)),
        (NEITHER, Some(ALLOW), None, (Layer::ResourceGroup, ALLOW)),
        (ALLOW, Some(NEITHER), None, (Layer::Identity, ALLOW)),
        (NEITHER, Some(NEITHER), None, (Layer::Identity, NEITHER)),
        (ALLOW, None, Some(DENY), (Layer::Resource, DENY)),
        (NEITHER, Some(DENY), Some(ALLOW), (Layer::ResourceGroup, DENY)),
        (NEITHER, None, Some(ALLOW), (Layer::Resource, ALLOW)),
        (ALLOW, None, Some(NEITHER), (Layer::Identity, ALLOW)),
    ] {
        let verdicts = Verdicts { identity, resource_group, resource, ..Verdicts::NONE };
        assert_eq!(decide(verdicts), expected, "{verdicts:?}");
    }
}

#[test]
fn taking_a_role_needs_both_sides_and_signing_on_only_the_role() {
    for (identity, resource, both, alone) in [
        (ALLOW, Some(ALLOW), (Layer::Identity, ALLOW), (Layer::Resource, ALLOW)),
        (ALLOW, None, (Layer::Resource, NEITHER), (Layer::Resource, NEITHER)),
        (ALLOW, Some(NEITHER), (Layer::Resource, NEITHER), (Layer::Resource, NEITHER)),
        (NEITHER, Some(ALLOW), (Layer::Identity, NEITHER), (Layer::Resource, ALLOW)),
        (NEITHER, Some(NEITHER), (Layer::Identity, NEITHER), (Layer::Resource, NEITHER)),
        (NEITHER, Some(DENY), (Layer::Resource, DENY), (Layer::Resource, DENY)),
        (DENY, Some(ALLOW), (Layer::Identity, DENY), (Layer::Resource, ALLOW)),
        (ALLOW, Some(DENY), (Layer::Resource, DENY), (Layer::Resource, DENY)),
    ] {
        let verdicts = Verdicts { identity, resource, combination: Combination::Both, ..Verdicts::NONE };
        assert_eq!(decide(verdicts), both, "{verdicts:?}");
        let verdicts = Verdicts { combination: Combination::ResourceAlone, ..verdicts };
        assert_eq!(decide(verdicts), alone, "{verdicts:?}");
    }
}

#[test]
fn kinds_have_the_names_of_the_wire() {
    assert_eq!(Layer::Resource.policy_type(), "AssumeRolePolicy");
    assert_eq!(Layer::Identity.policy_type(), "AccountLevelIdentityBasedPolicy");
    assert_eq!(Layer::Boundary.to_string(), "permission boundary");
}
