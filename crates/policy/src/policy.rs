//! A compiled policy: small, immutable, meant to be shared by reference among all principals that carry it.

use std::fmt;

use crate::action::{Action, ActionCatalogue, ActionSet, Outline, Sketch};
use crate::condition::Test;
use crate::error::PolicyError;
use crate::glob::Glob;
use crate::parse;
use crate::reach::Reach;
use crate::template::Template;

/// What a statement does when it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Effect {
    /// Lets the request through unless a Deny applies.
    Allow,
    /// Refuses the request whatever else applies.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// A policy, compiled against a catalogue. What evaluation touches first stands first: the outline, so that a policy
/// which has nothing to say, or says the same whatever the resource, is done with after one cache line.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Policy {
    outline: Outline,
    /// One cache line each.
    rules: Box<[Rule]>,
    details: Box<[Detail]>,
    denies: bool,
}

/// What evaluation reads of a statement; for most there is no need to look any further.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Rule {
    actions: ActionSet,
    pub(crate) effect: Effect,
    /// Whether it applies to every resource.
    pub(crate) any_resource: bool,
    pub(crate) unconditional: bool,
}

/// The rest of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Whether `actions` are those that the statement does *not* apply to.
    pub(crate) inverted: bool,
    pub(crate) actions: Box<[Glob]>,
    pub(crate) resources: Reach,
    pub(crate) tests: Box<[Test]>,
}

impl Policy {
    /// Parses and compiles a policy document: `"Version": "1"` is the language of the real service, `"1-extended"` the
    /// extended one. The size limit is the caller's.
    ///
    /// # Errors
    /// With the place and the reason when the document is not a valid policy.
    pub fn parse(document: &str, actions: &ActionCatalogue) -> Result<Self, PolicyError> {
        let mut outline = Outline::new(actions.fingerprint());
        let mut denies = false;
        let (mut rules, mut details) = (Vec::new(), Vec::new());
        for statement in parse::parse(document)? {
            let effect = statement.effect;
            let detail = Detail {
                inverted: statement.inverted,
                actions: statement.actions,
                resources: statement.resources,
                tests: statement.tests,
            };
            let rule = Rule {
                actions: actions.select(|name| detail.has_action(name)),
                effect,
                any_resource: detail.resources.is_any(),
                unconditional: detail.tests.is_empty(),
            };
            let certain = rule.any_resource && rule.unconditional;
            outline.add(
                &rule.actions,
                match (effect, certain) {
                    (Effect::Allow, true) => Sketch::ALLOWS,
                    (Effect::Allow, false) => Sketch::MAY_ALLOW,
                    (Effect::Deny, true) => Sketch::DENIES,
                    (Effect::Deny, false) => Sketch::MAY_DENY,
                },
            );
            denies |= effect == Effect::Deny;
            rules.push(rule);
            details.push(detail);
        }
        Ok(Self { outline, rules: rules.into(), details: details.into(), denies })
    }

    /// How many statements it has.
    pub fn statement_count(&self) -> usize {
        self.rules.len()
    }

    /// The effect of a statement, by its index in the document.
    pub fn effect(&self, statement: usize) -> Option<Effect> {
        self.rules.get(statement).map(|rule| rule.effect)
    }

    /// The key of a condition, as a [`crate::ConditionError`] counts them.
    pub fn condition_key(&self, statement: usize, condition: usize) -> Option<&str> {
        Some(&self.details.get(statement)?.tests.get(condition)?.key)
    }

