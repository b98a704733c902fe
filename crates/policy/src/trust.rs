//! Trust policies: who may take a role.

use crate::condition::{Test, Truth, judge};
use crate::context::Context;
use crate::element::{Scalars, object, short, strings, unknown};
use crate::error::PolicyError;
use crate::evaluate::Verdict;
use crate::explain::{StatementOutcome, outcome};
use crate::glob::Glob;
use crate::json::Json;
use crate::language::Language;
use crate::parse::{each_statement, read_actions, read_effect};
use crate::parse_condition::conditions;
use crate::policy::Effect;
use crate::principal::{Principal, PrincipalKind, TrustedPrincipal};

/// What can be done with a role, and so what a trust policy can be about.
const ACTIONS: [&str; 4] =
    ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:AssumeRoleWithOIDC", "sts:AssumeRoleWithSAML"];

/// What trust policies call taking a role in whatever way: the real service's own samples for identity providers say
/// `sts:AssumeRole` too.
const ANY_WAY: &str = "sts:AssumeRole";

/// The trust policy of a role.
#[derive(Clone, Debug)]
pub struct TrustPolicy {
    statements: Box<[Statement]>,
}

#[derive(Clone, Debug)]
struct Statement {
    effect: Effect,
    inverted: bool,
    actions: Box<[Glob]>,
    principals: Box<[TrustedPrincipal]>,
    tests: Box<[Test]>,
}

/// Somebody wants to take the role.
#[derive(Clone, Copy, Debug)]
pub struct TrustRequest<'a> {
    /// The action, such as `sts:AssumeRole`. A statement about `sts:AssumeRole` holds for
    /// `sts:AssumeRoleWithOIDC` and `sts:AssumeRoleWithSAML` as well.
    pub action: &'a str,
    /// Who.
    pub principal: Principal<'a>,
    /// The values of condition keys, such as `sts:ExternalId`.
    pub context: &'a Context<'a>,
}

impl TrustPolicy {
    /// Parses a trust policy, in the language that its `Version` names. The size limit is the caller's, and so is the check that the users and roles which
    /// [`Self::principals`] tells exist.
    ///
    /// # Errors
    /// With the place and the reason when the document is not a valid trust policy.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let statements = each_statement(document, statement)?;
        Ok(Self { statements: statements.into() })
    }

    /// How many statements it has.
    pub fn statement_count(&self) -> usize {
        self.statements.len()
    }

    /// The effect of a statement, by its index in the document.
    pub fn effect(&self, statement: usize) -> Option<Effect> {
        self.statements.get(statement).map(|statement| statement.effect)
    }

    /// The key of a condition, as a [`crate::ConditionError`] counts them.
    pub fn condition_key(&self, statement: usize, condition: usize) -> Option<&str> {
        Some(&self.statements.get(statement)?.tests.get(condition)?.key)
    }

    /// The condition keys whose values it reads; some more than once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| statement.tests.iter().flat_map(Test::keys))
    }

    /// Everybody whom it names, each with the index of the statement, in document order.
    pub fn principals(&self) -> impl Iterator<Item = (usize, &TrustedPrincipal)> {
        self.statements.iter().enumerate().flat_map(|(index, statement)| {
            statement.principals.iter().map(move |principal| (index, principal))
        })
    }

    /// Decides whether the role trusts somebody. The verdict's policy index is 0; nothing is allocated.
    ///
    /// An error in a condition of a Deny counts as met, one in a condition of an Allow as not met. The owner of an
    /// account is trusted by nobody.
    pub fn evaluate(&self, request: &TrustRequest<'_>) -> Verdict {
        let mut allowed = None;
        for (statement, own) in self.statements.iter().enumerate() {
            let truth = own.applies(request);
            match (own.effect, truth) {
                (_, Truth::NotMet) | (Effect::Allow, Truth::Unknown(_)) => {}
                (Effect::Deny, Truth::Met) => {
                    return Verdict::ExplicitDeny { policy: 0, statement, error: None };
                }
                (Effect::Deny, Truth::Unknown(error)) => {
                    return Verdict::ExplicitDeny { policy: 0, statement, error: Some(error) };
                }
                (Effect::Allow, Truth::Met) => {
                    allowed = allowed.or(Some(Verdict::Allow { policy: 0, statement }));
                }
            }
        }
        allowed.unwrap_or(Verdict::ImplicitDeny)
    }

    /// Tells for every statement whether it applies, and why not.
    pub fn explain(&self, request: &TrustRequest<'_>) -> Vec<StatementOutcome> {
        let statements = self.statements.iter().enumerate();
        statements
            .map(|(index, own)| {
                let matches = [own.has_action(request.action), own.has_principal(&request.principal)];
                outcome((0, index), own.effect, matches, &own.tests, request.context)
            })
            .collect()
    }
}

