//! What a refused caller may have decoded by whoever is entitled: which policies spoke, on what it depended, and the
//! smallest change that would let the request through.

use bailey_policy::{Action, Diagnosis, Layer, Policy, Request, diagnose};
use serde::{Deserialize, Serialize};

use super::Directory;
use super::authorize::{Circumstances, Question, workspace_resource};
use super::slab::Slot;
use super::state::{IdentityState, State};
use super::verdict::in_context;
use crate::access::{Caller, Principal};
use crate::decision::{Chain, Decision, Link};
use crate::id::{AccountId, WorkspaceId};
use crate::permit::Refusal;
use crate::reason::Reason;

/// Everything about a refusal; sealed into the encoded diagnostic message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// Whether a Deny refused; otherwise an Allow was missing.
    pub explicit_deny: bool,
    /// The kind of policies that refused, as the real service calls it.
    pub policy_type: String,
    /// The RAM action.
    pub action: String,
    /// The first resource that was refused.
    pub resource: String,
    /// The kind of the caller, as the real service calls it.
    pub principal_type: String,
    /// The caller's account.
    pub principal_owner: String,
    /// The caller: a user's id, or the names of role and session.
    pub principal_name: String,
    /// The condition keys that policies about this action and resource ask for, with the values of the request.
    pub conditions: Vec<(String, Vec<String>)>,
    /// The policies of which a statement applied.
    pub matched: Vec<MatchedPolicy>,
    /// What would let the request through, in a sentence; `None` when policies are not what refused.
    pub change: Option<String>,
    /// The decision with its chain.
    pub decision: Decision,
}

impl Diagnostic {
    /// What there is to tell about a decision that was made for `caller` and about somebody perhaps else.
    pub fn of(caller: &Caller, action: &str, decision: &Decision) -> Self {
        Self {
            explicit_deny: decision.reason == Some(Reason::ExplicitDeny),
            policy_type: Layer::Identity.policy_type().to_owned(),
            action: action.to_owned(),
            resource: String::new(),
            principal_type: caller.principal.type_name().to_owned(),
            principal_owner: caller.account.to_string(),
            principal_name: caller.display_name(),
            conditions: Vec::new(),
            matched: Vec::new(),
            change: None,
            decision: decision.clone(),
        }
    }
}

/// A policy that had something to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchedPolicy {
    /// The kind of policies, as the real service calls it.
    pub policy_type: String,
    /// The policy's name.
    pub name: String,
    /// The version that counted, for a custom policy.
    pub version: Option<u64>,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// `User`, `Group` or `Role`.
    pub attached_to: String,
    /// The workspace whose things it counts for; `None` where it counts for the whole account.
    #[serde(default)]
    pub attached_scope: Option<WorkspaceId>,
}

impl Directory {
    /// Tells all there is to tell about a refusal, with the policies as they are now.
    pub fn diagnose(&self, refusal: &Refusal) -> Diagnostic {
        let state = self.read();
        let about = About::refused(&state, refusal);
        let told = state.tell(&about);
        let matched = state.matched(&about, &told);
        let change = state.mended(&refusal.chain, &told);
        Diagnostic {
            explicit_deny: refusal.reason == Reason::ExplicitDeny,
            policy_type: refusal.policy_type().to_owned(),
            action: refusal.action.to_owned(),
            resource: told.resource,
            principal_type: refusal.caller.principal.type_name().to_owned(),
            principal_owner: refusal.caller.account.to_string(),
            principal_name: refusal.caller.display_name(),
            conditions: told.diagnosis.iter().flat_map(conditions).collect(),
            matched,
            decision: refusal.told(state.links(&refusal.chain, &about, change.clone())),
            change,
        }
    }

    /// The checks of a refusal as people read them.
    pub(crate) fn render(&self, refusal: &Refusal) -> Vec<Link> {
        let state = self.read();
        state.render(&refusal.chain, &About::refused(&state, refusal))
    }
}

/// The keys that were asked for, with what the request gave; of an external id no more than that it was asked for.
fn conditions(told: &Diagnosis) -> impl Iterator<Item = (String, Vec<String>)> + '_ {
    told.conditions.iter().map(|condition| {
        let hidden = condition.key.eq_ignore_ascii_case("sts:ExternalId");
        (condition.key.clone(), if hidden { Vec::new() } else { condition.values.clone() })
    })
}

/// What was asked, of whom and about what.
pub(super) struct About<'a> {
    pub(super) principal: Principal,
    pub(super) workspace: Option<WorkspaceId>,
    pub(super) action: Action,
    resources: Vec<String>,
    circumstances: Circumstances<'a>,
}

impl<'a> About<'a> {
    fn refused(state: &State, refusal: &'a Refusal) -> Self {
        let account = refusal.caller.account;
        Self {
            principal: refusal.caller.principal,
            workspace: refusal.workspace,
            action: state.catalogue.resolve(refusal.action),
            resources: named(account, refusal.workspace, &refusal.resources),
            circumstances: Circumstances::of(
                &refusal.caller,
                refusal.external_id.as_ref().map(|id| id.reveal().as_str()),
            ),
        }
    }

    pub(super) fn question(question: &Question<'a>) -> Self {
        Self {
            principal: question.principal,
            workspace: question.workspace,
            action: question.action.clone(),
            resources: named(question.account, question.workspace, question.resources),
            circumstances: question.circumstances,
        }
    }
}

