//! A decision and the chain of checks that led to it: cheap to make, and readable when somebody asks.

use std::fmt;

use bailey_policy::Layer;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::page::Page;
use crate::reason::Reason;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
}

/// One thing that was looked at. Both surfaces and `explain` use the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The credential's identity exists.
    Identity,
    /// The caller is the account's owner.
    Root,
    /// No RAM policy denies the action.
    NoExplicitDeny,
    /// The account's control policies allow the action.
    ControlPolicy,
    /// The policy of the role's session allows the action.
    SessionPolicy,
    /// The permission boundary of the user or role allows the action.
    Boundary,
    /// A RAM policy allows the action.
    Policy,
    /// The role's trust policy lets the caller take it.
    Trust,
    /// The workspace exists in the caller's account.
    Workspace,
    /// The person has a seat in the workspace.
    Membership,
    /// The person has a seat in some workspace.
    SomeMembership,
    /// The seat carries the page permission, or Administrator.
    Page(Page),
    /// The account delegates it.
    Delegation,
    /// It is about the caller.
    Myself,
    /// The account's security preference leaves it to its users.
    Preference,
    /// The password is not to be changed first.
    PasswordKept,
    /// No MFA device is to be bound first.
    MfaBound,
    /// Name, password and code were those of somebody who may sign in.
    SignIn,
    /// What is handed out is not more than the caller holds.
    HandOut,
    /// The key is known.
    Key,
    /// The key is switched on.
    KeyEnabled,
    /// The key's time is not over.
    KeyExpiry,
    /// The key's owner exists.
    Owner,
    /// The request names no other workspace than the key's.
    NamedWorkspace,
    /// The catalogue has the model.
    Model,
    /// The workspace holds the model.
    ModelGrant,
    /// The key is not narrowed to other models.
    KeyScope,
    /// The key may be used from this address.
    SourceAddress,
    /// The account's limits leave room.
    AccountLimit,
    /// The workspace's limits leave room.
    WorkspaceLimit,
    /// The key's limits leave room.
    KeyLimit,
    /// What the call may cost fits into the account's budget for the month.
    AccountBudget,
    /// What the call may cost fits into the workspace's budget for the month.
    WorkspaceBudget,
    /// What the call may cost fits into the member's budget for the month.
    MemberBudget,
    /// What the call may cost fits into the key's budget for the month.
    KeyBudget,
    /// An upstream answered.
    Upstream,
    /// This node's permissions are known to be current.
    Confirmed,
}

/// What people read about a check: its name, why it failed, what would change that, and who can.
struct Texts(&'static str, &'static str, &'static str, &'static str);

const ADMINISTRATION: &str = "root, or a RAM user with management permission";
const GRANTERS: &str = "root, or a RAM user with management permission who is a member of the workspace";
const RAM: &str = "root, or a RAM user with AliyunRAMFullAccess";
const KEY_KEEPERS: &str =
    "root, management, or a member with the page permission `api-key` or `administrator`";

