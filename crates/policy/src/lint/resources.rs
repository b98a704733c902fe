//! Resources that no action of their statement is ever about.

use crate::language::Language;
use crate::lint::actions::redundant;
use crate::lint::conditions::variables;
use crate::lint::finding::{Findings, Rule};
use crate::lint::{LintOptions, Place, Written};
use crate::pattern::Pattern;
use crate::policy::Detail;

pub(crate) fn check(
    actions: &[Written<'_>],
    resources: &[Written<'_>],
    detail: &Detail,
    language: Language,
    options: &LintOptions<'_>,
    findings: &mut Findings<'_>,
) {
    if detail.resources.templates.is_empty() {
        redundant(resources, Pattern::new, findings);
    }
    for (place, resource) in resources {
        variables(place, resource, language, findings);
        shape(place, resource, options, findings);
    }
    if !detail.inverted {
        services(actions, resources, options, findings);
    }
}

/// The parts before the relative name, as far as they are written without wildcards.
fn parts(resource: &str) -> Vec<Option<&str>> {
    let wild = |part: &str| part.contains(['*', '?']) || part.contains("${");
    let mut plain = true;
    resource
        .splitn(5, ':')
        .map(|part| {
            // A run of anything may also stand for what looks like the parts behind it.
            let own = (plain && !wild(part)).then_some(part);
            plain &= !part.contains('*') || part == "*";
            own
        })
        .collect()
}

fn shape(place: &Place, resource: &str, options: &LintOptions<'_>, findings: &mut Findings<'_>) {
    let parts = parts(resource);
    if parts.len() < 5 {
        if !resource.contains('*') && !resource.contains("${") {
            let message = format!("`{resource}` has {} parts and resources have 5", parts.len());
            let fix = "write it as `acs:service:region:account:name`".to_owned();
            findings.add(Rule::ShortResource, place, message, Some(fix));
        }
        return;
    }
    let (service, account) = (parts[1], parts[3]);
    let Some(account) = account.filter(|account| !account.is_empty()) else { return };
    let system = account == "system" && service.is_none_or(|service| service == "ram");
    let fix = |account: &str| Some(format!("write `{account}` or `*` as the fourth part"));
    match options.account {
        _ if system => {}
        Some(own) if own == account => {}
        Some(own) => {
            let message = format!("`{account}` is not this account, so `{resource}` is never asked for");
            findings.add(Rule::WrongAccount, place, message, fix(own));
        }
        None if account.bytes().all(|byte| byte.is_ascii_digit()) => {}
        None => {
            let message = format!("`{account}` is not the id of an account");
            findings.add(Rule::WrongAccount, place, message, fix("the id of the account"));
        }
    }
}

/// Actions of one service on resources of another.
fn services(
    actions: &[Written<'_>],
    resources: &[Written<'_>],
    options: &LintOptions<'_>,
    findings: &mut Findings<'_>,
) {
    let fits = |action: &str, resource: &str| {
        let service = parts(resource).get(1).copied().flatten();
        service.is_none_or(|service| {
            let others = options.acts_on.iter().chain(&[("sts", "ram")]);
            let others = others.filter(|(_, on)| *on == service).map(|(acts, _)| *acts);
            let own = Pattern::folded(action);
            others.chain([service]).any(|service| own.meets(&Pattern::folded(&format!("{service}:*"))))
        })
    };
    let mut all_fit = true;
    for (place, resource) in resources {
        if !actions.iter().any(|(_, action)| fits(action, resource)) {
            all_fit = false;
            let message = format!("no action of this statement is about resources like `{resource}`");
            let fix = "put the actions of that service here, or remove the resource".to_owned();
            findings.add(Rule::ForeignResource, place, message, Some(fix));
        }
    }
    if !all_fit {
        return;
    }
    for (place, action) in actions {
        if !resources.iter().any(|(_, resource)| fits(action, resource)) {
            let message = format!("no resource of this statement is one that `{action}` is about");
            let fix = "put it into a statement with resources of its own service".to_owned();
            findings.add(Rule::ForeignResource, place, message, Some(fix));
        }
    }
}