    /// The condition keys whose values it reads, in conditions and as variables; some more than once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.details.iter().flat_map(|detail| {
            let in_resources = detail.resources.templates.iter().flat_map(Template::keys);
            detail.tests.iter().flat_map(Test::keys).chain(in_resources)
        })
    }

    /// Whether it holds a Deny.
    pub fn has_deny(&self) -> bool {
        self.denies
    }

    /// Whether every Deny of another policy stands in this one too, written alike. One that is narrower is another
    /// one, and so is one that is wider.
    pub fn keeps_denies_of(&self, other: &Self) -> bool {
        let denies = |policy: &Self, wanted: &Detail| {
            policy.statements().any(|(effect, detail)| effect == Effect::Deny && detail == wanted)
        };
        other.statements().all(|(effect, detail)| effect != Effect::Deny || denies(self, detail))
    }

    /// The action's bit in this policy's sets, if it has one.
    #[inline]
    pub(crate) fn index_of(&self, action: &Action) -> Option<u16> {
        action.index_in(self.outline.catalogue())
    }

    /// What can be told about an action without its resource and conditions: for an unknown one, nothing.
    #[inline]
    pub(crate) fn sketch(&self, action: &Action) -> Sketch {
        match self.index_of(action) {
            Some(index) => self.outline.of(index),
            None => {
                let mut anything = Sketch::MAY_ALLOW;
                anything.add(Sketch::MAY_DENY);
                anything
            }
        }
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn details(&self) -> &[Detail] {
        &self.details
    }

    /// Each statement with its effect.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (Effect, &Detail)> {
        self.rules.iter().map(|rule| rule.effect).zip(&self.details)
    }
}

impl Rule {
    #[inline]
    pub(crate) fn has_known(&self, index: u16) -> bool {
        self.actions.contains(index)
    }
}

impl Detail {
    /// Whether the statement applies to the action, by name.
    pub(crate) fn has_action(&self, name: &str) -> bool {
        self.actions.iter().any(|glob| glob.matches_ignore_ascii_case(name)) != self.inverted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_part_is_compact() {
        assert_eq!(size_of::<Rule>(), 64);
        assert_eq!(size_of::<Policy>(), 256);
    }

    #[test]
    fn denies_are_kept_only_when_they_are_written_alike() {
        let catalogue = ActionCatalogue::new(["a:B"]).unwrap();
        let policy = |statements: &[&str]| {
            let text = format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","));
            Policy::parse(&text, &catalogue).unwrap()
        };
        let allow = r#"{"Effect":"Allow","Action":"a:B","Resource":"*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"a:B","Resource":"*"}"#;
        let narrower = r#"{"Effect":"Deny","Action":"a:B","Resource":"acs:a:*:*:x"}"#;
        let at_times = r#"{"Effect":"Deny","Action":"a:B","Resource":["*"],"Condition":{"Bool":{"acs:MFAPresent":"false"}}}"#;
        let before = policy(&[allow, deny]);
        assert!(before.has_deny() && !policy(&[allow]).has_deny());
        for (after, kept) in [
            (policy(&[deny]), true),
            (policy(&[at_times, r#"{"Effect":"Deny","Action":["a:B"],"Resource":["*"]}"#]), true),
            (policy(&[allow]), false),
            (policy(&[narrower]), false),
            (policy(&[at_times]), false),
        ] {
            assert_eq!(after.keeps_denies_of(&before), kept, "{after:?}");
        }
        assert!(policy(&[allow]).keeps_denies_of(&policy(&[allow])));
        // The same text says something else in the other language, unless nothing in it differs.
        let own = r#"{"Effect":"Deny","Action":"a:B","Resource":"acs:a:*:*:${x:y}"}"#;
        let red = r#"{"Effect":"Deny","Action":"a:B","Resource":"*","Condition":{"StringLike":{"acs:PrincipalTag/t":"*"}}}"#;
        let extended = |statement: &str| {
            let text = format!(r#"{{"Version":"1-extended","Statement":[{statement}]}}"#);
            Policy::parse(&text, &catalogue).unwrap()
        };
        for (statement, same) in [(deny, true), (own, false), (red, false)] {
            assert!(extended(statement).keeps_denies_of(&extended(statement)));
            assert_eq!(policy(&[statement]).keeps_denies_of(&extended(statement)), same, "{statement}");
            assert_eq!(extended(statement).keeps_denies_of(&policy(&[statement])), same, "{statement}");
        }
    }

    #[test]
    fn statements_and_keys_have_names() {
        let catalogue = ActionCatalogue::new(["a:B"]).unwrap();
        let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}]}"#;
        let policy = Policy::parse(document, &catalogue).unwrap();
        assert_eq!(policy.statement_count(), 2);
        assert_eq!((policy.effect(1), policy.effect(2)), (Some(Effect::Deny), None));
        assert_eq!(policy.condition_key(1, 0), Some("acs:MFAPresent"));
        assert_eq!((policy.condition_key(1, 1), policy.condition_key(0, 0)), (None, None));
    }
}