impl Check {
    fn texts(self) -> Texts {
        match self {
            Self::Identity => Texts(
                "identity",
                "the identity behind the credential does not exist any more",
                "use a credential of an existing identity",
                RAM,
            ),
            Self::Root => Texts("root", "the caller is not the account's owner", "call as root", "root"),
            Self::NoExplicitDeny => Texts(
                "explicit-deny",
                "a RAM policy denies the action",
                "detach the policy or narrow its Deny statement",
                RAM,
            ),
            Self::Policy => Texts(
                "policy",
                "no RAM policy allows the action on the resource",
                "attach a policy that allows it",
                RAM,
            ),
            Self::ControlPolicy => Texts(
                "control-policy",
                "the account's control policies do not allow the action",
                "AttachControlPolicy with one that allows it, or DetachControlPolicy",
                "root",
            ),
            Self::Boundary => Texts(
                "boundary",
                "the permission boundary of the user or role does not allow the action",
                "PutPermissionBoundary with a policy that allows it, or DeletePermissionBoundary",
                RAM,
            ),
            Self::SessionPolicy => Texts(
                "session-policy",
                "the policy that the role's session was narrowed to does not allow the action",
                "take the role again with a policy that allows it, or without one",
                "whoever took the role",
            ),
            Self::Trust => Texts(
                "trust",
                "the role's trust policy does not let the caller take it",
                "UpdateRole with a trust policy that names the caller; root takes no role",
                RAM,
            ),
            Self::Workspace => Texts(
                "workspace",
                "the account has no such workspace",
                "use a workspace id from ListWorkspaces",
                ADMINISTRATION,
            ),
            Self::Membership => Texts(
                "membership",
                "the person is not a member of the workspace",
                "AddMember",
                ADMINISTRATION,
            ),
            Self::SomeMembership => Texts(
                "some-membership",
                "the person is a member of no workspace",
                "AddMember",
                ADMINISTRATION,
            ),
            Self::Page(_) => Texts(
                "page",
                "the page permission is missing",
                "SetMemberPages",
                "root, or a member with the page permission `administrator` or `permission-management`",
            ),
            Self::Delegation => Texts(
                "delegation",
                "the account does not delegate this",
                "UpdateSettings delegateMemberRemoval",
                "root",
            ),
            Self::Myself => {
                Texts("oneself", "it is about somebody else", "ask about oneself", ADMINISTRATION)
            }
            Self::Preference => Texts(
                "preference",
                "the account does not leave this to its users",
                "SetSecurityPreference",
                RAM,
            ),
            Self::PasswordKept => Texts(
                "password-kept",
                "the password must be changed before anything else",
                "ChangePassword",
                "oneself",
            ),
            Self::MfaBound => Texts(
                "mfa-bound",
                "an MFA device must be bound before anything else",
                "CreateVirtualMFADevice, then BindMFADevice",
                "oneself",
            ),
            Self::SignIn => Texts(
                "sign-in",
                "name, password or code were wrong, or the name was locked",
                "sign in with the right ones; a locked name opens within the hour",
                RAM,
            ),
            Self::HandOut => Texts(
                "hand-out",
                "it would give more than the caller holds, or change the caller's own set",
                "ask somebody who holds it",
                "root",
            ),
            Self::Key => Texts(
                "key",
                "no API key has this value",
                "create a key, or send the one you were given",
                KEY_KEEPERS,
            ),
            Self::KeyEnabled => Texts("key-enabled", "the key is switched off", "EnableApiKey", KEY_KEEPERS),
            Self::KeyExpiry => Texts("key-expiry", "the key's time is over", "create a new key", KEY_KEEPERS),
            Self::Owner => Texts("owner", "the key's owner was deleted", "create a new key", KEY_KEEPERS),
            Self::NamedWorkspace => Texts(
                "named-workspace",
                "the request names another workspace than the key's",
                "leave the name out, or use a key of that workspace",
                KEY_KEEPERS,
            ),
            Self::Model => Texts(
                "model",
                "the catalogue has no such model for this kind of call",
                "use a name from the model list",
                ADMINISTRATION,
            ),
            Self::ModelGrant => Texts(
                "model-grant",
                "the key's workspace has no inference grant for the model",
                "UpdateModelPermissions",
                GRANTERS,
            ),
            Self::KeyScope => {
                Texts("key-scope", "the key is narrowed to other models", "UpdateApiKey", KEY_KEEPERS)
            }
            Self::SourceAddress => Texts(
                "source-address",
                "the key may not be used from this address",
                "UpdateApiKey",
                KEY_KEEPERS,
            ),
            Self::AccountLimit => Texts(
                "account-limit",
                "the account's limit for the model is reached",
                "wait, or UpdateAccountModelLimits",
                ADMINISTRATION,
            ),
            Self::WorkspaceLimit => Texts(
                "workspace-limit",
                "the workspace's limit for the model is reached",
                "wait, or UpdateModelLimits",
                GRANTERS,
            ),
            Self::KeyLimit => {
                Texts("key-limit", "the key's limit for the model is reached", "wait", KEY_KEEPERS)
            }
            Self::AccountBudget => Texts(
                "account-budget",
                "the account's budget for the month has no room for what the call may cost",
                "wait for the next month, ask for fewer tokens, or PutBudget",
                ADMINISTRATION,
            ),
            Self::WorkspaceBudget => Texts(
                "workspace-budget",
                "the workspace's budget for the month has no room for what the call may cost",
                "wait for the next month, ask for fewer tokens, or PutWorkspaceBudget",
                GRANTERS,
            ),
            Self::MemberBudget => Texts(
                "member-budget",
                "the member's budget for the month has no room for what the call may cost",
                "wait for the next month, ask for fewer tokens, or PutWorkspaceBudget",
                GRANTERS,
            ),
            Self::KeyBudget => Texts(
                "key-budget",
                "the key's budget for the month has no room for what the call may cost",
                "wait for the next month, ask for fewer tokens, or PutWorkspaceBudget",
                GRANTERS,
            ),
            Self::Upstream => Texts(
                "upstream",
                "no upstream of the model answered",
                "try again; TestProvider shows what is wrong",
                ADMINISTRATION,
            ),
            Self::Confirmed => Texts(
                "confirmed",
                "this node could not bring in a revision, so it cannot prove that its permissions are current",
                "restart it, and look into its log",
                "whoever runs bailey",
            ),
        }
    }

