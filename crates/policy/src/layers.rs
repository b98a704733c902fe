//! The decision over all kinds of policies together, from the verdict of each: which kind decides, and what the
//! others can still change.
//!
//! A caller evaluates each layer that it has ([`crate::evaluate`], [`crate::TrustPolicy::evaluate`]) and puts the
//! verdicts together with [`combine`]. Where there are identity policies of the account and nothing else, the verdict
//! on them *is* the decision, and so is what [`crate::Outlook`] can tell beforehand.

use std::fmt;

use crate::evaluate::Verdict;

/// A kind of policies that can decide, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Control policies of the organisation: one verdict for each level, all of which must allow.
    Control,
    /// The policy that a role session was restricted by when it was made.
    Session,
    /// The permission boundary of the user or role, which real RAM does not have.
    Boundary,
    /// What is attached to the user, its groups or the role for the whole account.
    Identity,
    /// The same, attached for the resource group of the resource.
    ResourceGroup,
    /// The policy of the resource itself: the trust policy of a role.
    Resource,
}

impl Layer {
    /// What the wire calls this kind of policy: the `PolicyType` of an access-denied detail.
    pub fn policy_type(self) -> &'static str {
        match self {
            Self::Control => "ControlPolicy",
            Self::Session => "SessionPolicy",
            Self::Boundary => "PermissionBoundary",
            Self::Identity => "AccountLevelIdentityBasedPolicy",
            Self::ResourceGroup => "ResourceGroupLevelIdentityBasedPolicy",
            Self::Resource => "AssumeRolePolicy",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Control => "control policy",
            Self::Session => "session policy",
            Self::Boundary => "permission boundary",
            Self::Identity => "identity policy",
            Self::ResourceGroup => "identity policy of the resource group",
            Self::Resource => "policy of the resource",
        })
    }
}

/// How identity policies and the policy of the resource go together. In each way a Deny of either side decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combination {
    /// An Allow of either side does: the rule.
    #[default]
    Either,
    /// Both must allow: `sts:AssumeRole`.
    Both,
    /// There is no identity of which policies could be asked: single sign-on by SAML or OIDC. Whatever the
    /// identity layers say is not looked at.
    ResourceAlone,
}

/// The verdicts of all layers on one request. A layer that does not apply is empty or absent, and [`Self::NONE`] has
/// none: without an Allow in what is filled in, nothing is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Verdicts<'v> {
    /// Of control policies, one for each level of the organisation, from the account upwards. Whom they do not bind
    /// has none.
    pub control: &'v [Verdict],
    /// Of the session policy.
    pub session: Option<Verdict>,
    /// Of the permission boundary.
    pub boundary: Option<Verdict>,
    /// Of the identity policies for the whole account.
    pub identity: Verdict,
    /// Of the identity policies for the resource group.
    pub resource_group: Option<Verdict>,
    /// Of the policy of the resource.
    pub resource: Option<Verdict>,
    /// How identity and resource go together.
    pub combination: Combination,
}

impl Verdicts<'_> {
    /// No layer applies.
    pub const NONE: Self = Self {
        control: &[],
        session: None,
        boundary: None,
        identity: Verdict::ImplicitDeny,
        resource_group: None,
        resource: None,
        combination: Combination::Either,
    };
}

/// The decision, with who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The layer that decided. For an implicit deny, the first one that had to allow and did not.
    pub layer: Layer,
    /// Which level of that layer: counts for control policies, 0 for all others.
    pub level: usize,
    /// What it said; the indices count the policies of that layer and level.
    pub verdict: Verdict,
}

impl Decided {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        self.verdict.is_allowed()
    }
}

/// Puts the verdicts of all layers together; nothing is allocated.
///
/// Control policies, session policy and boundary come first, and of these anything but an Allow is final. Then
/// identity policies and the policy of the resource are asked together: a Deny of any, at whatever scope it is
/// attached, decides, then an Allow as [`Combination`] wants it.
pub fn combine(verdicts: &Verdicts<'_>) -> Decided {
    let control =
        verdicts.control.iter().enumerate().map(|(level, verdict)| (Layer::Control, level, *verdict));
    let ceilings = control
        .chain(verdicts.session.map(|verdict| (Layer::Session, 0, verdict)))
        .chain(verdicts.boundary.map(|verdict| (Layer::Boundary, 0, verdict)));
    for (layer, level, verdict) in ceilings {
        if !verdict.is_allowed() {
            return Decided { layer, level, verdict };
        }
    }
    let decided = |layer, verdict| Decided { layer, level: 0, verdict };
    let resource = decided(Layer::Resource, verdicts.resource.unwrap_or(Verdict::ImplicitDeny));
    let mut identity = decided(Layer::Identity, verdicts.identity);
    if let Some(verdict) = verdicts.resource_group {
        identity = stronger(identity, decided(Layer::ResourceGroup, verdict), Verdict::is_allowed);
    }
    match verdicts.combination {
        Combination::ResourceAlone => resource,
        Combination::Either => stronger(identity, resource, Verdict::is_allowed),
        // The side that does not allow is the one to tell of.
        Combination::Both => stronger(identity, resource, |verdict| !verdict.is_allowed()),
    }
}

/// The first that denies explicitly, else the first that is preferred, else the first.
fn stronger(first: Decided, second: Decided, prefers: impl Fn(&Verdict) -> bool) -> Decided {
    let denies = |one: &Decided| matches!(one.verdict, Verdict::ExplicitDeny { .. });
    if denies(&first) {
        first
    } else if denies(&second) || (prefers(&second.verdict) && !prefers(&first.verdict)) {
        second
    } else {
        first
    }
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
