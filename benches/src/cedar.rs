//! The same questions to `cedar-policy`, with everything that can be made ahead made ahead: one policy set per user,
//! the requests, an empty set of entities.

use std::collections::HashMap;

use anyhow::Context as _;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};

use crate::policies::all_actions;
use crate::population::Population;
use crate::questions::{Answer, Question};

/// Policy sets by the place of their user, and the engine.
#[derive(Debug)]
pub struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
    sets: HashMap<u32, PolicySet>,
}

impl Cedar {
    /// Prepares all users that the questions are about.
    pub fn prepare(population: &Population, questions: &[Question]) -> anyhow::Result<Self> {
        let actions = all_actions();
        let mut sets = HashMap::new();
        for question in questions {
            if sets.contains_key(&question.user) {
                continue;
            }
            let text: String =
                population.policies_of(question.user).map(|policy| policy.cedar(&actions)).collect();
            sets.insert(question.user, text.parse().with_context(|| format!("Cedar does not read {text}"))?);
        }
        Ok(Self { authorizer: Authorizer::new(), entities: Entities::empty(), sets })
    }

    /// The question as Cedar takes it.
    pub fn request(question: &Question) -> anyhow::Result<Request> {
        let uid = |text: String| text.parse::<EntityUid>().with_context(|| format!("no entity: {text}"));
        let context = Context::from_pairs([
            ("resource".to_owned(), RestrictedExpression::new_string(question.resource())),
            ("address".to_owned(), RestrictedExpression::new_ip(question.caller.source_ip.to_string())),
        ])?;
        let principal = uid(format!("User::\"{}\"", question.caller.principal))?;
        let action = uid(format!("Action::\"{}\"", question.asked.action()))?;
        Ok(Request::new(principal, action, uid("Resource::\"it\"".to_owned())?, context, None)?)
    }

    /// Asks.
    pub fn ask(&self, user: u32, request: &Request) -> Answer {
        let Some(set) = self.sets.get(&user) else { return Answer::ImplicitDeny };
        let response = self.authorizer.is_authorized(request, set, &self.entities);
        match response.decision() {
            Decision::Allow => Answer::Allow,
            Decision::Deny if response.diagnostics().reason().next().is_some() => Answer::ExplicitDeny,
            Decision::Deny => Answer::ImplicitDeny,
        }
    }
}
