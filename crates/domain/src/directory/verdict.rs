//! What policies say about a question, before any rule of ours.

use bailey_policy::{Action, Context, Foregone, Outlook, Policy, Request, TrustRequest, Value, Verdict};

use smallvec::SmallVec;

use super::attached::Attachments;
use super::authorize::{Circumstances, Question, workspace_resource};
use super::slab::Slot;
use super::state::{IdentityState, State};
use crate::role::Federated;

/// For whom a provider vouches.
pub(super) struct Vouched<'a> {
    arn: &'a str,
    said: &'a Federated,
    audience: SmallVec<[&'a str; 4]>,
}

impl State {
    /// What the user's policies for the whole account, attached directly and through groups, say about every resource.
    pub(super) fn verdict(
        &self,
        identity: &IdentityState,
        question: &Question<'_>,
        workspace: Option<Slot>,
    ) -> Verdict {
        self.verdict_of(&self.policies_held(identity), identity, question, workspace)
    }

    /// The same of the policies that count for the things of this workspace; `None` where there are none.
    pub(super) fn verdict_there(
        &self,
        identity: &IdentityState,
        question: &Question<'_>,
        workspace: Option<Slot>,
    ) -> Option<Verdict> {
        let policies = self.policies_only_for(identity, workspace?);
        policies.clone().next()?;
        Some(self.verdict_of(&policies, identity, question, workspace))
    }

    /// The same of any set of policies.
    pub(super) fn verdict_of<'p>(
        &self,
        policies: &(impl Iterator<Item = &'p Policy> + Clone),
        identity: &IdentityState,
        question: &Question<'_>,
        workspace: Option<Slot>,
    ) -> Verdict {
        in_context(identity, &question.circumstances, |context| {
            let on = |resource: &str| {
                let request = Request { action: question.action, resource, context };
                bailey_policy::evaluate(policies.clone(), &request)
            };
            match (question.resources, question.workspace) {
                ([], None) => match self.accounts.get(&question.account) {
                    Some(account) => on(&account.resource),
                    None => Verdict::ImplicitDeny,
                },
                ([], Some(id)) => match workspace.and_then(|slot| self.workspaces.get(slot)) {
                    Some(workspace) => on(&workspace.resource),
                    None => on(&workspace_resource(question.account, id)),
                },
                (resources, _) => {
                    let mut strictest = None;
                    for resource in resources {
                        match on(resource) {
                            deny @ Verdict::ExplicitDeny { .. } => return deny,
                            Verdict::ImplicitDeny => strictest = Some(Verdict::ImplicitDeny),
                            allow @ Verdict::Allow { .. } => strictest = strictest.or(Some(allow)),
                        }
                    }
                    strictest.unwrap_or(Verdict::ImplicitDeny)
                }
            }
        })
    }

    /// Whether the trust policy of the role that a question is about lets the identity take it.
    pub(super) fn trusts(&self, identity: &IdentityState, question: &Question<'_>) -> bool {
        let Some(role) = question.role.and_then(|id| self.roles.get(&id)) else { return false };
        if role.identity.account != identity.account {
            return false;
        }
        let account = identity.account.to_string();
        in_context(identity, &question.circumstances, |context| {
            let principal = bailey_policy::Principal::Ram { account: &account, arn: &identity.arn };
            let request = TrustRequest { action: question.action.name(), principal, context };
            role.trust.evaluate(&request).is_allowed()
        })
    }

    /// For whom a provider vouches, as things are now: the provider's ARN and the audiences that are still its client
    /// ids. `None` when the provider is gone, has another issuer, or has none of the client ids any more.
    pub(super) fn vouched<'a>(&'a self, question: &Question<'a>) -> Option<Vouched<'a>> {
        let said = question.federated?;
        let provider = self.oidc_providers.get(&said.provider)?;
        let audience: SmallVec<[&str; 4]> = said
            .audience
            .iter()
            .filter(|audience| provider.client_ids.contains(audience))
            .map(String::as_str)
            .collect();
        let same = provider.account == question.account && provider.issuer == said.issuer;
        (same && !audience.is_empty()).then_some(Vouched { arn: &provider.arn, said, audience })
    }

    /// What the trust policy of the role says about whoever a provider vouches for.
    pub(super) fn verdict_of_trust(&self, vouched: &Vouched<'_>, question: &Question<'_>) -> Verdict {
        let role = question.role.and_then(|id| self.roles.get(&id));
        let Some(role) = role.filter(|role| role.identity.account == question.account) else {
            return Verdict::ImplicitDeny;
        };
        let circumstances = &question.circumstances;
        let context = [
            ("acs:SourceIp", Value::Ip(circumstances.source_ip)),
            ("acs:CurrentTime", Value::Time(circumstances.now_ms)),
            ("acs:SecureTransport", Value::Bool(circumstances.secure_transport)),
            ("acs:MFAPresent", Value::Bool(false)),
            ("oidc:iss", Value::Text(&vouched.said.issuer)),
            ("oidc:sub", Value::Text(&vouched.said.subject)),
            ("oidc:aud", Value::Texts(&vouched.audience)),
        ];
        role.trust.evaluate(&TrustRequest {
            action: question.action.name(),
            principal: bailey_policy::Principal::Federated(vouched.arn),
            context: &Context::new(&context),
        })
    }

