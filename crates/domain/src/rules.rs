//! What an operation needs: a few combinators over the four permission kinds.

use std::fmt;

use crate::login::Preference;
use crate::page::Page;

/// A rule. Root passes every rule (rule 1) and an explicit Deny fails every rule, so neither is spelled out.
#[derive(Clone, Copy, Debug)]
pub enum Needs {
    /// Root alone.
    Root,
    /// Any identity of the account.
    Anyone,
    /// RAM policies allow the action on the resource.
    Policy,
    /// The same as [`Needs::Policy`], for a `modelstudio:` action: management permission.
    Management,
    /// A seat in the workspace.
    Member,
    /// A seat in any workspace of the account.
    MemberSomewhere,
    /// A seat in the workspace with this page permission or Administrator.
    Page(Page),
    /// It is about the caller.
    Myself,
    /// It is about the caller, and the account's security preference leaves it to its users.
    SelfService(Preference),
    /// The role's trust policy lets the caller take it.
    Trusted,
    /// An identity provider of the account vouches for the caller, and the role's trust policy names it. There is no
    /// identity of which policies could be asked.
    Vouched,
    /// Only where the account's setting `delegateMemberRemoval` is on.
    Delegated(&'static Needs),
    /// One of these.
    Any(&'static [Needs]),
    /// All of these.
    All(&'static [Needs]),
}

impl Needs {
    /// Whether a leaf for which `is` holds occurs anywhere.
    pub fn mentions(&self, is: &dyn Fn(&Needs) -> bool) -> bool {
        is(self)
            || match self {
                Self::Delegated(inner) => inner.mentions(is),
                Self::Any(parts) | Self::All(parts) => parts.iter().any(|part| part.mentions(is)),
                _ => false,
            }
    }
}

/// As people read it in the reference and in refusals.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Needs], word: &str| {
            for (position, part) in parts.iter().enumerate() {
                if position > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Self::Any(_) | Self::All(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Root => f.write_str("root"),
            Self::Anyone => f.write_str("any identity of the account"),
            Self::Policy => f.write_str("RAM policy"),
            Self::Management => f.write_str("management permission"),
            Self::Member => f.write_str("member"),
            Self::MemberSomewhere => f.write_str("member of any workspace"),
            Self::Page(page) => write!(f, "page `{page}`"),
            Self::Myself => f.write_str("oneself"),
            Self::SelfService(preference) => write!(f, "oneself where `{}` is on", preference.name()),
            Self::Trusted => f.write_str("the role's trust policy"),
            Self::Vouched => f.write_str("an identity provider's word and the role's trust policy"),
            Self::Delegated(inner) => write!(f, "{inner} if delegated"),
            Self::Any(parts) => list(f, parts, "or"),
            Self::All(parts) => list(f, parts, "and"),
        }
    }
}

/// The ten rules of the four permission kinds, as the reference page prints them. Each is a step of the
/// conformance story, and each operation names the ones that it serves.
pub const RULES: [&str; 10] = [
    "Root may do everything in every workspace of its account, implicitly; that cannot be lowered.",
    "Model permission belongs to the workspace of the key, not to the person. In the default workspace every model may be called without a grant, unless the account setting `defaultWorkspaceRestricted` is on; a sub-workspace starts with none.",
    "A member reads all feature pages, except System Administration, Permission Management and Key Management. Changing something needs that page's permission or Administrator. Administrator is everything in that workspace, never System Administration.",
    "API permission: a RAM policy must allow the action and the caller must be a member of the workspace named in the path. Explicit deny wins.",
    "Management permission is a RAM policy that allows `modelstudio:` actions. It gives no access to any workspace; granting models or limits to a workspace needs it and membership of that workspace. Granting RAM policies needs `ram:*`.",
    "Page permissions never touch API-key calls, and keys never open pages.",
    "Removing a member takes all its permissions in that workspace and invalidates the keys it owns there; everything elsewhere stays. By default only root may remove; the account setting `delegateMemberRemoval` delegates it. A member added again gets its old keys back only if the caller says so.",
    "A caller outside a workspace cannot tell a foreign workspace from an absent one.",
    "Nobody hands out more than they hold. Permission Management hands out feature-page permissions to others, never Administrator or Permission Management, and nobody edits their own set. Management may add anybody to a workspace, itself included; that is audited.",
    "Limits: the account limit sums over all workspaces, a workspace limit caps within it, a key limit within that. Any one refuses.",
];
