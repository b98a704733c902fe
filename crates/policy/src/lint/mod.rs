//! Advice on policy documents that are valid and still not what their author meant.

mod actions;
mod conditions;
mod finding;
mod nearest;
mod place;
mod resources;
mod statements;
mod trust;

pub use finding::{Finding, Rule, Severity};
pub use trust::lint_trust;

use crate::action::ActionCatalogue;
use crate::error::PolicyError;
use crate::json::Json;
use crate::language::Language;
use crate::policy::Policy;
use finding::Findings;
use place::{Place, of_error};

/// What a document is judged by.
#[derive(Clone, Copy, Debug)]
pub struct LintOptions<'a> {
    /// The actions that exist.
    pub catalogue: &'a ActionCatalogue,
    /// The account that the document is for; without it, account ids in it are not judged.
    pub account: Option<&'a str>,
    /// Which services have actions on resources of another one, as pairs of the service of the action and that of the
    /// resource. That `sts` acts on `ram` is known.
    pub acts_on: &'a [(&'a str, &'a str)],
}

/// Looks for mistakes in a policy document, in the order in which they stand in it. A document that is no policy has
/// one finding, the reason for which it is refused.
pub fn lint(document: &str, options: &LintOptions<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(document);
    let Some(json) = findings.read(document) else { return findings.sorted() };
    match policy_in(document, &json, options) {
        Ok((policy, language)) => {
            let statements = place::statements(&json);
            statements::check(&policy, &statements, &mut findings);
            for ((place, statement), (effect, detail)) in statements.iter().zip(policy.statements()) {
                let element = if detail.inverted { "NotAction" } else { "Action" };
                let actions = place::values(place, statement, element);
                let resources = place::values(place, statement, "Resource");
                actions::check(&actions, effect, detail, options, &mut findings);
                resources::check(&actions, &resources, detail, language, options, &mut findings);
                conditions::check(place, statement, effect, language, &mut findings);
            }
        }
        Err(error) => findings.add(Rule::Invalid, &of_error(&json, error.path()), error.to_string(), None),
    }
    findings.sorted()
}

fn policy_in(
    document: &str,
    json: &Json,
    options: &LintOptions<'_>,
) -> Result<(Policy, Language), PolicyError> {
    Ok((Policy::parse(document, options.catalogue)?, Language::of(json.get("Version"))?))
}

/// A text of the document and where it stands.
type Written<'j> = (Place, &'j str);

/// A statement of the document and where it stands.
type Statement<'j> = (Place, &'j Json);

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