impl Statement {
    fn applies(&self, request: &TrustRequest<'_>) -> Truth {
        if !self.has_action(request.action) || !self.has_principal(&request.principal) {
            return Truth::NotMet;
        }
        judge(&self.tests, request.context)
    }

    fn has_principal(&self, somebody: &Principal<'_>) -> bool {
        self.principals.iter().any(|principal| principal.names(somebody))
            && (self.effect == Effect::Deny || !somebody.is_owner())
    }

    fn has_action(&self, name: &str) -> bool {
        let listed = |name| self.actions.iter().any(|own| own.matches_ignore_ascii_case(name));
        (listed(name) || (is_a_way(name) && listed(ANY_WAY))) != self.inverted
    }
}

/// Whether this action takes a role on the word of an identity provider.
fn is_a_way(action: &str) -> bool {
    ACTIONS[2..].iter().any(|way| way.eq_ignore_ascii_case(action))
}

fn statement(json: Json, path: &str, language: Language) -> Result<Statement, PolicyError> {
    let (mut effect, mut action, mut not_action, mut principal, mut condition) =
        (None, None, None, None, None);
    for (name, value) in object(json, "a statement", path)? {
        match name.as_str() {
            "Effect" => effect = Some(value),
            "Action" => action = Some(value),
            "NotAction" => not_action = Some(value),
            "Principal" => principal = Some(value),
            "Condition" => condition = Some(value),
            "Resource" => {
                let reason = "does not stand in trust policies, whose resource is the role itself; remove it";
                return Err(PolicyError::at(format!("{path}.Resource"), reason));
            }
            _ => return Err(unknown(path, &name, "Effect, Action, NotAction, Principal and Condition")),
        }
    }
    let effect = read_effect(effect, path)?;
    let (inverted, actions) = read_actions(action, not_action, path, check_action)?;
    let path_of_principal = format!("{path}.Principal");
    let principal = principal.ok_or_else(|| {
        PolicyError::at(path_of_principal.as_str(), "is missing, add it and name who may take the role")
    })?;
    let principals = principals(principal, &path_of_principal)?;
    let tests = conditions(condition, path, language)?;
    Ok(Statement { effect, inverted, actions, principals, tests })
}

fn principals(json: Json, path: &str) -> Result<Box<[TrustedPrincipal]>, PolicyError> {
    let mut named = Vec::new();
    for (member, values) in object(json, "Principal", path)? {
        let kind = PrincipalKind::from_name(&member)
            .ok_or_else(|| unknown(path, &member, "RAM, Service and Federated"))?;
        let path = format!("{path}.{member}");
        for text in strings(values, &path, Scalars::Strings)? {
            named.push(
                kind.read(&text).map_err(|reason| {
                    PolicyError::at(path.as_str(), format!("`{}` {reason}", short(&text)))
                })?,
            );
        }
    }
    if named.is_empty() {
        return Err(PolicyError::at(path, "is empty, name who may take the role"));
    }
    Ok(named.into())
}

/// An action, or a pattern, that means something which can be done with a role.
fn check_action(action: &str) -> Result<(), &'static str> {
    let pattern = Glob::new(action);
    match ACTIONS.iter().any(|known| pattern.matches_ignore_ascii_case(known)) {
        true => Ok(()),
        false => Err("is nothing that a trust policy can be about, write `sts:AssumeRole`"),
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
