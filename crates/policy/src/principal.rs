//! Whom a trust policy names, and whether somebody is one of them.

use std::fmt;

/// A principal that a trust policy names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TrustedPrincipal {
    /// Every RAM user and RAM role of an account, not its owner: `acs:ram::<account>:root`.
    Account {
        /// The id of the account.
        account: Box<str>,
    },
    /// One RAM user: `acs:ram::<account>:user/<name>`.
    User {
        /// The id of the account.
        account: Box<str>,
        /// The name, as written; case does not count.
        name: Box<str>,
    },
    /// One RAM role: `acs:ram::<account>:role/<name>`.
    Role {
        /// The id of the account.
        account: Box<str>,
        /// The name, as written; case does not count.
        name: Box<str>,
    },
    /// A cloud service, such as `ecs.aliyuncs.com`.
    Service(Box<str>),
    /// An identity provider: `acs:ram::<account>:saml-provider/<name>` or `…:oidc-provider/<name>`.
    Provider {
        /// The id of the account.
        account: Box<str>,
        /// How it speaks.
        kind: ProviderKind,
        /// The name, as written; case counts.
        name: Box<str>,
    },
}

/// How an identity provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// SAML 2.0.
    Saml,
    /// OpenID Connect.
    Oidc,
}

/// Who wants to take a role.
#[derive(Clone, Copy, Debug)]
pub enum Principal<'a> {
    /// A RAM user or a session of a RAM role. Never the owner of an account, who may take no role.
    Ram {
        /// The id of the account it belongs to.
        account: &'a str,
        /// How it is named: `acs:ram::<account>:user/<name>` or `acs:ram::<account>:role/<name>`.
        arn: &'a str,
    },
    /// A cloud service, such as `ecs.aliyuncs.com`.
    Service(&'a str),
    /// Somebody for whom an identity provider vouches, by the ARN of the provider.
    Federated(&'a str),
}

/// The members of `Principal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    Ram,
    Service,
    Federated,
}

impl PrincipalKind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "RAM" => Some(Self::Ram),
            "Service" => Some(Self::Service),
            "Federated" => Some(Self::Federated),
            _ => None,
        }
    }

    /// Reads one value of this member.
    pub(crate) fn read(self, text: &str) -> Result<TrustedPrincipal, &'static str> {
        match self {
            Self::Ram => read_ram(text).ok_or(
                "is not a RAM principal, write it as `acs:ram::<account id>:root`, `acs:ram::<account id>:user/<name>` or `acs:ram::<account id>:role/<name>`",
            ),
            Self::Service if is_host(text) => Ok(TrustedPrincipal::Service(text.into())),
            Self::Service => Err("is not a cloud service, write it like `ecs.aliyuncs.com`"),
            Self::Federated => read_provider(text).ok_or(
                "is not an identity provider, write it as `acs:ram::<account id>:saml-provider/<name>` or `acs:ram::<account id>:oidc-provider/<name>`",
            ),
        }
    }
}

/// The account and the relative id of a RAM ARN in either spelling.
fn split(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("acs:ram:")?;
    let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix("*:"))?;
    let (account, relative) = rest.split_once(':')?;
    let valid = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some((account, relative))
}

fn read_ram(arn: &str) -> Option<TrustedPrincipal> {
    let (account, relative) = split(arn)?;
    let account = account.into();
    if relative == "root" {
        return Some(TrustedPrincipal::Account { account });
    }
    let (kind, name) = relative.split_once('/')?;
    let name = check_name(name)?.into();
    match kind {
        "user" => Some(TrustedPrincipal::User { account, name }),
        "role" => Some(TrustedPrincipal::Role { account, name }),
        _ => None,
    }
}

fn read_provider(arn: &str) -> Option<TrustedPrincipal> {
    let (account, relative) = split(arn)?;
    let (kind, name) = relative.split_once('/')?;
    let kind = match kind {
        "saml-provider" => ProviderKind::Saml,
        "oidc-provider" => ProviderKind::Oidc,
        _ => return None,
    };
    Some(TrustedPrincipal::Provider { account: account.into(), kind, name: check_name(name)?.into() })
}

/// A name is one name: a wildcard or a path would promise what is not there.
fn check_name(name: &str) -> Option<&str> {
    let bad = |letter: char| letter.is_whitespace() || letter.is_control() || "*?/:".contains(letter);
    (!name.is_empty() && !name.contains(bad)).then_some(name)
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.contains('.') && text.split('.').all(label)
}

impl TrustedPrincipal {
    /// Whether somebody is meant by this.
    pub(crate) fn names(&self, somebody: &Principal<'_>) -> bool {
        match (self, somebody) {
            (Self::Account { account }, Principal::Ram { account: own, .. }) => **account == **own,
            (Self::User { account, name }, Principal::Ram { account: own, arn }) => {
                **account == **own && is_named(arn, own, "user", name)
            }
            (Self::Role { account, name }, Principal::Ram { account: own, arn }) => {
                **account == **own && is_named(arn, own, "role", name)
            }
            (Self::Service(service), Principal::Service(own)) => service.eq_ignore_ascii_case(own),
            (Self::Provider { account, kind, name }, Principal::Federated(arn)) => {
                let relative = split(arn).filter(|(own, _)| *own == &**account).map(|(_, relative)| relative);
                relative.and_then(|relative| relative.split_once('/')) == Some((kind.segment(), &**name))
            }
            _ => false,
        }
    }
}

/// Whether an ARN in either spelling is that of a user or role of this name.
fn is_named(arn: &str, account: &str, kind: &str, name: &str) -> bool {
    let Some((own_account, relative)) = split(arn) else { return false };
    let Some((own_kind, own_name)) = relative.split_once('/') else { return false };
    own_account == account && own_kind == kind && own_name.eq_ignore_ascii_case(name)
}

impl Principal<'_> {
    /// Whether it is the owner of an account, who may take no role whoever is trusted.
    pub(crate) fn is_owner(&self) -> bool {
        matches!(self, Self::Ram { arn, .. } if split(arn).is_none_or(|(_, relative)| relative == "root"))
    }
}

impl ProviderKind {
    fn segment(self) -> &'static str {
        match self {
            Self::Saml => "saml-provider",
            Self::Oidc => "oidc-provider",
        }
    }
}

impl fmt::Display for TrustedPrincipal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { account } => write!(out, "acs:ram::{account}:root"),
            Self::User { account, name } => write!(out, "acs:ram::{account}:user/{name}"),
            Self::Role { account, name } => write!(out, "acs:ram::{account}:role/{name}"),
            Self::Service(service) => out.write_str(service),
            Self::Provider { account, kind, name } => {
                write!(out, "acs:ram::{account}:{}/{name}", kind.segment())
            }
        }
    }
}
