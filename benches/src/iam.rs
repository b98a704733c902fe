//! The same questions to `iam-rs`, with one evaluator per user and the requests made ahead.

use std::collections::HashMap;

use anyhow::Context as _;
use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId,
};

use crate::policies::iam_name;
use crate::population::Population;
use crate::questions::{Answer, Question};

/// Evaluators by the place of their user.
#[derive(Debug)]
pub struct Iam {
    evaluators: HashMap<u32, PolicyEvaluator>,
}

impl Iam {
    /// Prepares all users that the questions are about.
    pub fn prepare(population: &Population, questions: &[Question]) -> anyhow::Result<Self> {
        let mut evaluators = HashMap::new();
        for question in questions {
            if evaluators.contains_key(&question.user) {
                continue;
            }
            let policies: Result<Vec<IAMPolicy>, _> = population
                .policies_of(question.user)
                .map(|policy| IAMPolicy::from_json(&policy.iam(population.account)))
                .collect();
            evaluators.insert(question.user, PolicyEvaluator::with_policies(policies?));
        }
        Ok(Self { evaluators })
    }

    /// The question as iam-rs takes it.
    pub fn request(question: &Question) -> anyhow::Result<IAMRequest> {
        let principal = format!("arn:acs:iam::123456789012:user/{}", question.caller.principal);
        let name = iam_name(&question.resource(), question.caller.account);
        let resource = Arn::parse(&name).map_err(|error| anyhow::anyhow!("{error:?}")).context(name)?;
        let mut context = Context::new();
        context
            .insert("aws:SourceIp".to_owned(), ContextValue::String(question.caller.source_ip.to_string()));
        let principal = Principal::Aws(PrincipalId::String(principal));
        Ok(IAMRequest::new_with_context(principal, question.asked.action(), resource, context))
    }

    /// Asks.
    pub fn ask(&self, user: u32, request: &IAMRequest) -> anyhow::Result<Answer> {
        let evaluator = self.evaluators.get(&user).context("a user that was not prepared")?;
        let result = evaluator.evaluate(request).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(match result.decision {
            Decision::Allow => Answer::Allow,
            Decision::Deny => Answer::ExplicitDeny,
            Decision::NotApplicable => Answer::ImplicitDeny,
        })
    }
}
