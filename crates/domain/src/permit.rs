//! A permission as a value, and its opposite.

use std::fmt;
use std::marker::PhantomData;

use bailey_policy::Layer;

use crate::access::Caller;
use crate::decision::{Chain, Decision, Link, Outcome};
use crate::directory::Directory;
use crate::operations::{Entry, Operation};
use crate::reason::Reason;
use crate::secret::Secret;

/// Proof that `caller` may do `O` on `scope`. Only the directory makes one, from its own state; store methods
/// demand it and take actor and scope from it. It is not `Clone` and is never kept.
#[must_use]
pub struct Permit<O: Operation> {
    caller: Caller,
    scope: O::On,
    chain: Chain,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Permit<O> {
    pub(crate) fn new(caller: Caller, scope: O::On, chain: Chain) -> Self {
        Self { caller, scope, chain, operation: PhantomData }
    }

    /// Who may.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// On what.
    pub fn scope(&self) -> &O::On {
        &self.scope
    }

    /// The checks that led to it.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The operation's row of the table.
    pub fn entry(&self) -> &'static Entry {
        O::entry()
    }
}

impl<O: Operation> fmt::Debug for Permit<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit<{}>({} on {:?})", O::entry().name, self.caller.principal, self.scope)
    }
}

/// A refused operation, with the reason and the chain that led to it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Who was refused.
    pub caller: Caller,
    /// The operation's name.
    pub operation: &'static str,
    /// The RAM action.
    pub action: &'static str,
    /// The workspace that it was tried on.
    pub workspace: Option<crate::id::WorkspaceId>,
    /// The RAM resources that it was tried on; empty means the workspace's or the account's own name.
    pub resources: Vec<String>,
    /// What it gave as `sts:ExternalId`, which is shown to nobody.
    pub(crate) external_id: Option<Secret<String>>,
    /// The first reason.
    pub reason: Reason,
    pub(crate) chain: Chain,
    pub(crate) revision: u64,
}

/// The guide's sentence to whoever is outside a workspace, verbatim.
pub const WORKSPACE_DENIED: &str =
    "You do not have access permissions to this workspace, or the workspace does not exist";

impl Refusal {
    /// The reason and the checks, for those entitled to see them, with the names that things have in `directory`.
    pub fn decision(&self, directory: &Directory) -> Decision {
        self.told(directory.render(self))
    }

    /// The decision with its checks in words.
    pub(crate) fn told(&self, chain: Vec<Link>) -> Decision {
        Decision {
            outcome: Outcome::Deny,
            request_id: self.caller.request_id.to_string(),
            revision: self.revision,
            reason: Some(self.reason),
            chain,
        }
    }

    /// The code that clients match on. Whoever may not see the workspace is told that and nothing else.
    pub fn code(&self) -> &'static str {
        if self.hides() {
            "Workspace.AccessDenied"
        } else if self.operation == "AssumeRoleWithOIDC" {
            "AuthenticationFail.NoPermission"
        } else {
            "NoPermission"
        }
    }

    /// The sentence that goes with the code: the guide's own, and STS's where a role was to be taken, which is the same
    /// whichever side refuses.
    pub fn message(&self) -> &'static str {
        if self.hides() {
            WORKSPACE_DENIED
        } else if self.operation == "AssumeRole" {
            "You are not authorized to do this action. You should be authorized by RAM."
        } else if self.operation == "AssumeRoleWithOIDC" {
            "There is no permission"
        } else {
            "You are not authorized to perform this action."
        }
    }

    /// What the real service calls the kind of policies that refused (`PolicyType` of an access-denied detail).
    pub fn policy_type(&self) -> &'static str {
        let layer = if self.reason == Reason::NotTrusted { Layer::Resource } else { self.chain.layer() };
        layer.policy_type()
    }

    /// Whether the workspace is hidden from the caller.
    pub fn hides(&self) -> bool {
        self.reason == Reason::WorkspaceAccessDenied
    }

    /// What the refused caller may do next.
    pub fn next_step(&self) -> String {
        let links = self.chain.render(&|_| String::new());
        let failed = links.iter().rev().find(|link| link.result == "fail" && link.check != "root");
        match failed {
            Some(link) if !self.hides() => format!(
                "{}: {}. Who can: {}. `bailey explain {}` shows the whole chain.",
                link.because.as_deref().unwrap_or("refused"),
                link.fix.as_deref().unwrap_or("ask for the permission"),
                link.who_can_fix.as_deref().unwrap_or("root"),
                self.caller.request_id
            ),
            _ => "ask the account's owner, or a RAM user with management permission, to add you to the workspace"
                .to_owned(),
        }
    }
}
