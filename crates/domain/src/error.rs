//! What can go wrong, one variant per reaction of a caller. Surfaces turn it into their own shape, last.

use std::borrow::Cow;
use std::fmt;

use crate::permit::Refusal;

/// An operation's failure.
#[derive(Debug)]
pub enum Error {
    /// What was sent is wrong. The sender corrects it.
    Invalid {
        /// The code that clients match on, such as `InvalidParameter.UserName.Length`.
        code: Cow<'static, str>,
        /// Names the field, the reason and the next step.
        message: String,
    },
    /// The caller may not do this. The refusal says why.
    Denied(Box<Refusal>),
    /// What was sent to prove something does not prove it. The sender sends the right thing.
    Unproven {
        /// Such as `CheckAuthenticationCodeFail`.
        code: Cow<'static, str>,
        /// Says what to send, and nothing about what is right.
        message: String,
    },
    /// The thing does not exist.
    NotFound {
        /// Such as `EntityNotExist.User`.
        code: Cow<'static, str>,
        /// Names the thing.
        message: String,
    },
    /// The thing is in a state that forbids this: it exists already, it is in use, a quota is reached.
    Conflict {
        /// Such as `EntityAlreadyExists.User`.
        code: Cow<'static, str>,
        /// Says what stands in the way and how to clear it.
        message: String,
    },
    /// It was asked for too often. Trying again in the next second may help.
    Throttled {
        /// How many are let through in a second.
        quota: u32,
    },
    /// Something that bailey needs is away for now. Trying again may help.
    Unavailable {
        /// What is away.
        message: String,
    },
    /// A fault of ours. The source is logged and never shown.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What was sent is wrong.
    pub fn invalid(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Invalid { code: code.into(), message: message.into() }
    }

    /// One field of what was sent is wrong.
    pub fn field(field: &str, why: impl fmt::Display) -> Self {
        Self::Invalid {
            code: format!("InvalidParameter.{field}").into(),
            message: format!("the parameter `{field}` {why}"),
        }
    }

    /// The thing does not exist. `entity` is the word in the code, such as `User`.
    pub fn absent(entity: &str) -> Self {
        let code = format!("EntityNotExist.{entity}");
        let message = published(&code)
            .map_or_else(|| format!("The {} does not exist.", entity_words(entity)), str::to_owned);
        Self::NotFound { code: code.into(), message }
    }

    /// The thing exists already.
    pub fn exists(entity: &str) -> Self {
        let code = format!("EntityAlreadyExists.{entity}");
        let message = published(&code)
            .map_or_else(|| format!("The {} does already EXIST.", entity_words(entity)), str::to_owned);
        Self::Conflict { code: code.into(), message }
    }

    /// The thing cannot go while something hangs on it.
    pub fn in_use(what: &str, message: impl Into<String>) -> Self {
        Self::Conflict { code: format!("DeleteConflict.{what}").into(), message: message.into() }
    }

    /// A quota is reached.
    pub fn quota(what: &str, plural: &str, quota: u64) -> Self {
        let code = format!("LimitExceeded.{what}");
        let sentence = published(&code)
            .map_or_else(|| format!("The count of {plural} beyond the current limits."), str::to_owned);
        let message = format!("{sentence} The quota is {quota}: delete one, or raise the quota.");
        Self::Conflict { code: code.into(), message }
    }

    /// A fault of ours.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// The code that clients match on.
    pub fn code(&self) -> &str {
        match self {
            Self::Invalid { code, .. }
            | Self::Unproven { code, .. }
            | Self::NotFound { code, .. }
            | Self::Conflict { code, .. } => code,
            Self::Denied(refusal) => refusal.code(),
            Self::Throttled { .. } => "Throttling.User",
            Self::Unavailable { .. } => "ServiceUnavailable",
            Self::Internal(_) => "InternalError",
        }
    }
}

