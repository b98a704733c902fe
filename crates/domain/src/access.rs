//! Who asks: the caller of an operation and the circumstances that policies may ask about.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{AccessKeyId, AccountId, GroupId, OidcProviderId, RequestId, RoleId, UserId};
use crate::login::SignedIn;
use crate::role::{Federated, RoleSession};

/// An identity of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Principal {
    /// The account's owner.
    Root,
    /// A RAM user.
    User(UserId),
    /// A RAM role, in one of its sessions.
    Role(RoleId),
    /// Somebody for whom an OIDC provider vouches, which lets them take a role and nothing else.
    Federated(OidcProviderId),
}

impl Principal {
    /// The RAM user, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Root | Self::Role(_) | Self::Federated(_) => None,
        }
    }

    /// How error details name the kind (`AuthPrincipalType` of the real service).
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Root => "RootUser",
            Self::User(_) => "SubUser",
            Self::Role(_) => "AssumedRoleUser",
            Self::Federated(_) => "Federated",
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::User(user) => write!(f, "{user}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Federated(provider) => write!(f, "oidc-provider:{provider}"),
        }
    }
}

macro_rules! attachees {
    ($($(#[$doc:meta])* $kind:ident($id:ty), $name:literal;)*) => {
        /// What a policy can be attached to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", tag = "type", content = "id")]
        pub enum Attachee {
            $($(#[$doc])* $kind($id),)*
        }

        /// The kind of what a policy can be attached to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AttacheeKind {
            $($(#[$doc])* $kind,)*
        }

        impl AttacheeKind {
            /// Every kind, in the order in which RAM asks about them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The word in stored rows and in sentences, such as `user`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The word in codes of errors, such as `User`.
            pub fn entity(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                }
            }
        }

        impl Attachee {
            /// What kind it is.
            pub fn kind(self) -> AttacheeKind {
                match self {
                    $(Self::$kind(_) => AttacheeKind::$kind,)*
                }
            }

            /// Its identifier as text.
            pub fn id(self) -> String {
                match self {
                    $(Self::$kind(id) => id.to_string(),)*
                }
            }

            /// Reads what [`AttacheeKind::name`] and [`Attachee::id`] gave.
            pub fn read(kind: &str, id: &str) -> Result<Self, Error> {
                match kind {
                    $($name => id.parse().map(Self::$kind),)*
                    _ => Err(Error::internal(format!("nothing has policies that is a `{kind}`"))),
                }
            }
        }

        $(impl From<$id> for Attachee {
            fn from(id: $id) -> Self {
                Self::$kind(id)
            }
        })*
    };
}

attachees! {
    /// A RAM user.
    User(UserId), "user";
    /// A RAM group, whose policies count for its members.
    Group(GroupId), "group";
    /// A RAM role, whose policies count for its sessions.
    Role(RoleId), "role";
}

/// One authenticated caller of one request. Whoever makes one has checked a credential.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account that the credential belongs to.
    pub account: AccountId,
    /// The identity that the credential belongs to.
    pub principal: Principal,
    /// The access key that signed, for the audit record.
    pub access_key: Option<AccessKeyId>,
    /// The session, where the caller signed in with a password instead.
    pub session: Option<SignedIn>,
    /// The session in which a role acts; `None` for everybody else.
    pub role_session: Option<Arc<RoleSession>>,
    /// What an OIDC provider says about the caller; `None` for everybody else.
    pub federated: Option<Arc<Federated>>,
    /// Where the request came from (`acs:SourceIp`).
    pub source_ip: IpAddr,
    /// Whether it came over TLS (`acs:SecureTransport`).
    pub secure_transport: bool,
    /// The request.
    pub request_id: RequestId,
    /// When it came, in milliseconds since the epoch (`acs:CurrentTime`).
    pub now_ms: i64,
}

impl Caller {
    /// Who acts, as records name them: an id, which never changes hands. A role's session has its name behind it, since
    /// many may act in one role; whoever a provider vouches for has the subject.
    pub fn actor(&self) -> String {
        match (&self.role_session, &self.federated) {
            (Some(session), _) => format!("{}:{}", self.principal, session.claims.name),
            (None, Some(federated)) => format!("{}:{}", self.principal, federated.shown_subject()),
            (None, None) => self.principal.to_string(),
        }
    }

    /// Who acts, as error details show it: a session by the names of role and session, as the real service does.
    pub fn display_name(&self) -> String {
        match &self.role_session {
            Some(session) => format!("{}:{}", session.role_name, session.claims.name),
            None => self.actor(),
        }
    }

    /// Whether whoever acts gave a code of an MFA device (`acs:MFAPresent`): at sign-in, or before they took the role.
    pub fn mfa_present(&self) -> bool {
        match &self.role_session {
            Some(session) => session.claims.taken.mfa_present,
            None => self.session.is_some_and(|session| session.mfa_present),
        }
    }

    /// The public half of the key that signed; empty when none did.
    pub fn key_text(&self) -> String {
        match (&self.role_session, self.access_key) {
            (Some(session), _) => session.key.to_string(),
            (None, Some(key)) => key.to_string(),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Fixed;

    #[test]
    fn what_has_policies_reads_back_from_its_kind_and_id() {
        let entropy = Fixed::seeded(5);
        let (user, group) = (UserId::random(&entropy), GroupId::random(&entropy));
        for (of, name, entity) in
            [(Attachee::User(user), "user", "User"), (Attachee::from(group), "group", "Group")]
        {
            assert_eq!((of.kind().name(), of.kind().entity()), (name, entity));
            assert_eq!(Attachee::read(name, &of.id()).unwrap(), of);
        }
        assert!(AttacheeKind::ALL.iter().map(|kind| kind.name()).eq(["user", "group", "role"]));
        for (kind, id) in [("users", user.to_string()), ("user", "7".to_owned()), ("", String::new())] {
            assert!(Attachee::read(kind, &id).is_err(), "{kind} {id}");
        }
    }
}