/// A policy that may have a say about a request.
struct Held<'a> {
    slot: Slot,
    policy: &'a Policy,
    /// Whether a group has it, and not the identity itself.
    through_group: bool,
    /// The workspace whose things it counts for; `None` where it counts for the whole account.
    workspace: Option<WorkspaceId>,
}

/// What an identity's policies say about a request that they refuse.
pub(super) struct Told<'a> {
    resource: String,
    diagnosis: Option<Diagnosis>,
    /// The policies, as the diagnosis numbers them.
    held: Vec<Held<'a>>,
}

/// The resources that policies are asked about: the ones named, else the workspace's or the account's own name.
fn named(account: AccountId, workspace: Option<WorkspaceId>, resources: &[String]) -> Vec<String> {
    match (resources, workspace) {
        ([], Some(workspace)) => vec![workspace_resource(account, workspace)],
        ([], None) => vec![format!("acs:modelstudio:*:{account}:*")],
        (resources, _) => resources.to_vec(),
    }
}

impl State {
    /// The first resource that the identity's policies do not allow the action on, with what they say; else the first.
    /// Those for the whole account and those for the workspace are told of together: a Deny of any decides, then an Allow.
    pub(super) fn tell(&self, about: &About<'_>) -> Told<'_> {
        let mut held = Vec::new();
        if let Some(identity) = self.identity(about.principal) {
            held = self.held(identity, about.workspace);
            for resource in &about.resources {
                let told = in_context(identity, &about.circumstances, |context| {
                    let request = Request { action: &about.action, resource, context };
                    diagnose(held.iter().map(|held| held.policy), &request)
                });
                if told.change.is_some() {
                    return Told { resource: resource.clone(), diagnosis: Some(told), held };
                }
            }
        }
        Told { resource: about.resources.first().cloned().unwrap_or_default(), diagnosis: None, held }
    }

    fn held<'a>(&'a self, identity: &'a IdentityState, workspace: Option<WorkspaceId>) -> Vec<Held<'a>> {
        let place = workspace.and_then(|id| self.workspace_slot_in(identity.account, id));
        // Whatever comes after the identity's own comes from groups.
        let attached = || self.attachments_of(identity).enumerate();
        let everywhere = attached().flat_map(|(place, attached)| {
            attached.everywhere.iter().map(move |slot| (*slot, place > 0, None))
        });
        let there = place.into_iter().flat_map(|workspace| {
            attached().flat_map(move |(place, attached)| {
                attached.only_for(workspace).map(move |slot| (slot, place > 0))
            })
        });
        everywhere
            .chain(there.map(|(slot, through_group)| (slot, through_group, workspace)))
            .filter_map(|(slot, through_group, workspace)| {
                Some(Held { slot, policy: self.policies.get(slot)?, through_group, workspace })
            })
            .collect()
    }

    fn matched(&self, about: &About<'_>, told: &Told<'_>) -> Vec<MatchedPolicy> {
        let mut matched: Vec<MatchedPolicy> = Vec::new();
        for statement in told.diagnosis.iter().flat_map(Diagnosis::matched) {
            let Some(held) = told.held.get(statement.policy) else { continue };
            let Some(label) = self.policy_labels.get(held.slot) else { continue };
            let layer = if held.workspace.is_some() { Layer::ResourceGroup } else { Layer::Identity };
            let policy = MatchedPolicy {
                policy_type: layer.policy_type().to_owned(),
                name: label.name.to_string(),
                version: label.version,
                effect: statement.effect.to_string(),
                attached_to: match about.principal {
                    _ if held.through_group => "Group",
                    Principal::Role(_) => "Role",
                    _ => "User",
                }
                .to_owned(),
                attached_scope: held.workspace,
            };
            if !matched.contains(&policy) {
                matched.push(policy);
            }
        }
        matched
    }

    /// The smallest change of the identity's policies that would do, in a sentence. What narrows them is not mended by
    /// changing them.
    pub(super) fn mended(&self, chain: &Chain, told: &Told<'_>) -> Option<String> {
        if !chain.is_decided_by_identity() {
            return None;
        }
        let change = told.diagnosis.as_ref()?.change.as_ref()?;
        let name = |policy: usize| {
            let held = told.held.get(policy);
            let label = held.and_then(|held| self.policy_labels.get(held.slot));
            let name = label.map_or("?", |label| &*label.name);
            match held.and_then(|held| held.workspace) {
                Some(workspace) => format!("`{name}` for workspace `{workspace}`"),
                None => format!("`{name}`"),
            }
        };
        let mut steps: Vec<String> = change
            .remove
            .iter()
            .map(|(policy, statement)| {
                format!("take statement {} of policy {} away, or detach it", statement + 1, name(*policy))
            })
            .collect();
        if let Some(grant) = &change.add {
            steps.push(format!("attach a policy with {grant}"));
        }
        if let Some(unmet) = &change.meet {
            let word = if change.add.is_some() { "or meet" } else { "meet" };
            steps.push(format!(
                "{word} the conditions of statement {} of policy {}",
                unmet.statement + 1,
                name(unmet.policy)
            ));
        }
        Some(steps.join("; "))
    }
}