    /// The check that an Allow of this kind of policies is missing.
    pub(crate) fn of_policies(layer: Layer) -> Self {
        match layer {
            Layer::Control => Self::ControlPolicy,
            Layer::Session => Self::SessionPolicy,
            Layer::Boundary => Self::Boundary,
            Layer::Resource => Self::Trust,
            _ => Self::Policy,
        }
    }

    /// The name in chains.
    pub fn name(self) -> &'static str {
        self.texts().0
    }
}

/// The checks of one decision, in the order in which they were made. Fits without the heap.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    links: SmallVec<[(Check, bool); 16]>,
    layer: Option<Layer>,
    policy: Option<u32>,
}

impl Chain {
    /// Notes a check and passes its result on.
    #[inline]
    pub fn note(&mut self, check: Check, passed: bool) -> bool {
        self.links.push((check, passed));
        passed
    }

    /// Notes which kind of policies decided and, for a Deny, which policy, by its number in the directory.
    pub(crate) fn decided_by(&mut self, layer: Layer, policy: Option<u32>) {
        self.layer = Some(layer);
        self.policy = policy;
    }

    /// The kind of policies that decided.
    pub(crate) fn layer(&self) -> Layer {
        self.layer.unwrap_or(Layer::Identity)
    }

    /// Whether the policies of the user, its groups or the role decided, and nothing that narrows them.
    pub(crate) fn is_decided_by_identity(&self) -> bool {
        matches!(self.layer(), Layer::Identity | Layer::ResourceGroup)
    }

    /// The number of the policy whose Deny decided.
    pub(crate) fn policy(&self) -> Option<u32> {
        self.policy
    }

    /// The checks.
    pub fn iter(&self) -> impl Iterator<Item = (Check, bool)> {
        self.links.iter().copied()
    }

    /// As people read it. `subject` names what each check looked at.
    pub fn render(&self, subject: &dyn Fn(Check) -> String) -> Vec<Link> {
        self.iter()
            .map(|(check, passed)| {
                let Texts(name, because, fix, who_can_fix) = check.texts();
                let failed = |text: &str| (!passed).then(|| text.to_owned());
                let subject = match check {
                    Check::Page(page) => page.to_string(),
                    _ => subject(check),
                };
                Link {
                    check: name.to_owned(),
                    subject,
                    result: if passed { "pass" } else { "fail" }.to_owned(),
                    because: failed(because),
                    fix: failed(fix),
                    who_can_fix: failed(who_can_fix),
                }
            })
            .collect()
    }
}

/// One check as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The check's name.
    pub check: String,
    /// What it looked at.
    pub subject: String,
    /// `pass` or `fail`.
    pub result: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// What would change that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Who can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who_can_fix: Option<String>,
}

/// A decision as it is recorded, answered and explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// How it ended.
    pub outcome: Outcome,
    /// The request that it was made for.
    pub request_id: String,
    /// The revision of the directory that it was made from.
    pub revision: u64,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The checks, in order.
    pub chain: Vec<Link>,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.outcome == Outcome::Allow { "allow" } else { "deny" };
        write!(f, "{outcome}")?;
        if let Some(reason) = self.reason {
            write!(f, " ({})", reason.name())?;
        }
        Ok(())
    }
}
