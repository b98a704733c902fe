//! Actions that do not exist, and patterns that hold too many.

use crate::action::Action;
use crate::glob::Glob;
use crate::lint::finding::{Findings, Rule};
use crate::lint::nearest::nearest;
use crate::lint::{LintOptions, Written};
use crate::pattern::Pattern;
use crate::policy::{Detail, Effect};

pub(crate) fn check(
    actions: &[Written<'_>],
    effect: Effect,
    detail: &Detail,
    options: &LintOptions<'_>,
    findings: &mut Findings<'_>,
) {
    for (place, action) in actions {
        exists(place, action, options, findings);
    }
    redundant(actions, Pattern::folded, findings);
    if effect == Effect::Deny {
        return;
    }
    if detail.inverted {
        if let Some((place, _)) = actions.first() {
            let message = "this allows every action but those listed, also actions that do not exist yet";
            let fix = "list in Action what is allowed, or use Deny with Action";
            findings.add(Rule::AllowNotAction, place, message.to_owned(), Some(fix.to_owned()));
        }
        return;
    }
    let all_of_ram = Pattern::new("acs:ram:*");
    if !detail.resources.globs.iter().any(|own| Pattern::new(own.as_str()).includes(&all_of_ram)) {
        return;
    }
    for (place, action) in actions {
        let own = Pattern::folded(action);
        let what = if own.includes(&Pattern::folded("*")) {
            "every action of every service"
        } else if own.includes(&Pattern::folded("ram:*")) {
            "every action of RAM, and so to give oneself every other"
        } else {
            continue;
        };
        let fix = "name the actions that are needed, or the resources".to_owned();
        findings.add(Rule::BroadGrant, place, format!("`{action}` allows {what}"), Some(fix));
    }
}

fn exists(place: &crate::lint::Place, action: &str, options: &LintOptions<'_>, findings: &mut Findings<'_>) {
    let pattern = Glob::new(action);
    let mut known = options.catalogue.actions().map(Action::name);
    if known.any(|name| pattern.matches_ignore_ascii_case(name)) {
        return;
    }
    if action.contains(['*', '?']) {
        // `*` alone matches even in an empty catalogue: it is not meant as a name.
        if !pattern.is_any() {
            let message = format!("`{action}` matches no action that is known here");
            findings.add(Rule::NoSuchActions, place, message, None);
        }
        return;
    }
    let meant = nearest(action, options.catalogue.actions().map(Action::name));
    let fix = meant.map(|meant| format!("write `{meant}`"));
    findings.add(Rule::UnknownAction, place, format!("there is no action `{action}`"), fix);
}

/// Patterns of a list that another one of the list holds.
pub(crate) fn redundant(list: &[Written<'_>], read: impl Fn(&str) -> Pattern, findings: &mut Findings<'_>) {
    // Lists that are longer do not fit into a document of the allowed size.
    let patterns: Vec<Pattern> = list.iter().take(512).map(|(_, text)| read(text)).collect();
    for (index, (own, (place, text))) in patterns.iter().zip(list).enumerate() {
        let holder = patterns.iter().enumerate().position(|(other_index, other)| {
            other_index != index && other.includes(own) && (other_index < index || !own.includes(other))
        });
        if let Some((_, holder)) = holder.and_then(|holder| list.get(holder)) {
            let message = format!("`{text}` is part of `{holder}` beside it");
            findings.add(Rule::Redundant, place, message, Some(format!("remove `{text}`")));
        }
    }
}
