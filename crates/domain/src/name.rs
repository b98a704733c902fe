//! Names that people give. Parsed once, at the edge; inside, a value is valid.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A refused character, in RAM's own words.
pub(crate) fn bad_characters(field: &str, allowed: &str) -> Error {
    Error::invalid(
        format!("InvalidParameter.{field}.InvalidChars"),
        format!("The parameter - \"{field}\" contains invalid chars. Allowed: {allowed}."),
    )
}

/// A refused length, in RAM's own words.
fn bad_length(field: &str, low: usize, high: usize) -> Error {
    Error::invalid(
        format!("InvalidParameter.{field}.Length"),
        format!("The parameter - \"{field}\" beyond the length limit. Allowed: {low} to {high} characters."),
    )
}

/// An account's alias: 3 to 32 of `[a-z0-9-]`, no `-` at an end and no two in a row (RAM).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountAlias(Box<str>);

impl AccountAlias {
    /// Checks length and form; `field` is the parameter's name in the error.
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        if !(3..=32).contains(&text.chars().count()) {
            return Err(Error::invalid(
                format!("InvalidParameter.{field}.Length"),
                format!("The parameter - \"{field}\" MUST be in the range of 3 and 32."),
            ));
        }
        let plain =
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        // One of digits alone could be taken for the id of another account.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || digits || text.starts_with('-') || text.ends_with('-') || text.contains("--") {
            return Err(Error::invalid(
                format!("InvalidParameter.{field}.Format"),
                format!(
                    "The format of parameter - \"{field}\" is incorrect. It must be of a-z 0-9 -, not of digits alone, with no `-` at an end and no two in a row."
                ),
            ));
        }
        Ok(Self(text.into()))
    }

    /// The alias.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text of so many characters, none of them a control character.
pub fn text(field: &str, text: &str, low: usize, high: usize) -> Result<String, Error> {
    let length = text.chars().count();
    if length < low || length > high {
        return Err(bad_length(field, low, high));
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        return Err(bad_characters(field, "text without control characters"));
    }
    Ok(text.to_owned())
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $low:literal ..= $high:literal, $allowed:expr, $words:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks length and characters; `field` is the parameter's name in the error.
            pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
                let length = text.chars().count();
                if !($low..=$high).contains(&length) {
                    return Err(bad_length(field, $low, $high));
                }
                if !text.chars().all($allowed) {
                    return Err(bad_characters(field, $words));
                }
                Ok(Self(text.into()))
            }

            /// The name as it was typed.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The form that names are compared in: RAM's names collide whatever their case.
            pub fn folded(&self) -> String {
                self.0.to_lowercase()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A RAM user's name (RAM: 1 to 64 of `[A-Za-z0-9._-]`).
    UserName, 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'), "A-Z a-z 0-9 . _ -";
    /// A RAM group's name (RAM: 1 to 64 of `[A-Za-z0-9._-]`).
    GroupName, 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'), "A-Z a-z 0-9 . _ -";
    /// A RAM role's name (RAM: 1 to 64 of `[A-Za-z0-9.-]`).
    RoleName, 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'), "A-Z a-z 0-9 . -";
    /// An OIDC provider's name (IMS: up to 128 of `[A-Za-z0-9._-]`, none of the three marks at an end).
    OidcProviderName, 1..=128, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'), "A-Z a-z 0-9 . _ -";
    /// A role session's name (STS: 2 to 64 of `[A-Za-z0-9.@_-]`).
    RoleSessionName, 2..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '_' | '-'), "A-Z a-z 0-9 . @ _ -";
    /// A RAM policy's name (RAM: 1 to 128 of `[A-Za-z0-9-]`).
    PolicyName, 1..=128, |c| c.is_ascii_alphanumeric() || c == '-', "A-Z a-z 0-9 -";
    /// A person's name as shown (RAM: 1 to 128 letters, digits, `@ . - _` and spaces, any script).
    DisplayName, 1..=128, |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | ' '), "letters, digits, @ . - _ and spaces";
    /// A virtual MFA device's name (RAM: 1 to 64 of `[A-Za-z0-9.-]`).
    MfaDeviceName, 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'), "A-Z a-z 0-9 . -";
    /// A workspace's name: 1 to 30 characters (the vendor's Terraform provider).
    WorkspaceName, 1..=30, |c: char| !c.is_control(), "any character but control characters";
    /// A model's name in calls, such as `qwen-plus`.
    ModelName, 1..=128, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/'), "A-Z a-z 0-9 . _ - : /";
    /// A provider's name.
    ProviderName, 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'), "A-Z a-z 0-9 . _ -";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_user_names_follow_rams_rule() {
        for good in ["a", "alice.b_c-9", &"x".repeat(64)] {
            UserName::parse("UserName", good).unwrap();
        }
        let long = "x".repeat(65);
        for (bad, code) in [
            ("", "InvalidParameter.UserName.Length"),
            (long.as_str(), "InvalidParameter.UserName.Length"),
            ("a b", "InvalidParameter.UserName.InvalidChars"),
            ("é", "InvalidParameter.UserName.InvalidChars"),
        ] {
            assert_eq!(UserName::parse("UserName", bad).unwrap_err().code(), code);
        }
    }

    #[test]
    fn aliases_follow_rams_rule() {
        for good in ["abc", "a-1", &"x".repeat(32)] {
            AccountAlias::parse("AccountAlias", good).unwrap();
        }
        let long = "x".repeat(33);
        for (bad, fault) in [
            ("ab", "Length"),
            (long.as_str(), "Length"),
            ("Abc", "Format"),
            ("-abc", "Format"),
            ("abc-", "Format"),
            ("a--b", "Format"),
            ("a_b", "Format"),
            ("123456", "Format"),
        ] {
            let error = AccountAlias::parse("AccountAlias", bad).unwrap_err();
            assert_eq!(error.code(), format!("InvalidParameter.AccountAlias.{fault}"), "{bad}");
        }
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        WorkspaceName::parse("workspaceName", &"研".repeat(30)).unwrap();
        assert!(WorkspaceName::parse("workspaceName", &"研".repeat(31)).is_err());
    }
}
