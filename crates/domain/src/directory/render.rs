//! Chains of checks as people read them.

use bailey_policy::Layer;

use super::diagnose::About;
use super::state::State;
use crate::access::Principal;
use crate::decision::{Chain, Check, Link};

impl State {
    /// The checks, and the smallest change that would do where the identity's policies refused. Put into words here, with
    /// the names that things have now, and not when it was decided: a decision must not cost more because it is a no.
    pub(super) fn render(&self, chain: &Chain, about: &About<'_>) -> Vec<Link> {
        let change = refused_at(chain).and_then(|_| self.mended(chain, &self.tell(about)));
        self.links(chain, about, change)
    }

    /// The checks, and a change that is known already.
    pub(super) fn links(&self, chain: &Chain, about: &About<'_>, change: Option<String>) -> Vec<Link> {
        let subject = |check: Check| match check {
            Check::Workspace | Check::Membership => {
                about.workspace.map_or_else(|| "none".to_owned(), |id| id.to_string())
            }
            Check::Policy | Check::SessionPolicy | Check::Boundary | Check::ControlPolicy => {
                about.action.name().to_owned()
            }
            // Whoever mends it must know which policy it is.
            Check::NoExplicitDeny => match chain.policy().and_then(|slot| self.policy_labels.get(slot)) {
                Some(policy) => {
                    let denied = format!("{} denied by policy `{}`", about.action.name(), policy.name);
                    match about.workspace.filter(|_| chain.layer() == Layer::ResourceGroup) {
                        Some(workspace) => format!("{denied} for workspace `{workspace}`"),
                        None => denied,
                    }
                }
                None => about.action.name().to_owned(),
            },
            _ => self.name_of(about.principal),
        };
        let mut links = chain.render(&subject);
        let refused = refused_at(chain).and_then(|place| links.get_mut(place));
        if let (Some(link), Some(change)) = (refused, change) {
            link.fix = Some(change);
        }
        links
    }

    /// What policies and chains call an identity.
    pub(super) fn name_of(&self, principal: Principal) -> String {
        match self.identity(principal) {
            Some(identity) => identity.arn.to_string(),
            None => principal.to_string(),
        }
    }
}

/// Where the identity's own policies refused.
fn refused_at(chain: &Chain) -> Option<usize> {
    let refused =
        |(check, passed): (Check, bool)| !passed && matches!(check, Check::Policy | Check::NoExplicitDeny);
    if chain.is_decided_by_identity() { chain.iter().position(refused) } else { None }
}
