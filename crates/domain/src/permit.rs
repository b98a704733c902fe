//! A permission as a value, and its opposite.

use std::fmt;
use std::marker::PhantomData;

use crate::access::Caller;
use crate::decision::{Chain, Check, Decision, Outcome};
use crate::directory::Directory;
use crate::operations::{Entry, Operation};
use crate::reason::Reason;

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
    /// The first reason.
    pub reason: Reason,
    pub(crate) chain: Chain,
    pub(crate) revision: u64,
}

/// An action, and the policy that denies it: whoever mends it must know which one it is.
pub(crate) fn denied(action: &str, policy: Option<&str>) -> String {
    match policy {
        Some(policy) => format!("{action} denied by policy `{policy}`"),
        None => action.to_owned(),
    }
}

/// The guide's sentence to whoever is outside a workspace, verbatim.
pub const WORKSPACE_DENIED: &str =
    "You do not have access permissions to this workspace, or the workspace does not exist";

impl Refusal {
    /// The reason and the checks, for those entitled to see them. Put into words here, with the names that things have
    /// in `directory`, and not when it was decided: a decision must not cost more because it is a no.
    pub fn decision(&self, directory: &Directory) -> Decision {
        let subject = |check: Check| match check {
            Check::Workspace | Check::Membership => {
                self.workspace.map_or_else(|| "none".to_owned(), |id| id.to_string())
            }
            Check::NoExplicitDeny => {
                let policy = self.chain.policy().and_then(|policy| directory.policy_name(policy));
                denied(self.action, policy.as_deref())
            }
            Check::Policy => self.action.to_owned(),
            _ => directory.name_of(self.caller.principal),
        };
        Decision {
            outcome: Outcome::Deny,
            request_id: self.caller.request_id.to_string(),
            revision: self.revision,
            reason: Some(self.reason),
            chain: self.chain.render(&subject),
        }
    }

    /// The code that clients match on. Whoever may not see the workspace is told that and nothing else.
    pub fn code(&self) -> &'static str {
        if self.hides() { "Workspace.AccessDenied" } else { "NoPermission" }
    }

    /// The sentence that goes with the code: the guide's own in both cases.
    pub fn message(&self) -> &'static str {
        if self.hides() { WORKSPACE_DENIED } else { "You are not authorized to perform this action." }
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