    /// What the user's policies say about the action alone, whatever resource and conditions are. `None` when it hangs on
    /// them, or when policies for the things of this workspace have a say.
    pub(super) fn foregone(
        &self,
        identity: &IdentityState,
        action: &Action,
        workspace: Option<Slot>,
    ) -> Option<Foregone> {
        let mut outlook = Outlook::default();
        let mut more = false;
        let mut add = |attached: &Attachments| {
            for policy in attached.everywhere.iter().filter_map(|slot| self.policies.get(*slot)) {
                outlook.add(policy, action);
            }
            more |= workspace.is_some_and(|place| attached.has_any_for(place));
        };
        add(&identity.policies);
        for group in identity.groups.iter().filter_map(|slot| self.groups.get(*slot)) {
            add(&group.policies);
        }
        if more { None } else { outlook.foregone() }
    }

    /// The first policy that denies the action whatever resource and conditions are.
    pub(super) fn certain_deny(&self, identity: &IdentityState, action: &Action) -> Option<Slot> {
        self.slots_held(identity).find(|slot| {
            let mut alone = Outlook::default();
            if let Some(policy) = self.policies.get(*slot) {
                alone.add(policy, action);
            }
            alone.foregone() == Some(Foregone::ExplicitDeny)
        })
    }

    /// Every policy that counts for the user in the whole account.
    pub(crate) fn policies_held<'a>(
        &'a self,
        identity: &'a IdentityState,
    ) -> impl Iterator<Item = &'a Policy> + Clone {
        self.slots_held(identity).filter_map(|slot| self.policies.get(slot))
    }

    /// Every policy that counts for the user where it is about this workspace and nowhere else.
    pub(super) fn policies_only_for<'a>(
        &'a self,
        identity: &'a IdentityState,
        workspace: Slot,
    ) -> impl Iterator<Item = &'a Policy> + Clone {
        self.slots_only_for(identity, workspace).filter_map(|slot| self.policies.get(slot))
    }

    /// The slots of the policies for the whole account, in their order.
    pub(super) fn policy_slots_held<'a>(&'a self, identity: &'a IdentityState) -> impl Iterator<Item = Slot> {
        self.slots_held(identity).filter(|slot| self.policies.get(*slot).is_some())
    }

    /// The slots of the policies for this workspace, in their order.
    pub(super) fn policy_slots_only_for<'a>(
        &'a self,
        identity: &'a IdentityState,
        workspace: Slot,
    ) -> impl Iterator<Item = Slot> {
        self.slots_only_for(identity, workspace).filter(|slot| self.policies.get(*slot).is_some())
    }

    /// The user's own attachments first, then those of the groups.
    pub(super) fn attachments_of<'a>(
        &'a self,
        identity: &'a IdentityState,
    ) -> impl Iterator<Item = &'a Attachments> + Clone {
        let groups = identity.groups.iter().filter_map(|slot| self.groups.get(*slot));
        std::iter::once(&identity.policies).chain(groups.map(|group| &group.policies))
    }

    fn slots_held<'a>(&'a self, identity: &'a IdentityState) -> impl Iterator<Item = Slot> + Clone {
        self.attachments_of(identity).flat_map(|attached| attached.everywhere.iter()).copied()
    }

    fn slots_only_for<'a>(
        &'a self,
        identity: &'a IdentityState,
        workspace: Slot,
    ) -> impl Iterator<Item = Slot> + Clone {
        self.attachments_of(identity).flat_map(move |attached| attached.only_for(workspace))
    }
}

/// Hands over what policies may ask about. What the question gives wins over what the request was.
pub(super) fn in_context<R>(
    identity: &IdentityState,
    circumstances: &Circumstances<'_>,
    ask: impl FnOnce(&Context<'_>) -> R,
) -> R {
    // Room for some tags, so that a decision about most roles allocates nothing either.
    let mut known = SmallVec::<[_; 12]>::from_slice(&[
        ("acs:SourceIp", Value::Ip(circumstances.source_ip)),
        ("acs:CurrentTime", Value::Time(circumstances.now_ms)),
        ("acs:SecureTransport", Value::Bool(circumstances.secure_transport)),
        ("acs:MFAPresent", Value::Bool(circumstances.mfa_present)),
        ("acs:PrincipalARN", Value::Text(&identity.arn)),
    ]);
    known.extend(circumstances.external_id.map(|id| ("sts:ExternalId", Value::Text(id))));
    known.extend(identity.tags().map(|(key, value)| (key, Value::Text(value))));
    if circumstances.given.is_empty() {
        return ask(&Context::new(&known));
    }
    let mut merged = circumstances.given.to_vec();
    merged.extend(
        known
            .iter()
            .filter(|(key, _)| !circumstances.given.iter().any(|(given, _)| given.eq_ignore_ascii_case(key))),
    );
    ask(&Context::new(&merged))
}
