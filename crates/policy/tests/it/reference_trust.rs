//! The trust policies of the second evaluator: names are brought into one spelling and compared as texts.

use regex::Regex;
use serde_json::Value as Json;

use crate::generator::Question;
use crate::reference::{Applies, Outcome, all, conditions, glob};
use crate::reference_condition::{Answer, Condition};

pub(crate) struct TrustStatement {
    pub(crate) deny: bool,
    inverted: bool,
    action: Regex,
    /// Kind and name.
    principals: Vec<(String, String)>,
    conditions: Vec<Condition>,
}

/// One spelling for each principal.
fn spelling(kind: &str, name: &str) -> String {
    let name = name.replace("acs:ram:*:", "acs:ram::");
    if kind == "Federated" { name } else { name.to_lowercase() }
}

/// Reads a valid trust policy whose statements have a single action each.
pub(crate) fn read_trust(document: &Json, extended: bool) -> Vec<TrustStatement> {
    let statements = document["Statement"].as_array().unwrap().iter();
    statements
        .map(|json| {
            let inverted = json.get("NotAction").is_some();
            let action = json[if inverted { "NotAction" } else { "Action" }].as_str().unwrap();
            let mut principals = Vec::new();
            for (kind, names) in json["Principal"].as_object().unwrap() {
                for name in names.as_array().unwrap() {
                    principals.push((kind.clone(), spelling(kind, name.as_str().unwrap())));
                }
            }
            TrustStatement {
                deny: json["Effect"] == "Deny",
                inverted,
                action: glob(&action.to_lowercase()),
                principals,
                conditions: conditions(json, extended),
            }
        })
        .collect()
}

impl TrustStatement {
    pub(crate) fn applies(&self, action: &str, (kind, name): (&str, &str), question: &Question) -> Applies {
        let action = action.to_lowercase();
        let mut listed = self.action.is_match(&action);
        // Signing on through a provider is a way to assume a role.
        listed |= action.starts_with("sts:assumerolewith") && self.action.is_match("sts:assumerole");
        let own = spelling(kind, name);
        let mut names = vec![own.clone()];
        if kind == "RAM" {
            let account: String = own.split(':').nth(3).unwrap().to_owned();
            names.push(format!("acs:ram::{account}:root"));
        }
        let named = self.principals.iter().any(|(own, name)| own == kind && names.contains(name));
        let owner = kind == "RAM" && own.ends_with(":root");
        if listed == self.inverted || !named || (owner && !self.deny) {
            return Applies::No;
        }
        match all(&self.conditions, question) {
            Answer::Yes => Applies::Yes,
            Answer::No => Applies::No,
            Answer::Error => Applies::Error,
        }
    }
}

/// The decision of a trust policy.
pub(crate) fn decide_trust(
    statements: &[TrustStatement],
    action: &str,
    principal: (&str, &str),
    question: &Question,
) -> Outcome {
    let ones: Vec<(Applies, bool)> =
        statements.iter().map(|one| (one.applies(action, principal, question), one.deny)).collect();
    let has = |one| ones.contains(&one);
    if has((Applies::Yes, true)) {
        Outcome::Deny
    } else if has((Applies::Error, true)) {
        Outcome::DenyByError
    } else if has((Applies::Yes, false)) {
        Outcome::Allow
    } else {
        Outcome::Nothing
    }
}
