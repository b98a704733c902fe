//! Who asks: the caller of an operation and the circumstances that policies may ask about.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::{AccessKeyId, AccountId, GroupId, RequestId, UserId};

/// An identity of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Principal {
    /// The account's owner.
    Root,
    /// A RAM user.
    User(UserId),
}

impl Principal {
    /// The RAM user, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Root => None,
            Self::User(user) => Some(user),
        }
    }

    /// How error details name the kind (`AuthPrincipalType` of the real service).
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Root => "RootUser",
            Self::User(_) => "SubUser",
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::User(user) => write!(f, "{user}"),
        }
    }
}

/// What a policy can be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Attachee {
    /// A RAM user.
    User(UserId),
    /// A RAM group, whose policies count for its members.
    Group(GroupId),
}

/// One authenticated caller of one request. Whoever makes one has checked a credential.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account that the credential belongs to.
    pub account: AccountId,
    /// The identity that the credential belongs to.
    pub principal: Principal,
    /// The access key that signed, for `GetCallerIdentity` and the audit record.
    pub access_key: Option<AccessKeyId>,
    /// Where the request came from (`acs:SourceIp`).
    pub source_ip: IpAddr,
    /// Whether it came over TLS (`acs:SecureTransport`).
    pub secure_transport: bool,
    /// The request.
    pub request_id: RequestId,
    /// When it came, in milliseconds since the epoch (`acs:CurrentTime`).
    pub now_ms: i64,
}