/// RAM's sentences that do not follow from the entity in the code (Alibaba Cloud's page of RAM API errors).
const PUBLISHED: &[(&str, &str)] = &[
    ("EntityNotExist.User.MFADevice", "The user has not bound any MFA device."),
    ("EntityNotExist.VirtualMFADevice", "The virtual mfa device does not exist."),
    ("EntityNotExist.User.Policy", "The indicate policy of the user does not exist."),
    ("EntityNotExist.User.Group", "The user has not joined the group."),
    ("EntityNotExist.Group.Policy", "The indicate policy attached to the group does not exist."),
    ("EntityAlreadyExists.AccountAlias", "The account alias does already exist."),
    ("EntityAlreadyExists.User.MFADevice", "The user has already bound a MFA device."),
    ("EntityAlreadyExists.VirtualMFADevice", "The virtual mfa device does already EXIST."),
    (
        "EntityAlreadyExists.VirtualMFADevice.User",
        "The virtual mfa device does already been bound to a user.",
    ),
    ("EntityAlreadyExists.User.Policy", "The user has already been attached this policy."),
    ("EntityAlreadyExists.User.Group", "The user has already joined the group."),
    ("EntityAlreadyExists.Group.Policy", "The group has already been attached this policy."),
    (
        "LimitExceeded.User.Policy",
        "The policy count of the user attached policies beyond the current limits.",
    ),
    (
        "LimitExceeded.User.AccessKey",
        "The access key count of the user access keys beyond the current limits.",
    ),
    ("LimitExceeded.Policy", "The count of policy beyond the current limits."),
    ("LimitExceeded.Policy.Version", "The count of policy version beyond the current limits."),
    ("LimitExceeded.Group.Policy", "The policy count of the group beyond the current limits."),
    ("LimitExceeded.Role.Policy", "The count of policies attached to the role beyond the current limits."),
];

fn published(code: &str) -> Option<&'static str> {
    PUBLISHED.iter().find(|(known, _)| *known == code).map(|(_, sentence)| *sentence)
}

/// `User.AccessKey` in a code is "user access key" in a sentence. Abbreviations stay: `OIDCProvider` is "OIDC provider".
fn entity_words(entity: &str) -> String {
    let characters: Vec<char> = entity.chars().filter(|character| *character != '.').collect();
    let upper = |at: usize| characters.get(at).is_some_and(|character| character.is_uppercase());
    let lower = |at: usize| characters.get(at).is_some_and(|character| character.is_lowercase());
    let mut words = String::with_capacity(entity.len() + 2);
    for (at, character) in characters.iter().enumerate() {
        let begins = upper(at) && at > 0 && (lower(at - 1) || lower(at + 1));
        if begins {
            words.push(' ');
        }
        if upper(at) && !lower(at + 1) && characters.len() > 1 {
            words.push(*character);
        } else {
            words.extend(character.to_lowercase());
        }
    }
    words
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { message, .. }
            | Self::Unproven { message, .. }
            | Self::NotFound { message, .. }
            | Self::Conflict { message, .. }
            | Self::Unavailable { message } => f.write_str(message),
            Self::Denied(refusal) => f.write_str(refusal.message()),
            Self::Throttled { quota } => write!(
                f,
                "Request was denied due to user flow control. The quota is {quota} per second: wait, or raise the quota."
            ),
            Self::Internal(_) => f.write_str("The request processing has failed due to some unknown error."),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_messages_are_the_real_services() {
        let error = Error::absent("User");
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("EntityNotExist.User", "The user does not exist.")
        );
        let error = Error::exists("User.LoginProfile");
        assert_eq!(error.to_string(), "The user login profile does already EXIST.");
        let error = Error::exists("User.MFADevice");
        assert_eq!(error.to_string(), "The user has already bound a MFA device.");
        let error = Error::exists("OIDCProvider");
        assert_eq!(error.to_string(), "The OIDC provider does already EXIST.");
        assert_eq!(Error::absent("User.Group").to_string(), "The user has not joined the group.");
        assert_eq!(Error::exists("Group").to_string(), "The group does already EXIST.");
        let error = Error::quota("Group.Policy", "policies of the group", 5);
        assert!(error.to_string().starts_with("The policy count of the group beyond the current limits. "));
    }

    #[test]
    fn an_internal_error_shows_nothing_of_its_source() {
        let error = Error::internal("password=hunter2");
        assert!(!error.to_string().contains("hunter2"));
    }
}
