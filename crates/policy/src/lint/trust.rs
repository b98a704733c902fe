//! Advice on trust policies.

use crate::language::Language;
use crate::lint::finding::{Finding, Findings, Rule};
use crate::lint::place::{of_error, statements, values};
use crate::lint::{LintOptions, conditions};
use crate::policy::Effect;
use crate::principal::TrustedPrincipal;
use crate::trust::TrustPolicy;

/// Looks for mistakes in a trust policy, as [`crate::lint`] does in other policies.
pub fn lint_trust(document: &str, options: &LintOptions<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(document);
    let Some(json) = findings.read(document) else { return findings.sorted() };
    let read = TrustPolicy::parse(document).and_then(|own| Ok((own, Language::of(json.get("Version"))?)));
    let (policy, language) = match read {
        Ok(read) => read,
        Err(error) => {
            findings.add(Rule::Invalid, &of_error(&json, error.path()), error.to_string(), None);
            return findings.sorted();
        }
    };
    let written = statements(&json);
    for (index, (place, statement)) in written.iter().enumerate() {
        let effect = policy.effect(index).unwrap_or(Effect::Deny);
        conditions::check(place, statement, effect, language, &mut findings);
        if effect == Effect::Deny {
            continue;
        }
        if let Some((place, _)) = values(place, statement, "NotAction").first() {
            let message = "this allows whatever can be done with a role, but for what is listed".to_owned();
            let fix = "write \"Action\": \"sts:AssumeRole\"".to_owned();
            findings.add(Rule::AllowNotAction, place, message, Some(fix));
        }
        // A condition can tell the strangers apart, by an external id for example.
        if policy.condition_key(index, 0).is_some() {
            continue;
        }
        let foreign = policy.principals().filter(|(own, _)| *own == index).find_map(|(_, one)| match one {
            TrustedPrincipal::Account { account } if options.account.is_some_and(|own| own != &**account) => {
                Some(account)
            }
            _ => None,
        });
        if let Some(account) = foreign {
            let message = format!("every user and role of account {account} may take this role");
            let fix = "name the users or roles, or add a condition such as StringEquals on `sts:ExternalId`"
                .to_owned();
            findings.add(Rule::ForeignTrust, &place.member("Principal"), message, Some(fix));
        }
    }
    findings.sorted()
}
