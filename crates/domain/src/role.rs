//! Sessions of roles: what a security token says, and what the session stands on.

use std::fmt;
use std::net::IpAddr;

use bailey_policy::Policy;
use serde::{Deserialize, Serialize};

use crate::id::{AccessKeyId, AccountId, OidcProviderId, RoleId, SessionKeyId, UserId};
use crate::name::RoleSessionName;

/// What a security token says. It is sealed into the token, so only bailey writes it; what it stands on is looked up
/// again for every request ([`crate::Directory::open_session`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionClaims {
    /// The role's account.
    pub account: AccountId,
    /// The role.
    pub role: RoleId,
    /// The name that whoever took the role gave the session.
    pub name: RoleSessionName,
    /// The session policy: a document that narrows what the role's own policies give.
    pub policy: Option<String>,
    /// How the role was taken.
    pub taken: Taken,
    /// When the session ends, in milliseconds since the epoch.
    pub expires_at_ms: i64,
}

/// By whom, when and in what circumstances a role was taken: the question that was asked then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// By whom.
    pub by: Taker,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// From where.
    pub source_ip: IpAddr,
    /// Whether over TLS.
    pub secure_transport: bool,
    /// Whether a code of an MFA device was given at sign-in.
    pub mfa_present: bool,
    /// `sts:ExternalId`, if one was given.
    pub external_id: Option<String>,
}

/// Whoever took a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Taker {
    /// A RAM user.
    User {
        /// The user.
        user: UserId,
        /// The access key that signed; the session ends with it.
        access_key: Option<AccessKeyId>,
    },
    /// A session of another role.
    Session(Box<SessionClaims>),
    /// Somebody for whom an OIDC provider vouched.
    Federated(Federated),
}

/// Somebody for whom an OIDC provider vouches: what a checked token said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Federated {
    /// The provider.
    pub provider: OidcProviderId,
    /// `oidc:iss`.
    pub issuer: String,
    /// `oidc:sub`.
    pub subject: String,
    /// `oidc:aud`: those of the token's audiences that were client ids of the provider.
    pub audience: Vec<String>,
}

/// How many characters of a subject records show.
const SHOWN_SUBJECT: usize = 128;

impl Federated {
    /// The subject as records and error details show it: whatever the issuer put there, it is short, and of letters,
    /// digits and a few marks.
    pub fn shown_subject(&self) -> String {
        let harmless = |c: char| if c.is_ascii_alphanumeric() || "._@/-".contains(c) { c } else { '_' };
        self.subject.chars().take(SHOWN_SUBJECT).map(harmless).collect()
    }
}

impl SessionClaims {
    /// How many roles were taken one from another, this one included.
    pub fn depth(&self) -> usize {
        match &self.taken.by {
            Taker::User { .. } | Taker::Federated(_) => 1,
            Taker::Session(before) => 1 + before.depth(),
        }
    }
}

/// A session that stands: its claims were looked up and hold.
#[derive(Debug)]
pub struct RoleSession {
    /// The public half of its temporary key.
    pub key: SessionKeyId,
    /// What its token says.
    pub claims: SessionClaims,
    /// The role's name, in small letters as in its ARN.
    pub role_name: Box<str>,
    /// The session policy, compiled.
    pub(crate) policy: Option<Policy>,
}

/// Why a session is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionRefused {
    /// Its time is over.
    Expired,
    /// What it stands on is gone: the role, whoever took it, their access key, or their right to take it.
    Ended,
}

impl fmt::Display for SessionRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the session's time is over: take the role again",
            Self::Ended => {
                "the session's role, or the right to take it, is gone: ask for it and take the role again"
            }
        })
    }
}
