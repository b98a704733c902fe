//! Identifiers. Each has one text form, the same in URLs, JSON, logs and both databases, and its own type,
//! so that a user id cannot stand where a workspace id is due.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Entropy;
use crate::error::Error;

/// Why a text is not the identifier it should be.
fn invalid(name: &str, text: &str, shape: &str) -> Error {
    Error::invalid(format!("InvalidParameter.{name}"), format!("`{text}` is not a {name}: {shape}"))
}

macro_rules! text_form {
    ($id:ident) => {
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}

macro_rules! decimal_ids {
    ($($(#[$doc:meta])* $id:ident, $name:literal, $low:literal ..= $high:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(u64);

        impl $id {
            /// A random identifier of the usual width.
            pub fn random(entropy: &dyn Entropy) -> Self {
                let span = $high - $low + 1;
                Self($low + entropy.number() % span)
            }
            /// The number behind the text.
            pub fn number(self) -> u64 {
                self.0
            }
            /// The identifier of this number; `None` when none has it.
            pub fn of_number(number: u64) -> Option<Self> {
                ($low..=$high).contains(&number).then_some(Self(number))
            }
        }
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
        impl FromStr for $id {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits);
                number
                    .and_then(Self::of_number)
                    .ok_or_else(|| invalid($name, text, "a whole number as shown in lists"))
            }
        }
        text_form!($id);
    )*};
}

decimal_ids! {
    /// The tenant: 16 digits.
    AccountId, "AccountId", 1_000_000_000_000_000_u64 ..= 9_999_999_999_999_999_u64;
    /// A RAM user: 18 digits, as the real service gives them.
    UserId, "UserId", 100_000_000_000_000_000_u64 ..= 999_999_999_999_999_999_u64;
    /// The handle of an API key, never its value: 10 to 15 digits, which every client's numbers hold exactly. Wide
    /// enough that a million keys in one installation do not meet by chance.
    ApiKeyId, "apiKeyId", 1_000_000_000_u64 ..= 999_999_999_999_999_u64;
    /// A RAM group: 18 digits.
    GroupId, "GroupId", 100_000_000_000_000_000_u64 ..= 999_999_999_999_999_999_u64;
    /// A RAM role: 18 digits. A role that is created again under the name of a deleted one has another.
    RoleId, "RoleId", 100_000_000_000_000_000_u64 ..= 999_999_999_999_999_999_u64;
    /// An OIDC provider: one of the same name later is another one.
    OidcProviderId, "OIDCProviderId", 100_000_000_000_000_000_u64 ..= 999_999_999_999_999_999_u64;
}

/// A fixed number of characters from one alphabet behind a fixed prefix.
fn random_suffix<const N: usize>(entropy: &dyn Entropy, alphabet: &[u8]) -> [u8; N] {
    let mut suffix = [0; N];
    for byte in &mut suffix {
        // A draw above the largest multiple of the alphabet would favour its first characters.
        let limit = u64::MAX - u64::MAX % alphabet.len() as u64;
        let mut draw = entropy.number();
        while draw >= limit {
            draw = entropy.number();
        }
        let position = usize::try_from(draw % alphabet.len() as u64).expect("an alphabet fits in memory");
        *byte = alphabet[position];
    }
    suffix
}

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

macro_rules! prefixed_ids {
    ($($(#[$doc:meta])* $id:ident, $name:literal, $prefix:literal, $length:literal, $alphabet:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id([u8; $length]);

        impl $id {
            /// What every one begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A random identifier.
            pub fn random(entropy: &dyn Entropy) -> Self {
                Self(random_suffix(entropy, $alphabet))
            }
        }
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(std::str::from_utf8(&self.0).expect("made of ASCII characters only"))
            }
        }
        impl FromStr for $id {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                text.strip_prefix($prefix)
                    .and_then(|rest| <[u8; $length]>::try_from(rest.as_bytes()).ok())
                    .filter(|suffix| suffix.iter().all(|byte| $alphabet.contains(byte)))
                    .map(Self)
                    .ok_or_else(|| invalid($name, text, concat!("`", $prefix, "` and ", $length, " characters")))
            }
        }
        text_form!($id);
    )*};
}

prefixed_ids! {
    /// A workspace: `llm-` and 16 characters, also a DNS label.
    WorkspaceId, "workspaceId", "llm-", 16, LOWER;
    /// The public half of an access key: `LTAI` and 20 characters.
    AccessKeyId, "AccessKeyId", "LTAI", 20, MIXED;
    /// The handle of a session, never its token.
    SessionId, "sessionId", "session-", 16, LOWER;
    /// The public half of a role session's temporary key: `STS.` and 20 characters.
    SessionKeyId, "AccessKeyId", "STS.", 20, MIXED;
    /// The handle of a service credential, never its secret.
    ServiceCredentialId, "ServiceCredentialId", "scred-", 20, MIXED;
}

/// The identifier of one request, on every answer, in every log line and audit record: an upper-case UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// A request id from 16 random bytes, in the layout of a version 4 UUID.
    pub fn new(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl FromStr for RequestId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || invalid("requestId", text, "a UUID such as an answer's request id");
        let dashes = text.len() == 36 && [8, 13, 18, 23].iter().all(|&at| text.as_bytes()[at] == b'-');
        let hex: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if !dashes || hex.len() != 32 || !hex.iter().all(u8::is_ascii_hexdigit) {
            return Err(wrong());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}
text_form!(RequestId);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Fixed;

    #[test]
    fn every_identifier_reads_back_what_it_writes() {
        let entropy = Fixed::seeded(7);
        for _ in 0..100 {
            let workspace = WorkspaceId::random(&entropy);
            assert_eq!(workspace.to_string().parse::<WorkspaceId>().unwrap(), workspace);
            let account = AccountId::random(&entropy);
            assert_eq!(account.to_string().len(), 16);
            assert_eq!(account.to_string().parse::<AccountId>().unwrap(), account);
            let key = AccessKeyId::random(&entropy);
            assert_eq!(key.to_string().parse::<AccessKeyId>().unwrap(), key);
            let mut bytes = [0; 16];
            entropy.fill(&mut bytes);
            let request = RequestId::new(bytes);
            assert_eq!(request.to_string().parse::<RequestId>().unwrap(), request);
        }
    }

    #[test]
    fn a_text_of_another_shape_is_refused_with_its_name() {
        for text in
            ["", "llm-", "llm-ABCDEFGHIJKLMNOP", "llm-abcdefghijklmno", "ws-abcdefghijklmnop", "llm-é"]
        {
            let error = text.parse::<WorkspaceId>().unwrap_err();
            assert!(error.to_string().contains("workspaceId"), "{error}");
        }
        for text in ["+1234567890123456", "0", "99999999999999999999999", "12a"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }
}
